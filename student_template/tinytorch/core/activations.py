"""Activations: the bends between layers, without which a deep network would be one big matrix."""

import numpy as np

from .layers import Layer
from .tensor import record


class ReLU(Layer):
    """max(x, 0). The slope at exactly 0 is taken to be 0."""

    def forward(self, x):
        positive = x.data > 0
        return record(np.maximum(x.data, 0), (x, lambda g: g * positive))


class Sigmoid(Layer):
    """1 / (1 + e⁻ˣ), written with tanh because e⁻ˣ overflows for large negative x."""

    def forward(self, x):
        y = (1 + np.tanh(x.data / 2)) / 2
        return record(y, (x, lambda g: g * y * (1 - y)))


class Tanh(Layer):
    def forward(self, x):
        y = np.tanh(x.data)
        return record(y, (x, lambda g: g * (1 - y * y)))


class Softmax(Layer):
    """eˣ / Σ eˣ along one dimension: positive numbers with sum 1."""

    def forward(self, x, dim=-1):
        shifted = x.data - x.data.max(axis=dim, keepdims=True)  # cancels out below, but keeps exp() from overflow
        y = np.exp(shifted)
        y = y / y.sum(axis=dim, keepdims=True)
        return record(y, (x, lambda g: y * (g - (g * y).sum(axis=dim, keepdims=True))))

    def __call__(self, x, dim=-1):
        return self.forward(x, dim)
