"""Losses: how wrong a prediction is, as one number to call backward() on."""

import numpy as np

from .tensor import raw, record

EPSILON = 1e-7  # keeps log() away from 0; about the smallest e for which 1 - e is below 1 in float32


class Loss:
    """Something that can be called on (predictions, targets). Subclasses write forward()."""

    def __call__(self, predictions, targets):
        return self.forward(predictions, targets)


class MSELoss(Loss):
    """The mean of (prediction - target)²."""

    def forward(self, predictions, targets):
        difference = predictions - targets
        return (difference * difference).mean()


class CrossEntropyLoss(Loss):
    """The mean of -log softmax(logits)[target]; logits (batch, classes), targets (batch,) of class numbers.

    Softmax and logarithm are taken together: separately, a small probability would round to log(0).
    """

    def forward(self, logits, targets):
        x, classes = logits.data, np.asarray(raw(targets)).astype(int)
        if classes.shape != x.shape[:1]:
            raise ValueError(f"for logits {x.shape}, targets must be ({len(x)},), not {classes.shape}")
        shifted = x - x.max(axis=-1, keepdims=True)
        exponentials = np.exp(shifted)
        sums = exponentials.sum(axis=-1, keepdims=True)
        rows = np.arange(len(x))
        loss = (np.log(sums[:, 0]) - shifted[rows, classes]).mean()

        def rule(g):
            slope = exponentials / sums  # softmax(logits), minus 1 at the target
            slope[rows, classes] -= 1
            return slope * (g / len(x))

        return record(loss, (logits, rule))


class BinaryCrossEntropyLoss(Loss):
    """The mean of -(t log p + (1 - t) log(1 - p)), with probabilities p and targets t from 0 to 1."""

    def forward(self, predictions, targets):
        p, t = np.clip(predictions.data, EPSILON, 1 - EPSILON), raw(targets)
        loss = -(t * np.log(p) + (1 - t) * np.log(1 - p)).mean()
        # Outside the clip the slope stays that at its edge: with 0 a surely wrong prediction would never change.
        return record(loss, (predictions, lambda g: g / p.size * (p - t) / (p * (1 - p))))
