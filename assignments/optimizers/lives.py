"""Random lives: lists of documented actions that nobody designed, with numbers drawn from the seed.

A life is a scenario of kind "life". Its `spec` has the class, `kwargs`, `dtype` and `actions`; its arrays are the
parameters p0, p1, … and the gradients g0, g1, … with a row for each number t that an action names. The actions:

    ["gradients", t, missing]   every parameter gets row t of its gradients as a new array; those listed get None
    ["overwrite", t]            the caller writes row t into the gradient arrays that it handed over last
    ["zero_grad"], ["step"]     the method; a step records every parameter
    ["lr", value]               `optimizer.lr = value`
    ["state"]                   set_momentum_state(get_momentum_state()), what was handed over being changed afterwards
    ["other", t]                another optimizer of the class takes a step with row t, on parameters of its own

The kinds of actions and their number are the same for everybody, so that another seed asks the same questions. Right
code goes its way whatever "zero_grad" before new gradients, "overwrite", "state" and "other" do.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from autograder.model import Array, Check, Scenario

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

Draw = np.random.Generator
Action = list[Any]
LONG = 60
SIZES = (1.0, 1e4, 1e-4, 0.0, 0.0, 1.0, 1e-2, 1.0)  # of gradients, step by step; their squares are still float32
STILL = (1.0, 1.0, 1.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0, 1.0)  # a gradient of zeros: what decays goes on
RULE = {  # which rubric rows a class's lives are evidence for: (sizes, decay, long)
    "SGD": ("sgd", "weight_decay", "momentum"),
    "Adam": ("adam_moments", "weight_decay", "bias_correction"),
    "AdamW": ("adam_moments", "adamw", "bias_correction"),
}
# So that a mistake which shows in one life alone costs a point at least.
WEIGHTS = {"zero_grad": 1.5, "interface": 6.5, "state": 1.5, "sgd": 1.5, "momentum": 1.5, "weight_decay": 1.5,
           "bias_correction": 1.5, "adam_moments": 1.5, "adamw": 1.5}  # fmt: skip
TINY: dict[str, Any] = {"shapes": ((2,), (1, 2))}
ONE: dict[str, Any] = {"shapes": ((3,),)}


def lives(group: str, draw: Draw) -> Iterator[Scenario]:
    """All lives of one class, the shortest first."""
    chance = random.Random(group)  # noqa: S311 - the same actions for everybody; no secret
    adaptive = group != "SGD"
    rule: dict[str, Any] = {"lr": 0.05, **({"betas": [0.8, 0.95]} if adaptive else {"momentum": 0.6})}
    plain = {**rule, "weight_decay": 0.0}

    def life(
        name: str, title: str, criterion: str, actions: list[Action], kwargs: dict[str, Any], **rest: Any
    ) -> Scenario:
        return _life(f"{group.lower()}-life-{name}", title, group, criterion, draw, actions, kwargs, **rest)

    still = plain if adaptive else {**plain, "momentum": 0.0}
    sizes, decay, long = RULE[group]
    yield life("zero-grad", "zero_grad() between steps", "zero_grad", _between("zero_grad"), plain, **TINY)
    yield life("overwrite", "The caller uses its gradient arrays again", "interface", _overwritten(), plain, **TINY)
    if not adaptive:
        yield life("state", "The momentum state is taken and given back", "state", _between("state"), plain, **TINY)
    yield life("sizes", "Large, tiny and zero gradients", sizes, _steps(len(SIZES), chance), still,
               scale=SIZES if adaptive else np.sqrt(SIZES), **ONE)  # fmt: skip
    missing = life("decay", "A little weight decay, missing gradients, other learning rates", decay,
                   _steps(10, chance, missing=True, rates=True), {**rule, "weight_decay": 0.008},
                   scale=STILL, **TINY)  # fmt: skip
    yield replace(missing, beyond_rule=True)
    slow = {**plain, **({"betas": [0.9, 0.999]} if adaptive else {"momentum": 0.9})}
    yield life("long", f"{LONG} steps", long, _steps(LONG, chance, rates=True), slow, dtype="float64", **ONE)


def _between(action: str) -> list[Action]:
    return [a for t in range(3) for a in (["gradients", t, []], ["step"], [action], ["other", t])]


def _overwritten() -> list[Action]:
    return [["gradients", 0, []], ["step"], ["overwrite", 1], ["step"], ["overwrite", 2], ["step"]]


def _steps(steps: int, chance: random.Random, *, missing: bool = False, rates: bool = False) -> list[Action]:
    actions: list[Action] = []
    for t in range(steps):
        gone = [i for i in range(2) if missing and t and chance.random() < 0.2]
        actions += [["lr", chance.choice([0.02, 0.05, 0.1])]] if rates and chance.random() < 0.15 else []
        actions += [["gradients", t, gone], ["step"]]
    return actions


def _life(
    name: str, title: str, group: str, criterion: str, draw: Draw, actions: list[Action], kwargs: dict[str, Any], *,
    shapes: tuple[tuple[int, ...], ...], scale: ArrayLike = 1.0, dtype: str = "float32",
) -> Scenario:  # fmt: skip
    steps = 1 + max(action[1] for action in actions if action[0] in ("gradients", "overwrite"))
    arrays: dict[str, Array] = {}
    for i, shape in enumerate(shapes):
        arrays[f"p{i}"] = _numbers(draw, shape)
        scaled = _numbers(draw, (steps, *shape)) * np.reshape(scale, (-1, *[1] * len(shape)))
        arrays[f"g{i}"] = np.round(scaled, 9) + 0.0  # no −0, and no digits that nobody would type
    check = Check("trajectory", criterion, WEIGHTS[criterion], arrays=tuple(f"p{i}" for i in range(len(shapes))))
    spec = {"kind": "life", "class": group, "kwargs": kwargs, "dtype": dtype, "actions": actions, "records": "step"}
    return Scenario(name, title, group, spec, arrays, (check,), role="life")


def _numbers(draw: Draw, shape: tuple[int, ...]) -> Array:
    return np.asarray(np.round(draw.uniform(0.5, 2.0, shape) * draw.choice([-1.0, 1.0], shape), 3))
