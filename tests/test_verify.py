"""The proof holds for what is shipped, and fails for each way of spoiling an assignment."""

from dataclasses import replace
from itertools import count

import pytest

from autograder import variants, verify
from autograder.assignment import load
from autograder.paraphrase import paraphrases
from autograder.reference import updates
from autograder.sandbox.choose import choose

SOME = (
    "momentum-averaged",
    "momentum-lr-inside",
    "correction-missing",
    "eps-inside",
    "adamw-coupled",
    "zero-grad-zeros",
)


@pytest.fixture(autouse=True)
def _fewer_draws(monkeypatch):
    """The whole proof draws thousands, run by .ci/run; these tests look at whether it notices."""
    monkeypatch.setattr(variants, "SEEDS", 20)
    monkeypatch.setattr(verify, "SEEDS_FOR_VISIBILITY", 2)
    monkeypatch.setattr(verify, "paraphrases", lambda *asked: dict(list(paraphrases(*asked).items())[:1]))


@pytest.fixture(scope="module")
def optimizers():
    """With two of its hands: the whole proof is `gradmark verify`, run by .ci/run."""
    whole = load("optimizers")
    return replace(whole, hands=whole.hands[:2])


@pytest.fixture(scope="module")
def sandbox():
    with choose("auto", trusted=True, say=lambda _: None) as opened:
        yield opened


@pytest.fixture
def prove(sandbox):
    """The statements that fail for an assignment, as (section, name)."""

    def proved(assignment, only=SOME):
        proof = verify.verify(assignment, sandbox, only=only)
        assert proof.holds == all(row.holds for row in proof.rows)
        return {(row.section, row.name) for row in proof.rows if not row.holds}

    return proved


@pytest.mark.slow
def test_what_is_shipped_is_proven(prove, optimizers):
    assert prove(optimizers) == set()


@pytest.mark.slow
def test_a_weak_tolerance_is_noticed(prove, optimizers):
    weak = {**optimizers.tolerances, "default": replace(optimizers.tolerances["default"], relative=0.1)}
    assert ("margin", "visibility") in prove(replace(optimizers, tolerances=weak))


@pytest.mark.slow
def test_a_tight_tolerance_is_noticed(prove, optimizers):
    tight = {**optimizers.tolerances, "default": replace(optimizers.tolerances["default"], relative=1e-9)}
    failing = prove(replace(optimizers, tolerances=tight), only=())
    assert ("margin", "rounding") in failing
    assert ("right", "model solution") in failing


@pytest.mark.slow
def test_a_dropped_scenario_is_noticed(prove, optimizers):
    """By what it alone makes visible, and by the list of experiments that a person approved."""

    def without(seed):
        return tuple(s for s in optimizers.scenarios(seed) if s.id != "zero-grad")

    failing = prove(replace(optimizers, scenarios=without))
    assert ("misconception", "zero-grad-zeros") in failing
    assert ("review", "experiments") in failing


@pytest.mark.slow
def test_swapped_hints_are_noticed(prove, optimizers):
    first, second, *rest = optimizers.misconceptions
    swapped = (replace(first, hint=second.hint), replace(second, hint=first.hint), *rest)
    assert prove(replace(optimizers, misconceptions=swapped), only=()) == {("review", "hints")}


@pytest.mark.slow
def test_a_misconception_under_a_wrong_name_is_noticed(prove, optimizers):
    named = {m.id: m for m in optimizers.misconceptions}
    one, other = named["momentum-averaged"], named["momentum-lr-inside"]
    changed = {one.id: replace(one, changes=other.changes), other.id: replace(other, changes=one.changes)}
    swapped = tuple(changed.get(m.id, m) for m in optimizers.misconceptions)
    failing = prove(replace(optimizers, misconceptions=swapped))
    assert {("misconception", one.id), ("misconception", other.id)} <= failing


@pytest.mark.slow
def test_a_broken_reference_is_noticed(prove, optimizers, monkeypatch):
    right = updates.adam
    monkeypatch.setattr(updates, "adam", lambda *args, **kwargs: right(*args, **kwargs) * (1 + 1e-9))
    failing = prove(optimizers, only=())
    assert ("reference", "Adam: defaults") in failing


@pytest.mark.slow
def test_another_authors_right_answer_that_loses_marks_is_noticed(prove, optimizers, tmp_path):
    hand = tmp_path / "wrong_after_all.py"
    hand.write_text(optimizers.samples["AdamW with L2 in the gradient"].read_text())
    failing = prove(replace(optimizers, hands=(hand,)), only=())
    assert ("right", "wrong_after_all") in failing


@pytest.mark.slow
def test_a_template_that_earns_marks_is_noticed(prove, optimizers):
    assert ("empty", "bare template") in prove(replace(optimizers, template=optimizers.model_solution), only=())


@pytest.mark.slow
def test_a_report_that_differs_between_runs_is_noticed(prove, optimizers):
    seeds = count(1)  # another one each time: two that are drawn may give the same report
    unsteady = replace(optimizers, scenarios=lambda _: optimizers.scenarios(next(seeds)))
    assert any(section == "determinism" for section, _ in prove(unsteady))
