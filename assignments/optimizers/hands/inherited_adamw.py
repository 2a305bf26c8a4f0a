"""AdamW inherits from Adam and overrides only where the decay goes."""

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

    @staticmethod
    def _gradient(param):
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
        if self.has_momentum():
            return [None if v is None else np.array(v, copy=True) for v in self.velocity]
        return None

    def set_momentum_state(self, state):
        if self.has_momentum() and state is not None:
            self.velocity = [None if v is None else np.array(v, copy=True) for v in state]

    def step(self):
        for i, param in enumerate(self.params):
            if param.grad is None:
                continue
            grad = self._gradient(param)
            if self.weight_decay != 0:
                grad = grad + self.weight_decay * param.data
            if self.has_momentum():
                if self.velocity[i] is None:
                    self.velocity[i] = np.zeros_like(param.data)
                self.velocity[i] = self.momentum * self.velocity[i] + grad
                grad = self.velocity[i]
            param.data = param.data - self.lr * grad
        self.step_count += 1


class Adam(Optimizer):
    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        super().__init__(params)
        self.lr = lr
        self.beta1, self.beta2 = betas
        self.eps = eps
        self.weight_decay = weight_decay
        self.m = [None] * len(self.params)
        self.v = [None] * len(self.params)

    def before_moments(self, param, grad):
        return grad + self.weight_decay * param.data

    def after_step(self, param):
        pass

    def step(self):
        self.step_count += 1
        for i, param in enumerate(self.params):
            if param.grad is None:
                continue
            grad = self.before_moments(param, self._gradient(param))
            if self.m[i] is None:
                self.m[i] = np.zeros_like(param.data)
                self.v[i] = np.zeros_like(param.data)
            self.m[i] = self.beta1 * self.m[i] + (1 - self.beta1) * grad
            self.v[i] = self.beta2 * self.v[i] + (1 - self.beta2) * grad**2
            m_hat = self.m[i] / (1 - self.beta1**self.step_count)
            v_hat = self.v[i] / (1 - self.beta2**self.step_count)
            param.data = param.data - self.lr * m_hat / (np.sqrt(v_hat) + self.eps)
            self.after_step(param)


class AdamW(Adam):
    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
        super().__init__(params, lr, betas, eps, weight_decay)

    def before_moments(self, param, grad):
        return grad

    def after_step(self, param):
        param.data = param.data - self.lr * self.weight_decay * param.data
