"""Computes in float64 whatever the parameters hold, and casts back to their dtype at the end."""

import numpy as np


def as_float64(x):
    """An array or a Tensor (which NumPy can read too) as a fresh float64 array."""
    return np.array(x, dtype=np.float64)


class Optimizer:
    def __init__(self, params):
        self.params = list(params)
        self.step_count = 0

    def zero_grad(self):
        for param in self.params:
            param.grad = None

    def step(self):
        raise NotImplementedError

    def write_back(self, param, theta):
        param.data = np.asarray(theta).astype(param.data.dtype)


class SGD(Optimizer):
    def __init__(self, params, lr=0.01, momentum=0.0, weight_decay=0.0):
        super().__init__(params)
        self.lr = lr
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.velocity = [None for _ in self.params]

    def has_momentum(self):
        return bool(self.momentum)

    def get_momentum_state(self):
        return [None if v is None else v.copy() for v in self.velocity] if self.momentum else None

    def set_momentum_state(self, state):
        if state is not None and self.momentum:
            self.velocity = [None if v is None else as_float64(v) for v in state]

    def step(self):
        self.step_count += 1
        for i, param in enumerate(self.params):
            if param.grad is None:
                continue
            theta, g = as_float64(param.data), as_float64(param.grad)
            g += self.weight_decay * theta
            if self.momentum:
                if self.velocity[i] is None:
                    self.velocity[i] = np.zeros(theta.shape)
                self.velocity[i] = np.asarray(self.momentum * self.velocity[i] + g)
                g = self.velocity[i]
            self.write_back(param, theta - self.lr * g)


class Adam(Optimizer):
    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        super().__init__(params)
        self.lr = lr
        self.betas = np.array(betas)
        self.eps = eps
        self.weight_decay = weight_decay
        self.moments = [None for _ in self.params]

    def step(self):
        self.step_count += 1
        beta1, beta2 = self.betas
        for i, param in enumerate(self.params):
            if param.grad is None:
                continue
            theta, g = as_float64(param.data), as_float64(param.grad)
            g = g + self.weight_decay * theta
            m, v = self.moments[i] or (np.zeros(g.shape), np.zeros(g.shape))
            m = np.asarray(beta1 * m + (1 - beta1) * g)
            v = np.asarray(beta2 * v + (1 - beta2) * g * g)
            self.moments[i] = (m, v)
            m_hat, v_hat = m / (1 - beta1**self.step_count), v / (1 - beta2**self.step_count)
            self.write_back(param, theta - self.lr * m_hat / (np.sqrt(v_hat) + self.eps))


class AdamW(Optimizer):
    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
        super().__init__(params)
        self.lr = lr
        self.betas = np.array(betas)
        self.eps = eps
        self.weight_decay = weight_decay
        self.moments = [None for _ in self.params]

    def step(self):
        self.step_count += 1
        beta1, beta2 = self.betas
        for i, param in enumerate(self.params):
            if param.grad is None:
                continue
            theta, g = as_float64(param.data), as_float64(param.grad)
            m, v = self.moments[i] or (np.zeros(g.shape), np.zeros(g.shape))
            m = np.asarray(beta1 * m + (1 - beta1) * g)
            v = np.asarray(beta2 * v + (1 - beta2) * g * g)
            self.moments[i] = (m, v)
            m_hat, v_hat = m / (1 - beta1**self.step_count), v / (1 - beta2**self.step_count)
            theta = theta - self.lr * m_hat / (np.sqrt(v_hat) + self.eps)
            self.write_back(param, theta * (1 - self.lr * self.weight_decay))
