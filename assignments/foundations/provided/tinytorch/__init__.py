"""tinytorch: the start of the small deep-learning library that this course builds. So far it has tensors."""

from .core.tensor import Tensor

__all__ = ["Tensor"]
