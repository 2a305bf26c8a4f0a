"""The assignment on activations and losses: a module without steps, marked with the same guarantees as the others."""

from __future__ import annotations

import ast
import hashlib
import subprocess
import sys
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import foundation_mutants
import mutants
import numpy as np
import pytest
from conftest import require
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder import pipeline, strip, variants
from autograder.assignment import load
from autograder.assignments.foundations import family, planted, rules
from autograder.assignments.foundations.quiz import BLUEPRINT
from autograder.judge.observations import goldens, with_derived
from autograder.judge.verdict import judge
from autograder.model import Hypotheses, Submission
from autograder.regenerate import for_student
from autograder.sandbox.landlock import LandlockSandbox

ROOT = Path(__file__).resolve().parent.parent
FEWER = range(300)  # of the variants that the proof of each assignment looks at, which .ci/run runs
FOUNDATIONS = load("foundations")
MODEL = FOUNDATIONS.model_solution.read_text()
MISCONCEPTIONS = {m.id: m for m in FOUNDATIONS.misconceptions}
RULES = {name: m for name, m in MISCONCEPTIONS.items() if m.changes}
SEEDS = (1, 2, 3)
EXACT = 1e-12


# ------------------------------------------------------------------------------------------------------- reference
numbers = st.lists(st.floats(-30, 30), min_size=2, max_size=6).map(np.array)


@given(numbers, st.floats(-1000, 1000))
def test_softmax_is_the_same_when_a_number_is_taken_from_all(x, shift):
    assert rules.softmax(x) == pytest.approx(rules.softmax(x + shift), rel=1e-9, abs=1e-12)
    assert rules.softmax(x).sum() == pytest.approx(1)
    assert np.exp(rules.log_softmax(x)) == pytest.approx(rules.softmax(x), rel=1e-9, abs=1e-15)


@given(st.floats(-700, 700))
def test_sigmoid_is_the_definition_wherever_that_does_not_overflow(x):
    assert rules.sigmoid(np.array([x]))[0] == pytest.approx(1 / (1 + np.exp(-x)), rel=1e-12)


def test_the_reference_agrees_with_40_digits():
    assert [name for name, error in FOUNDATIONS.oracle() if not error <= EXACT] == []


def test_a_reference_that_is_off_is_seen_by_the_oracle(monkeypatch):
    right = rules.sigmoid
    monkeypatch.setattr(rules, "sigmoid", lambda x: right(x) * (1 + 1e-9))
    assert {name for name, error in FOUNDATIONS.oracle() if not error <= EXACT} == {"sigmoid", "gelu"}


@pytest.mark.parametrize("conventions", [frozenset(), frozenset({"tanh"}), frozenset({"exact"})], ids=str)
def test_the_right_points_of_the_family_are_the_reference(conventions):
    for seed in SEEDS:
        for scenario in FOUNDATIONS.scenarios(seed):
            (predicted,) = FOUNDATIONS.predict(scenario.group, [scenario], Hypotheses.of([{}]), conventions)
            expected = FOUNDATIONS.golden([scenario], conventions)[scenario.id].arrays
            for name, rows in predicted.items():
                assert np.allclose(rows[0], expected[name], rtol=EXACT, atol=1e-15), (scenario.id, name)


def test_nothing_golden_overflows_or_is_all_zero():
    for seed in range(10):
        scenarios = FOUNDATIONS.scenarios(seed)
        for seen in FOUNDATIONS.golden(scenarios, frozenset()).values():
            assert all(np.isfinite(array).all() and np.abs(array).max() > 0.01 for array in seen.arrays.values())


# --------------------------------------------------------------------------------------------------- misconceptions
def test_it_is_as_large_as_it_was_meant_to_be():
    assert len(FOUNDATIONS.criteria) >= 8
    assert len(MISCONCEPTIONS) >= 40
    assert sum(len(slot) for slot in BLUEPRINT) >= 15
    assert sum(c.points for c in FOUNDATIONS.criteria) == 100


def test_every_misconception_has_a_planted_form_in_the_same_order():
    assert list(planted.PLANTED) == list(MISCONCEPTIONS)


def test_planted_forms_are_python_and_all_different():
    forms = [ast.dump(ast.parse(planted.plant(MODEL, name))) for name in MISCONCEPTIONS]
    assert len({*forms, ast.dump(ast.parse(MODEL))}) == len(forms) + 1


