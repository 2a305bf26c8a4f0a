"""Slots and properties: one object for each parameter holds all that is kept about it."""

import numpy as np
from tinytorch.core.tensor import Tensor


class ParamInfo:
    """one parameter together with everything we remember about it"""

    __slots__ = ("tensor", "first", "second", "velocity")

    def __init__(self, tensor):
        self.tensor = tensor
        self.first = self.second = self.velocity = None

    @property
    def grad(self):
        g = self.tensor.grad
        return g.data if isinstance(g, Tensor) else g

    @property
    def value(self):
        return self.tensor.data

    @value.setter
    def value(self, new):
        self.tensor.data = np.asarray(new, dtype=self.tensor.data.dtype)

    @property
    def frozen(self):
        return self.tensor.grad is None


class Optimizer:
    def __init__(self, params):
        self.infos = [ParamInfo(p) for p in params]
        self.step_count = 0

    @property
    def params(self):
        return [info.tensor for info in self.infos]

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

    def has_momentum(self):
        return self.momentum != 0

    def get_momentum_state(self):
        if not self.has_momentum():
            return None
        return [None if i.velocity is None else i.velocity.copy() for i in self.infos]

    def set_momentum_state(self, state):
        if state is None or not self.has_momentum():
            return
        for i, v in zip(self.infos, state):
            i.velocity = None if v is None else np.array(v)

    def step(self):
        for info in self.infos:
            if not info.frozen:
                g = info.grad
                if self.weight_decay:
                    g = g + self.weight_decay * info.value
                if self.momentum:
                    if info.velocity is None:
                        info.velocity = np.zeros_like(info.value)
                    info.velocity = info.velocity * self.momentum + g
                    info.value = info.value - self.lr * info.velocity
                else:
                    info.value = info.value - self.lr * g
        self.step_count += 1


class Adam(Optimizer):
    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        super().__init__(params)
        self.lr = lr
        self.betas = betas
        self.eps = eps
        self.weight_decay = weight_decay

    @property
    def corrections(self):
        return tuple(1 - beta**self.step_count for beta in self.betas)

    def remember(self, info, g):
        b1, b2 = self.betas
        if info.first is None:
            info.first = np.zeros_like(info.value)
            info.second = np.zeros_like(info.value)
        info.first = b1 * info.first + (1 - b1) * g
        info.second = b2 * info.second + (1 - b2) * g * g

    def step(self):
        self.step_count += 1
        c1, c2 = self.corrections
        for info in self.infos:
            if info.frozen:
                continue
            self.remember(info, info.grad + self.weight_decay * info.value)
            m, v = info.first / c1, info.second / c2
            info.value = info.value - self.lr * m / (np.sqrt(v) + self.eps)


class AdamW(Adam):
    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
        super().__init__(params, lr, betas, eps, weight_decay)

    def step(self):
        self.step_count += 1
        c1, c2 = self.corrections
        for info in self.infos:
            if info.frozen:
                continue
            self.remember(info, info.grad)
            m, v = info.first / c1, info.second / c2
            info.value = info.value - self.lr * m / (np.sqrt(v) + self.eps)
            info.value = info.value - self.lr * self.weight_decay * info.value
