"""Freezes experiments for students: drawn from a public seed, with what a right submission does, as plain data.

Nothing here is a secret, and nothing of it is ever marked with: the seed is one that no submission is given.
"""

from __future__ import annotations

import hashlib
import inspect
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from autograder import kinds, model, pipeline
from autograder.guest import harness
from autograder.judge import compare, exhibits, explain, marks, observations
from autograder.model import Array, Assignment, Check, Observation, Scenario
from autograder.regenerate.lift import lifted
from autograder.sandbox.limits import LIMITS

BEYOND = 2**64  # seeds that gradmark derives have 48 bits: none of them can be a public one

# What check.py uses of the grader; the rest of what it needs comes along.
JUDGING = (
    "Check", "Conduct", "Criterion", "Fault", "Observation", "Scenario", "Tolerance", "compare", "_isolating",
    "MAX_MESSAGES", "settle", "goldens", "with_derived", "with_kinds", "fitting", "compare_scenario", "find_exhibits",
    "_why_not_imported", "Recorder", "Sources", "TookTooLong", "deadline", "describe",
)  # fmt: skip


def public_seed(assignment_id: str, seed: int) -> int:
    """The seed of the public experiments that belong to a variant of an assignment."""
    hashed = hashlib.sha256(f"{assignment_id}:public:{seed}".encode()).digest()
    return BEYOND + int.from_bytes(hashed[:6], "big")


def experiments(assignment: Assignment, seed: int) -> bytes:
    """All that check.py needs to know, as JSON: inputs, goldens under each convention, checks, rubric."""
    scenarios = [s for s in assignment.scenarios(public_seed(assignment.id, seed)) if s.checks]
    golden = assignment.golden(scenarios, frozenset())
    told = {
        "title": assignment.title,
        "main": assignment.main,
        "module": assignment.module,
        "seconds": LIMITS.scenario_seconds,
        "import_seconds": pipeline.IMPORT_SECONDS,
        "derive": assignment.derive.__name__,
        "criteria": [asdict(criterion) for criterion in assignment.criteria],
        "tolerances": {name: asdict(tolerance) for name, tolerance in assignment.tolerances.items()},
        "conventions": [asdict(c) | {"beside": sorted(c.beside)} for c in assignment.conventions],
        "scenarios": [_scenario(assignment, s, golden[s.id]) for s in scenarios],
        "golden": {s.id: _observation(golden[s.id]) for s in scenarios},
        "otherwise": _otherwise(assignment, scenarios, golden),
    }
    return _lines(told)


def judge(assignment: Assignment) -> bytes:
    """The parts of the grader that judge an observation, as one module."""
    sources = [
        Path(str(m.__file__))
        for m in (model, kinds, compare, observations, explain, marks, exhibits, pipeline, harness)
    ]
    sources.append(Path(str(inspect.getsourcefile(inspect.unwrap(assignment.derive)))))
    body = lifted(sources, [*JUDGING, assignment.derive.__name__])
    head = (
        '"""Code of the grader that compares what your classes did with what was expected, unchanged.\n\n'
        "check.py uses it; there is nothing to change here.\n"
        '"""\n\n'
    )
    return (head + body + "\n").encode()


# ------------------------------------------------------------------------------------------------------ as data
def _scenario(assignment: Assignment, scenario: Scenario, golden: Observation) -> dict[str, Any]:
    setup, _ = assignment.explain(scenario, golden, golden)
    return {
        "id": scenario.id,
        "title": scenario.title,
        "group": scenario.group,
        "axis": scenario.axis,
        "subject": assignment.subject(scenario),
        "setup": list(setup),
        "spec": dict(scenario.spec),
        "checks": [_check(check) for check in scenario.checks],
        "arrays": {name: as_data(array) for name, array in scenario.arrays.items()},
    }


def _check(check: Check) -> dict[str, Any]:
    """Only what differs from the defaults, so that the file can be read."""
    told = {f.name: getattr(check, f.name) for f in fields(check) if getattr(check, f.name) != f.default}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in told.items()}


GOLDEN_DIGITS = 9  # a tolerance is 2e-5; the 16th digit of a matrix product depends on the processor


def _observation(seen: Observation) -> dict[str, Any]:
    arrays = {n: as_data(a if n in seen.kinds else _rounded(a)) for n, a in seen.arrays.items()}
    told = {"arrays": arrays, "facts": dict(seen.facts)}
    return {**told, "kinds": dict(seen.kinds)} if seen.kinds else told


def _rounded(array: Array) -> Array:
    return np.array([float(f"{number:.{GOLDEN_DIGITS}g}") for number in np.ravel(array)]).reshape(np.shape(array))


def _otherwise(
    assignment: Assignment, scenarios: Sequence[Scenario], golden: Mapping[str, Observation]
) -> list[dict[str, Any]]:
    """The goldens that each choice of accepted conventions changes."""
    told = []
    for subject in dict.fromkeys(c.group for c in assignment.conventions):
        theirs = [s for s in scenarios if assignment.subject(s) == subject]
        known = [c.id for c in assignment.conventions if c.group == subject]
        for following in (some for n in range(1, len(known) + 1) for some in combinations(known, n)):
            other = assignment.golden(theirs, frozenset(following))
            changed = {s.id: _observation(other[s.id]) for s in theirs if _differ(golden[s.id], other[s.id])}
            told.append({"subject": subject, "conventions": list(following), "golden": changed})
    return told


def _differ(one: Observation, other: Observation) -> bool:
    return one.facts != other.facts or any(not np.array_equal(a, other.arrays[n]) for n, a in one.arrays.items())


def as_data(array: Array) -> dict[str, Any]:
    """Shortest decimals that give the same float64 back."""
    return {"shape": list(np.shape(array)), "numbers": np.ravel(array).tolist()}


def _lines(told: Mapping[str, Any]) -> bytes:
    """JSON with a line for each entry: a person can read it, and a change shows in few lines."""
    parts = []
    for name, value in told.items():
        if isinstance(value, list):
            inner = "[\n" + ",\n".join(_json(entry) for entry in value) + "\n]"
        elif isinstance(value, dict):
            inner = "{\n" + ",\n".join(f"{_json(key)}: {_json(entry)}" for key, entry in value.items()) + "\n}"
        else:
            inner = _json(value)
        parts.append(f"{_json(name)}: {inner}")
    return ("{\n" + ",\n".join(parts) + "\n}\n").encode()


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
