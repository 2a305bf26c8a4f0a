"""Optimizers that see all parameters as slices of one vector."""

import numpy as np

from tinytorch.core.tensor import Tensor


class Optimizer:
    def __init__(self, params):
        self.params = list(params)
        self.sizes = [p.data.size for p in self.params]
        self.offsets = np.cumsum([0] + self.sizes)
        self.step_count = 0

    def zero_grad(self):
        for p in self.params:
            p.grad = None

    def part(self, i):
        return slice(self.offsets[i], self.offsets[i + 1])

    def grad_of(self, p):
        g = p.grad
        return g.data if isinstance(g, Tensor) else np.asarray(g)

    def flat_zeros(self):
        return np.zeros(self.offsets[-1], dtype=np.float32)

    def step(self):
        raise NotImplementedError

    def move(self):
        self.step_count += 1
        for i, p in enumerate(self.params):
            if p.grad is None:
                continue
            sl = self.part(i)
            x = p.data.ravel().copy()
            g = self.grad_of(p).ravel()
            delta = self.delta(x, g, sl)
            p.data = (x + delta).reshape(p.data.shape)

    def delta(self, x, g, sl):
        raise NotImplementedError


class SGD(Optimizer):
    def __init__(self, params, lr=0.01, momentum=0.0, weight_decay=0.0):
        super().__init__(params)
        self.lr, self.momentum, self.weight_decay = lr, momentum, weight_decay
        self.velocity = None
        self.touched = [False] * len(self.params)

    def has_momentum(self):
        return self.momentum > 0

    def get_momentum_state(self):
        if not self.has_momentum():
            return None
        return [
            self.velocity[self.part(i)].reshape(p.data.shape).copy() if self.touched[i] else None
            for i, p in enumerate(self.params)
        ]

    def set_momentum_state(self, state):
        if state is None or not self.has_momentum():
            return
        if len(state) != len(self.params):
            raise ValueError("state does not fit the parameters")
        self.velocity = self.flat_zeros()
        for i, s in enumerate(state):
            self.touched[i] = s is not None
            self.velocity[self.part(i)] = 0.0 if s is None else np.ravel(s)

    def delta(self, x, g, sl):
        if self.weight_decay:
            g = g + self.weight_decay * x
        if self.momentum:
            if self.velocity is None:
                self.velocity = self.flat_zeros()
            v = self.velocity[sl]
            v *= self.momentum
            v += g
            self.touched[int(np.searchsorted(self.offsets, sl.start))] = True
            g = v
        return -self.lr * g

    def step(self):
        self.move()


class Adam(Optimizer):
    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        super().__init__(params)
        self.lr, self.betas, self.eps, self.weight_decay = lr, betas, eps, weight_decay
        self.m = self.v = None

    def adapt(self, g, sl):
        beta1, beta2 = self.betas
        if self.m is None:
            self.m, self.v = self.flat_zeros(), self.flat_zeros()
        m, v = self.m[sl], self.v[sl]
        m[:] = beta1 * m + (1 - beta1) * g
        v[:] = beta2 * v + (1 - beta2) * g**2
        m_hat = m / (1 - beta1**self.step_count)
        v_hat = v / (1 - beta2**self.step_count)
        return -self.lr * m_hat / (np.sqrt(v_hat) + self.eps)

    def delta(self, x, g, sl):
        if self.weight_decay:
            g = g + self.weight_decay * x
        return self.adapt(g, sl)

    def step(self):
        self.move()


class AdamW(Adam):
    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
        super().__init__(params, lr, betas, eps, weight_decay)

    def delta(self, x, g, sl):
        step = self.adapt(g, sl)
        decay = -self.lr * self.weight_decay * (x + step)
        return step + decay
