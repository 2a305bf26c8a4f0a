"""The second assignment: its reference, its misconceptions, and right answers in other hands."""

from __future__ import annotations

import ast
import hashlib
import json
import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from conftest import require
from hypothesis import given
from hypothesis import strategies as st

from autograder import pipeline, strip, variants
from autograder.assignment import load
from autograder.assignments.schedulers import family, planted, wrong_lines
from autograder.assignments.schedulers.golden import RULES as RULES_OF_GOLDEN
from autograder.judge.observations import goldens, with_derived
from autograder.judge.verdict import judge
from autograder.model import Hypotheses, Submission
from autograder.reference import schedulers
from autograder.reference.recorded import record_schedulers
from autograder.sandbox.landlock import LandlockSandbox

FEWER = range(300)  # of the variants that the proof of each assignment looks at, which .ci/run runs
SCHEDULERS = load("schedulers")
MODEL = SCHEDULERS.model_solution.read_text()
MISCONCEPTIONS = {m.id: m for m in SCHEDULERS.misconceptions}
RULES = {name: m for name, m in MISCONCEPTIONS.items() if m.changes}
SEEDS = (1, 2, 3)
EXACT = 1e-12  # relative: a few roundings of float64

bases = st.floats(0.01, 10)
gammas = st.floats(0.05, 1.5)


# ------------------------------------------------------------------------------------------------------- reference
@given(bases, gammas, st.integers(1, 10), st.integers(0, 40))
def test_a_staircase_is_gamma_multiplied_once_for_every_full_stair(base, gamma, step_size, t):
    exact = Fraction(base)
    for call in range(1, t + 1):
        exact *= Fraction(gamma) if call % step_size == 0 else 1
    assert math.isclose(schedulers.step_decay(base, t, step_size=step_size, gamma=gamma), exact, rel_tol=EXACT)


@given(bases, gammas, st.integers(0, 40))
def test_a_slide_is_gamma_multiplied_at_every_call(base, gamma, t):
    exact = Fraction(base) * Fraction(gamma) ** t
    assert math.isclose(schedulers.exponential(base, t, gamma=gamma), exact, rel_tol=EXACT)


@given(bases, st.integers(0, 20), st.integers(1, 40), st.floats(0, 1))
def test_warm_up_and_cosine_by_another_formula(base, w, span, part):
    """cos² of the half angle in place of ½(1 + cos); the ramp as exact fractions."""
    total, floor = w + span, base * part
    made = schedulers.warmup_cosine(base, np.arange(total + 3), warmup_steps=w, total_steps=total, min_lr=floor)
    for t, rate in enumerate(made[:w]):
        assert math.isclose(rate, Fraction(base) * (t + 1) / w, rel_tol=EXACT)
    for t in range(w, total):
        half = math.pi * (t - w) / span / 2
        assert made[t] == pytest.approx(
            base * math.cos(half) ** 2 + floor * math.sin(half) ** 2, rel=EXACT, abs=1e-15 * base
        )
    assert np.array_equal(made[total:], np.full(3, floor))


def test_the_reference_agrees_with_what_torch_did():
    assert [name for name, error in SCHEDULERS.oracle() if not error <= EXACT] == []


def test_what_torch_did_was_recorded_for_the_cases_as_they_stand():
    kept = json.loads(record_schedulers.KEPT.read_text())["cases"]
    assert {
        name: {k: v for k, v in case.items() if k != "rates"} for name, case in kept.items()
    } == record_schedulers.CASES


def test_a_reference_that_is_off_is_seen_by_the_oracle(monkeypatch):
    def off(base, t, **rest):
        return schedulers.exponential(base, t, **rest) * (1 + 1e-9)

    monkeypatch.setitem(RULES_OF_GOLDEN, "ExponentialLR", off)
    assert [name for name, error in SCHEDULERS.oracle() if not error <= EXACT] == [
        "ExponentialLR",
        "ExponentialLR: changed by hand",
    ]


