"""Drives a submission's schedulers through one scenario, inside the sandbox, and records what they did.

Standard library and NumPy, plus the provided `tinytorch`. The optimizer is given: what is under test only steers it.
"""

import numpy as np
from tinytorch.core.tensor import Tensor


def play(module, spec, _arrays, record):
    KINDS[spec["kind"]](module, spec, record)


class Descent:
    """The optimizer that is provided: plain gradient descent, which reads its `lr` at every step."""

    def __init__(self, params, lr):
        self.params, self.lr = params, lr

    def step(self):
        for param in self.params:
            param.data = param.data - self.lr * param.grad


def optimizer(lr):
    param = Tensor(np.array([1.0]), requires_grad=True)
    param.data = np.array([1.0])  # Tensor() itself casts to float32
    return Descent([param], lr)


def made(module, spec, steered):
    """The scheduler as the spec says; only what the spec names is passed, so that defaults stay defaults."""
    return getattr(module, spec["class"])(steered, **spec["kwargs"])


def course(module, spec, record):
    """The optimizer's rate when the scheduler is made and after each step(); somebody may change it in between."""
    steered = optimizer(spec["base"])
    record.doing = f"{spec['class']}(…)"
    scheduler = made(module, spec, steered)
    record.row("lr", steered.lr)
    for call in range(spec["steps"]):
        steered.lr = spec.get("set", {}).get(str(call), steered.lr)
        record.doing = f"step() number {call + 1}"
        scheduler.step()
        record.row("lr", steered.lr)


def told(module, spec, record):
    """Record get_lr() and last_epoch beside the rate that the optimizer then has."""
    steered = optimizer(spec["base"])
    scheduler = made(module, spec, steered)
    record.fact("last_epoch at first", getattr(scheduler, "last_epoch", None))
    asked = []
    for call in range(spec["steps"]):
        record.doing = f"step() number {call + 1}"
        scheduler.step()
        record.row("lr", steered.lr)
        record.doing = f"get_lr() after step() number {call + 1}"
        scheduler.get_lr()  # asking twice must not count
        asked.append(scheduler.get_lr())
        if asked[-1] is not None:
            record.row("told", asked[-1])
    record.fact("last_epoch at last", getattr(scheduler, "last_epoch", None))
    base = all(answer is not None and np.isclose(float(answer), spec["base"]) for answer in asked)
    record.fact("get_lr tells the base rate", base)


def signatures(module, spec, record):
    for name, kwargs in spec["classes"].items():
        record.doing = f"{name}(optimizer, {', '.join(kwargs)})"
        try:
            made(module, {"class": name, "kwargs": kwargs}, optimizer(0.1))
            getattr(module, name)(optimizer(0.1), *kwargs.values())
        except TypeError:
            record.fact(f"{name} takes its arguments", value=False)
        else:
            record.fact(f"{name} takes its arguments", value=True)


def pair(module, spec, record):
    """Two schedulers of one class take turns, on two optimizers; each must go its way as if alone."""
    first, second = optimizer(spec["base"]), optimizer(spec["other"])
    schedulers = [made(module, spec, steered) for steered in (first, second)]
    for call in range(spec["steps"]):
        for scheduler in schedulers:
            record.doing = f"step() number {call + 1} of two schedulers taking turns"
            scheduler.step()
        record.row("lr", first.lr)
        record.row("other", second.lr)


def loop(module, spec, record):
    """A training loop: θ descends ½θ² with the provided optimizer, whose rate the scheduler changes."""
    steered = optimizer(spec["base"])
    param = steered.params[0]
    scheduler = made(module, spec, steered)
    record.row("theta", param.data)
    for call in range(spec["steps"]):
        param.grad = param.data.copy()
        record.doing = f"optimizer.step() number {call + 1}"
        steered.step()
        record.doing = f"step() number {call + 1}"
        scheduler.step()
        record.row("theta", param.data)


KINDS = {"course": course, "told": told, "signatures": signatures, "pair": pair, "loop": loop}
