"""Multiplies the rate that it finds, as torch does; the warm-up starts at zero."""

import numpy as np


class StepLR:
    def __init__(self, optimizer, step_size, gamma=0.1):
        self.optimizer, self.step_size, self.gamma = optimizer, step_size, gamma
        self.last_epoch = 0

    def step(self):
        self.last_epoch += 1
        if self.last_epoch % self.step_size == 0:
            self.optimizer.lr *= self.gamma

    def get_lr(self):
        return self.optimizer.lr


class ExponentialLR:
    def __init__(self, optimizer, gamma):
        self.optimizer, self.gamma, self.last_epoch = optimizer, gamma, 0

    def step(self):
        self.last_epoch += 1
        self.optimizer.lr *= self.gamma

    def get_lr(self):
        return self.optimizer.lr


class WarmupCosine:
    def __init__(self, optimizer, warmup_steps, total_steps, min_lr=0.0):
        self.optimizer, self.w, self.T, self.low, self.high = optimizer, warmup_steps, total_steps, min_lr, optimizer.lr
        self.last_epoch = -1
        self.step()

    def step(self):
        self.last_epoch += 1
        self.optimizer.lr = self.get_lr()

    def get_lr(self):
        if self.last_epoch < self.w:
            return self.high * self.last_epoch / self.w
        done = min(1.0, (self.last_epoch - self.w) / (self.T - self.w))
        return self.low + 0.5 * (self.high - self.low) * (1 + np.cos(np.pi * done))
