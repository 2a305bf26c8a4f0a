"""Shows the smallest failing experiment of each rubric row with its numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from autograder.judge.observations import Observations
from autograder.model import Assignment, Diagnosis, Exhibit, Finding, Observation, Scenario


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
        setup, comment = assignment.explain(scenario, golden[scenario.id], observed)
        rows = _rows(golden[scenario.id], observed, finding)
        told[criterion] = Exhibit(scenario.id, scenario.title, criterion, tuple(setup), rows, comment)
    return tuple(told.values())


MAX_ROWS = 6  # steps shown: enough for the smallest scenarios, whole


def _rows(golden: Observation, found: Observation, finding: Finding) -> tuple[tuple[str, str, str, str], ...]:
    difference = finding.difference
    assert difference is not None
    right, theirs = golden.arrays[difference.array], found.arrays[difference.array]
    first = max(0, difference.step - MAX_ROWS + 2)
    rows = []
    for step in range(first, min(len(theirs), len(right), first + MAX_ROWS)):
        place = (step, *difference.index)
        expected, seen = float(right[place]), float(theirs[place])
        move = expected - float(right[(step - 1, *difference.index)]) if step else 0.0
        ratio = f"{(seen - float(theirs[(step - 1, *difference.index)])) / move:.4g}" if step and move else ""
        rows.append((str(step), f"{expected:.6g}", f"{seen:.6g}", ratio))
    return tuple(rows)


def with_numbers(diagnoses: Sequence[Diagnosis], exhibits: Sequence[Exhibit], quantity: str) -> tuple[Diagnosis, ...]:
    """Each misconception once, with the smallest numbers of this submission that show it as something to try."""
    told: dict[str, Diagnosis] = {}
    for diagnosis in diagnoses:
        exhibit = next((e for e in exhibits if e.criterion == diagnosis.criterion), None)
        if diagnosis.misconception not in told:
            told[diagnosis.misconception] = replace(diagnosis, try_this=_try_this(exhibit, quantity) if exhibit else "")
    return tuple(told.values())


def _try_this(exhibit: Exhibit, quantity: str) -> str:
    step, expected, found, _ = next(row for row in exhibit.rows if row[1] != row[2])
    return f"{', '.join(exhibit.setup)}: after step {step} the right {quantity} is {expected}, yours is {found}."
