"""Type hints everywhere, keyword arguments spelled out, and the abstract base class marked as one."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from tinytorch.core.tensor import Tensor

Array = NDArray[np.floating]
Buffer = Array | None


class Optimizer:
    params: list[Tensor]
    step_count: int

    def __init__(self, params: Iterable[Tensor]) -> None:
        self.params = list(params)
        self.step_count = 0

    def zero_grad(self) -> None:
        for param in self.params:
            param.grad = None

    @abstractmethod
    def step(self) -> None:
        raise NotImplementedError

    @staticmethod
    def gradient(param: Tensor) -> Array:
        grad: Tensor | Array = param.grad
        return grad.data if isinstance(grad, Tensor) else grad


class SGD(Optimizer):
    def __init__(
        self, params: Iterable[Tensor], lr: float = 0.01, momentum: float = 0.0, weight_decay: float = 0.0
    ) -> None:
        super().__init__(params)
        self.lr: float = lr
        self.momentum: float = momentum
        self.weight_decay: float = weight_decay
        self.velocities: list[Buffer] = [None] * len(self.params)

    def has_momentum(self) -> bool:
        return self.momentum > 0

    def get_momentum_state(self) -> list[Buffer] | None:
        return [None if v is None else v.copy() for v in self.velocities] if self.has_momentum() else None

    def set_momentum_state(self, state: list[Buffer] | None) -> None:
        if state is None:
            return
        self.velocities = [None if v is None else v.copy() for v in state]

    def step(self) -> None:
        self.step_count += 1
        for index, param in enumerate(self.params):
            if param.grad is None:
                continue
            direction: Array = self.gradient(param)
            if self.weight_decay:
                direction = direction + self.weight_decay * param.data
            if self.has_momentum():
                velocity: Buffer = self.velocities[index]
                if velocity is None:
                    velocity = np.zeros_like(param.data)
                direction = self.momentum * velocity + direction
                self.velocities[index] = direction
            param.data = param.data - self.lr * direction


class _Adaptive(Optimizer):
    def __init__(
        self, params: Iterable[Tensor], lr: float, betas: tuple[float, float], eps: float, weight_decay: float
    ) -> None:
        super().__init__(params)
        self.lr: float = lr
        self.beta1: float
        self.beta2: float
        self.beta1, self.beta2 = betas
        self.eps: float = eps
        self.weight_decay: float = weight_decay
        self.moments: dict[int, tuple[Array, Array]] = {}

    def update(self, index: int, grad: Array) -> Array:
        m, v = self.moments.get(index, (np.zeros_like(grad), np.zeros_like(grad)))
        m = self.beta1 * m + (1 - self.beta1) * grad
        v = self.beta2 * v + (1 - self.beta2) * grad**2
        self.moments[index] = (m, v)
        m_hat: Array = m / (1 - self.beta1**self.step_count)
        v_hat: Array = v / (1 - self.beta2**self.step_count)
        return self.lr * m_hat / (np.sqrt(v_hat) + self.eps)


class Adam(_Adaptive):
    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay)

    def step(self) -> None:
        self.step_count += 1
        for index, param in enumerate(self.params):
            if param.grad is not None:
                grad: Array = self.gradient(param) + self.weight_decay * param.data
                param.data = param.data - self.update(index, grad)


class AdamW(_Adaptive):
    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay)

    def step(self) -> None:
        self.step_count += 1
        for index, param in enumerate(self.params):
            if param.grad is not None:
                param.data = param.data - self.update(index, self.gradient(param))
                param.data *= 1 - self.lr * self.weight_decay