@pytest.mark.torch
def test_the_recording_is_what_torch_does_today():
    pytest.importorskip("torch")
    for case in json.loads(record_schedulers.KEPT.read_text())["cases"].values():
        assert np.allclose(record_schedulers.torch_rates(case), case["rates"], rtol=1e-13, atol=0)


@pytest.mark.parametrize("conventions", [frozenset(), frozenset({"chained"}), frozenset({"from-zero"})], ids=str)
def test_the_right_points_of_the_family_are_the_reference(conventions):
    for seed in SEEDS:
        for scenario in SCHEDULERS.scenarios(seed):
            subject = SCHEDULERS.subject(scenario)
            if conventions and (
                not (known := [c.group for c in SCHEDULERS.conventions if c.id in conventions]) or subject not in known
            ):
                continue
            (predicted,) = SCHEDULERS.predict(subject, [scenario], Hypotheses.of([{}]), conventions)
            expected = SCHEDULERS.golden([scenario], conventions)[scenario.id].arrays
            for name, rows in predicted.items():
                assert np.allclose(rows[0], expected[name], rtol=EXACT, atol=1e-15), (scenario.id, name)


# --------------------------------------------------------------------------------------------------- misconceptions
def test_there_are_more_than_twenty_and_every_option_of_the_family_is_some_misconception_or_accepted():
    assert len(MISCONCEPTIONS) >= 20
    used = {(switch, option) for m in RULES.values() for switch, option in m.changes.items()}
    tables = {
        "stairs": family.STAIRS,
        "count": family.COUNT,
        "factor": family.FACTOR,
        "gamma": family.GAMMA,
        "ramp": family.RAMP,
        "progress": family.PROGRESS,
        "wave": family.WAVE,
        "end": family.END,
    }
    right = {(switch, option) for rule in family.RIGHT.values() for switch, option in rule.items()}
    every = {(switch, option) for switch, table in tables.items() for option in table}
    assert every - used - right == {("ramp", "from zero")}


def test_every_misconception_has_a_planted_form_in_the_same_order():
    assert list(planted.PLANTED) == list(MISCONCEPTIONS)


def test_planted_forms_are_python_and_all_different():
    forms = [ast.dump(ast.parse(planted.plant(MODEL, name))) for name in MISCONCEPTIONS]
    assert len({*forms, ast.dump(ast.parse(MODEL))}) == len(forms) + 1


def test_a_changed_model_solution_is_told():
    with pytest.raises(ValueError, match=r"step-ahead: the model solution holds .* 0 times"):
        planted.plant(MODEL.replace("stairs = ", "steps = "), "step-ahead")


def observed(scenarios, changes, subjects):
    """What a submission would record whose rule has these options, without running one."""
    seen = {}
    for scenario, right in zip(scenarios, SCHEDULERS.golden(scenarios, frozenset()).values(), strict=True):
        subject = SCHEDULERS.subject(scenario)
        here = changes if subject in subjects else {}
        arrays = {
            name: rows[0]
            for name, rows in SCHEDULERS.predict(subject, [scenario], Hypotheses.of([here]), frozenset())[0].items()
        }
        seen[scenario.id] = replace(right, arrays={**right.arrays, **arrays})
    return with_derived(SCHEDULERS, scenarios, seen)


@pytest.mark.parametrize("name", RULES)
def test_every_wrong_rule_is_diagnosed_as_itself(name):
    """Whatever the numbers: this idea and no other is named, and costs its own row."""
    m = MISCONCEPTIONS[name]
    for seed in SEEDS:
        scenarios = SCHEDULERS.scenarios(seed)
        golden = goldens(SCHEDULERS, scenarios)
        verdict = judge(SCHEDULERS, scenarios, golden, observed(scenarios, m.changes, m.groups))
        assert {d.misconception for d in verdict.diagnoses} == {name}, seed
        assert {c.id for c in verdict.criteria if c.status != "passed"} == {m.criterion}, seed


