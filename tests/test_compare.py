"""Observed and right numbers are compared, however large they are."""

from __future__ import annotations

import numpy as np
import pytest

from autograder.assignment import load
from autograder.judge.compare import compare
from autograder.judge.observations import goldens, with_derived
from autograder.model import Observation


@pytest.mark.parametrize("name", ["optimizers", "schedulers", "foundations"])
@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf, 1.7e308, -1.7e308])
def test_no_number_is_too_large_to_be_compared(name, number):
    """Nothing is written to the log either: a warning is an error here."""
    assignment = load(name)
    scenarios = assignment.scenarios(7)
    golden = goldens(assignment, scenarios)
    wild = {
        key: Observation(key, {n: np.full_like(rows, number) for n, rows in o.arrays.items()}, o.facts)
        for key, o in golden.items()
    }
    seen = with_derived(assignment, scenarios, wild)
    found = [f for s in scenarios for f in compare(s, golden[s.id], seen[s.id], assignment.tolerances)]
    assert {f.status for f in found if f.check.arrays} == {"failed"}
