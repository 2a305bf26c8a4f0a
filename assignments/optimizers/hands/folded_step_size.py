"""Bias correction folded into the step size: one number for each step, and ε scaled along with it."""

import numpy as np

from tinytorch.core.tensor import Tensor


class Optimizer:
    def __init__(self, params):
        self.params = list(params)
        self.step_count = 0

    def zero_grad(self):
        for param in self.params:
            param.grad = None

    def step(self):
        raise NotImplementedError("step() belongs to the subclasses")

    def with_gradient(self):
        for i, param in enumerate(self.params):
            if param.grad is not None:
                yield i, param, param.grad.data if isinstance(param.grad, Tensor) else param.grad


class SGD(Optimizer):
    def __init__(self, params, lr=0.01, momentum=0.0, weight_decay=0.0):
        super().__init__(params)
        self.lr = lr
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.velocity = [None] * len(self.params)

    def has_momentum(self):
        return self.momentum != 0

    def get_momentum_state(self):
        return [None if v is None else v.copy() for v in self.velocity] if self.has_momentum() else None

    def set_momentum_state(self, state):
        if state is not None:
            self.velocity = [None if v is None else v.copy() for v in state]

    def step(self):
        for i, param, grad in self.with_gradient():
            direction = grad + self.weight_decay * param.data
            if self.has_momentum():
                old = 0.0 if self.velocity[i] is None else self.velocity[i]
                direction = self.velocity[i] = self.momentum * old + direction
            param.data = param.data - self.lr * direction
        self.step_count += 1


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
        root = (1 - self.beta2**self.step_count) ** 0.5
        lr_t = self.lr * root / (1 - self.beta1**self.step_count)
        for i, param, grad in self.with_gradient():
            if self.m[i] is None:
                self.m[i] = np.zeros_like(param.data)
                self.v[i] = np.zeros_like(param.data)
            grad = grad + self.weight_decay * param.data
            self.m[i] = self.beta1 * self.m[i] + (1 - self.beta1) * grad
            self.v[i] = self.beta2 * self.v[i] + (1 - self.beta2) * grad * grad
            param.data = param.data - lr_t * self.m[i] / (np.sqrt(self.v[i]) + self.eps * root)


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
        root = (1 - self.beta2**self.step_count) ** 0.5
        lr_t = self.lr * root / (1 - self.beta1**self.step_count)
        keep = 1 - self.lr * self.weight_decay
        for i, param, grad in self.with_gradient():
            if self.m[i] is None:
                self.m[i] = np.zeros_like(param.data)
                self.v[i] = np.zeros_like(param.data)
            self.m[i] = self.beta1 * self.m[i] + (1 - self.beta1) * grad
            self.v[i] = self.beta2 * self.v[i] + (1 - self.beta2) * grad * grad
            param.data = keep * (param.data - lr_t * self.m[i] / (np.sqrt(self.v[i]) + self.eps * root))
