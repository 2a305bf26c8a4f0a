"""Predicts a scenario by the family of schedules: hypotheses in, recorded rates out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from autograder.model import Array, Hypotheses, Scenario

from .family import course
from .golden import recorded

BY_CONVENTION: Mapping[str, Mapping[str, str]] = {"chained": {"base": "chained"}, "from-zero": {"ramp": "from zero"}}


def predict(
    _subject: str, scenarios: Sequence[Scenario], hypotheses: Hypotheses, conventions: frozenset[str]
) -> list[dict[str, Array]]:
    """For each scenario, what each hypothesis would have recorded: arrays with a leading hypothesis axis.

    What get_lr() says follows from no schedule, so it is left out: {} for those scenarios, and for those without rates.
    """
    accepted = {switch: o for c in sorted(conventions) for switch, o in BY_CONVENTION[c].items()}
    full = [{**accepted, **hypothesis} for hypothesis in hypotheses.each()]
    return [_one(scenario, full) for scenario in scenarios]


def _one(scenario: Scenario, hypotheses: Sequence[Mapping[str, str]]) -> dict[str, Array]:
    spec = scenario.spec
    if "class" not in spec or spec["kind"] == "told":
        return {}

    def rates(base: float) -> Array:
        rows = [course(spec["class"], hypothesis, spec, base) for hypothesis in hypotheses]
        return np.array(rows).reshape(len(rows), spec["steps"] + 1)

    return recorded(spec, rates)
