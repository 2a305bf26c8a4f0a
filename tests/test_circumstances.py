"""What code does whatever its rule is: it follows its gradients, it does not, or it is not to be known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.assignment import load
from autograder.judge.circumstances import (
    OTHER_GRADIENTS,
    RUNS,
    find_deaf,
    find_inert,
    find_responses,
    find_still,
    without_credit,
)
from autograder.judge.compare import IDLE
from autograder.model import Check, Fault, Finding, Hypotheses, Observation, Scenario

STEPS = 5
ASKED = Scenario("asked", "asked", "", {}, {}, (), role="response")
SUBJECTS = {"asked": "Rule"}


def runs(step, seed):
    """The five runs of a rule: step(w, gradient, t) -> w."""
    draw = np.random.default_rng(seed)
    start, gradients = draw.normal(size=3), draw.normal(size=(STEPS, 3))
    many = {
        "p0": (start, gradients),
        "again0": (start, gradients),
        OTHER_GRADIENTS: (start, -gradients),
        "start0": (start + 1.0, gradients),
        "near0": (start, gradients * (1 + 1e-9)),
    }
    found = {}
    for name, (w, its) in many.items():
        rows = [w]
        for t, gradient in enumerate(its):
            rows.append(step(rows[-1], gradient, t))
        found[name] = np.array(rows)
    assert list(found) == list(RUNS)
    return Observation("asked", found, {})


def right(w, gradient, _t):
    return w - 0.1 * gradient


def answer(seen, seed):
    observations = {} if seen is None else {"asked": seen}
    return find_responses([ASKED], SUBJECTS, {"asked": runs(right, seed)}, observations)["Rule"]


SEEDS = st.integers(0, 2**31)


@settings(deadline=None)
@given(SEEDS, st.floats(0.01, 3.0), st.sampled_from(["as it is", "its sign", "with decay"]))
def test_a_rule_that_moves_by_its_gradients_responds(seed, rate, kind):
    def step(w, gradient, _t):
        moved = np.sign(gradient) if kind == "its sign" else gradient
        return w - rate * (moved + (0.1 * w if kind == "with decay" else 0))

    assert answer(runs(step, seed), seed) == "responds"


@settings(deadline=None)
@given(SEEDS, st.floats(0.01, 3.0))
def test_moves_that_are_the_same_with_other_gradients_ignore_them(seed, rate):
    def drift(w, _gradient, t):
        return w - rate * (t + 1)

    seen = runs(drift, seed)
    assert answer(seen, seed) == "ignores gradients"
    assert find_deaf({"Rule": ASKED}, {"asked": seen}) == {"Rule"}
    assert find_deaf({"Rule": ASKED}, {"asked": runs(right, seed)}) == frozenset()


@settings(deadline=None)
@given(SEEDS)
def test_moves_that_jump_with_a_gradient_that_hardly_differs_are_made_up(seed):
    def jumping(w, gradient, _t):
        return w + np.random.default_rng(abs(hash(gradient.tobytes()))).normal(size=3)

    assert answer(runs(jumping, seed), seed) == "ignores gradients"


@settings(deadline=None)
@given(SEEDS)
def test_a_path_that_has_nothing_to_do_with_the_start_ignores_it(seed):
    def from_nothing(_w, gradient, t):
        return -(t + 1) * gradient

    seen = runs(from_nothing, seed)
    seen.arrays["start0"][:] = seen.arrays["p0"]
    assert answer(seen, seed) == "ignores where it is"


@settings(deadline=None)
@given(SEEDS, st.sampled_from([*RUNS, "nothing", "chance", "short", "not finite"]))
def test_what_is_missing_or_differs_by_itself_is_not_known(seed, spoilt):
    seen = runs(right, seed)
    if spoilt == "nothing":
        seen = None
    elif spoilt == "chance":
        seen.arrays["again0"][1:] += 1e-3
    elif spoilt == "short":
        seen.arrays["near0"] = seen.arrays["near0"][:1]
    elif spoilt == "not finite":
        seen.arrays["p0"][1:] = np.nan
    else:
        del seen.arrays[spoilt]
    assert answer(seen, seed) == "unknown"


@settings(deadline=None)
@given(SEEDS, st.sampled_from(["nothing", "the start of one", "one row", "a fault", "missing"]))
def test_nothing_moves_where_no_experiment_that_should_shows_a_move(seed, spoilt):
    checks = (Check("moves", "row", arrays=("p0",)),)
    scenarios = [Scenario(name, name, "", {}, {}, checks) for name in ("first", "second", "resting")]
    golden = {s.id: runs(right if s.id != "resting" else lambda w, _g, _t: w, seed) for s in scenarios}
    seen = {s.id: runs(lambda w, _g, _t: w, seed + 1) for s in scenarios}
    if spoilt == "the start of one":
        seen["first"].arrays["p0"][:] += 1.0
    elif spoilt == "one row":
        seen["second"].arrays["p0"][-1] += 1e-9
    elif spoilt == "a fault":
        seen["second"] = Observation("second", {}, {}, Fault("KeyError", "'v'"))
    elif spoilt == "missing":
        del seen["first"].arrays["p0"]
    still = find_still(scenarios, {s.id: "Rule" for s in scenarios}, golden, seen)
    assert still == (("Rule",) if spoilt in ("nothing", "the start of one") else ())


def check(**more):
    return Check("c", "row", arrays=("w",), tolerance="default", **more)


def finding(status, of):
    return Finding("one", of, status, "")


ABOUT = {"one": "Rule"}
TRAJECTORY, FACT = check(), Check("c", "row", arrays=(), tolerance="default")


@pytest.mark.parametrize(
    ("response", "passed", "named", "inert"),
    [
        ("responds", TRAJECTORY, (), False),
        ("responds", FACT, (), True),
        ("responds", FACT, ("Rule",), False),
        ("ignores gradients", TRAJECTORY, (), True),
        ("ignores gradients", TRAJECTORY, ("Rule",), False),
        ("ignores where it is", TRAJECTORY, (), True),
        ("unknown", TRAJECTORY, (), False),
        ("unknown", FACT, (), True),
    ],
)
def test_a_subject_is_inert_where_nothing_that_it_computed_is_right(response, passed, named, inert):
    found = find_inert({"Rule": response}, ABOUT, [finding("passed", passed)], named)
    assert found == ({"Rule"} if inert else frozenset())
    assert find_inert({"Rule": response}, ABOUT, [finding("failed", passed)], ()) == {"Rule"}


def test_credit_that_needs_a_rule_is_taken_from_code_without_one_and_no_other():
    needy, isolating = check(needs="Rule"), check(isolates=True)
    before = [finding("passed", c) for c in (needy, isolating, TRAJECTORY, FACT)]
    after = without_credit(before, ABOUT, frozenset({"Rule"}))
    assert [f.status for f in after] == ["failed", "passed", "failed", "passed"]
    assert {f.message for f in after if f.status == "failed"} == {IDLE}
    assert without_credit(before, ABOUT, frozenset()) == tuple(before)


def test_no_rule_with_a_name_is_taken_for_one_that_gradients_do_not_reach():
    """Steps by the sign of the gradient alone are such a rule, whatever signs the seed draws."""
    optimizers = load("optimizers")
    for asked in (s for seed in range(20) for s in optimizers.scenarios(seed) if s.role == "response"):
        subject = optimizers.subject(asked)
        named = [m for m in optimizers.misconceptions if m.changes and subject in m.groups and m.unknown is None]
        (arrays,) = optimizers.predict(subject, [asked], Hypotheses.of([m.changes for m in named]), frozenset())
        for at, belief in enumerate(named):
            seen = Observation(asked.id, arrays={name: rows[at] for name, rows in arrays.items()})
            assert not find_deaf({subject: asked}, {asked.id: seen}), belief.id
