"""Rules on the way from a named mistake to the right rule: where one edit is not enough, it leads to one of them.

Both moments without correction are two edits, and no experiment is right after one of them. But what a class does that
corrects only one of them is known, from the same family that gave the mistake its name.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from autograder.judge.observations import Observations
from autograder.judge.search import Candidates, Fit, Part
from autograder.model import Array, Assignment, Observation, Scenario


@dataclass(frozen=True)
class Waypoint:
    """A rule with less of a mistake: the row of that mistake, and what a class that follows the rule does."""

    criterion: str
    expected: Observations  # by scenario id: only trajectories that the wrong rule reproduced
    relative: float  # tolerance, of the largest number

    def shows(self, scenario: str, seen: Observation | None) -> bool:
        """Return whether a class that was seen to do this differs there from this rule."""
        return scenario in self.expected and not self.agrees(scenario, seen)

    def agrees(self, scenario: str, seen: Observation | None) -> bool:
        """Return whether a class did there what this rule does; what is not finite agrees with what is not."""
        if seen is None or seen.fault is not None:
            return False
        return all(
            _agrees(seen.arrays.get(n), right, self.bound(right)) for n, right in self.expected[scenario].arrays.items()
        )

    def bound(self, right: Array) -> float:
        """Return the largest difference that is allowed."""
        return self.relative * float(np.abs(right[np.isfinite(right)]).max(initial=0.0))


def _agrees(theirs: Array | None, right: Array, bound: float) -> bool:
    if theirs is None or theirs.shape != right.shape:
        return False
    finite = np.isfinite(right)
    with np.errstate(invalid="ignore"):
        return bool(np.where(finite, np.abs(theirs - right) <= bound, ~np.isfinite(theirs)).all())


def waypoints(assignment: Assignment, scenarios: Sequence[Scenario], subject: str, fit: Fit) -> list[Waypoint]:
    """Return the rules that differ in one thing less from the right one than the rule that was identified."""
    theirs = [s for s in scenarios if assignment.subject(s) == subject and s.id in fit.reproduced and s.checks]
    found = []
    for criterion, parts in _nearer(fit):
        predicted = assignment.predict(
            subject, theirs, Candidates.all_of(parts).hypotheses([fit.number]), fit.conventions
        )
        expected = {
            scenario.id: Observation(scenario.id, arrays={name: rows[0] for name, rows in arrays.items()})
            for scenario, arrays in zip(theirs, predicted, strict=True)
            if arrays
        }
        found.append(Waypoint(criterion, expected, assignment.tolerances["default"].relative))
    return found


def _nearer(fit: Fit) -> Iterator[tuple[str, tuple[Part, ...]]]:
    """Yield the row of a mistake and what is left of the rule's mistakes, where that is not nothing."""
    for part in fit.parts:
        others = tuple(p for p in fit.parts if p is not part)
        for switch in part.changes:
            left = {name: option for name, option in part.changes.items() if name != switch}
            if left or others:
                yield part.belief.criterion, (*others, *([replace(part, changes=left)] if left else []))
        if part.belief.halfway and not part.gate:
            yield part.belief.criterion, (*others, replace(part, changes=part.belief.halfway))
