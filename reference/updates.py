"""The update rules, each as its paper has it: pure float64 functions from a course of gradients to the iterates.

All take `w0` (shape (d,)) and `grads` ((T, d)) and return the T iterates after w0, (T, d). For a gradient that
depends on where one is, `grads` is a function from w (d,) to g (d,), and `steps` says how many. Hyperparameters
are numbers, or arrays that broadcast against (T, d) when they change between steps or differ between coordinates.
`present` ((T, d) of bool) tells which gradients exist: where one is None the coordinate is skipped whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Gradients = ArrayLike | Callable[[Array], Array]


def sgd(
    w0: ArrayLike,
    grads: Gradients,
    *,
    lr: ArrayLike,
    momentum: ArrayLike = 0.0,
    weight_decay: ArrayLike = 0.0,
    present: ArrayLike = True,
    steps: int = 0,
) -> Array:
    """Gradient descent with heavy-ball momentum (Polyak 1964) and an L2 term in the gradient.

        g ← g + λθ;   v ← μv + g, from v = 0;   θ ← θ − lr·v

    Forks: Sutskever et al. 2013 (http://proceedings.mlr.press/v28/sutskever13.pdf) keep lr inside the velocity
    (v ← μv − lr·g), which differs as soon as lr changes; torch starts with v = g, which is the same as v = 0
    here; averaging the gradient, v ← μv + (1 − μ)g, is another rule with a (1 − μ) times smaller step.
    """
    w = np.array(w0, dtype=np.float64)
    v = np.zeros_like(w)
    iterates = []
    for t, on, lr_t, mu, decay in _steps(grads, steps, w.size, present, lr, momentum, weight_decay):
        g = _gradient(grads, t, w, on)
        v = np.where(on, mu * v + (g + decay * w), v)
        w = np.where(on, w - lr_t * v, w)
        iterates.append(w)
    return np.array(iterates)


def adam(
    w0: ArrayLike,
    grads: Gradients,
    *,
    lr: ArrayLike,
    beta1: ArrayLike = 0.9,
    beta2: ArrayLike = 0.999,
    eps: ArrayLike = 1e-8,
    weight_decay: ArrayLike = 0.0,
    present: ArrayLike = True,
    steps: int = 0,
    age: bool = False,
) -> Array:
    """Adam, Algorithm 1 of Kingma & Ba 2015 (https://arxiv.org/abs/1412.6980), with L2 in the gradient.

        g ← g + λθ;   m ← β₁m + (1 − β₁)g;   v ← β₂v + (1 − β₂)g²;   θ ← θ − lr·m̂ / (√v̂ + ε)
        m̂ = m / (1 − β₁ᵗ),  v̂ = v / (1 − β₂ᵗ)

    Forks: ε outside the root and after the correction, as in Algorithm 1; the form just before section 2.1 of
    the paper (and TensorFlow) folds the corrections into lr, where its ε̂ is another number. t counts step()
    calls; with `age` it counts the updates of each coordinate, as torch and the newest TinyTorch do, which
    differs only after a skipped gradient.
    """
    w = np.array(w0, dtype=np.float64)
    moments = _Moments(w.shape, age=age)
    iterates = []
    for t, on, lr_t, b1, b2, eps_t, decay in _steps(grads, steps, w.size, present, lr, beta1, beta2, eps, weight_decay):
        g = _gradient(grads, t, w, on)
        m_hat, v_hat = moments.update(g + decay * w, on, b1, b2)
        w = np.where(on, w - lr_t * m_hat / (np.sqrt(v_hat) + eps_t), w)
        iterates.append(w)
    return np.array(iterates)


def adamw(
    w0: ArrayLike,
    grads: Gradients,
    *,
    lr: ArrayLike,
    beta1: ArrayLike = 0.9,
    beta2: ArrayLike = 0.999,
    eps: ArrayLike = 1e-8,
    weight_decay: ArrayLike = 0.01,
    present: ArrayLike = True,
    steps: int = 0,
    age: bool = False,
    decay_first: bool = False,
) -> Array:
    """Adam with decoupled weight decay, Loshchilov & Hutter 2019 (https://arxiv.org/abs/1711.05101).

        the Adam step from the pure gradient, then θ ← θ(1 − lr·λ)

    Forks: torch and the newest TinyTorch decay first (`decay_first`), which differs by O(lr²λ); Algorithm 2 of
    the paper has a schedule multiplier η where torch has lr, so its λ means λ·lr in torch's terms.
    """
    w = np.array(w0, dtype=np.float64)
    moments = _Moments(w.shape, age=age)
    iterates = []
    for t, on, lr_t, b1, b2, eps_t, decay in _steps(grads, steps, w.size, present, lr, beta1, beta2, eps, weight_decay):
        g = _gradient(grads, t, w, on)
        m_hat, v_hat = moments.update(g, on, b1, b2)
        step, shrink = lr_t * m_hat / (np.sqrt(v_hat) + eps_t), 1 - lr_t * decay
        w = np.where(on, w * shrink - step if decay_first else (w - step) * shrink, w)
        iterates.append(w)
    return np.array(iterates)


class _Moments:
    """m and v of Adam, and how many times each coordinate was updated."""

    def __init__(self, shape: tuple[int, ...], *, age: bool) -> None:
        self.m, self.v, self.updates, self.steps, self.age = np.zeros(shape), np.zeros(shape), np.zeros(shape), 0, age

    def update(self, g: Array, on: Mask, b1: Array, b2: Array) -> tuple[Array, Array]:
        """Takes in one gradient; returns both moments with their bias corrected."""
        self.steps += 1
        self.updates = self.updates + on
        t = np.maximum(self.updates, 1) if self.age else np.float64(self.steps)
        self.m = np.where(on, b1 * self.m + (1 - b1) * g, self.m)
        self.v = np.where(on, b2 * self.v + (1 - b2) * g**2, self.v)
        return self.m / (1 - b1**t), self.v / (1 - b2**t)


def _steps(grads: Gradients, steps: int, size: int, *by_step: ArrayLike) -> Iterator[tuple[Any, ...]]:
    """For each step: its number from 0, where the gradient is present, and the hyperparameters of that step."""
    shape = (steps, size) if callable(grads) else np.shape(grads)
    present, *hyper = by_step
    each = [np.broadcast_to(np.asarray(present, dtype=bool), shape)]
    each += [np.broadcast_to(np.asarray(values, dtype=np.float64), shape) for values in hyper]
    for t, row in enumerate(zip(*each, strict=True)):
        yield t, *row


def _gradient(grads: Gradients, t: int, w: Array, on: Mask) -> Array:
    g = grads(w) if callable(grads) else np.asarray(grads, dtype=np.float64)[t]
    return np.where(on, g, 0.0)
