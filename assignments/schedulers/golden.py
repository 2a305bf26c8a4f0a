"""The golden side: what the reference does in each scenario, under each accepted convention."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from autograder.model import Array, Convention, Fact, Observation, Scenario
from autograder.reference import schedulers

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

# Subjects of their own, because right answers are written in ways that part there once another mistake is in them:
# a wrong factor multiplied in place or from the base rate, a wrong wave cut off at T or held where it is at T.
BY_HAND = " changed by hand"
AFTER_THE_END = "WarmupCosine after the end"
CONVENTIONS = (
    *(
        Convention(
            "chained", name + BY_HAND,
            f"Your {name} multiplies the rate that it finds, as torch does; the handout works it out from the base "
            "rate. They differ only after somebody changed the optimizer's rate by hand, and both get full marks.",
        )
        for name in ("StepLR", "ExponentialLR")
    ),
    Convention(
        "from-zero", "WarmupCosine",
        "Your warm-up starts at 0 with t / w, the usual recipe for transformers; the handout starts at base / w, so "
        "that the first step already moves something. Both get full marks.",
    ),
)  # fmt: skip


def subject(scenario: Scenario) -> str:
    """Return the name of what is at work: the scenario's group, and the scheduler itself where it is asked about its rates."""
    return str(scenario.spec["class"]) if scenario.spec["kind"] == "told" else scenario.group


def golden(scenarios: Sequence[Scenario], conventions: frozenset[str]) -> dict[str, Observation]:
    """Return the observations of a right submission in each scenario, by the conventions named."""
    return {s.id: Observation(s.id, _arrays(s, conventions), _facts(s)) for s in scenarios}


def _arrays(scenario: Scenario, conventions: frozenset[str]) -> dict[str, Array]:
    spec = scenario.spec
    if "class" not in spec:
        return {}
    return recorded(spec, lambda base: rates(spec, base, conventions))


def rates(spec: Mapping[str, Any], base: float, conventions: frozenset[str]) -> Array:
    """(steps + 1,): the optimizer's rate when the scheduler is made and after each step()."""
    by_hand = {int(call): rate for call, rate in spec.get("set", {}).items()}
    kwargs = dict(spec["kwargs"])
    if spec["class"] == "WarmupCosine":
        kwargs["from_zero"] = "from-zero" in conventions

    def schedule(start: float, t: ArrayLike) -> Array:
        return RULES[spec["class"]](start, t, **kwargs)

    return schedulers.followed(schedule, base, spec["steps"], by_hand, chained="chained" in conventions)


RULES: Mapping[str, Callable[..., Array]] = {
    "StepLR": schedulers.step_decay,
    "ExponentialLR": schedulers.exponential,
    "WarmupCosine": schedulers.warmup_cosine,
}


def recorded(spec: Mapping[str, Any], of_base: Callable[[float], Array]) -> dict[str, Array]:
    """The driver's record of rates: (..., steps + 1) of a base rate becomes the arrays of that kind of scenario."""
    rate = of_base(spec["base"])
    if spec["kind"] == "course":
        return {"lr": rate}
    if spec["kind"] == "told":
        return {"lr": rate[..., 1:], "told": rate[..., 1:]}
    if spec["kind"] == "pair":
        return {"lr": rate[..., 1:], "other": of_base(spec["other"])[..., 1:]}
    theta = np.cumprod(np.concatenate([np.ones_like(rate[..., :1]), 1 - rate[..., :-1]], axis=-1), axis=-1)
    return {"theta": theta[..., None]}


def _facts(scenario: Scenario) -> dict[str, Fact]:
    """The facts that a right submission leaves."""
    spec = scenario.spec
    if spec["kind"] == "signatures":
        return {f"{name} takes its arguments": True for name in spec["classes"]}
    if spec["kind"] == "told":
        return {"last_epoch at first": 0, "last_epoch at last": spec["steps"], "get_lr tells the base rate": False}
    return {}
