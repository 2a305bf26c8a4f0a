"""Predicts a scenario by the family of update rules: hypotheses in, trajectories out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from autograder.model import Array, Hypotheses, Scenario
from autograder.reference import family

from .course import course_of, split

RIGHT: Mapping[str, family.Hypothesis] = {"SGD": family.SGD, "Adam": family.ADAM, "AdamW": family.ADAMW}
BY_CONVENTION: Mapping[str, Mapping[str, str]] = {
    "decay-first": {"order": "first"},
    "age": {"count": "updates"},
    "one-formula": {"plain": "alike"},  # no branch for momentum = 0
}


def predict(
    name: str, scenarios: Sequence[Scenario], hypotheses: Hypotheses, conventions: frozenset[str]
) -> list[dict[str, Array]]:
    """For each scenario, what each hypothesis would have recorded: arrays with a leading hypothesis axis.

    A scenario that the family cannot play (a closed loop, or nothing that moves) gives no arrays.
    """
    theirs, course = course_of(name, tuple(scenarios))
    if not len(hypotheses):
        return [{run.name: np.empty(0) for run in runs} for runs in theirs]
    if course is None:
        return [{} for _ in scenarios]
    right = {**RIGHT[name], **{s: o for c in sorted(conventions) for s, o in BY_CONVENTION[c].items()}}
    crowd = family.Crowd(right, hypotheses.parts, hypotheses.groups, hypotheses.numbers)
    return split(family.simulate(right, course, crowd), theirs)
