"""Activations and losses: what stands between the layers of a network, and what tells it how wrong it is.

An activation takes a Tensor and returns a new one. A loss takes predictions and targets and returns a Tensor with one
number. Nothing here changes what it is given.
"""

import numpy as np
from tinytorch.core.tensor import Tensor


class Activation:
    """Something that can be called on a Tensor. Subclasses write forward()."""

    def __call__(self, x, *args, **kwargs):
        return self.forward(x, *args, **kwargs)


class ReLU(Activation):
    """Keeps what is positive; the rest becomes 0."""

    def forward(self, x):
        # TODO: return max(0, x)
        raise NotImplementedError("TODO: return max(0, x)")


class Sigmoid(Activation):
    """σ(x) = 1 / (1 + e^-x): squeezes any number in between 0 and 1."""

    def forward(self, x):
        # TODO: return the sigmoid, without an overflow for any x
        raise NotImplementedError("TODO: return the sigmoid, without an overflow for any x")


class Tanh(Activation):
    """Squeezes any number in between -1 and 1, and 0 stays 0."""

    def forward(self, x):
        # TODO: return the hyperbolic tangent
        raise NotImplementedError("TODO: return the hyperbolic tangent")


class GELU(Activation):
    """x · σ(1.702 x): a ReLU without a corner."""

    def forward(self, x):
        # TODO: return x · σ(1.702 x)
        raise NotImplementedError("TODO: return x · σ(1.702 x)")


class Softmax(Activation):
    """Turns scores into probabilities: e^x, divided by its sum along `dim`."""

    def forward(self, x, dim=-1):
        # TODO: return probabilities that sum to 1 along dim, without an overflow for any x
        raise NotImplementedError("TODO: return probabilities that sum to 1 along dim, without an overflow for any x")


def log_softmax(x, dim=-1):
    """The logarithm of softmax along `dim`, taken in one go."""
    # TODO: return x - log(sum of e^x) along dim, without an overflow and without log(0)
    raise NotImplementedError("TODO: return x - log(sum of e^x) along dim, without an overflow and without log(0)")


class Loss:
    """Something that can be called on predictions and targets. Subclasses write forward()."""

    def __call__(self, predictions, targets):
        return self.forward(predictions, targets)


class MSELoss(Loss):
    """The mean squared error: the mean of (prediction - target)²."""

    def forward(self, predictions, targets):
        # TODO: return the mean of the squared differences, over all numbers
        raise NotImplementedError("TODO: return the mean of the squared differences, over all numbers")


class CrossEntropyLoss(Loss):
    """The mean of -log softmax(logits)[target]: logits (batch, classes), targets (batch,) of class numbers."""

    def forward(self, logits, targets):
        # TODO: return the mean over the batch of -log softmax at the target
        raise NotImplementedError("TODO: return the mean over the batch of -log softmax at the target")
