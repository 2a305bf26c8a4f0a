import numpy as np
from tinytorch.core.tensor import Tensor


def as_array(g):
    return np.asarray(getattr(g, "data", g)) if isinstance(g, Tensor) else np.asarray(g)


def ema(old, new, beta):
    return new * (1 - beta) if old is None else old * beta + new * (1 - beta)


def unbias(x, beta, t):
    return x / (1 - beta**t)


def scaled(m, v, eps):
    return m / (np.sqrt(v) + eps)


class Optimizer:
    def __init__(self, params):
        self.params = list(params)
        self.step_count = 0
        self.state = [{} for _ in self.params]

    def zero_grad(self):
        for p in self.params:
            p.grad = None

    def pairs(self):
        return [(p, as_array(p.grad), s) for p, s in zip(self.params, self.state) if p.grad is not None]

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
        return [None if "v" not in s else s["v"].copy() for s in self.state]

    def set_momentum_state(self, state):
        if state is None or not self.has_momentum():
            return
        for s, v in zip(self.state, state):
            if v is None:
                s.pop("v", None)
            else:
                s["v"] = np.array(v)

    def step(self):
        self.step_count += 1
        for p, g, s in self.pairs():
            d = g + self.weight_decay * p.data
            if self.momentum > 0:
                s["v"] = d + 0 if "v" not in s else s["v"] * self.momentum + d
                d = s["v"]
            p.data = np.asarray(p.data - self.lr * d, dtype=p.data.dtype)


class Adam(Optimizer):
    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        super().__init__(params)
        self.lr = lr
        self.beta1, self.beta2 = betas
        self.eps = eps
        self.weight_decay = weight_decay

    def move(self, g, s):
        s["m"] = ema(s.get("m"), g, self.beta1)
        s["v"] = ema(s.get("v"), g * g, self.beta2)
        t = self.step_count
        m, v = unbias(s["m"], self.beta1, t), unbias(s["v"], self.beta2, t)
        return self.lr * scaled(m, v, self.eps)

    def step(self):
        self.step_count += 1
        for p, g, s in self.pairs():
            p.data = np.asarray(p.data - self.move(g + self.weight_decay * p.data, s), dtype=p.data.dtype)


class AdamW(Adam):
    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
        super().__init__(params, lr, betas, eps, weight_decay)

    def step(self):
        self.step_count += 1
        for p, g, s in self.pairs():
            shrunk = p.data - self.lr * self.weight_decay * p.data
            p.data = np.asarray(shrunk - self.move(g, s), dtype=p.data.dtype)
