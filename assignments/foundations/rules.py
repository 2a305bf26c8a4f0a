"""The right rules: activations and losses as pure float64 functions, each from its source.

Shapes: x is any array; logits (batch, classes), targets (batch,) of class numbers. None of these overflows.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from autograder.model import Array

GELU_SLOPE = 1.702  # Hendrycks & Gimpel 2016, section 2: σ(1.702x) is close to Φ(x)
GELU_CUBE = 0.044715  # the same section: the other approximation, by tanh


def relu(x: Array) -> Array:
    """max(0, x), Nair & Hinton 2010 (https://www.cs.toronto.edu/~fritz/absps/reluICML.pdf)."""
    return np.asarray(np.maximum(x, 0.0))


def sigmoid(x: Array) -> Array:
    """1 / (1 + e^−x); for x < 0 as e^x / (1 + e^x), so that no exponential is above 1."""
    small = np.exp(-np.abs(x))
    return np.asarray(np.where(x >= 0, 1.0, small) / (1.0 + small))


def tanh(x: Array) -> Array:
    """(e^x − e^−x) / (e^x + e^−x)."""
    return np.asarray(np.tanh(x))


def gelu(x: Array) -> Array:
    """X · σ(1.702x), the form that the course's module uses (Hendrycks & Gimpel 2016, arXiv:1606.08415)."""
    return x * sigmoid(GELU_SLOPE * x)


def gelu_tanh(x: Array) -> Array:
    """½x(1 + tanh(√(2/π)(x + 0.044715x³))), the other approximation of the same paper."""
    return np.asarray(0.5 * x * (1.0 + np.tanh(math.sqrt(2.0 / math.pi) * (x + GELU_CUBE * x**3))))


def gelu_exact(x: Array) -> Array:
    """X · Φ(x) with the normal distribution function itself, torch's default."""
    return np.asarray(x * 0.5 * (1.0 + erf(x / math.sqrt(2.0))))


def erf(x: Array) -> Array:
    """The error function, element by element."""
    return np.asarray(np.vectorize(math.erf, otypes=[float])(x))


def softmax(x: Array, axis: int = -1) -> Array:
    """e^x / Σ e^x along an axis; the largest is taken away first, which changes nothing and keeps e^x at most 1."""
    powers = np.exp(x - x.max(axis=axis, keepdims=True))
    return np.asarray(powers / powers.sum(axis=axis, keepdims=True))


def log_softmax(x: Array, axis: int = -1) -> Array:
    """X − log Σ e^x along an axis, by log-sum-exp: the logarithm never sees a 0."""
    shifted = x - x.max(axis=axis, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True)))


def mse(predictions: Array, targets: Array) -> float:
    """The mean of (prediction − target)² over all numbers."""
    return float(np.mean((predictions - targets) ** 2))


def cross_entropy(logits: Array, targets: Array) -> float:
    """The mean over the batch of −log softmax(logits)[target]."""
    rows = np.arange(len(logits))
    return float(-np.mean(log_softmax(logits)[rows, targets.astype(int)]))


ACTIVATIONS: dict[str, Callable[[Array], Array]] = {"ReLU": relu, "Sigmoid": sigmoid, "Tanh": tanh, "GELU": gelu}
