"""Works everything out in float32, with NumPy scalars."""

import numpy as np

F = np.float32


class StepLR:
    def __init__(self, optimizer, step_size, gamma=0.1):
        self.optimizer, self.size, self.gamma, self.base, self.last_epoch = (
            optimizer,
            step_size,
            F(gamma),
            F(optimizer.lr),
            0,
        )

    def get_lr(self):
        rate = self.base
        for _ in range(self.last_epoch // self.size):
            rate = rate * self.gamma
        return rate

    def step(self):
        self.last_epoch += 1
        self.optimizer.lr = self.get_lr()


class ExponentialLR(StepLR):
    def __init__(self, optimizer, gamma):
        super().__init__(optimizer, 1, gamma)


class WarmupCosine:
    def __init__(self, optimizer, warmup_steps, total_steps, min_lr=0.0):
        self.optimizer, self.last_epoch = optimizer, 0
        base, low = F(optimizer.lr), F(min_lr)
        ramp = base * np.arange(1, warmup_steps + 1, dtype=F) / F(max(warmup_steps, 1))
        p = np.arange(total_steps - warmup_steps, dtype=F) / F(total_steps - warmup_steps)
        fall = low + (base - low) * F(0.5) * (F(1) + np.cos(F(np.pi) * p))
        self.table = np.concatenate([ramp, fall, [low]]).astype(F)
        optimizer.lr = self.get_lr()

    def get_lr(self):
        return self.table[min(self.last_epoch, len(self.table) - 1)]

    def step(self):
        self.last_epoch += 1
        self.optimizer.lr = self.get_lr()
