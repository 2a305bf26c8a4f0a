"""The reference is right: it agrees with torch's recorded runs, with arithmetic by hand, and with the family's points."""

from __future__ import annotations

import json
import runpy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from autograder.reference import family, updates

TORCH = Path(__file__).parent.parent / "reference" / "recorded"
SAME = 1e-12  # of the largest number: 50 steps of rounding at 1e-16 each, with room for another order of operations
RECORDED = {
    (kept["rule"], name): case
    for path in sorted(TORCH.glob("*.json"))
    for kept in [json.loads(path.read_text())]
    for name, case in kept["cases"].items()
}
replay = runpy.run_path(str(TORCH / "record.py"))["reference_iterates"]
FORKS_OF_TORCH = {"SGD": {}, "Adam": {"age": True}, "AdamW": {"age": True, "decay_first": True}}


def error(found, expected):
    """The largest difference, as a part of the largest expected number; NaN counts as infinitely wrong."""
    scale = np.abs(expected).max()
    return float(np.nan_to_num(np.abs(found - expected).max() / scale, nan=np.inf))


# -------------------------------------------------------------------------------------------------- against torch
def test_all_of_torch_was_recorded():
    assert {rule for rule, _ in RECORDED} == {"SGD", "Adam", "AdamW"}
    assert len(RECORDED) == 18
    for case in RECORDED.values():
        assert len(case["iterates"]) == len(case["grads"]) == 50


@pytest.mark.parametrize(("rule", "name"), RECORDED)
def test_the_reference_agrees_with_what_torch_did(rule, name):
    case = RECORDED[rule, name]
    assert error(replay(rule, case, **FORKS_OF_TORCH[rule]), np.array(case["iterates"])) <= SAME


@pytest.mark.parametrize(("rule", "name"), [key for key in RECORDED if key[0] != "SGD"])
def test_each_fork_shows_exactly_where_it_should(rule, name):
    """The age of a parameter matters only after a missing gradient, the order of decay only where there is decay."""
    case = RECORDED[rule, name]
    expected = np.array(case["iterates"])
    without_age = {**FORKS_OF_TORCH[rule], "age": False}
    assert (error(replay(rule, case, **without_age), expected) > 1e-6) == bool(case["absent"])
    if rule == "AdamW":
        decays = case["hyper"].get("weight_decay", 0.01) > 0
        assert (error(replay(rule, case, age=True), expected) > 1e-9) == decays


# -------------------------------------------------------------------------------------------------------- by hand
def test_sgd_by_hand():
    # v = 2, θ = 1 − 0.1·2;  v = 0.5·2 + 1 = 2, θ = 0.8 − 0.1·2
    assert updates.sgd([1.0], [[2.0], [1.0]], lr=0.1, momentum=0.5) == pytest.approx(np.array([[0.8], [0.6]]))
    # g = 1 + 0.5·2 = 2
    assert updates.sgd([2.0], [[1.0]], lr=0.1, weight_decay=0.5) == pytest.approx(np.array([[1.8]]))


def test_sgd_descends_a_parabola_geometrically():
    path = updates.sgd([3.0], lambda w: w, lr=0.25, steps=4)
    assert path[:, 0] == pytest.approx(3.0 * 0.75 ** np.arange(1, 5))


def test_adam_by_hand():
    # t = 1: m = 1, v = 1, m̂ = 2, v̂ = 4;  t = 2: m = 0.5·1 + 0.5·(−1) = 0
    path = updates.adam([1.0], [[2.0], [-1.0]], lr=0.1, beta1=0.5, beta2=0.75, eps=0.0)
    assert path == pytest.approx(np.array([[0.9], [0.9]]))
    # without memory the step is lr·g / (|g| + ε) = 0.1 · 2/4
    assert updates.adam([1.0], [[2.0]], lr=0.1, beta1=0.0, beta2=0.0, eps=2.0) == pytest.approx(np.array([[0.95]]))
    # g = 1 + 0.5·2 = 2, then as before
    decayed = updates.adam([2.0], [[1.0]], lr=0.1, beta1=0.0, beta2=0.0, eps=2.0, weight_decay=0.5)
    assert decayed == pytest.approx(np.array([[1.95]]))


