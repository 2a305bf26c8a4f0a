"""Moments live in one structured array for each parameter."""
import numpy as np
from tinytorch.core.tensor import Tensor


def slots_for(w, *names):
    return np.zeros(w.shape, dtype=[(name, w.dtype) for name in names])


def as_np(g):
    return g.data if isinstance(g, Tensor) else np.asarray(g)


class Optimizer:
    def __init__(self, params):
        self.params = [p for p in params]
        self.step_count = 0
        self.slots = [None] * len(self.params)

    def zero_grad(self):
        for p in self.params:
            p.grad = None

    def live(self):
        return [(k, p, as_np(p.grad)) for k, p in enumerate(self.params) if p.grad is not None]

    def step(self):
        raise NotImplementedError


class SGD(Optimizer):
    def __init__(self, params, lr=0.01, momentum=0.0, weight_decay=0.0):
        super().__init__(params)
        self.lr = lr
        self.momentum = momentum
        self.weight_decay = weight_decay

    def has_momentum(self):
        return self.momentum > 0

    def get_momentum_state(self):
        if not self.has_momentum():
            return None
        return [np.array(s["vel"]) if s is not None else None for s in self.slots]

    def set_momentum_state(self, state):
        if state is None or not self.has_momentum():
            return
        for k, (p, vel) in enumerate(zip(self.params, state)):
            self.slots[k] = None
            if vel is not None:
                self.slots[k] = slots_for(p.data, "vel")
                self.slots[k]["vel"] = vel

    def step(self):
        self.step_count += 1
        for k, p, g in self.live():
            g = g + self.weight_decay * p.data
            if self.has_momentum():
                if self.slots[k] is None:
                    self.slots[k] = slots_for(p.data, "vel")
                slot = self.slots[k]
                slot["vel"] = self.momentum * slot["vel"] + g
                g = slot["vel"]
            p.data = (p.data - self.lr * g).astype(p.data.dtype)


class Adam(Optimizer):
    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        super().__init__(params)
        self.lr = lr
        self.beta1, self.beta2 = betas
        self.eps = eps
        self.weight_decay = weight_decay

    def advance(self, k, p, g):
        if self.slots[k] is None:
            self.slots[k] = slots_for(p.data, "m", "v")
        slot = self.slots[k]
        slot["m"] += (1 - self.beta1) * (g - slot["m"])
        slot["v"] += (1 - self.beta2) * (g**2 - slot["v"])
        return slot

    def direction(self, slot):
        m_hat = slot["m"] / (1 - self.beta1**self.step_count)
        v_hat = slot["v"] / (1 - self.beta2**self.step_count)
        return m_hat / (np.sqrt(v_hat) + self.eps)

    def step(self):
        self.step_count += 1
        for k, p, g in self.live():
            slot = self.advance(k, p, g + self.weight_decay * p.data)
            p.data = (p.data - self.lr * self.direction(slot)).astype(p.data.dtype)


class AdamW(Adam):
    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
        super().__init__(params, lr, betas, eps, weight_decay)

    def step(self):
        self.step_count += 1
        for k, p, g in self.live():
            slot = self.advance(k, p, g)
            new = p.data - self.lr * self.direction(slot)
            new *= 1 - self.lr * self.weight_decay
            p.data = new.astype(p.data.dtype)
