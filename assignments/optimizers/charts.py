"""Draws what a submission did beside the reference, as charts: data for render/pictures.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from autograder.model import Array, Chart, Observation, Role, Scenario, Series, Surface

PARTS = 1e-4  # of the golden path's size: above rounding in float32, below what an eye can see
SEEN = 0.01  # of the golden path's size: a distance that an eye can see on a map
ORDER = ("SGD", "Adam", "AdamW")
GONE = 1e100  # a number as large as this has diverged


def charts(
    scenarios: Sequence[Scenario], golden: Mapping[str, Observation], found: Mapping[str, Observation]
) -> tuple[Chart, ...]:
    """Draw each optimizer that parts from the reference; when none parts, all of them, folded.

    Of each: its path in a ravine, or the experiment in which it differs most where the ravine does not show it; how far
    it is from the reference at each step; the loss of the network that it trains.
    """
    seen = [s for s in scenarios if s.id in found and set(golden[s.id].arrays) <= set(found[s.id].arrays)]
    drawn: list[Chart] = []
    of_class = {name: [s for s in seen if s.spec.get("class") == name] for name in ORDER}
    parting = {name for name, theirs in of_class.items() if any(_parts(golden[s.id], found[s.id]) for s in theirs)}
    for name in (name for name in ORDER if name in parting or not parting):
        drawn += _of_class(name, of_class[name], golden, found, parts=name in parting)
    return tuple(drawn)


def _of_class(
    name: str,
    scenarios: Sequence[Scenario],
    golden: Mapping[str, Observation],
    found: Mapping[str, Observation],
    *,
    parts: bool,
) -> list[Chart]:
    in_group: dict[str, Any] = {"group": name, "open": parts}
    ravine = next((s for s in scenarios if s.spec["kind"] == "ravine"), None)
    training = next((s for s in scenarios if s.spec["kind"] == "training"), None)
    shown = _telling(scenarios, golden, found) if parts else ravine
    drawn = []
    if shown is not None:
        right, theirs = golden[shown.id].arrays["p0"], found[shown.id].arrays["p0"]
        draw = _ravine if shown.spec["kind"] == "ravine" else _course
        drawn.append(draw(shown, right, theirs, in_group))
        if parts:
            drawn.append(_error(shown, right, theirs, in_group))
    if training is not None:
        drawn.append(_loss(training, golden[training.id].arrays["loss"], found[training.id].arrays["loss"], in_group))
    return drawn


def _telling(
    scenarios: Sequence[Scenario], golden: Mapping[str, Observation], found: Mapping[str, Observation]
) -> Scenario | None:
    """The experiment in which the mistake shows: the ravine if an eye sees it there, or the largest difference."""
    paths = [s for s in scenarios if s.spec["kind"] in ("ravine", "course") and "p0" in golden[s.id].arrays]
    away = {s.id: _distance(golden[s.id].arrays["p0"], found[s.id].arrays["p0"]) for s in paths}
    for scenario in paths:
        if scenario.spec["kind"] == "ravine" and away[scenario.id] > SEEN:
            return scenario
    differing = [s for s in paths if away[s.id] > PARTS]
    return max(differing, key=lambda s: min(away[s.id], 1.0), default=None)


def _distance(right: Array, theirs: Array) -> float:
    """The largest distance of two paths, in sizes of the right one; infinite where theirs has an end or no number."""
    if theirs.shape != right.shape:
        return float("inf")
    with np.errstate(all="ignore"):
        away = float(np.abs(theirs - right).max(initial=0.0) / max(float(np.abs(right).max(initial=0.0)), 1e-300))
    return away if np.isfinite(away) else float("inf")


def _parts(golden: Observation, found: Observation) -> bool:
    return any(_distance(right, found.arrays[name]) > PARTS for name, right in golden.arrays.items())


# ------------------------------------------------------------------------------------------------------- each chart
def _ravine(scenario: Scenario, right: Array, theirs: Array, in_group: Mapping[str, Any]) -> Chart:
    name = scenario.spec["class"]
    box = float(np.abs(right).max()) * 1.3
    shown = theirs[np.isfinite(theirs).all(1) & (np.abs(theirs) < 2 * box).all(1)]
    x, y = (_around([*right[:, side], *shown[:, side], 0.0], box) for side in (0, 1))
    steep, flat = scenario.arrays["c"]
    surface = Surface(x, y, 0.5 * (steep * x[None, :] ** 2 + flat * y[:, None] ** 2), minimum=(0.0, 0.0))
    series = (_path("reference", right, "golden"), _path("yours", shown, "yours"))
    where = f"{name} in a ravine that is {steep / flat:g} times steeper across than along"
    caption = f"{where}. {_compared(right, theirs)}"
    return Chart(
        f"ravine-{name}", f"{name} in a ravine", caption, "θ₁ (steep)", "θ₂ (flat)", series, surface=surface, **in_group
    )


def _around(values: Sequence[float], most: float) -> Array:
    """Return places that reach a little beyond the values, and no further than `most`: the paths fill the map."""
    low, high = max(min(values), -most), min(max(values), most)
    edge = 0.12 * (high - low)
    return np.linspace(low - edge, high + edge, 60)


def _compared(right: Array, theirs: Array) -> str:
    """One sentence on the difference of the paths on the map."""
    step = _first_difference(right, theirs)
    if step is None:
        return "Both paths are the same, up to rounding."
    if theirs.shape != right.shape or not (np.isfinite(theirs[-1]).all() and np.abs(theirs[-1]).max() < GONE):
        return f"Your path leaves the reference at step {step} and does not arrive."
    ends = [float(np.linalg.norm(path[-1])) for path in (theirs, right)]
    return (
        f"Your path leaves the reference at step {step}. After {len(right) - 1} steps you are {ends[0]:.2g} from the "
        f"minimum, the reference {ends[1]:.2g}."
    )


def _course(scenario: Scenario, right: Array, theirs: Array, in_group: Mapping[str, Any]) -> Chart:
    """One number over the steps: the one that is furthest from the reference."""
    name, rows = scenario.spec["class"], min(len(right), len(theirs))
    right, theirs = right[:rows].reshape(rows, -1), theirs[:rows].reshape(rows, -1)
    with np.errstate(all="ignore"):
        column = int(np.argmax(np.nan_to_num(np.abs(theirs - right), nan=GONE, posinf=GONE).max(0)))
    series = (_values("reference", right[:, column], "golden"), _values("yours", theirs[:, column], "yours"))
    step = _first_difference(right, theirs)
    caption = f"{scenario.title}. One parameter at each step"
    caption += "." if step is None else f": yours differs from step {step} on."
    return Chart(
        f"course-{name}", f"{name}: where it differs", caption, "step", "θ", series,
        mark=None if step is None else float(step), **in_group,
    )  # fmt: skip


def _error(scenario: Scenario, right: Array, theirs: Array, in_group: Mapping[str, Any]) -> Chart:
    """From step 1 on: both start at the same place. Where they are equal, the line lies at the bottom of the band."""
    name, rows = scenario.spec["class"], min(len(right), len(theirs))
    with np.errstate(all="ignore"):
        error = np.abs(theirs[:rows] - right[:rows]).reshape(rows, -1).max(1)
    kept = [(float(t), float(e)) for t, e in enumerate(error) if t > 0 and np.isfinite(e) and e < GONE]
    band = PARTS * float(np.abs(right).max())
    step = _first_difference(right, theirs)
    if step is None:
        caption = "The difference stays in the band that rounding explains."
    else:
        caption = f"The grey band is what rounding explains. You leave it at step {step}: look at what that step does."
    return Chart(
        f"error-{name}", f"{name}: distance from the reference", caption, "step", "largest difference",
        (Series("yours − reference", tuple(t for t, _ in kept), tuple(e for _, e in kept), "yours"),),
        log_y=True, band=band, mark=None if step is None else float(step), **in_group,
    )  # fmt: skip


def _first_difference(right: Array, theirs: Array) -> int | None:
    """The first step at which the paths differ by more than rounding."""
    rows = min(len(right), len(theirs))
    with np.errstate(all="ignore"):
        away = np.abs(theirs[:rows] - right[:rows]).reshape(rows, -1).max(1)
    apart = np.flatnonzero(~(away <= PARTS * np.abs(right).max(initial=0.0)))
    if apart.size:
        return int(apart[0])
    return None if len(theirs) == len(right) else rows


def _loss(scenario: Scenario, right: Array, theirs: Array, in_group: Mapping[str, Any]) -> Chart:
    name = scenario.spec["class"]
    curves = (_values("reference", right, "golden"), _values("yours", theirs, "yours"))
    caption = _learned(name, right, theirs)
    return Chart(f"loss-{name}", f"{name} trains a network on iris", caption, "step", "loss", curves, **in_group)


def _learned(name: str, right: Array, theirs: Array) -> str:
    steps = len(right) - 1
    if theirs.shape != right.shape or not (np.isfinite(theirs).all() and np.abs(theirs).max() < GONE):
        return f"A small network learns with your {name}: its loss is no number any more before step {steps}."
    mine, theirs_end = float(theirs[-1]), float(right[-1])
    ends = f"After {steps} steps the loss is {mine:.3g} with your {name} and {theirs_end:.3g} with the reference."
    if mine < theirs_end * (1 - SEEN):
        return f"{ends} A lower loss here is chance, not a better rule: on another task it can be higher."
    return ends


# ------------------------------------------------------------------------------------------------------------ series
def _path(label: str, path: Array, role: Role) -> Series:
    return Series(label, tuple(path[:, 0].tolist()), tuple(path[:, 1].tolist()), role)


def _values(label: str, values: Array, role: Role) -> Series:
    """A number at each step; a run that diverged ends where its numbers do."""
    kept = [(float(t), float(value)) for t, value in enumerate(values) if np.isfinite(value) and abs(value) < GONE]
    return Series(label, tuple(t for t, _ in kept), tuple(value for _, value in kept), role)
