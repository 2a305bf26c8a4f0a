"""Diagnosis and marks on simulated submissions: every misconception, pairs of them, and rules outside the family."""

import itertools
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from simulated import Simulation

from autograder.assignment import load
from autograder.judge.observations import goldens, with_derived
from autograder.judge.played import Memory, size
from autograder.judge.search import Candidates, Question
from autograder.judge.verdict import judge as reach_verdict
from autograder.model import Assignment, Hypotheses, Scenario

SEED = 7
MOST_ASKED = 600_000  # hypotheses times scenarios: seconds of computing
# `gradmark verify` marks every belief as code, about all its classes at once. Here: of those about several classes every
# second, held about one of them, which goes round; and of those about one class every eighth, without the proof's sandbox.
BELIEFS = [m for m in load("optimizers").misconceptions if m.changes]
RULES = [(m, m.groups[turn % len(m.groups)]) for turn, m in enumerate([m for m in BELIEFS if len(m.groups) > 1][::2])]
RULES += [(m, m.groups[0]) for m in [m for m in BELIEFS if len(m.groups) == 1][::8]]


@pytest.fixture(scope="module")
def optimizers() -> Assignment:
    return load("optimizers")


@pytest.fixture(scope="module")
def scenarios(optimizers) -> tuple[Scenario, ...]:
    return optimizers.scenarios(SEED)


@pytest.fixture(scope="module")
def golden(optimizers, scenarios):
    return goldens(optimizers, scenarios)


@pytest.fixture(scope="module")
def simulation(optimizers, scenarios):
    return Simulation(optimizers, scenarios)


@pytest.fixture(scope="module")
def judge(optimizers, scenarios, golden, simulation):
    """(changes, subjects) -> verdict on the submission simulated from them."""

    def judged(changes, subjects):
        seen = simulation.observe(changes, subjects)
        return reach_verdict(optimizers, scenarios, golden, seen)

    return judged


@pytest.fixture(scope="module")
def alone(judge):
    """(id of a misconception, class) -> verdict on a submission that holds this alone; judged once."""
    changes = {m.id: m.changes for m in BELIEFS}
    return cache(lambda belief, group: judge(changes[belief], (group,)))


def lost(verdict):
    return {c.id: round(c.max_score - c.score, 2) for c in verdict.criteria if c.status != "passed"}


def test_right_rules_lose_nothing(judge):
    assert lost(judge({}, ())) == {}


@pytest.mark.slow
@pytest.mark.some(each=20, of="group")
@pytest.mark.parametrize(("m", "group"), RULES, ids=[f"{m.id}-{group}" for m, group in RULES])
def test_every_misconception_is_named_and_costs_its_own_criterion(alone, m, group):
    """A student who holds this belief is told about this one and no other."""
    verdict = alone(m.id, group)
    assert [(d.misconception, d.group) for d in verdict.diagnoses] == [(m.id, group)]
    assert set(lost(verdict)) == {m.criterion}


@pytest.mark.slow
def test_a_rule_without_a_name_is_searched_for_with_bounded_effort(judge, monkeypatch):
    """Its parameters are NaN: everything is tried, and nothing else."""
    asked = []
    predict = Question.predict

    def counted(self, scenarios, hypotheses, conventions):
        asked.append(len(scenarios) * len(hypotheses))
        return predict(self, scenarios, hypotheses, conventions)

    monkeypatch.setattr(Question, "predict", counted)
    assert judge({"c2": "negative"}, ("AdamW",)).diagnoses == ()
    assert asked
    assert sum(asked) < MOST_ASKED


def test_t_that_starts_at_0_is_named_by_what_is_finite_of_it(judge):
    assert {d.misconception for d in judge({"t": "from zero"}, ("Adam", "AdamW")).diagnoses} == {"count-from-zero"}


def test_a_variance_beside_the_two_commonest_slips_of_adam_is_named_with_them(judge):
    """√|v − m²| + 1e-8 of moments that nobody corrected: three beliefs in one formula."""
    beliefs = ("second-variance-absolute", "correction-missing", "eps-fixed")
    changes = {switch: option for m in BELIEFS if m.id in beliefs for switch, option in m.changes.items()}
    verdict = judge(changes, ["AdamW"])
    assert {d.misconception for d in verdict.diagnoses} == set(beliefs)
    assert lost(verdict).keys() == {"adam_moments", "bias_correction", "adaptive_step"}


def tried(a, b):
    """Return whether the search tries both at once: beside a number that is worked out, only common beliefs."""
    counted, other = (a, b) if a.unknown else (b, a)
    return counted.unknown is None or (other.unknown is None and other.common)


def some_pairs(count):
    """Pairs of compatible misconceptions about one class, and the class; the same ones in every run."""
    pairs = [
        (a, b, group)
        for a, b in itertools.combinations(load("optimizers").misconceptions, 2)
        for group in set(a.groups) & set(b.groups)
        if a.changes.keys().isdisjoint(b.changes) and a.criterion != b.criterion and tried(a, b)
    ]
    pairs.sort(key=lambda p: (p[0].id, p[1].id, p[2]))
    return [pairs[i] for i in np.random.default_rng(1).choice(len(pairs), count, replace=False)]


