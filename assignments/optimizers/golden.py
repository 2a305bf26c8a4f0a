"""The golden side: what the reference does in each scenario, under each accepted convention.

Runs where no submission reaches.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from autograder.model import Array, Convention, Fact, Observation, Scenario
from autograder.reference import updates

from .course import count, course_of, hyperparameters, runs_of, split, subject
from .derive import Network

CONVENTIONS = (
    Convention(
        "decay-first",
        "AdamW",
        "Your AdamW decays before the Adam step, as torch does; the course notes decay after it. "
        "Both are decoupled; they differ by lr²·λ, and both get full marks.",
    ),
    Convention(
        "age",
        "Adam",
        "Your Adam counts t for each parameter, as torch does; the course notes count calls of step(). "
        "They differ only after a skipped gradient, and both get full marks.",
    ),
    Convention(
        "age",
        "AdamW",
        "Your AdamW counts t for each parameter, as torch does; the course notes count calls of step(). "
        "They differ only after a skipped gradient, and both get full marks.",
    ),
    Convention("decay-first", "SGD", "", beside=frozenset({"decay"})),
    Convention("decay-first", "Adam", "", beside=frozenset({"decay"})),
    Convention("one-formula", "SGD", "", beside=frozenset({"keep", "take", "along"})),
)


def golden(scenarios: Sequence[Scenario], conventions: frozenset[str]) -> dict[str, Observation]:
    """Return the observations of a right submission in each scenario, by the conventions named; one run of each rule for them all."""
    return dict(_golden(tuple(scenarios), conventions))


@lru_cache(maxsize=32)
def _golden(scenarios: tuple[Scenario, ...], conventions: frozenset[str]) -> Mapping[str, Observation]:
    arrays = {s.id: dict[str, Array]() for s in scenarios}
    for name, playable in _alike(scenarios):
        theirs, course = course_of(name, playable)
        assert course is not None
        iterates = apply_rule(name, course.start, course.grads, course.hyper, conventions, present=course.present)
        for scenario, recorded in zip(playable, split(iterates, theirs), strict=True):
            arrays[scenario.id] = recorded
    for scenario in scenarios:
        if scenario.spec["kind"] in LOOPS:
            arrays[scenario.id] = LOOPS[scenario.spec["kind"]](scenario, conventions)
        if scenario.spec["kind"] == "pair":
            arrays[scenario.id] |= _other_runs(scenario, conventions)
        for same, name in SAME.get(scenario.spec["kind"], {}).items():
            paths = {key: path for key, path in arrays[scenario.id].items() if key.startswith(name)}
            arrays[scenario.id] |= {key.replace(name, same): path for key, path in paths.items()}
    return {s.id: Observation(s.id, arrays[s.id], _facts(s)) for s in scenarios}


SHORT = 10  # steps: courses are padded to the longest, so that the few long ones are run by themselves


def _alike(scenarios: Sequence[Scenario]) -> Iterator[tuple[str, tuple[Scenario, ...]]]:
    """Rules, and scenarios that they play in one course."""
    for name in RULES:
        playable = [(s, runs) for s in scenarios if subject(s) == name and (runs := runs_of(s))]
        for long in (False, True):
            alike = tuple(s for s, runs in playable if (max(len(run.grads) for run in runs) > SHORT) is long)
            if alike:
                yield name, alike


SAME = {  # runs of right code that come to the same
    "interleaved": {"a": "p", "b": "q"},
    "momentum_state": {"u": "p", "s": "r"},
}


def _other_runs(scenario: Scenario, conventions: frozenset[str]) -> dict[str, Array]:
    """Return the other runs of a pair, without the thing under test and with gradients of their own, side by side."""
    spec, arrays, name = scenario.spec, scenario.arrays, str(scenario.spec["class"])
    runs = [(other, i) for other in spec["others"] for i in range(count(arrays, "p"))]
    if not runs:
        return {}
    starts = [arrays[f"p{i}"] for _, i in runs]
    grads = [arrays[f"{other}{i}"] for other, i in runs]
    hyper = hyperparameters(name, {**spec, "kwargs": {**spec["kwargs"], **spec["second"]}})
    start = np.concatenate([one.ravel() for one in starts])
    steps = np.concatenate([one.reshape(len(one), -1) for one in grads], axis=1)
    path = np.concatenate([start[None], apply_rule(name, start, steps, hyper, conventions)])
    parts = np.split(path, np.cumsum([one.size for one in starts])[:-1], axis=1)
    return {
        f"{other}{i}": part.reshape(len(path), *one.shape)
        for (other, i), part, one in zip(runs, parts, starts, strict=True)
    }


# ------------------------------------------------------------------------------------------------- trajectories
def apply_rule(
    name: str,
    start: Array,
    grads: updates.Gradients,
    hyper: Mapping[str, Any],
    conventions: frozenset[str],
    **rest: Any,
) -> Array:
    """The iterates of the reference rule `name`, (T, d); hyperparameters by their short names, as in a course."""
    if name == "SGD":
        return updates.sgd(start, grads, lr=hyper["lr"], momentum=hyper["mu"], weight_decay=hyper["decay"], **rest)
    adam = {
        "lr": hyper["lr"],
        "beta1": hyper["b1"],
        "beta2": hyper["b2"],
        "eps": hyper["eps"],
        "weight_decay": hyper["decay"],
    }
    if name == "Adam":
        return updates.adam(start, grads, **adam, age="age" in conventions, **rest)
    return updates.adamw(
        start, grads, **adam, age="age" in conventions, decay_first="decay-first" in conventions, **rest
    )


RULES = ("SGD", "Adam", "AdamW")


def _loop(scenario: Scenario, start: Array, gradient: Callable[[Array], Array], conventions: frozenset[str]) -> Array:
    """A run whose gradient follows the parameters: (T + 1, d)."""
    name = str(scenario.spec["class"])
    hyper = hyperparameters(name, scenario.spec)
    path = apply_rule(name, start, gradient, hyper, conventions, steps=scenario.spec["steps"])
    return np.concatenate([start[None], path])


def _training(scenario: Scenario, conventions: frozenset[str]) -> dict[str, Array]:
    network = Network(scenario.arrays)
    path = _loop(scenario, network.start, network.gradient, conventions)
    ends = {
        f"p{i}": np.array(both) for i, both in enumerate(zip(*(network.parts(w) for w in path[[0, -1]]), strict=True))
    }
    return {"loss": network.losses(path), **ends}


def _ravine(scenario: Scenario, conventions: frozenset[str]) -> dict[str, Array]:
    curvature = scenario.arrays["c"]
    return {"p0": _loop(scenario, scenario.arrays["p0"], lambda w: curvature * w, conventions)}


LOOPS: Mapping[str, Callable[[Scenario, frozenset[str]], dict[str, Array]]] = {"training": _training, "ravine": _ravine}


# -------------------------------------------------------------------------------------------------------- facts
def _facts(scenario: Scenario) -> dict[str, Fact]:
    """The facts that a right submission leaves."""
    spec = scenario.spec
    classes = spec.get("classes", ())
    facts: dict[str, Fact] = {}
    match spec["kind"]:
        case "course":
            facts = {"moved": True, "gradients left alone": True, "dtype": str(spec.get("dtype", "float32"))}
            facts["step_count"] = len(scenario.arrays["g0"])
        case "momentum_state":
            facts = {"has_momentum": True, "has_momentum without": False, "state without momentum": "None"}
            facts |= {"one entry for each parameter": True, "early state": True}
        case "base":
            facts = {"params is a list": True, "keeps every parameter": True, "step_count": 0, "step is abstract": True}
        case "signatures":
            told = ("takes its arguments", "is an Optimizer", "has the names of this edition")
            facts = {f"{c} {what}": True for c in classes for what in told}
        case "validation":
            facts = {case["call"]: "ValueError" for case in spec["cases"]}
        case "zero_grad":
            facts = {f"{c} {what}": 1.0 for c in classes for what in ("cleared", "set to None")}
            facts |= {f"{c} nothing else": True for c in classes}
        case "state_size":
            facts = _sizes(spec)
    return facts


def _sizes(spec: Mapping[str, Any]) -> dict[str, Fact]:
    facts: dict[str, Fact] = {}
    for label, setup in spec["optimizers"].items():
        size = 2 if setup["class"] != "SGD" else int(setup["kwargs"]["momentum"] != 0)
        facts |= {f"{label} before": 0, f"{label} after": size, f"{label} moved": True}
    return facts
