"""The smallest life that shows a failure: shorter ones are tried as long as they fail."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.assignment import load
from autograder.judge.compare import compare
from autograder.judge.exhibits import find_exhibits
from autograder.judge.observations import goldens, with_derived
from autograder.judge.shrink import MOST, shrink_lives, smaller
from autograder.model import Observation, Scenario

SEED = 3
KINDS = ("step", "set lr", "clear")


def life(kinds):
    actions = [[kind, n] for n, kind in enumerate(kinds)]
    return Scenario("life", "a life", "SGD", {"actions": actions, "records": "step"}, {}, (), role="life")


@given(st.lists(st.sampled_from(KINDS), min_size=1, max_size=80))
def test_smaller_lives_are_parts_of_the_life_that_end_with_a_record(kinds):
    whole = life(kinds)
    found = [one.spec["actions"] for one in smaller(whole)]
    assert len(found) <= MOST + 1
    for actions in found:
        rest = iter(whole.spec["actions"])
        assert all(action in rest for action in actions), "the same actions in the same order"
        assert actions[-1][0] == "step"
        assert 0 < len(actions) < len(kinds)
    assert len({str(actions) for actions in found}) == len(found)


@pytest.mark.parametrize("needed", [2, 5, 11])
def test_a_failure_that_takes_so_many_steps_is_shown_with_as_many(needed):
    """Code that is right until then; each batch is one run of a sandbox, of which there are few."""
    assignment = load("optimizers")
    scenarios = assignment.scenarios(SEED)
    one = next(
        s for s in scenarios if s.role == "life" and sum(a[0] == s.spec["records"] for a in s.spec["actions"]) > 11
    )
    batches = []

    def play(some):
        batches.append(len(some))
        golden = goldens(assignment, some)
        return {s.id: spoilt(golden[s.id]) for s in some}

    def spoilt(seen):
        arrays = {
            n: rows + (np.arange(len(rows)) >= needed).reshape(-1, *[1] * (rows.ndim - 1))
            for n, rows in seen.arrays.items()
        }
        return Observation(seen.scenario, arrays, seen.facts)

    golden = goldens(assignment, [one])
    seen = with_derived(assignment, [one], play([one]))
    failed = [f for f in compare(one, golden[one.id], seen[one.id], assignment.tolerances) if f.status == "failed"]
    shown = find_exhibits(assignment, [one], golden, seen, failed)
    assert shown
    (smallest,) = shrink_lives(assignment, scenarios, shown[:1], {}, play)
    assert smallest.scenario == one.id
    assert len(smallest.rows) <= len(shown[0].rows)
    assert int(smallest.rows[-1][0]) == needed
    assert len(batches) <= 4


def test_what_is_no_life_stays_as_it_is():
    assignment = load("optimizers")
    scenarios = [s for s in assignment.scenarios(SEED) if s.role != "life"]
    golden = goldens(assignment, scenarios)
    wrong = {k: replace(o, arrays={n: rows + 1 for n, rows in o.arrays.items()}) for k, o in golden.items()}
    failed = [
        f
        for s in scenarios[:5]
        for f in compare(s, golden[s.id], wrong[s.id], assignment.tolerances)
        if f.status == "failed"
    ]
    shown = find_exhibits(assignment, scenarios, golden, wrong, failed)
    assert shown
    assert shrink_lives(assignment, scenarios, shown, {}, pytest.fail) == tuple(shown)
