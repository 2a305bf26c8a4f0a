"""Tells an experiment in words and numbers, and draws it: what only this assignment can know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from autograder.model import Array, Chart, Observation, Scenario, Series

from . import rules

DRAWN = ("relu-matrix", "sigmoid-matrix", "tanh-matrix", "gelu-matrix")
MOST = 12  # numbers written out


def explain(scenario: Scenario, golden: Observation, found: Observation) -> tuple[Sequence[str], str]:
    """The set-up as short equations, and a comment on what the numbers look like."""
    spec = scenario.spec
    setup = [spec["name"]]
    setup += [f"{key} = {value}" for key, value in spec.get("kwargs", {}).items()]
    setup += [f"{NAMES.get(key[0], key)}{key[1:]} = {_written(array)}" for key, array in scenario.arrays.items()]
    return setup, _suggestion(spec["name"], golden.arrays.get("y"), found.arrays.get("y"))


NAMES = {"x": "x", "t": "target"}


def _written(array: Array) -> str:
    if array.size > MOST:
        return f"{array.shape} numbers"
    return np.array2string(array, separator=", ", formatter={"float_kind": lambda v: f"{v:g}"}).replace("\n", "")


def _suggestion(name: str, right: Array | None, theirs: Array | None) -> str:
    if right is None or theirs is None or right.shape != theirs.shape:
        return ""
    if not np.isfinite(theirs).all():
        return "Some of your numbers are no numbers any more (nan or inf)."
    if (
        name == "Softmax"
        and right.ndim == 2
        and not np.allclose(theirs.sum(axis=-1), 1)
        and not np.allclose(theirs.sum(axis=0), 1)
    ):
        return "Your probabilities sum to 1 neither along rows nor along columns."
    return ""


def charts(
    scenarios: Sequence[Scenario], golden: Mapping[str, Observation], found: Mapping[str, Observation]
) -> tuple[Chart, ...]:
    """For each activation its curve, with the points that the submission returned."""
    drawn = []
    for scenario in scenarios:
        theirs = found[scenario.id].arrays.get("y") if scenario.id in found else None
        right = golden[scenario.id].arrays.get("y")
        if scenario.id not in DRAWN or theirs is None or right is None or theirs.shape != right.shape:
            continue
        name, order = scenario.spec["name"], np.argsort(scenario.arrays["x"], axis=None)
        x = np.linspace(-3, 3, 61)
        curve = Series("golden", tuple(x.tolist()), tuple(rules.ACTIVATIONS[name](x).tolist()), "golden")
        at, y = np.ravel(scenario.arrays["x"])[order], np.ravel(theirs)[order]
        kept = np.isfinite(y)
        yours = Series("yours", tuple(at[kept].tolist()), tuple(y[kept].tolist()), "yours")
        drawn.append(
            Chart(
                f"curve-{name}",
                f"The curve of {name}",
                "What your code returned, on the right curve.",
                "x",
                "y",
                (curve, yours),
            )
        )
    return tuple(drawn)
