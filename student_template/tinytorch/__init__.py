"""tinytorch: the small deep-learning library that your optimizers plug into.

    from tinytorch import Tensor, Linear, ReLU, Sequential, CrossEntropyLoss

Everything here is given, except the optimizers: those are yours. Once they are in optimizers.py,
beside this folder, you can also write `from tinytorch import SGD`.
"""

from importlib import import_module

from .core.activations import ReLU, Sigmoid, Softmax, Tanh
from .core.autograd import enable_autograd, is_grad_enabled, no_grad
from .core.layers import Layer, Linear, Sequential
from .core.losses import BinaryCrossEntropyLoss, CrossEntropyLoss, MSELoss
from .core.tensor import Tensor

__all__ = [
    "BinaryCrossEntropyLoss",
    "CrossEntropyLoss",
    "Layer",
    "Linear",
    "MSELoss",
    "ReLU",
    "Sequential",
    "Sigmoid",
    "Softmax",
    "Tanh",
    "Tensor",
    "enable_autograd",
    "is_grad_enabled",
    "no_grad",
]

_YOURS = ("Optimizer", "SGD", "Adam", "AdamW")


def __getattr__(name):
    """Looks for your optimizers only when somebody asks for one: your own file imports this package too."""
    if name not in _YOURS:
        raise AttributeError(f"module 'tinytorch' has no attribute {name!r}")
    where = "tinytorch.core.optimizers"
    try:
        module = import_module(where)
    except ModuleNotFoundError as error:
        if error.name != where:  # your file is there, but something that it imports is not
            raise
        raise ModuleNotFoundError(
            f"tinytorch does not bring {name}: it is what you write. "
            "Put your optimizers.py beside the folder tinytorch to import it from here.",
            name=where,
        ) from None
    return getattr(module, name)
