"""Items on speed: steps against the cost of a step, ravines, the gain of momentum, the learning rate and the batch.

What depends on an update rule is computed by running the reference.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from autograder.model import Array, Item
from autograder.reference import updates

from .quiz_draw import HINTS, Draw, Make, listed, numeric

STEADY = 400  # steps after which a velocity has settled: 0.95^400 = 1e-9


# --------------------------------------------------------------------------------------------- steps × cost per step
def speedup(draw: Draw) -> Item:
    adam = draw.pick((50_000, 80_000, 100_000, 120_000))
    sgd = round(adam * draw.pick((1.25, 1.5, 2, 2.5, 3)))
    cost = draw.pick((1.1, 1.2, 1.3, 1.4, 1.5))
    value = sgd / (adam * cost)
    return numeric(
        "convergence", "Fewer steps, dearer steps",
        f"Adam reaches your target loss after {adam} steps, SGD after {sgd}. A step of Adam takes {cost:g} times as "
        "long as a step of SGD. By what factor is training with Adam faster? (Below 1 it is slower.)",
        value,
        [
            (sgd / adam, "You compared steps. A step of Adam also takes longer."),
            (sgd * cost / adam, "Dearer steps make Adam slower, not faster: the cost goes the other way."),
            (1 / value, "That is Adam's time as a part of SGD's. How many times faster is the inverse."),
            (1 / cost, "That compares one step with one step. How many does each need?"),
        ],
        f"SGD {sgd} × 1 = {sgd} units, Adam {adam} × {cost:g} = {adam * cost:g} units: {value:.4g}.",
    )  # fmt: skip


def break_even(draw: Draw) -> Item:
    adam = draw.pick((40_000, 60_000, 80_000, 100_000))
    sgd = round(adam * draw.pick((1.2, 1.4, 1.6, 1.8, 2.2)))
    return numeric(
        "convergence", "When do they tie?",
        f"Adam reaches your target after {adam} steps, SGD after {sgd}. How many times as long as a step of SGD may "
        "a step of Adam take so that both finish at the same time?",
        sgd / adam,
        [
            (adam / sgd, "That is the inverse: with fewer steps, each of Adam's may take longer."),
            ((sgd - adam) / adam, "That is how much longer it may take, not how many times as long."),
            ((sgd - adam) / sgd, "That is the part of the steps that Adam saves."),
        ],
        f"{adam} × c = {sgd} × 1, so c = {sgd / adam:.4g}.",
    )  # fmt: skip


def hours_saved(draw: Draw) -> Item:
    adam = draw.pick((60_000, 90_000, 120_000, 150_000))
    sgd = round(adam * draw.pick((1.5, 1.75, 2)))
    slow, fast = draw.pick(((240, 200), (360, 300), (420, 350), (300, 250)))
    ours, theirs = adam * slow / 3.6e6, sgd * fast / 3.6e6
    return numeric(
        "convergence", "Hours saved",
        f"To the same loss, Adam needs {adam} steps of {slow} ms, SGD {sgd} steps of {fast} ms. How much time does "
        "Adam save?",
        theirs - ours,
        [
            ((sgd - adam) * slow / 3.6e6, "You gave SGD the duration of Adam's steps."),
            ((sgd - adam) * fast / 3.6e6, "You gave Adam the duration of SGD's steps."),
            (theirs, "That is SGD's time; Adam's is to be taken off."),
            (ours, "That is Adam's time."),
            ((theirs - ours) * 60, "That is the number of minutes."),
        ],
        f"SGD {theirs:.4g} hours, Adam {ours:.4g} hours.",
        unit="hour",
    )  # fmt: skip


def fewer_steps(draw: Draw) -> Item:
    saved, dearer = draw.pick((25, 30, 35, 40, 45, 50)), draw.pick((20, 30, 50, 60, 80))
    value = (1 - saved / 100) * (1 + dearer / 100)
    return numeric(
        "convergence", "Per cent against per cent",
        f"Adam needs {saved} % fewer steps than SGD, and each of its steps takes {dearer} % longer. What is Adam's "
        "training time, as a fraction of SGD's? (Above 1 it is slower.)",
        value,
        [
            (1 - saved / 100 + dearer / 100,
             "Per cents of different things do not add: steps and their duration multiply."),
            (1 - saved / 100, "You left out that its steps take longer."),
            (1 / value, "That is how many times faster Adam is: the inverse."),
            ((1 - saved / 100) / (1 + dearer / 100), "Steps that take longer make the time longer, not shorter."),
        ],
        f"{1 - saved / 100:g} × {1 + dearer / 100:g} = {value:.4g}.",
    )  # fmt: skip


# ------------------------------------------------------------------------------------------------- how a rule moves
def largest_rate(draw: Draw) -> Item:
    steep, flat = draw.pick((16, 20, 25, 40, 50, 80)), draw.pick((0.5, 1, 2, 4))
    edge = _edge(np.array([steep, flat], dtype=float))
    return numeric(
        "convergence", "A ravine",
        f"The loss is ½·({steep}·x² + {flat:g}·y²): a ravine. Plain gradient descent diverges above a certain "
        "learning rate. Which?",
        edge,
        [
            (2 / flat, "That is the limit of the flat direction. The steep one gives way first."),
            (edge / 2, ("At that rate the steep coordinate lands on 0 in one step. It may overshoot and still "
                       "converge.")),
            (2 / (steep + flat), ("That is the rate at which both directions shrink equally fast; a larger one still "
                                 "converges.")),
            (2 * edge, "The derivative of ½·a·x² is a·x; you kept a half too many."),
        ],
        f"Each step multiplies x by 1 − lr·{steep}, which is below −1 as soon as lr > 2/{steep} = {edge:.4g}.",
    )  # fmt: skip


def _edge(curvatures: Array) -> float:
    """The rate from which on the reference's first step no longer makes every coordinate smaller, by bisection."""
    low, high = 0.0, 10.0
    for _ in range(60):  # 10 / 2^60: as exact as a float64 is
        middle = (low + high) / 2
        moved = updates.sgd(np.ones(2), lambda w: curvatures * w, lr=middle, steps=1)[-1]
        low, high = (middle, high) if np.abs(moved).max() < 1 else (low, middle)
    return (low + high) / 2


