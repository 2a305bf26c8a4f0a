"""Mutation testing of the foundations' marks: mistakes made by machine in right activations and losses.

    python tests/foundation_mutants.py [--sample N] [--seed S] [--list]

As tests/mutants.py, which makes and marks them. A mutant is equivalent when it returns what its hand returns on
inputs that the grader does not use; everything else must lose marks, on a row that its class is about and on no other.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import mutants
import numpy as np
from rich.console import Console

from autograder.assignment import load
from autograder.model import Assignment
from autograder.sandbox.choose import choose

PROVIDED = Path(__file__).resolve().parent.parent / "assignments" / "foundations" / "provided"
ANY = frozenset({"interface", "stability"})  # may be lost by a mistake anywhere
ROWS = {  # a class or function, and the rows of what is computed with it
    "ReLU": {"relu"}, "Sigmoid": {"sigmoid", "gelu"}, "Tanh": {"tanh"}, "GELU": {"gelu"}, "Softmax": {"softmax"},
    "log_softmax": {"log_softmax", "cross_entropy"}, "MSELoss": {"mse"}, "CrossEntropyLoss": {"cross_entropy"},
}  # fmt: skip
SECONDS = 30
CLOSE = {"rtol": 1e-4, "atol": 1e-6, "equal_nan": True}


# ------------------------------------------------------------------------------------------ in the other process
def behaviour(module: Any) -> dict[str, Any]:
    """The answers of every class to inputs of many shapes and sizes; an exception by its name."""
    from tinytorch.core.tensor import Tensor

    draw, seen = np.random.default_rng(23), dict[str, Any]()
    shapes = ((5,), (3, 4), (2, 3, 4), (1, 2), (4, 1))
    inputs = [draw.normal(0, size, shape) for shape in shapes for size in (1.0, 7.0)]
    inputs += [np.array([-1000.0, 0.0, 1000.0]), np.array([[1000.0, 999.0], [-1000.0, -999.0]]), np.zeros((2, 3))]
    for name in ("ReLU", "Sigmoid", "Tanh", "GELU"):
        for number, x in enumerate(inputs):
            seen[f"{name} {number}"] = _called(lambda n=name: getattr(module, n)(), [Tensor(x)], {})
    for name in ("Softmax", "log_softmax"):
        for number, x in enumerate(inputs):
            for dim in ({}, {"dim": 0}, {"dim": x.ndim - 1}):
                make = module.Softmax if name == "Softmax" else (lambda: module.log_softmax)
                seen[f"{name} {number} {dim}"] = _called(make, [Tensor(x)], dim)
    for number, x in enumerate(inputs):
        other = Tensor(x + draw.normal(0, 1, x.shape))
        seen[f"MSELoss {number}"] = _called(module.MSELoss, [Tensor(x), other], {})
        if x.ndim == 2:
            classes = Tensor(draw.integers(0, x.shape[1], len(x)))
            seen[f"CrossEntropyLoss {number}"] = _called(module.CrossEntropyLoss, [Tensor(x), classes], {})
    return seen


def _called(make: Any, given: list[Any], options: dict[str, Any]) -> Any:
    try:
        before = [one.data.copy() for one in given]
        with np.errstate(all="ignore"):
            returned = make()(*given, **options)
        data = np.asarray(returned.data, dtype=float)
        kept = all(np.array_equal(b, one.data) for b, one in zip(before, given, strict=True))
        return [type(returned).__name__, list(data.shape), data.ravel().tolist(), kept, returned in given]
    except Exception as error:  # noqa: BLE001 - a mutant may do anything
        return type(error).__name__


def _play() -> None:
    sys.path.insert(0, str(PROVIDED))
    module = type(sys)("mutant")
    try:
        exec(compile(sys.stdin.read(), "<mutant>", "exec"), module.__dict__)  # noqa: S102 - made from our own files
        print(json.dumps(behaviour(module)))
    except Exception as error:  # noqa: BLE001 - as above
        print(json.dumps({"import": type(error).__name__}))


# ---------------------------------------------------------------------------------------------------- outside
def played(source: str) -> dict[str, Any]:
    command = [sys.executable, __file__, "--play"]
    done = subprocess.run(command, input=source, capture_output=True, text=True, timeout=SECONDS, check=False)
    return dict(json.loads(done.stdout)) if done.returncode == 0 else {"ended": done.returncode}


@cache
def right(path: Path) -> dict[str, Any]:
    return played(path.read_text(encoding="utf-8"))


def differs(mutant: mutants.Mutant, path: Path) -> bool:
    """Return whether a mutant does anything else than the hand that it was made from."""
    theirs, ours = played(mutant.source), right(path)
    return theirs.keys() != ours.keys() or any(not _same(theirs[name], ours[name]) for name in ours)


def _same(one: Any, other: Any) -> bool:
    if not (isinstance(one, list) and isinstance(other, list)):
        return bool(one == other)
    return one[:2] == other[:2] and one[3:] == other[3:] and bool(np.allclose(one[2], other[2], **CLOSE))


def sample(assignment: Assignment, size: int, seed: int) -> list[mutants.Mutant]:
    """Return `size` mutants of all hands that are not equivalent, drawn with a seed; 0 = every one."""
    made = list(_made(assignment))
    random.Random(seed).shuffle(made)  # noqa: S311 - no secret
    chosen: list[mutants.Mutant] = []
    for mutant, path in made:
        if size and len(chosen) == size:
            break
        if differs(mutant, path):
            chosen.append(mutant)
    return chosen


def _made(assignment: Assignment) -> Iterator[tuple[mutants.Mutant, Path]]:
    for path in (assignment.model_solution, *assignment.hands):
        for mutant in mutants.mutants(path.read_text(encoding="utf-8")):
            rows = ROWS.get(mutant.where.partition(".")[0])
            if rows is not None:
                yield replace(mutants.located(mutant, path), rows=ANY | rows), path


def main(arguments: list[str]) -> int:
    """Mark a sample and print the figures; return 1 when a mistake that is not equivalent was not caught."""
    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    reader.add_argument("--sample", type=int, default=120, help="mutants to mark; 0 = all of them")
    reader.add_argument("--seed", type=int, default=1)
    reader.add_argument("--list", action="store_true", help="print every mutant that is not judged as it should be")
    asked = reader.parse_args(arguments)
    assignment, console, started = load("foundations"), Console(), time.perf_counter()
    made = sample(assignment, asked.sample, asked.seed)
    with choose("landlock", trusted=True, say=lambda _: None) as sandbox, ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(lambda m: mutants.mark(m, assignment, sandbox), made))
    console.print(mutants.figures(outcomes))
    console.print(
        f"{len(outcomes)} mutants of {assignment.id} in {time.perf_counter() - started:.0f} s ({sandbox.name})"
    )
    for o in outcomes if asked.list else [o for o in outcomes if not o.caught]:
        if said := mutants.complaint(o):
            console.print(said, markup=False, highlight=False, soft_wrap=True)
    return 0 if all(o.caught for o in outcomes) else 1


if __name__ == "__main__":
    _play() if sys.argv[1:] == ["--play"] else sys.exit(main(sys.argv[1:]))
