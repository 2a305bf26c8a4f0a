"""No marks for nothing: a class that does nothing of what is asked gets no more than one that is not written."""

import os
from functools import cache

import pytest
from conftest import require
from empty import CLASSES, emptied, family, unwritten
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder import pipeline
from autograder.assignment import load
from autograder.model import Submission
from autograder.sandbox.choose import choose

SEED = 7
EXAMPLES = 30 if os.environ.get("NEW_DRAWS") else 6  # each is marked, and a search for its line finds nothing


@pytest.fixture(scope="module")
def rows():
    """source -> the points of each rubric row, marked in a sandbox."""
    require("landlock")
    assignment = load("optimizers")
    with choose("landlock", trusted=True, say=lambda _: None) as sandbox:

        @cache
        def marked(source: str) -> dict[str, float]:
            submission = Submission("empty", {assignment.main: source.encode()}, "0" * 64)
            report = pipeline.grade(submission, assignment, sandbox, SEED)
            assert report.status == "graded", report.message
            return {row.id: row.score for row in report.criteria}

        yield marked


def earns_nothing(rows, name, body, *, skips=False, counts=True):
    source = load("optimizers").model_solution.read_text(encoding="utf-8")
    bare = rows(unwritten(source, name))
    empty = rows(emptied(source, name, body, skips=skips, counts=counts))
    assert {row: points for row, points in empty.items() if points > bare[row]} == {}


@pytest.mark.slow
@pytest.mark.parametrize("name", CLASSES)
def test_a_constant_step_earns_nothing(rows, name):
    earns_nothing(rows, name, "p.data = p.data - p.data.dtype.type(0.5)")


@pytest.mark.parametrize("name", CLASSES)
def test_what_is_not_finite_earns_nothing(rows, name):
    earns_nothing(rows, name, "p.data = np.full_like(p.data, np.nan)")


@pytest.mark.slow("marks six submissions with nothing right to start a search from")
@settings(max_examples=EXAMPLES, deadline=None)
@given(
    name=st.sampled_from(CLASSES),
    body=st.tuples(st.floats(-2, 2).map(lambda x: round(x, 2)), st.integers(0, 9)).flatmap(
        lambda drawn: st.sampled_from(list(dict(family(*drawn)).values()))
    ),
    skips=st.booleans(),
    counts=st.booleans(),
)
def test_no_empty_step_earns_anything(rows, name, body, skips, counts):
    earns_nothing(rows, name, body, skips=skips, counts=counts)
