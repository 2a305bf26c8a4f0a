"""The arrays that follow from recorded ones, found or golden alike.

check.py has this file as it is: nothing in it is a secret.
"""

from __future__ import annotations

from collections.abc import Mapping

from autograder.model import Array, Scenario


def derive(scenario: Scenario, arrays: Mapping[str, Array]) -> dict[str, Array]:
    """1 wherever get_lr() told the rate in force: it is judged beside the submission's own rates, right or wrong."""
    lr, told = arrays.get("lr"), arrays.get("told")
    if scenario.spec["kind"] != "told" or lr is None or told is None or lr.shape != told.shape:
        return {}
    return {"told is in force": 1 + told - lr}
