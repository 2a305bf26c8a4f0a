"""The schedules as one family with switches: the right rule is one point, every wrong belief is another.

A switch is a table from an option's name to its formula. A hypothesis says which options differ from the right ones.
In the formulas: t calls so far, b the base rate, n how often γ acts, y γ, w warmup_steps, T total_steps, p how much of
the descent is over, m min_lr.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

Formula = Callable[..., float]
Switch = Mapping[str, Formula]
Hypothesis = Mapping[str, str]  # switch -> option, where it differs from the right rule

STAIRS: Switch = {  # StepLR: how many stairs down after t calls of stairs s long
    "down": lambda t, s: t // s,
    "ahead": lambda t, s: (t + 1) // s,
    "behind": lambda t, s: max(t - 1, 0) // s,
    "fraction": lambda t, s: t / s,
    "remainder": lambda t, s: t % s,
    "every call": lambda t, s: t,
    "longer": lambda t, s: t // (s + 1),
    "up": lambda t, s: -(-t // s),
    "once": lambda t, s: min(t // s, 1),
    "at multiples only": lambda t, s: float(t > 0 and t % s == 0),
    "between multiples": lambda t, s: t - t // s,
}
COUNT: Switch = {  # ExponentialLR
    "calls": lambda t: t,
    "ahead": lambda t: t + 1,
    "ahead after the start": lambda t: t + 1 if t else 0,
    "behind": lambda t: max(t - 1, 0),
    "once": lambda t: min(t, 1),
}
FACTOR: Switch = {
    "power": lambda b, y, n: b * y**n,
    "times": lambda b, y, n: b * y * n,
    "subtracted": lambda b, y, n: b - y * n,
    "added": lambda b, y, n: b + y * n,
    "divided": lambda b, y, n: b / y**n,
    "one minus": lambda b, y, n: b * (1 - y) ** n,
    "without base": lambda b, y, n: y**n,
    "over time": lambda b, y, n: b / (1 + y * n),
    "natural": lambda b, y, n: b * math.exp(-y * n),
}
GAMMA: Switch = {  # given or None; StepLR alone has a default
    "as given": lambda y: 0.1 if y is None else y,
    "always 0.1": lambda y: 0.1,
    "default 0.5": lambda y: 0.5 if y is None else y,
}
RAMP: Switch = {
    "from one": lambda t, b, w, m: b * (t + 1) / w,
    "from zero": lambda t, b, w, m: b * t / w,  # accepted
    "missing": lambda t, b, w, m: b,
    "backwards": lambda t, b, w, m: b * (1 - t / w),
    "over w plus one": lambda t, b, w, m: b * (t + 1) / (w + 1),
    "over w minus one": lambda t, b, w, m: b * t / max(w - 1, 1),
    "from the floor": lambda t, b, w, m: m + (b - m) * (t + 1) / w,
    "flat": lambda t, b, w, m: b / w,
    "squared": lambda t, b, w, m: b * ((t + 1) / w) ** 2,
    "whole numbers": lambda t, b, w, m: b * ((t + 1) // w),
    "one step longer": lambda t, b, w, m: b * (t + 1) / w,
}
PROGRESS: Switch = {
    "after the ramp": lambda t, w, T: (t - w) / (T - w),
    "of the whole": lambda t, w, T: t / T,
    "over the whole": lambda t, w, T: (t - w) / T,
    "ahead": lambda t, w, T: (t - w + 1) / (T - w),
    "one step shorter": lambda t, w, T: (t - w) / (T - w - 1),
    "from the start": lambda t, w, T: t / (T - w),
}
WAVE: Switch = {
    "half": lambda p, b, m: m + (b - m) * 0.5 * (1 + math.cos(math.pi * p)),
    "whole": lambda p, b, m: m + (b - m) * (1 + math.cos(math.pi * p)),
    "degrees": lambda p, b, m: m + (b - m) * 0.5 * (1 + math.cos(180 * p)),
    "without floor": lambda p, b, m: b * 0.5 * (1 + math.cos(math.pi * p)),
    "floor added": lambda p, b, m: m + b * 0.5 * (1 + math.cos(math.pi * p)),
    "floor as a limit": lambda p, b, m: max(m, b * 0.5 * (1 + math.cos(math.pi * p))),
    "straight": lambda p, b, m: m + (b - m) * (1 - p),
    "sine": lambda p, b, m: m + (b - m) * 0.5 * (1 + math.sin(math.pi * p)),
    "rising": lambda p, b, m: m + (b - m) * 0.5 * (1 - math.cos(math.pi * p)),
    "full turn": lambda p, b, m: m + (b - m) * 0.5 * (1 + math.cos(2 * math.pi * p)),
    "quarter turn": lambda p, b, m: m + (b - m) * math.cos(math.pi * p / 2),
    "without one": lambda p, b, m: m + (b - m) * math.cos(math.pi * p),
}
END: Switch = {  # the rate from T on; `going_on` is what the cosine would say
    "floor": lambda going_on, b, m: m,
    "rises again": lambda going_on, b, m: going_on,
    "zero": lambda going_on, b, m: 0.0,
    "base": lambda going_on, b, m: b,
}
RIGHT: Mapping[str, Hypothesis] = {
    "StepLR": {"stairs": "down", "factor": "power", "gamma": "as given", "base": "first", "write": "lr"},
    "ExponentialLR": {"count": "calls", "factor": "power", "gamma": "as given", "base": "first", "write": "lr"},
    "WarmupCosine": {
        "ramp": "from one", "progress": "after the ramp", "wave": "half", "end": "floor", "start": "written",
        "base": "first", "write": "lr",
    },
}  # fmt: skip
# base: "first" is the optimizer's rate when the scheduler is made, "late" that of the first call of step(),
# "compounds" takes whatever rate it finds as the base, "chained" multiplies it by lr(t) / lr(t − 1) (accepted).


def course(name: str, hypothesis: Hypothesis, spec: Mapping[str, Any], base: float) -> list[float]:
    """The optimizer's rate when the scheduler is made and after each call, under this hypothesis."""
    how = {**RIGHT[name], **hypothesis}

    def rate(t: int, start: float) -> float:
        return RULES[name](how, t, start, spec["kwargs"])

    found = base if how.get("start") == "left alone" or how["write"] == "nothing" else rate(0, base)
    rates = [found]
    for call in range(spec["steps"]):
        found = spec.get("set", {}).get(str(call), found)
        if how["base"] == "late" and call == 0:
            base = found
        if how["write"] == "lr":
            found = _next(how["base"], rate, call + 1, base, found)
        rates.append(found)
    return rates


