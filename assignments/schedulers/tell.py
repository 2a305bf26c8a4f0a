"""Tells a scenario in words and numbers, and draws it: what only this assignment can know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from autograder.model import Array, Chart, Observation, Role, Scenario, Series

SYMBOLS = {"gamma": "γ", "warmup_steps": "w", "total_steps": "T"}
DRAWN = ("steplr-several", "exponential-several", "cosine-after-warmup")


def explain(scenario: Scenario, golden: Observation, found: Observation) -> tuple[Sequence[str], str]:
    """The set-up as short equations, and a comment on what the rates look like."""
    spec = scenario.spec
    setup = [spec["class"]] if "class" in spec else []
    setup += [f"base rate = {spec['base']:g}"] if "base" in spec else []
    setup += [f"{SYMBOLS.get(name, name)} = {value:g}" for name, value in spec.get("kwargs", {}).items()]
    setup += [f"lr set to {rate:g} by hand before step {int(call) + 1}" for call, rate in spec.get("set", {}).items()]
    return setup, _suggestion(golden.arrays.get("lr"), found.arrays.get("lr"))


def _suggestion(right: Array | None, theirs: Array | None) -> str:
    """A sentence on what a whole course shows at a glance: never moves, one call early or late."""
    if right is None or theirs is None or right.shape != theirs.shape or len(right) < 3:
        return ""
    if np.allclose(theirs, theirs[0]) and not np.allclose(right, right[0]):
        return "The rate of your optimizer never changes: does what you work out reach `optimizer.lr`?"
    if np.allclose(theirs[:-1], right[1:]):
        return "Your rates are right, one call too early."
    if np.allclose(theirs[1:], right[:-1]):
        return "Your rates are right, one call too late."
    return ""


def charts(
    scenarios: Sequence[Scenario], golden: Mapping[str, Observation], found: Mapping[str, Observation]
) -> tuple[Chart, ...]:
    """For each scheduler its rates over one course, beside the golden ones."""
    drawn = []
    for scenario in scenarios:
        theirs = found[scenario.id].arrays.get("lr") if scenario.id in found else None
        if scenario.id not in DRAWN or theirs is None or theirs.ndim != 1:
            continue
        name, right = scenario.spec["class"], golden[scenario.id].arrays["lr"]
        series = (_series("reference", right, "golden"), _series("yours", theirs, "yours"))
        setup = ", ".join(explain(scenario, golden[scenario.id], found[scenario.id])[0][1:])
        drawn.append(Chart(f"rates-{name}", f"The rates of {name}", setup + ".", "calls of step()", "lr", series))
    return tuple(drawn)


def _series(label: str, rates: Array, role: Role) -> Series:
    kept = [(float(t), float(rate)) for t, rate in enumerate(rates) if np.isfinite(rate)]
    return Series(label, tuple(t for t, _ in kept), tuple(rate for _, rate in kept), role)
