"""`python check.py --where`: the search for a mistake's line on a student's own machine."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from checking import check

from autograder.assignment import load
from autograder.regenerate import for_student

SOLUTION = load("optimizers").model_solution.read_text(encoding="utf-8")
WRONG = SOLUTION.replace("correction2 = 1 - self.beta2", "correction2 = 1 - self.beta1", 1)


def handed_out(folder: Path, *, where: bool) -> Path:
    for name, content in for_student(replace(load("optimizers"), check_where=where), 1).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


@pytest.fixture(scope="module")
def searching(tmp_path_factory) -> Path:
    return handed_out(tmp_path_factory.mktemp("where"), where=True)


@pytest.mark.slow
def test_check_py_tells_the_line_where_staff_allow_it(searching, tmp_path):
    wrong = tmp_path / "mine.py"
    wrong.write_text(WRONG)
    done = check(searching, "--where", wrong)
    line = next(n for n, text in enumerate(WRONG.splitlines(), 1) if "correction2 = 1 - self.beta1" in text)
    assert (done.returncode, done.stderr) == (1, "")
    assert f"line {line}\n" in done.stdout
    assert "everything about Adam agrees" in done.stdout
    assert "self.beta2" not in done.stdout.partition("Looking for")[2]  # where, not what


def test_check_py_looks_for_no_line_while_something_is_left_to_write(searching):
    assert "when nothing is left to write" in check(searching, "--where").stdout


def test_check_py_says_that_this_course_has_no_search(tmp_path):
    wrong = tmp_path / "mine.py"
    wrong.write_text(WRONG)
    assert "does not look for lines" in check(handed_out(tmp_path / "home", where=False), "--where", wrong).stdout


def test_check_py_starts_no_thread_either(searching, tmp_path):
    """Nothing that the grader refuses may pass at home."""
    file = tmp_path / "mine.py"
    step = "import threading\nright = SGD.step\ndef step(self):\n    threading.Timer(0, right, [self]).start()\nSGD.step = step"
    file.write_text(f"{SOLUTION}\n{step}\n")
    assert "your code tried to start a thread; the grader runs one only" in check(searching, file).stdout


@pytest.mark.slow
@pytest.mark.some(each=2)
@pytest.mark.parametrize("ending", ["os._exit(3)", "os.kill(os.getpid(), 9)", "sys.stdout.close(); os.close(1)"])
def test_an_edit_that_ends_the_process_it_is_tried_in_costs_no_other(searching, tmp_path, ending):
    """Only with another comparison does the file end its process; the line of its mistake is found all the same."""
    wrong = tmp_path / "mine.py"
    line = "            correction2 = 1 - self.beta1"
    wrong.write_text(WRONG.replace(line, f"            if self.lr < 0: import os, sys; {ending}\n{line}", 1))
    assert ending in wrong.read_text()
    done = check(searching, "--where", wrong)
    line = next(n for n, text in enumerate(wrong.read_text().splitlines(), 1) if "correction2 = 1 - self.beta1" in text)
    assert (done.returncode, done.stderr) == (1, "")
    assert f"line {line}\n" in done.stdout
