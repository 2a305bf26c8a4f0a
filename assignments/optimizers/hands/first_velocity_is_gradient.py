"""The first velocity and the first moments come straight from the first gradient: no array of zeros is ever made."""

import numpy as np

from tinytorch.core.tensor import Tensor


def read(grad):
    return grad.data if isinstance(grad, Tensor) else grad


class Optimizer:
    def __init__(self, params):
        self.params = list(params)
        self.step_count = 0

    def zero_grad(self):
        for p in self.params:
            p.grad = None

    def step(self):
        raise NotImplementedError


class SGD(Optimizer):
    def __init__(self, params, lr=0.01, momentum=0.0, weight_decay=0.0):
        super().__init__(params)
        self.lr = lr
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.velocity = [None] * len(self.params)

    def has_momentum(self):
        return self.momentum > 0

    def get_momentum_state(self):
        if not self.has_momentum():
            return None
        return [None if v is None else v.copy() for v in self.velocity]

    def set_momentum_state(self, state):
        self.velocity = [None] * len(self.params) if state is None else [None if v is None else v.copy() for v in state]

    def step(self):
        self.step_count += 1
        for i, p in enumerate(self.params):
            if p.grad is None:
                continue
            g = read(p.grad)
            if self.weight_decay > 0:
                g = g + self.weight_decay * p.data
            if self.has_momentum():
                # a copy: the velocity must not be the caller's gradient
                v = np.array(g) if self.velocity[i] is None else self.momentum * self.velocity[i] + g
                self.velocity[i] = g = v
            p.data = p.data - self.lr * g


class Adam(Optimizer):
    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        super().__init__(params)
        self.lr = lr
        self.beta1, self.beta2 = betas
        self.eps = eps
        self.weight_decay = weight_decay
        self.m = [None] * len(self.params)
        self.v = [None] * len(self.params)

    def step(self):
        self.step_count += 1
        for i, p in enumerate(self.params):
            if p.grad is None:
                continue
            g = read(p.grad)
            if self.weight_decay > 0:
                g = g + self.weight_decay * p.data
            if self.m[i] is None:
                self.m[i] = (1 - self.beta1) * g
                self.v[i] = (1 - self.beta2) * g**2
            else:
                self.m[i] = self.beta1 * self.m[i] + (1 - self.beta1) * g
                self.v[i] = self.beta2 * self.v[i] + (1 - self.beta2) * g**2
            m_hat = self.m[i] / (1 - self.beta1**self.step_count)
            v_hat = self.v[i] / (1 - self.beta2**self.step_count)
            p.data = p.data - self.lr * m_hat / (np.sqrt(v_hat) + self.eps)


class AdamW(Optimizer):
    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
        super().__init__(params)
        self.lr = lr
        self.beta1, self.beta2 = betas
        self.eps = eps
        self.weight_decay = weight_decay
        self.m = [None] * len(self.params)
        self.v = [None] * len(self.params)

    def step(self):
        self.step_count += 1
        for i, p in enumerate(self.params):
            if p.grad is None:
                continue
            g = read(p.grad)
            if self.m[i] is None:
                self.m[i] = (1 - self.beta1) * g
                self.v[i] = (1 - self.beta2) * g**2
            else:
                self.m[i] = self.beta1 * self.m[i] + (1 - self.beta1) * g
                self.v[i] = self.beta2 * self.v[i] + (1 - self.beta2) * g**2
            m_hat = self.m[i] / (1 - self.beta1**self.step_count)
            v_hat = self.v[i] / (1 - self.beta2**self.step_count)
            p.data = p.data - self.lr * m_hat / (np.sqrt(v_hat) + self.eps)
            p.data = p.data * (1 - self.lr * self.weight_decay)
