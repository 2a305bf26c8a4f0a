"""A harness that was taken over gains little by what it says: numbers earn, and facts hardly."""

from dataclasses import replace

import numpy as np
import pytest

from autograder.assignment import load
from autograder.judge.credit import credit
from autograder.judge.observations import fitting, goldens, with_derived
from autograder.judge.repair import mend
from autograder.judge.verdict import judge
from autograder.model import EditAnswer, Glance, Observation, Trial

SEED = 7
MOST = 8.0  # of 100 points: what ARCHITECTURE promises


@pytest.fixture(scope="module")
def assignment():
    return load("optimizers")


def lied(assignment, arrays, seed=SEED):
    """The verdict on a harness that states every fact and every loss as they should be; `arrays` makes up the rest."""
    scenarios = assignment.scenarios(seed)
    golden = goldens(assignment, scenarios)
    claims = {s.id: fitting(lie(s, golden[s.id], arrays), golden[s.id]) for s in scenarios}
    return judge(assignment, scenarios, golden, with_derived(assignment, scenarios, claims))


def lie(scenario, right, arrays):
    losses = {name: rows for name, rows in right.arrays.items() if name == "loss"}
    return Observation(scenario.id, {**arrays(scenario, right), **losses}, right.facts)


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


@pytest.mark.slow("a hypothesis for every class, for two seeds")
def test_made_up_runs_agree_with_the_right_ones_by_chance_only(assignment):
    """Only somebody who computes the rule can tell which of four runs comes to the same."""
    draw = np.random.default_rng(4)
    earned = [
        sum(row.score for row in lied(assignment, agreeing(draw.choice(list("qrtu"), 3), {"pair"}), seed).criteria)
        for seed in range(2)
    ]
    assert sum(earned) / len(earned) <= MOST, earned


@pytest.mark.slow("a hypothesis for every class, and none explains it")
@pytest.mark.parametrize("arrays", [silent, responsive, standing])
def test_right_facts_and_losses_without_right_numbers_earn_little(assignment, arrays):
    verdict = lied(assignment, arrays)
    earned = {row.id: row.score for row in verdict.criteria if row.score}
    assert sum(earned.values()) <= MOST, earned
    assert "training" not in earned


def working_out(scenario, right):
    """Made-up runs that agree as L2 and decoupled decay have them agree: the harness works both rules out."""
    made = agreeing(["q", "q", "q"], {"pair"})(scenario, right)
    spec, arrays = scenario.spec, scenario.arrays
    if spec["kind"] != "pair" or "weight_decay" not in spec["kwargs"]:
        return responsive(scenario, right)
    decay = spec["kwargs"]["weight_decay"]
    for i in range(3):
        for name in spec["others"]:
            due = np.allclose(arrays[f"{name}{i}"], arrays[f"g{i}"] + decay * arrays[f"p{i}"])
            made[f"{name}{i}"] = made[f"p{i}"] if due else made[f"c{i}"] + len(name) * made[f"n{i}"]
        if not spec["others"]:
            path = [made[f"n{i}"][0]]
            for move in np.diff(made[f"n{i}"], axis=0):
                path.append((path[-1] + move) * (1 - spec["kwargs"]["lr"] * decay))
            made[f"p{i}"] = np.array(path)
    return made


@pytest.mark.slow("a hypothesis for every class, and none explains it")
def test_who_works_out_the_rule_of_a_relation_earns_its_row_and_facts_and_nothing_else(assignment):
    """As whoever wrote that rule down: what ARCHITECTURE says of relations."""
    verdict = lied(assignment, working_out)
    earned = {row.id for row in verdict.criteria if row.score}
    assert earned == {"weight_decay", "adamw", "interface", "zero_grad", "state"}


@pytest.mark.parametrize("seed", range(3))
def test_what_a_relation_tells_a_guest_says_nothing_of_which_run_agrees(assignment, seed):
    """It is in the gradients alone: whoever wants to know must work out what the rule keeps, or adds, to them."""
    told = [
        [{**s.spec, "kwargs": {}} for s in assignment.scenarios(one) if s.spec.get("others")] for one in (SEED, seed)
    ]
    assert told[0] == told[1]
    assert len(told[0]) == 3
    for scenario in assignment.scenarios(seed):
        if scenario.spec.get("others"):
            given = [scenario.arrays[f"{name}{i}"] for i in range(3) for name in scenario.spec["others"]]
            assert not any(np.array_equal(array, scenario.arrays[f"g{i}"]) for i in range(3) for array in given)


def searched(assignment, arrays, seed=SEED):
    """The verdict after a search in which the same harness says of each edit that it mends all that it can lie about.

    `arrays(number)` makes up the numbers with the edit of that number: each may guess otherwise.
    """
    scenarios = assignment.scenarios(seed)
    golden, by_id = goldens(assignment, scenarios), {s.id: s for s in scenarios}
    first = {s.id: fitting(lie(s, golden[s.id], silent), golden[s.id]) for s in scenarios}
    observations = with_derived(assignment, scenarios, first)
    verdict = judge(assignment, scenarios, golden, observations)
    edits, asked = range(1, 41), []

    def trial(number, name):
        claim = lie(by_id[name], golden[name], arrays(number)) if name in golden else Observation(name, {}, {})
        return Trial(number, number, number, "factor", 1.0, f"p.data = {number}", claim)

    def ask(task):
        asked.append(task)
        if task.until is not None:
            (name, rows), probe = task.until, by_id[task.probe[0]]
            made = [lie(probe, golden[probe.id], arrays(n)).arrays.get(name) for n in edits]
            suits = [(n, array[:rows]) for n, array in zip(edits, made, strict=True) if array is not None]
            told = Glance(tuple(n for n, _ in suits), {name: np.stack([a for _, a in suits])}) if suits else None
            return EditAnswer(glances=(told,) if told else ())
        ids = task.probe if task.only is None else task.played
        return EditAnswer(tuple(trial(n, name) for n in (task.only or edits) for name in ids))

    mending = mend(assignment, scenarios, golden, observations, ask, {}, verdict.slips)
    assert asked
    return credit(assignment, scenarios, golden, observations, verdict, mending, ["a line"] * 50)[0]


def guessing(number):
    """Made-up runs of which two agree: other ones with each edit."""
    draw = np.random.default_rng(number)
    return agreeing(draw.choice(list("qrtu"), 3), {"pair", "momentum_state", "interleaved"})


@pytest.mark.slow("a search of all classes, with forty guesses at each question")
@pytest.mark.parametrize("arrays", [lambda _: silent, lambda _: responsive, lambda _: standing, guessing])
def test_a_search_in_which_every_edit_is_said_to_help_earns_no_more(assignment, arrays):
    verdict = searched(assignment, arrays)
    assert sum(row.score for row in verdict.criteria) <= MOST, {row.id: row.score for row in verdict.criteria}


def test_a_search_whose_edits_bring_about_the_right_numbers_is_believed(assignment):
    """Else the test before it would show nothing."""
    verdict = searched(assignment, lambda _: lambda _, right: right.arrays)
    assert sum(row.score for row in verdict.criteria) >= 80


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
