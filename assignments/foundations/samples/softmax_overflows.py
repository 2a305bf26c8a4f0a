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
        return Tensor(np.maximum(x.data, 0))


class Sigmoid(Activation):
    """σ(x) = 1 / (1 + e^-x): squeezes any number in between 0 and 1."""

    def forward(self, x):
        small = np.exp(-np.abs(x.data))
        return Tensor(np.where(x.data >= 0, 1, small) / (1 + small))


class Tanh(Activation):
    """Squeezes any number in between -1 and 1, and 0 stays 0."""

    def forward(self, x):
        return Tensor(np.tanh(x.data))


class GELU(Activation):
    """x · σ(1.702 x): a ReLU without a corner."""

    def forward(self, x):
        gate = Sigmoid()(Tensor(1.702 * x.data)).data
        return Tensor(x.data * gate)


class Softmax(Activation):
    """Turns scores into probabilities: e^x, divided by its sum along `dim`."""

    def forward(self, x, dim=-1):
        largest = x.data.max(axis=dim, keepdims=True)
        powers = np.exp(x.data)
        total = powers.sum(axis=dim, keepdims=True)
        return Tensor(powers / total)


def log_softmax(x, dim=-1):
    """The logarithm of softmax along `dim`, taken in one go."""
    largest = x.data.max(axis=dim, keepdims=True)
    shifted = x.data - largest
    log_of_sum = np.log(np.exp(shifted).sum(axis=dim, keepdims=True))
    return Tensor(shifted - log_of_sum)


class Loss:
    """Something that can be called on predictions and targets. Subclasses write forward()."""

    def __call__(self, predictions, targets):
        return self.forward(predictions, targets)


class MSELoss(Loss):
    """The mean squared error: the mean of (prediction - target)²."""

    def forward(self, predictions, targets):
        difference = predictions.data - targets.data
        return Tensor(np.mean(difference**2))


class CrossEntropyLoss(Loss):
    """The mean of -log softmax(logits)[target]: logits (batch, classes), targets (batch,) of class numbers."""

    def forward(self, logits, targets):
        log_probabilities = log_softmax(logits).data
        rows = np.arange(len(logits.data))
        picked = log_probabilities[rows, targets.data.astype(int)]
        return Tensor(-np.mean(picked))
