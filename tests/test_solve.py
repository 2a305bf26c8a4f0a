"""Numbers that a student invented are worked out from what was observed."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from autograder.judge.solve import FIGURES, rounder, solve
from autograder.model import Observation, Scenario, Unknown

STEPS = np.arange(1.0, 6.0)
ONE = Scenario("one", "", "", {}, {}, ())
RULES = (  # two beliefs with a number in them: a factor of the step, and a power of the time
    lambda n: n * STEPS,
    lambda n: STEPS**n,
)


def play(rows, numbers, scenarios):
    predicted = np.array([RULES[row](number) for row, number in zip(rows, numbers, strict=True)])
    return [{"p0": predicted} for _ in scenarios]


def solved(observed, unknowns):
    seen = {"one": Observation("one", {"p0": observed})}
    return list(solve(play, unknowns, [ONE], seen, most=2))


@given(st.integers(0, 1), st.floats(0.011, 9.9).filter(lambda n: abs(n - 1) > 0.01))
def test_the_number_and_the_belief_behind_what_was_observed_are_found(rule, number):
    found = solved(RULES[rule](number), [Unknown(0.01, 10.0, 2.0)] * 2)
    assert found[0][0] == rule
    assert np.isclose(found[0][1], number, rtol=1e-6)


@given(st.integers(1, 9))
def test_a_whole_number_is_found_exactly(number):
    assert solved(RULES[0](number), [Unknown(1, 9, 2, whole=True)])[0] == (0, float(np.exp(np.log(number))))


@given(st.floats(20.0, 1e6))
def test_a_number_outside_its_bounds_is_not_claimed(number):
    assert solved(RULES[0](number), [Unknown(0.01, 10.0, 2.0)]) == []


def test_what_is_not_finite_is_reproduced_by_no_number():
    assert solved(np.full(5, np.nan), [Unknown(0.01, 10.0, 2.0)]) == []


@given(st.floats(1e-6, 1e6))
def test_the_roundest_number_comes_first(number):
    tried = rounder(number)
    assert tried[-1] == number
    assert [float(f"{number:.{figures}g}") for figures in FIGURES] == tried[:-1]
    assert all(abs(a - number) <= 0.5 * 10 ** (1 - n) * 10 * number for n, a in zip(FIGURES, tried, strict=False))
