"""One loop in the base class calls hooks; settings are set by name; state is a dictionary of dictionaries."""

import math

import numpy as np

from tinytorch.core.tensor import Tensor


def to_numpy(x):
    """Accept a Tensor, an array or anything array-like."""
    if isinstance(x, Tensor):
        return x.data
    return np.asarray(x)


class Optimizer:
    """Base class."""

    def __init__(self, params, defaults=None):
        self.params = list(params)
        self.defaults = defaults or {}
        for key, value in self.defaults.items():
            setattr(self, key, value)
        self.step_count = 0
        self.state = {}

    def _state_of(self, i):
        if i not in self.state:
            self.state[i] = self._init_state(self.params[i])
        return self.state[i]

    def _init_state(self, p):
        return {}

    def zero_grad(self):
        for p in self.params:
            p.grad = None

    def _update(self, p, g, s):
        raise NotImplementedError

    def step(self):
        if type(self) is Optimizer:
            raise NotImplementedError("only subclasses know a rule")
        self.step_count += 1
        for i, p in enumerate(self.params):
            if p.grad is None:
                continue
            g = to_numpy(p.grad)
            p.data = self._update(p.data, g, self._state_of(i))


class SGD(Optimizer):
    def __init__(self, params, lr=0.01, momentum=0.0, weight_decay=0.0):
        super().__init__(params, dict(lr=lr, momentum=momentum, weight_decay=weight_decay))

    def _init_state(self, p):
        return {"buf": np.zeros_like(p.data)} if self.momentum else {}

    def has_momentum(self):
        return self.momentum > 0.0

    def get_momentum_state(self):
        if not self.has_momentum():
            return None
        return [self.state[i]["buf"].copy() if i in self.state else None for i in range(len(self.params))]

    def set_momentum_state(self, state):
        if state is None or not self.has_momentum():
            return
        if len(state) != len(self.params):
            raise ValueError("wrong number of buffers")
        for i, buf in enumerate(state):
            if buf is None:
                self.state.pop(i, None)
            else:
                self.state[i] = {"buf": buf.copy()}

    def _update(self, w, g, s):
        if self.weight_decay:
            g = g + self.weight_decay * w
        if self.momentum:
            s["buf"] = self.momentum * s["buf"] + g
            g = s["buf"]
        return w - self.lr * g


class Adam(Optimizer):
    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        super().__init__(params, dict(lr=lr, betas=betas, eps=eps, weight_decay=weight_decay))

    def _init_state(self, p):
        return {"m": np.zeros_like(p.data), "v": np.zeros_like(p.data)}

    def _direction(self, g, s):
        b1, b2 = self.betas
        t = self.step_count
        s["m"] = b1 * s["m"] + (1 - b1) * g
        s["v"] = b2 * s["v"] + (1 - b2) * np.square(g)
        m_hat = s["m"] / (1 - math.pow(b1, t))
        v_hat = s["v"] / (1 - math.pow(b2, t))
        return m_hat / (np.sqrt(v_hat) + self.eps)

    def _update(self, w, g, s):
        if self.weight_decay:
            g = g + self.weight_decay * w
        return w - self.lr * self._direction(g, s)


class AdamW(Adam):
    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
        super().__init__(params, lr, betas, eps, weight_decay)

    def _update(self, w, g, s):
        w = w - self.lr * self._direction(g, s)
        return w - self.lr * self.weight_decay * w
