"""Draws what a submission did beside the reference, as charts: data for render/pictures.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from autograder.model import Array, Chart, Observation, Role, Scenario, Series, Surface

PARTS = 1e-4  # of the golden path's size: above rounding in float32, below what an eye can see


def charts(
    scenarios: Sequence[Scenario], golden: Mapping[str, Observation], found: Mapping[str, Observation]
) -> tuple[Chart, ...]:
    """The path in a ravine and the network's loss, for each optimizer that parts from the reference.

    Those also get a picture of how their error grows. When none parts, all are drawn, without errors.
    """
    seen = [s for s in scenarios if s.id in found and set(golden[s.id].arrays) <= set(found[s.id].arrays)]
    drawable = [s for s in seen if s.spec["kind"] in ("ravine", "training")]
    parting = {s.spec["class"] for s in drawable if _parts(golden[s.id], found[s.id])}
    chosen = [s for s in drawable if s.spec["class"] in parting or not parting]
    drawn = []
    for scenario in sorted(chosen, key=lambda s: (list(ORDER).index(s.spec["class"]), s.spec["kind"])):
        right, theirs = golden[scenario.id].arrays, found[scenario.id].arrays
        if scenario.spec["kind"] == "training":
            drawn.append(_loss(scenario, right["loss"], theirs["loss"]))
            continue
        drawn.append(_ravine(scenario, right["p0"], theirs["p0"]))
        if parting:
            drawn.append(_error(scenario, right["p0"], theirs["p0"]))
    return tuple(drawn)


ORDER = ("SGD", "Adam", "AdamW")


def _parts(golden: Observation, found: Observation) -> bool:
    for name, right in golden.arrays.items():
        theirs = found.arrays[name]
        if theirs.shape != right.shape or not np.abs(theirs - right).max() <= PARTS * np.abs(right).max():
            return True
    return False


def _ravine(scenario: Scenario, right: Array, theirs: Array) -> Chart:
    name = scenario.spec["class"]
    box = float(np.abs(right).max()) * 1.3
    shown = theirs[np.isfinite(theirs).all(1) & (np.abs(theirs) < 2 * box).all(1)]
    x, y = np.linspace(-box * 0.6, box * 0.6, 60), np.linspace(-box, box, 60)
    steep, flat = scenario.arrays["c"]
    surface = Surface(x, y, 0.5 * (steep * x[None, :] ** 2 + flat * y[:, None] ** 2))
    series = (_series("golden", right, "golden"), _series("yours", shown, "yours"))
    caption = f"{name} descends a ravine that is {steep / flat:g} times steeper across than along."
    return Chart(f"ravine-{name}", f"{name} in a ravine", caption, "θ₁ (steep)", "θ₂ (flat)", series, surface=surface)


def _series(label: str, path: Array, role: Role) -> Series:
    return Series(label, tuple(path[:, 0].tolist()), tuple(path[:, 1].tolist()), role)


def _error(scenario: Scenario, right: Array, theirs: Array) -> Chart:
    name, rows = scenario.spec["class"], min(len(right), len(theirs))
    with np.errstate(all="ignore"):
        error = np.abs(theirs[:rows] - right[:rows]).max(1)
    kept = [(t, float(e)) for t, e in enumerate(error) if np.isfinite(e)]
    series = Series("yours − golden", tuple(float(t) for t, _ in kept), tuple(max(e, 1e-17) for _, e in kept), "yours")
    return Chart(
        f"error-{name}",
        f"{name}: distance from the golden path",
        "Rounding stays flat; a wrong rule grows.",
        "step",
        "largest error",
        (series,),
        log_y=True,
    )


def _loss(scenario: Scenario, right: Array, theirs: Array) -> Chart:
    name = scenario.spec["class"]
    curves_of: tuple[tuple[str, Array, Role], ...] = (("golden", right, "golden"), ("yours", theirs, "yours"))
    curves = tuple(
        Series(
            label,
            tuple(float(t) for t in range(len(curve))),
            tuple(np.nan_to_num(curve, nan=0.0, posinf=0.0).tolist()),
            role,
        )
        for label, curve, role in curves_of
    )
    return Chart(f"loss-{name}", f"{name} trains a network on iris", scenario.title + ".", "step", "loss", curves)
