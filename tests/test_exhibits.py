"""The numbers beside a row: each is the recorded one of the step that it is told for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from autograder.assignment import load
from autograder.judge.compare import MOVING, compare
from autograder.judge.exhibits import find_exhibits
from autograder.judge.observations import goldens, with_derived
from autograder.model import Assignment, Exhibit, Observation, Scenario


@pytest.fixture(scope="module", params=["optimizers", "schedulers"])
def assignment(request: pytest.FixtureRequest) -> Assignment:
    return load(request.param)


@pytest.fixture(scope="module")
def shown(assignment: Assignment) -> list[tuple[Scenario, Observation, Exhibit]]:
    """Each experiment on its own, with the answer of an optimizer that goes 10 % too far in every step."""
    found = []
    for scenario in assignment.scenarios(11):
        golden = goldens(assignment, [scenario])[scenario.id]
        plain = assignment.golden([scenario], frozenset())[scenario.id]
        further = {name: array[:1] + 1.1 * (array - array[:1]) for name, array in plain.arrays.items() if len(array)}
        observed = with_derived(assignment, [scenario], {scenario.id: replace(plain, arrays=further)})
        findings = compare(scenario, golden, observed[scenario.id], assignment.tolerances)
        exhibits = find_exhibits(assignment, [scenario], {scenario.id: golden}, observed, findings)
        found += [(scenario, plain, exhibit) for exhibit in exhibits]
    return found


def test_a_row_shows_the_recorded_number_of_the_step_that_it_names(shown):
    """Rows that were derived from some of the steps would be told as those of the first steps."""
    told = 0
    for scenario, plain, exhibit in shown:
        if exhibit.axis not in MOVING or not exhibit.rows:
            continue
        place = tuple(int(i) for i in exhibit.place.strip("[]").split(",")) if exhibit.place else None
        recorded = {
            (str(step), f"{float(number):.6g}")
            for array in plain.arrays.values()
            for step, row in enumerate(array)
            for index, number in np.ndenumerate(row)
            if place in (None, index)
        }
        assert {(step, expected) for step, expected, _, _ in exhibit.rows} <= recorded, scenario.id
        told += 1
    assert told > 10, "hardly anything was shown"


def test_no_number_is_minus_zero(shown):
    cells = [cell for _, _, exhibit in shown for row in exhibit.rows for cell in row]
    assert cells
    assert "-0" not in cells
