"""Hyperparameters and corrections are Python floats, with math.sqrt: nothing of them can change an array's dtype."""

import math

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
        raise NotImplementedError

    def gradients(self):
        return [p.grad.data if isinstance(p.grad, Tensor) else p.grad for p in self.params]


class SGD(Optimizer):
    def __init__(self, params, lr=0.01, momentum=0.0, weight_decay=0.0):
        super().__init__(params)
        self.lr = float(lr)
        self.momentum = float(momentum)
        self.weight_decay = float(weight_decay)
        self.velocity = [None] * len(self.params)

    def has_momentum(self):
        return self.momentum > 0.0

    def get_momentum_state(self):
        return [None if v is None else np.copy(v) for v in self.velocity] if self.has_momentum() else None

    def set_momentum_state(self, state):
        if state is not None and self.has_momentum():
            self.velocity = [None if v is None else np.copy(v) for v in state]

    def step(self):
        self.step_count += 1
        lr = float(self.lr)
        for i, (param, grad) in enumerate(zip(self.params, self.gradients())):
            if grad is None:
                continue
            if self.weight_decay:
                grad = grad + self.weight_decay * param.data
            if self.has_momentum():
                if self.velocity[i] is None:
                    self.velocity[i] = np.zeros_like(param.data)
                grad = self.velocity[i] = self.momentum * self.velocity[i] + grad
            param.data = param.data - lr * grad


class Adam(Optimizer):
    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        super().__init__(params)
        self.lr = float(lr)
        self.beta1, self.beta2 = map(float, betas)
        self.eps = float(eps)
        self.weight_decay = float(weight_decay)
        self.m = [None] * len(self.params)
        self.v = [None] * len(self.params)

    def move(self, i, grad):
        if self.m[i] is None:
            self.m[i] = np.zeros_like(grad)
            self.v[i] = np.zeros_like(grad)
        self.m[i] = self.beta1 * self.m[i] + (1.0 - self.beta1) * grad
        self.v[i] = self.beta2 * self.v[i] + (1.0 - self.beta2) * np.square(grad)
        step_size = float(self.lr) / (1.0 - math.pow(self.beta1, self.step_count))
        root = math.sqrt(1.0 - math.pow(self.beta2, self.step_count))
        return step_size * self.m[i] / (np.sqrt(self.v[i]) / root + self.eps)

    def step(self):
        self.step_count += 1
        for i, (param, grad) in enumerate(zip(self.params, self.gradients())):
            if grad is not None:
                param.data = param.data - self.move(i, grad + self.weight_decay * param.data)


class AdamW(Adam):
    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
        Adam.__init__(self, params, lr, betas, eps, weight_decay)

    def step(self):
        self.step_count += 1
        keep = 1.0 - float(self.lr) * self.weight_decay
        for i, (param, grad) in enumerate(zip(self.params, self.gradients())):
            if grad is not None:
                param.data = (param.data - self.move(i, grad)) * keep
