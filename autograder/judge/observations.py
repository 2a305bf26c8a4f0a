"""Completes observations: golden ones from the reference, and both kinds with the arrays that follow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from autograder.model import Assignment, Observation, Scenario

Observations = Mapping[str, Observation]


def goldens(
    assignment: Assignment, scenarios: Sequence[Scenario], conventions: frozenset[str] = frozenset()
) -> dict[str, Observation]:
    """Return the observations of a right submission, with derived arrays, by scenario id."""
    return with_derived(assignment, scenarios, assignment.golden(scenarios, conventions))


def fitting(claimed: Observation, golden: Observation) -> Observation:
    """Keep the arrays of a claim that were asked for, have the right shape, and are not longer than asked."""
    asked = golden.arrays
    arrays = {
        name: array
        for name, array in claimed.arrays.items()
        if name in asked and array.shape[1:] == asked[name].shape[1:] and 0 < len(array) <= len(asked[name])
    }
    return replace(claimed, arrays=arrays)


def with_derived(
    assignment: Assignment, scenarios: Sequence[Scenario], observations: Observations
) -> dict[str, Observation]:
    """Those scenarios that were observed, each observation with the arrays that follow from the recorded ones."""
    full = {}
    for scenario in scenarios:
        if scenario.id in observations:
            seen = observations[scenario.id]
            with np.errstate(all="ignore"):
                full[scenario.id] = replace(seen, arrays={**seen.arrays, **assignment.derive(scenario, seen.arrays)})
    return full
