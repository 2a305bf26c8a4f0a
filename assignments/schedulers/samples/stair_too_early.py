"""A student's schedulers: right but for the staircase, whose epochs are counted from 1."""

import math


class StepLR:
    def __init__(self, optimizer, step_size, gamma=0.1):
        self.optimizer = optimizer
        self.step_size = step_size
        self.gamma = gamma
        self.initial_lr = optimizer.lr
        self.last_epoch = 0

    def get_lr(self):
        epoch = self.last_epoch + 1  # people count from 1
        return self.initial_lr * self.gamma ** (epoch // self.step_size)

    def step(self):
        self.last_epoch += 1
        self.optimizer.lr = self.get_lr()


class ExponentialLR:
    def __init__(self, optimizer, gamma):
        self.optimizer = optimizer
        self.gamma = gamma
        self.initial_lr = optimizer.lr
        self.last_epoch = 0

    def get_lr(self):
        return self.initial_lr * self.gamma**self.last_epoch

    def step(self):
        self.last_epoch += 1
        self.optimizer.lr = self.get_lr()


class WarmupCosine:
    def __init__(self, optimizer, warmup_steps, total_steps, min_lr=0.0):
        self.optimizer = optimizer
        self.warmup_steps = warmup_steps
        self.total_steps = total_steps
        self.min_lr = min_lr
        self.initial_lr = optimizer.lr
        self.last_epoch = 0
        optimizer.lr = self.get_lr()

    def get_lr(self):
        t = self.last_epoch
        if t < self.warmup_steps:
            return self.initial_lr * (t + 1) / self.warmup_steps
        t = min(t, self.total_steps)
        angle = math.pi * (t - self.warmup_steps) / (self.total_steps - self.warmup_steps)
        return self.min_lr + (self.initial_lr - self.min_lr) * (1 + math.cos(angle)) / 2

    def step(self):
        self.last_epoch += 1
        self.optimizer.lr = self.get_lr()
