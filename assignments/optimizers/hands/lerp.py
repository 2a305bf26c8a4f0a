"""The moments as a walk towards the target: m += (1 − β)(g − m) instead of βm + (1 − β)g."""

import numpy as np

from tinytorch.core.tensor import Tensor


def lerp(start, end, weight):
    return start + weight * (end - start)


def unwrap(grad):
    return grad.data if isinstance(grad, Tensor) else grad


class Optimizer:
    def __init__(self, params):
        self.params = list(params)
        self.step_count = 0

    def zero_grad(self):
        for param in self.params:
            param.grad = None

    def step(self):
        raise NotImplementedError


class SGD(Optimizer):
    def __init__(self, params, lr=0.01, momentum=0.0, weight_decay=0.0):
        super().__init__(params)
        self.lr = lr
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.velocity = None  # a list from the first step on

    def has_momentum(self):
        return self.momentum > 0.0

    def get_momentum_state(self):
        if not self.has_momentum():
            return None
        if self.velocity is None:
            return [None] * len(self.params)
        return [v.copy() for v in self.velocity]

    def set_momentum_state(self, state):
        if state is None or any(v is None for v in state):
            self.velocity = None
        else:
            self.velocity = [np.array(v) for v in state]

    def step(self):
        self.step_count += 1
        if self.has_momentum() and self.velocity is None:
            self.velocity = [np.zeros_like(param.data) for param in self.params]
        for i, param in enumerate(self.params):
            if param.grad is None:
                continue
            direction = unwrap(param.grad) + self.weight_decay * param.data
            if self.has_momentum():
                self.velocity[i] = self.momentum * self.velocity[i] + direction
                direction = self.velocity[i]
            param.data = param.data - self.lr * direction


class Adam(Optimizer):
    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        super().__init__(params)
        self.lr = lr
        self.beta1, self.beta2 = betas
        self.eps = eps
        self.weight_decay = weight_decay
        self.m = None
        self.v = None

    def step(self):
        self.step_count += 1
        if self.m is None:
            self.m = [np.zeros_like(param.data) for param in self.params]
            self.v = [np.zeros_like(param.data) for param in self.params]
        for i, param in enumerate(self.params):
            if param.grad is None:
                continue
            grad = unwrap(param.grad) + self.weight_decay * param.data
            self.m[i] = lerp(self.m[i], grad, 1 - self.beta1)
            self.v[i] = lerp(self.v[i], grad**2, 1 - self.beta2)
            m_hat = self.m[i] / (1 - self.beta1**self.step_count)
            v_hat = self.v[i] / (1 - self.beta2**self.step_count)
            param.data = param.data - self.lr * m_hat / (np.sqrt(v_hat) + self.eps)


class AdamW(Optimizer):
    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
        super().__init__(params)
        self.lr = lr
        self.beta1, self.beta2 = betas
        self.eps = eps
        self.weight_decay = weight_decay
        self.m = None
        self.v = None

    def step(self):
        self.step_count += 1
        if self.m is None:
            self.m = [np.zeros_like(param.data) for param in self.params]
            self.v = [np.zeros_like(param.data) for param in self.params]
        for i, param in enumerate(self.params):
            if param.grad is None:
                continue
            grad = unwrap(param.grad)
            self.m[i] = lerp(self.m[i], grad, 1 - self.beta1)
            self.v[i] = lerp(self.v[i], grad**2, 1 - self.beta2)
            m_hat = self.m[i] / (1 - self.beta1**self.step_count)
            v_hat = self.v[i] / (1 - self.beta2**self.step_count)
            param.data = param.data - self.lr * m_hat / (np.sqrt(v_hat) + self.eps)
            param.data = lerp(param.data, 0.0, self.lr * self.weight_decay)
