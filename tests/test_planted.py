"""Misconceptions as a student would write them: each can be planted, and a sample of them is marked in a real sandbox.

`gradmark verify` marks them all.
"""

import ast
import hashlib

import pytest
from conftest import require

from autograder import pipeline
from autograder.assignment import load
from autograder.assignments.optimizers import planted, writing
from autograder.model import Submission
from autograder.sandbox.landlock import LandlockSandbox

SEED = 7
OPTIMIZERS = load("optimizers")
MODEL = OPTIMIZERS.model_solution.read_text()
MISCONCEPTIONS = {m.id: m for m in OPTIMIZERS.misconceptions}

# Of each kind one: a rule, a count, what is no rule, what changes a fact too and only edits of the solution show, a number.
SAMPLE = ("second-of-g", "count-parameters", "zero-grad-zeros", "params-iterator", "l2-mutates", "eps-fixed-at")


@pytest.fixture(scope="module")
def sandbox():
    require("landlock")
    with LandlockSandbox() as ready:
        yield ready


def submission(source):
    content = source.encode()
    return Submission("planted", {OPTIMIZERS.main: content}, hashlib.sha256(content).hexdigest())


@pytest.mark.parametrize("name", MISCONCEPTIONS)
def test_every_misconception_has_a_planted_form(name):
    assert planted.plant(MODEL, name) != MODEL


@pytest.mark.slow
@pytest.mark.parametrize("style", writing.STYLES)
def test_every_style_can_write_every_belief_that_is_code(style):
    """As another file each: beliefs that only edits of the model solution show are few, and known."""
    files, only_edits = set(), set()
    for name, m in MISCONCEPTIONS.items():
        if m.changes:
            try:
                number = m.unknown.usual if m.unknown else 1.0
                files.add(ast.dump(ast.parse(writing.write(dict.fromkeys(m.groups, m.changes), style, number=number))))
            except writing.Unwritten:
                only_edits.add(name)
    assert only_edits == {"l2-mutates", "adam-decay-mutates", "amsgrad", "amsgrad-uncorrected", "correction-in-lr"}
    assert len(files) >= sum(bool(m.changes) for m in MISCONCEPTIONS.values()) - len(only_edits) - ALIKE


ALIKE = 0  # beliefs written alike


@pytest.mark.parametrize("name", planted.PLANTED)
def test_every_planted_form_is_other_python_in_the_classes_it_is_about(name):
    mistaken, right = classes(planted.plant(MODEL, name)), classes(MODEL)
    changed = {c for c in right if mistaken[c] != right[c]}
    assert changed == {edit.where for edit in planted.PLANTED[name]}
    if MISCONCEPTIONS[name].groups:
        assert changed == set(MISCONCEPTIONS[name].groups)


def classes(source):
    """The code of each class, comments and layout aside."""
    return {node.name: ast.dump(node) for node in ast.parse(source).body if isinstance(node, ast.ClassDef)}


def test_no_two_planted_forms_are_the_same():
    forms = [ast.dump(ast.parse(planted.plant(MODEL, name))) for name in planted.PLANTED]
    assert len(set(forms)) == len(forms)


@pytest.mark.slow("each mistake is searched for its line")
@pytest.mark.parametrize("name", SAMPLE)
def test_a_planted_misconception_is_named_and_costs_its_own_row(sandbox, name):
    """A student who writes this is told about this idea and no other; training alone may suffer with it."""
    report = pipeline.grade(submission(planted.plant(MODEL, name)), OPTIMIZERS, sandbox, SEED)
    assert {d.misconception for d in report.diagnoses} == {name}
    lost = {c.id for c in report.criteria if c.status != "passed"}
    assert lost - {"training"} == {MISCONCEPTIONS[name].criterion}


def test_a_misconception_that_nobody_wrote_down_is_refused():
    with pytest.raises(KeyError, match="momentum-forgotten has no planted form"):
        planted.plant(MODEL, "momentum-forgotten")


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (("lr * velocity", "lr * speed"), "sgd-ascent: the model solution changed: class SGD holds .* 0 times"),
        (("class SGD(", "class Descent("), "sgd-ascent: the model solution changed: it has no class SGD"),
    ],
)
def test_a_changed_model_solution_is_told(change, complaint):
    with pytest.raises(ValueError, match=complaint):
        planted.plant(MODEL.replace(*change), "sgd-ascent")


SMALL = """\
class A:
    x = 1
    y = 1


class B:
    x = 1
"""


@pytest.mark.parametrize(
    ("edit", "result"),
    [
        (("B", "x = 1", "x = 2"), SMALL[:-2] + "2\n"),
        (("A", "x = 1", "x = 2\nz = 3"), SMALL.replace("x = 1", "x = 2\n    z = 3", 1)),
        (("A", "y = 1", ""), SMALL.replace("    y = 1\n", "")),
        (("", "y = 1", "y = 2"), SMALL.replace("y = 1", "y = 2")),
    ],
    ids=["in its class only", "further lines are indented", "nothing left of the line", "whole file"],
)
def test_an_edit_changes_what_it_names_and_nothing_else(monkeypatch, edit, result):
    monkeypatch.setattr(planted, "PLANTED", {"small": (planted.Edit(*edit),)})
    assert planted.plant(SMALL, "small") == result


def test_an_ambiguous_edit_is_told(monkeypatch):
    monkeypatch.setattr(planted, "PLANTED", {"small": (planted.Edit("A", "= 1", "= 2"),)})
    with pytest.raises(ValueError, match="class A holds `= 1` 2 times, not once"):
        planted.plant(SMALL, "small")


@pytest.mark.slow
@pytest.mark.some(each=4, of="seed")
@pytest.mark.parametrize("seed", [2, 3, 5, 1000])
@pytest.mark.parametrize("name", planted.PLANTED)
def test_a_misconception_has_its_name_whatever_numbers_the_seed_draws(sandbox, name, seed):
    """`gradmark verify` draws them once; a sign or a zero that a seed hits by chance must hide none."""
    seen = pipeline.examine(submission(planted.plant(MODEL, name)), OPTIMIZERS, sandbox, seed)
    assert name in {d.misconception for d in seen.verdict.diagnoses}
