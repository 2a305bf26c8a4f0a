"""Finds the conventions that a submission follows, so that only mistakes are left to explain."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations

from autograder.judge.compare import compare
from autograder.judge.observations import Observations, goldens
from autograder.model import Assignment, Finding, Observation, Scenario


def _compared(
    assignment: Assignment, scenario: Scenario, golden: Observations, observations: Observations
) -> tuple[Finding, ...]:
    return compare(scenario, golden[scenario.id], observations.get(scenario.id), assignment.tolerances)


def settle(
    assignment: Assignment, scenarios: Sequence[Scenario], golden: Observations, observations: Observations
) -> tuple[dict[str, Observation], dict[str, frozenset[str]], tuple[Finding, ...]]:
    """The goldens of the conventions that each subject follows, these conventions, and what is found by them.

    They are the canonical ones unless others explain more: a convention is adopted only when every trajectory that
    fails by it fails by the canonical one as well, and some no longer do.
    """
    settled, chosen = dict(golden), {}
    found = {s.id: _compared(assignment, s, golden, observations) for s in scenarios}
    for subject in dict.fromkeys(c.group for c in assignment.conventions):
        theirs = [s for s in scenarios if assignment.subject(s) == subject]
        known = [c.id for c in assignment.conventions if c.group == subject and not c.beside]
        best = _parting(found[s.id] for s in theirs)
        for following in (frozenset(some) for n in range(1, len(known) + 1) for some in combinations(known, n)):
            if not best:
                break
            other = goldens(assignment, theirs, following)
            findings = {s.id: _compared(assignment, s, other, observations) for s in theirs}
            parting = _parting(findings.values())
            if parting < best:
                best, chosen[subject] = parting, following
                settled |= other
                found |= findings
    return settled, chosen, tuple(f for s in scenarios for f in found[s.id])


def _parting(found: Iterable[Sequence[Finding]]) -> frozenset[tuple[str, str]]:
    """The checks of whole trajectories that fail."""
    findings = (f for some in found for f in some)
    return frozenset(
        (f.scenario, f.check.id) for f in findings if f.status == "failed" and f.check.arrays and not f.check.at_most
    )
