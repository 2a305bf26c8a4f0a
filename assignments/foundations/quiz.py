"""The quiz: keys computed from the reference, distractors from the misconceptions, with their hints.

Each slot of the blueprint is about one idea; its templates are of one kind and worth the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from autograder.model import Array, ChoiceKey, FormulaKey, Item, MatrixKey, NumericKey, Option, OrderKey, Wrong

from . import family, rules
from .misconceptions import MISCONCEPTIONS
from .wrong_lines import listing

Draw = np.random.Generator
BY_ID = {m.id: m for m in MISCONCEPTIONS}
APART = 0.02  # of the right answer: nearer distractors would be taken for it
FIGURES = 3


def quiz(seed: int) -> tuple[Item, ...]:
    """The quiz of this variant: one item from each slot. The same seed always gives the same one."""
    draws = [np.random.default_rng([seed, number]) for number in range(len(BLUEPRINT))]
    return tuple(slot[int(draw.integers(len(slot)))](draw) for slot, draw in zip(BLUEPRINT, draws, strict=True))


# ------------------------------------------------------------------------------------------------------- helpers
def _wrongs(value: float, beliefs: Sequence[str], answer: Callable[[Mapping[str, str]], float]) -> tuple[Wrong, ...]:
    """The answers of these beliefs, where they are numbers and can be told from the key and from the others."""
    kept: list[Wrong] = []
    for name in beliefs:
        with np.errstate(all="ignore"):
            wrong = answer(BY_ID[name].changes)
        known = [value, *(float(w.value) for w in kept)]
        if np.isfinite(wrong) and all(abs(wrong - other) > APART * abs(value) for other in known):
            kept.append(Wrong(wrong, BY_ID[name].hint))
    return tuple(kept)


def _numeric(
    name: str, idea: str, title: str, prompt: str, value: float, wrong: tuple[Wrong, ...], solution: str
) -> Item:
    return Item(name, "numeric", idea, title, f"{prompt} Give {FIGURES} significant figures.", 1.0,
                NumericKey(value, "", FIGURES, wrong), solution)  # fmt: skip


def _choice(
    draw: Draw, name: str, idea: str, title: str, prompt: str, right: str, wrong: Mapping[str, str], solution: str
) -> Item:
    """One right option and wrong ones with their reasons, in drawn order."""
    texts = [str(text) for text in draw.permutation([right, *wrong])]
    options = tuple(
        Option(letter, t, t == right, wrong.get(t, solution)) for letter, t in zip("abcdef", texts, strict=False)
    )
    return Item(name, "choice", idea, title, prompt, 1.0, ChoiceKey(options), solution)


def _listed(x: Array) -> str:
    return "(" + ", ".join(f"{v:g}" for v in np.ravel(x)) + ")"


def _logits(draw: Draw, classes: int = 3) -> Array:
    """Different numbers between −1 and 2.5, in steps of a half: easy to type, and no two alike."""
    return np.asarray(draw.permutation(np.arange(-1.0, 3.0, 0.5))[:classes])


# -------------------------------------------------------------------------------------------------- 1: activations
def _of_one(draw: Draw, name: str, beliefs: Sequence[str], how: str) -> Item:
    x = np.array([float(draw.choice([0.5, 0.8, 1.2, 1.5])) * float(draw.choice([-1.0, 1.0]))])
    value = float(rules.ACTIVATIONS[name](x)[0])
    wrong = _wrongs(value, beliefs, lambda changes: float(family.apply(name, changes, x)[0]))
    return _numeric(f"value-{name.lower()}", "activations", f"{name} by hand", f"What does {name} return for x = {x[0]:g}?",
                    value, wrong, f"{how} For x = {x[0]:g} that is {value:.4g}.")  # fmt: skip


def _of_sigmoid(draw: Draw) -> Item:
    return _of_one(
        draw,
        "Sigmoid",
        ("sigmoid-sign", "sigmoid-derivative", "sigmoid-tanh", "sigmoid-base-two", "sigmoid-without-one"),
        "1 / (1 + e^−x).",
    )


def _of_tanh(draw: Draw) -> Item:
    return _of_one(
        draw,
        "Tanh",
        ("tanh-sigmoid", "tanh-half-slope", "tanh-derivative", "tanh-numerator"),
        "(e^x − e^−x) / (e^x + e^−x).",
    )


def _of_gelu(draw: Draw) -> Item:
    item = _of_one(draw, "GELU", ("gelu-without-x", "gelu-slope-divided", "gelu-slope-of-x"), "x · σ(1.702x).")
    return Item(**{**item.__dict__, "prompt": item.prompt.replace("GELU return", "GELU(x) = x · σ(1.702x) return")})


# ------------------------------------------------------------------------------------------------------ 2: softmax
def _probability(draw: Draw) -> Item:
    x, at = _logits(draw), int(draw.integers(3))
    value = float(rules.softmax(x)[at])
    beliefs = (
        "softmax-without-exponential",
        "softmax-not-divided",
        "softmax-divided-by-mean",
        "softmax-base-two",
        "softmax-negated",
        "softmax-squares",
    )
    wrong = _wrongs(value, beliefs, lambda changes: float(family.apply("Softmax", changes, x)[at]))
    return _numeric("softmax-probability", "softmax", "One probability", f"The logits are {_listed(x)}. What is the softmax probability of class {at}? (Classes are counted from 0.)",
                    value, wrong, f"e^{x[at]:g} divided by the sum of all e^x: {value:.4g}.")  # fmt: skip


def _ratio(draw: Draw) -> Item:
    gap = float(draw.choice([1.0, 1.5, 2.0]))
    value = float(np.exp(gap))
    wrong = (
        Wrong(gap, "That is how far the logits are apart. Probabilities come from e to the logits."),
        Wrong(2.0**gap, BY_ID["softmax-base-two"].hint),
    )
    return _numeric("softmax-ratio", "softmax", "Two probabilities", f"One logit is {gap:g} larger than another. How many times as large is its softmax probability?",
                    value, wrong, f"The sum cancels in the ratio: e^{gap:g} = {value:.4g}.")  # fmt: skip


def _log_probability(draw: Draw) -> Item:
    x, at = _logits(draw), int(draw.integers(3))
    value = float(rules.log_softmax(x)[at])
    beliefs = (
        "log-softmax-base-ten",
        "log-softmax-without-logarithm",
        "log-softmax-shift-only",
        "log-softmax-negated",
        "log-softmax-sum-of-x",
    )
    wrong = _wrongs(value, beliefs, lambda changes: float(family.apply("log_softmax", changes, x)[at]))
    return _numeric("log-probability", "softmax", "One log-probability", f"The logits are {_listed(x)}. What is the log-softmax of class {at}?",
                    value, wrong, f"{x[at]:g} − log Σ e^x = {value:.4g}.")  # fmt: skip


# ------------------------------------------------------------------------------------------------------- 3: losses
def _loss_of_row(draw: Draw) -> Item:
    x, target = _logits(draw), int(draw.integers(3))
    value = rules.cross_entropy(x[None], np.array([target]))
    beliefs = (
        "cross-entropy-softmax-twice",
        "cross-entropy-prediction",
        "cross-entropy-everything",
        "cross-entropy-sign",
        "log-softmax-base-ten",
        "log-softmax-without-logarithm",
    )
    wrong = _wrongs(
        value, beliefs, lambda changes: family.loss("CrossEntropyLoss", changes, x[None], np.array([target]))
    )
    return _numeric("cross-entropy-row", "losses", "The loss of one row", f"The logits are {_listed(x)} and the target is class {target} (counted from 0). What is the cross-entropy loss?",
                    value, wrong, f"−log of the target's probability: {value:.4g}.")  # fmt: skip


def _loss_of_mse(draw: Draw) -> Item:
    targets = np.asarray(draw.permutation([1.0, 2.0, 3.0]))
    predictions = targets + np.asarray(draw.permutation([0.5, -1.0, 2.0]))
    value = rules.mse(predictions, targets)
    beliefs = ("mse-sum", "mse-half", "mse-root", "mse-absolute", "mse-not-squared", "mse-square-of-mean")
    wrong = _wrongs(value, beliefs, lambda changes: family.loss("MSELoss", changes, predictions, targets))
    return _numeric("mse-three", "losses", "A mean squared error", f"Predictions {_listed(predictions)}, targets {_listed(targets)}. What is the mean squared error?",
                    value, wrong, f"The squares of the differences, averaged: {value:.4g}.")  # fmt: skip


def _loss_without_knowledge(draw: Draw) -> Item:
    classes = int(draw.choice([5, 10, 20, 100]))
    value = float(np.log(classes))
    wrong = (
        Wrong(float(np.log10(classes)), BY_ID["log-softmax-base-ten"].hint),
        Wrong(1 / classes, BY_ID["log-softmax-without-logarithm"].hint),
        Wrong(float(np.log2(classes)), BY_ID["log-softmax-base-two"].hint),
    )
    return _numeric("cross-entropy-start", "losses", "Before any training", f"A network with {classes} classes gives every class the same logit. What is its cross-entropy loss?",
                    value, wrong, f"Every class has probability 1/{classes}, so the loss is log {classes} = {value:.4g}.")  # fmt: skip


# ---------------------------------------------------------------------------------------------------- 4: stability
def _what_overflows(draw: Draw) -> Item:
    x = float(draw.choice([1000.0, 2000.0, 5000.0]))
    return _choice(draw, "stability-softmax", "large numbers", "Softmax of large logits",
                   f"e^x / Σe^x is computed as it stands, for the logits ({x:g}, 0). What comes out for the first class?",
                   "nan", {"1": "That is right in mathematics. But e^x is infinite for a computer here, and ∞ / ∞ is no number.",
                           "inf": "Above the line there is ∞, but below it too.",
                           "0": "Zero comes out for the second class: a number divided by ∞."},
                   "e^x is infinite above and below the line, and ∞ / ∞ is nan.")  # fmt: skip


def _what_helps(draw: Draw) -> Item:
    x = np.asarray(draw.permutation([1000.0, 800.0, -200.0]))
    return _choice(draw, "stability-shift", "large numbers", "What helps",
                   f"Softmax of the logits {_listed(x)} overflows. Which of these gives the right probabilities, without an overflow?",
                   "taking the largest logit away from all", {
                       "dividing all by the largest logit": BY_ID["softmax-divided-by-largest"].hint,
                       "adding 10⁻⁷ to the sum": "The sum is infinite; a small number changes nothing.",
                       "computing in float64 in place of float32": "e^1000 is too large for float64 as well.",
                   }, "Softmax does not change when the same number is taken away from all logits, and then no power is above 1.")  # fmt: skip


def _what_underflows(draw: Draw) -> Item:
    gap = float(draw.choice([800.0, 1000.0, 1500.0]))
    return _choice(draw, "stability-log", "large numbers", "The logarithm of softmax",
                   f"A stable softmax of the logits ({gap:g}, 0) is computed, then its logarithm. What comes out for the second class?",
                   "-inf", {f"-{gap:g}": "That is right in mathematics, and what log-softmax gives. But the probability was rounded to 0 before.",
                            "nan": "No ∞ / ∞ here: softmax is stable, and gives 0 for this class.",
                            "-16.1": BY_ID["log-softmax-kept-above-zero"].hint},
                   "e to that is rounded to 0, and log 0 is −∞. x − log Σ e^x keeps the number.")  # fmt: skip


# ------------------------------------------------------------------------------------------------- 5: which mistake
def _which(draw: Draw, name: str, beliefs: Sequence[str], x: Array, show: Callable[[Mapping[str, str]], str]) -> Item:
    """Somebody's numbers: which mistake made them."""
    kept: dict[str, str] = {}
    for belief in draw.permutation(list(beliefs)):
        with np.errstate(all="ignore"):
            text = show(BY_ID[str(belief)].changes)
        if text not in (show({}), *kept.values()):
            kept[str(belief)] = text
    names = list(kept)[:4]
    right = names[0]
    wrong = {BY_ID[n].title: f"With that mistake it would be {kept[n]}." for n in names[1:]}
    return _choice(draw, f"mistake-{name.lower()}", "reading numbers", "Which mistake is it?",
                   f"For {_listed(x)}, {name} should return {show({})}. Somebody's returns {kept[right]}. Which mistake is it?",
                   BY_ID[right].title, wrong, BY_ID[right].hint)  # fmt: skip


