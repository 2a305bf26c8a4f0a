"""The exercises: one idea each, every number from the reference or from a misconception of assignments/optimizers.

A variant holds one exercise of each kind; `gradmark practice` draws from one variant after the other, without end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from autograder.assignments.optimizers import MISCONCEPTIONS, golden, predict
from autograder.model import Array, ChoiceKey, Hypotheses, Item, Misconception, NumericKey, Option, Scenario, Wrong

Draw = np.random.Generator
Setup = Mapping[str, Any]
APART = 0.02  # of the right answer: nearer distractors would be taken for it
SHOWN = 4  # figures of a trajectory that is printed: enough to compute with, few enough to read
HINTS = {m.id: m for m in MISCONCEPTIONS}
RULES: Mapping[str, Setup] = {
    "plain SGD": {"class": "SGD", "kwargs": {"lr": 0.1}},
    "SGD with momentum 0.5": {"class": "SGD", "kwargs": {"lr": 0.1, "momentum": 0.5}},
    "Adam with betas (0.5, 0.9)": {"class": "Adam", "kwargs": {"lr": 0.1, "betas": [0.5, 0.9]}},
    "AdamW with betas (0.5, 0.9) and weight decay 0.5": {
        "class": "AdamW", "kwargs": {"lr": 0.1, "betas": [0.5, 0.9], "weight_decay": 0.5},
    },
}  # fmt: skip
TELLS = {  # what gives each away
    "plain SGD": "Plain SGD moves by lr times each gradient, and remembers nothing.",
    "SGD with momentum 0.5": "With momentum the first step is plain, and each later one carries on half of the one before.",
    "Adam with betas (0.5, 0.9)": "Adam's first step is lr long, whatever the gradient.",
    "AdamW with betas (0.5, 0.9) and weight decay 0.5": "AdamW's first step is lr long, and then θ shrinks by lr·λ of itself.",
}
BELIEFS: Mapping[str, tuple[str, ...]] = {  # what a trajectory can tell apart in three steps
    "SGD with momentum 0.5": ("momentum-averaged", "momentum-nesterov", "momentum-stale", "momentum-ignored", "momentum-undamped"),
    "Adam with betas (0.5, 0.9)": ("correction-missing", "root-missing", "first-sum", "second-accumulated", "correction-no-power"),
    "AdamW with betas (0.5, 0.9) and weight decay 0.5": ("adamw-coupled", "adamw-missing", "adamw-without-lr", "adamw-grows"),
}  # fmt: skip


def quiz(seed: int) -> tuple[Item, ...]:
    """One exercise of each kind. The same seed always gives the same ones."""
    return tuple(make(np.random.default_rng([seed, number])) for number, make in enumerate(BLUEPRINT))


def _course(setup: Setup, start: float, grads: Sequence[float]) -> Scenario:
    arrays = {"p0": np.array([start]), "g0": np.array(grads).reshape(-1, 1)}
    return Scenario("exercise", "", setup["class"], {"kind": "course", **setup}, arrays, ())


def _right(scenario: Scenario) -> Array:
    return golden([scenario], frozenset())["exercise"].arrays["p0"].ravel()


def _mistaken(scenario: Scenario, belief: Misconception) -> Array:
    return predict(scenario.group, [scenario], Hypotheses.of([belief.changes]), frozenset())[0]["p0"].ravel()


def _numbers(draw: Draw) -> tuple[float, list[float]]:
    """A start and three gradients that are easy to compute with, no two alike."""
    return float(draw.choice([1.0, 2.0, 3.0])), [float(g) for g in draw.permutation([4.0, 2.0, -1.0, 3.0])[:3]]


def _clean(value: float) -> float:
    """A result without what rounding left of it: 1e-16 is 0."""
    return float(np.round(value, 12)) + 0.0


def _told(values: Sequence[float] | Array) -> str:
    return ", ".join(f"{value:.{SHOWN}g}" for value in np.round(values, 9))  # 0 for what is 1e-16


# ------------------------------------------------------------------------------------------------------ exercises
def _theta_after_two(draw: Draw) -> Item:
    rule = str(draw.choice(list(BELIEFS)))
    start, grads = _numbers(draw)
    scenario = _course(RULES[rule], start, grads[:2])
    value = _clean(_right(scenario)[-1])
    wrongs: list[Wrong] = []
    for name in BELIEFS[rule]:
        answer = _clean(_mistaken(scenario, HINTS[name])[-1])
        if all(abs(answer - other) > APART * abs(value) for other in (value, *(float(w.value) for w in wrongs))):
            wrongs.append(Wrong(answer, HINTS[name].hint))
    prompt = f"θ = {start:g} and lr = 0.1. The gradients are {_told(grads[:2])}. What is θ after step 2 of {rule}? Three figures."
    solution = f"θ goes {_told(_right(scenario))}. {TELLS[rule]}"
    return Item(f"theta-{_id(rule)}", "prediction", "one step after another", "θ after step 2", prompt, 1.0,
                NumericKey(value, "", 3, tuple(wrongs)), solution)  # fmt: skip


def _id(rule: str) -> str:
    return rule.partition(" with")[0].replace(" ", "-").lower()


def _whose(draw: Draw) -> Item:
    """Ask for the optimizer that made this trajectory."""
    names = [str(name) for name in draw.permutation(list(RULES))]
    right = names[int(draw.integers(len(names)))]
    start, grads = _numbers(draw)
    path = _right(_course(RULES[right], start, grads))
    options = tuple(
        Option(letter, name, name == right, TELLS[name]) for letter, name in zip("abcd", names, strict=True)
    )
    prompt = f"lr = 0.1, and the gradients were {_told(grads)}. θ went {_told(path)}. Which optimizer moved it?"
    return Item(f"whose-{_id(right)}", "choice", "telling optimizers apart", "Whose steps are these?", prompt, 1.0,
                ChoiceKey(options), TELLS[right])  # fmt: skip


def _which_mistake(draw: Draw) -> Item:
    """A right and a wrong trajectory: name what is wrong."""
    rule = str(draw.choice(list(BELIEFS)))
    start, grads = _numbers(draw)
    scenario = _course(RULES[rule], start, grads)
    expected, paths = _told(_right(scenario)), dict[str, str]()
    for name in draw.permutation(list(BELIEFS[rule])):
        path = _told(_mistaken(scenario, HINTS[str(name)]))
        if path not in (expected, *paths.values()):  # with some numbers two mistakes look the same
            paths[str(name)] = path
    names = list(paths)[:4]
    right = names[int(draw.integers(len(names)))]
    prompt = (
        f"Somebody wrote {rule}, with lr = 0.1. With the gradients {_told(grads)}, θ should go {expected}. "
        f"Theirs goes {paths[right]}. Which mistake is it?"
    )
    options = tuple(
        Option(letter, HINTS[name].title, name == right, f"With that mistake θ goes {paths[name]}.")
        for letter, name in zip("abcd", names, strict=False)
    )
    return Item(f"mistake-{right}", "choice", "reading a trajectory", "Which mistake is it?", prompt, 1.0,
                ChoiceKey(options), HINTS[right].hint)  # fmt: skip


def _wrong_step(draw: Draw) -> Item:
    """At which step a trajectory went uphill."""
    rule = str(draw.choice(["plain SGD", "SGD with momentum 0.5"]))
    start, grads = _numbers(draw)
    at = int(draw.integers(3))
    wrong = [g if t != at else -g for t, g in enumerate(grads)]
    path = _right(_course(RULES[rule], start, wrong))
    options = tuple(
        Option(letter, f"step {t + 1}", t == at, "Up to the first wrong step all numbers are right.")
        for t, letter in enumerate("abc")
    )
    prompt = (
        f"{rule[0].upper() + rule[1:]}, lr = 0.1, gradients {_told(grads)}: one of three steps went the wrong way, uphill. "
        f"θ went {_told(path)}. Which step?"
    )
    solution = f"It should have gone {_told(_right(_course(RULES[rule], start, grads)))}; they part at step {at + 1}."
    return Item(f"wrong-step-{_id(rule)}", "choice", "reading a trajectory", "Which step is wrong?", prompt, 1.0,
                ChoiceKey(options), solution)  # fmt: skip


def _how_far(draw: Draw) -> Item:
    """Ask for the length of the first step: the meaning of lr to each rule."""
    rule = str(draw.choice(list(RULES)[:3]))
    g, lr = float(draw.choice([0.01, 5.0, 40.0, -8.0])), float(draw.choice([0.1, 0.02]))
    kwargs = {**RULES[rule]["kwargs"], "lr": lr}
    scenario = _course({"class": RULES[rule]["class"], "kwargs": kwargs}, 0.0, [g])
    value = abs(float(_right(scenario)[-1]))
    other = abs(g) * lr if RULES[rule]["class"] == "Adam" else lr
    hint = (
        "The size of the gradient cancels in Adam's first step."
        if RULES[rule]["class"] == "Adam"
        else "Only Adam's first step is lr long."
    )
    prompt = f"How far does the first step of {rule} with lr = {lr:g} move θ, when the gradient is {g:g}? Two figures."
    return Item(f"how-far-{_id(rule)}", "numeric", "what lr means", "How far is the first step?", prompt, 1.0,
                NumericKey(value, "", 2, (Wrong(other, hint),)), f"By {value:.2g}. {TELLS[rule]}")  # fmt: skip


BLUEPRINT: Sequence[Callable[[Draw], Item]] = (_theta_after_two, _whose, _which_mistake, _wrong_step, _how_far)
