"""A harness that was taken over gains little by what it says: numbers earn, and facts hardly."""

from dataclasses import replace

import numpy as np
import pytest

from autograder.assignment import load
from autograder.judge.observations import fitting, goldens, with_derived
from autograder.judge.verdict import judge
from autograder.model import Observation

SEED = 7
MOST = 8.0  # of 100 points: what ARCHITECTURE promises


@pytest.fixture(scope="module")
def assignment():
    return load("optimizers")


def lied(assignment, arrays, seed=SEED):
    """The verdict on a harness that states every fact and every loss as they should be; `arrays` makes up the rest."""
    scenarios = assignment.scenarios(seed)
    golden = goldens(assignment, scenarios)
    claims = {}
    for scenario in scenarios:
        right = golden[scenario.id]
        losses = {name: rows for name, rows in right.arrays.items() if name == "loss"}
        lie = Observation(scenario.id, {**arrays(scenario, right), **losses}, right.facts)
        claims[scenario.id] = fitting(lie, right)
    return judge(assignment, scenarios, golden, with_derived(assignment, scenarios, claims))


def silent(_scenario, _right):
    return {}


def responsive(scenario, right):
    """Made-up moves that follow gradient and start where it is looked at whether they do, and nothing elsewhere."""
    if scenario.role != "response":
        return {}
    return {name: np.where(np.arange(len(rows))[:, None] > 0, 2 * rows, rows) for name, rows in right.arrays.items()}


def standing(scenario, right):
    """Parameters that stay where they were, in every experiment that records any."""
    told = responsive(scenario, right)
    return told or {name: np.repeat(rows[:1], len(rows), axis=0) for name, rows in right.arrays.items() if len(rows)}


def agreeing(others, kinds):
    """Made-up runs that agree where two runs must: of several that may be the one, always `others` (one a parameter)."""

    def arrays(scenario, right):
        relations = [check for check in scenario.checks if check.relation]
        if scenario.spec["kind"] not in kinds or not relations:
            return responsive(scenario, right)
        draw = np.random.default_rng(1)
        made = {name: rows[:1] + np.cumsum(draw.normal(size=rows.shape), axis=0) for name, rows in right.arrays.items()}
        for number, check in enumerate(relations):
            one, other = check.relation
            taken = f"{others[number]}{number}" if scenario.spec.get("others") else other
            if taken is not None:
                made[taken] = made[one]
        return made

    return arrays


@pytest.mark.slow("a hypothesis for every class, for three seeds")
def test_made_up_runs_agree_with_the_right_ones_by_chance_only(assignment):
    """Only somebody who computes the rule can tell which of four runs comes to the same."""
    draw = np.random.default_rng(4)
    earned = [
        sum(row.score for row in lied(assignment, agreeing(draw.choice(list("qrtu"), 3), {"pair"}), seed).criteria)
        for seed in range(3)
    ]
    assert sum(earned) / len(earned) <= MOST, earned


@pytest.mark.slow("a hypothesis for every class, and none explains it")
@pytest.mark.parametrize("arrays", [silent, responsive, standing])
def test_right_facts_and_losses_without_right_numbers_earn_little(assignment, arrays):
    verdict = lied(assignment, arrays)
    earned = {row.id: row.score for row in verdict.criteria if row.score}
    assert sum(earned.values()) <= MOST, earned
    assert "training" not in earned


def test_a_loss_that_was_sent_counts_for_nothing(assignment):
    """The training is judged by the loss of the recorded weights."""
    scenarios = [s for s in assignment.scenarios(SEED) if s.spec["kind"] == "training"]
    golden = goldens(assignment, scenarios)
    for scenario in scenarios:
        right = golden[scenario.id]
        stuck = {n: np.repeat(rows[:1], 2, axis=0) if n != "loss" else rows for n, rows in right.arrays.items()}
        claims = {scenario.id: fitting(replace(right, arrays=stuck), right)}
        verdict = judge(assignment, [scenario], golden, with_derived(assignment, [scenario], claims))
        assert [f.status for f in verdict.findings] == ["failed"]
