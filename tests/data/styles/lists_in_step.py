"""Keras' words: one step() for all, update_step() by class, moments in lists that the first step makes."""

import numpy as np
from tinytorch.core.tensor import Tensor


class Optimizer:
    def __init__(self, params):
        self.params = list(params)
        self.iterations = 0
        self.built = False

    @property
    def step_count(self):
        return self.iterations

    def zero_grad(self):
        for variable in self.params:
            variable.grad = None

    def build(self):
        self.built = True

    def step(self):
        if type(self) is Optimizer:
            raise NotImplementedError("use a subclass")
        if not self.built:
            self.build()
        self.iterations += 1
        for k, variable in enumerate(self.params):
            if variable.grad is None:
                continue
            gradient = variable.grad.data if isinstance(variable.grad, Tensor) else variable.grad
            self.update_step(k, gradient, variable)

    def update_step(self, k, gradient, variable):
        raise NotImplementedError

    def assign_sub(self, variable, delta):
        variable.data = np.asarray(variable.data - delta, dtype=variable.data.dtype)


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
        return [None if v is None else v.copy() for v in self.velocities] if self.has_momentum() else None

    def set_momentum_state(self, state):
        if state and self.has_momentum():
            self.velocities = [None if v is None else v.copy() for v in state]

    def step(self):
        self.iterations += 1
        moved = []
        for variable, v in zip(self.params, self.velocities, strict=True):
            if variable.grad is not None:
                g = variable.grad.data if isinstance(variable.grad, Tensor) else variable.grad
                g = g + self.weight_decay * variable.data
                if self.has_momentum():
                    v = np.array(g) if v is None else self.momentum * v + g
                    g = v
                self.assign_sub(variable, self.lr * g)
            moved.append(v)
        self.velocities = moved


class Adam(Optimizer):
    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        super().__init__(params)
        self.lr = lr
        self.beta_1, self.beta_2 = betas
        self.epsilon = eps
        self.weight_decay = weight_decay

    def build(self):
        super().build()
        self.momentums = [np.zeros_like(variable.data) for variable in self.params]
        self.velocities = list(map(np.copy, self.momentums))

    def direction(self, k, gradient):
        m, v = self.momentums[k], self.velocities[k]
        m += (gradient - m) * (1 - self.beta_1)
        v += (np.square(gradient) - v) * (1 - self.beta_2)
        alpha = np.sqrt(1 - self.beta_2**self.iterations) / (1 - self.beta_1**self.iterations)
        epsilon = self.epsilon * np.sqrt(1 - self.beta_2**self.iterations)
        return alpha * m / (np.sqrt(v) + epsilon)

    def update_step(self, k, gradient, variable):
        direction = self.direction(k, gradient + self.weight_decay * variable.data)
        self.assign_sub(variable, self.lr * direction)


class AdamW(Adam):
    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
        super().__init__(params, lr, betas, eps, weight_decay)

    def update_step(self, k, gradient, variable):
        direction = self.direction(k, gradient)
        self.assign_sub(variable, self.lr * (direction + self.weight_decay * variable.data))
