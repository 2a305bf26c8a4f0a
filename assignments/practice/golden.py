"""The golden side: what is right in each scenario, what each wrong rule would have done, and how both are told."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from autograder.model import Array, Chart, Convention, Hypotheses, Observation, Scenario

CONVENTIONS: tuple[Convention, ...] = ()  # choices that right answers make differently: none here

Rule = Callable[..., Any]  # (θ, gradient, lr) -> θ, arrays or numbers
RULES: Mapping[str, Rule] = {  # the family: the right rule is one point, every wrong belief is another
    "downhill": lambda theta, g, lr: theta - lr * g,
    "uphill": lambda theta, g, lr: theta + lr * g,
    "without lr": lambda theta, g, lr: theta - g,
}


def gradient_step(theta: Any, g: Any, lr: float) -> Any:
    """Gradient descent (Cauchy 1847): θ ← θ − lr·g, for arrays or numbers."""
    return theta - lr * g


def _path(rule: Rule, scenario: Scenario) -> Array:
    """(steps + 1, size): θ at the start and after every step."""
    path = [scenario.arrays["p0"]]
    for g in scenario.arrays["g0"]:
        path.append(rule(path[-1], g, scenario.spec["lr"]))
    return np.array(path)


def golden(scenarios: Sequence[Scenario], _conventions: frozenset[str]) -> dict[str, Observation]:
    """Return the observations of a right submission in each scenario."""
    return {s.id: Observation(s.id, {"theta": _path(gradient_step, s)}) for s in scenarios}


def predict(
    _subject: str, scenarios: Sequence[Scenario], hypotheses: Hypotheses, _conventions: frozenset[str]
) -> list[dict[str, Array]]:
    """For each scenario, what each hypothesis would have recorded: arrays with a leading hypothesis axis."""
    rules = [RULES[hypothesis.get("rule", "downhill")] for hypothesis in hypotheses.each()]
    return [{"theta": np.array([_path(rule, s) for rule in rules])} for s in scenarios]


def subject(scenario: Scenario) -> str:
    """Return the name of the class or function whose rule is at work."""
    return scenario.group


def oracle() -> Sequence[tuple[str, float]]:
    """The reference against exact fractions: names, and relative distances."""
    theta, g, lr = Fraction(3, 2), Fraction(-7, 4), Fraction(1, 10)
    exact = float(theta - lr * g)
    ours = float(gradient_step(float(theta), float(g), float(lr)))
    return [("exact fractions", abs(ours - exact) / abs(exact))]


def explain(scenario: Scenario, _golden: Observation, _found: Observation) -> tuple[Sequence[str], str]:
    """The set-up as short equations, and a comment: none here."""
    first, gradient = (
        ", ".join(f"{number:g}" for number in array.ravel())
        for array in (scenario.arrays["p0"], scenario.arrays["g0"][0])
    )
    return [f"lr = {scenario.spec['lr']:g}", f"θ₀ = ({first})", f"first gradient = ({gradient})"], ""


def charts(
    _scenarios: Sequence[Scenario], _golden: Mapping[str, Observation], _found: Mapping[str, Observation]
) -> tuple[Chart, ...]:
    """Pictures for the report: none here."""
    return ()
