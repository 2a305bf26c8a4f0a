"""Draws the handout's figures: the reference in a ravine, Adam's first steps, and the memory that optimizers need."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from autograder.model import Array, Chart, Role, Series, Surface

from .course import DEFAULTS
from .golden import apply_rule

STEEP, FLAT = 20.0, 1.0  # curvatures: the ravine is 20 times steeper across than along
START = np.array([0.6, -2.0])
STEPS = 20
UP_TO = 100  # steps of Adam
BYTES = 4  # of a float32
BILLIONS = (0.0, 2.0, 4.0, 6.0, 8.0, 10.0)
KEPT = {"SGD": 0, "momentum": 1, "Adam": 2}  # numbers for each parameter, beside the parameter
ROLES: tuple[Role, ...] = ("context", "golden", "yours")
DESCENTS = f"{STEPS} steps from one start: SGD with lr = 0.09, momentum 0.8 with lr = 0.02, Adam with lr = 0.3."
FIRST_STEPS = "The length of Adam's step where the gradient stays the same, by which moments are corrected."
COSTS = "Parameters and state in float32, gradients not counted. AdamW needs as much as Adam."


def figures(_seed: int) -> tuple[Chart, ...]:
    """The charts that handout.md names."""
    return _ravine(), _correction(), _memory()


def _ravine() -> Chart:
    curvature = np.array([STEEP, FLAT])
    runs = {
        "SGD": _descent("SGD", curvature, lr=0.09, mu=0.0, decay=0.0),
        "momentum": _descent("SGD", curvature, lr=0.02, mu=0.8, decay=0.0),
        "Adam": _descent("Adam", curvature, lr=0.3, b1=0.9, b2=0.999, eps=1e-8, decay=0.0),
    }
    x, y = np.linspace(-0.9, 0.9, 60), np.linspace(-2.4, 1.4, 60)
    heights = 0.5 * (STEEP * x[None, :] ** 2 + FLAT * y[:, None] ** 2)
    series = (
        Series(label, tuple(path[:, 0].tolist()), tuple(path[:, 1].tolist()), role)
        for (label, path), role in zip(runs.items(), ROLES, strict=True)
    )
    return Chart(
        "ravine", "Three ways down a ravine", DESCENTS, "θ₁ (steep)", "θ₂ (flat)",
        tuple(series), surface=Surface(x, y, heights, minimum=(0.0, 0.0)),
    )  # fmt: skip


def _descent(name: str, curvature: Array, **hyper: float) -> Array:
    gradient: Callable[[Array], Array] = lambda theta: curvature * theta  # noqa: E731
    return np.concatenate([START[None], apply_rule(name, START, gradient, hyper, frozenset(), steps=STEPS)])


def _correction() -> Chart:
    """The length of Adam's step in units of lr, for a gradient that stays the same."""
    (b1, b2), t = DEFAULTS["Adam"]["betas"], np.arange(1, UP_TO + 1)
    hyper = {"lr": 1.0, "b1": b1, "b2": b2, "eps": 0.0, "decay": 0.0}
    path = apply_rule("Adam", np.zeros(1), np.ones((UP_TO, 1)), hyper, frozenset())[:, 0]
    corrected = -np.diff(path, prepend=0.0)
    m, v = 1 - b1**t, 1 - b2**t  # what both averages have reached of a gradient of 1
    lines: tuple[tuple[str, Array, Role], ...] = (
        ("only m", 1 / np.sqrt(v), "context"),
        ("none", m / np.sqrt(v), "yours"),
        ("both", corrected, "golden"),
    )
    series = (Series(name, tuple(map(float, t)), tuple(map(float, values)), role) for name, values, role in lines)
    return Chart(
        "correction", "Adam's first steps", FIRST_STEPS, "step t", "step / lr",
        tuple(series), log_y=True,
    )  # fmt: skip


def _memory() -> Chart:
    series = (
        Series(label, BILLIONS, tuple(BYTES * (1 + kept) * n for n in BILLIONS), role)
        for (label, kept), role in zip(KEPT.items(), ROLES, strict=True)
    )
    return Chart(
        "memory", "Parameters and optimizer state", COSTS, "parameters, in billions", "GB",
        tuple(series),
    )  # fmt: skip
