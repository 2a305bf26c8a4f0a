"""Generators yield the rates; properties guard the count."""

import itertools
import math

import numpy as np


class _Generated:
    def __init__(self, optimizer):
        self._optimizer = optimizer
        self._rates = self.rates(float(optimizer.lr))
        self._count = -1
        self.step()

    @property
    def last_epoch(self):
        return self._count

    def get_lr(self):
        return float(self._rate)

    def step(self):
        self._rate = next(self._rates)
        self._count += 1
        self._optimizer.lr = self._rate


class StepLR(_Generated):
    def __init__(self, optimizer, step_size, gamma=0.1):
        self.step_size, self.gamma = step_size, gamma
        super().__init__(optimizer)

    def rates(self, base):
        for stair in itertools.count():
            for _ in range(self.step_size):
                yield base * self.gamma**stair


class ExponentialLR(_Generated):
    def __init__(self, optimizer, gamma):
        self.gamma = gamma
        super().__init__(optimizer)

    def rates(self, base):
        yield base
        for t in itertools.count(1):
            yield base * math.exp(t * math.log(self.gamma))


class WarmupCosine(_Generated):
    def __init__(self, optimizer, warmup_steps, total_steps, min_lr=0.0):
        self.warmup_steps, self.total_steps, self.min_lr = warmup_steps, total_steps, min_lr
        super().__init__(optimizer)

    def rates(self, base):
        yield from np.linspace(0, base, self.warmup_steps + 1)[1:]
        for t in range(self.warmup_steps, self.total_steps):
            part = (t - self.warmup_steps) / (self.total_steps - self.warmup_steps)
            yield self.min_lr + (base - self.min_lr) * (1 + math.cos(part * math.pi)) / 2
        yield from itertools.repeat(self.min_lr)
