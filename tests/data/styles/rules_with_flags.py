"""optimizers, written with map and small pure rules"""

import numpy as np
from itertools import count
from tinytorch.core.tensor import Tensor

to_array = lambda x: x.data if isinstance(x, Tensor) else x


def heavy_ball(w, g, v, *, lr, mu, wd):
    g = g + wd * w
    v = g if mu == 0 else mu * v + g
    return w - lr * v, v


def adam_rule(w, g, mv, t, *, lr, b, eps, wd, decoupled):
    m, v = mv
    if not decoupled:
        g = g + wd * w
    m = m + (1 - b[0]) * (g - m)
    v = v + (1 - b[1]) * (g * g - v)
    c1, c2 = (1 - beta**t for beta in b)
    w = w - lr * (m / c1) / (np.sqrt(v / c2) + eps)
    if decoupled:
        w = w - lr * wd * w
    return w, (m, v)


class Optimizer:
    def __init__(self, params):
        self.params = list(params)
        self.step_count = 0
        self.kept = {}

    def zero_grad(self):
        for p in self.params:
            p.grad = None

    def rule(self, w, g, kept):
        raise NotImplementedError

    def start(self, w):
        raise NotImplementedError

    def step(self):
        if type(self).rule is Optimizer.rule:
            raise NotImplementedError
        self.step_count += 1
        for key, p in zip(count(), self.params):
            if p.grad is None:
                continue
            kept = self.kept[key] if key in self.kept else self.start(p.data)
            new, kept = self.rule(p.data, to_array(p.grad), kept)
            self.remember(key, kept)
            p.data = np.asarray(new, dtype=p.data.dtype)

    def remember(self, key, kept):
        self.kept[key] = kept


class SGD(Optimizer):
    def __init__(self, params, lr=0.01, momentum=0.0, weight_decay=0.0):
        super().__init__(params)
        self.lr = lr
        self.momentum = momentum
        self.weight_decay = weight_decay

    def has_momentum(self):
        return self.momentum != 0

    def start(self, w):
        return np.zeros_like(w)

    def remember(self, key, kept):
        if self.has_momentum():
            super().remember(key, np.array(kept))

    def rule(self, w, g, kept):
        return heavy_ball(w, g, kept, lr=self.lr, mu=self.momentum, wd=self.weight_decay)

    def get_momentum_state(self):
        if not self.has_momentum():
            return None
        return list(map(lambda k: self.kept[k].copy() if k in self.kept else None, range(len(self.params))))

    def set_momentum_state(self, state):
        if state is None or not self.has_momentum():
            return
        self.kept = {k: np.array(v) for k, v in enumerate(state) if v is not None}


class Adam(Optimizer):
    decoupled = False

    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        super().__init__(params)
        self.lr = lr
        self.betas = betas
        self.eps = eps
        self.weight_decay = weight_decay

    def start(self, w):
        return np.zeros_like(w), np.zeros_like(w)

    def rule(self, w, g, kept):
        return adam_rule(
            w,
            g,
            kept,
            self.step_count,
            lr=self.lr,
            b=self.betas,
            eps=self.eps,
            wd=self.weight_decay,
            decoupled=self.decoupled,
        )


class AdamW(Adam):
    decoupled = True

    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
        super().__init__(params, lr, betas, eps, weight_decay)
