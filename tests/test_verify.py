"""The proof holds for an assignment that is shipped, and fails for each way of spoiling it.

`foundations` is proven in a tenth of the time that `optimizers` takes, by the same statements. `.ci/run` proves every
assignment in full.
"""

from dataclasses import replace
from itertools import count

import pytest

from autograder import publish, variants, verify
from autograder.assignment import load
from autograder.assignments.foundations import rules
from autograder.paraphrase import paraphrases
from autograder.sandbox.choose import choose

SOME = ("relu-leaky", "softmax-overflows", "mse-half", "mse-sum", "relu-array")  # rules, stability and manners


@pytest.fixture(autouse=True)
def _fewer_draws(monkeypatch):
    """The whole proof draws thousands, run by .ci/run; these tests look at whether it notices."""
    monkeypatch.setattr(variants, "SEEDS", 20)
    monkeypatch.setattr(verify, "SEEDS_FOR_VISIBILITY", 2)
    monkeypatch.setattr(verify, "paraphrases", lambda *asked: dict(list(paraphrases(*asked).items())[:1]))


@pytest.fixture(scope="module")
def assignment():
    return load("foundations")


@pytest.fixture(scope="module")
def sandbox():
    with choose("auto", trusted=True, say=lambda _: None) as opened:
        yield opened


@pytest.fixture
def prove(sandbox):
    """The statements that fail for an assignment, as (section, name)."""

    def proved(spoilt, only=SOME):
        proof = verify.verify(spoilt, sandbox, only=only)
        assert proof.holds == all(row.holds for row in proof.rows)
        return {(row.section, row.name) for row in proof.rows if not row.holds}

    return proved


@pytest.mark.slow
def test_what_is_shipped_is_proven(prove, assignment):
    assert prove(assignment) == set()


@pytest.mark.slow
def test_a_weak_tolerance_is_noticed(prove, assignment):
    weak = {**assignment.tolerances, "default": replace(assignment.tolerances["default"], relative=0.1)}
    assert ("margin", "visibility") in prove(replace(assignment, tolerances=weak))


@pytest.mark.slow
def test_a_tight_tolerance_is_noticed(prove, assignment):
    tight = {**assignment.tolerances, "default": replace(assignment.tolerances["default"], relative=1e-9)}
    failing = prove(replace(assignment, tolerances=tight), only=())
    assert ("margin", "rounding") in failing
    assert ("right", "model solution") in failing


@pytest.mark.slow
def test_a_dropped_scenario_is_noticed(prove, assignment):
    """By what it alone makes visible, and by the list of experiments that a person approved."""

    def without(seed):
        return tuple(s for s in assignment.scenarios(seed) if s.id != "relu-manners")

    failing = prove(replace(assignment, scenarios=without))
    assert ("misconception", "relu-array") in failing
    assert ("review", "experiments") in failing


@pytest.mark.slow
def test_swapped_hints_are_noticed(prove, assignment):
    first, second, *rest = assignment.misconceptions
    swapped = (replace(first, hint=second.hint), replace(second, hint=first.hint), *rest)
    assert prove(replace(assignment, misconceptions=swapped), only=()) == {("review", "hints")}


@pytest.mark.slow
def test_a_misconception_under_a_wrong_name_is_noticed(prove, assignment):
    named = {m.id: m for m in assignment.misconceptions}
    one, other = named["mse-half"], named["mse-sum"]
    changed = {one.id: replace(one, changes=other.changes), other.id: replace(other, changes=one.changes)}
    swapped = tuple(changed.get(m.id, m) for m in assignment.misconceptions)
    failing = prove(replace(assignment, misconceptions=swapped))
    assert {("misconception", one.id), ("misconception", other.id)} <= failing


@pytest.mark.slow
def test_a_broken_reference_is_noticed(prove, assignment, monkeypatch):
    right = rules.gelu
    monkeypatch.setattr(rules, "gelu", lambda x: right(x) * (1 + 1e-9))
    failing = prove(assignment, only=())
    assert ("reference", "gelu") in failing


@pytest.mark.slow
def test_another_authors_right_answer_that_loses_marks_is_noticed(prove, assignment, tmp_path):
    hand = tmp_path / "wrong_after_all.py"
    hand.write_text(assignment.samples["losses that are summed"].read_text())
    failing = prove(replace(assignment, hands=(hand,)), only=())
    assert ("right", "wrong_after_all") in failing


@pytest.mark.slow
def test_a_template_that_earns_marks_is_noticed(prove, assignment):
    assert ("empty", "bare template") in prove(replace(assignment, template=assignment.model_solution), only=())


@pytest.mark.slow
def test_a_report_that_differs_between_runs_is_noticed(prove, assignment):
    seeds = count(1)  # another one each time: two that are drawn may give the same report
    unsteady = replace(assignment, scenarios=lambda _: assignment.scenarios(next(seeds)))
    assert any(section == "determinism" for section, _ in prove(unsteady))


@pytest.mark.parametrize("name", ["foundations", "optimizers", "practice", "schedulers"])
def test_every_hint_of_ours_was_read_as_it_stands(name):
    """The whole proof says so too, after minutes."""
    assert [row.said for row in verify.review(load(name)) if not row.holds] == []


def test_where_nobody_watches_a_long_proof_says_each_tenth(capsys):
    with publish.counting() as done_so_far:
        for done in range(1, 804):
            done_so_far(done, 803)
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 10
    assert said[0] == "gradmark: proving: 81 of 803 trials done"
    assert said[-1] == "gradmark: proving: 803 of 803 trials done"
