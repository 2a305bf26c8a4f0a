"""Like torch: settings live in a group, state in a dictionary of each parameter."""

from collections import defaultdict

import numpy as np

from tinytorch.core.tensor import Tensor


class Optimizer:
    def __init__(self, params, **defaults):
        self.params = list(params)
        self.group = {"params": self.params, **defaults}
        self.state = defaultdict(dict)
        self.step_count = 0

    def __getattr__(self, name):
        group = self.__dict__.get("group", {})
        if name in group:
            return group[name]
        raise AttributeError(name)

    def __setattr__(self, name, value):
        if name in self.__dict__.get("group", {}):
            self.group[name] = value
        else:
            super().__setattr__(name, value)

    def zero_grad(self):
        for p in self.group["params"]:
            p.grad = None

    @staticmethod
    def grad_of(p):
        return p.grad.data if isinstance(p.grad, Tensor) else np.asarray(p.grad)

    def step(self):
        raise NotImplementedError


class SGD(Optimizer):
    def __init__(self, params, lr=0.01, momentum=0.0, weight_decay=0.0):
        super().__init__(params, lr=lr, momentum=momentum, weight_decay=weight_decay)

    def has_momentum(self):
        return self.group["momentum"] > 0

    def get_momentum_state(self):
        if not self.has_momentum():
            return None
        buffers = [self.state[id(p)].get("momentum_buffer") for p in self.params]
        return [None if b is None else b.copy() for b in buffers]

    def set_momentum_state(self, state):
        if state is None or not self.has_momentum():
            return
        if len(state) != len(self.params):
            raise ValueError("one buffer for each parameter")
        for p, buffer in zip(self.params, state):
            if buffer is None:
                self.state[id(p)].pop("momentum_buffer", None)
            else:
                self.state[id(p)]["momentum_buffer"] = np.array(buffer)

    def step(self):
        self.step_count += 1
        group = self.group
        for p in group["params"]:
            if p.grad is None:
                continue
            d_p = self.grad_of(p)
            if group["weight_decay"] != 0:
                d_p = d_p + group["weight_decay"] * p.data
            if group["momentum"] != 0:
                state = self.state[id(p)]
                if "momentum_buffer" not in state:
                    state["momentum_buffer"] = np.zeros_like(p.data)
                buf = state["momentum_buffer"]
                buf *= group["momentum"]
                buf += d_p
                d_p = buf
            p.data = p.data - group["lr"] * d_p


class Adam(Optimizer):
    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        super().__init__(params, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay)

    def _decay(self, p, grad):
        if self.group["weight_decay"] != 0:
            grad = grad + self.group["weight_decay"] * p.data
        return grad

    def _adam(self, p, grad):
        group, state = self.group, self.state[id(p)]
        beta1, beta2 = group["betas"]
        if len(state) == 0:
            state["exp_avg"] = np.zeros_like(p.data)
            state["exp_avg_sq"] = np.zeros_like(p.data)
        exp_avg, exp_avg_sq = state["exp_avg"], state["exp_avg_sq"]
        exp_avg *= beta1
        exp_avg += (1 - beta1) * grad
        exp_avg_sq *= beta2
        exp_avg_sq += (1 - beta2) * grad * grad
        bias_correction1 = 1 - beta1**self.step_count
        bias_correction2 = 1 - beta2**self.step_count
        denom = np.sqrt(exp_avg_sq) / bias_correction2**0.5 + group["eps"]
        step_size = group["lr"] / bias_correction1
        p.data = p.data - step_size * exp_avg / denom

    def step(self):
        self.step_count += 1
        for p in self.group["params"]:
            if p.grad is not None:
                self._adam(p, self._decay(p, self.grad_of(p)))


class AdamW(Adam):
    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
        super().__init__(params, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay)

    def _decay(self, p, grad):
        p.data = p.data * (1 - self.group["lr"] * self.group["weight_decay"])
        return grad
