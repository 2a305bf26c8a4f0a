"""Settings and state are frozen dataclasses that are replaced; what to do is matched."""
from dataclasses import dataclass, replace

import numpy as np
from tinytorch.core.tensor import Tensor


@dataclass(frozen=True)
class Velocity:
    value: np.ndarray

    def pushed(self, friction, force):
        return replace(self, value=np.asarray(friction * self.value + force))


@dataclass(frozen=True)
class Moments:
    mean: np.ndarray
    power: np.ndarray
    age: int = 0

    @classmethod
    def like(cls, w):
        return cls(np.zeros_like(w), np.zeros_like(w))

    def after(self, g, beta1, beta2):
        mean = beta1 * self.mean + (1 - beta1) * g
        power = beta2 * self.power + (1 - beta2) * g * g
        return Moments(mean, power, self.age + 1)

    def unbiased(self, beta1, beta2, t):
        return self.mean / (1 - beta1**t), self.power / (1 - beta2**t)


class Optimizer:
    def __init__(self, params):
        self.params = list(params)
        self.step_count = 0
        self.kept = {}

    def zero_grad(self):
        for p in self.params:
            match p.grad:
                case None:
                    pass
                case _:
                    p.grad = None

    def grad_of(self, p):
        match p.grad:
            case Tensor() as tensor:
                return tensor.data
            case array:
                return array

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
        return [v.value.copy() if (v := self.kept.get(k)) else None for k in range(len(self.params))]

    def set_momentum_state(self, state):
        if state is None or not self.has_momentum():
            return
        self.kept = {k: Velocity(np.array(v)) for k, v in enumerate(state) if v is not None}

    def step(self):
        self.step_count += 1
        for k, p in enumerate(self.params):
            if p.grad is None:
                continue
            force = self.grad_of(p) + self.weight_decay * p.data
            match self.kept.get(k):
                case _ if not self.has_momentum():
                    move = force
                case None:
                    self.kept[k] = Velocity(np.array(force))
                    move = force
                case velocity:
                    self.kept[k] = velocity.pushed(self.momentum, force)
                    move = self.kept[k].value
            p.data = np.asarray(p.data - self.lr * move, dtype=p.data.dtype)


class Adam(Optimizer):
    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        super().__init__(params)
        self.lr = lr
        self.betas = betas
        self.eps = eps
        self.weight_decay = weight_decay

    def updated(self, k, w, g):
        moments = self.kept.get(k) or Moments.like(w)
        self.kept[k] = moments = moments.after(g, *self.betas)
        mean, power = moments.unbiased(*self.betas, self.step_count)
        return w - self.lr * mean / (np.sqrt(power) + self.eps)

    def step(self):
        self.step_count += 1
        for k, p in enumerate(self.params):
            if p.grad is None:
                continue
            g = self.grad_of(p)
            if (wd := self.weight_decay) != 0:
                g = g + wd * p.data
            p.data = np.asarray(self.updated(k, p.data, g), dtype=p.data.dtype)


class AdamW(Adam):
    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
        super().__init__(params, lr, betas, eps, weight_decay)

    def step(self):
        self.step_count += 1
        for k, p in enumerate(self.params):
            if p.grad is None:
                continue
            w = self.updated(k, p.data, self.grad_of(p))
            if (wd := self.weight_decay) != 0:
                w = (1 - self.lr * wd) * w
            p.data = np.asarray(w, dtype=p.data.dtype)
