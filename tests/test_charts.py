"""The charts of the optimizers: which are drawn, what they mark, and what their captions say."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from autograder.assignment import load
from autograder.assignments.optimizers.charts import ORDER, charts
from autograder.model import Observation

SEED = 7


@cache
def right() -> tuple[list, dict[str, Observation]]:
    assignment = load("optimizers")
    scenarios = list(assignment.scenarios(SEED))
    return scenarios, dict(assignment.golden(scenarios, frozenset()))


def with_changes(change) -> dict[str, Observation]:
    """What a submission did: the reference, but `change(scenario, arrays)` returns other arrays, or None."""
    scenarios, golden = right()
    found = {}
    for scenario in scenarios:
        arrays = dict(golden[scenario.id].arrays)
        found[scenario.id] = replace(golden[scenario.id], arrays=change(scenario, arrays) or arrays)
    return found


def drawn(change):
    scenarios, golden = right()
    return {chart.id: chart for chart in charts(scenarios, golden, with_changes(change))}


def away_from(step: int, amount: float, kind: str = "ravine", name: str = "Adam"):
    def change(scenario, arrays):
        if scenario.spec["kind"] == kind and scenario.spec.get("class") == name and len(arrays["p0"]) > step:
            moved = arrays["p0"].copy()
            moved[step:] += amount
            return {**arrays, "p0": moved}
        return None

    return change


def test_a_right_answer_is_drawn_whole_and_folded():
    shown = drawn(lambda *_: None)
    assert {chart.group for chart in shown.values()} == set(ORDER)
    assert not any(chart.open for chart in shown.values())
    assert not any(name.startswith("error") for name in shown)
    assert "Both paths are the same" in shown["ravine-Adam"].caption


@pytest.mark.parametrize("step", [1, 2, 17])
def test_the_first_step_that_leaves_the_reference_is_marked_and_told(step):
    shown = drawn(away_from(step, 0.3))
    assert {chart.group for chart in shown.values()} == {"Adam"}
    error = shown["error-Adam"]
    assert error.mark == step
    assert f"You leave it at step {step}" in error.caption
    assert f"leaves the reference at step {step}" in shown["ravine-Adam"].caption
    (line,) = error.series
    assert min(line.x) == 1
    assert all((y > 0) == (x >= step) for x, y in zip(line.x, line.y, strict=True))
    assert 0 < error.band < 0.3


def test_where_the_ravine_does_not_show_a_mistake_the_experiment_that_does_is_drawn():
    shown = drawn(away_from(1, 0.5, kind="course", name="AdamW"))
    assert "ravine-AdamW" not in shown
    course = shown["course-AdamW"]
    golden, yours = course.series
    assert golden.y != yours.y
    assert course.mark == 1


def test_a_difference_that_rounding_makes_is_no_mistake():
    assert not any(chart.open for chart in drawn(away_from(1, 1e-9)).values())


def test_a_lower_loss_is_not_called_better():
    def change(scenario, arrays):
        return {**arrays, "loss": arrays["loss"] * 0.5} if scenario.spec["kind"] == "training" else None

    caption = drawn(change)["loss-SGD"].caption
    assert "not a better rule" in caption
    assert "not a better rule" not in drawn(lambda *_: None)["loss-SGD"].caption


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e200])
def test_runs_that_diverge_end_where_their_numbers_do(value):
    def change(scenario, arrays):
        moved = {name: array.copy() for name, array in arrays.items()}
        for name in ("p0", "loss"):
            if name in moved and scenario.spec["kind"] in ("ravine", "training") and moved[name].ndim:
                moved[name][5:] = value
        return moved

    shown = drawn(change)
    assert "is no number any more" in shown["loss-Adam"].caption
    assert "does not arrive" in shown["ravine-Adam"].caption
    for chart in shown.values():
        assert all(np.isfinite(series.y).all() for series in chart.series)


def test_paths_that_end_early_are_drawn():
    def change(scenario, arrays):
        return {**arrays, "p0": arrays["p0"][:3]} if scenario.spec["kind"] == "ravine" else None

    assert drawn(change)["error-SGD"].mark == 3
