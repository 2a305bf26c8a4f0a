"""All state in one dictionary for each optimizer: state[i]["m"], keyed by the parameter's index."""

import numpy as np

from tinytorch.core.tensor import Tensor


class Optimizer:
    def __init__(self, params, **defaults):
        self.params = list(params)
        self.step_count = 0
        self.state = {}
        for name, value in defaults.items():
            setattr(self, name, value)

    def zero_grad(self):
        for param in self.params:
            param.grad = None

    def step(self):
        raise NotImplementedError("Optimizer has no rule of its own")

    def live(self):
        """Index, parameter, gradient and state of what has a gradient."""
        for i, param in enumerate(self.params):
            if param.grad is None:
                continue
            grad = param.grad.data if isinstance(param.grad, Tensor) else param.grad
            yield param, grad, self.state.setdefault(i, {})


class SGD(Optimizer):
    def __init__(self, params, lr=0.01, momentum=0.0, weight_decay=0.0):
        super().__init__(params, lr=lr, momentum=momentum, weight_decay=weight_decay)

    def has_momentum(self):
        return self.momentum != 0

    def get_momentum_state(self):
        if not self.has_momentum():
            return None
        kept = [self.state.get(i, {}).get("v") for i in range(len(self.params))]
        return [None if v is None else v.copy() for v in kept]

    def set_momentum_state(self, state):
        if state is None:
            return
        self.state = {i: {"v": v.copy()} for i, v in enumerate(state) if v is not None}

    def step(self):
        self.step_count += 1
        for param, grad, state in self.live():
            update = grad + self.weight_decay * param.data
            if self.has_momentum():
                update = self.momentum * state.get("v", 0.0) + update
                state["v"] = update
            param.data = param.data - self.lr * update


class Adam(Optimizer):
    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        super().__init__(params, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay)

    def step(self):
        self.step_count += 1
        beta1, beta2 = self.betas
        for param, grad, state in self.live():
            grad = grad + self.weight_decay * param.data
            state["m"] = beta1 * state.get("m", 0.0) + (1 - beta1) * grad
            state["v"] = beta2 * state.get("v", 0.0) + (1 - beta2) * grad**2
            m_hat = state["m"] / (1 - beta1**self.step_count)
            v_hat = state["v"] / (1 - beta2**self.step_count)
            param.data = param.data - self.lr * m_hat / (np.sqrt(v_hat) + self.eps)


class AdamW(Optimizer):
    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
        super().__init__(params, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay)

    def step(self):
        self.step_count += 1
        beta1, beta2 = self.betas
        for param, grad, state in self.live():
            state["m"] = beta1 * state.get("m", 0.0) + (1 - beta1) * grad
            state["v"] = beta2 * state.get("v", 0.0) + (1 - beta2) * grad**2
            m_hat = state["m"] / (1 - beta1**self.step_count)
            v_hat = state["v"] / (1 - beta2**self.step_count)
            moved = param.data - self.lr * m_hat / (np.sqrt(v_hat) + self.eps)
            param.data = moved - self.lr * self.weight_decay * moved
