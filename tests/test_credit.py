"""The cost of a mistake that one small edit cures, and the sentences about it."""

from __future__ import annotations

import pytest

from autograder import pipeline
from autograder.assignment import load
from autograder.judge.marks import ISOLATED
from autograder.model import Report, Submission
from autograder.sandbox.choose import choose


def graded(source: str, seed: int = 5) -> Report:
    assignment = load("optimizers")
    with choose("process", say=lambda _: None) as sandbox:
        return pipeline.grade(Submission("x", {assignment.main: source.encode()}, "d" * 64), assignment, sandbox, seed)


@pytest.fixture(scope="module")
def right() -> str:
    return load("optimizers").model_solution.read_text(encoding="utf-8")


@pytest.mark.slow("each is searched for its line")
@pytest.mark.parametrize(
    ("was", "now", "raised"),
    [
        ("self.velocities[i] = velocity", "self.velocitys[i] = velocity", "AttributeError: 'SGD' object has no attribute"),
        ("        self.velocities = [", '        open("/nowhere/data.csv")\n        self.velocities = [', "FileNotFoundError"),
        ("        self.velocities = [", "        int('x')\n        self.velocities = [", "ValueError: invalid literal"),
    ],
)  # fmt: skip
def test_an_exception_that_one_edit_cures_is_told_beside_its_line(right, was, now, raised):
    source = right.replace(was, now, 1)
    line = source[: source.index(now.strip().partition("\n")[0])].count("\n") + 1
    report = graded(source)
    assert {place.line for place in report.places} == {line}
    assert any(f"raised {raised}" in message and f"(line {line}:" in message for message in told(report))


def told(report: Report) -> list[str]:
    return [message for row in report.criteria for message in row.messages]


def test_what_is_not_written_is_not_called_tested_on_its_own() -> None:
    """Experiments that leave the other mistakes out end where all others do."""
    messages = told(graded(load("optimizers").template.read_text(encoding="utf-8")))
    assert any("is not written yet" in message for message in messages)
    assert ISOLATED not in messages


def test_what_an_exception_ends_is_not_called_tested_on_its_own(right) -> None:
    messages = told(graded(right.replace("self.velocities[i]", "vars(self)['velocities'][0]")))
    assert any("could not be broadcast" in message for message in messages)
    assert ISOLATED not in messages


def test_what_was_not_played_is_not_called_tested_on_its_own(right) -> None:
    ends = right.replace("param.grad = None", "param.grad = None; __import__('os')._exit(0)", 1)
    report = graded(ends)
    assert report.score < 50
    assert ISOLATED not in told(report)


def test_a_mistake_that_nobody_named_costs_its_whole_row_where_all_about_the_row_is_spoilt(right) -> None:
    """Decay is off in most experiments: that share of the class would make an unnamed mistake there cheaper."""
    decay = "grad = grad + self.weight_decay * param.data"
    report = graded(right.replace(decay, f"{decay} - self.weight_decay * grad", 1))
    assert not report.diagnoses
    lost = {row.id: row.max_score - row.score for row in report.criteria if row.score < row.max_score}
    assert lost == {"weight_decay": 5.0}
