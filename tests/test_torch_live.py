"""The reference agrees with the torch that is installed, on inputs nobody has seen before."""

from __future__ import annotations

import runpy
import secrets
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip(
    "torch", reason="torch is not installed; the recorded runs stand in for it (test_reference.py)"
)
pytestmark = pytest.mark.torch

RECORD = runpy.run_path(str(Path(__file__).parent.parent / "reference" / "recorded" / "record.py"))
FORKS_OF_TORCH = {"SGD": {}, "Adam": {"age": True}, "AdamW": {"age": True, "decay_first": True}}
SAME = 1e-12  # as in test_reference.py


def fresh_case(rule, seed):
    draw = np.random.default_rng(seed)
    hyper = {"lr": draw.uniform(0.001, 0.5), "weight_decay": draw.choice([0.0, draw.uniform(0, 0.5)])}
    if rule == "SGD":
        hyper["momentum"] = draw.choice([0.0, draw.uniform(0, 0.99)])
    else:
        hyper |= {"betas": (draw.uniform(0, 0.99), draw.uniform(0, 0.9999)), "eps": 10 ** draw.uniform(-9, 0)}
    hyper = {name: value if name == "betas" else float(value) for name, value in hyper.items()}
    case = RECORD["drawn"](hyper, seed)
    case["absent"] = [[t, i] for t in range(len(case["grads"])) for i in range(2) if draw.random() < 0.1]
    # The first step's rate stands there too, because a course with changes reads all of its rates from here.
    case["lr_changes"] = {str(t): float(draw.uniform(0.001, 0.5)) for t in (0, *draw.integers(1, 50, 3))}
    return case


def shaken(case, seed):
    """The same course with each of its numbers a rounding error away."""
    draw = np.random.default_rng(seed)

    def near(numbers):
        return np.asarray(numbers) * (1 + draw.choice([-1, 1], np.shape(numbers)) * 2.0**-52)

    hyper = dict(case["hyper"])
    if "betas" in hyper:
        hyper["betas"] = tuple(near(hyper["betas"]).tolist())
    return case | {"hyper": hyper, "w0": near(case["w0"]).tolist(), "grads": near(case["grads"]).tolist()}


def found_and_rounding(rule, case):
    """The iterates of the reference, and how far rounding alone moves them."""
    found, *others = (
        RECORD["reference_iterates"](rule, one, **FORKS_OF_TORCH[rule])
        for one in (case, *(shaken(case, seed) for seed in range(3)))
    )
    return found, max(np.abs(other - found).max() for other in others)


@pytest.mark.parametrize("rule", FORKS_OF_TORCH)
def test_the_reference_agrees_with_live_torch(rule):
    """Where a decayed gradient nearly cancels, a step divides by rounding errors: such a course shows nothing."""
    compared = 0
    for seed in (secrets.randbits(32) for _ in range(20)):
        case = fresh_case(rule, seed)
        expected = RECORD["torch_iterates"](rule, case)
        found, rounding = found_and_rounding(rule, case)
        if rounding > SAME / 10 * np.abs(expected).max():
            continue
        compared += 1
        assert np.abs(found - expected).max() <= SAME * np.abs(expected).max(), (
            f"seed {seed}, torch {torch.__version__}"
        )
    assert compared >= 10  # one in a hundred is left out


def test_the_recorded_runs_are_still_what_torch_does():
    for rule, cases in RECORD["CASES"].items():
        for number, (name, setup) in enumerate(cases.items()):
            case = RECORD["drawn"](setup, number)
            expected = RECORD["torch_iterates"](rule, case)
            found = RECORD["reference_iterates"](rule, case, **FORKS_OF_TORCH[rule])
            assert np.abs(found - expected).max() <= SAME * np.abs(expected).max(), f"{rule} {name}"
