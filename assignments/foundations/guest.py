"""Drives a submission's activations and losses through one experiment, in the sandbox, and records what they return.

NumPy, and the provided tinytorch.
"""

import numpy as np
from tinytorch.core.tensor import Tensor


def play(module, spec, arrays, record):
    KINDS[spec["kind"]](module, spec, arrays, record)


def made(module, name):
    """Return something to call: an instance of a class, or a function as it is."""
    found = getattr(module, name)
    return found() if isinstance(found, type) else found


def numbers(returned, record):
    """The numbers of a Tensor, or of what was returned in its place; where that is nothing, the record says so."""
    if returned is None:
        record.row("y", None)
        return np.array([])
    return np.asarray(returned if isinstance(returned, np.ndarray | float | int | list) else returned.data)


def apply(module, spec, arrays, record):
    """A row for each row of what is returned."""
    record.doing = f"{spec['name']}"
    returned = made(module, spec["name"])(Tensor(arrays["x"]), **spec["kwargs"])
    for row in numbers(returned, record):
        record.row("y", row)


def loss(module, spec, arrays, record):
    """A row for each call: one number."""
    for call in range(spec["calls"]):
        record.doing = f"{spec['name']}, call {call + 1}"
        returned = made(module, spec["name"])(Tensor(arrays[f"x{call}"]), Tensor(arrays[f"t{call}"]))
        value = numbers(returned, record)
        if returned is None:
            return
        if value.size != 1:
            record.fact("is one number", value=False)
            return
        record.row("loss", value.reshape(()))
    record.fact("is one number", value=True)


def manners(module, spec, arrays, record):
    """Record what holds whatever the rule is: what is returned, and what is left alone."""
    name = spec["name"]
    record.doing = f"{name}"
    given = [Tensor(arrays[key]) for key in spec["given"]]
    before = [one.data.copy() for one in given]
    callable_ = made(module, name)
    returned = callable_(*given)
    if returned is None:
        record.row("y", None)
        return
    record.fact("returns a Tensor", isinstance(returned, Tensor))
    record.fact("leaves its input alone", all(map(np.array_equal, before, (one.data for one in given))))
    if spec["forward"]:
        record.doing = f"{name}().forward"
        again = callable_.forward(*[Tensor(b) for b in before])
        record.fact(
            "forward does the same",
            bool(np.allclose(numbers(again, record), numbers(returned, record), equal_nan=True)),
        )
    if spec["size"] == 1:
        record.fact("is one number", numbers(returned, record).size == 1)
    else:
        record.fact("keeps the shape", numbers(returned, record).shape == before[0].shape)


KINDS = {"apply": apply, "loss": loss, "manners": manners}
