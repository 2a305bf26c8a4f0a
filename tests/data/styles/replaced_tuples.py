"""Optimizers with immutable state (namedtuples)."""

from collections import namedtuple
from functools import partial
from operator import mul

import numpy as np
from tinytorch.core.tensor import Tensor

Moments = namedtuple("Moments", "first second")


def decayed_sum(decay, weight, old, new):
    return mul(decay, old) + mul(weight, new)


class Optimizer:
    def __init__(self, params):
        self.params = list(params)
        self.step_count = 0

    def zero_grad(self):
        for p in self.params:
            setattr(p, "grad", None)

    def step(self):
        raise NotImplementedError("subclasses implement step")

    def active(self):
        for index, p in enumerate(self.params):
            g = p.grad
            if g is not None:
                yield index, p, g.data if isinstance(g, Tensor) else g


class SGD(Optimizer):
    def __init__(self, params, lr=0.01, momentum=0.0, weight_decay=0.0):
        super().__init__(params)
        self.lr = lr
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.velocity = tuple(None for _ in self.params)

    def has_momentum(self):
        return bool(self.momentum)

    def get_momentum_state(self):
        if not self.momentum:
            return None
        return [v if v is None else v.copy() for v in self.velocity]

    def set_momentum_state(self, state):
        if state is None or not self.momentum:
            return
        self.velocity = tuple(v if v is None else v.copy() for v in state)

    def step(self):
        self.step_count += 1
        velocity = list(self.velocity)
        accumulate = partial(decayed_sum, self.momentum, 1)
        for i, p, g in self.active():
            g = g + self.weight_decay * p.data
            if self.momentum:
                g = g if velocity[i] is None else accumulate(velocity[i], g)
                velocity[i] = np.array(g)
            p.data = np.asarray(p.data - self.lr * g, dtype=p.data.dtype)
        self.velocity = tuple(velocity)


class Adam(Optimizer):
    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        super().__init__(params)
        self.lr = lr
        self.betas = betas
        self.eps = eps
        self.weight_decay = weight_decay
        self.state = {}

    def step(self):
        self.step_count += 1
        b1, b2 = self.betas
        mean = partial(decayed_sum, b1, 1 - b1)
        mean_square = partial(decayed_sum, b2, 1 - b2)
        for i, p, g in self.active():
            g = g + self.weight_decay * p.data
            old = self.state.setdefault(i, Moments(np.zeros_like(p.data), np.zeros_like(p.data)))
            new = old._replace(first=mean(old.first, g), second=mean_square(old.second, g**2))
            self.state[i] = new
            m = new.first / (1 - b1**self.step_count)
            v = new.second / (1 - b2**self.step_count)
            p.data = np.asarray(p.data - self.lr * m / (v**0.5 + self.eps), dtype=p.data.dtype)


class AdamW(Optimizer):
    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
        super().__init__(params)
        self.lr = lr
        self.betas = betas
        self.eps = eps
        self.weight_decay = weight_decay
        self.state = {}

    def step(self):
        self.step_count += 1
        b1, b2 = self.betas
        mean = partial(decayed_sum, b1, 1 - b1)
        mean_square = partial(decayed_sum, b2, 1 - b2)
        for i, p, g in self.active():
            old = self.state.setdefault(i, Moments(np.zeros_like(p.data), np.zeros_like(p.data)))
            new = old._replace(first=mean(old.first, g), second=mean_square(old.second, g**2))
            self.state[i] = new
            m = new.first / (1 - b1**self.step_count)
            v = new.second / (1 - b2**self.step_count)
            p.data = np.asarray(p.data - self.lr * m / (v**0.5 + self.eps), dtype=p.data.dtype)
            p.data = np.asarray(p.data * (1 - self.lr * self.weight_decay), dtype=p.data.dtype)