def _shown(values: Array) -> str:
    return "(" + ", ".join(f"{v:.3f}" for v in np.round(np.ravel(values), 9)) + ")"


def _mistake_in_softmax(draw: Draw) -> Item:
    x = _logits(draw)
    beliefs = (
        "softmax-not-divided",
        "softmax-divided-by-mean",
        "softmax-negated",
        "softmax-base-two",
        "softmax-squares",
        "softmax-lengths",
    )
    return _which(draw, "Softmax", beliefs, x, lambda changes: _shown(family.apply("Softmax", changes, x)))


def _mistake_in_sigmoid(draw: Draw) -> Item:
    x = np.array([-2.0, 0.5, 1.0]) * float(draw.choice([1.0, 1.5]))
    beliefs = (
        "sigmoid-sign",
        "sigmoid-derivative",
        "sigmoid-tanh",
        "sigmoid-half-slope",
        "sigmoid-base-two",
        "sigmoid-straight",
    )
    return _which(draw, "Sigmoid", beliefs, x, lambda changes: _shown(family.apply("Sigmoid", changes, x)))


def _mistake_in_relu(draw: Draw) -> Item:
    x = np.array([-2.0, 8.0, -0.5]) * float(draw.choice([1.0, 2.0]))
    beliefs = (
        "relu-absolute",
        "relu-leaky",
        "relu-other-half",
        "relu-negated",
        "relu-derivative",
        "relu-capped",
        "relu-identity",
    )
    return _which(draw, "ReLU", beliefs, x, lambda changes: _shown(family.apply("ReLU", changes, x)))


