from dataclasses import dataclass, field
import numpy as np
from tinytorch.core.tensor import Tensor


@dataclass
class Settings:
    lr: float
    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8
    weight_decay: float = 0.0
    momentum: float = 0.0


def read(p):
    g = p.grad
    return np.asarray(g.data if isinstance(g, Tensor) else g)


def write(p, value):
    p.data = np.asarray(value, dtype=p.data.dtype)


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
        self.velocity = {}

    def has_momentum(self):
        return bool(self.momentum)

    def get_momentum_state(self):
        if not self.has_momentum():
            return None
        return [self.velocity[i].copy() if i in self.velocity else None for i in range(len(self.params))]

    def set_momentum_state(self, state):
        if state is None or not self.has_momentum():
            return
        if len(state) != len(self.params):
            raise ValueError("one velocity for each parameter")
        self.velocity = {i: np.array(v) for i, v in enumerate(state) if v is not None}

    def step(self):
        self.step_count += 1

        def push(i, d):
            if not self.momentum:
                return d
            self.velocity[i] = self.momentum * self.velocity.get(i, 0.0) + d
            return self.velocity[i]

        for i, p in enumerate(self.params):
            if p.grad is not None:
                d = read(p) + self.weight_decay * p.data
                write(p, p.data - self.lr * push(i, d))


class Adam(Optimizer):
    decoupled = False

    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        super().__init__(params)
        self.lr = lr
        self.beta1, self.beta2 = betas
        self.eps = eps
        self.weight_decay = weight_decay
        self.moments = {}

    def settings(self):
        return Settings(self.lr, self.beta1, self.beta2, self.eps, self.weight_decay)

    def direction(self, i, g, s):
        m, v = self.moments.get(i, (0.0, 0.0))
        m = s.beta1 * m + (1 - s.beta1) * g
        v = s.beta2 * v + (1 - s.beta2) * g * g
        self.moments[i] = (m, v)
        fix1, fix2 = (1 - b**self.step_count for b in (s.beta1, s.beta2))
        return (m / fix1) / (np.sqrt(v / fix2) + s.eps)

    def step(self):
        self.step_count += 1
        s = self.settings()
        for i, p in enumerate(self.params):
            if p.grad is None:
                continue
            g = read(p)
            if not self.decoupled:
                g = g + s.weight_decay * p.data
            theta = p.data - s.lr * self.direction(i, g, s)
            if self.decoupled:
                theta = theta - s.lr * s.weight_decay * p.data
            write(p, theta)


class AdamW(Adam):
    decoupled = True

    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
        super().__init__(params, lr, betas, eps, weight_decay)
