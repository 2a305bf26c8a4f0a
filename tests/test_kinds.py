"""Whole numbers, truth values, shapes and lengths are compared as such, in an assignment where nothing takes a step."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from conftest import require
from hypothesis import given
from hypothesis import strategies as st

from autograder import pipeline, verify
from autograder.assignment import load
from autograder.guest.harness import Recorder
from autograder.judge.compare import compare
from autograder.judge.exhibits import find_exhibits
from autograder.judge.observations import fitting
from autograder.kinds import with_kinds
from autograder.model import Check, Observation, Scenario, Submission, Tolerance
from autograder.sandbox.landlock import LandlockSandbox
from autograder.sandbox.process import ProcessSandbox

COUNTING = Path(__file__).parent / "data" / "counting"
TOLERANCES = {"default": Tolerance(1e-5, "")}
WHOLE = st.lists(st.integers(-(2**50), 2**50), min_size=1, max_size=6)


def judged(golden, found, axis="element"):
    """The one finding on an array, as the grader comes to it."""
    scenario = Scenario("s", "A case", "f", {}, {}, (Check("c", "row", arrays=("x",)),), axis=axis)
    right = with_kinds(Observation("s", {"x": golden}))
    seen = fitting(with_kinds(Observation("s", {"x": found})), right)
    return compare(scenario, right, seen, TOLERANCES)[0]


@given(WHOLE, st.data())
def test_a_whole_number_that_is_off_by_one_is_wrong_however_large_it_is(numbers, data):
    at = data.draw(st.integers(0, len(numbers) - 1))
    golden, found = np.array(numbers), np.array(numbers)
    assert judged(golden, found).status == "passed"
    found[at] += 1
    finding = judged(golden, found)
    assert (finding.status, finding.difference.step) == ("failed", at)
    assert (
        judged(golden.astype(float), golden).status == "passed"
    )  # where decimal numbers are right, whole ones are too


@given(st.integers(0, 5), st.integers(0, 5), st.sets(st.integers(0, 5), max_size=3))
def test_a_fact_that_is_no_mistake_passes_with_its_remark_and_no_other_does(right, found, tolerated):
    check = Check("c", "row", fact="size", message="Too much.", tolerates=tuple(tolerated - {right}), remark="No need.")
    scenario = Scenario("s", "A case", "f", {}, {}, (check,))
    finding = compare(
        scenario, Observation("s", {}, {"size": right}), Observation("s", {}, {"size": found}), TOLERANCES
    )[0]
    if found == right:
        assert (finding.status, finding.message) == ("passed", "")
    elif found in tolerated:
        assert (finding.status, finding.message) == ("passed", "No need.")
    else:
        assert (finding.status, finding.message) == ("failed", "Too much.")


@given(st.lists(st.booleans(), min_size=1, max_size=6))
def test_truth_values_are_no_numbers(values):
    truths = np.array(values)
    assert judged(truths, truths.copy()).status == "passed"
    assert judged(truths, ~truths).status == "failed"
    for other, holds in ((truths.astype(int), "whole numbers"), (truths.astype(float), "decimal numbers")):
        assert judged(truths, other).message == f"In “A case”, your result holds {holds}, and must hold truth values."
    assert "must hold whole numbers" in judged(truths.astype(int), truths).message


@given(st.integers(1, 4), st.integers(1, 4), st.sampled_from(["batch", "call", "element", "epoch", "step"]))
def test_a_wrong_length_is_told_in_the_axis_of_the_experiment(expected, given_, axis):
    finding = judged(np.zeros((expected, 2)), np.zeros((given_, 2)), axis)
    if expected == given_:
        assert finding.status == "passed"  # all zero, and right
        return
    word = "row" if axis in ("step", "epoch") else axis
    many = {"batch": "batches"}.get(word, word + "s")
    counted = f"{given_} {word if given_ == 1 else many}"
    assert finding.message == f"In “A case”, your code gives {counted}, and must give {expected}."


def test_a_wrong_shape_is_told():
    assert judged(np.zeros((2, 3)), np.zeros((2, 2)), "batch").message == (
        "In “A case”, each batch of your result is an array of shape (2,), and must be an array of shape (3,)."
    )
    assert "is a single number, and must be" in judged(np.zeros((2, 3)), np.zeros(2), "step").message


@given(st.floats(1e-12, 1e-3))
def test_numbers_that_differ_are_shown_with_as_many_digits_as_show_it(apart):
    scenario = Scenario("s", "A case", "f", {}, {}, (Check("c", "row", arrays=("x",)),), axis="element")
    right, seen = Observation("s", {"x": np.array([1.0])}), Observation("s", {"x": np.array([1.0 + apart])})
    findings = compare(scenario, right, seen, {"default": Tolerance(1e-13, "")})

    class Explained:
        explain = staticmethod(lambda *_: ((), ""))

    (exhibit,) = find_exhibits(Explained, [scenario], {"s": right}, {"s": seen}, findings)
    assert exhibit.rows[0][1] != exhibit.rows[0][2]


@pytest.mark.parametrize("value", [np.int64(3), np.array([True]).all(), np.array(3), np.float32(0.5), 3, True])
def test_a_fact_of_numpy_is_a_fact_of_python(value):
    record = Recorder()
    record.fact("f", value)
    assert type(record.facts["f"]) in (bool, int, float)
    assert record.facts["f"] == value


@pytest.mark.parametrize(
    ("value", "said"),
    [(None, "is None"), ([[1], [1, 2]], "is a list, which"), (["a"], "is a list, which"), ("1", "is a str, which"), (1j, "is a complex")],
)  # fmt: skip
def test_what_holds_no_numbers_is_told(value, said):
    record = Recorder()
    record.doing = "f(…)"
    record.row("x", value)
    assert f"f(…): your result {said}" in record.result()[2]["message"]


@pytest.mark.parametrize("value", [True, 3, 0.5, 2**70, [1, 2], np.float32(2), np.array([True])])
def test_numbers_of_any_kind_are_recorded(value):
    record = Recorder()
    record.row("x", value)
    ((_, rows),), _, trouble = record.result()
    assert trouble is None
    assert np.array_equal(rows[0], value)


@pytest.fixture(scope="module")
def counting(tmp_path_factory):
    return load(str(shutil.copytree(COUNTING, tmp_path_factory.mktemp("here") / "counting")))


def marked(assignment, *changes):
    source = assignment.model_solution.read_text(encoding="utf-8")
    for old, new in changes:
        assert source.count(old) == 1
        source = source.replace(old, new)
    with ProcessSandbox() as sandbox:  # what runs is ours
        return pipeline.grade(Submission("s", {assignment.main: source.encode()}, ""), assignment, sandbox, 7)


MISTAKES = {
    "decimal counts": ("dtype=int)", "dtype=float)", "confusion", "your result holds decimal numbers, and must hold whole numbers"),
    "a mask of 0 and 1": ("return np.arange(width) < np", "return np.arange(width).__lt__(np.asarray(lengths)[:, None]) * 1\n    np", "mask", "your result holds whole numbers, and must hold truth values"),
    "a mask of other shape": ("return np.arange(width) < np.asarray(lengths)[:, None]", "return np.arange(width)[:, None] < np.asarray(lengths)", "mask", "each row of your result is an array of shape (2,), and must be an array of shape (4,)"),
    "one batch too many": ("count - size + 1", "count", "batches", "your code gives 4 batches, and must give 3"),
    "one batch too few": ("count - size + 1", "count - size", "batches", "your code gives 2 batches, and must give 3"),
    "no batch": ("range(0, count - size + 1, size)", "range(0)", "batches", "your code gives nothing"),
    "no numbers": ("return counts\n", "return counts.astype(str).tolist()\n", "confusion", "your result is a list, which is not an array of numbers"),
    "nothing returned": ("yield np.arange(start, start + size)", "yield", "batches", "your result is None"),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", MISTAKES)
def test_what_is_no_step_is_told_without_steps(counting, name):
    old, new, row, said = MISTAKES[name]
    report = marked(counting, (old, new))
    lost = {mark.id: " ".join(mark.messages) for mark in report.criteria if mark.status != "passed"}
    assert list(lost) == [row]
    assert said in lost[row]
    assert "step" not in lost[row]


@pytest.mark.slow
def test_one_too_many_in_a_large_count_is_shown_where_it_is(counting):
    report = marked(counting, ("    return counts\n", "    counts[0, 0] += len(labels) > 100\n    return counts\n"))
    (exhibit,) = report.exhibits
    assert (exhibit.axis, exhibit.place) == ("row", "[0]")
    assert int(exhibit.rows[0][2]) == int(exhibit.rows[0][1]) + 1


@pytest.mark.slow
def test_an_assignment_of_counts_and_masks_marks_fairly(counting):
    require("landlock")
    with LandlockSandbox() as sandbox:
        proof = verify.verify(counting, sandbox)
    assert [(row.section, row.name, row.said) for row in proof.rows if not row.holds] == []
