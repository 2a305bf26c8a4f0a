"""Hyperparameters live in one dictionary and are read and set through properties."""

import numpy as np

from tinytorch.core.tensor import Tensor


def hyperparameter(name):
    def get(self):
        return self._hyper[name]

    def set_(self, value):
        if value < 0:
            raise ValueError(f"{name} must not be negative")
        self._hyper[name] = value

    return property(get, set_)


class Optimizer:
    lr = hyperparameter("lr")
    momentum = hyperparameter("momentum")
    weight_decay = hyperparameter("weight_decay")
    eps = hyperparameter("eps")

    def __init__(self, params, **hyper):
        self._params = tuple(params)
        self._hyper = hyper
        self._steps = 0

    @property
    def params(self):
        return list(self._params)

    @property
    def step_count(self):
        return self._steps

    def zero_grad(self):
        for param in self._params:
            param.grad = None

    def step(self):
        raise NotImplementedError

    @staticmethod
    def _grad(param):
        return param.grad.data if isinstance(param.grad, Tensor) else param.grad


class SGD(Optimizer):
    def __init__(self, params, lr=0.01, momentum=0.0, weight_decay=0.0):
        super().__init__(params, lr=lr, momentum=momentum, weight_decay=weight_decay)
        self._velocity = {}

    def has_momentum(self):
        return self.momentum > 0

    def get_momentum_state(self):
        if not self.has_momentum():
            return None
        return [self._velocity[i].copy() if i in self._velocity else None for i in range(len(self._params))]

    def set_momentum_state(self, state):
        self._velocity = {i: v.copy() for i, v in enumerate(state or ()) if v is not None}

    def step(self):
        self._steps += 1
        for i, param in enumerate(self._params):
            if param.grad is None:
                continue
            g = self._grad(param) + self.weight_decay * param.data
            if self.has_momentum():
                g = self._velocity[i] = g + self.momentum * self._velocity.get(i, 0.0)
            param.data = param.data - self.lr * g


class Adam(Optimizer):
    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        super().__init__(params, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay)
        self._moments = {}

    @property
    def betas(self):
        return self._hyper["betas"]

    @betas.setter
    def betas(self, values):
        self._hyper["betas"] = tuple(values)

    def _direction(self, i, g):
        b1, b2 = self.betas
        m, v = self._moments.get(i, (0.0, 0.0))
        m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g * g
        self._moments[i] = m, v
        return (m / (1 - b1**self._steps)) / (np.sqrt(v / (1 - b2**self._steps)) + self.eps)

    def step(self):
        self._steps += 1
        for i, param in enumerate(self._params):
            if param.grad is None:
                continue
            g = self._grad(param) + self.weight_decay * param.data
            param.data = param.data - self.lr * self._direction(i, g)


class AdamW(Adam):
    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
        super().__init__(params, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay)

    def step(self):
        self._steps += 1
        for i, param in enumerate(self._params):
            if param.grad is None:
                continue
            param.data = param.data - self.lr * self._direction(i, self._grad(param))
            param.data = param.data - self.lr * self.weight_decay * param.data