def test_adamw_by_hand():
    # no gradient, only decay: 2·(1 − 0.1·0.5)²
    path = updates.adamw([2.0], [[0.0], [0.0]], lr=0.1, weight_decay=0.5)
    assert path == pytest.approx(np.array([[1.9], [1.805]]))
    # (1 − 0.1)·0.95, or decay first: 0.95 − 0.1
    after, before = (
        updates.adamw([1.0], [[3.0]], lr=0.1, eps=0.0, weight_decay=0.5, decay_first=first) for first in (False, True)
    )
    assert after == pytest.approx(np.array([[0.855]]))
    assert before == pytest.approx(np.array([[0.85]]))


@pytest.mark.parametrize("rule", [updates.adam, updates.adamw])
def test_age_by_hand(rule):
    """The first gradient comes with the second step: t = 1 by age, t = 2 by steps (m̂ = 4/3, v̂ = 8/3 for g = 2)."""
    nothing = 1e-300  # what ε is for: before its first gradient a coordinate is 0/0
    course = {
        "lr": 0.1,
        "beta1": 0.5,
        "beta2": 0.5,
        "eps": nothing,
        "weight_decay": 0.0,
        "present": [[False], [True]],
    }
    assert rule([1.0], [[9.0], [2.0]], **course, age=True) == pytest.approx(np.array([[1.0], [0.9]]))
    by_steps = 1 - 0.1 * (4 / 3) / np.sqrt(8 / 3)
    assert rule([1.0], [[9.0], [2.0]], **course) == pytest.approx(np.array([[1.0], [by_steps]]))


@pytest.mark.parametrize("rule", [updates.sgd, updates.adam, updates.adamw])
def test_a_missing_gradient_neither_coasts_nor_decays(rule):
    path = rule([1.0], [[1.0], [0.0], [1.0]], lr=0.1, weight_decay=0.5, present=[[True], [False], [True]])
    assert path[1] == path[0]
    assert path[2] != path[1]


# ---------------------------------------------------------------------------------------------------- the family
RULES = {
    "SGD": (family.SGD, updates.sgd),
    "Adam": (family.ADAM, updates.adam),
    "AdamW": (family.ADAMW, updates.adamw),
}
SWEEPS = {
    "lr": (0.05, 0.5),
    "mu": (0.5, 0.85),
    "decay": (0.1, 0.6),
    "b1": (0.5, 0.85),
    "b2": (0.6, 0.97),
    "eps": (0.01, 0.5),
}
NAMES = {"mu": "momentum", "decay": "weight_decay", "b1": "beta1", "b2": "beta2"}
DEFAULTS = {  # the contract's
    "SGD": {"lr": 0.01, "mu": 0.0, "decay": 0.0},
    "Adam": {"lr": 0.001, "b1": 0.9, "b2": 0.999, "eps": 1e-8, "decay": 0.0},
    "AdamW": {"lr": 0.001, "b1": 0.9, "b2": 0.999, "eps": 1e-8, "decay": 0.01},
}
STEPS, EXPERIMENTS, SIZES = 6, 12, (2, 1)


