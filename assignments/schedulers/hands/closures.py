"""Each scheduler is one formula given to one class; no inheritance in the student's sense."""

from math import cos, pi


class _Schedule:
    def __init__(self, optimizer, formula):
        self.opt = optimizer
        self.start = optimizer.lr
        self.formula = formula
        self.last_epoch = 0
        optimizer.lr = self.get_lr()

    def get_lr(self):
        return self.formula(self.start, self.last_epoch)

    def step(self):
        self.last_epoch = self.last_epoch + 1
        self.opt.lr = self.get_lr()


class StepLR(_Schedule):
    def __init__(self, optimizer, step_size, gamma=0.1):
        super().__init__(optimizer, lambda lr, t: lr * pow(gamma, int(t / step_size)))


class ExponentialLR(_Schedule):
    def __init__(self, optimizer, gamma):
        super().__init__(optimizer, lambda lr, t: lr * pow(gamma, t))


class WarmupCosine(_Schedule):
    def __init__(self, optimizer, warmup_steps, total_steps, min_lr=0.0):
        def formula(lr, t):
            if t + 1 <= warmup_steps:
                return lr * ((t + 1) / warmup_steps)
            p = min((t - warmup_steps) / (total_steps - warmup_steps), 1)
            return min_lr * (1 - (1 + cos(pi * p)) / 2) + lr * (1 + cos(pi * p)) / 2

        super().__init__(optimizer, formula)
