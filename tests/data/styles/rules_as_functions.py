"""A rule is a function of one parameter; what it keeps is a named tuple."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from tinytorch.core.tensor import Tensor


class AdamState(NamedTuple):
    mu: np.ndarray
    nu: np.ndarray


def as_array(value):
    return value.data if isinstance(value, Tensor) else value


def ema(old, new, beta):
    return beta * old + (1.0 - beta) * new


def unbias(moment, beta, count):
    return moment / (1.0 - beta**count)


def scale_by_adam(grad, state, b1, b2, eps, count):
    mu = ema(state.mu, grad, b1)
    nu = ema(state.nu, grad * grad, b2)
    update = unbias(mu, b1, count) / (np.sqrt(unbias(nu, b2, count)) + eps)
    return update, AdamState(mu, nu)


class Optimizer:
    def __init__(self, params):
        self.params = list(params)
        self.step_count = 0

    def zero_grad(self):
        for p in self.params:
            p.grad = None

    def _apply(self, rule: Callable):
        self.step_count += 1
        for i, p in enumerate(self.params):
            if p.grad is not None:
                p.data = rule(i, p.data, as_array(p.grad)).astype(p.data.dtype)

    def step(self):
        raise NotImplementedError


class SGD(Optimizer):
    def __init__(self, params, lr=0.01, momentum=0.0, weight_decay=0.0):
        super().__init__(params)
        self.lr = lr
        self.momentum = momentum
        self.weight_decay = weight_decay
        self._trace = {}

    def has_momentum(self):
        return bool(self.momentum > 0.0)

    def get_momentum_state(self):
        if not self.has_momentum():
            return None
        return [None if (t := self._trace.get(i)) is None else t.copy() for i in range(len(self.params))]

    def set_momentum_state(self, state):
        if state is None or not self.has_momentum():
            return
        if len(state) != len(self.params):
            raise ValueError(f"expected {len(self.params)} buffers, got {len(state)}")
        self._trace = {i: t.copy() for i, t in enumerate(state) if t is not None}

    def step(self):
        def rule(i, theta, g):
            g = g + self.weight_decay * theta
            if self.has_momentum():
                self._trace[i] = self.momentum * self._trace.get(i, 0.0) + g
                g = self._trace[i]
            return theta - self.lr * g

        self._apply(rule)


class Adam(Optimizer):
    decoupled = False

    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        super().__init__(params)
        self.lr = lr
        self.betas = betas
        self.eps = eps
        self.weight_decay = weight_decay
        self._states = {}

    def step(self):
        b1, b2 = self.betas

        def rule(i, theta, g):
            if not self.decoupled:
                g = g + self.weight_decay * theta
            state = self._states.get(i) or AdamState(np.zeros_like(theta), np.zeros_like(theta))
            update, self._states[i] = scale_by_adam(g, state, b1, b2, self.eps, self.step_count)
            theta = theta - self.lr * update
            if self.decoupled:
                theta = theta - self.lr * self.weight_decay * theta
            return theta

        self._apply(rule)


class AdamW(Adam):
    decoupled = True

    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
        super().__init__(params, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay)
