"""Short: NumPy's own functions, GELU by tanh, no base classes."""

import numpy as np

from .tensor import Tensor


def _array(x):
    return np.asarray(x.data, dtype=np.float64)


class ReLU:
    def forward(self, x):
        a = _array(x)
        return Tensor(a * (a > 0))

    __call__ = forward


class Sigmoid:
    def forward(self, x):
        return Tensor(0.5 * (1 + np.tanh(0.5 * _array(x))))

    __call__ = forward


class Tanh:
    def forward(self, x):
        a = np.clip(_array(x), -50, 50)
        return Tensor((np.exp(a) - np.exp(-a)) / (np.exp(a) + np.exp(-a)))

    __call__ = forward


class GELU:
    def forward(self, x):
        a = _array(x)
        return Tensor(0.5 * a * (1 + np.tanh(np.sqrt(2 / np.pi) * (a + 0.044715 * a**3))))

    __call__ = forward


class Softmax:
    def forward(self, x, dim=-1):
        return Tensor(np.exp(log_softmax(x, dim).data))

    __call__ = forward


def log_softmax(x, dim=-1):
    a = _array(x)
    return Tensor(a - np.logaddexp.reduce(a, axis=dim, keepdims=True))


class MSELoss:
    def forward(self, predictions, targets):
        return Tensor(((_array(predictions) - _array(targets)) ** 2).mean())

    __call__ = forward


class CrossEntropyLoss:
    def forward(self, logits, targets):
        total = 0.0
        for row, target in zip(_array(logits), targets.data):
            total += np.logaddexp.reduce(row) - row[int(target)]
        return Tensor(total / len(logits.data))

    __call__ = forward
