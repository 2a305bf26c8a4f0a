"""Items "θ after step 2": golden by reference/updates.py, wrong answers by the family with a misconception switched on.

`outcome` is also what other items use to ask the family about one parameter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from autograder.model import Item
from autograder.reference import family, updates

from .course import ParameterRun, hyperparameters, lay_out
from .misconceptions import MISCONCEPTIONS
from .predict import RIGHT
from .quiz_draw import HINTS, Draw, Make, listed, numeric

CHANGES = {m.id: m.changes for m in MISCONCEPTIONS}
LEAST = 3  # wrong answers, so that an item can be exported as a choice of four
FIGURES = 4
REMARKS = {  # what a prompt says so that there is one answer
    "SGD": "",
    "Adam": " ε is too small to matter.",
    "AdamW": " As in the course, decay follows the Adam step. ε is too small to matter.",
}
DECAY_FIRST = (
    "You decayed before the Adam step, as PyTorch does. That is decoupled too, but here decay follows the step."
)


def outcome(
    name: str,
    kwargs: Mapping[str, Any],
    start: float,
    grads: Sequence[float | None],
    beliefs: Sequence[str],
    rates: Mapping[int, float] | None = None,
) -> list[float]:
    """The end of one parameter by each misconception; None is a missing gradient, `rates` the lr from a step on."""
    spec = {
        "kwargs": kwargs,
        "absent": [[t, 0] for t, g in enumerate(grads) if g is None],
        "set": {str(t): {"lr": lr} for t, lr in (rates or {}).items()},
    }
    course = np.array([[0.0 if g is None else g] for g in grads])
    run = ParameterRun("p0", np.array([start]), course, spec, (0, 1), list(range(len(grads) + 1)))
    found = family.simulate(RIGHT[name], lay_out(name, [run]), [CHANGES[belief] for belief in beliefs])
    return [float(value) for value in found[:, -1, 0]]


def golden(
    name: str,
    kwargs: Mapping[str, Any],
    start: float,
    grads: Sequence[float | None],
    rates: Mapping[int, float] | None = None,
    *,
    decay_first: bool = False,
) -> float:
    """The end of it by the reference: the papers' rules, not the family."""
    hyper = hyperparameters(name, {"kwargs": kwargs})
    lr, sizes = hyper["lr"], []
    for t in range(len(grads)):
        lr = (rates or {}).get(t, lr)
        sizes.append([lr])
    course = np.array([[0.0 if g is None else g] for g in grads])
    present = np.array([[g is not None] for g in grads])
    if name == "SGD":
        path = updates.sgd(
            [start], course, lr=sizes, momentum=hyper["mu"], weight_decay=hyper["decay"], present=present
        )
    else:
        rule = updates.adam if name == "Adam" else partial(updates.adamw, decay_first=decay_first)
        path = rule(
            [start], course, lr=sizes, beta1=hyper["b1"], beta2=hyper["b2"], eps=hyper["eps"],
            weight_decay=hyper["decay"], present=present,
        )  # fmt: skip
    return float(path[-1, 0])


def _predict(
    title: str,
    name: str,
    kwargs: Mapping[str, Any],
    start: float,
    grads: Sequence[float | None],
    beliefs: Sequence[str],
    rates: Mapping[int, float] | None = None,
) -> Item:
    given = ", ".join(f"{key}={value}" for key, value in kwargs.items())
    shown = [
        f"the gradient is {listed([g])}" if g is not None else "there is no gradient (`grad` is None)" for g in grads
    ]
    told = "; ".join(f"in step {t + 1} {what}" for t, what in enumerate(shown))
    change = "".join(f" Before step {t + 1} you set `lr` to {lr:g}." for t, lr in (rates or {}).items())
    small = REMARKS[name]
    after = [golden(name, kwargs, start, grads[: t + 1], rates) for t in range(len(grads))]
    values = list(zip(outcome(name, kwargs, start, grads, beliefs, rates), (HINTS[b] for b in beliefs), strict=True))
    if name == "AdamW":
        values.append((golden(name, kwargs, start, grads, rates, decay_first=True), DECAY_FIRST))
    return numeric(
        "prediction", title,
        f"A parameter starts at θ = {listed([start])} and is moved by `{name}(params, {given})`: "
        f"{told}.{change}{small} What is θ after step {len(grads)}?",
        after[-1], values,
        "; ".join(f"after step {t + 1}: θ = {value:.6g}" for t, value in enumerate(after)) + ".",
        figures=FIGURES, kind="prediction", least=LEAST,
    )  # fmt: skip


def _numbers(draw: Draw) -> tuple[float, list[float]]:
    """A start and two gradients of different size."""
    first, second = draw.some((1.0, 2.0, 3.0, 4.0, -1.0, -2.0), 2)
    return draw.pick((1.0, 2.0, -1.0, 3.0)), [first, second]


