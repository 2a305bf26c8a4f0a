"""Counts down to the next stair, and keeps the last rate beside the optimizer's."""

import math


class Base:
    def __init__(self, optimizer):
        self.optimizer = optimizer
        self.last_epoch = 0

    def get_lr(self):
        return self.current

    def step(self):
        self.last_epoch += 1
        self.current = self.advance()
        setattr(self.optimizer, "lr", self.current)


class StepLR(Base):
    def __init__(self, optimizer, step_size, gamma=0.1):
        super().__init__(optimizer)
        self.step_size, self.gamma, self.left, self.current = step_size, gamma, step_size, optimizer.lr

    def advance(self):
        self.left -= 1
        if self.left > 0:
            return self.current
        self.left = self.step_size
        return self.current * self.gamma


class ExponentialLR(Base):
    def __init__(self, optimizer, gamma):
        super().__init__(optimizer)
        self.gamma, self.current = gamma, optimizer.lr

    def advance(self):
        return self.current * self.gamma


class WarmupCosine(Base):
    def __init__(self, optimizer, warmup_steps, total_steps, min_lr=0.0):
        super().__init__(optimizer)
        self.peak, self.low, self.w, self.n = optimizer.lr, min_lr, warmup_steps, total_steps
        self.current = optimizer.lr = self.peak / self.w if self.w > 0 else self.peak

    def advance(self):
        t = self.last_epoch
        if t < self.w:
            return self.peak / self.w * (t + 1)
        if t > self.n:
            t = self.n
        half_angle = math.pi * (t - self.w) / (self.n - self.w) / 2
        return self.low + (self.peak - self.low) * math.cos(half_angle) ** 2
