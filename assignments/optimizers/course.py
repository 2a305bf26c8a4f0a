"""Lays the parameters of many scenarios side by side as one course, which golden and predicted runs share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from autograder.model import Array, Scenario
from autograder.reference.family import StepInputs

DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "SGD": {"lr": 0.01, "momentum": 0.0, "weight_decay": 0.0},
    "Adam": {"lr": 0.001, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0.0},
    "AdamW": {"lr": 0.001, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0.01},
}
HYPERPARAMETERS = {
    "SGD": ("lr", "mu", "decay"),
    "Adam": ("lr", "b1", "b2", "eps", "decay"),
    "AdamW": ("lr", "b1", "b2", "eps", "decay"),
}
MOVING = frozenset(
    {"course", "interleaved", "pair", "accumulation", "momentum_state", "training", "ravine", "response", "life"}
)


def subject(scenario: Scenario) -> str:
    """The class whose rule moves the parameters; the scenario's group where nothing moves."""
    return str(scenario.spec["class"]) if scenario.spec["kind"] in MOVING else scenario.group


class ParameterRun:
    """One parameter's part in a scenario."""

    def __init__(
        self, name: str, start: Array, grads: Array, spec: Mapping[str, Any], place: tuple[int, int], rows: list[int]
    ):
        self.name, self.start, self.grads, self.spec, self.rows = (
            name,
            start,
            grads.reshape(len(grads), start.size),
            spec,
            rows,
        )
        self.axes = start.ndim
        self.ordinal, self.siblings = place
        absent = {(int(t), int(i)) for t, i in spec.get("absent", [])}
        met = np.array([(t, i) not in absent for t in range(len(grads)) for i in range(self.siblings)], dtype=bool)
        met = met.reshape(len(grads), self.siblings)
        self.present = met[:, self.ordinal]
        self.blocked = np.logical_or.reduce(~met[:, : self.ordinal], axis=1)
        of_step = met.sum(axis=1)
        self.visits = np.cumsum(of_step) - of_step + met[:, : self.ordinal + 1].sum(axis=1)


@lru_cache(maxsize=256)
def runs_of(scenario: Scenario) -> list[ParameterRun]:
    """Each parameter's part in a scenario, in the order of their records: not to be written to."""
    spec, arrays = scenario.spec, scenario.arrays
    kind = spec["kind"]
    if kind == "course":
        steps = len(arrays["g0"])
        rows = [0, *range(1 + spec.get("from_step", 0), steps + 1)]
        return _parameters(arrays, "p", "g", spec, rows)
    if kind in ("pair", "response"):
        return [run for twin in TWINS[kind](spec) for run in _twins(scenario, *twin)]
    if kind == "interleaved":
        rows = list(range(spec["steps"] + 1))
        return [*_parameters(arrays, "p", "g", spec, rows), *_parameters(arrays, "q", "h", spec, rows)]
    if kind == "momentum_state":
        tail = list(range(spec["stop"], spec["steps"] + 1))
        resumed = _parameters(arrays, "p", "g", spec, tail)
        for run in resumed:
            run.name = run.name.replace("p", "r")
        return [*_parameters(arrays, "p", "g", spec, [0, *tail]), *resumed]
    if kind == "accumulation":
        return [_accumulated(spec, arrays)]
    return _lived(spec, arrays) if kind == "life" else []


def _pair(spec: Mapping[str, Any]) -> list[tuple[str, str, str, Mapping[str, Any]]]:
    """(name of the record, start, gradients, changed arguments): the run itself, and its controls."""
    return [("p", "p", "g", {}), ("c", "p", OPPOSITE, {}), ("n", "p", "g", spec["second"])]


def _response(_spec: Mapping[str, Any]) -> list[tuple[str, str, str, Mapping[str, Any]]]:
    other_gradients = [("gradient", "p", OPPOSITE), ("near", "p", NEAR)]
    runs = [("p", "p", "g"), ("again", "p", "g"), *other_gradients, ("start", "s", "g")]
    return [(*run, {}) for run in runs]


OPPOSITE, NEAR = "opposite", "near"  # the gradients turned round, in size and in time; gradients that hardly differ
TWINS = {"pair": _pair, "response": _response}


