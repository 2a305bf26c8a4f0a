"""Recognises, before any rule is looked for, what a submission's code does whatever its rule is.

Each question is put to runs of the same code, and answered by comparing them with each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np

from autograder.judge.compare import IDLE, LEAST_MOVE
from autograder.judge.observations import Observations
from autograder.model import Array, Check, Finding, Observation, Scenario

# As it is, once more, with opposite gradients, from another start, and with gradients that hardly differ.
OTHER_GRADIENTS = "gradient0"
RUNS = ("p0", "again0", OTHER_GRADIENTS, "start0", "near0")

Answer = Literal["responds", "ignores gradients", "ignores where it is", "unknown"]


def find_responses(
    scenarios: Sequence[Scenario], subjects: Mapping[str, str], golden: Observations, observations: Observations
) -> dict[str, Answer]:
    """For each subject that is asked, what its moves depend on.

    Parameters of a rule move in the same way when asked twice, otherwise with another gradient or from another
    start, and hardly otherwise with a gradient that hardly differs.
    """
    asked = (s for s in scenarios if s.role == "response")
    return {subjects[s.id]: _responds(golden[s.id], observations.get(s.id)) for s in asked}


def find_inert(
    responses: Mapping[str, Answer],
    subjects: Mapping[str, str],
    findings: Iterable[Finding],
    named: Iterable[str],
) -> frozenset[str]:
    """The subjects whose code does nothing that was asked: no rule is at work in them.

    A subject that responds is inert where neither a trajectory of it is right nor two runs of it agree as they should:
    then there are only facts, which the guest claims. Where it is unknown, a whole trajectory must be right. None is
    that is one of `named`: a rule reproduces it that follows its gradients.
    """
    passed = [f for f in findings if f.status == "passed" and not f.check.at_most]
    right = {subjects[f.scenario] for f in passed if f.check.arrays}
    related = {subjects[f.scenario] for f in passed if f.check.relation}
    reproduced = set(named)
    excused = {"responds": right | related | reproduced, "ignores gradients": reproduced}
    excused["ignores where it is"] = reproduced
    excused["unknown"] = right | reproduced
    return frozenset(subject for subject, answer in responses.items() if subject not in excused[answer])


def find_still(
    scenarios: Iterable[Scenario], subjects: Mapping[str, str], golden: Observations, observations: Observations
) -> tuple[str, ...]:
    """The subjects of which nothing that is checked changes in any experiment in which it should."""
    changes: dict[str, list[bool]] = {}
    for scenario in scenarios:
        right, seen = golden[scenario.id].arrays, observations.get(scenario.id)
        names = {name for check in scenario.checks for name in check.arrays}
        if seen is None or seen.fault is not None:
            changes.setdefault(subjects[scenario.id], []).append(True)  # nobody knows
            continue
        moving = [seen.arrays.get(name) for name in sorted(names & set(right)) if _changes(right[name])]
        changes.setdefault(subjects[scenario.id], []).extend(array is None or _changes(array) for array in moving)
    return tuple(subject for subject, seen_to in changes.items() if seen_to and not any(seen_to))


def _changes(array: Array) -> bool:
    return len(array) > 1 and not all(np.array_equal(array[0], row, equal_nan=True) for row in array[1:])


def find_deaf(responses: Mapping[str, Scenario], observations: Observations) -> frozenset[str]:
    """The subjects whose steps are the same with other gradients, number for number: no rule is theirs."""
    deaf = set()
    for subject, scenario in responses.items():
        arrays = observations[scenario.id].arrays if scenario.id in observations else {}
        if RUNS[0] in arrays and OTHER_GRADIENTS in arrays:
            one, other = arrays[RUNS[0]], arrays[OTHER_GRADIENTS]
            rows = min(len(one), len(other))
            if rows > 1 and np.array_equal(one[:rows], other[:rows]):
                deaf.add(subject)
    return frozenset(deaf)


def _responds(golden: Observation, seen: Observation | None) -> Answer:
    if seen is None or any(name not in seen.arrays for name in RUNS):
        return "unknown"
    rows = min(len(seen.arrays[name]) for name in RUNS)
    if rows < 2:
        return "unknown"
    found = {name: seen.arrays[name][1:rows] for name in RUNS}
    finite = np.logical_and.reduce([np.isfinite(a).reshape(len(a), -1).all(axis=1) for a in found.values()])
    if not finite.any() or not np.array_equal(found["p0"], found["again0"], equal_nan=True):
        return "unknown"  # chance, or a memory that instances share
    found = {name: array[finite] for name, array in found.items()}
    right = {name: golden.arrays[name][1:rows][finite] for name in RUNS}
    told = {name: _distance(found, name) >= LEAST_MOVE * _distance(right, name) for name in RUNS}
    if not told["gradient0"] or _distance(found, "near0") > LEAST_MOVE * _distance(found, "gradient0"):
        return "ignores gradients"
    return "responds" if told["start0"] else "ignores where it is"


def _distance(runs: Mapping[str, Array], name: str) -> float:
    return float(np.abs(runs["p0"] - runs[name]).max())


def without_credit(
    findings: Iterable[Finding], subjects: Mapping[str, str], inert: frozenset[str]
) -> tuple[Finding, ...]:
    """The findings, those failed that need a rule at work in an inert subject, and those it passed by chance."""
    return tuple(
        replace(f, status="failed", message=IDLE)
        if f.status == "passed" and (f.check.needs in inert or (subjects[f.scenario] in inert and _by_chance(f.check)))
        else f
        for f in findings
    )


def _by_chance(check: Check) -> bool:
    return bool(check.arrays) and not check.isolates
