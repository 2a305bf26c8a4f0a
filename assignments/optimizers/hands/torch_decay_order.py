"""AdamW decays before the Adam step, as torch does, instead of after it."""

import numpy as np

from tinytorch.core.tensor import Tensor


class Optimizer:
    def __init__(self, params):
        self.params = list(params)
        self.step_count = 0

    def zero_grad(self):
        for param in self.params:
            param.grad = None

    def step(self):
        raise NotImplementedError


class SGD(Optimizer):
    def __init__(self, params, lr=0.01, momentum=0.0, weight_decay=0.0):
        super().__init__(params)
        self.lr = lr
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.momentum_buffer = [None] * len(self.params)

    def has_momentum(self):
        return self.momentum != 0

    def get_momentum_state(self):
        if not self.has_momentum():
            return None
        return [None if b is None else b.copy() for b in self.momentum_buffer]

    def set_momentum_state(self, state):
        if state is not None:
            self.momentum_buffer = [None if b is None else b.copy() for b in state]

    def step(self):
        self.step_count += 1
        for i, param in enumerate(self.params):
            if param.grad is None:
                continue
            d_p = param.grad.data if isinstance(param.grad, Tensor) else param.grad
            if self.weight_decay != 0:
                d_p = d_p + self.weight_decay * param.data
            if self.momentum != 0:
                buf = self.momentum_buffer[i]
                buf = d_p.copy() if buf is None else self.momentum * buf + d_p
                self.momentum_buffer[i] = buf
                d_p = buf
            param.data = param.data - self.lr * d_p


class Adam(Optimizer):
    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        super().__init__(params)
        self.lr = lr
        self.betas = betas
        self.eps = eps
        self.weight_decay = weight_decay
        self.exp_avg = [None] * len(self.params)
        self.exp_avg_sq = [None] * len(self.params)

    def step(self):
        self.step_count += 1
        beta1, beta2 = self.betas
        for i, param in enumerate(self.params):
            if param.grad is None:
                continue
            grad = param.grad.data if isinstance(param.grad, Tensor) else param.grad
            if self.weight_decay != 0:
                grad = grad + self.weight_decay * param.data
            if self.exp_avg[i] is None:
                self.exp_avg[i] = np.zeros_like(param.data)
                self.exp_avg_sq[i] = np.zeros_like(param.data)
            self.exp_avg[i] = self.exp_avg[i] * beta1 + grad * (1 - beta1)
            self.exp_avg_sq[i] = self.exp_avg_sq[i] * beta2 + grad * grad * (1 - beta2)
            step_size = self.lr / (1 - beta1**self.step_count)
            denom = np.sqrt(self.exp_avg_sq[i]) / (1 - beta2**self.step_count) ** 0.5 + self.eps
            param.data = param.data - step_size * self.exp_avg[i] / denom


class AdamW(Optimizer):
    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
        super().__init__(params)
        self.lr = lr
        self.betas = betas
        self.eps = eps
        self.weight_decay = weight_decay
        self.exp_avg = [None] * len(self.params)
        self.exp_avg_sq = [None] * len(self.params)

    def step(self):
        self.step_count += 1
        beta1, beta2 = self.betas
        for i, param in enumerate(self.params):
            if param.grad is None:
                continue
            grad = param.grad.data if isinstance(param.grad, Tensor) else param.grad
            param.data = param.data * (1 - self.lr * self.weight_decay)
            if self.exp_avg[i] is None:
                self.exp_avg[i] = np.zeros_like(param.data)
                self.exp_avg_sq[i] = np.zeros_like(param.data)
            self.exp_avg[i] = self.exp_avg[i] * beta1 + grad * (1 - beta1)
            self.exp_avg_sq[i] = self.exp_avg_sq[i] * beta2 + grad * grad * (1 - beta2)
            step_size = self.lr / (1 - beta1**self.step_count)
            denom = np.sqrt(self.exp_avg_sq[i]) / (1 - beta2**self.step_count) ** 0.5 + self.eps
            param.data = param.data - step_size * self.exp_avg[i] / denom