def _twins(scenario: Scenario, name: str, start: str, grads: str, changes: Mapping[str, Any]) -> list[ParameterRun]:
    """One run of an experiment that consists of several, beside each other."""
    spec = {**scenario.spec, "kwargs": {**scenario.spec["kwargs"], **changes}}
    arrays, n = scenario.arrays, count(scenario.arrays, "p")
    rows = list(range(len(arrays["g0"]) + 1))
    runs = []
    for i in range(n):
        g = arrays[f"g{i}"]
        given = {OPPOSITE: -g[::-1], NEAR: (1 + spec.get("nearly", 0.0)) * g}.get(grads, g)
        runs.append(ParameterRun(f"{name}{i}", arrays[f"{start}{i}"], given, spec, (i, n), rows))
    return runs


def _parameters(
    arrays: Mapping[str, Array], prefix: str, grads: str, spec: Mapping[str, Any], rows: list[int]
) -> list[ParameterRun]:
    n = count(arrays, prefix)
    return [
        ParameterRun(f"{prefix}{i}", arrays[f"{prefix}{i}"], arrays[f"{grads}{i}"], spec, (i, n), rows)
        for i in range(n)
    ]


def count(arrays: Mapping[str, Array], prefix: str) -> int:
    """Count the arrays prefix0, prefix1 and so on."""
    return sum(f"{prefix}{i}" in arrays for i in range(len(arrays)))


def _lived(spec: Mapping[str, Any], arrays: Mapping[str, Array]) -> list[ParameterRun]:
    """Each parameter's part in a life: the gradients that it has at each step, and the learning rates."""
    n, rates, held = count(arrays, "p"), dict[str, Any](), dict[int, Array]()
    grads: list[list[Array]] = [[] for _ in range(n)]
    absent: list[list[int]] = []
    for action, *rest in spec["actions"]:
        if action == "gradients":
            held = {i: arrays[f"g{i}"][rest[0]] for i in range(n) if i not in rest[1]}
        elif action == "overwrite":
            held = {i: arrays[f"g{i}"][rest[0]] for i in held}
        elif action == "zero_grad":
            held = {}
        elif action == "lr":
            rates[str(len(grads[0]))] = {"lr": rest[0]}
        elif action == "step":
            absent += [[len(grads[0]), i] for i in range(n) if i not in held]
            for i, taken in enumerate(grads):
                taken.append(held.get(i, np.zeros_like(arrays[f"p{i}"])))
    rows, told = list(range(len(grads[0]) + 1)), {**spec, "absent": absent, "set": rates}
    return [ParameterRun(f"p{i}", arrays[f"p{i}"], np.array(grads[i]), told, (i, n), rows) for i in range(n)]


def _accumulated(spec: Mapping[str, Any], arrays: Mapping[str, Array]) -> ParameterRun:
    held, missing = np.zeros_like(arrays["c0"]), True
    grads: list[Array] = []
    absent: list[list[int]] = []
    for action in spec["actions"]:
        if action == "backward":
            held, missing = held + arrays["c0"], False
        elif action == "zero_grad":
            held, missing = np.zeros_like(held), True
        else:
            if missing:
                absent.append([len(grads), 0])
            grads.append(held)
    return ParameterRun(
        "p0", arrays["p0"], np.array(grads), {**spec, "absent": absent}, (0, 1), list(range(len(grads) + 1))
    )


# --------------------------------------------------------------------------------------------------- one course
@lru_cache(maxsize=128)
def course_of(name: str, scenarios: tuple[Scenario, ...]) -> tuple[list[list[ParameterRun]], StepInputs | None]:
    """The parameters' parts in each scenario, and all of them as one course of this rule; None where nothing moves."""
    theirs = [runs_of(scenario) for scenario in scenarios]
    flat = [run for runs in theirs for run in runs]
    return theirs, lay_out(name, flat) if flat else None


