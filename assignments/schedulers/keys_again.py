"""Computes the keys of questions for a rate a second time, from the words of the question alone, as on paper."""

from __future__ import annotations

import math
import re

from autograder.model import Item

_N = r"(-?\d+(?:\.\d+)?)"


def key_again(item: Item) -> float | None:
    """The answer to a question, None of one that asks for no number."""
    if item.kind not in ("numeric", "prediction"):
        return None
    prompt = " ".join(item.prompt.replace("−", "-").split())
    if found := re.search(
        rf"lr = {_N} when .*StepLR\(optimizer, step_size={_N}, gamma={_N}\)`\. After {_N} calls", prompt
    ):
        base, size, gamma, calls = map(float, found.groups())
        return base * math.pow(gamma, calls // size)
    if found := re.search(rf"gamma={_N}\)`: after how many calls .* below {_N} ?%", prompt):
        return _calls(float(found[1]), float(found[2]) / 100)
    called = rf"warmup_steps={_N}, total_steps={_N}, min_lr={_N}\).* lr = {_N}[;.].* after {_N} calls"
    if found := re.search(called, prompt):
        return _warm_up(*map(float, found.groups()))
    return None


def _calls(gamma: float, part: float) -> float:
    rate, calls = 1.0, 0
    while rate >= part:
        rate, calls = rate * gamma, calls + 1
    return calls


def _warm_up(warm: float, total: float, floor: float, base: float, calls: float) -> float:
    if calls < warm:
        return base * (calls + 1) / warm
    over = (calls - warm) / (total - warm)
    return floor + (base - floor) * (1 + math.cos(math.pi * over)) / 2
