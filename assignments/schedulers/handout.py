"""The task for students, as Markdown: the text of handout.md, and an example worked out from the reference."""

from __future__ import annotations

from pathlib import Path
from string import Template
from typing import Any

import numpy as np

from .golden import rates


def handout(seed: int) -> str:
    """The handout of a variant."""
    text = (Path(__file__).parent / "handout.md").read_text(encoding="utf-8")
    return Template(text).substitute(example=example(seed))


def example(seed: int) -> str:
    """One scheduler and its first rates; which one, and with which settings, is drawn from the seed."""
    draw = np.random.default_rng([seed, 0])
    base, gamma = float(draw.choice([0.1, 0.2, 0.4])), float(draw.choice([0.5, 0.6, 0.8]))
    w = int(draw.integers(2, 4))
    settings: tuple[tuple[str, dict[str, Any]], ...] = (
        ("StepLR", {"step_size": int(draw.integers(2, 4)), "gamma": gamma}),
        ("ExponentialLR", {"gamma": gamma}),
        ("WarmupCosine", {"warmup_steps": w, "total_steps": w + 4, "min_lr": base / 10}),
    )
    name, kwargs = settings[int(draw.integers(len(settings)))]
    given = ", ".join(f"{key}={value:g}" for key, value in kwargs.items())
    course = rates({"class": name, "kwargs": kwargs, "steps": w + 5}, base, frozenset())
    rows = "\n".join(f"| {t} | {rate:.4g} |" for t, rate in enumerate(course))
    return f"`{name}(optimizer, {given})` for an optimizer with lr = {base:g}:\n\n| t | lr |\n|---|---:|\n{rows}"
