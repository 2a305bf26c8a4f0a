"""Completes observations: golden ones from the reference, and both kinds with the arrays that follow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from autograder.kinds import in_floats, kinds_of
from autograder.model import Assignment, Observation, Scenario

Observations = Mapping[str, Observation]


def goldens(
    assignment: Assignment, scenarios: Sequence[Scenario], conventions: frozenset[str] = frozenset()
) -> dict[str, Observation]:
    """Return the observations of a right submission, with derived arrays, by scenario id."""
    return with_derived(assignment, scenarios, assignment.golden(scenarios, conventions))


def fitting(claimed: Observation, golden: Observation) -> Observation:
    """Keep the arrays of a claim that were asked for, have the right shape, and are not longer than asked.

    Of the others that were asked for, the shape is kept.
    """
    asked = {name: array for name, array in claimed.arrays.items() if name in golden.arrays}
    fit = {
        name
        for name, array in asked.items()
        if array.shape[1:] == golden.arrays[name].shape[1:] and 0 < len(array) <= len(golden.arrays[name])
    }
    unfit = {name: array.shape for name, array in asked.items() if name not in fit}
    return replace(claimed, arrays={name: array for name, array in asked.items() if name in fit}, unfit=unfit)


def with_derived(
    assignment: Assignment, scenarios: Sequence[Scenario], observations: Observations
) -> dict[str, Observation]:
    """Those scenarios that were observed, each observation with the arrays that follow from the recorded ones."""
    full = {}
    for scenario in scenarios:
        if scenario.id in observations:
            seen = observations[scenario.id]
            with np.errstate(all="ignore"):
                derived = assignment.derive(scenario, seen.arrays)
            arrays, kinds = {**seen.arrays, **in_floats(derived)}, {**seen.kinds, **kinds_of(derived)}
            full[scenario.id] = replace(seen, arrays=arrays, kinds=kinds)
    return full
