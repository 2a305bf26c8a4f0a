"""State in dictionaries keyed by id(param), one dictionary for each kind of buffer."""

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

    def gradient(self, param):
        if isinstance(param.grad, Tensor):
            return param.grad.data
        return param.grad


class SGD(Optimizer):
    def __init__(self, params, lr=0.01, momentum=0.0, weight_decay=0.0):
        super().__init__(params)
        self.lr = lr
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.momentum_buffers = {}

    def has_momentum(self):
        return self.momentum > 0

    def get_momentum_state(self):
        if not self.has_momentum():
            return None
        state = []
        for param in self.params:
            buffer = self.momentum_buffers.get(id(param))
            state.append(None if buffer is None else buffer.copy())
        return state

    def set_momentum_state(self, state):
        if state is None:
            return
        self.momentum_buffers.clear()
        for param, buffer in zip(self.params, state):
            if buffer is not None:
                self.momentum_buffers[id(param)] = buffer.copy()

    def step(self):
        for param in self.params:
            if param.grad is not None:
                grad = self.gradient(param)
                if self.weight_decay > 0:
                    grad = grad + self.weight_decay * param.data
                if self.momentum > 0:
                    if id(param) not in self.momentum_buffers:
                        self.momentum_buffers[id(param)] = np.zeros_like(param.data)
                    grad = self.momentum * self.momentum_buffers[id(param)] + grad
                    self.momentum_buffers[id(param)] = grad
                param.data = param.data - self.lr * grad
        self.step_count += 1


class Adam(Optimizer):
    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        super().__init__(params)
        self.lr = lr
        self.beta1, self.beta2 = betas
        self.eps = eps
        self.weight_decay = weight_decay
        self.first_moment = {}
        self.second_moment = {}

    def step(self):
        self.step_count += 1
        for param in self.params:
            if param.grad is not None:
                grad = self.gradient(param) + self.weight_decay * param.data
                key = id(param)
                if key not in self.first_moment:
                    self.first_moment[key] = np.zeros_like(param.data)
                    self.second_moment[key] = np.zeros_like(param.data)
                m = self.first_moment[key] = self.beta1 * self.first_moment[key] + (1 - self.beta1) * grad
                v = self.second_moment[key] = self.beta2 * self.second_moment[key] + (1 - self.beta2) * grad**2
                m = m / (1 - self.beta1**self.step_count)
                v = v / (1 - self.beta2**self.step_count)
                param.data = param.data - self.lr * m / (np.sqrt(v) + self.eps)


class AdamW(Optimizer):
    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
        super().__init__(params)
        self.lr = lr
        self.beta1, self.beta2 = betas
        self.eps = eps
        self.weight_decay = weight_decay
        self.first_moment = {}
        self.second_moment = {}

    def step(self):
        self.step_count += 1
        for param in self.params:
            if param.grad is not None:
                grad = self.gradient(param)
                key = id(param)
                if key not in self.first_moment:
                    self.first_moment[key] = np.zeros_like(param.data)
                    self.second_moment[key] = np.zeros_like(param.data)
                m = self.first_moment[key] = self.beta1 * self.first_moment[key] + (1 - self.beta1) * grad
                v = self.second_moment[key] = self.beta2 * self.second_moment[key] + (1 - self.beta2) * grad**2
                m = m / (1 - self.beta1**self.step_count)
                v = v / (1 - self.beta2**self.step_count)
                param.data = param.data - self.lr * m / (np.sqrt(v) + self.eps)
                param.data = param.data * (1 - self.lr * self.weight_decay)
