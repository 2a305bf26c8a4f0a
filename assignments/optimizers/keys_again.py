"""Computes the keys of questions for a number a second time, from the words of the question alone.

It shares nothing with what wrote the questions: it reads what a student reads, and works it out as on paper. A proof
holds both against each other (`autograder/variants.py`).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping

from autograder.model import Item

BYTES = {"GB": 1e9, "GiB": 2.0**30, "TB": 1e12, "TiB": 2.0**40}
STATE = {"plain SGD": 0, "SGD with momentum": 1, "Adam": 2, "AdamW": 2}  # arrays beside the parameters
_RULE = r"(plain SGD|SGD with momentum|AdamW|Adam)"
_N = r"(-?\d+(?:\.\d+)?)"


def key_again(item: Item) -> float | None:
    """The answer to a question, None of one that asks for no number."""
    if item.kind not in ("numeric", "prediction"):
        return None
    prompt = " ".join(item.prompt.replace("−", "-").split())
    if item.kind == "prediction":
        return _after_steps(prompt)
    if found := re.search(rf"{_N} billion", prompt):
        return _memory(prompt, float(found[1]) * 1e9)
    for pattern, answer in _ON_PAPER.items():
        if found := re.search(pattern, prompt):
            return answer(*map(float, found.groups()))
    return _largest(prompt)


# ------------------------------------------------------------------------------------------------ on a line of paper
def _first_below(base: float, part: float) -> float:
    """The first t at which 1/(1 - base^t) is within a part of 1."""
    t = 1
    while 1 / (1 - base**t) >= 1 + part:
        t += 1
    return t


_ON_PAPER: Mapping[str, Callable[..., float]] = {
    rf"batches of {_N} and a learning rate of {_N}\. You change to batches of {_N}": lambda a, lr, b: lr * b / a,
    rf"with β. = {_N}\. By what factor .* at step t = {_N}": lambda beta, t: 1 / (1 - beta**t),
    rf"With β. = {_N}, from which step .* less than {_N} %": lambda beta, part: _first_below(beta, part / 100),
    rf"β₁ = {_N} and β₂ = {_N} corrects v but not m": lambda b1, _: 1 - b1,
    rf"β₁ = {_N} and β₂ = {_N} corrects m but not v": lambda _, b2: 1 / math.sqrt(1 - b2),
    rf"β₁ = {_N} and β₂ = {_N} corrects neither": lambda b1, b2: (1 - b1) / math.sqrt(1 - b2),
    rf"target loss after {_N} steps, SGD after {_N}\. .* takes {_N} times": lambda a, s, c: s / (a * c),
    rf"target after {_N} steps, SGD after {_N}\.": lambda a, s: s / a,
    rf"needs {_N} steps of {_N} ms, SGD {_N} steps of {_N} ms": lambda a, x, s, y: (s * y - a * x) / 3.6e6,
    rf"needs {_N} % fewer steps .* takes {_N} % longer": lambda p, q: (1 - p / 100) * (1 + q / 100),
    rf"½·\({_N}·x² \+ {_N}·y²\): a ravine\.": lambda a, b: 2 / max(a, b),
    rf"\+ {_N}·y²\), you start .* lr = {_N} .* after {_N} steps": lambda b, lr, n: (1 - lr * b) ** n,
    rf"lr = {_N} and momentum = {_N} is pushed .* gradient {_N} for": lambda lr, mu, g: lr * g / (1 - mu),
}


# --------------------------------------------------------------------------------------------------------- memory
def _memory(prompt: str, parameters: float) -> float | None:
    """Bytes for each parameter, times their number, in the unit that is asked for."""
    if gpus := re.search(rf"GPUs of {_N} GB", prompt):
        rule = re.search(rf"{_RULE}'s state", prompt)
        return math.ceil(parameters * (8 + 4 * STATE[rule[1]]) / (float(gpus[1]) * 1e9)) if rule else None
    each, unit = _bytes_each(prompt), re.search(r", in (GB|GiB|TB|TiB)\.", prompt)
    return None if each is None or unit is None else parameters * each / BYTES[unit[1]]


def _bytes_each(prompt: str) -> float | None:
    if switch := re.search(rf"from {_RULE} to {_RULE}\.", prompt):
        return 4.0 * (STATE[switch[2]] - STATE[switch[1]])
    found = re.search(rf"with {_RULE}", prompt)
    if found is None:
        return None
    state = 4 * STATE[found[1]]
    if "mixed precision" in prompt:
        return 2 + 2 + 4 + state
    if gpus := re.search(r"on (\d+) GPUs", prompt):
        gradients = 4 / int(gpus[1]) if "state and gradients are divided" in prompt else 4
        return 4 + gradients + state / int(gpus[1])
    if "checkpoints" in prompt or re.search(r"for parameters and optimizer state|do parameters and optimizer", prompt):
        return 4 + state
    return 8 + state if "do parameters, gradients and" in prompt else state if "state alone" in prompt else None


def _largest(prompt: str) -> float | None:
    found = re.search(rf"How many billion .* with {_RULE} on one GPU of {_N} GB", prompt)
    if found is None:
        return None
    return float(found[2]) / (4 + 4 * STATE[found[1]] + 4 * ("parameters, gradients and" in prompt))


# ---------------------------------------------------------------------------------------------------- two steps by hand
def _after_steps(prompt: str) -> float | None:
    """The place of θ after the steps, one number at a time."""
    call = re.search(r"`(SGD|AdamW|Adam)\(params, ([^`]*)\)`", prompt)
    start = re.search(rf"starts at θ = {_N}", prompt)
    if call is None or start is None:
        return None
    settings = {name: float(value) for name, value in re.findall(rf"(\w+)={_N}", call[2])}
    betas = re.search(rf"betas=\({_N}, {_N}\)", call[2])
    theta, lr, decay = float(start[1]), settings["lr"], settings.get("weight_decay", 0.0)
    changes = {int(step): float(rate) for step, rate in re.findall(rf"Before step (\d) you set `lr` to {_N}", prompt)}
    pushes = re.findall(rf"in step (\d) (?:the gradient is {_N}|there is no gradient)", prompt)
    velocity = m = v = 0.0
    for step, push in pushes:
        lr = changes.get(int(step), lr)
        if not push:
            continue
        g = float(push)
        if call[1] != "AdamW":
            g = g + decay * theta
        if call[1] == "SGD":
            velocity = settings.get("momentum", 0.0) * velocity + g
            theta = theta - lr * velocity
            continue
        assert betas is not None
        b1, b2 = float(betas[1]), float(betas[2])
        m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g * g
        theta -= lr * (m / (1 - b1 ** int(step))) / (math.sqrt(v / (1 - b2 ** int(step))) + 1e-8)
        if call[1] == "AdamW":
            theta *= 1 - lr * decay
    return theta
