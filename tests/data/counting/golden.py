"""The golden side: what is right in each scenario, what each wrong rule would have done, and how both are told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from autograder.model import Array, Chart, Convention, Hypotheses, Observation, Scenario

CONVENTIONS: tuple[Convention, ...] = ()

Rule = Callable[[Scenario], Any]


def _counts(scenario: Scenario) -> Any:
    counts = np.zeros((scenario.spec["classes"],) * 2, dtype=int)
    np.add.at(counts, (scenario.arrays["labels"].astype(int), scenario.arrays["predictions"].astype(int)), 1)
    return counts


def _mask(scenario: Scenario) -> Any:
    return np.arange(scenario.spec["width"])[None, :] < scenario.arrays["lengths"][:, None]


def _batches(scenario: Scenario) -> Any:
    count, size = scenario.spec["count"], scenario.spec["size"]
    return np.arange(count // size * size).reshape(-1, size)


RIGHT: Mapping[str, Rule] = {"confusion_matrix": _counts, "padding_mask": _mask, "batches": _batches}
RULES: Mapping[str, Rule] = {
    "transposed": lambda s: _counts(s).T,
    "one more": lambda s: _counts(s) + 1,
    "inverted": lambda s: ~_mask(s),
    "one longer": lambda s: np.arange(s.spec["width"])[None, :] <= s.arrays["lengths"][:, None],
    "from one": lambda s: _batches(s) + 1,
}


def golden(scenarios: Sequence[Scenario], _conventions: frozenset[str]) -> dict[str, Observation]:
    """Return the behaviour of a right submission in each scenario."""
    return {s.id: Observation(s.id, {"result": RIGHT[s.group](s)}) for s in scenarios}


def predict(
    subject: str, scenarios: Sequence[Scenario], hypotheses: Hypotheses, _conventions: frozenset[str]
) -> list[dict[str, Array]]:
    """For each scenario, what each hypothesis would have recorded."""
    rules = [RULES.get(hypothesis.get("rule", ""), RIGHT[subject]) for hypothesis in hypotheses.each()]
    return [
        {"result": np.array([rule(s) for rule in rules])} if rules else {"result": np.zeros((0, 1))} for s in scenarios
    ]


def subject(scenario: Scenario) -> str:
    """Return the class or function whose rule is at work."""
    return scenario.group


def oracle() -> Sequence[tuple[str, float]]:
    """The reference against a Counter."""
    labels, predictions = np.array([0.0, 1, 1, 2, 0]), np.array([0.0, 1, 2, 2, 1])
    scenario = Scenario("o", "", "confusion_matrix", {"classes": 3}, {"labels": labels, "predictions": predictions}, ())
    counted = Counter(zip(labels.tolist(), predictions.tolist(), strict=True))
    same = all(_counts(scenario)[i, j] == counted[i, j] for i in range(3) for j in range(3))
    return [("collections.Counter", 0.0 if same else 1.0)]


def explain(scenario: Scenario, _golden: Observation, _found: Observation) -> tuple[Sequence[str], str]:
    """The set-up as short equations."""
    told = [f"{key} = {value}" for key, value in scenario.spec.items() if key != "function"]
    return told + [
        f"{key} = {array.astype(int).tolist()}" for key, array in scenario.arrays.items() if array.size < 9
    ], ""


def charts(
    _scenarios: Sequence[Scenario], _golden: Mapping[str, Observation], _found: Mapping[str, Observation]
) -> tuple[Chart, ...]:
    """Pictures for the report: none here."""
    return ()
