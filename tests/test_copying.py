"""A copied assignment needs nothing outside its folder, and marks as the one that it was copied from."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import require

from autograder import authoring, pipeline
from autograder.assignment import HOME, BadAssignment, load
from autograder.authoring import CannotCreate
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


def test_what_does_not_exist_is_not_copied(tmp_path):
    with pytest.raises(BadAssignment, match="no assignment 'nowhere'"):
        authoring.new("mine", tmp_path, "nowhere")
    with pytest.raises(CannotCreate, match="comes with gradmark"):
        authoring.new("optimizers", tmp_path, "optimizers")
    assert list(Path(tmp_path).iterdir()) == []
