import numpy as np
from tinytorch.core.tensor import Tensor


class Optimizer:
    def __init__(self, params):
        self.params = list(params)
        self.step_count = 0
        self.book = [() for _ in self.params]

    def zero_grad(self):
        for p in self.params:
            p.grad = None

    def step(self):
        raise NotImplementedError

    def live(self):
        for i, p in enumerate(self.params):
            if (g := p.grad) is not None:
                match g:
                    case Tensor():
                        yield i, p, np.asarray(g.data)
                    case _:
                        yield i, p, np.asarray(g)

    def put(self, p, value):
        p.data = np.asarray(value, dtype=p.data.dtype)


class SGD(Optimizer):
    def __init__(self, params, lr=0.01, momentum=0.0, weight_decay=0.0):
        super().__init__(params)
        self.lr, self.momentum, self.weight_decay = lr, momentum, weight_decay

    def has_momentum(self):
        return self.momentum != 0

    def get_momentum_state(self):
        if not self.has_momentum():
            return None
        return [entry[0].copy() if entry else None for entry in self.book]

    def set_momentum_state(self, state):
        if state is not None and self.has_momentum():
            self.book = [() if one is None else (np.array(one),) for one in state]

    def step(self):
        self.step_count += 1
        for i, p, g in self.live():
            if (decay := self.weight_decay) != 0:
                g = g + decay * p.data
            match self.book[i], self.has_momentum():
                case _, False:
                    move = g
                case (), True:
                    move = g.copy()
                    self.book[i] = (move,)
                case (old,), True:
                    move = self.momentum * old + g
                    self.book[i] = (move,)
            self.put(p, p.data - self.lr * move)


class Adam(Optimizer):
    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        super().__init__(params)
        self.lr, (self.beta1, self.beta2), self.eps = lr, betas, eps
        self.weight_decay = weight_decay

    def entry(self, i, g):
        m, v = self.book[i] or (np.zeros_like(g), np.zeros_like(g))
        self.book[i] = m, v = m + (1 - self.beta1) * (g - m), v + (1 - self.beta2) * (g * g - v)
        return m, v

    def corrected(self, pair):
        return [x / (1 - b**self.step_count) for x, b in zip(pair, (self.beta1, self.beta2))]

    def step(self):
        self.step_count += 1
        for i, p, g in self.live():
            if (decay := self.weight_decay) != 0:
                g = g + decay * p.data
            top, below = self.corrected(self.entry(i, g))
            self.put(p, p.data - self.lr * top / (below**0.5 + self.eps))


class AdamW(Adam):
    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
        super().__init__(params, lr, betas, eps, weight_decay)

    def step(self):
        self.step_count += 1
        for i, p, g in self.live():
            top, below = self.corrected(self.entry(i, g))
            kept = p.data * (1 - self.lr * self.weight_decay)
            self.put(p, kept - self.lr * top / (below**0.5 + self.eps))