@pytest.mark.slow
@pytest.mark.some(each=4, of="group")
@pytest.mark.parametrize(("a", "b", "group"), some_pairs(25), ids=lambda x: getattr(x, "id", x))
def test_a_second_mistake_never_gains(judge, alone, a, b, group):
    """Two mistakes cost at least what either costs alone; named together, they cost their two rows and no other."""
    both = judge({**a.changes, **b.changes}, (group,))
    total = sum(c.score for c in both.criteria)
    for one in (a, b):
        assert total <= sum(c.score for c in alone(one.id, group).criteria) + 1e-9
    named = {d.misconception for d in both.diagnoses}
    if named == {a.id, b.id}:
        assert set(lost(both)) == {a.criterion, b.criterion}


@pytest.mark.slow("everything is tried for a rule that no hypothesis explains, ten times")
@given(
    factor=st.floats(0.8, 1.25).filter(lambda f: abs(f - 1) > 0.01),
    kind=st.sampled_from(["waves", "drift", "shrink"]),
    group=st.sampled_from(["SGD", "Adam", "AdamW"]),
)
@settings(max_examples=10, deadline=None, phases=[Phase.generate])  # each takes a second: nothing is shrunk
def test_a_rule_outside_the_family_is_never_given_a_name(
    optimizers, scenarios, golden, simulation, factor, kind, group
):
    """What no misconception explains gets its first difference shown, not a false diagnosis."""
    seen = {}
    for name, observation in simulation.observe({}, ()).items():
        scenario = next(s for s in scenarios if s.id == name)
        if optimizers.subject(scenario) == group and scenario.spec["kind"] not in ("training", "ravine"):
            arrays = {key: bend(rows, factor, kind) for key, rows in observation.arrays.items()}
            arrays |= {f"{run}{key[1:]}": rows[1:] for key, rows in arrays.items() for run in "sr" if key[0] == "u"}
            observation = type(observation)(name, arrays, observation.facts)
        seen[name] = observation
    verdict = reach_verdict(optimizers, scenarios, golden, with_derived(optimizers, scenarios, seen))
    assert verdict.diagnoses == ()
    assert {c.score for c in verdict.criteria if c.id == "state"} == {5.0}  # its instances share nothing
    assert sum(c.score for c in verdict.criteria) < 100
    assert verdict.exhibits


def bend(rows, factor, kind):
    t = np.arange(len(rows)).reshape(-1, *[1] * (rows.ndim - 1))
    if kind == "waves":
        return rows + (factor - 1) * np.sin(t)
    if kind == "drift":
        return rows + 0.3 * (factor - 1) * t
    return rows * (1 - 0.1 * abs(factor - 1)) ** t


def test_where_no_belief_has_a_number_that_is_worked_out_none_is_paired_with_any():
    assert len(Candidates.product([], []).rows) == 0


# ----------------------------------------------------------------------------------------------- what is remembered
def test_a_verdict_is_the_same_whether_predictions_were_remembered_or_not(judge, monkeypatch):
    rules = [(m, m.groups[0]) for m in BELIEFS if m.id in ("adamw-coupled", "count-from-zero", "momentum-nesterov")]
    assert len(rules) == 3
    memory = Memory(10_000_000)
    monkeypatch.setattr("autograder.judge.search.MEMORY", memory)

    def told():
        verdicts = [judge(m.changes, (group,)) for m, group in rules]
        return [(v.criteria, v.diagnoses, v.remarks, v.explained) for v in verdicts]

    first, predictions = told(), len(memory.kept)
    assert told() == first
    assert len(memory.kept) == predictions > 0


def test_predictions_of_one_family_are_never_those_of_another(optimizers, scenarios):
    scenario = next(s for s in scenarios if optimizers.subject(s) == "SGD")
    zeros = replace(optimizers, predict=lambda *asked: [{n: 0 * a for n, a in optimizers.predict(*asked)[0].items()}])
    asked = ("SGD", [scenario], Hypotheses.of([{}]), frozenset())
    memory = Memory(1_000_000)
    right, other = memory.predict(optimizers, *asked), memory.predict(zeros, *asked)
    assert all(array.any() for array in right[0].values())
    assert not any(array.any() for array in other[0].values())


def test_experiments_of_another_seed_leave_nothing_of_those_before(optimizers, scenarios):
    memory = Memory(1_000_000)
    scenario = next(s for s in scenarios if optimizers.subject(s) == "SGD")
    for again in (False, True):
        memory.begin(scenarios)
        assert bool(memory.kept) == again
        memory.predict(optimizers, "SGD", [scenario], Hypotheses.of([{}]), frozenset())
    memory.begin(optimizers.scenarios(SEED + 1))
    assert (len(memory.kept), memory.bytes) == (0, 0)


def test_what_is_remembered_has_a_bound_and_is_written_to_by_nobody(optimizers, scenarios):
    memory = Memory(20_000)
    for scenario in [s for s in scenarios if optimizers.subject(s) == "Adam"][:20]:
        arrays = memory.predict(optimizers, "Adam", [scenario], Hypotheses.of([{}] * 20), frozenset())[0]
        assert not any(array.flags.writeable for array in arrays.values())
        assert sum(map(size, memory.kept.values())) == memory.bytes <= 20_000
    assert 0 < len(memory.kept) < 20


# ---------------------------------------------------------------------------------------------------- what is shown
def test_a_belief_told_by_facts_is_shown_by_no_experiment_but_its_own(optimizers):
    for m in optimizers.misconceptions:
        of_facts = {place.partition(":")[0] for place in (*m.facts, *m.implies)}
        assert m.shows_in("momentum-state") == (bool(m.changes) or "momentum-state" in of_facts)