# --------------------------------------------------------------------------------------------------- 6: wrong lines
def _wrong_line(draw: Draw, names: Sequence[str]) -> Item:
    name = str(draw.choice(list(names)))
    lines, number = listing(name)
    told = "\n".join(f"{n:2}  {line}" for n, line in enumerate(lines, start=1))
    options = tuple(
        Option(str(n), line, n == number, BY_ID[name].hint if n == number else "This line is right.")
        for n, line in enumerate(lines, start=1)
    )
    return Item(f"line-{name}", "line", "reading code", "One wrong line", f"One line of this code is wrong. Which?\n\n```\n{told}\n```",
                1.0, ChoiceKey(options), BY_ID[name].hint)  # fmt: skip


def _line_of_softmax(draw: Draw) -> Item:
    return _wrong_line(
        draw, ("softmax-overflows", "softmax-divided-by-mean", "softmax-divided-by-largest", "softmax-not-divided")
    )


def _line_of_log_softmax(draw: Draw) -> Item:
    return _wrong_line(
        draw, ("log-softmax-shift-only", "log-softmax-shift-left-out", "log-softmax-sum-without-logarithm")
    )


def _line_of_loss(draw: Draw) -> Item:
    return _wrong_line(
        draw, ("cross-entropy-sum", "cross-entropy-sign", "cross-entropy-prediction", "cross-entropy-first-target")
    )


