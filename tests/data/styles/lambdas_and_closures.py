"""Rules of one line are lambdas, a velocity is a closure, moments are a dictionary of pairs."""

import numpy as np
from tinytorch.core.tensor import Tensor

raw = lambda g: g.data if isinstance(g, Tensor) else g
mix = lambda beta, old, new: beta * old + (1 - beta) * new
unbias = lambda avg, beta, t: avg / (1 - beta**t)


def make_velocity():
    v = {"now": None}

    def roll(mu, g):
        v["now"] = np.array(g) if v["now"] is None else mu * v["now"] + g
        return v["now"]

    roll.store = v
    return roll


class Optimizer:
    def __init__(self, params):
        self.params = list(params)
        self.step_count = 0

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
        self.rolls = [make_velocity() for _ in self.params]

    def has_momentum(self):
        return self.momentum != 0

    def get_momentum_state(self):
        if not self.has_momentum():
            return None
        return [None if r.store["now"] is None else r.store["now"].copy() for r in self.rolls]

    def set_momentum_state(self, state):
        if state is None or not self.has_momentum():
            return
        for r, s in zip(self.rolls, state):
            r.store["now"] = None if s is None else np.array(s)

    def step(self):
        self.step_count += 1
        for p, roll in zip(self.params, self.rolls):
            if p.grad is None:
                continue
            g = raw(p.grad) + self.weight_decay * p.data
            d = roll(self.momentum, g) if self.has_momentum() else g
            p.data = np.asarray(p.data - self.lr * d, dtype=p.data.dtype)


def adam_direction(opt, key, g):
    m, v = opt.moments.get(key) or (np.zeros_like(g), np.zeros_like(g))
    m = mix(opt.beta1, m, g)
    v = mix(opt.beta2, v, g * g)
    opt.moments[key] = (m, v)
    m_hat = unbias(m, opt.beta1, opt.step_count)
    v_hat = unbias(v, opt.beta2, opt.step_count)
    return m_hat / (np.sqrt(v_hat) + opt.eps)


class Adam(Optimizer):
    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        super().__init__(params)
        self.lr = lr
        self.beta1, self.beta2 = betas
        self.eps = eps
        self.weight_decay = weight_decay
        self.moments = {}

    def step(self):
        self.step_count += 1
        for key, p in enumerate(self.params):
            if p.grad is None:
                continue
            g = raw(p.grad) + self.weight_decay * p.data
            p.data = np.asarray(p.data - self.lr * adam_direction(self, key, g), dtype=p.data.dtype)


class AdamW(Optimizer):
    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
        super().__init__(params)
        self.lr = lr
        self.beta1, self.beta2 = betas
        self.eps = eps
        self.weight_decay = weight_decay
        self.moments = {}

    def step(self):
        self.step_count += 1
        for key, p in enumerate(self.params):
            if p.grad is None:
                continue
            before = p.data
            p.data = before - self.lr * adam_direction(self, key, raw(p.grad))
            p.data = np.asarray(p.data - self.lr * self.weight_decay * before, dtype=before.dtype)
