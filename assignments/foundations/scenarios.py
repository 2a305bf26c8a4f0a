"""The experiments, drawn from a seed: the smallest come first, with numbers that can be checked by hand.

Inputs lie between 0.3 and 3 in size, both signs in every experiment, so that wrong rules part from right ones by far
more than rounding. Experiments with inputs of a thousand tell what overflows: e^1000 is too large for float32 and
float64 alike, so it does not matter in which of them a submission computes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from autograder.model import Array, Check, Scenario

Draw = np.random.Generator
ROWS: Mapping[str, str] = {
    "ReLU": "relu", "Sigmoid": "sigmoid", "Tanh": "tanh", "GELU": "gelu", "Softmax": "softmax",
    "log_softmax": "log_softmax", "MSELoss": "mse", "CrossEntropyLoss": "cross_entropy",
}  # fmt: skip
ACTIVATIONS = ("ReLU", "Sigmoid", "Tanh", "GELU")
ALONG = ("Softmax", "log_softmax")
LARGE = "For inputs this large your code leaves the numbers that a computer can hold: look at where e^x becomes too large, or a logarithm sees 0."
LAST = "Without dim the last axis is meant, whatever the number of axes: dim=-1, not dim=1."
STACK = "With dim=0 and two matrices the shape stays, and the probabilities of two numbers, one from each, sum to 1."
AXIS = "With dim=0 the probabilities of each column sum to 1, with dim=-1 those of each row."


def scenarios(seed: int) -> tuple[Scenario, ...]:
    """All experiments of one submission. The same seed always gives the same ones."""
    parts = (_activations, _along, _mse, _cross_entropy, _manners)
    return tuple(s for number, part in enumerate(parts) for s in part(np.random.default_rng([seed, number])))


def _numbers(draw: Draw, shape: tuple[int, ...], least: float = 0.3, most: float = 3.0) -> Array:
    """Between `least` and `most` in size, to two digits; half of them negative, and the first positive."""
    signs = np.resize([1.0, -1.0], shape)
    return np.asarray(np.round(draw.uniform(least, most, shape), 2) * signs)


def _apply(name: str, what: str, title: str, x: Array, check: Check, **kwargs: int) -> Scenario:
    spec = {"kind": "apply", "name": name, "kwargs": kwargs}
    return Scenario(
        f"{ROWS[name].replace('_', '-')}-{what}",
        title,
        name,
        spec,
        {"x": x},
        (check,),
        axis="number" if x.ndim == 1 else "row",
    )


def _y(criterion: str, weight: float = 1.0, message: str = "", tolerance: str = "default") -> Check:
    return Check("values", criterion, weight, arrays=("y",), message=message, tolerance=tolerance)


def _activations(draw: Draw) -> Iterator[Scenario]:
    for name in ACTIVATIONS:
        row = ROWS[name]
        yield _apply(name, "small", f"{name} of four numbers", _numbers(draw, (4,)), _y(row, 3))
        yield _apply(name, "matrix", f"{name} of a matrix", _numbers(draw, (3, 4), 0.2, 2.5), _y(row, 2))
        wide = np.array([8.0, -8.0, 6.5, -0.1, 0.1, -30.0])
        yield _apply(name, "wide", f"{name} of numbers near 0 and far from it", wide, _y(row, 1))
    for name in ("Sigmoid", "Tanh", "GELU"):
        large = np.array([1000.0, -1000.0, 2.0, -900.0, 900.0])
        yield _apply(name, "large", f"{name} of ±1000", large, _y("stability", 1, LARGE, "large"))


def _along(draw: Draw) -> Iterator[Scenario]:
    for name in ALONG:
        row = ROWS[name]
        yield _apply(name, "small", f"{name} of three numbers", _numbers(draw, (1, 3)), _y(row, 3))
        yield _apply(name, "rows", f"{name} of three rows", _numbers(draw, (3, 4)), _y(row, 2))
        yield _apply(name, "last", f"{name} with dim=-1", _numbers(draw, (2, 3)), _y(row, 1, AXIS), dim=-1)
        yield _apply(name, "first", f"{name} with dim=0", _numbers(draw, (3, 2)), _y(row, 2, AXIS), dim=0)
        large = np.array([[1000.0, 999.0, 0.0], [-1000.0, -1002.0, -1001.0], [3.0, 1.0, 2.0]])
        yield _apply(name, "large", f"{name} of ±1000", large, _y("stability", 1, LARGE, "large"))
        both = _apply(name, "batches", f"{name} of two matrices at once", _numbers(draw, (2, 2, 3)), _y(row, 1, LAST))
        stack = _apply(
            name, "stack", f"{name} of two matrices with dim=0", _numbers(draw, (2, 2, 3)), _y(row, 1, STACK), dim=0
        )
        for several in (both, stack):  # who writes axis=1 has the rule of matrices right or wrong all the same
            yield replace(several, beyond_rule=True)


def _loss(name: str, what: str, title: str, pairs: list[tuple[Array, Array]], check: Check) -> Scenario:
    arrays = {f"{key}{call}": part for call, pair in enumerate(pairs) for key, part in zip("xt", pair, strict=True)}
    spec = {"kind": "loss", "name": name, "calls": len(pairs)}
    return Scenario(f"{ROWS[name].replace('_', '-')}-{what}", title, name, spec, arrays, (check,), axis="call")


def _losses(criterion: str, weight: float = 1.0, message: str = "") -> Check:
    return Check("loss", criterion, weight, arrays=("loss",), message=message)


def _mse(draw: Draw) -> Iterator[Scenario]:
    def pair(*shape: int) -> tuple[Array, Array]:
        return _numbers(draw, shape, 1.0, 3.0), _numbers(draw, shape, 0.1, 0.6)[..., ::-1].copy()

    yield _loss("MSELoss", "small", "The error of three predictions", [pair(3)], _losses("mse", 3))
    yield _loss(
        "MSELoss", "several", "Three losses one after the other", [pair(2), pair(4), pair(5)], _losses("mse", 2)
    )
    yield _loss("MSELoss", "matrix", "The error of a matrix of predictions", [pair(2, 3)], _losses("mse", 2))


def _cross_entropy(draw: Draw) -> Iterator[Scenario]:
    def batch(rows: int, classes: int) -> tuple[Array, Array]:
        """Every row has another target than the row before it, and it is not the class of the largest logit."""
        logits = _numbers(draw, (rows, classes), 0.5, 2.5)
        order = np.argsort(logits, axis=1)
        targets = order[np.arange(rows), np.arange(rows) % (classes - 1)]
        return logits, targets.astype(float)

    name, row = "CrossEntropyLoss", "cross_entropy"
    yield _loss(name, "small", "The loss of one row of logits", [batch(1, 3)], _losses(row, 3))
    yield _loss(name, "batch", "The loss of a batch", [batch(4, 3)], _losses(row, 3))
    yield _loss(
        name, "several", "Three losses one after the other", [batch(2, 4), batch(3, 5), batch(5, 3)], _losses(row, 2)
    )
    large = (np.array([[1000.0, 0.0, -500.0], [2.0, 1.0, -1000.0]]), np.array([1.0, 0.0]))
    yield _loss(name, "large", "The loss of a confident mistake", [large], _losses("stability", 1, LARGE))


def _manners(draw: Draw) -> Iterator[Scenario]:
    for name, row in ROWS.items():
        given: dict[str, Array] = {"x": _numbers(draw, (2, 3))}
        if name == "MSELoss":
            given["t"] = _numbers(draw, (2, 3))
        if name == "CrossEntropyLoss":
            given["t"] = np.array([0.0, 2.0])
        one = name in ("MSELoss", "CrossEntropyLoss")
        spec = {
            "kind": "manners",
            "name": name,
            "given": list(given),
            "forward": name != "log_softmax",
            "size": 1 if one else 0,
        }
        checks = [
            _fact("returns a Tensor", f"{name} must return a Tensor: wrap the numbers that you computed."),
            _fact(
                "leaves its input alone",
                f"{name} changed the Tensor that it was given. Compute a new array in place of writing into `x.data`.",
            ),
        ]
        if spec["forward"]:
            checks.append(_fact("forward does the same", f"{name}()(x) and {name}().forward(x) must give the same."))
        checks.append(
            _fact("is one number", f"{name} must return one number, whatever the shape of the predictions.") if one
            else _fact("keeps the shape", f"{name} must return as many numbers as it is given, in the same shape.")
        )  # fmt: skip
        yield Scenario(f"{row.replace('_', '-')}-manners", f"What {name} returns, and what it leaves alone", f"{name}'s manners",
                       spec, given, tuple(checks))  # fmt: skip


def _fact(name: str, message: str) -> Check:
    return Check(name, "interface", 0.25, fact=name, message=message)
