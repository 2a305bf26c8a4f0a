"""Tensor: an array of float32 numbers, the module before this one."""

import numpy as np


class Tensor:
    """An array of float32 numbers.

    data   the numbers, a NumPy array
    shape  its shape, a tuple
    """

    # Tells NumPy to leave `array * tensor` to Tensor.__rmul__.
    __array_ufunc__ = None

    def __init__(self, data):
        self.data = np.array(data, dtype=np.float32)

    @property
    def shape(self):
        return self.data.shape

    @property
    def size(self):
        return self.data.size

    @property
    def ndim(self):
        return self.data.ndim

    @property
    def dtype(self):
        return self.data.dtype

    def numpy(self):
        return self.data

    def __repr__(self):
        return f"Tensor({self.data})"

    def __len__(self):
        return len(self.data)

    def __getitem__(self, place):
        return Tensor(self.data[place])

    # ------------------------------------------------- arithmetic, element by element (broadcasting)
    def __neg__(self):
        return Tensor(-self.data)

    def __add__(self, other):
        return Tensor(self.data + raw(other))

    __radd__ = __add__

    def __sub__(self, other):
        return Tensor(self.data - raw(other))

    def __rsub__(self, other):
        return Tensor(raw(other) - self.data)

    def __mul__(self, other):
        return Tensor(self.data * raw(other))

    __rmul__ = __mul__

    def __truediv__(self, other):
        return Tensor(self.data / raw(other))

    def __rtruediv__(self, other):
        return Tensor(raw(other) / self.data)

    def __pow__(self, power):
        return Tensor(self.data ** raw(power))

    # ------------------------------------------------------------------------------------ matrices
    def matmul(self, other):
        return Tensor(self.data @ raw(other))

    __matmul__ = matmul

    def reshape(self, *shape):
        return Tensor(self.data.reshape(*shape))

    # ------------------------------------------------------------------------------- along an axis
    def sum(self, axis=None, keepdims=False):
        return Tensor(self.data.sum(axis=axis, keepdims=keepdims))

    def mean(self, axis=None, keepdims=False):
        return Tensor(self.data.mean(axis=axis, keepdims=keepdims))

    def max(self, axis=None, keepdims=False):
        return Tensor(self.data.max(axis=axis, keepdims=keepdims))


def raw(value):
    """The numbers of a tensor, or what was given if it is none."""
    return value.data if isinstance(value, Tensor) else value
