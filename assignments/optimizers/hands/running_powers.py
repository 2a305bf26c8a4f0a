"""β₁ᵗ and β₂ᵗ are kept as running products, multiplied once for each step, instead of computed as powers."""

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

    def active(self):
        return [(i, param) for i, param in enumerate(self.params) if param.grad is not None]

    def grad(self, param):
        return param.grad.data if isinstance(param.grad, Tensor) else param.grad


class SGD(Optimizer):
    def __init__(self, params, lr=0.01, momentum=0.0, weight_decay=0.0):
        super().__init__(params)
        self.lr = lr
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.velocity = {}

    def has_momentum(self):
        return not self.momentum == 0

    def get_momentum_state(self):
        if not self.has_momentum():
            return None
        return [self.velocity[i].copy() if i in self.velocity else None for i in range(len(self.params))]

    def set_momentum_state(self, state):
        if state is not None:
            self.velocity = {i: np.array(v) for i, v in enumerate(state) if v is not None}

    def step(self):
        self.step_count += 1
        for i, param in self.active():
            push = self.grad(param) + self.weight_decay * param.data
            if self.has_momentum():
                push = push + self.momentum * self.velocity.get(i, np.zeros_like(param.data))
                self.velocity[i] = push
            param.data = param.data - self.lr * push


class Adam(Optimizer):
    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        super().__init__(params)
        self.lr = lr
        self.beta1, self.beta2 = betas
        self.eps = eps
        self.weight_decay = weight_decay
        self.beta1_power = self.beta2_power = 1.0
        self.m, self.v = {}, {}

    def advance(self):
        self.step_count += 1
        self.beta1_power *= self.beta1
        self.beta2_power *= self.beta2

    def adapt(self, i, g):
        self.m[i] = self.beta1 * self.m.get(i, np.zeros_like(g)) + (1 - self.beta1) * g
        self.v[i] = self.beta2 * self.v.get(i, np.zeros_like(g)) + (1 - self.beta2) * g * g
        return self.m[i] / (1 - self.beta1_power) / (np.sqrt(self.v[i] / (1 - self.beta2_power)) + self.eps)

    def step(self):
        self.advance()
        for i, param in self.active():
            param.data = param.data - self.lr * self.adapt(i, self.grad(param) + self.weight_decay * param.data)


class AdamW(Adam):
    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
        super().__init__(params, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay)

    def step(self):
        self.advance()
        for i, param in self.active():
            param.data = param.data - self.lr * self.adapt(i, self.grad(param))
            param.data = param.data - param.data * (self.lr * self.weight_decay)