def observed(scenarios, *mistakes):
    """What a float32 submission with these mistakes would record, without running one."""
    seen = {}
    for scenario, right in zip(scenarios, FOUNDATIONS.golden(scenarios, frozenset()).values(), strict=True):
        here = {switch: o for m in mistakes if scenario.group in m.groups for switch, o in m.changes.items()}
        (predicted,) = FOUNDATIONS.predict(scenario.group, [scenario], Hypotheses.of([here]), frozenset())
        with np.errstate(all="ignore"):
            arrays = {name: rows[0].astype(np.float32).astype(np.float64) for name, rows in predicted.items()}
        seen[scenario.id] = replace(right, arrays={**right.arrays, **arrays})
    return with_derived(FOUNDATIONS, scenarios, seen)


def verdict(seed, *mistakes):
    scenarios = FOUNDATIONS.scenarios(seed)
    return judge(FOUNDATIONS, scenarios, goldens(FOUNDATIONS, scenarios), observed(scenarios, *mistakes))


@pytest.mark.parametrize("name", RULES)
def test_every_wrong_rule_is_diagnosed_as_itself(name):
    m = MISCONCEPTIONS[name]
    for seed in SEEDS:
        seen = verdict(seed, m)
        assert {d.misconception for d in seen.diagnoses} == {name}, seed
        assert {c.id for c in seen.criteria if c.status != "passed"} == {m.criterion}, seed


PAIRS = [
    (one, other)
    for one, other in combinations(RULES.values(), 2)
    if set(one.groups) & set(other.groups) and not set(one.changes) & set(other.changes)
]


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(PAIRS), st.integers(0, 50))
def test_of_two_mistakes_in_one_part_nothing_false_is_named(pair, seed):
    """Named are these two, or one of them where it alone explains everything, or nothing; one mistake gains nothing."""
    one, other = pair
    seen = verdict(seed, one, other)
    assert {d.misconception for d in seen.diagnoses} <= {one.id, other.id}
    assert sum(c.score for c in seen.criteria) < 100


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
        submission = Submission("one", {FOUNDATIONS.main: content}, hashlib.sha256(content).hexdigest())
        return pipeline.grade(submission, FOUNDATIONS, sandbox, 7)

    return grade


@pytest.mark.parametrize("path", [FOUNDATIONS.model_solution, *FOUNDATIONS.hands], ids=lambda path: path.stem)
def test_right_answers_in_other_hands_get_full_marks(graded, path):
    assert graded(path.read_text()).score == 100


def test_other_forms_of_gelu_are_accepted_and_named(graded):
    forms = {path.stem: graded(path.read_text()).remarks for path in FOUNDATIONS.hands}
    assert "tanh approximation" in forms["one_formula_each"][0]
    assert "as torch does" in forms["one_hot"][0]


def test_the_template_gets_nothing(graded):
    assert graded(FOUNDATIONS.template.read_text()).score == 0


def test_the_template_is_the_solution_without_its_regions():
    assert FOUNDATIONS.template.read_text() == strip.skeleton(MODEL)


def test_a_mistake_in_one_function_is_named_once_where_another_uses_it(graded):
    """GELU is built on the sigmoid and the loss on log_softmax: their rows are not lost for it."""
    report = graded(planted.plant(MODEL, "sigmoid-sign"))
    assert {d.misconception for d in report.diagnoses} == {"sigmoid-sign"}
    assert {c.id for c in report.criteria if c.status != "passed"} == {"sigmoid"}


@pytest.mark.parametrize(
    ("mistake", "where"),
    [
        ("relu-absolute", "in number 1 the right value is 0, yours is"),
        ("softmax-not-divided", "in row 0, number [0], the right value is"),
        ("mse-sum", "in call 0 the right value is"),
    ],
)
def test_a_number_is_told_by_where_it_stands_and_nothing_is_said_of_steps(graded, mistake, where):
    report = graded(planted.plant(MODEL, mistake))
    assert where in report.diagnoses[0].try_this
    assert "step" not in report.diagnoses[0].try_this
    (exhibit,) = report.exhibits
    assert exhibit.axis in ("number", "row", "call")


def test_a_ratio_is_of_the_numbers_themselves_where_nothing_moves(graded):
    (exhibit,) = graded(planted.plant(MODEL, "mse-half")).exhibits
    assert {row[3] for row in exhibit.rows} == {"0.5"}


# ------------------------------------------------------------------------------------------------- for students
@pytest.mark.slow
def test_the_quiz_is_fair_in_every_variant():
    assert [(name, said) for name, holds, said in variants.statements(FOUNDATIONS, FEWER) if not holds] == []


def test_the_handout_shows_the_numbers_of_the_reference():
    told = {FOUNDATIONS.handout(seed).partition("Worked example")[2] for seed in range(10)}
    assert len(told) == 10
    assert f"{float(rules.gelu(np.array([3.0]))[0]):.4f}" in FOUNDATIONS.handout(1)


