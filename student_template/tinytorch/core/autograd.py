"""The switch of the automatic differentiation; the differentiation itself is in tensor.py."""

from contextlib import contextmanager
from contextvars import ContextVar

# A ContextVar and not a plain global, so that `no_grad` in one thread does not reach into another.
_recording = ContextVar("recording", default=True)


def is_grad_enabled():
    """Return whether operations on tensors are being recorded for backward()."""
    return _recording.get()


@contextmanager
def no_grad():
    """Inside `with no_grad():` nothing is recorded, for example while you only measure accuracy."""
    token = _recording.set(False)
    try:
        yield
    finally:
        _recording.reset(token)


def enable_autograd(quiet=False):
    """Does nothing: every Tensor here can be differentiated from the start.

    Other editions of TinyTorch add gradients to Tensor when this is called, and code written for
    them calls it.
    """
    if not quiet:
        print("tinytorch: automatic differentiation is built in; enable_autograd() changes nothing.")
