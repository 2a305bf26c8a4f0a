"""A copied assignment needs nothing outside its folder, and marks as the one that it was copied from."""

from __future__ import annotations

import ast
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import require

from autograder import authoring, pipeline
from autograder.assignment import HOME, BadAssignment, load
from autograder.authoring import CannotCreate
from autograder.blame import AuthorFault
from autograder.model import Submission
from autograder.sandbox.landlock import LandlockSandbox

NAMES = ("foundations", "optimizers", "practice", "schedulers")


def golden(assignment, seed):
    scenarios = assignment.scenarios(seed)
    seen = assignment.golden(scenarios, frozenset())
    return {name: {key: array.tolist() for key, array in one.arrays.items()} for name, one in seen.items()}


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_copy_is_the_same_assignment_and_stands_alone(tmp_path, name):
    folder = authoring.new("mine", tmp_path, name)
    source, copied = load(name), load(str(folder))
    assert golden(copied, 3) == golden(source, 3)
    assert copied.quiz(3)[0].prompt == source.quiz(3)[0].prompt
    assert {path.is_relative_to(folder) for path in (*copied.files.values(), *copied.samples.values())} == {True}
    assert copied.model_solution.is_relative_to(folder)
    texts = [path.read_text() for path in folder.rglob("*.py")]
    assert not [text for text in texts if re.search(r"(?m)^\s*(from|import) autograder\.reference", text)]
    assert "gradmark:" not in (folder / "assignment.toml").read_text()


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_folder_that_is_copied_by_hand_works_at_once(tmp_path, name):
    shutil.copytree(HOME / name, tmp_path / "other", ignore=shutil.ignore_patterns("__pycache__"))
    assert golden(load(str(tmp_path / "other")), 3) == golden(load(name), 3)


@pytest.mark.slow
def test_a_copy_changes_when_its_own_reference_does_and_the_original_does_not(tmp_path):
    folder = authoring.new("mine", tmp_path, "optimizers")
    before = golden(load("optimizers"), 3)
    updates = folder / "reference" / "updates.py"
    updates.write_text(updates.read_text().replace("w - lr_t * v", "w + lr_t * v"))
    assert golden(load(str(folder)), 3) != before
    assert golden(load("optimizers"), 3) == before


@pytest.mark.slow
def test_a_class_that_a_copy_has_more_stands_in_the_programs_of_other_hands(tmp_path):
    folder = authoring.new("mine", tmp_path, "optimizers")
    solution = load(str(folder)).model_solution
    solution.write_text(solution.read_text() + "\n\nclass SignSGD(Optimizer):\n    pass\n")

    def classes(assignment, turn):
        return [
            n.name for n in ast.parse(assignment.rewrite("momentum-ignored", turn)).body if isinstance(n, ast.ClassDef)
        ]

    grown, plain = load(str(folder)), load("optimizers")
    for turn in range(4):
        assert classes(grown, turn) == [*classes(plain, turn), "SignSGD"]


@pytest.mark.slow
def test_a_copy_marks_as_the_original_does(tmp_path):
    require("landlock")
    source, copied = load("foundations"), load(str(authoring.new("mine", tmp_path, "foundations")))
    content = source.samples["losses that are summed"].read_bytes()
    submission = Submission("one", {source.main: content}, "")
    with LandlockSandbox() as sandbox:
        one, other = (pipeline.grade(submission, assignment, sandbox, 7) for assignment in (source, copied))
    assert replace(other, assignment=one.assignment, assignment_digest=one.assignment_digest, seconds=0) == replace(
        one, seconds=0
    )


CHECKED = """
def checked(params, lr=0.0, momentum=0.0, betas=(0.0, 0.0), weight_decay=0.0):
    params = list(params)
    if min(lr, momentum, weight_decay, *betas) < 0 or max(betas) >= 1:
        raise ValueError("nobody can mean that")
    if not all(param.requires_grad for param in params):
        raise ValueError("a parameter does not require gradients")
    return params


class Optimizer:"""


def validating(source: str) -> str:
    """The model solution, with arguments that are looked at."""
    head, *classes = source.split("super().__init__(params)")
    passed = ("lr, momentum, weight_decay=weight_decay", *("lr, betas=betas, weight_decay=weight_decay",) * 2)
    for each, text in zip(passed, classes, strict=True):
        head += f"super().__init__(checked(params, {each})){text}"
    return head.replace("\nclass Optimizer:", CHECKED, 1)


@pytest.mark.slow("it marks with copies of the optimizers assignment")
def test_an_edition_may_ask_for_arguments_that_are_looked_at(tmp_path):
    require("landlock")
    folder = authoring.new("strict", tmp_path, "optimizers")
    settings, solution = folder / "assignment.toml", folder / "reference" / "optimizers.py"
    settings.write_text(settings.read_text().replace("validation = false", "validation = true"))
    before = solution.read_text()
    solution.write_text(validating(before))
    strict = load(str(folder))
    with LandlockSandbox() as sandbox:
        looked, not_looked = (
            pipeline.grade(Submission("one", {strict.main: text.encode()}, ""), strict, sandbox, 7)
            for text in (validating(before), before)
        )
        assert looked.score == looked.max_score
        (lost,) = [row for row in not_looked.criteria if row.status != "passed"]
        assert lost.id == "interface"
        assert "SGD(params, lr=-0.1) must raise ValueError" in lost.messages[0]
        solution.write_text(before)  # then the model solution does not do what is asked
        with pytest.raises(AuthorFault, match="the model solution too fails check"):
            pipeline.grade(Submission("one", {strict.main: before.encode()}, ""), load(str(folder)), sandbox, 7)


def test_what_an_edition_cannot_ask_for_is_told(tmp_path):
    folder = authoring.new("strict", tmp_path, "optimizers")
    settings = folder / "assignment.toml"
    settings.write_text(settings.read_text().replace("validation = false", "validations = true"))
    with pytest.raises(BadAssignment, match=r"\[asks\] in assignment.toml has no validations; there is validation"):
        load(str(folder))


def test_what_does_not_exist_is_not_copied(tmp_path):
    with pytest.raises(BadAssignment, match="no assignment 'nowhere'"):
        authoring.new("mine", tmp_path, "nowhere")
    with pytest.raises(CannotCreate, match="comes with gradmark"):
        authoring.new("optimizers", tmp_path, "optimizers")
    assert list(Path(tmp_path).iterdir()) == []
