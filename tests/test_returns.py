"""What an author's function returns is held against the types of model.py, and what is wrong is told with its place."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import TypeAliasType

from autograder.assignment import load
from autograder.assignment.returns import guarded, mismatch
from autograder.blame import AuthorFault
from autograder.model import Tolerance

# kind -> values that are of it, and in words what it must be
KINDS: dict[Any, tuple[st.SearchStrategy[Any], str]] = {
    str: (st.text(), "a text"),
    bool: (st.booleans() | st.builds(np.bool_, st.booleans()), "True or False"),
    int: (st.integers() | st.builds(np.int64, st.integers(0, 9)), "a whole number"),
    float: (st.floats() | st.builds(np.float32, st.floats(0, 1)), "a number"),
    type(None): (st.none(), "None"),
    Literal["a", "b"]: (st.sampled_from("ab"), "one of 'a', 'b'"),
    Callable[[int], int]: (st.just(abs), "a function"),
    Tolerance: (st.builds(Tolerance, st.floats(0, 1), st.text()), "a Tolerance"),
    frozenset[str]: (st.frozensets(st.text()), "a set"),
}
FITS_BOTH = {(int, float), (Literal["a", "b"], str)}  # of the first kind, and good for the second


@st.composite
def of_a_kind(draw):
    kind = draw(st.sampled_from(list(KINDS)))
    return kind, draw(KINDS[kind][0])


@given(of_a_kind())
def test_a_value_of_the_type_is_right_and_one_of_another_type_is_told(drawn):
    kind, value = drawn
    assert mismatch(value, kind, "it") == ""
    for other, (_, must) in KINDS.items():
        told = mismatch(value, other, "it")
        fits = kind == other or (kind, other) in FITS_BOTH or (kind is str and value in get_args(other))
        assert told == "" if fits else told.endswith(f"must be {must}"), (other, told)
        assert mismatch(value, Union[other, kind], "it") == ""  # noqa: UP007 - kinds are values here


@given(st.lists(of_a_kind(), min_size=1, max_size=5), st.data())
def test_what_is_wrong_inside_is_told_with_its_place(drawn, data):
    kinds, values = tuple(kind for kind, _ in drawn), [value for _, value in drawn]
    assert mismatch(tuple(values), tuple[kinds], "it") == ""
    at = data.draw(st.integers(0, len(values) - 1))
    spoilt = [*values[:at], object(), *values[at + 1 :]]
    assert mismatch(tuple(spoilt), tuple[kinds], "it").startswith(f"it[{at}] is a object and must be ")
    assert (
        mismatch(tuple(values[:-1]), tuple[kinds], "it")
        == f"it has {len(values) - 1} parts and must have {len(values)}"
    )
    assert mismatch({"k": spoilt[at]}, Mapping[str, kinds[at]], "it").startswith("it['k'] is a object")
    assert mismatch({1: values[at]}, Mapping[str, kinds[at]], "it") == "a key of it is 1 and must be a text"
    assert mismatch([values[at]] * 2, Sequence[kinds[at]], "it") == ""
    assert mismatch("text", Sequence[kinds[at]], "it") == "it is 'text' and must be a tuple"


def test_a_field_of_a_dataclass_is_told_by_its_name():
    assert mismatch(Tolerance("much", "why"), Tolerance, "it") == "it.relative is 'much' and must be a number"


ASSIGNMENT = load("optimizers")


def returning(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    return guarded(name, function, Path(__file__).parent)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("subject", 5, "it is 5 and must be a text"),
        ("quiz", None, "it is None and must be a tuple"),
        ("scenarios", ("one",), "it[0] is 'one' and must be a Scenario"),
        ("golden", {"a": 1}, "it['a'] is 1 and must be a Observation"),
    ],
)
def test_a_wrong_value_blames_the_function_with_its_file(name, value, told):
    with pytest.raises(AuthorFault) as caught:
        returning(name, lambda *_: value)(1)
    assert f"{name}() returns a wrong value: {told}." in str(caught.value)
    assert "test_returns.py, line" in str(caught.value)


@pytest.mark.parametrize("error", [KeyError("x"), ZeroDivisionError(), RecursionError()])
def test_an_exception_of_the_author_blames_the_function(error):
    def raising(_seed):
        raise error

    with pytest.raises(AuthorFault, match=type(error).__name__):
        returning("quiz", raising)(1)


def test_predictions_have_a_row_for_each_hypothesis_and_a_part_for_each_experiment():
    group = "Adam"
    scenarios = [s for s in ASSIGNMENT.scenarios(1) if ASSIGNMENT.subject(s) == group][:2]
    hypotheses = range(3)
    right = [{"w": np.zeros((3, 4))}, {"w": np.zeros((3, 2))}]
    assert len(returning("predict", lambda *_: right)(group, scenarios, hypotheses)) == 2
    for wrong, told in (
        (right[:1], "it has 1 parts for 2 experiments"),
        ([{"w": np.zeros((2, 4))}] * 2, "needs one row for each of 3"),
    ):
        with pytest.raises(AuthorFault, match=told):
            returning("predict", lambda *_, wrong=wrong: wrong)(group, scenarios, hypotheses)


@pytest.mark.parametrize("spec", [{"w": np.float32(1)}, {1: "x"}, {"deep": [{"set": {1}}]}])
def test_an_experiment_that_cannot_be_sent_is_told(spec):
    one = replace(ASSIGNMENT.scenarios(1)[0], spec=spec)
    with pytest.raises(AuthorFault, match=r"only texts, Python's own numbers|must be a text"):
        returning("scenarios", lambda *_: (one,))(1)


def test_a_distance_that_numpy_computed_can_be_written_into_the_proof():
    """Comparing with a float of NumPy gives no truth value that JSON knows."""
    told = guarded("oracle", lambda: [("another", np.float64(1e-9))], Path())()
    assert json.dumps([{"holds": distance < 1.0} for _, distance in told]) == '[{"holds": true}]'


def test_a_named_type_is_the_type_that_it_names():
    """NumPy's NDArray is such a name from NumPy 2.5 on."""
    number = TypeVar("number")
    arrays = TypeAliasType("arrays", np.ndarray[Any, np.dtype[number]], type_params=(number,))
    assert mismatch(np.ones(3), arrays[np.float64], "it") == ""
    assert mismatch({"a": np.ones(3)}, Mapping[str, arrays[np.float64]], "it") == ""
    assert "a NumPy array of numbers" in mismatch(3, arrays[np.float64], "it")