def plain(draw: Draw) -> Item:
    start, grads = _numbers(draw)
    lr = draw.pick((0.1, 0.2, 0.05))
    later = {1: draw.pick((lr / 2, lr / 5, lr * 2))}
    beliefs = (
        "sgd-lr-frozen",
        "sgd-ascent",
        "sgd-lr-over-t",
        "sgd-sign",
        "sgd-replaces",
        "sgd-no-lr",
        "sgd-lr-squared",
    )
    return _predict("SGD, two steps and a schedule", "SGD", {"lr": lr}, start, grads, beliefs, later)


def momentum(draw: Draw) -> Item:
    start, grads = _numbers(draw)
    kwargs = {"lr": draw.pick((0.1, 0.2)), "momentum": draw.pick((0.5, 0.8, 0.9))}
    beliefs = ("momentum-averaged", "momentum-ignored", "momentum-nesterov", "momentum-stale", "momentum-undamped",
               "momentum-added", "momentum-one-minus")  # fmt: skip
    return _predict("SGD with momentum", "SGD", kwargs, start, grads, beliefs)


def momentum_schedule(draw: Draw) -> Item:
    start, grads = _numbers(draw)
    lr = draw.pick((0.1, 0.2))
    kwargs = {"lr": lr, "momentum": draw.pick((0.5, 0.8, 0.9))}
    beliefs = ("momentum-lr-inside", "sgd-lr-frozen", "momentum-averaged", "momentum-ignored", "momentum-nesterov")
    return _predict("Momentum and a changed learning rate", "SGD", kwargs, start, grads, beliefs, {1: lr / 10})


def l2(draw: Draw) -> Item:
    start, grads = _numbers(draw)
    kwargs = {
        "lr": draw.pick((0.1, 0.2)),
        "momentum": draw.pick((0.5, 0.9)),
        "weight_decay": draw.pick((0.1, 0.2, 0.5)),
    }
    beliefs = ("l2-missing", "l2-decoupled", "l2-after-velocity", "l2-without-momentum", "l2-doubled", "l2-negative",
               "l2-times-lr", "momentum-averaged")  # fmt: skip
    return _predict("SGD with momentum and weight decay", "SGD", kwargs, start, grads, beliefs)


def skipped(draw: Draw) -> Item:
    start, grads = _numbers(draw)
    kwargs = {
        "lr": draw.pick((0.1, 0.2)),
        "momentum": draw.pick((0.5, 0.9)),
        "weight_decay": draw.pick((0.1, 0.2, 0.5)),
    }
    beliefs = ("sgd-none-coasts", "l2-missing", "l2-decoupled", "l2-negative", "momentum-ignored", "sgd-ascent")
    return _predict("A missing gradient", "SGD", kwargs, start, [grads[0], None], beliefs)


BETAS = ((0.5, 0.75), (0.8, 0.9), (0.6, 0.9), (0.9, 0.99))


def adam(draw: Draw) -> Item:
    start, grads = _numbers(draw)
    kwargs = {"lr": draw.pick((0.1, 0.2)), "betas": draw.pick(BETAS)}
    beliefs = ("correction-missing", "correction-m-missing", "correction-v-missing", "root-missing", "direction-raw",
               "correction-no-power", "first-sum", "betas-exchanged", "second-sum")  # fmt: skip
    return _predict("Adam, two steps", "Adam", kwargs, start, grads, beliefs)


def adam_l2(draw: Draw) -> Item:
    start, grads = _numbers(draw)
    kwargs = {"lr": draw.pick((0.1, 0.2)), "betas": draw.pick(BETAS), "weight_decay": draw.pick((0.5, 1.0))}
    beliefs = ("adam-decay-missing", "adam-decay-decoupled", "adam-decay-both", "adam-decay-negative",
               "adam-decay-without-lr", "correction-missing")  # fmt: skip
    return _predict("Adam with weight decay", "Adam", kwargs, start, grads, beliefs)


def adamw(draw: Draw) -> Item:
    start, grads = _numbers(draw)
    kwargs = {"lr": draw.pick((0.1, 0.2)), "betas": draw.pick(BETAS), "weight_decay": draw.pick((0.1, 0.2, 0.5))}
    beliefs = ("adamw-coupled", "adamw-missing", "adamw-without-lr", "adamw-both", "adamw-grows", "correction-missing",
               "adamw-over-root")  # fmt: skip
    return _predict("AdamW, two steps", "AdamW", kwargs, start, grads, beliefs)


PREDICTION: Mapping[str, Make] = {
    "predict-sgd": plain,
    "predict-momentum": momentum,
    "predict-momentum-schedule": momentum_schedule,
    "predict-l2": l2,
    "predict-skipped": skipped,
    "predict-adam": adam,
    "predict-adam-l2": adam_l2,
    "predict-adamw": adamw,
}
