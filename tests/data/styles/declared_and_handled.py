"""Much of the language: an else of a loop, a context manager, generators, closures with nonlocal, an enum, match."""
from __future__ import annotations
import contextlib
import itertools
import math
import operator
from abc import ABC, abstractmethod
from enum import Enum
from functools import partial, reduce, singledispatch
from typing import NamedTuple, Protocol, overload

import numpy as np
from tinytorch.core.tensor import Tensor

EPS = 1e-8
BETAS = B1, B2 = 0.9, 0.999


class Mode(Enum):
    COUPLED = "coupled"
    DECOUPLED = "decoupled"


class Pair(NamedTuple):
    m: np.ndarray
    v: np.ndarray


@singledispatch
def raw(g):
    return g


@raw.register
def _(g: Tensor):
    return g.data


@contextlib.contextmanager
def keeping_dtype(p):
    before = p.data.dtype
    try:
        yield p
    finally:
        if p.data.dtype != before or not isinstance(p.data, np.ndarray):
            p.data = np.asarray(p.data, dtype=before)


class Optimizer(ABC):
    def __init__(self, params):
        self.params = [*params]
        self.step_count = 0

    def zero_grad(self):
        for p in self.params:
            p.grad = None
        else:
            pass

    def live(self):
        yield from ((i, p, raw(p.grad)) for i, p in enumerate(self.params) if p.grad is not None)

    def step(self):
        raise NotImplementedError(f"{type(self).__name__} has no rule: {self.step_count=}")


def running(beta):
    total, count = 0.0, 0

    def push(x):
        nonlocal total, count
        count += 1
        total = beta * total + (1 - beta) * x
        return total

    def now():
        return total

    push.now = now
    return push


class SGD(Optimizer):
    def __init__(self, params, lr=0.01, momentum=0.0, weight_decay=0.0):
        super().__init__(params)
        self.lr, self.momentum, self.weight_decay = lr, momentum, weight_decay
        self.velocities: dict[int, np.ndarray] = {}

    def has_momentum(self) -> bool:
        return not (0 == self.momentum)

    def get_momentum_state(self):
        match self.has_momentum():
            case False:
                return None
            case True:
                return [v.copy() if (v := self.velocities.get(i)) is not None else None for i, _ in enumerate(self.params)]

    def set_momentum_state(self, state):
        if state is None or not self.has_momentum():
            return
        self.velocities = {i: v.copy() for i, v in enumerate(state) if v is not None}

    def step(self):
        self.step_count += 1
        it = iter(self.live())
        while True:
            try:
                i, p, g = next(it)
            except StopIteration:
                break
            with keeping_dtype(p):
                g = g if not self.weight_decay else g + self.weight_decay * p.data
                if self.has_momentum():
                    try:
                        old = self.velocities[i]
                    except KeyError:
                        old = np.zeros_like(p.data)
                    self.velocities[i] = g = self.momentum * old + g
                p.data = p.data - self.lr * g


class Adam(Optimizer):
    mode = Mode.COUPLED

    def __init__(self, params, lr=0.001, betas=BETAS, eps=EPS, weight_decay=0.0):
        super().__init__(params)
        self.lr, self.eps, self.weight_decay = lr, eps, weight_decay
        self.betas = tuple(betas)
        self.pairs: list[Pair | None] = [None] * len(self.params)

    @property
    def corrections(self):
        return [1 - beta**self.step_count for beta in self.betas]

    @staticmethod
    def mixed(beta, old, new, /):
        return beta * old + (1 - beta) * new

    def step(self):
        self.step_count += 1
        for i, p, g in self.live():
            with keeping_dtype(p):
                if self.mode is Mode.COUPLED:
                    g = g + self.weight_decay * p.data
                old = self.pairs[i] or Pair(*(np.zeros_like(p.data) for _ in range(2)))
                pair = Pair(*map(self.mixed, self.betas, old, (g, g * g)))
                self.pairs[i] = pair
                m, v = (x / c for x, c in zip(pair, self.corrections))
                delta = self.lr * m / (np.sqrt(v) + self.eps)
                if self.mode is Mode.DECOUPLED:
                    delta = delta + self.lr * self.weight_decay * p.data
                p.data = p.data - delta


class AdamW(Adam):
    mode = Mode.DECOUPLED

    def __init__(self, params, lr=0.001, betas=BETAS, eps=EPS, weight_decay=0.01):
        super().__init__(params, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay)
