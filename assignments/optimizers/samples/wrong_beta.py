"""optimizers.py: SGD, Adam and AdamW."""

import numpy as np

from tinytorch.core.tensor import Tensor


class Optimizer:
    """Base class, keeps the parameters."""

    def __init__(self, params):
        self.params = list(params)
        self.step_count = 0

    def zero_grad(self):
        for param in self.params:
            param.grad = None

    def step(self):
        raise NotImplementedError("use SGD, Adam or AdamW")

    def grad_array(self, param):
        grad = param.grad
        if isinstance(grad, Tensor):
            grad = grad.data
        return grad


class SGD(Optimizer):
    def __init__(self, params, lr=0.01, momentum=0.0, weight_decay=0.0):
        super().__init__(params)
        self.lr = lr
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.buffers = {}

    def has_momentum(self):
        return self.momentum != 0.0

    def get_momentum_state(self):
        if not self.has_momentum():
            return None
        state = []
        for i in range(len(self.params)):
            if i in self.buffers:
                state.append(np.copy(self.buffers[i]))
            else:
                state.append(None)
        return state

    def set_momentum_state(self, state):
        if state is None:
            return
        self.buffers = {}
        for i, buf in enumerate(state):
            if buf is not None:
                self.buffers[i] = np.copy(buf)

    def step(self):
        self.step_count += 1
        for i, param in enumerate(self.params):
            if param.grad is None:
                continue
            grad = self.grad_array(param)
            if self.weight_decay != 0:
                grad = grad + self.weight_decay * param.data
            if self.has_momentum():
                if i in self.buffers:
                    self.buffers[i] = self.momentum * self.buffers[i] + grad
                else:
                    self.buffers[i] = np.copy(grad)
                grad = self.buffers[i]
            param.data = param.data - self.lr * grad


class Adam(Optimizer):
    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        super().__init__(params)
        self.lr = lr
        self.betas = betas
        self.eps = eps
        self.weight_decay = weight_decay
        self.moments = {}

    def step(self):
        self.step_count += 1
        beta1, beta2 = self.betas
        for i, param in enumerate(self.params):
            if param.grad is None:
                continue
            grad = self.grad_array(param)
            if self.weight_decay != 0:
                grad = grad + self.weight_decay * param.data
            if i not in self.moments:
                self.moments[i] = (np.zeros_like(param.data), np.zeros_like(param.data))
            m, v = self.moments[i]
            m = beta1 * m + (1 - beta1) * grad  # momentum
            v = beta2 * v + (1 - beta2) * grad * grad  # size of the gradients
            self.moments[i] = (m, v)
            # both averages start at zero: undo that
            m_hat = m / (1 - beta1**self.step_count)
            v_hat = v / (1 - beta1**self.step_count)
            # every weight gets its own learning rate
            param.data = param.data - self.lr * m_hat / (np.sqrt(v_hat) + self.eps)


class AdamW(Optimizer):
    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
        super().__init__(params)
        self.lr = lr
        self.betas = betas
        self.eps = eps
        self.weight_decay = weight_decay
        self.moments = {}

    def step(self):
        self.step_count += 1
        beta1, beta2 = self.betas
        for i, param in enumerate(self.params):
            if param.grad is None:
                continue
            grad = self.grad_array(param)
            if i not in self.moments:
                self.moments[i] = (np.zeros_like(param.data), np.zeros_like(param.data))
            m, v = self.moments[i]
            m = beta1 * m + (1 - beta1) * grad
            v = beta2 * v + (1 - beta2) * grad * grad
            self.moments[i] = (m, v)
            m_hat = m / (1 - beta1**self.step_count)
            v_hat = v / (1 - beta2**self.step_count)
            param.data = param.data - self.lr * m_hat / (np.sqrt(v_hat) + self.eps)
            # weight decay on the weights themselves, not on the gradient
            param.data = param.data * (1 - self.lr * self.weight_decay)
