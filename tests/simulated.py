"""What a submission with given misconceptions would record, without running one: for tests over thousands of them."""

from collections.abc import Collection, Mapping
from dataclasses import replace

import numpy as np

from autograder.assignments.optimizers import MISCONCEPTIONS
from autograder.assignments.optimizers.golden import SAME
from autograder.judge.observations import with_derived
from autograder.model import Array, Assignment, Hypotheses, Observation, Scenario


class Simulation:
    """Submissions in these experiments; what is right is played once for all of them."""

    def __init__(self, assignment: Assignment, scenarios: tuple[Scenario, ...]) -> None:
        self._assignment, self._scenarios = assignment, scenarios
        self._golden = assignment.golden(scenarios, frozenset())
        self._right = {scenario.id: self._observation(scenario, {}) for scenario in scenarios}

    def observe(self, changes: Mapping[str, str], subjects: Collection[str]) -> dict[str, Observation]:
        """Observations of a float32 submission whose rules for `subjects` have these options; right otherwise."""
        seen = {
            s.id: self._observation(s, changes) if self._assignment.subject(s) in subjects else self._right[s.id]
            for s in self._scenarios
        }
        return with_derived(self._assignment, self._scenarios, seen)

    def _observation(self, scenario: Scenario, changes: Mapping[str, str]) -> Observation:
        golden = self._golden[scenario.id]
        played = _played(self._assignment, scenario, self._assignment.subject(scenario), changes)
        return replace(golden, arrays={**golden.arrays, **played})


def _played(assignment: Assignment, scenario: Scenario, subject: str, changes: Mapping[str, str]) -> dict[str, Array]:
    arrays = dict(_rounded(assignment.predict(subject, [scenario], _one(changes), frozenset())[0]))
    if scenario.spec["kind"] == "pair":
        for other in scenario.spec["others"]:
            arrays |= _other_run(assignment, scenario, subject, changes, other)
    for same, name in SAME.get(scenario.spec["kind"], {}).items():
        arrays |= {key.replace(name, same): rows for key, rows in arrays.items() if key.startswith(name)}
    if scenario.spec["kind"] == "momentum_state":  # what depends on the count goes on when the count is restored
        arrays |= {key.replace("p", "s"): rows[1:] for key, rows in arrays.items() if key.startswith("p")}
        arrays |= {key.replace("s", "r"): rows for key, rows in arrays.items() if key.startswith("s")}
    return arrays


def _one(changes: Mapping[str, str]) -> Hypotheses:
    """With the likeliest number, where these are the changes of a misconception that needs one."""
    known = [m.unknown.usual for m in MISCONCEPTIONS if m.unknown and set(m.changes.items()) <= set(changes.items())]
    return Hypotheses.of([changes], known or [np.nan])


def _rounded(predicted: Mapping[str, Array]) -> Mapping[str, Array]:
    with np.errstate(all="ignore"):
        return {name: rows[0].astype(np.float32).astype(np.float64) for name, rows in predicted.items()}


def _other_run(
    assignment: Assignment, scenario: Scenario, subject: str, changes: Mapping[str, str], name: str
) -> dict[str, Array]:
    """One of the other runs of a pair, with gradients of its own."""
    spec = scenario.spec
    arrays = {name: array for name, array in scenario.arrays.items() if name[0] == "p"}
    given = {f"g{i}": scenario.arrays[f"{name}{i}"] for i in range(len(arrays))}
    second = {**spec, "kwargs": {**spec["kwargs"], **spec["second"]}}
    twin = replace(scenario, spec=second, arrays={**arrays, **given})
    run = _rounded(assignment.predict(subject, [twin], _one(changes), frozenset())[0])
    return {key.replace("p", name): rows for key, rows in run.items() if key[0] == "p"}
