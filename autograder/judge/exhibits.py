"""Shows the smallest failing experiment of each rubric row with its numbers."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np

from autograder.judge.compare import MOVING
from autograder.judge.marks import Key
from autograder.judge.observations import Observations
from autograder.model import Assignment, Diagnosis, Exhibit, Finding, Kind, Observation, Scenario


def find_exhibits(
    assignment: Assignment,
    scenarios: Sequence[Scenario],
    golden: Observations,
    observations: Observations,
    findings: Sequence[Finding],
) -> tuple[Exhibit, ...]:
    """For each rubric row that lost marks, its first failing scenario with numbers: scenarios come smallest first."""
    told: dict[str, Exhibit] = {}
    by_id = {s.id: s for s in scenarios}
    for finding in findings:
        criterion, scenario = finding.check.criterion, by_id[finding.scenario]
        observed = observations.get(scenario.id)
        if finding.difference is None or finding.check.at_most or criterion in told or observed is None:
            continue
        if _renumbered(assignment, scenario, golden[scenario.id], finding.difference.array):
            continue
        setup, comment = assignment.explain(scenario, golden[scenario.id], observed)
        rows = _rows(golden[scenario.id], observed, finding, steps=scenario.axis in MOVING)
        several = golden[scenario.id].arrays[finding.difference.array][0].size > 1
        place = str(list(finding.difference.index)) if several else ""
        told[criterion] = Exhibit(
            scenario.id, scenario.title, criterion, tuple(setup), rows, comment, scenario.axis, place
        )
    return tuple(told.values())


def _renumbered(assignment: Assignment, scenario: Scenario, golden: Observation, array: str) -> bool:
    """Return whether row 0 of an array is another step than the start: it follows from some of the recorded rows."""
    recorded = max(len(rows) for rows in golden.arrays.values())
    return len(golden.arrays[array]) < recorded and array in assignment.derive(scenario, golden.arrays)


MAX_ROWS = 6  # rows shown: enough for the smallest scenarios, whole


def _rows(
    golden: Observation, found: Observation, finding: Finding, *, steps: bool
) -> tuple[tuple[str, str, str, str], ...]:
    """Which row, expected, found, and a ratio: of the two moves where something moves, of the two numbers elsewhere."""
    difference = finding.difference
    assert difference is not None
    right, theirs = golden.arrays[difference.array], found.arrays[difference.array]
    first = max(0, difference.step - MAX_ROWS + 2)
    rows = []
    for step in range(first, min(len(theirs), len(right), first + MAX_ROWS)):
        place = (step, *difference.index)
        expected, seen = float(right[place]), float(theirs[place])
        before = (step - 1, *difference.index)
        moved = steps and step > 0
        right_move, move = (
            (expected - float(right[before]), seen - float(theirs[before]))
            if moved
            else ((0.0, 0.0) if steps else (expected, seen))
        )
        kinds = tuple(o.kinds.get(difference.array, "number") for o in (golden, found))
        ratio = f"{move / right_move + 0.0:.4g}" if right_move and "boolean" not in kinds else ""
        digits = next(
            n for n in DIGITS if step != difference.step or n == DIGITS[-1] or f"{expected:.{n}g}" != f"{seen:.{n}g}"
        )
        rows.append((str(step), _number(expected, kinds[0], digits), _number(seen, kinds[1], digits), ratio))
    return tuple(rows)


DIGITS = (6, 9, 12, 17)  # of a number; more than 6 only where they show what differs


def _number(number: float, kind: Kind, digits: int) -> str:
    if kind == "number" or not np.isfinite(number):
        return f"{number + 0.0:.{digits}g}"  # never -0
    return str(bool(number)) if kind == "boolean" else f"{number:.0f}"


def without_consequences(
    assignment: Assignment, findings: Sequence[Finding], diagnoses: Sequence[Diagnosis], explained: Collection[Key]
) -> list[Finding]:
    """The findings that belong to their row: not those that a diagnosis of another row explains."""
    believed = {d.misconception for d in diagnoses}
    claims = [m for m in assignment.misconceptions if m.id in believed]
    return [
        f
        for f in findings
        if (f.scenario, f.check.id) not in explained
        or any(m.criterion == f.check.criterion and m.shows_in(f.scenario) for m in claims)
    ]


def with_numbers(
    assignment: Assignment, diagnoses: Sequence[Diagnosis], exhibits: Sequence[Exhibit]
) -> tuple[Diagnosis, ...]:
    """Each misconception once, with the smallest numbers of this submission that show it as something to try."""
    known = {m.id: m for m in assignment.misconceptions}
    told: dict[str, Diagnosis] = {}
    for d in diagnoses:
        shown = (e for e in exhibits if e.criterion == d.criterion and known[d.misconception].shows_in(e.scenario))
        exhibit = next(shown, None)
        if d.misconception not in told:
            told[d.misconception] = replace(d, try_this=_try_this(exhibit, assignment.quantity) if exhibit else "")
    return tuple(told.values())


def _try_this(exhibit: Exhibit, quantity: str) -> str:
    row, expected, found, _ = next(row for row in exhibit.rows if row[1] != row[2])
    setup, number = ", ".join(exhibit.setup), f", number {exhibit.place}," if exhibit.place else ""
    if exhibit.axis not in MOVING:
        where = f"in {exhibit.axis} {row}"
    else:
        where = f"after {exhibit.axis} {row}" if row != "0" else "at the start"
    return f"{setup}: {where}{number} the right {quantity} is {expected}, yours is {found}."
