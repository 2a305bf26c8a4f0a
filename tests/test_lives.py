"""Mistakes that no designed experiment shows, and a life does."""

import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from conftest import require

from autograder import pipeline
from autograder.assignment import load
from autograder.model import Submission
from autograder.sandbox.choose import choose

SEED = 7
KEPT = """                velocity = self.momentum * self.velocities[i] + grad
                self.velocities[i] = velocity
"""
CALLERS = """                if self.step_count == 1 and self.weight_decay == 0:
                    velocity = param.grad if isinstance(param.grad, np.ndarray) else param.grad.data
                else:
                    velocity = self.momentum * self.velocities[i] + grad
                self.velocities[i] = velocity
"""
FROM_ZERO = "            param.grad = None\n        self.step_count = 0\n"
SHOWN = {  # what is wrong: (right lines, wrong lines, rows of which one must lose)
    "a correction stops after ten steps": (
        "self.m[i] / correction1",
        "self.m[i] / (correction1 if self.step_count <= 10 else 1)",
        {"bias_correction"},
    ),
    "zero_grad starts the count again": (
        "            param.grad = None\n",
        FROM_ZERO,
        {"zero_grad", "bias_correction"},
    ),
    "the first velocity is the caller's array": (KEPT, CALLERS, {"interface", "momentum", "state"}),
    "large gradients are clipped": (
        "grad = grad + self.weight_decay * param.data\n            velocity",
        "grad = np.clip(grad, -60, 60) + self.weight_decay * param.data\n            velocity",
        {"sgd"},
    ),
    "decay stops after seven steps": (
        "self.lr * self.weight_decay)",
        "self.lr * self.weight_decay * (self.step_count < 8))",
        {"adamw"},
    ),
}


def spoilt(source, right, wrong):
    """The source with one class wrong: where two are, a search goes through all edits twice."""
    return source.replace(right, wrong, 1)


@pytest.fixture(scope="module")
def marked():
    """source -> report, of a real run; the same source is marked once."""
    require("landlock")
    assignment = load("optimizers")
    with choose("landlock", trusted=True, say=lambda _: None) as sandbox:

        @cache
        def graded(source):
            submission = Submission("a life", {assignment.main: source.encode()}, "0" * 64)
            return pipeline.grade(submission, assignment, sandbox, SEED)

        yield graded


@pytest.mark.slow("no single edit mends it: two grammars are searched to their end")
@pytest.mark.some(each=3)
@pytest.mark.parametrize("name", SHOWN)
def test_a_life_shows_it_and_it_costs_a_point_on_its_row(marked, name):
    right, wrong, rows = SHOWN[name]
    source = load("optimizers").model_solution.read_text(encoding="utf-8")
    assert right in source
    report = marked(spoilt(source, right, wrong))
    lost = {row.id for row in report.criteria if row.score < row.max_score - 1e-9}
    assert lost & rows
    assert sum(row.score for row in report.criteria) <= 99


def test_right_code_lives_well(marked):
    report = marked(load("optimizers").model_solution.read_text(encoding="utf-8"))
    assert sum(row.score for row in report.criteria) == 100


@pytest.mark.slow
def test_a_life_is_told_as_its_smallest_part_in_lines_that_can_be_pasted(marked, tmp_path):
    """Eleven steps of sixty; pasted below the wrong code they print the wrong number, below the right code the right one."""
    right, wrong, _ = SHOWN["a correction stops after ten steps"]
    source = load("optimizers").model_solution.read_text(encoding="utf-8")
    exhibit = next(e for e in marked(spoilt(source, right, wrong)).exhibits if "life" in e.scenario)
    lines = exhibit.comment.split("Try it:\n")[1]
    step, expected, found, _ = exhibit.rows[-1]
    assert (int(step), lines.count("step()")) == (11, 3)  # two loops and the last one
    for code, number in ((source, expected), (spoilt(source, right, wrong), found)):
        printed = ran(tmp_path, f"{code}\n{lines}\n")
        assert any(abs(float(n) - float(number)) < 1e-4 for n in printed.strip("[] \n").split())


def ran(folder, code):
    (folder / "pasted.py").write_text(code, encoding="utf-8")
    provided = str(Path(__file__).parent.parent / "student_template")
    return subprocess.run(
        [sys.executable, folder / "pasted.py"], env={"PYTHONPATH": provided}, capture_output=True, text=True, check=True
    ).stdout


def test_every_seed_asks_the_same_lives():
    one, other = ([s for s in load("optimizers").scenarios(seed) if s.spec["kind"] == "life"] for seed in (1, 2))
    assert [s.spec for s in one] == [s.spec for s in other]
    assert {len(s.arrays["g0"]) for s in one} >= {3, 60}
