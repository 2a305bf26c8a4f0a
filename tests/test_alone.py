"""The lines that only what is wrong runs: told where no edit mends it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import pairwise

import pytest

from autograder import pipeline
from autograder.assignment import load
from autograder.judge.alone import BARE, ENDS, NO_OP, NOTHING, lines_alone
from autograder.judge.repair import Mending
from autograder.judge.verdict import Verdict
from autograder.model import Assignment, EditAnswer, EditTask, Fault, Finding, Observation, Place, Submission
from autograder.sandbox import Sandbox
from autograder.sandbox.choose import choose

FOUNDATIONS = load("foundations")
SOURCE = """\
def wrong(x):
    a = x + 1

    # a comment
    return twice(a)
def right(x):
    return twice(x)
def twice(x):
    return 2 * x
"""
WRONG, RIGHT = {(2, 2), (5, 5), (9, 9)}, {(7, 7), (9, 9)}  # the statements that each of them runs


def told(
    wrong: set[tuple[int, int]],
    right: set[tuple[int, int]],
    source: str = SOURCE,
    fault: Fault | None = None,
    beside: str = "tanh-small",
    silent: int = 0,
    no_op: int = 0,
    repaired: dict[str, Observation] | None = None,
) -> tuple[Place, ...]:
    """The places where one experiment on ReLU fails, and another one (`beside`) does not."""
    scenarios = {s.id: s for s in FOUNDATIONS.scenarios(5) if s.id in ("relu-small", beside)}
    failing = Finding("relu-small", scenarios["relu-small"].checks[0], "failed")
    running = {"relu-small": frozenset(wrong), beside: frozenset(right)}

    def ask(task: EditTask) -> EditAnswer:
        run = {name: running[name] for name in task.running}
        return EditAnswer(running=run, silent={"relu-small": silent}, no_op={"relu-small": no_op})

    return lines_alone(
        FOUNDATIONS,
        list(scenarios.values()),
        {"relu-small": Observation("relu-small", fault=fault), beside: Observation(beside)},
        Verdict((), (), (), (), (failing,), {}),
        Mending(agreeing=frozenset({FOUNDATIONS.subject(scenarios[beside])}), repaired=repaired or {}),
        ask,
        source.split("\n"),
    )


def test_what_right_ones_run_too_is_not_told() -> None:
    [place] = told(WRONG, RIGHT)
    assert (place.line, place.end_line, place.criterion, place.subject) == (2, 5, "relu", "ReLU")
    assert "runs these lines:" in place.note
    [place] = told({(5, 5), (9, 9)}, RIGHT)
    assert (place.line, place.end_line, place.source) == (5, 5, "return twice(a)")
    assert "runs this line:" in place.note
    assert told({(9, 9)}, RIGHT) == ()  # nothing is its own


def test_a_line_that_reads_as_one_that_is_right_is_not_told() -> None:
    twin = SOURCE.replace("return twice(a)", "return twice(x)")
    [place] = told(WRONG, RIGHT, twin)
    assert (place.line, place.end_line) == (2, 2)


def test_what_only_checks_manners_acquits_no_line() -> None:
    own = WRONG - {(9, 9)}
    assert told(own, own) == ()
    assert told(own, own, beside="tanh-manners") == told(own, set()) != ()


@pytest.mark.parametrize("wrong", [{(2, 2), (9, 9)}, {(2, 2), (5, 5), (7, 7), (9, 9)}, {(2, 99)}, {(0, 0)}, {(5, 2)}])
def test_lines_far_apart_many_lines_and_lines_that_there_are_not_are_never_told(wrong: set[tuple[int, int]]) -> None:
    assert told(wrong, set()) == ()


def test_what_is_not_written_yet_has_no_line() -> None:
    assert told(WRONG, RIGHT, fault=Fault("NotImplementedError", "TODO")) == ()


def test_a_return_of_nothing_is_told_only_where_the_result_is_none() -> None:
    bare = SOURCE.replace("return twice(a)", "return")
    [place] = told(WRONG, RIGHT, bare, Fault("Unusable", "ReLU: y is None: something is not returned"))
    assert (place.line, place.source, place.note) == (5, "return", NOTHING)
    [place] = told(WRONG, RIGHT, bare, Fault("ValueError", "no"))
    assert (place.line, place.end_line) == (2, 5)


def test_where_a_function_ends_without_its_return_that_line_is_told() -> None:
    fault = Fault("Unusable", "ReLU: y is None: something is not returned")
    [place] = told(WRONG, RIGHT, fault=fault, silent=5)
    assert (place.line, place.end_line, place.note) == (5, 5, ENDS)
    [place] = told(WRONG, RIGHT, fault=Fault("ValueError", "no"), silent=5)
    assert (place.line, place.end_line) == (2, 5)
    assert told(WRONG, RIGHT, fault=fault, silent=3) == told(WRONG, RIGHT, fault=fault)  # no statement that runs


def test_where_one_statement_changes_nothing_that_line_is_told() -> None:
    [place] = told(WRONG, RIGHT, no_op=5)
    assert (place.line, place.end_line, place.note) == (5, 5, NO_OP.format("ReLU"))
    assert told(WRONG, RIGHT, no_op=3) == told(WRONG, RIGHT)  # no statement that runs
    ended = {"fault": Fault("ValueError", "no")}
    assert told(WRONG, RIGHT, no_op=5, **ended) == told(WRONG, RIGHT, **ended)  # it was not reached, perhaps


def test_where_every_experiment_ends_in_one_line_that_line_alone_is_told() -> None:
    [place] = told(WRONG, RIGHT, fault=Fault("TypeError", "no", line=5))
    assert (place.line, place.end_line) == (5, 5)
    assert "ends in this line" in place.note
    [place] = told(WRONG, RIGHT, fault=Fault("TypeError", "no", line=9))  # what is right runs it too
    assert (place.line, place.end_line) == (2, 5)


def test_what_ends_no_more_once_another_class_is_mended_has_its_place_there() -> None:
    fault, again = Fault("TypeError", "no", line=5), Observation("relu-small", fault=Fault("TypeError", "no", line=5))
    assert told(WRONG, RIGHT, fault=fault, repaired={"relu-small": Observation("relu-small")}) == ()
    assert told(WRONG, RIGHT, fault=fault, repaired={"relu-small": again}) == told(WRONG, RIGHT, fault=fault) != ()


# ------------------------------------------------------------------------------------ with the real grader
@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with choose("process", say=lambda _: None) as chosen:
        yield chosen


def spoilt(assignment: Assignment, instead: str) -> Iterator[tuple[str, str, ast.Return, str]]:
    """Right solutions in which one value that a method returns is lost: name, source, the statement, its class."""
    for path in (assignment.model_solution, *assignment.hands):
        source = path.read_text()
        lines = source.splitlines()
        for owner in (n for n in ast.parse(source).body if isinstance(n, ast.ClassDef)):
            for method in (n for n in owner.body if isinstance(n, ast.FunctionDef) and n.name == "forward"):
                last = method.body[-1]
                if isinstance(last, ast.Return) and isinstance(last.value, ast.Call):
                    gone = [*lines]
                    gone[last.lineno - 1 : last.end_lineno] = [" " * last.col_offset + instead]
                    yield path.stem, "\n".join(gone), last, owner.name


@pytest.mark.slow
@pytest.mark.parametrize("instead", ["return", "pass"])
def test_a_value_that_is_not_returned_is_told_where_it_should_be(sandbox: Sandbox, instead: str) -> None:
    """Several forwards of one class in other hands, each without its value, and no line of another class."""
    tried = list(spoilt(FOUNDATIONS, instead))
    assert len(tried) > 12
    for name, source, statement, owner in tried[::4]:
        report = pipeline.grade(
            Submission(name, {FOUNDATIONS.main: source.encode()}, "d" * 64), FOUNDATIONS, sandbox, seed=5
        )
        told_there = [(p.source, p.line) for p in report.places if p.subject == owner or p.source in (*BARE, "pass")]
        assert told_there == [(instead, statement.lineno)], (name, owner)
        assert not [d for d in report.diagnoses if "array" in d.misconception]  # nothing is no array


@pytest.mark.slow
def test_where_none_is_computed_with_no_return_is_missed(sandbox: Sandbox) -> None:
    """An exception leaves a function as well, and is no lost value."""
    source = FOUNDATIONS.model_solution.read_text()
    helper = "\n\ndef times(x, factor):\n    return x * factor\n"
    wrong = source.replace("np.tanh(x.data)", "np.cosh(times(x.data, None) / 7.31 + 2.9)").replace(
        "np.maximum(x.data, 0)", "np.maximum(times(x.data, 1), 0)"
    )
    assert wrong.count("times(") == 2
    report = pipeline.grade(
        Submission("wrong", {FOUNDATIONS.main: (wrong + helper).encode()}, "d" * 64), FOUNDATIONS, sandbox, seed=5
    )
    assert "tanh" in {mark.id for mark in report.criteria if not mark.score}
    assert all(place.note not in (NOTHING, ENDS) for place in report.places)


@pytest.mark.slow
def test_a_rule_in_one_line_that_nothing_of_the_file_mends_is_told_on_that_line(sandbox: Sandbox) -> None:
    source = FOUNDATIONS.model_solution.read_text()
    wrong = source.replace("np.tanh(x.data)", "x.data / 7.31")
    report = pipeline.grade(
        Submission("wrong", {FOUNDATIONS.main: wrong.encode()}, "d" * 64), FOUNDATIONS, sandbox, seed=5
    )
    [place] = report.places
    assert wrong.splitlines()[place.line - 1].strip() == "return Tensor(x.data / 7.31)" == place.source
    assert "something is missing beside it" in place.note
    assert (place.criterion, place.edit) == ("tanh", "")
    assert all(one.line < other.line for one, other in pairwise(report.places))
