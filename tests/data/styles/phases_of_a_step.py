"""Each step in phases: collect gradients, compute all deltas, apply them."""
import operator
import numpy as np
from tinytorch.core.tensor import Tensor


class Optimizer:
    def __init__(self, params):
        self.params = [*params]
        self.step_count = 0

    def zero_grad(self):
        for p in self.params:
            p.grad = None

    def collect(self):
        indices = [i for i, p in enumerate(self.params) if p.grad is not None]
        grads = [self.params[i].grad for i in indices]
        grads = [g.data if isinstance(g, Tensor) else g for g in grads]
        weights = [self.params[i].data for i in indices]
        return indices, weights, grads

    def apply(self, indices, deltas):
        for i, delta in zip(indices, deltas):
            p = self.params[i]
            p.data = np.asarray(p.data + delta, dtype=p.data.dtype)

    def step(self):
        raise NotImplementedError


class SGD(Optimizer):
    def __init__(self, params, lr=0.01, momentum=0.0, weight_decay=0.0):
        super().__init__(params)
        self.lr = lr
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.velocities = [None for _ in self.params]

    def has_momentum(self):
        return self.momentum != 0

    def get_momentum_state(self):
        if not self.has_momentum():
            return None
        return list(map(lambda v: v if v is None else v.copy(), self.velocities))

    def set_momentum_state(self, state):
        if state is None or not self.has_momentum():
            return
        self.velocities = list(map(lambda v: v if v is None else v.copy(), state))

    def step(self):
        self.step_count += 1
        indices, weights, grads = self.collect()
        grads = [g + self.weight_decay * w for g, w in zip(grads, weights)]
        if self.has_momentum():
            for i, g in zip(indices, grads):
                v = self.velocities[i]
                self.velocities[i] = np.array(g) if v is None else np.asarray(self.momentum * v + g)
            grads = [self.velocities[i] for i in indices]
        self.apply(indices, [-self.lr * g for g in grads])


class Adam(Optimizer):
    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        super().__init__(params)
        self.lr = lr
        self.beta1, self.beta2 = betas
        self.eps = eps
        self.weight_decay = weight_decay
        self.ms = self.vs = None

    def moments(self, indices, grads):
        if self.ms is None:
            self.ms = [np.zeros_like(p.data) for p in self.params]
            self.vs = [np.zeros_like(p.data) for p in self.params]
        for i, g in zip(indices, grads):
            self.ms[i] = self.beta1 * self.ms[i] + (1 - self.beta1) * g
            self.vs[i] = self.beta2 * self.vs[i] + (1 - self.beta2) * operator.pow(g, 2)
        return [self.ms[i] for i in indices], [self.vs[i] for i in indices]

    def deltas(self, ms, vs):
        c1 = 1 - self.beta1 ** self.step_count
        c2 = 1 - self.beta2 ** self.step_count
        m_hats = [m / c1 for m in ms]
        roots = [np.sqrt(v / c2) for v in vs]
        return [-self.lr * m / (r + self.eps) for m, r in zip(m_hats, roots)]

    def step(self):
        self.step_count += 1
        indices, weights, grads = self.collect()
        grads = [g + self.weight_decay * w for g, w in zip(grads, weights)]
        self.apply(indices, self.deltas(*self.moments(indices, grads)))


class AdamW(Adam):
    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
        super().__init__(params, lr, betas, eps, weight_decay)

    def step(self):
        self.step_count += 1
        indices, weights, grads = self.collect()
        self.apply(indices, self.deltas(*self.moments(indices, grads)))
        for i in indices:
            w = self.params[i].data
            self.params[i].data = np.asarray(w - self.lr * self.weight_decay * w, dtype=w.dtype)
