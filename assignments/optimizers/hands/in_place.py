"""Everything in place: buffers and parameters are updated where they lie, with -=, *= and +=."""

import numpy as np

from tinytorch.core.tensor import Tensor


def grad_of(p):
    return p.grad.data if isinstance(p.grad, Tensor) else p.grad


class Optimizer:
    def __init__(self, params):
        self.params = [p for p in params]
        self.step_count = 0

    def zero_grad(self):
        for p in self.params:
            p.grad = None

    def step(self):
        raise NotImplementedError


class SGD(Optimizer):
    def __init__(self, params, lr=0.01, momentum=0.0, weight_decay=0.0):
        super().__init__(params)
        self.lr, self.momentum, self.weight_decay = lr, momentum, weight_decay
        self.buffers = [None] * len(self.params)

    def has_momentum(self):
        return self.momentum > 0

    def get_momentum_state(self):
        if not self.has_momentum():
            return None
        return [b if b is None else b.copy() for b in self.buffers]

    def set_momentum_state(self, state):
        for i, b in enumerate(state or []):
            self.buffers[i] = b if b is None else b.copy()

    def step(self):
        self.step_count += 1
        for i, p in enumerate(self.params):
            if p.grad is None:
                continue
            d = grad_of(p).copy()
            if self.weight_decay:
                d += self.weight_decay * p.data
            if self.has_momentum():
                if self.buffers[i] is None:
                    self.buffers[i] = np.zeros_like(p.data)
                self.buffers[i] *= self.momentum
                self.buffers[i] += d
                d[...] = self.buffers[i]
            d *= self.lr
            p.data -= d


class Adam(Optimizer):
    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        super().__init__(params)
        self.lr, self.betas, self.eps, self.weight_decay = lr, betas, eps, weight_decay
        self.m = [None] * len(self.params)
        self.v = [None] * len(self.params)

    def step(self):
        self.step_count += 1
        b1, b2 = self.betas
        for i, p in enumerate(self.params):
            if p.grad is None:
                continue
            g = grad_of(p).copy()
            g += self.weight_decay * p.data
            if self.m[i] is None:
                self.m[i], self.v[i] = np.zeros_like(g), np.zeros_like(g)
            self.m[i] *= b1
            self.m[i] += (1 - b1) * g
            g *= g
            self.v[i] *= b2
            self.v[i] += (1 - b2) * g
            p.data -= (
                self.lr
                * (self.m[i] / (1 - b1**self.step_count))
                / (np.sqrt(self.v[i] / (1 - b2**self.step_count)) + self.eps)
            )


class AdamW(Optimizer):
    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
        super().__init__(params)
        self.lr, self.betas, self.eps, self.weight_decay = lr, betas, eps, weight_decay
        self.m = [None] * len(self.params)
        self.v = [None] * len(self.params)

    def step(self):
        self.step_count += 1
        b1, b2 = self.betas
        for i, p in enumerate(self.params):
            if p.grad is None:
                continue
            g = grad_of(p)
            if self.m[i] is None:
                self.m[i], self.v[i] = np.zeros_like(g), np.zeros_like(g)
            self.m[i] *= b1
            self.m[i] += (1 - b1) * g
            self.v[i] *= b2
            self.v[i] += (1 - b2) * g * g
            p.data -= (
                self.lr
                * (self.m[i] / (1 - b1**self.step_count))
                / (np.sqrt(self.v[i] / (1 - b2**self.step_count)) + self.eps)
            )
            p.data *= 1 - self.lr * self.weight_decay