# -------------------------------------------------------------------------------------------------- real submissions
@pytest.fixture(scope="module")
def sandbox():
    require("landlock")
    with LandlockSandbox() as ready:
        yield ready


@pytest.fixture
def graded(sandbox):
    def grade(source):
        content = source.encode()
        submission = Submission("one", {SCHEDULERS.main: content}, hashlib.sha256(content).hexdigest())
        return pipeline.grade(submission, SCHEDULERS, sandbox, 7)

    return grade


@pytest.mark.parametrize("path", [SCHEDULERS.model_solution, *SCHEDULERS.hands], ids=lambda path: path.stem)
def test_right_answers_in_other_hands_get_full_marks(graded, path):
    assert graded(path.read_text()).score == 100


def test_conventions_are_accepted_and_named(graded):
    (chained,) = (path for path in SCHEDULERS.hands if path.stem == "chained")
    remarks = graded(chained.read_text()).remarks
    assert [remark.partition(" multiplies")[0] for remark in remarks[:2]] == ["Your StepLR", "Your ExponentialLR"]
    assert remarks[2].startswith("Your warm-up starts at 0")


SAMPLES = {"a stair too early": ("step-ahead", "step_decay"), "cosine in degrees": ("cosine-degrees", "cosine")}


@pytest.mark.parametrize("label", SAMPLES)
def test_a_sample_is_told_its_idea_and_loses_its_row(graded, label):
    report = graded(SCHEDULERS.samples[label].read_text())
    assert ([d.misconception for d in report.diagnoses], [c.id for c in report.criteria if c.score < c.max_score]) == (
        [SAMPLES[label][0]], [SAMPLES[label][1]],
    )  # fmt: skip
    assert "the right learning rate is" in report.diagnoses[0].try_this


def test_a_mistake_in_a_rate_that_is_multiplied_in_place_is_named_all_the_same(graded):
    """Chained code with another mistake in it parts from both conventions where lr is changed by hand."""
    (chained,) = (path for path in SCHEDULERS.hands if path.stem == "chained")
    report = graded(chained.read_text().replace("% self.step_size == 0", "% (self.step_size + 1) == 0"))
    assert [d.misconception for d in report.diagnoses] == ["step-longer"]
    assert {c.id for c in report.criteria if c.score < c.max_score} == {"step_decay"}


def test_the_template_gets_nothing(graded):
    assert graded(SCHEDULERS.template.read_text()).score == 0


def test_the_template_is_the_solution_without_its_regions():
    assert SCHEDULERS.template.read_text() == strip.skeleton(MODEL)


# ------------------------------------------------------------------------------------------------------------ quiz
@pytest.mark.slow
def test_the_quiz_is_fair_in_every_variant():
    assert len(SCHEDULERS.quiz(1)) >= 6
    assert [(name, said) for name, holds, said in variants.statements(SCHEDULERS, FEWER) if not holds] == []


@pytest.mark.slow
def test_a_distractor_equal_to_the_key_would_be_noticed():
    def spoilt(seed):
        first, *rest = SCHEDULERS.quiz(seed)
        wrong = replace(first.key.wrong[0], value=first.key.value)
        return (replace(first, key=replace(first.key, wrong=(wrong,))), *rest)

    failing = {name for name, holds, _ in variants.statements(replace(SCHEDULERS, quiz=spoilt), FEWER) if not holds}
    assert failing == {"distractors do not"}


def test_every_listing_has_one_wrong_line_and_it_is_the_planted_one():
    for name, (listing, number, right) in wrong_lines.listings().items():
        assert listing[number - 1] != right
        assert right.strip() in MODEL, name


def test_the_handout_shows_the_rates_of_the_reference():
    shown = {SCHEDULERS.handout(seed).partition("Worked example")[2] for seed in range(20)}
    assert len(shown) > 10
    assert {text.partition("`")[2].partition("(")[0] for text in shown} == {"StepLR", "ExponentialLR", "WarmupCosine"}