def _next(option: str, rate: Callable[[int, float], float], t: int, base: float, found: float) -> float:
    if option == "compounds":
        return rate(t, found)
    if option == "chained":
        before = rate(t - 1, base)
        return found * rate(t, base) / before if before else math.nan
    return rate(t, base)


def _step(how: Hypothesis, t: int, b: float, given: Mapping[str, Any]) -> float:
    n = STAIRS[how["stairs"]](t, given["step_size"])
    return FACTOR[how["factor"]](b, GAMMA[how["gamma"]](given.get("gamma")), n)


def _exponential(how: Hypothesis, t: int, b: float, given: Mapping[str, Any]) -> float:
    return FACTOR[how["factor"]](b, GAMMA[how["gamma"]](given["gamma"]), COUNT[how["count"]](t))


def _cosine(how: Hypothesis, t: int, b: float, given: Mapping[str, Any]) -> float:
    w, T, m = given["warmup_steps"], given["total_steps"], given.get("min_lr", 0.0)
    if w and t < w + (how["ramp"] == "one step longer"):
        return RAMP[how["ramp"]](t, b, w, m)
    wave = WAVE[how["wave"]](PROGRESS[how["progress"]](t, w, T), b, m)
    return END[how["end"]](wave, b, m) if t >= T else wave


RULES: Mapping[str, Callable[[Hypothesis, int, float, Mapping[str, Any]], float]] = {
    "StepLR": _step,
    "ExponentialLR": _exponential,
    "WarmupCosine": _cosine,
}
