"""t is counted for each parameter, as torch does: one that skipped steps is corrected for its own age."""

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

    def grad_of(self, param):
        return param.grad.data if isinstance(param.grad, Tensor) else param.grad


class SGD(Optimizer):
    def __init__(self, params, lr=0.01, momentum=0.0, weight_decay=0.0):
        super().__init__(params)
        self.lr = lr
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.velocity = [None] * len(self.params)

    def has_momentum(self):
        return self.momentum > 0

    def get_momentum_state(self):
        if not self.has_momentum():
            return None
        return [None if v is None else v.copy() for v in self.velocity]

    def set_momentum_state(self, state):
        if state is not None:
            self.velocity = [None if v is None else v.copy() for v in state]

    def step(self):
        self.step_count += 1
        for i, param in enumerate(self.params):
            if param.grad is None:
                continue
            update = self.grad_of(param) + self.weight_decay * param.data
            if self.has_momentum():
                if self.velocity[i] is not None:
                    update = update + self.momentum * self.velocity[i]
                self.velocity[i] = update
            param.data = param.data - self.lr * update


class Adam(Optimizer):
    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        super().__init__(params)
        self.lr = lr
        self.beta1, self.beta2 = betas
        self.eps = eps
        self.weight_decay = weight_decay
        self.m = [None] * len(self.params)
        self.v = [None] * len(self.params)
        self.update_counts = [0] * len(self.params)

    def step(self):
        self.step_count += 1
        for i, param in enumerate(self.params):
            if param.grad is None:
                continue
            grad = self.grad_of(param) + self.weight_decay * param.data
            self.update_counts[i] += 1
            t = self.update_counts[i]
            if t == 1:
                self.m[i] = np.zeros_like(param.data)
                self.v[i] = np.zeros_like(param.data)
            self.m[i] = self.beta1 * self.m[i] + (1 - self.beta1) * grad
            self.v[i] = self.beta2 * self.v[i] + (1 - self.beta2) * grad**2
            m_hat = self.m[i] / (1 - self.beta1**t)
            v_hat = self.v[i] / (1 - self.beta2**t)
            param.data = param.data - self.lr * m_hat / (np.sqrt(v_hat) + self.eps)


class AdamW(Optimizer):
    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
        super().__init__(params)
        self.lr = lr
        self.beta1, self.beta2 = betas
        self.eps = eps
        self.weight_decay = weight_decay
        self.m = [None] * len(self.params)
        self.v = [None] * len(self.params)
        self.update_counts = [0] * len(self.params)

    def step(self):
        self.step_count += 1
        for i, param in enumerate(self.params):
            if param.grad is None:
                continue
            grad = self.grad_of(param)
            self.update_counts[i] += 1
            t = self.update_counts[i]
            if t == 1:
                self.m[i] = np.zeros_like(param.data)
                self.v[i] = np.zeros_like(param.data)
            self.m[i] = self.beta1 * self.m[i] + (1 - self.beta1) * grad
            self.v[i] = self.beta2 * self.v[i] + (1 - self.beta2) * grad**2
            m_hat = self.m[i] / (1 - self.beta1**t)
            v_hat = self.v[i] / (1 - self.beta2**t)
            param.data = param.data - self.lr * m_hat / (np.sqrt(v_hat) + self.eps)
            param.data = param.data * (1 - self.lr * self.weight_decay)
