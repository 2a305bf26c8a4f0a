"""Layers: what a network is built from. A layer owns parameters; an optimizer changes them."""

import numpy as np

from .tensor import Tensor


class Layer:
    """Something that can be called on a Tensor. Subclasses write forward()."""

    def forward(self, x):
        raise NotImplementedError(f"{type(self).__name__} needs a forward(x) method")

    def __call__(self, x):
        return self.forward(x)

    def parameters(self):
        """The tensors to be trained, in a fixed order: what you give to an optimizer."""
        return []

    def __repr__(self):
        return f"{type(self).__name__}()"


class Linear(Layer):
    """y = x W + b, with x of shape (batch, in_features) and y of shape (batch, out_features)."""

    def __init__(self, in_features, out_features, bias=True):
        self.in_features = in_features
        self.out_features = out_features
        # Variance 1/in_features keeps y about as large as x (LeCun et al. 1998, "Efficient BackProp", 4.6).
        # From NumPy's global generator, so that np.random.seed(...) makes a run repeatable.
        weight = np.random.standard_normal((in_features, out_features)) / np.sqrt(in_features)
        self.weight = Tensor(weight, requires_grad=True)
        self.bias = Tensor(np.zeros(out_features), requires_grad=True) if bias else None

    def forward(self, x):
        y = x @ self.weight
        return y if self.bias is None else y + self.bias

    def parameters(self):
        return [self.weight] if self.bias is None else [self.weight, self.bias]

    def __repr__(self):
        return f"Linear({self.in_features}, {self.out_features}, bias={self.bias is not None})"


class Sequential(Layer):
    """Layers one after another: Sequential(Linear(4, 16), ReLU(), Linear(16, 3))."""

    def __init__(self, *layers):
        if len(layers) == 1 and isinstance(layers[0], (list, tuple)):
            (layers,) = layers
        self.layers = list(layers)

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x

    def parameters(self):
        return [parameter for layer in self.layers for parameter in layer.parameters()]

    def __repr__(self):
        return f"Sequential({', '.join(map(repr, self.layers))})"
