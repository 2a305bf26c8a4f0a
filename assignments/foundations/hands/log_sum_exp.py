"""Every formula by the logarithm of a sum and a sigmoid of its own: softmax is e^(x − log Σ e^x), in float32."""

import numpy as np

from tinytorch.core.tensor import Tensor


def _stable_sigmoid(values: np.ndarray) -> np.ndarray:
    """Compute the logistic function without overflow."""
    result = np.empty_like(values)
    positive = values >= 0
    result[positive] = 1.0 / (1.0 + np.exp(-values[positive]))
    exponential = np.exp(values[~positive])
    result[~positive] = exponential / (1.0 + exponential)
    return result


def _log_sum_exp(values: np.ndarray, axis: int) -> np.ndarray:
    """Compute log(sum(exp(values))) along an axis."""
    maximum = np.max(values, axis=axis, keepdims=True)
    return maximum + np.log(np.sum(np.exp(values - maximum), axis=axis, keepdims=True))


class Activation:
    """Base class."""

    def forward(self, x: Tensor) -> Tensor:
        raise NotImplementedError

    def __call__(self, x: Tensor, *args, **kwargs) -> Tensor:
        return self.forward(x, *args, **kwargs)


class ReLU(Activation):
    """Rectified linear unit."""

    def forward(self, x: Tensor) -> Tensor:
        return Tensor(np.where(x.data > 0, x.data, 0.0))


class Sigmoid(Activation):
    """Logistic sigmoid."""

    def forward(self, x: Tensor) -> Tensor:
        return Tensor(_stable_sigmoid(x.data))


class Tanh(Activation):
    """Hyperbolic tangent."""

    def forward(self, x: Tensor) -> Tensor:
        return Tensor(2.0 * _stable_sigmoid(2.0 * x.data) - 1.0)


class GELU(Activation):
    """Gaussian error linear unit (sigmoid approximation)."""

    def forward(self, x: Tensor) -> Tensor:
        return Tensor(x.data * _stable_sigmoid(1.702 * x.data))


class Softmax(Activation):
    """Normalized exponentials."""

    def forward(self, x: Tensor, dim: int = -1) -> Tensor:
        return Tensor(np.exp(x.data - _log_sum_exp(x.data, dim)))


def log_softmax(x: Tensor, dim: int = -1) -> Tensor:
    """Logarithm of softmax."""
    return Tensor(x.data - _log_sum_exp(x.data, dim))


class Loss:
    """Base class of losses."""

    def __call__(self, predictions: Tensor, targets: Tensor) -> Tensor:
        return self.forward(predictions, targets)


class MSELoss(Loss):
    """Mean squared error."""

    def forward(self, predictions: Tensor, targets: Tensor) -> Tensor:
        error = predictions.data - targets.data
        return Tensor(np.sum(error * error) / error.size)


class CrossEntropyLoss(Loss):
    """Cross-entropy with class numbers as targets."""

    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        log_probs = log_softmax(logits, dim=-1).data
        labels = targets.data.astype(int)
        batch_size = logits.data.shape[0]
        losses = -log_probs[np.arange(batch_size), labels]
        return Tensor(losses.sum() / batch_size)
