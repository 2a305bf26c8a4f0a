"""The experiments, drawn from a seed: the smallest come first, with numbers that can be checked by hand."""

from __future__ import annotations

import numpy as np

from autograder.model import Array, Check, Scenario


def scenarios(seed: int) -> tuple[Scenario, ...]:
    """All experiments of one submission. The same seed always gives the same ones."""
    draw = np.random.default_rng(seed)
    return (
        _steps("one-step", "One step, one number", draw, shape=(1,), steps=1),
        _steps("several-steps", "Four steps, three numbers", draw, shape=(3,), steps=4),
    )


def _steps(name: str, title: str, draw: np.random.Generator, *, shape: tuple[int, ...], steps: int) -> Scenario:
    arrays = {"p0": _numbers(draw, shape), "g0": _numbers(draw, (steps, *shape))}
    spec = {"lr": float(draw.choice([0.1, 0.2, 0.3]))}
    return Scenario(name, title, "gradient_step", spec, arrays, (Check("trajectory", "step", arrays=("theta",)),))


def _numbers(draw: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Between 0.5 and 2 in size, either sign, to two digits: nothing vanishes and nothing dwarfs the rest."""
    return np.asarray(np.round(draw.uniform(0.5, 2.0, shape) * draw.choice([-1.0, 1.0], shape), 2))
