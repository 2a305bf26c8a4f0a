import numpy as np


class Optimizer:
    def __init__(self, params):
        self.params = list(params)
        self.step_count = 0

    def zero_grad(self):
        for p in self.params:
            p.grad = None

    def step(self):
        raise NotImplementedError


def arr(g):
    return g.data if hasattr(g, "data") and not isinstance(g, np.ndarray) else g


class SGD(Optimizer):
    def __init__(self, params, lr=0.01, momentum=0.0, weight_decay=0.0):
        super().__init__(params)
        self.lr, self.momentum, self.weight_decay = lr, momentum, weight_decay
        self.buffers = [np.zeros_like(p.data) for p in self.params]

    def has_momentum(self):
        return self.momentum > 0

    def get_momentum_state(self):
        return [b.copy() for b in self.buffers] if self.has_momentum() else None

    def set_momentum_state(self, state):
        if state is not None and self.has_momentum():
            self.buffers = [b.copy() for b in state]

    def step(self):
        for i, p in enumerate(self.params):
            if p.grad is None:
                continue
            g = arr(p.grad)
            if self.weight_decay:
                g = g + self.weight_decay * p.data
            if self.momentum:
                self.buffers[i] = self.momentum * self.buffers[i] + (1 - self.momentum) * g
                g = self.buffers[i]
            p.data = p.data - self.lr * g
        self.step_count += 1


class Adam(Optimizer):
    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        super().__init__(params)
        self.lr, self.betas, self.eps, self.weight_decay = lr, betas, eps, weight_decay
        self.m = [np.zeros_like(p.data) for p in self.params]
        self.v = [np.zeros_like(p.data) for p in self.params]

    def step(self):
        self.step_count += 1
        b1, b2 = self.betas
        for i, p in enumerate(self.params):
            if p.grad is None:
                continue
            g = arr(p.grad)
            if self.weight_decay:
                g = g + self.weight_decay * p.data
            self.m[i] = b1 * self.m[i] + (1 - b1) * g
            self.v[i] = b2 * self.v[i] + (1 - b2) * g**2
            m_hat = self.m[i] / (1 - b1**self.step_count)
            v_hat = self.v[i] / (1 - b1**self.step_count)
            p.data = p.data - self.lr * m_hat / (np.sqrt(v_hat) + self.eps)


class AdamW(Adam):
    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
        super().__init__(params, lr, betas, eps, 0.0)
        self.decay = weight_decay

    def step(self):
        super().step()
        for p in self.params:
            if p.grad is not None:
                p.data = p.data - self.decay * p.data
