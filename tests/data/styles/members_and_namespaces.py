from types import SimpleNamespace
from enum import Enum
import numpy as np
from tinytorch.core.tensor import Tensor


class Decay(Enum):
    COUPLED = 1
    DECOUPLED = 2


class Optimizer:
    def __init__(self, params):
        self.params = list(params)
        self.step_count = 0
        self.memory = [SimpleNamespace() for _ in self.params]

    def zero_grad(self):
        for p in self.params:
            p.grad = None

    def step(self):
        raise NotImplementedError

    def array(self, grad):
        return grad.data if isinstance(grad, Tensor) else grad


class SGD(Optimizer):
    def __init__(self, params, lr=0.01, momentum=0.0, weight_decay=0.0):
        super().__init__(params)
        self.lr = lr
        self.momentum = momentum
        self.weight_decay = weight_decay

    def has_momentum(self):
        return self.momentum != 0

    def get_momentum_state(self):
        if not self.has_momentum():
            return None
        return [mem.v.copy() if hasattr(mem, "v") else None for mem in self.memory]

    def set_momentum_state(self, state):
        if not self.has_momentum() or state is None:
            return
        for mem, v in zip(self.memory, state):
            if v is not None:
                mem.v = v.copy()

    def step(self):
        self.step_count += 1
        for p, mem in zip(self.params, self.memory):
            if p.grad is None:
                continue
            update = self.array(p.grad) + self.weight_decay * p.data
            if self.has_momentum():
                mem.v = np.asarray(self.momentum * getattr(mem, "v", 0) + update)
                update = mem.v
            p.data = np.asarray(p.data - self.lr * update, dtype=p.data.dtype)


class AdamBase(Optimizer):
    mode = None

    def __init__(self, params, lr, betas, eps, weight_decay):
        super().__init__(params)
        self.lr = lr
        self.beta_1, self.beta_2 = betas
        self.eps = eps
        self.weight_decay = weight_decay

    def step(self):
        self.step_count += 1
        t = self.step_count
        for p, mem in zip(self.params, self.memory):
            if p.grad is None:
                continue
            if not hasattr(mem, "m"):
                mem.m = np.zeros_like(p.data)
                mem.v = np.zeros_like(p.data)
            g = self.array(p.grad)
            if self.mode is Decay.COUPLED:
                g = g + self.weight_decay * p.data
            mem.m = self.beta_1 * mem.m + (1 - self.beta_1) * g
            mem.v = self.beta_2 * mem.v + (1 - self.beta_2) * g * g
            m_hat = mem.m / (1 - np.power(self.beta_1, t))
            v_hat = mem.v / (1 - np.power(self.beta_2, t))
            new = p.data - self.lr * m_hat / (np.sqrt(v_hat) + self.eps)
            if self.mode is Decay.DECOUPLED:
                new -= self.lr * self.weight_decay * p.data
            p.data = np.asarray(new, dtype=p.data.dtype)


class Adam(AdamBase):
    mode = Decay.COUPLED

    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        super().__init__(params, lr, betas, eps, weight_decay)


class AdamW(AdamBase):
    mode = Decay.DECOUPLED

    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
        super().__init__(params, lr, betas, eps, weight_decay)
