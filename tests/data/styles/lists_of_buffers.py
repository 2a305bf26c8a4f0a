import math
import numpy as np
from tinytorch.core.tensor import Tensor


def _sgd(params, d_p_list, momentum_buffer_list, *, weight_decay, momentum, lr):
    for i, param in enumerate(params):
        d_p = d_p_list[i]
        if weight_decay != 0:
            d_p = d_p + param.data * weight_decay
        if momentum != 0:
            buf = momentum_buffer_list[i]
            if buf is None:
                buf = np.array(d_p)
                momentum_buffer_list[i] = buf
            else:
                buf *= momentum
                buf += d_p
            d_p = buf
        param.data = np.asarray(param.data - lr * d_p, dtype=param.data.dtype)


def _adam(params, grads, exp_avgs, exp_avg_sqs, steps, *, beta1, beta2, lr, weight_decay, eps):
    for i, param in enumerate(params):
        grad = grads[i]
        exp_avg = exp_avgs[i]
        exp_avg_sq = exp_avg_sqs[i]
        step = steps[i]
        if weight_decay != 0:
            grad = grad + param.data * weight_decay
        exp_avg *= beta1
        exp_avg += (1 - beta1) * grad
        exp_avg_sq *= beta2
        exp_avg_sq += (1 - beta2) * grad * grad
        bias_correction1 = 1 - beta1**step
        bias_correction2 = 1 - beta2**step
        step_size = lr / bias_correction1
        denom = np.sqrt(exp_avg_sq) / math.sqrt(bias_correction2) + eps
        param.data = np.asarray(param.data - step_size * (exp_avg / denom), dtype=param.data.dtype)


class Optimizer:
    def __init__(self, params):
        self.params = list(params)
        self.step_count = 0
        self.state = {}

    def zero_grad(self):
        for p in self.params:
            p.grad = None

    def step(self):
        raise NotImplementedError

    def _with_grad(self):
        found = [p for p in self.params if p.grad is not None]
        return found, [p.grad.data if isinstance(p.grad, Tensor) else p.grad for p in found]


class SGD(Optimizer):
    def __init__(self, params, lr=0.01, momentum=0.0, weight_decay=0.0):
        super().__init__(params)
        self.lr = lr
        self.momentum = momentum
        self.weight_decay = weight_decay

    def has_momentum(self):
        return self.momentum != 0

    def get_momentum_state(self):
        if not self.has_momentum():
            return None
        buffers = [self.state.get(id(p)) for p in self.params]
        return [b if b is None else b.copy() for b in buffers]

    def set_momentum_state(self, state):
        if state is None or not self.has_momentum():
            return
        self.state = {id(p): np.array(b) for p, b in zip(self.params, state) if b is not None}

    def step(self):
        self.step_count += 1
        params, d_p_list = self._with_grad()
        momentum_buffer_list = [self.state.get(id(p)) for p in params]
        _sgd(params, d_p_list, momentum_buffer_list, weight_decay=self.weight_decay, momentum=self.momentum, lr=self.lr)
        if self.has_momentum():
            for p, momentum_buffer in zip(params, momentum_buffer_list):
                self.state[id(p)] = momentum_buffer


class Adam(Optimizer):
    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        super().__init__(params)
        self.lr = lr
        self.betas = betas
        self.eps = eps
        self.weight_decay = weight_decay

    def _collect(self):
        params, grads = self._with_grad()
        exp_avgs, exp_avg_sqs, steps = [], [], []
        for p in params:
            if id(p) not in self.state:
                self.state[id(p)] = {"step": 0, "exp_avg": np.zeros_like(p.data), "exp_avg_sq": np.zeros_like(p.data)}
            state = self.state[id(p)]
            state["step"] += 1
            exp_avgs.append(state["exp_avg"])
            exp_avg_sqs.append(state["exp_avg_sq"])
            steps.append(state["step"])
        return params, grads, exp_avgs, exp_avg_sqs, steps

    def step(self):
        self.step_count += 1
        beta1, beta2 = self.betas
        _adam(*self._collect(), beta1=beta1, beta2=beta2, lr=self.lr, weight_decay=self.weight_decay, eps=self.eps)


class AdamW(Adam):
    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
        super().__init__(params, lr, betas, eps, weight_decay)

    def step(self):
        self.step_count += 1
        beta1, beta2 = self.betas
        params, *rest = self._collect()
        for p in params:
            p.data = np.asarray(p.data * (1 - self.lr * self.weight_decay), dtype=p.data.dtype)
        _adam(params, *rest, beta1=beta1, beta2=beta2, lr=self.lr, weight_decay=0, eps=self.eps)
