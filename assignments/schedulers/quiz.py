"""The quiz on schedules: keys from the reference, distractors from the family of misconceptions, with their hints.

Every variant has the same slots, kinds and points; the seed draws the numbers, which schedule a question is about, and
which line is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from autograder.model import ChoiceKey, FormulaKey, Item, ItemKind, MatrixKey, NumericKey, Option, Wrong
from autograder.reference import schedulers

from .family import course
from .golden import rates
from .misconceptions import MISCONCEPTIONS
from .wrong_lines import listings, numbered

Draw = np.random.Generator
Spec = Mapping[str, Any]
APART = 0.02  # of the key: distractors nearer than this to another answer would be taken for it at 3 figures
FIGURES = 3
HINTS = {m.id: m for m in MISCONCEPTIONS}


def quiz(seed: int) -> tuple[Item, ...]:
    """The quiz of this variant. The same seed always gives the same one."""
    return tuple(slot(np.random.default_rng([seed, number])) for number, slot in enumerate(BLUEPRINT))


def _pick(draw: Draw, *options: float) -> float:
    return float(draw.choice(options))


# -------------------------------------------------------------------------------------------------- predict a rate
def _predict(name: str, idea: str, title: str, prompt: str, solution: str, spec: Spec, ids: Sequence[str]) -> Item:
    t = int(spec["steps"])
    value = float(rates(spec, spec["base"], frozenset())[t])
    key = NumericKey(value, "", FIGURES, _wrongs(spec, value, ids))
    return _item(name, "prediction", idea, title, prompt, 2.0, key, f"{solution} The rate is {value:.{FIGURES}g}.")


def _wrongs(spec: Spec, value: float, ids: Sequence[str]) -> tuple[Wrong, ...]:
    """The answers of the misconceptions, as far as they are told apart."""
    wrongs: list[Wrong] = []
    for name in ids:
        answer = course(spec["class"], HINTS[name].changes, spec, spec["base"])[-1]
        others = [value, *(float(w.value) for w in wrongs)]
        if all(abs(answer - other) > APART * max(abs(value), abs(other)) for other in others):
            wrongs.append(Wrong(answer, HINTS[name].hint))
    return tuple(wrongs)


def _item(
    name: str, kind: ItemKind, idea: str, title: str, prompt: str, points: float, key: Any, solution: str
) -> Item:
    return Item(name, kind, idea, title, prompt, points, key, solution)


def _staircase(draw: Draw) -> Item:
    size, stairs = int(_pick(draw, 5, 10, 20)), int(_pick(draw, 2, 3))
    t = size * stairs + int(draw.integers(1, size - 1))
    base, gamma = _pick(draw, 0.1, 0.2, 0.4, 0.8), _pick(draw, 0.2, 0.3, 0.4)
    spec = {"class": "StepLR", "base": base, "steps": t, "kwargs": {"step_size": size, "gamma": gamma}}
    prompt = (
        f"An optimizer has lr = {base:g} when you make `StepLR(optimizer, step_size={size}, gamma={gamma:g})`. "
        f"After {t} calls of `scheduler.step()`, what is its learning rate? Give three significant figures."
    )
    solution = f"{t} // {size} = {t // size} stairs are done, and each multiplied the rate by {gamma:g}."
    wrong = ("step-every-call", "step-fraction", "step-once", "step-subtracted", "step-one-minus", "step-remainder",
             "step-times", "step-divided", "step-up")  # fmt: skip
    return _predict("staircase", "staircase", "On which stair?", prompt, solution, spec, wrong)


def _ramp(draw: Draw) -> Item:
    w, base = int(_pick(draw, 10, 20, 40, 50)), _pick(draw, 0.1, 0.2, 0.4)
    t, floor = int(w * _pick(draw, 0.25, 0.4, 0.6)), base * _pick(draw, 0.2, 0.3)
    kwargs = {"warmup_steps": w, "total_steps": 10 * w, "min_lr": floor}
    spec = {"class": "WarmupCosine", "base": base, "steps": t, "kwargs": kwargs}
    prompt = (
        f"`WarmupCosine(optimizer, warmup_steps={w}, total_steps={10 * w}, min_lr={floor:g})` was made for an optimizer "
        f"with lr = {base:g}; its ramp begins with the rate {base / w:g}. What is the learning rate after {t} calls of "
        "`step()`? Give three significant figures."
    )
    solution = f"t = {t} is less than w = {w}: base · (t + 1) / w."
    wrong = ("warmup-missing", "warmup-backwards", "warmup-from-floor", "warmup-squared", "warmup-flat", "warmup-steep")
    return _predict("ramp", "warm-up", "On the ramp", prompt, solution, spec, wrong)


def _descent(draw: Draw) -> Item:
    w, span = int(_pick(draw, 10, 20)), int(_pick(draw, 60, 80, 120))
    part = _pick(draw, 0.25, 1 / 3, 2 / 3, 0.75)
    t, base, floor = w + round(span * part), _pick(draw, 0.1, 0.3, 0.5), _pick(draw, 0.01, 0.02)
    kwargs = {"warmup_steps": w, "total_steps": w + span, "min_lr": floor}
    spec = {"class": "WarmupCosine", "base": base, "steps": t, "kwargs": kwargs}
    prompt = (
        f"`WarmupCosine(optimizer, warmup_steps={w}, total_steps={w + span}, min_lr={floor:g})` was made for an optimizer "
        f"with lr = {base:g}. What is the learning rate after {t} calls of `step()`? Give three significant figures."
    )
    solution = f"p = ({t} − {w}) / {span} = {(t - w) / span:.4g} of the descent is over; ½(1 + cos πp) of base − min_lr is left."
    wrong = ("cosine-straight", "cosine-whole", "cosine-floor-ignored", "cosine-floor-added", "cosine-rising", "cosine-degrees",
             "cosine-of-the-whole", "cosine-full-turn", "cosine-quarter-turn", "cosine-without-one")  # fmt: skip
    return _predict("descent", "cosine", "On the way down", prompt, solution, spec, wrong)


# ------------------------------------------------------------------------------------------------- other questions
def _how_long(draw: Draw) -> Item:
    """After how many calls a slide is below a part of the base rate: the reference is asked call by call."""
    gamma, part = _pick(draw, 0.8, 0.85, 0.9, 0.95), _pick(draw, 0.1, 0.05, 0.01)
    course_of = schedulers.exponential(1.0, np.arange(200), gamma=gamma)
    calls = int(np.argmax(course_of < part))
    answers = {
        int(np.argmax(1 - (1 - gamma) * np.arange(200) < part)): "exponential-subtracted",
        int(np.argmax((1 - gamma) ** np.arange(200) < part)): "exponential-one-minus",
    }
    wrongs = [Wrong(float(n), HINTS[name].hint) for n, name in answers.items() if n != calls]
    wrongs.append(
        Wrong(float(calls - 1), "One call earlier the rate is still above. Try the power of γ that you have.")
    )
    prompt = (
        f"`ExponentialLR(optimizer, gamma={gamma:g})`: after how many calls of `step()` is the learning rate for the first "
        f"time below {part:.0%} of where it began? Give a whole number."
    )
    solution = f"γᵗ < {part:g} from t = ln {part:g} / ln {gamma:g} on, rounded up: {calls}."
    key = NumericKey(float(calls), "", 3, tuple(wrongs))  # the largest is 90: three figures are exact
    return _item("how-long", "numeric", "slide", "How long does it take?", prompt, 2.0, key, solution)


def _which(draw: Draw) -> Item:
    """Six rates, and which scheduler made them."""
    base = _pick(draw, 0.2, 0.4, 0.8)
    made: dict[str, tuple[Spec, str]] = {
        "`StepLR(optimizer, step_size=2, gamma=0.5)`": ({"class": "StepLR", "kwargs": {"step_size": 2, "gamma": 0.5}},
            "A staircase holds each rate for step_size calls, then drops."),
        "`ExponentialLR(optimizer, gamma=0.7)`": ({"class": "ExponentialLR", "kwargs": {"gamma": 0.7}},
            "On a slide each rate is the same part of the one before."),
        "`WarmupCosine(optimizer, warmup_steps=2, total_steps=6)`": ({"class": "WarmupCosine", "kwargs": {"warmup_steps": 2, "total_steps": 6}},
            "A ramp rises first, then the cosine falls gently, steeply, gently."),
        "`WarmupCosine(optimizer, warmup_steps=0, total_steps=6)`": ({"class": "WarmupCosine", "kwargs": {"warmup_steps": 0, "total_steps": 6}},
            "Without a ramp the cosine starts at the base rate; it falls gently, steeply, gently."),
    }  # fmt: skip
    names = [str(name) for name in draw.permutation(list(made))]
    right = names[int(draw.integers(len(names)))]
    shown = rates({**made[right][0], "steps": 5}, base, frozenset())
    options = tuple(
        Option(letter, name, name == right, made[name][1]) for letter, name in zip("abcd", names, strict=True)
    )
    prompt = (
        f"An optimizer had lr = {base:g} when a scheduler was made. These are its rates from then on, one a call: "
        f"{', '.join(f'{rate:.3g}' for rate in shown)}. Which scheduler was it?"
    )
    return _item(
        f"which-{made[right][0]['class'].lower()}",
        "choice",
        "shapes",
        "Whose rates are these?",
        prompt,
        1.0,
        ChoiceKey(options),
        made[right][1],
    )


def _wrong_line(draw: Draw) -> Item:
    """A listing with one line changed as a misconception has it."""
    names = sorted(listings())
    name = names[int(draw.integers(len(names)))]
    listing, number, right = listings()[name]
    options = tuple(
        Option(str(n), line.strip(), n == number, HINTS[name].hint if n == number else "This line is right.")
        for n, line in enumerate(listing, start=1)
        if line.strip()
    )
    prompt = "One line of this scheduler is wrong. Which?\n\n```\n" + numbered(listing) + "\n```"
    solution = f"Line {number}: {HINTS[name].hint} It should read `{right.strip()}`."
    return _item(
        f"wrong-line-{name}", "line", "reading code", "Find the wrong line", prompt, 2.0, ChoiceKey(options), solution
    )


def _places(draw: Draw) -> Item:
    w, span = int(_pick(draw, 4, 5, 6)), int(_pick(draw, 10, 12))
    total = w + span
    on = {"ramp": "on the ramp", "cosine": "on the cosine", "floor": "at min_lr"}
    right = {f"t = {w - 1}": on["ramp"], f"t = {w}": on["cosine"], f"t = {total - 1}": on["cosine"], f"t = {total}": on["floor"],
             f"t = {total + 5}": on["floor"]}  # fmt: skip
    hints = {
        (f"t = {w}", on["ramp"]): HINTS["warmup-too-long"].hint,
        (f"t = {total - 1}", on["floor"]): HINTS["cosine-short"].hint,
        (f"t = {total + 5}", on["cosine"]): HINTS["cosine-rises-again"].hint,
    }
    rows = tuple(str(row) for row in draw.permutation(list(right)))
    prompt = (
        f"`WarmupCosine(optimizer, warmup_steps={w}, total_steps={total}, min_lr=0.001)`: where is the rate at each t?"
    )
    solution = f"The ramp is t < {w}, the cosine goes from {w} to {total - 1}, and from {total} on the rate is min_lr."
    return _item(
        "places",
        "matrix",
        "cosine",
        "Ramp, cosine or floor?",
        prompt,
        2.5,
        MatrixKey(rows, tuple(on.values()), right, hints),
        solution,
    )


def _formula(draw: Draw) -> Item:
    """One of two rules, written down."""
    if draw.integers(2):
        prompt = "Write the learning rate of ExponentialLR after t calls, from the base rate b and the factor y."
        wrongs = (Wrong("b * y * t", "You multiply by t. Each call multiplies by y once more: how is that written?"), Wrong("b * (1 - y)**t", HINTS["exponential-one-minus"].hint),
                  Wrong("b - y * t", HINTS["exponential-subtracted"].hint), Wrong("b / y**t", HINTS["exponential-divided"].hint))  # fmt: skip
        key = FormulaKey("b * y**t", {"b": "base rate", "y": "gamma", "t": "calls of step()"}, wrongs)
        return _item(
            "formula-slide",
            "formula",
            "slide",
            "Write the rule",
            prompt,
            2.0,
            key,
            "Each call multiplies by y: b · yᵗ.",
        )
    prompt = "Write the learning rate on the ramp (t < w) of WarmupCosine after t calls, from the base rate b and w, with rate b/w at t = 0."
    wrongs = (Wrong("b * t / w", "That is 0 at t = 0, so that the first step moves nothing."), Wrong("b * (t + 1) / (w + 1)", HINTS["warmup-short-of-base"].hint),
              Wrong("b * (1 - t / w)", HINTS["warmup-backwards"].hint), Wrong("b / w", HINTS["warmup-flat"].hint))  # fmt: skip
    key = FormulaKey("b * (t + 1) / w", {"b": "base rate", "w": "warmup_steps", "t": "calls of step()"}, wrongs)
    return _item(
        "formula-ramp",
        "formula",
        "warm-up",
        "Write the rule",
        prompt,
        2.0,
        key,
        "b/w at t = 0 and b/w more at each call.",
    )


BLUEPRINT: Sequence[Callable[[Draw], Item]] = (
    _staircase, _ramp, _descent, _how_long, _which, _wrong_line, _places, _formula,
)  # fmt: skip
