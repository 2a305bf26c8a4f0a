"""What students run is the grader's own code, and brings what it imports and nothing else."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from autograder.assignment import BadAssignment, load
from autograder.regenerate import for_student
from autograder.regenerate.copies import copies

ROOT = Path(__file__).resolve().parent.parent
COUNTING = ROOT / "tests" / "data" / "counting"


def test_check_py_runs_the_very_files_that_mark():
    handed_out = for_student(load("optimizers"), 1)
    ours = {
        name.removeprefix("check_files/"): content
        for name, content in handed_out.items()
        if name.startswith("check_files/autograder/")
    }
    assert "autograder/judge/compare.py" in ours
    assert all(content == (ROOT / name).read_bytes() for name, content in ours.items())
    assert not [name for name in ours if "repair" in name or "search" in name or "/quiz/" in name]
    assert handed_out["check_files/derive.py"] == (ROOT / "assignments/optimizers/derive.py").read_bytes()


def test_a_copy_brings_what_it_imports_and_nothing_for_type_checkers():
    found = copies(["autograder.judge.repair"])
    assert {"autograder/__init__.py", "autograder/judge/__init__.py", "autograder/kinds.py"} <= set(found)
    assert "autograder/judge/waypoints.py" not in found


@pytest.mark.parametrize(
    ("file", "text", "sentence"),
    [
        ("golden.py", "def derive(scenario, arrays):\n    return {}\n", r"golden\.py, line \d+: derive\(\) must be in derive\.py"),
        ("derive.py", "from .golden import golden\ndef derive(scenario, arrays):\n    return {}\n", r"derive\.py, line 1: students get"),
    ],
)  # fmt: skip
def test_what_students_may_not_have_is_not_handed_out_with_derive(tmp_path, file, text, sentence):
    folder = Path(shutil.copytree(COUNTING, tmp_path / "counting"))
    with (folder / file).open("a") as out:
        out.write("\n\n" + text if file == "golden.py" else text)
    with (folder / "__init__.py").open("a") as out:
        out.write(f"\nfrom .{Path(file).stem} import derive\n")
    with pytest.raises(BadAssignment, match=sentence):
        for_student(load(str(folder)), 1)
