"""NumPy's ufuncs by name, with out=, so that no temporary array is made twice."""

import numpy as np

from tinytorch.core.tensor import Tensor


def gradient(param):
    return np.asarray(param.grad.data if isinstance(param.grad, Tensor) else param.grad)


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
        self.velocity = [None] * len(self.params)

    def has_momentum(self):
        return self.momentum > 0

    def get_momentum_state(self):
        if not self.has_momentum():
            return None
        return [None if v is None else np.copy(v) for v in self.velocity]

    def set_momentum_state(self, state):
        if state is None:
            return
        self.velocity = [None if v is None else np.copy(v) for v in state]

    def step(self):
        self.step_count += 1
        for i, param in enumerate(self.params):
            if param.grad is None:
                continue
            work = np.empty_like(param.data)
            np.multiply(param.data, self.weight_decay, out=work)
            np.add(work, gradient(param), out=work)
            if self.has_momentum():
                if self.velocity[i] is None:
                    self.velocity[i] = np.zeros_like(param.data)
                np.multiply(self.velocity[i], self.momentum, out=self.velocity[i])
                np.add(self.velocity[i], work, out=self.velocity[i])
                np.copyto(work, self.velocity[i])
            np.multiply(work, self.lr, out=work)
            np.subtract(param.data, work, out=param.data)


class Adam(Optimizer):
    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        super().__init__(params)
        self.lr = lr
        self.betas = betas
        self.eps = eps
        self.weight_decay = weight_decay
        self.m = [None] * len(self.params)
        self.v = [None] * len(self.params)

    def update(self, i, param, grad):
        """One Adam step on param.data."""
        beta1, beta2 = self.betas
        if self.m[i] is None:
            self.m[i] = np.zeros_like(param.data)
            self.v[i] = np.zeros_like(param.data)
        m, v = self.m[i], self.v[i]
        work = np.multiply(grad, 1 - beta1, out=np.empty_like(m))
        np.multiply(m, beta1, out=m)
        np.add(m, work, out=m)
        np.square(grad, out=work)
        np.multiply(work, 1 - beta2, out=work)
        np.multiply(v, beta2, out=v)
        np.add(v, work, out=v)
        np.divide(v, 1 - beta2**self.step_count, out=work)
        np.sqrt(work, out=work)
        np.add(work, self.eps, out=work)
        np.divide(m, work, out=work)
        np.multiply(work, self.lr / (1 - beta1**self.step_count), out=work)
        np.subtract(param.data, work, out=param.data)

    def step(self):
        self.step_count += 1
        for i, param in enumerate(self.params):
            if param.grad is not None:
                decay = np.multiply(param.data, self.weight_decay)
                self.update(i, param, np.add(gradient(param), np.where(self.weight_decay != 0, decay, 0)))


class AdamW(Adam):
    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
        super().__init__(params, lr, betas, eps, weight_decay)

    def step(self):
        self.step_count += 1
        for i, param in enumerate(self.params):
            if param.grad is not None:
                self.update(i, param, gradient(param))
                np.multiply(param.data, 1 - self.lr * self.weight_decay, out=param.data)
