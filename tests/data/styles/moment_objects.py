"""An object keeps the moments and hands out their corrections; a generator gives the gradients; a flag decouples."""

import numpy as np
from tinytorch.core.tensor import Tensor


class MomentState:
    """First and second moment of one parameter, plus how often they were updated."""

    def __init__(self, shape, dtype):
        self.m = np.zeros(shape, dtype)
        self.v = np.zeros(shape, dtype)

    def update(self, g, b1, b2):
        self.m += (1 - b1) * (g - self.m)
        self.v += (1 - b2) * (g * g - self.v)

    def corrected(self, b1, b2, t):
        bias1 = 1 - b1**t
        bias2 = 1 - b2**t
        return self.m / bias1, self.v / bias2


class Optimizer:
    def __init__(self, params):
        if isinstance(params, Tensor):
            params = [params]
        self.params = [p for p in params]
        self.step_count = 0

    def zero_grad(self):
        for param in self.params:
            param.grad = None

    def _gradients(self):
        for idx, param in enumerate(self.params):
            if param.grad is not None:
                grad = param.grad
                yield idx, param, (grad.data if isinstance(grad, Tensor) else grad)

    def step(self):
        raise NotImplementedError("subclasses implement step")


class SGD(Optimizer):
    def __init__(self, params, lr=0.01, momentum=0.0, weight_decay=0.0):
        super().__init__(params)
        self.lr = lr
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.momentum_buffers = [None] * len(self.params)

    def has_momentum(self):
        return self.momentum > 0

    def get_momentum_state(self):
        if self.has_momentum():
            return [b.copy() if b is not None else None for b in self.momentum_buffers]
        return None

    def set_momentum_state(self, state):
        if state is None or not self.has_momentum():
            return
        assert len(state) == len(self.momentum_buffers), "one buffer for each parameter"
        for i, b in enumerate(state):
            self.momentum_buffers[i] = b.copy() if b is not None else None

    def step(self):
        for idx, param, grad in self._gradients():
            d = grad
            if self.weight_decay > 0:
                d = d + self.weight_decay * param.data
            if self.momentum > 0:
                buf = self.momentum_buffers[idx]
                if buf is None:
                    buf = np.zeros_like(param.data)
                buf = self.momentum * buf + d
                self.momentum_buffers[idx] = buf
                d = buf
            param.data = param.data - self.lr * d
        self.step_count += 1


class Adam(Optimizer):
    decoupled = False

    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        super().__init__(params)
        self.lr, self.eps, self.weight_decay = lr, eps, weight_decay
        self.beta1, self.beta2 = betas
        self.moments = {}

    def step(self):
        self.step_count += 1
        for idx, param, grad in self._gradients():
            if self.weight_decay and not self.decoupled:
                grad = grad + self.weight_decay * param.data
            if idx not in self.moments:
                self.moments[idx] = MomentState(param.data.shape, param.data.dtype)
            state = self.moments[idx]
            state.update(grad, self.beta1, self.beta2)
            m_hat, v_hat = state.corrected(self.beta1, self.beta2, self.step_count)
            new = param.data - self.lr * m_hat / (np.sqrt(v_hat) + self.eps)
            if self.decoupled:
                new = new * (1 - self.lr * self.weight_decay)
            param.data = new


class AdamW(Adam):
    decoupled = True

    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
        super().__init__(params, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay)