def gain(draw: Draw) -> Item:
    mu, lr, g = draw.pick((0.5, 0.75, 0.8, 0.9, 0.95)), draw.pick((0.01, 0.02, 0.05)), draw.pick((0.2, 0.4, 2, 3, 5))
    path = updates.sgd(np.zeros(1), np.full((STEADY, 1), g), lr=lr, momentum=mu)[:, 0]
    value = path[-2] - path[-1]
    return numeric(
        "convergence", "Top speed",
        f"SGD with lr = {lr:g} and momentum = {mu:g} is pushed by the same gradient {g:g} for a long time. How far "
        "does each step move the parameter in the end?",
        value,
        [
            (lr * g, HINTS["momentum-averaged"]),
            (lr * g * (1 + mu), "That is the second step. The velocity keeps growing for a while."),
            (lr * g / mu, "What limits the velocity is what it loses at each step, 1 − μ of it."),
            (value / lr, "That is the velocity; the step is lr times it."),
        ],
        f"The velocity settles where v = μv + g, so v = g/(1 − μ) = {g / (1 - mu):.4g}; the step is lr·v = "
        f"{value:.4g}.",
    )  # fmt: skip


def batch(draw: Draw) -> Item:
    small, times = draw.pick((32, 64, 128, 256)), draw.pick((2, 4, 8))
    lr, grows = draw.pick((0.001, 0.002, 0.01, 0.05)), draw.pick((True, False))
    old, new = (small, small * times) if grows else (small * times, small)
    value = lr * new / old
    return numeric(
        "convergence", "Batch size and learning rate",
        f"Training goes well with batches of {old} and a learning rate of {lr:g}. You change to batches of {new}. "
        "Which learning rate does the linear scaling rule suggest?",
        value,
        [
            (lr, "Larger batches give less noisy gradients and allow larger steps: the rule changes the rate."),
            (lr * old / new, "The other way round: the learning rate grows with the batch."),
            (lr * (new / old) ** 0.5, "That is the square-root rule. The linear one is asked for."),
        ],
        f"The rate grows with the batch: {lr:g} × {new}/{old} = {value:.4g}. It is a heuristic, good up to a few "
        "thousand samples per batch.",
    )  # fmt: skip


def slow_direction(draw: Draw) -> Item:
    steep, ratio, steps = draw.pick((4, 10, 20)), draw.pick((10, 20, 40)), draw.pick((5, 10, 15))
    curvatures = np.array([steep, steep / ratio])
    lr = 1 / steep
    value = updates.sgd(np.ones(2), lambda w: curvatures * w, lr=lr, steps=steps)[-1, 1]
    return numeric(
        "convergence", "Along the valley",
        f"The loss is ½·({steep}·x² + {steep / ratio:g}·y²), you start at x = y = 1, and plain gradient descent with "
        f"lr = {lr:g} brings x to 0 in one step. What is y after {steps} steps?",
        value,
        [
            (1 - lr * steps * steep / ratio, "Each step takes a part of what is left, not of the start."),
            (1 - lr * steep / ratio, "That is after one step."),
            ((1 - lr) ** steps, "The gradient along y is the curvature along y times y; it came out as y."),
            ((1 + lr * steep / ratio) ** steps, HINTS["sgd-ascent"]),
        ],
        f"Each step multiplies y by 1 − lr·{steep / ratio:g}: {listed([1 - 1 / ratio])} to the power {steps}. A rate "
        "that suits the steep direction is slow along the valley; that is what momentum is for.",
    )  # fmt: skip


CONVERGENCE: Mapping[str, Make] = {
    "convergence-speedup": speedup,
    "convergence-break-even": break_even,
    "convergence-hours": hours_saved,
    "convergence-fewer-steps": fewer_steps,
    "ravine-largest-rate": largest_rate,
    "ravine-slow-direction": slow_direction,
    "momentum-gain": gain,
    "batch-scaling": batch,
}