def lay_out(name: str, runs: Sequence[ParameterRun]) -> StepInputs:
    """All runs side by side, padded to the longest, which stands first: what has ended need not be moved."""
    runs = longest_first(runs)
    steps = len(runs[0].grads)
    sizes = [run.start.size for run in runs]

    def lay(values: Sequence[Any], dtype: Any = float) -> Any:
        return np.repeat(np.array(values, dtype=dtype), sizes)

    grads, present, stepped, blocked, visits = (
        np.zeros((steps, sum(sizes)), dtype=d) for d in (float, bool, bool, bool, int)
    )
    written = np.zeros((steps, sum(sizes)), dtype=bool)
    hyper = {key: np.zeros((steps, sum(sizes))) for key in HYPERPARAMETERS[name]}
    at = 0
    for run, size in zip(runs, sizes, strict=True):
        t, here = len(run.grads), slice(at, at + size)
        present[:t, here], stepped[:t, here], blocked[:t, here] = run.present[:, None], True, run.blocked[:, None]
        visits[:t, here] = run.visits[:, None]
        grads[:t, here] = np.where(run.present[:, None], run.grads, 0.0)
        values = hyperparameters(name, run.spec)
        values["lr"] = _learning_rates(run.spec, values["lr"], steps)
        written[[int(t) for t, named in run.spec.get("set", {}).items() if "lr" in named and int(t) < steps], here] = (
            True
        )
        for key, value in values.items():
            hyper[key][:, here] = value
        at += size
    kwargs = [run.spec["kwargs"] for run in runs]
    return StepInputs(
        start=np.concatenate([run.start.ravel() for run in runs]), grads=grads, present=present, stepped=stepped,
        blocked=blocked, visits=visits, axes=lay([run.axes for run in runs], int),
        written=written,
        reused=lay([run.spec.get("reuse", False) for run in runs], bool),
        ordinal=lay([run.ordinal for run in runs], int), siblings=lay([run.siblings for run in runs], int),
        tensor=lay(range(len(runs)), int), hyper=hyper,
        given={"lr": lay(["lr" in k for k in kwargs], bool), "mu": lay(["momentum" in k for k in kwargs], bool),
               "decay": lay(["weight_decay" in k for k in kwargs], bool),
               "betas": lay(["betas" in k for k in kwargs], bool), "eps": lay(["eps" in k for k in kwargs], bool)},
    )  # fmt: skip


def hyperparameters(name: str, spec: Mapping[str, Any]) -> dict[str, Any]:
    """The hyperparameters of a run by their short names: what was passed, and defaults for the rest."""
    given = {**DEFAULTS[name], **spec.get("kwargs", {})}
    if name == "SGD":
        return {"lr": given["lr"], "mu": given["momentum"], "decay": given["weight_decay"]}
    b1, b2 = given["betas"]
    return {"lr": given["lr"], "b1": b1, "b2": b2, "eps": given["eps"], "decay": given["weight_decay"]}


def _learning_rates(spec: Mapping[str, Any], lr: float, steps: int) -> Array:
    """(T, 1): the learning rate at each step, when the scenario changes it in between."""
    if "set" not in spec:
        return np.full((steps, 1), lr)
    rates = []
    for t in range(steps):
        lr = spec.get("set", {}).get(str(t), {}).get("lr", lr)
        rates.append([lr])
    return np.array(rates)


def longest_first(runs: Iterable[ParameterRun]) -> list[ParameterRun]:
    """The order in which runs stand in a course."""
    return sorted(runs, key=lambda run: -len(run.grads))


def split(iterates: Array, theirs: Sequence[Sequence[ParameterRun]]) -> list[dict[str, Array]]:
    """Cuts iterates ((..., T, D) of the course of all runs) into what each scenario records, start included."""
    ordered = longest_first(run for runs in theirs for run in runs)
    ends = np.cumsum([run.start.size for run in ordered]).tolist()
    start = np.concatenate([run.start.ravel() for run in ordered])
    whole = np.empty((*iterates.shape[:-2], 1 + iterates.shape[-2], start.size))
    whole[..., 0, :], whole[..., 1:, :] = start, iterates
    paths = {id(run): whole[..., end - run.start.size : end] for run, end in zip(ordered, ends, strict=True)}
    return [{run.name: _recorded(run, paths[id(run)]) for run in runs} for runs in theirs]


def _recorded(run: ParameterRun, path: Array) -> Array:
    """(..., rows, *shape): the rows that an experiment records of a run's path (..., 1 + steps, size)."""
    return path[..., run.rows, :].reshape(*path.shape[:-2], len(run.rows), *run.start.shape)