def random_course(rule, seed):
    """Many experiments side by side, each with two parameters: missing, zero, large and reused gradients, lr that
    changes, and hyperparameters given, zero, or left to their defaults."""
    draw = np.random.default_rng(seed)
    width = EXPERIMENTS * sum(SIZES)
    experiment = np.repeat(np.arange(EXPERIMENTS), sum(SIZES))
    ordinal = np.tile(np.repeat([0, 1], SIZES), EXPERIMENTS)
    grads = (
        draw.uniform(0.3, 2.0, (STEPS, width))
        * draw.choice([-1.0, 1.0], (STEPS, width))
        * 10 ** draw.uniform(-1, 0.5, width)
    )
    grads[2, experiment == 3] = 0.0
    reused = experiment % 4 == 1
    grads[:, reused] = grads[0, reused]
    present = np.ones((STEPS, width), dtype=bool)
    blocked = np.zeros((STEPS, width), dtype=bool)
    gaps = experiment % 3 == 2
    present[np.ix_([0, 3], gaps & (ordinal == 0))] = False
    blocked[np.ix_([0, 3], gaps & (ordinal == 1))] = True
    first, second = present[:, ordinal == 0][:, ::2], present[:, ordinal == 1]
    before = np.cumsum(first.astype(int) + second, axis=0) - first - second
    visits = np.empty((STEPS, width), dtype=int)
    visits[:, ordinal == 0] = np.repeat(before + first, 2, axis=1)
    visits[:, ordinal == 1] = before + first + second
    given = {name: experiment != number for number, name in enumerate(("lr", "mu", "decay", "betas", "eps"), start=7)}
    hyper = {}
    for key in DEFAULTS[rule]:
        values = np.tile(draw.uniform(*SWEEPS[key], EXPERIMENTS)[experiment], (STEPS, 1))
        left = ~given[{"b1": "betas", "b2": "betas"}.get(key, key)]
        values[:, left] = DEFAULTS[rule][key]
        if key in ("mu", "decay"):
            values[:, experiment == 0] = 0.0
        hyper[key] = values
    hyper["lr"][3:, experiment == 5] *= 3.0
    return family.StepInputs(
        start=draw.uniform(0.5, 3.0, width) * draw.choice([-1.0, 1.0], width), grads=np.where(present, grads, 0.0),
        present=present, stepped=np.ones_like(present), blocked=blocked, reused=reused, ordinal=ordinal,
        visits=visits, written=np.arange(STEPS)[:, None] * (experiment == 5) == 3, axes=np.where(ordinal == 0, 1, 2), siblings=np.full(width, 2), tensor=2 * experiment + ordinal, hyper=hyper, given=given,
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("rule", RULES)
def test_the_familys_right_point_is_the_reference(rule, seed):
    """So are the points of the accepted conventions."""
    right, reference = RULES[rule]
    course = random_course(rule, seed)
    hyper = {NAMES.get(key, key): values for key, values in course.hyper.items()}
    forks = [({}, {})]
    if rule != "SGD":
        forks.append(({"count": "updates"}, {"age": True}))
    if rule == "AdamW":
        forks.append(({"order": "first"}, {"decay_first": True}))
    for hypothesis, fork in forks:
        expected = reference(course.start, course.grads, present=course.present, **hyper, **fork)
        assert error(family.simulate(right, course, [hypothesis])[0], expected) <= SAME


@pytest.mark.parametrize("rule", RULES)
def test_an_experiment_that_has_ended_changes_nothing_for_the_others(rule):
    """Coordinates end at steps of their own; up to there each moves as in the course in which nothing ends."""
    right, course = RULES[rule][0], random_course(rule, 3)
    ends = np.random.default_rng(3).integers(1, STEPS + 1, course.ordinal.size)[course.tensor]
    stepped = np.arange(STEPS)[:, None] < ends
    crowd = [{}, {"lr": "frozen"}, {"sign": "ascend"}]
    whole, cut = (family.simulate(right, c, crowd) for c in (course, replace(course, stepped=stepped)))
    assert np.array_equal(cut[:, stepped], whole[:, stepped])
    assert not np.array_equal(cut, whole, equal_nan=True)


def test_all_hypotheses_at_once_give_what_each_gives_alone():
    course = random_course("AdamW", 1)
    crowd = [
        {},
        {"factor": "without lr"},
        {"c1": "none", "t": "from two"},
        {"betas": "exchanged", "take1": "one", "sees": "sign @ odd steps"},
        {"lr": "frozen", "rate": "lr squared", "keep1": "other beta"},
        {"decay": "gradient @ matrices", "what": "sign", "order": "before"},
    ]
    together = family.simulate(family.ADAMW, course, crowd)
    for row, hypothesis in zip(together, crowd, strict=True):
        assert error(row, family.simulate(family.ADAMW, course, [hypothesis])[0]) <= SAME


# Options that change nothing by themselves, and why: the belief cannot be told from the right one, and is harmless.
ZERO, DIRECT = "zero is the default already", "there is no direct decay whose order could matter"
EQUAL = {
    ("SGD", "lam", "default zero"): ZERO,
    ("Adam", "lam", "default zero"): ZERO,
    ("AdamW", "lam", "default 0.01"): "0.01 is AdamW's default",
    ("SGD", "order", "before"): DIRECT,
    ("Adam", "order", "before"): DIRECT,
    ("SGD", "order", "first"): DIRECT,
    ("Adam", "order", "first"): DIRECT,
    ("SGD", "plain", "alike"): "with μ = 0 the right formulas are plain SGD",
    ("SGD", "along", "gradient and old"): "that is the new velocity",
    ("SGD", "first_velocity", "gradient"): "from zero the first velocity is the gradient",
    ("SGD", "factor", "corrected step size"): "SGD corrects nothing",
    ("SGD", "rate", "corrected for good"): "SGD corrects nothing",
    ("AdamW", "left", "changed"): "nothing is added to the gradient",
}
# Options that speak of something which the rule does not have.
FOREIGN = {
    "SGD": {("decay", place) for place in ("m", "v", "over the root")} | {("absent", "decays")},
    "Adam": {("decay", "velocity"), ("factor", "momentum"), ("factor", "one minus momentum")},
    "AdamW": {("decay", "velocity"), ("factor", "momentum"), ("factor", "one minus momentum")},
}
NUMBER = 0.7  # for options with an unknown
WRONG = [
    (rule, switch, option)
    for rule, (right, _) in RULES.items()
    for switch, default_option in right.items()
    for option in family.SWITCHES[switch]
    if option != default_option and (switch, option) not in FOREIGN[rule]
]


def simulated(rule, course, *hypotheses):
    groups = np.arange(len(hypotheses))[:, None]
    crowd = family.Crowd(rule, hypotheses, groups, np.full(groups.shape, NUMBER))
    return family.simulate(rule, course, crowd)


@pytest.mark.parametrize(("rule", "switch", "option"), WRONG)
def test_every_option_changes_the_outcome(rule, switch, option):
    """Else it would be no misconception: nobody could be told about it."""
    course = random_course(rule, 0)
    right, wrong = simulated(RULES[rule][0], course, {}, {switch: option})
    changed = not np.allclose(wrong, right, rtol=1e-6, atol=1e-9)  # NaN and infinity are changes too
    assert changed != ((rule, switch, option) in EQUAL)


@pytest.mark.parametrize("rule", RULES)
def test_every_option_behind_a_gate_gives_in_company_what_it_gives_alone(rule):
    """A hypothesis predicts the same, whatever else is tried beside it."""
    right, course, draw = RULES[rule][0], random_course(rule, 2), np.random.default_rng(2)
    gates = ["", *(f" @ {gate}" for gate in family.GATES)]
    company = [{switch: option + gate} for _, switch, option in (w for w in WRONG if w[0] == rule) for gate in gates]
    together = simulated(right, course, *company)
    for at in range(0, len(company), len(gates)):  # one gate of each option
        at += int(draw.integers(len(gates)))
        assert np.array_equal(together[at], simulated(right, course, company[at])[0], equal_nan=True), company[at]


def test_an_unknown_option_is_refused():
    with pytest.raises(KeyError, match="no option of this family"):
        family.simulate(family.SGD, random_course("SGD", 0), [{"along": "sideways"}])
