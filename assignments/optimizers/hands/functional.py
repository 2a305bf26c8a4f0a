"""The rules are pure functions, (θ, g, state, settings) to (θ, state); the classes only hold what goes in."""

import numpy as np

from tinytorch.core.tensor import Tensor


def sgd_rule(theta, g, v, *, lr, momentum, weight_decay):
    g = g + weight_decay * theta
    if momentum == 0:
        return theta - lr * g, None
    v = g if v is None else momentum * v + g
    return theta - lr * v, v


def adam_rule(theta, g, moments, *, t, lr, betas, eps, weight_decay):
    g = g + weight_decay * theta
    m, v = moments or (np.zeros_like(theta), np.zeros_like(theta))
    m = betas[0] * m + (1 - betas[0]) * g
    v = betas[1] * v + (1 - betas[1]) * g**2
    m_hat, v_hat = m / (1 - betas[0] ** t), v / (1 - betas[1] ** t)
    return theta - lr * m_hat / (np.sqrt(v_hat) + eps), (m, v)


def adamw_rule(theta, g, moments, *, t, lr, betas, eps, weight_decay):
    theta, moments = adam_rule(theta, g, moments, t=t, lr=lr, betas=betas, eps=eps, weight_decay=0.0)
    return theta * (1 - lr * weight_decay), moments


def apply(rule, params, states, **settings):
    """Applies a rule to every parameter with a gradient; returns the new states."""
    after = []
    for param, state in zip(params, states):
        if param.grad is not None:
            grad = param.grad.data if isinstance(param.grad, Tensor) else param.grad
            param.data, state = rule(param.data, grad, state, **settings)
        after.append(state)
    return after


class Optimizer:
    def __init__(self, params):
        self.params = list(params)
        self.step_count = 0
        self.states = [None for _ in self.params]

    def zero_grad(self):
        for param in self.params:
            param.grad = None

    def step(self):
        raise NotImplementedError


class SGD(Optimizer):
    def __init__(self, params, lr=0.01, momentum=0.0, weight_decay=0.0):
        super().__init__(params)
        self.lr, self.momentum, self.weight_decay = lr, momentum, weight_decay

    def has_momentum(self):
        return self.momentum != 0

    def get_momentum_state(self):
        return [None if v is None else v.copy() for v in self.states] if self.has_momentum() else None

    def set_momentum_state(self, state):
        if state is not None:
            self.states = [None if v is None else v.copy() for v in state]

    def step(self):
        self.step_count += 1
        self.states = apply(
            sgd_rule,
            self.params,
            self.states,
            lr=self.lr,
            momentum=self.momentum,
            weight_decay=self.weight_decay,
        )


class Adam(Optimizer):
    rule = staticmethod(adam_rule)

    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        super().__init__(params)
        self.lr, self.betas, self.eps, self.weight_decay = lr, betas, eps, weight_decay

    def step(self):
        self.step_count += 1
        self.states = apply(
            self.rule,
            self.params,
            self.states,
            t=self.step_count,
            lr=self.lr,
            betas=self.betas,
            eps=self.eps,
            weight_decay=self.weight_decay,
        )


class AdamW(Adam):
    rule = staticmethod(adamw_rule)

    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
        super().__init__(params, lr, betas, eps, weight_decay)
