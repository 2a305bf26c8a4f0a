"""The experiments, drawn from a seed: the smallest come first, with numbers that can be checked by hand.

Ranges are chosen so that wrong rules part from right ones by far more than rounding: γ away from 1 and from 0.5
(where γ and 1 − γ are the same), staircases of several stairs, a min_lr that is a good part of the base rate. Only one
scenario goes on to t ≥ T, and only those named so have a rate changed by hand: see golden.py for why.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder.model import Check, Json, Scenario

from .golden import AFTER_THE_END, BY_HAND

Draw = np.random.Generator


def scenarios(seed: int) -> tuple[Scenario, ...]:
    """All experiments of one submission. The same seed always gives the same ones."""
    parts = (_signatures, _staircase, _slide, _warmup, _cosine)
    return tuple(s for number, part in enumerate(parts) for s in part(np.random.default_rng([seed, number])))


def _pick(draw: Draw, *options: float) -> float:
    return float(draw.choice(options))


def _base(draw: Draw) -> float:
    return _pick(draw, 0.2, 0.3, 0.4, 0.6, 0.8)


def _lr(criterion: str, weight: float = 1.0, message: str = "", *, isolates: bool = False) -> Check:
    """The rates agree with the golden ones."""
    return Check("trajectory", criterion, weight, arrays=("lr",), message=message, isolates=isolates)


def _course(
    name: str, title: str, scheduler: str, base: float, steps: int, check: Check, *,
    group: str = "", by_hand: Json | None = None, **kwargs: float,
) -> Scenario:  # fmt: skip
    spec = {"kind": "course", "class": scheduler, "base": base, "steps": steps, "kwargs": kwargs, "set": by_hand or {}}
    return Scenario(name, title, group or scheduler, spec, {}, (check,))


# --------------------------------------------------------------------------------------------------- in all classes
def _signatures(_draw: Draw) -> Iterator[Scenario]:
    classes: dict[str, dict[str, float]] = {
        "StepLR": {"step_size": 2, "gamma": 0.7},
        "ExponentialLR": {"gamma": 0.7},
        "WarmupCosine": {"warmup_steps": 2, "total_steps": 6, "min_lr": 0.01},
    }
    checks = tuple(
        Check(
            f"{name} takes its arguments", "interface", 0.5, fact=f"{name} takes its arguments",
            message=f"{name}(optimizer, {', '.join(kwargs)}) must work with these arguments, in this order and by name.",
        )
        for name, kwargs in classes.items()
    )  # fmt: skip
    spec = {"kind": "signatures", "classes": classes}
    yield Scenario("signatures", "The constructors and their arguments", "constructors", spec, {}, checks)


def _conduct(group: str, prefix: str, draw: Draw, steps: int, **kwargs: float) -> Iterator[Scenario]:
    """Experiments on what every scheduler owes, whatever its rule is."""
    spec: dict[str, Any] = {"class": group, "base": _base(draw), "steps": steps, "kwargs": kwargs}
    told = "get_lr() returns the learning rate in force, the one that the optimizer has now, and changes nothing."
    count = "`last_epoch` counts the calls of step(): 0 at first, then one more each time."
    yield Scenario(
        f"{prefix}-told", f"What {group} says about itself", "answers", {**spec, "kind": "told"}, {},
        (
            Check("told", "interface", 1.0, arrays=("told is in force",), message=told),
            Check("last_epoch at first", "interface", 0.5, fact="last_epoch at first", message=count),
            Check("last_epoch at last", "interface", 0.5, fact="last_epoch at last", message=count),
        ),
    )  # fmt: skip
    alone = f"Two {group} schedulers must not share anything: keep what they know on `self`."
    yield Scenario(
        f"{prefix}-pair", f"Two {group} schedulers take turns", group, {**spec, "kind": "pair", "other": 2 * spec["base"]},
        {}, (Check("trajectory", "interface", 1.0, arrays=("lr", "other"), message=alone),),
    )  # fmt: skip
    message = f"The optimizer's parameter goes another way than with the right {group}: it moves by the rate in `optimizer.lr`."
    yield Scenario(
        f"{prefix}-loop", f"A training loop with {group}", group, {**spec, "kind": "loop"}, {},
        (Check("trajectory", "training", 1.0, arrays=("theta",), message=message),),
    )  # fmt: skip


# ------------------------------------------------------------------------------------------------------- staircase
def _staircase(draw: Draw) -> Iterator[Scenario]:
    name, row = "StepLR", "step_decay"
    gamma = _pick(draw, 0.6, 0.7, 0.8)
    yield _course(
        "steplr-small",
        "Two stairs",
        name,
        _pick(draw, 1.0, 2.0),
        5,
        _lr(row, 3),
        step_size=2,
        gamma=_pick(draw, 0.2, 0.4),
    )
    size = int(_pick(draw, 3, 4))
    yield _course(
        "steplr-several", "Three stairs", name, _base(draw), 3 * size + 1, _lr(row, 3), step_size=size, gamma=gamma
    )
    default = "Without gamma, StepLR(optimizer, step_size) multiplies by 0.1."
    yield _course(
        "steplr-default",
        "StepLR(optimizer, step_size)",
        name,
        _base(draw),
        5,
        _lr("interface", 1, default),
        step_size=2,
    )
    overruled = "The rate is worked out from the base rate, the optimizer's when the scheduler was made."
    for scenario, call in (("steplr-by-hand", 3), ("steplr-by-hand-early", 0)):
        yield _course(scenario, f"Somebody changes the rate before step() number {call + 1}", name, _base(draw), 8,
                      _lr(row, 1, overruled), group=name + BY_HAND, step_size=3, gamma=gamma, by_hand={str(call): 1.7})  # fmt: skip
    yield from _conduct(name, "steplr", draw, 5, step_size=2, gamma=gamma)


# ----------------------------------------------------------------------------------------------------------- slide
def _slide(draw: Draw) -> Iterator[Scenario]:
    name, row = "ExponentialLR", "exponential"
    gamma = _pick(draw, 0.6, 0.7, 0.8)
    yield _course(
        "exponential-small", "Three calls", name, _pick(draw, 1.0, 2.0), 3, _lr(row, 3), gamma=_pick(draw, 0.2, 0.4)
    )
    yield _course("exponential-several", "Eight calls", name, _base(draw), 8, _lr(row, 3), gamma=gamma)
    yield _course("exponential-by-hand", "Somebody changes the rate", name, _base(draw), 5, _lr(row, 1),
                  group=name + BY_HAND, gamma=gamma, by_hand={"0": 1.3, "2": 0.9})  # fmt: skip
    yield from _conduct(name, "exponential", draw, 4, gamma=gamma)


# ------------------------------------------------------------------------------------------------ warm-up and cosine
def _warmup(draw: Draw) -> Iterator[Scenario]:
    name, row = "WarmupCosine", "warmup"
    floor, w = _pick(draw, 0.02, 0.05), int(_pick(draw, 5, 6, 7))
    yield _course("warmup-small", "Four steps of ramp", name, _pick(draw, 0.4, 0.8), 3, _lr(row, 3, isolates=True),
                  warmup_steps=4, total_steps=10)  # fmt: skip
    yield _course("warmup-floor", "A ramp, with a min_lr for later", name, _base(draw), w - 1, _lr(row, 3, isolates=True),
                  warmup_steps=w, total_steps=3 * w, min_lr=floor)  # fmt: skip
    yield _course("warmup-then-cosine", "From the ramp over to the cosine", name, _base(draw), 6, _lr(row, 2),
                  warmup_steps=3, total_steps=11, min_lr=floor)  # fmt: skip


def _cosine(draw: Draw) -> Iterator[Scenario]:
    name, row = "WarmupCosine", "cosine"
    floor, base = _pick(draw, 0.02, 0.05), _base(draw)
    yield _course("cosine-small", "No ramp, half a cosine in four steps", name, _pick(draw, 0.4, 0.8), 3, _lr(row, 3, isolates=True),
                  warmup_steps=0, total_steps=4)  # fmt: skip
    yield _course("cosine-floor", "No ramp, down to min_lr", name, base, 9, _lr(row, 3, isolates=True), warmup_steps=0,
                  total_steps=10, min_lr=floor)  # fmt: skip
    yield _course("cosine-after-the-end", "Training goes on after total_steps", name, base, 12, _lr(row, 2, isolates=True),
                  group=AFTER_THE_END, warmup_steps=0, total_steps=10, min_lr=floor)  # fmt: skip
    yield _course("cosine-after-warmup", "The cosine after a ramp", name, base, 9, _lr(row, 2), warmup_steps=3,
                  total_steps=10, min_lr=floor)  # fmt: skip
    yield from _conduct(name, "cosine", draw, 9, warmup_steps=3, total_steps=12, min_lr=0.05)