# -------------------------------------------------------------------------------------------------- 7: what is what
RANGES: Mapping[str, str] = {"ReLU": "[0, ∞)", "Sigmoid": "(0, 1)", "Tanh": "(−1, 1)", "GELU": "from about −0.17 up"}


def _ranges(draw: Draw) -> Item:
    rows = [str(name) for name in draw.permutation(list(RANGES))]
    return Item("ranges", "matrix", "activations", "What can come out", "Which numbers can come out of each activation?", 2.0,
                MatrixKey(tuple(rows), tuple(RANGES.values()), RANGES), "ReLU cuts at 0, the sigmoid lies between 0 and 1, tanh between −1 and 1, and GELU dips a little below 0.")  # fmt: skip


def _at_zero(draw: Draw) -> Item:
    values = {name: f"{float(rule(np.array([0.0]))[0]):g}" for name, rule in rules.ACTIVATIONS.items()}
    large = {
        f"{name} of a large x": "x" if name in ("ReLU", "GELU") else "1" for name in ("ReLU", "Sigmoid", "Tanh", "GELU")
    }
    asked = {f"{name} of 0": values[name] for name in ("Sigmoid", "Tanh")} | {
        k: large[k] for k in draw.permutation(list(large))[:2]
    }
    return Item("at-zero", "matrix", "activations", "At 0 and far from it", "What comes out, to good approximation?", 2.0,
                MatrixKey(tuple(asked), ("0", "0.5", "1", "x"), asked), "σ(0) = ½ and tanh 0 = 0; far from 0 the first two go to 1 and the others follow x.")  # fmt: skip


