"""State under made-up names; getattr, setattr and chained assignments."""
import numpy as np
from tinytorch.core.tensor import Tensor


class Buffers:
    pass


class Optimizer:
    def __init__(self, params, lr=None, weight_decay=0.0):
        self.params = list(params)
        self.step_count = 0
        self.lr, self.weight_decay = lr, weight_decay
        self.buffers = Buffers()

    def zero_grad(self):
        for p in self.params:
            if getattr(p, "grad", None) is not None:
                setattr(p, "grad", None)

    def load(self, name, i, like):
        key = f"{name}_{i}"
        if not hasattr(self.buffers, key):
            setattr(self.buffers, key, np.zeros_like(like))
        return getattr(self.buffers, key)

    def save(self, name, i, value):
        setattr(self.buffers, f"{name}_{i}", np.asarray(value))

    def gradient(self, p):
        return p.grad.data if isinstance(p.grad, Tensor) else p.grad

    def step(self):
        raise NotImplementedError


class SGD(Optimizer):
    def __init__(self, params, lr=0.01, momentum=0.0, weight_decay=0.0):
        super().__init__(params, lr, weight_decay)
        self.momentum = momentum

    def has_momentum(self):
        return self.momentum > 0

    def get_momentum_state(self):
        if not self.has_momentum():
            return None
        names = [f"velocity_{i}" for i in range(len(self.params))]
        return [np.copy(vars(self.buffers)[n]) if n in vars(self.buffers) else None for n in names]

    def set_momentum_state(self, state):
        if not self.has_momentum() or state is None:
            return
        self.buffers = Buffers()
        for i, value in enumerate(state):
            if value is not None:
                self.save("velocity", i, np.copy(value))

    def step(self):
        self.step_count += 1
        for i, p in enumerate(self.params):
            if p.grad is None:
                continue
            grad = self.gradient(p) + self.weight_decay * p.data
            if self.has_momentum():
                velocity = self.load("velocity", i, p.data)
                grad = velocity = self.momentum * velocity + grad
                self.save("velocity", i, velocity)
            p.data = np.asarray(p.data - self.lr * grad, dtype=p.data.dtype)


class Adam(Optimizer):
    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        super().__init__(params, lr, weight_decay)
        self.betas, self.eps = betas, eps

    def average(self, name, i, new, beta):
        old = self.load(name, i, new)
        now = old + (1 - beta) * (new - old)
        self.save(name, i, now)
        return now / (1 - beta ** self.step_count)

    def adapted(self, i, grad):
        mean = self.average("mean", i, grad, self.betas[0])
        square = self.average("square", i, grad * grad, self.betas[1])
        return self.lr * mean / (square ** 0.5 + self.eps)

    def step(self):
        self.step_count += 1
        for i, p in enumerate(self.params):
            if p.grad is None:
                continue
            grad = self.gradient(p) + self.weight_decay * p.data
            p.data = np.asarray(p.data - self.adapted(i, grad), dtype=p.data.dtype)


class AdamW(Adam):
    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
        super().__init__(params, lr, betas, eps, weight_decay)

    def step(self):
        self.step_count += 1
        for i, p in enumerate(self.params):
            if p.grad is None:
                continue
            old = p.data
            new = old - self.adapted(i, self.gradient(p))
            new -= self.lr * self.weight_decay * new
            p.data = np.asarray(new, dtype=old.dtype)
