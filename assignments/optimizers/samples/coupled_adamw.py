"""Module 07: Optimizers

AdamW is Adam with weight decay switched on, so it can reuse everything from Adam.
"""

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
        self.momentum_buffers = [None] * len(self.params)

    def has_momentum(self):
        return self.momentum > 0

    def get_momentum_state(self):
        if not self.has_momentum():
            return None
        return [b.copy() if b is not None else None for b in self.momentum_buffers]

    def set_momentum_state(self, state):
        if state is None or not self.has_momentum():
            return
        self.momentum_buffers = [b.copy() if b is not None else None for b in state]

    def step(self):
        for i, param in enumerate(self.params):
            if param.grad is None:
                continue
            g = param.grad.data if isinstance(param.grad, Tensor) else param.grad
            g = g + self.weight_decay * param.data
            if self.has_momentum():
                if self.momentum_buffers[i] is None:
                    self.momentum_buffers[i] = np.zeros_like(param.data)
                self.momentum_buffers[i] = self.momentum * self.momentum_buffers[i] + g
                g = self.momentum_buffers[i]
            param.data = param.data - self.lr * g
        self.step_count += 1


class Adam(Optimizer):
    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        super().__init__(params)
        self.lr = lr
        self.beta1, self.beta2 = betas
        self.eps = eps
        self.weight_decay = weight_decay
        self.m_buffers = [None] * len(self.params)
        self.v_buffers = [None] * len(self.params)

    def step(self):
        self.step_count += 1
        for i, param in enumerate(self.params):
            if param.grad is None:
                continue
            g = param.grad.data if isinstance(param.grad, Tensor) else param.grad
            # weight decay: pull the weights towards zero
            g = g + self.weight_decay * param.data
            if self.m_buffers[i] is None:
                self.m_buffers[i] = np.zeros_like(param.data)
                self.v_buffers[i] = np.zeros_like(param.data)
            self.m_buffers[i] = self.beta1 * self.m_buffers[i] + (1 - self.beta1) * g
            self.v_buffers[i] = self.beta2 * self.v_buffers[i] + (1 - self.beta2) * g**2
            m_hat = self.m_buffers[i] / (1 - self.beta1**self.step_count)
            v_hat = self.v_buffers[i] / (1 - self.beta2**self.step_count)
            param.data = param.data - self.lr * m_hat / (np.sqrt(v_hat) + self.eps)


class AdamW(Adam):
    # W is for weight decay. Adam can already do that, only the default is different.
    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
        super().__init__(params, lr, betas, eps, weight_decay)