# ----------------------------------------------------------------------------------------------------- 8: formulas
def _slope_of_sigmoid(_draw: Draw) -> Item:
    return Item("formula-sigmoid", "formula", "activations", "Sigmoid from tanh", "Write σ(x) = 1 / (1 + e^−x) with the hyperbolic tangent of x/2, which is called `t` here.", 2.0,
                FormulaKey("(1 + t)/2", {"t": "tanh(x/2)"}, (Wrong("1 + t", "At x = 0, where t = 0, a sigmoid is ½."), Wrong("t", "t lies between −1 and 1, a sigmoid between 0 and 1."))),
                "t goes from −1 to 1; half of 1 + t goes from 0 to 1.")  # fmt: skip


def _log_of_ratio(_draw: Draw) -> Item:
    return Item("formula-log-softmax", "formula", "softmax", "Log-softmax", "Two classes have the logits a and b. Write the log-softmax of the first one.", 2.0,
                FormulaKey("a - log(exp(a) + exp(b))", {"a": "the first logit", "b": "the second logit"},
                           (Wrong("a - log(a + b)", "The sum is of e to the logits."), Wrong("exp(a)/(exp(a) + exp(b))", BY_ID["log-softmax-without-logarithm"].hint), Wrong("a - (a + b)", BY_ID["log-softmax-sum-of-x"].hint))),
                "The logarithm of e^a / (e^a + e^b) is a minus the logarithm of the sum.")  # fmt: skip


# ----------------------------------------------------------------------------------------------------- 9: in order
def _order(name: str, title: str, steps: Sequence[str], draw: Draw, solution: str) -> Item:
    letters = [str(letter) for letter in draw.permutation(list("abcdef"[: len(steps)]))]
    entries = dict(sorted(zip(letters, steps, strict=True)))
    return Item(
        name, "ordering", "softmax", title, "Put the steps in order.", 1.0, OrderKey(entries, tuple(letters)), solution
    )


def _order_of_softmax(draw: Draw) -> Item:
    return _order("order-softmax", "A stable softmax", ("find the largest logit of each row", "take it away from the row", "raise e to the result", "sum along the row", "divide by the sum"), draw,
                  "The shift comes before the exponential, the division last.")  # fmt: skip


def _order_of_loss(draw: Draw) -> Item:
    return _order("order-cross-entropy", "A cross-entropy", ("take the logits of the batch", "take their log-softmax along each row", "pick the target's entry of each row", "average over the batch and change the sign"), draw,
                  "Log-softmax needs the whole row, so it comes before anything is picked.")  # fmt: skip


BLUEPRINT: Sequence[Sequence[Callable[[Draw], Item]]] = (
    (_of_sigmoid, _of_tanh, _of_gelu),
    (_probability, _ratio, _log_probability),
    (_loss_of_row, _loss_of_mse, _loss_without_knowledge),
    (_what_overflows, _what_helps, _what_underflows),
    (_mistake_in_softmax, _mistake_in_sigmoid, _mistake_in_relu),
    (_line_of_softmax, _line_of_log_softmax, _line_of_loss),
    (_ranges, _at_zero),
    (_slope_of_sigmoid, _log_of_ratio),
    (_order_of_softmax, _order_of_loss),
)
