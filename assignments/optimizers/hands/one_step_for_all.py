"""A mixin owns step(), with the loop and the skipping; each optimizer writes only the rule for one parameter."""

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


class StepsOneByOne:
    def step(self):
        self.step_count += 1
        for i, param in enumerate(self.params):
            if param.grad is None:
                continue
            grad = param.grad.data if isinstance(param.grad, Tensor) else param.grad
            param.data = np.asarray(self.rule(i, param.data, grad), dtype=param.data.dtype)


class SGD(StepsOneByOne, Optimizer):
    def __init__(self, params, lr=0.01, momentum=0.0, weight_decay=0.0):
        super().__init__(params)
        self.lr = lr
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.velocity = [None] * len(self.params)

    def has_momentum(self):
        return self.momentum > 0

    def get_momentum_state(self):
        return None if not self.has_momentum() else [None if v is None else np.copy(v) for v in self.velocity]

    def set_momentum_state(self, state):
        if state is not None and self.has_momentum():
            self.velocity = [None if v is None else np.copy(v) for v in state]

    def rule(self, i, theta, g):
        g = g + self.weight_decay * theta
        if not self.has_momentum():
            return theta - self.lr * g
        if self.velocity[i] is None:
            self.velocity[i] = np.zeros_like(theta)
        self.velocity[i] = self.momentum * self.velocity[i] + g
        return theta - self.lr * self.velocity[i]


class Adam(StepsOneByOne, Optimizer):
    decoupled = False

    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        super().__init__(params)
        self.lr = lr
        self.beta1, self.beta2 = betas
        self.eps = eps
        self.weight_decay = weight_decay
        self.m = [None] * len(self.params)
        self.v = [None] * len(self.params)

    def rule(self, i, theta, g):
        if not self.decoupled:
            g = g + self.weight_decay * theta
        if self.m[i] is None:
            self.m[i], self.v[i] = np.zeros_like(theta), np.zeros_like(theta)
        self.m[i] = self.beta1 * self.m[i] + (1 - self.beta1) * g
        self.v[i] = self.beta2 * self.v[i] + (1 - self.beta2) * g**2
        m_hat = self.m[i] / (1 - self.beta1**self.step_count)
        v_hat = self.v[i] / (1 - self.beta2**self.step_count)
        theta = theta - self.lr * m_hat / (np.sqrt(v_hat) + self.eps)
        return theta * (1 - self.lr * self.weight_decay) if self.decoupled else theta


class AdamW(Adam):
    decoupled = True

    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
        super().__init__(params, lr, betas, eps, weight_decay)
