"""Freezes experiments for students: drawn from a public seed, with what a right submission does, as plain data.

Nothing here is a secret, and nothing of it is ever marked with: the seed is one that no submission is given.
"""

from __future__ import annotations

import ast
import hashlib
import inspect
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from autograder.assignment.faults import BadAssignment
from autograder.model import Array, Assignment, Check, Observation, RuleQuantity, Scenario
from autograder.pipeline import IMPORT_SECONDS
from autograder.regenerate.copies import copies
from autograder.sandbox.limits import LIMITS
from autograder.syntax import parse

DERIVE = "derive.py"
BEYOND = 2**64  # seeds that gradmark derives have 48 bits: none of them can be a public one

# What check.py imports of the grader; what these import comes along.
JUDGING = (
    "autograder.endings", "autograder.guest.harness", "autograder.judge.exhibits", "autograder.judge.explain",
    "autograder.judge.marks",
)  # fmt: skip
SEARCHING = ("autograder.at_home", "autograder.guest.loading", "autograder.guest.repair")


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
        "import_seconds": IMPORT_SECONDS,
        "criteria": [asdict(criterion) for criterion in assignment.criteria],
        "tolerances": {name: asdict(tolerance) for name, tolerance in assignment.tolerances.items()},
        "conventions": [asdict(c) | {"beside": sorted(c.beside)} for c in assignment.conventions],
        "scenarios": [_scenario(assignment, s, golden[s.id]) for s in scenarios],
        "golden": {s.id: _observation(golden[s.id]) for s in scenarios},
        "otherwise": _otherwise(assignment, scenarios, golden),
    }
    if assignment.check_where:
        told["places"] = _places(assignment, scenarios)
    return _lines(told)


def code(assignment: Assignment) -> dict[str, bytes]:
    """The parts of the grader that check.py uses, and the assignment's own derive.py, by their paths.

    Raises:
        BadAssignment: derive() is not in a file that students may have.
    """
    files = copies((*JUDGING, *(SEARCHING if assignment.check_where else ())))
    return files | _derive(assignment)


def _derive(assignment: Assignment) -> dict[str, bytes]:
    function = inspect.unwrap(assignment.derive)
    path = Path(str(inspect.getsourcefile(function))).resolve()
    if not path.is_relative_to(assignment.folder.resolve()):
        return {}  # the assignment has none
    if path.name != DERIVE:
        line = function.__code__.co_firstlineno
        raise BadAssignment(
            f"{path}, line {line}: derive() must be in {DERIVE}, a file of its own, which students get with check.py."
        )
    content = path.read_bytes()
    for node in ast.walk(parse(content.decode())):
        if isinstance(node, ast.ImportFrom) and node.level:
            raise BadAssignment(
                f"{path}, line {node.lineno}: students get this file without the rest of the assignment. It can import "
                "NumPy, the standard library and autograder.model only."
            )
    return {DERIVE: content}


# ------------------------------------------------------------------------------------------------------ as data
def _scenario(assignment: Assignment, scenario: Scenario, golden: Observation) -> dict[str, Any]:
    setup, _ = assignment.explain(scenario, golden, golden)
    return {
        "id": scenario.id,
        "title": scenario.title,
        "group": scenario.group,
        "axis": scenario.axis,
        "without": sorted(scenario.without),
        "subject": assignment.subject(scenario),
        "setup": list(setup),
        "spec": dict(scenario.spec),
        "checks": [_check(check) for check in scenario.checks],
        "arrays": {name: as_data(array) for name, array in scenario.arrays.items()},
    }


def _places(assignment: Assignment, scenarios: Sequence[Scenario]) -> dict[str, Any]:
    """The needs of a search for a line: which modules there are, and what a right rule computes."""
    watched = (
        (subject, assignment.quantities(subject)) for subject in dict.fromkeys(map(assignment.subject, scenarios))
    )
    return {
        "provided": sorted(set(assignment.sources) - {assignment.driver, assignment.module}),
        "watch": [_watch(subject, *watch) for subject, watch in watched if watch is not None],
    }


def _watch(subject: str, scenario: Scenario, quantities: Sequence[RuleQuantity]) -> dict[str, Any]:
    values = [
        {"criterion": q.criterion, "values": np.ravel(q.values).tolist(), "passing": q.passing} for q in quantities
    ]
    arrays = {name: as_data(array) for name, array in scenario.arrays.items()}
    return {"subject": subject, "id": scenario.id, "spec": dict(scenario.spec), "arrays": arrays, "quantities": values}


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
