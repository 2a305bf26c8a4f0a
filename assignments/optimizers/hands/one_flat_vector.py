"""All parameters laid end to end in one flat vector, so that each rule is written once for all of them."""

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

    def flatten(self, arrays):
        return np.concatenate([np.ravel(a) for a in arrays])

    def split(self, flat):
        """The flat vector as arrays of the parameters' shapes."""
        ends = np.cumsum([param.data.size for param in self.params])
        parts = np.split(flat, ends[:-1])
        return [part.reshape(param.data.shape) for part, param in zip(parts, self.params)]

    def collect(self):
        """Parameters, gradients (zero where there is none) and a mask of what has a gradient."""
        theta = self.flatten([param.data for param in self.params])
        grads, has_grad = [], []
        for param in self.params:
            grad = param.grad.data if isinstance(param.grad, Tensor) else param.grad
            grads.append(np.zeros_like(param.data) if grad is None else grad)
            has_grad.append(np.full(param.data.shape, grad is not None))
        return theta, self.flatten(grads), self.flatten(has_grad)

    def write(self, theta):
        for param, values in zip(self.params, self.split(theta)):
            if param.grad is not None:
                param.data = values.astype(param.data.dtype)


class SGD(Optimizer):
    def __init__(self, params, lr=0.01, momentum=0.0, weight_decay=0.0):
        super().__init__(params)
        self.lr = lr
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.velocity = None

    def has_momentum(self):
        return self.momentum > 0

    def get_momentum_state(self):
        if not self.has_momentum():
            return None
        if self.velocity is None:
            return [None] * len(self.params)
        return [part.copy() for part in self.split(self.velocity)]

    def set_momentum_state(self, state):
        if state is None or any(part is None for part in state):
            self.velocity = None
        else:
            self.velocity = self.flatten(state)

    def step(self):
        self.step_count += 1
        theta, grad, on = self.collect()
        update = grad + self.weight_decay * theta
        if self.has_momentum():
            if self.velocity is None:
                self.velocity = np.zeros_like(theta)
            self.velocity = np.where(on, self.momentum * self.velocity + update, self.velocity)
            update = self.velocity
        self.write(theta - self.lr * update)


class Adam(Optimizer):
    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        super().__init__(params)
        self.lr = lr
        self.beta1, self.beta2 = betas
        self.eps = eps
        self.weight_decay = weight_decay
        self.m = None
        self.v = None

    def adaptive(self, grad, on):
        if self.m is None:
            self.m, self.v = np.zeros_like(grad), np.zeros_like(grad)
        self.m = np.where(on, self.beta1 * self.m + (1 - self.beta1) * grad, self.m)
        self.v = np.where(on, self.beta2 * self.v + (1 - self.beta2) * grad**2, self.v)
        m_hat = self.m / (1 - self.beta1**self.step_count)
        v_hat = self.v / (1 - self.beta2**self.step_count)
        return m_hat / (np.sqrt(v_hat) + self.eps)

    def step(self):
        self.step_count += 1
        theta, grad, on = self.collect()
        self.write(theta - self.lr * self.adaptive(grad + self.weight_decay * theta, on))


class AdamW(Adam):
    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
        super().__init__(params, lr, betas, eps, weight_decay)

    def step(self):
        self.step_count += 1
        theta, grad, on = self.collect()
        theta = theta - self.lr * self.adaptive(grad, on)
        self.write(theta * (1 - self.lr * self.weight_decay))