@pytest.mark.parametrize(("source", "status"), [(MODEL, 0), (planted.plant(MODEL, "softmax-over-everything"), 1)])
def test_the_students_folder_checks_itself(tmp_path, source, status):
    for name, content in for_student(FOUNDATIONS, 1).items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (tmp_path / FOUNDATIONS.main).write_text(source)
    done = subprocess.run([sys.executable, "check.py"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == status, done.stdout + done.stderr
    if status:
        assert "✗ not right    Softmax" in done.stdout


def test_the_grader_does_not_know_of_this_module():
    named = [
        path
        for path in (ROOT / "autograder").rglob("*.py")
        if "assignments" not in path.parts and "reference" not in path.parts
        if "foundations" in path.read_text(encoding="utf-8")
    ]
    assert named == []


def test_family_tables_are_all_used():
    used = {(switch, option) for m in RULES.values() for switch, option in m.changes.items()}
    tables = {
        "relu": family.RELU, "sigmoid": family.SIGMOID, "tanh": family.TANH, "gelu": family.GELU, "softmax": family.SOFTMAX,
        "axis": family.AXIS, "log": family.LOG, "square": family.SQUARE, "pick": family.PICK, "reduce": family.REDUCE,
        "logits": family.LOGITS,
    }  # fmt: skip
    right = {(switch, option) for rule in family.RIGHT.values() for switch, option in rule.items()}
    every = {(switch, option) for switch, table in tables.items() for option in table}
    assert every - used - right == {("gelu", "tanh"), ("gelu", "exact")}


# ------------------------------------------------------------------------------------------------------- mutants
SAMPLE = 4  # drawn with a seed, so that a failure repeats itself; `make mutants` takes 120


@pytest.mark.slow("each mutant is searched for its line, in two grammars")
def test_machine_made_mistakes_lose_marks_on_their_own_rows():
    require("landlock")
    with LandlockSandbox() as sandbox:
        marked = [mutants.mark(m, FOUNDATIONS, sandbox) for m in foundation_mutants.sample(FOUNDATIONS, SAMPLE, seed=1)]
    for o in marked:
        assert (o.caught, o.right_row, o.no_unrelated_row, o.named_wrongly) == (True, True, True, False), o


@pytest.mark.parametrize(
    ("was", "now", "told"),
    [
        ("np.maximum(x.data, 0)", "np.maximum(0, x.data)", False),
        ("np.maximum(x.data, 0)", "np.maximum(x.data, 0.0)", False),
        ("np.maximum(x.data, 0)", "np.maximum(x.data, 1e-3)", True),
        ("powers.sum(axis=dim, keepdims=True)", "powers.sum(axis=-1, keepdims=True)", True),
        ("largest = x.data.max(axis=dim, keepdims=True)\n        powers", "largest = 0\n        powers", True),
        ("return Tensor(np.maximum", "return (np.maximum", True),
    ],
)
def test_a_mutant_that_does_something_else_is_told_from_one_that_does_not(was, now, told):
    assert MODEL.count(was) == 1
    changed = mutants.Mutant("by hand", "ReLU.forward", was, now, MODEL.replace(was, now), frozenset())
    assert foundation_mutants.differs(changed, FOUNDATIONS.model_solution) is told


ALONE = {  # a mistake where one part could have inherited it from another, which is right: row, what else may be lost
    "the gate of GELU": ("1.702 * x.data", "0.851 * x.data", "gelu"),
    "the loss's own log-softmax": (
        "log_probabilities = log_softmax(logits).data",
        "log_probabilities = logits.data - logits.data.max(axis=-1, keepdims=True)",
        "cross_entropy",
    ),
    "the axis that is meant": ("def log_softmax(x, dim=-1)", "def log_softmax(x, dim=1)", "log_softmax"),
}


@pytest.mark.slow("each is searched for its line, in two grammars")
@pytest.mark.parametrize("name", ALONE)
def test_a_mistake_in_one_part_is_not_named_as_one_of_the_part_that_is_right(name):
    require("landlock")
    old, new, row = ALONE[name]
    assert MODEL.count(old) == 1
    submission = Submission("s", {FOUNDATIONS.main: MODEL.replace(old, new).encode()}, "")
    with LandlockSandbox() as sandbox:
        report = pipeline.grade(submission, FOUNDATIONS, sandbox, 5)
    lost = [mark.id for mark in report.criteria if mark.status != "passed"]
    assert row in lost
    assert set(lost) <= {row, "stability"}
    assert report.diagnoses == ()


def test_a_part_inherits_the_mistake_of_the_part_that_it_uses():
    named = {"Sigmoid": "sigmoid-sign", "log_softmax": "log-softmax-shift-only"}
    assert all(MISCONCEPTIONS[name].inherited for name in named.values())
    assert MISCONCEPTIONS["sigmoid-overflows"].inherited == ()  # its row has experiments of both
