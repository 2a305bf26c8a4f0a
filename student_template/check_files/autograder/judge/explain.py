"""Finds the conventions that a submission follows, so that only mistakes are left to explain."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from autograder.judge.compare import compare
from autograder.judge.observations import Observations, goldens
from autograder.model import Assignment, Finding, Observation, Scenario


def compare_scenario(
    assignment: Assignment, scenario: Scenario, golden: Observations, observations: Observations
) -> tuple[Finding, ...]:
    return compare(scenario, golden[scenario.id], observations.get(scenario.id), assignment.tolerances)


def settle(
    assignment: Assignment, scenarios: Sequence[Scenario], golden: Observations, observations: Observations
) -> tuple[dict[str, Observation], dict[str, frozenset[str]]]:
    """The goldens of the conventions that each subject follows; the canonical ones unless others explain more.

    A convention is adopted only when every trajectory that fails by it fails by the canonical one as well, and
    some no longer do.
    """
    settled, chosen = dict(golden), {}
    for subject in dict.fromkeys(c.group for c in assignment.conventions):
        theirs = [s for s in scenarios if assignment.subject(s) == subject]
        known = [c.id for c in assignment.conventions if c.group == subject and not c.beside]
        best = _parting(assignment, theirs, golden, observations)
        for following in (frozenset(some) for n in range(1, len(known) + 1) for some in combinations(known, n)):
            if not best:
                break
            other = goldens(assignment, theirs, following)
            parting = _parting(assignment, theirs, other, observations)
            if parting < best:
                best, chosen[subject] = parting, following
                settled |= other
    return settled, chosen


def _parting(
    assignment: Assignment, scenarios: Sequence[Scenario], golden: Observations, observations: Observations
) -> frozenset[tuple[str, str]]:
    """The checks of whole trajectories that fail by these goldens."""
    findings = (f for s in scenarios for f in compare_scenario(assignment, s, golden, observations))
    return frozenset(
        (f.scenario, f.check.id) for f in findings if f.status == "failed" and f.check.arrays and not f.check.at_most
    )
