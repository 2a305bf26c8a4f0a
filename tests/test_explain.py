"""Conventions are recognised as such: whoever follows one is held against its goldens, and a mistake gains none."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from autograder.assignment import load
from autograder.judge.explain import settle
from autograder.judge.observations import goldens
from autograder.model import Assignment, Observation

NAMES = ("optimizers", "schedulers", "foundations")
SEED = 5


def every_convention() -> list[tuple[str, str, frozenset[str]]]:
    """Each combination of the conventions of each subject, of every assignment here."""
    found = []
    for name in NAMES:
        conventions = load(name).conventions
        for group in dict.fromkeys(c.group for c in conventions):
            ids = [c.id for c in conventions if c.group == group and not c.beside]
            found += [(name, group, frozenset(s)) for n in range(len(ids) + 1) for s in combinations(ids, n)]
    return found


def setting(name: str) -> Assignment:
    return load(name)


@pytest.mark.parametrize(("name", "group", "following"), every_convention())
def test_who_follows_conventions_is_held_against_their_goldens(name, group, following):
    assignment = setting(name)
    scenarios = [s for s in assignment.scenarios(SEED) if assignment.subject(s) == group]
    canonical, seen = goldens(assignment, scenarios), goldens(assignment, scenarios, following)
    settled, chosen, findings = settle(assignment, scenarios, canonical, seen)
    for scenario in scenarios:
        for array, rows in seen[scenario.id].arrays.items():
            np.testing.assert_allclose(settled[scenario.id].arrays[array], rows, rtol=1e-6, atol=1e-9)
    assert chosen.get(group, frozenset()) <= following, "the fewest that explain it"
    assert {f.status for f in findings if f.check.arrays} == {"passed"}


@pytest.mark.parametrize("name", NAMES)
def test_a_mistake_that_no_convention_explains_gains_none(name):
    assignment = setting(name)
    scenarios = assignment.scenarios(SEED)
    canonical = goldens(assignment, scenarios)
    wrong = {
        key: Observation(key, {n: rows + 0.5 * np.arange(1, rows.size + 1).reshape(rows.shape) for n, rows in o.arrays.items()}, o.facts)
        for key, o in canonical.items()
    }  # fmt: skip
    settled, chosen, findings = settle(assignment, scenarios, canonical, wrong)
    assert chosen == {}
    assert "failed" in {f.status for f in findings if f.check.arrays}
    assert settled == canonical
