"""Tensor: a NumPy array that remembers how it was computed, and so can tell gradients.

Every operation below does two things. It computes a value, and for each tensor that it used it
writes down a *rule*: how the gradient of the loss with respect to the result becomes the gradient
with respect to that tensor (the chain rule, one link of it). For a product r = a * b:

    r = a * b     because ∂r/∂a = b, the rule for a is   g -> g * b     (g stands for ∂loss/∂r)
                  because ∂r/∂b = a, the rule for b is   g -> g * a

`loss.backward()` walks from the loss back to the start and applies these rules one after another.
What arrives at a tensor made with `requires_grad=True` is added to its `.grad`. Your optimizer
takes it from there: it reads `.grad` and changes `.data`.
"""

import numpy as np

from .autograd import is_grad_enabled


class Tensor:
    """An array of float32 numbers.

    data           the numbers, a NumPy array
    requires_grad  whether backward() should leave a gradient here
    grad           None, or an array of the shape of `data` (you may also put a Tensor here yourself)
    """

    # Tells NumPy to leave `array + tensor` to Tensor.__radd__ and to refuse np.sqrt(tensor): nobody would
    # record it. On numbers alone, write np.sqrt(tensor.data).
    __array_ufunc__ = None

    def __init__(self, data, requires_grad=False):
        self.data = np.array(data, dtype=np.float32)
        self.requires_grad = requires_grad
        self.grad = None
        self._origins = ()  # pairs (tensor this one was computed from, rule); none for what you made yourself

    # ------------------------------------------------------------------------- looking at the data
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

    def __array__(self, dtype=None, copy=None):
        array = np.asarray(self.data, dtype=dtype)
        return array.copy() if copy else array

    def __len__(self):
        return len(self.data)

    def __repr__(self):
        return f"Tensor({self.data}{', requires_grad=True' if self.requires_grad else ''})"

    # ---------------------------------------------------- arithmetic, element by element (broadcasting)
    def __neg__(self):
        return record(-self.data, (self, lambda g: -g))

    def __add__(self, other):
        return record(self.data + raw(other), (self, lambda g: g), (other, lambda g: g))

    __radd__ = __add__

    def __sub__(self, other):
        return record(self.data - raw(other), (self, lambda g: g), (other, lambda g: -g))

    def __rsub__(self, other):
        return -self + other

    def __mul__(self, other):
        a, b = self.data, raw(other)
        return record(a * b, (self, lambda g: g * b), (other, lambda g: g * a))

    __rmul__ = __mul__

    def __truediv__(self, other):
        a, b = self.data, raw(other)
        return record(a / b, (self, lambda g: g / b), (other, lambda g: -g * a / (b * b)))

    def __rtruediv__(self, other):
        b = self.data
        return record(other / b, (self, lambda g: -g * other / (b * b)))

    def __pow__(self, other):
        a, n = self.data, raw(other)
        power = a**n
        return record(
            power,
            (self, lambda g: g * n * a ** (n - 1)),
            (other, lambda g: g * power * np.log(a)),
        )

    def __rpow__(self, other):
        power = other**self.data
        return record(power, (self, lambda g: g * power * np.log(other)))

    # ------------------------------------------------------------------------------------- matrices
    def matmul(self, other):
        """Matrix product. As in NumPy, a vector is a row on the left and a column on the right."""
        if not isinstance(other, (Tensor, np.ndarray)):
            raise TypeError(f"a matrix product needs a Tensor or an array, not {type(other).__name__}")
        if other.ndim == 1:
            return self.matmul(other.reshape(-1, 1))[..., 0]
        if self.ndim == 1:
            return self.reshape(1, -1).matmul(other)[..., 0, :]
        a, b = self.data, raw(other)
        return record(
            a @ b,
            (self, lambda g: g @ b.swapaxes(-1, -2)),
            (other, lambda g: a.swapaxes(-1, -2) @ g),
        )

    __matmul__ = matmul

    def __rmatmul__(self, other):
        return record(other).matmul(self)

    # ------------------------------------------------------------------------------ shapes and parts
    def reshape(self, *shape):
        if len(shape) == 1 and isinstance(shape[0], (tuple, list)):
            (shape,) = shape
        before = self.data.shape
        return record(self.data.reshape(shape), (self, lambda g: g.reshape(before)))

    def transpose(self, dim0=None, dim1=None):
        """Swaps two dimensions, the last two unless you say which."""
        if (dim0 is None) != (dim1 is None):
            raise ValueError("transpose needs both dimensions, or neither")
        if dim0 is None:
            if self.ndim < 2:
                return self.reshape(self.shape)  # a vector or a number stays as it is
            dim0, dim1 = -2, -1
        return record(self.data.swapaxes(dim0, dim1), (self, lambda g: g.swapaxes(dim0, dim1)))

    @property
    def T(self):
        return self.transpose()

    def __getitem__(self, key):
        a = self.data

        def rule(g):
            whole = np.zeros_like(a)
            np.add.at(whole, key, g)  # not whole[key] += g: an element that was picked twice counts twice
            return whole

        return record(a[key], (self, rule))

    # ------------------------------------------------------------------------------------ reductions
    def sum(self, axis=None, keepdims=False):
        a = self.data
        return record(
            a.sum(axis=axis, keepdims=keepdims),
            (self, lambda g: np.broadcast_to(put_back(g, axis, keepdims), a.shape)),
        )

    def mean(self, axis=None, keepdims=False):
        total = self.sum(axis, keepdims)
        return total / (self.size // total.size)

    def max(self, axis=None, keepdims=False):
        a = self.data
        largest = a == a.max(axis=axis, keepdims=True)
        share = largest / largest.sum(axis=axis, keepdims=True)  # equal maxima share the gradient
        return record(
            a.max(axis=axis, keepdims=keepdims),
            (self, lambda g: put_back(g, axis, keepdims) * share),
        )

    # ------------------------------------------------------------------------------------- gradients
    def zero_grad(self):
        self.grad = None

    def backward(self, gradient=None):
        """Adds ∂(this tensor)/∂p to p.grad, for every p with requires_grad=True that it was computed from.

        `gradient` is what to start with; it may be left out where this tensor is a single number.
        """
        if not self.requires_grad:
            raise RuntimeError("backward() found no tensor with requires_grad=True in this computation")
        if gradient is None and self.size != 1:
            raise RuntimeError(f"backward() starts from one number, not from shape {self.shape}: sum() first")
        start = 1 if gradient is None else raw(gradient)
        gradients = {self: np.broadcast_to(np.asarray(start, dtype=self.dtype), self.shape)}
        for tensor in backwards_from(self):
            g = gradients.pop(tensor)
            if not tensor._origins:
                tensor._add_to_grad(g)
            for origin, rule in tensor._origins:
                part = sum_to_shape(rule(g), origin.data.shape)
                gradients[origin] = gradients[origin] + part if origin in gradients else part

    def _add_to_grad(self, g):
        if self.grad is not None:
            g = g + raw(self.grad)
        # A copy of its own, in the precision of the data, whatever the precision of the rest was.
        self.grad = np.array(g, dtype=self.data.dtype)


def raw(value):
    """The array inside a Tensor; plain numbers and arrays as they are."""
    return value.data if isinstance(value, Tensor) else value


def record(data, *origins):
    """A tensor that holds `data` and remembers its `origins`, as far as they need a gradient."""
    tensor = Tensor.__new__(Tensor)  # past __init__, which would turn float64 into float32
    tensor.data = np.asarray(data)
    tensor.grad = None
    tensor._origins = tuple(pair for pair in origins if needs_grad(pair[0])) if is_grad_enabled() else ()
    tensor.requires_grad = bool(tensor._origins)
    return tensor


def needs_grad(value):
    return isinstance(value, Tensor) and value.requires_grad


def backwards_from(end):
    """`end` and all that it was computed from, each tensor after everything that used it."""
    order, seen, todo = [], set(), [(end, False)]
    while todo:  # a loop, because a long computation would exceed Python's depth of recursion
        tensor, origins_done = todo.pop()
        if origins_done:
            order.append(tensor)
        elif tensor not in seen:
            seen.add(tensor)
            todo.append((tensor, True))
            todo.extend((origin, False) for origin, _ in tensor._origins)
    return reversed(order)


def sum_to_shape(g, shape):
    """Undoes broadcasting: a number that was used n times gets the sum of its n gradients."""
    if g.shape == shape:
        return g
    g = g.sum(axis=tuple(range(g.ndim - len(shape))))
    stretched = tuple(i for i, n in enumerate(shape) if n == 1 and g.shape[i] != 1)
    return g.sum(axis=stretched, keepdims=True) if stretched else g


def put_back(g, axis, keepdims):
    """Gives a reduced gradient its dropped dimensions again, with length 1."""
    return g if keepdims or axis is None else np.expand_dims(g, axis)
