"""Names are set where they are used, the number of the step in the middle of a formula."""

import numpy as np
from tinytorch.core.tensor import Tensor


class Optimizer:
    def __init__(self, params):
        self.params = list(params)
        self.step_count = 0
        self._state = {}

    def zero_grad(self):
        for p in self.params:
            p.grad = None

    def step(self):
        raise NotImplementedError

    def _grad(self, p):
        return g.data if isinstance(g := p.grad, Tensor) else g


class SGD(Optimizer):
    def __init__(self, params, lr=0.01, momentum=0.0, weight_decay=0.0):
        super().__init__(params)
        self.lr, self.momentum, self.weight_decay = lr, momentum, weight_decay

    def has_momentum(self):
        return self.momentum != 0

    def get_momentum_state(self):
        if not self.has_momentum():
            return None
        return [None if (v := self._state.get(i)) is None else np.array(v) for i, _ in enumerate(self.params)]

    def set_momentum_state(self, state):
        if state is None or not self.has_momentum():
            return
        self._state = {i: np.array(v) for i, v in enumerate(state) if v is not None}

    def step(self):
        self.step_count += 1
        for i, p in enumerate(self.params):
            if (g := self._grad(p)) is None:
                continue
            if wd := self.weight_decay:
                g = g + wd * p.data
            if mu := self.momentum:
                if (v := self._state.get(i)) is not None:
                    g = mu * v + g
                self._state[i] = np.array(g)
            p.data = np.asarray(p.data - self.lr * g, dtype=p.data.dtype)


class Adam(Optimizer):
    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        super().__init__(params)
        self.lr, self.betas, self.eps, self.weight_decay = lr, betas, eps, weight_decay

    def _moments(self, i, g):
        b1, b2 = self.betas
        m, v = self._state.get(i, (0.0, 0.0))
        m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g**2
        self._state[i] = m, v
        return m / (1 - b1 ** (t := self.step_count)), v / (1 - b2**t)

    def step(self):
        self.step_count += 1
        for i, p in enumerate(self.params):
            if (g := self._grad(p)) is None:
                continue
            if wd := self.weight_decay:
                g = g + wd * p.data
            m, v = self._moments(i, g)
            p.data = np.asarray(p.data - self.lr * m / (v**0.5 + self.eps), dtype=p.data.dtype)


class AdamW(Adam):
    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
        super().__init__(params, lr, betas, eps, weight_decay)

    def step(self):
        self.step_count += 1
        for i, p in enumerate(self.params):
            if (g := self._grad(p)) is None:
                continue
            keep = 1 - self.lr * self.weight_decay
            m, v = self._moments(i, g)
            p.data = np.asarray(keep * p.data - self.lr * m / (v**0.5 + self.eps), dtype=p.data.dtype)
