"""An optimizer is a chain of small transformations (as in optax)."""
from functools import partial, reduce

import numpy as np
from tinytorch.core.tensor import Tensor


def add_decay(rate, update, w, memory, t):
    return update + rate * w


def trace(decay, update, w, memory, t):
    previous = memory.get("trace")
    memory["trace"] = np.array(update) if previous is None else decay * previous + update
    return memory["trace"]


def scale_by_adam(b1, b2, eps, update, w, memory, t):
    mu = memory["mu"] = b1 * memory.get("mu", 0) + (1 - b1) * update
    nu = memory["nu"] = b2 * memory.get("nu", 0) + (1 - b2) * update**2
    mu_hat = mu / (1 - b1**t)
    nu_hat = nu / (1 - b2**t)
    return mu_hat / (np.sqrt(nu_hat) + eps)


def scale(factor, update, w, memory, t):
    return factor * update


class Optimizer:
    def __init__(self, params):
        self.params = list(params)
        self.memories = [{} for _ in self.params]
        self.step_count = 0

    def zero_grad(self):
        for p in self.params:
            p.grad = None

    def chain(self):
        raise NotImplementedError

    def finish(self, w):
        return w

    def step(self):
        chain = self.chain()
        self.step_count += 1
        for p, memory in zip(self.params, self.memories):
            if p.grad is None:
                continue
            g = p.grad.data if isinstance(p.grad, Tensor) else p.grad
            update = reduce(lambda u, link: link(u, p.data, memory, self.step_count), chain, g)
            p.data = np.asarray(self.finish(p.data - update), dtype=p.data.dtype)


class SGD(Optimizer):
    def __init__(self, params, lr=0.01, momentum=0.0, weight_decay=0.0):
        super().__init__(params)
        self.lr = lr
        self.momentum = momentum
        self.weight_decay = weight_decay

    def has_momentum(self):
        return bool(self.momentum)

    def get_momentum_state(self):
        if not self.momentum:
            return None
        traces = [memory.get("trace") for memory in self.memories]
        return [None if t is None else np.array(t) for t in traces]

    def set_momentum_state(self, state):
        if state is None or not self.momentum:
            return
        for memory, value in zip(self.memories, state):
            if value is None:
                memory.pop("trace", None)
            else:
                memory["trace"] = np.array(value)

    def chain(self):
        links = [partial(add_decay, self.weight_decay)]
        if self.has_momentum():
            links.append(partial(trace, self.momentum))
        return [*links, partial(scale, self.lr)]


class Adam(Optimizer):
    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        super().__init__(params)
        self.lr = lr
        self.betas = betas
        self.eps = eps
        self.weight_decay = weight_decay

    def chain(self):
        return [
            partial(add_decay, self.weight_decay),
            partial(scale_by_adam, *self.betas, self.eps),
            partial(scale, self.lr),
        ]


class AdamW(Adam):
    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
        super().__init__(params, lr, betas, eps, weight_decay)

    def chain(self):
        return super().chain()[1:]

    def finish(self, w):
        return w * (1 - self.lr * self.weight_decay)
