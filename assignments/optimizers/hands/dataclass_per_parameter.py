"""A small dataclass for each parameter holds its buffers and knows how to update them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tinytorch.core.tensor import Tensor


@dataclass
class Velocity:
    value: np.ndarray | None = None

    def push(self, grad, mu):
        self.value = grad if self.value is None else mu * self.value + grad
        return self.value


@dataclass
class Moments:
    m: np.ndarray | float = 0.0
    v: np.ndarray | float = 0.0

    def update(self, grad, beta1, beta2):
        self.m = beta1 * self.m + (1 - beta1) * grad
        self.v = beta2 * self.v + (1 - beta2) * grad**2

    def corrected(self, beta1, beta2, t):
        return self.m / (1 - beta1**t), self.v / (1 - beta2**t)


def array(grad):
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
        self.velocities = [Velocity() for _ in self.params]

    def has_momentum(self):
        return self.momentum > 0

    def get_momentum_state(self):
        if not self.has_momentum():
            return None
        return [None if v.value is None else v.value.copy() for v in self.velocities]

    def set_momentum_state(self, state):
        if state is not None:
            self.velocities = [Velocity(None if value is None else np.array(value)) for value in state]

    def step(self):
        self.step_count += 1
        for param, velocity in zip(self.params, self.velocities):
            if param.grad is None:
                continue
            direction = array(param.grad) + self.weight_decay * param.data
            if self.has_momentum():
                direction = velocity.push(direction, self.momentum)
            param.data = param.data - self.lr * direction


class Adam(Optimizer):
    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        super().__init__(params)
        self.lr = lr
        self.betas = betas
        self.eps = eps
        self.weight_decay = weight_decay
        self.moments = [Moments() for _ in self.params]

    def step(self):
        self.step_count += 1
        for param, moments in zip(self.params, self.moments):
            if param.grad is None:
                continue
            moments.update(array(param.grad) + self.weight_decay * param.data, *self.betas)
            m_hat, v_hat = moments.corrected(*self.betas, self.step_count)
            param.data = param.data - self.lr * m_hat / (np.sqrt(v_hat) + self.eps)


class AdamW(Optimizer):
    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
        super().__init__(params)
        self.lr = lr
        self.betas = betas
        self.eps = eps
        self.weight_decay = weight_decay
        self.moments = [Moments() for _ in self.params]

    def step(self):
        self.step_count += 1
        for param, moments in zip(self.params, self.moments):
            if param.grad is None:
                continue
            moments.update(array(param.grad), *self.betas)
            m_hat, v_hat = moments.corrected(*self.betas, self.step_count)
            stepped = param.data - self.lr * m_hat / (np.sqrt(v_hat) + self.eps)
            param.data = (1 - self.lr * self.weight_decay) * stepped
