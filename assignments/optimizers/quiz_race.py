"""Items that only running can answer: who reaches a target first, which learning rate, which scale.

Every key is read off the reference's own run on a small quadratic loss; students may run their own optimizers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np

from autograder.model import Array, Item
from autograder.reference import updates

from .quiz_draw import Degenerate, Draw, Make, choice

STEPS = 150  # long enough for the winner, short enough to draw again: one run takes a few milliseconds
CLEARLY = 0.75  # the winner needs at most this part of the second's steps: no photo finish

Runner = Callable[..., Array]


def steps_to(run: Runner, curvatures: Array, start: Array, fraction: float, steps: int = STEPS) -> int | None:
    """After how many steps the loss ½·Σ cᵢ·wᵢ² is below this part of where it began; None if it never is."""
    with np.errstate(over="ignore", invalid="ignore"):  # what diverges is told by its steps
        path = run(start, lambda w: curvatures * w, steps=steps)
        losses = (curvatures * path**2).sum(1) / (curvatures * start**2).sum()
    below = np.flatnonzero(losses < fraction)
    return int(below[0]) + 1 if below.size else None


def _took(steps: int | None, limit: int = STEPS) -> str:
    return f"does not get there within {limit} steps" if steps is None else f"gets there after {steps} steps"


def _loss(curvatures: Array) -> str:
    return "½·(" + " + ".join(f"{c:g}·{name}²" for c, name in zip(curvatures, "xy", strict=False)) + ")"


def _first(steps: Mapping[str, int | None]) -> str:
    """The name of the one that clearly arrives first.

    Raises:
        Degenerate: nobody, or two at nearly the same time.
    """
    arrived = sorted((count, name) for name, count in steps.items() if count is not None)
    if not arrived or (len(arrived) > 1 and arrived[0][0] > CLEARLY * arrived[1][0]):
        raise Degenerate
    return arrived[0][1]


def ravine(draw: Draw) -> Item:
    curvatures = np.array([draw.pick((20.0, 50.0, 100.0)), draw.pick((0.5, 1.0, 2.0))])
    start, percent = np.array([1.0, draw.pick((1.0, 5.0, 10.0))]), draw.pick((1, 5))
    rate = draw.pick((0.5, 1.0, 1.5)) / curvatures[0]
    heavy, own = draw.pick((0.5, 0.9)), draw.pick((0.05, 0.1, 0.5, 1.0))
    runners = {
        f"plain SGD, lr = {rate:g}": partial(updates.sgd, lr=rate),
        f"SGD, lr = {rate:g}, momentum = {heavy:g}": partial(updates.sgd, lr=rate, momentum=heavy),
        f"Adam, lr = {own:g}": partial(updates.adam, lr=own),
    }
    return _race(draw, "A race in a ravine", curvatures, start, percent / 100, runners)


def rates(draw: Draw) -> Item:
    name = draw.pick(("plain SGD", "SGD with momentum 0.9", "Adam"))
    rule: Runner = updates.adam if name == "Adam" else updates.sgd
    if name == "SGD with momentum 0.9":
        rule = partial(updates.sgd, momentum=0.9)
    curvatures, start = (
        np.array([draw.pick((4.0, 5.0, 8.0, 10.0)), draw.pick((1.0, 2.0))]),
        np.array([1.0, draw.pick((1.0, 2.0, 3.0))]),
    )
    base = draw.pick((0.01, 0.02, 0.03, 0.04, 0.05))
    runners = {f"lr = {base * factor:g}": partial(rule, lr=base * factor) for factor in (0.2, 1, 4, 20)}
    return _race(draw, f"Which learning rate? ({name})", curvatures, start, 0.01, runners)


def _race(
    draw: Draw, title: str, curvatures: Array, start: Array, fraction: float, runners: Mapping[str, Runner]
) -> Item:
    steps = {name: steps_to(run, curvatures, start, fraction) for name, run in runners.items()}
    first = _first(steps)
    told = {name: f"{name} {_took(count)}." for name, count in steps.items()}
    wrong = [(name, told[name]) for name in runners if name != first]
    wrong.append((f"none of them within {STEPS} steps", "One does. Run each, or follow the slowest direction by hand."))
    return choice(
        draw, "convergence", title,
        f"The loss is {_loss(curvatures)}, the start x = {start[0]:g}, y = {start[1]:g}. Which brings the loss below "
        f"{100 * fraction:g} % of its first value in the fewest steps? You may run your own optimizers.",
        (first, told[first]), wrong, " ".join(told.values()),
    )  # fmt: skip


def sensitivity(draw: Draw) -> Item:
    """Two optimizers that both arrive, then one learning rate for both is changed by a factor."""
    curvature, factor, limit = draw.pick((2.0, 4.0, 8.0)), draw.pick((10, 5, 0.1, 0.05)), draw.pick((100, 120))
    curvatures, start = np.array([curvature, curvature / 4]), np.array([1.0, 1.0])
    tuned = {"SGD": draw.pick((0.5, 1.0)) / curvature, "Adam": draw.pick((0.05, 0.1))}
    rules: Mapping[str, Runner] = {"SGD": updates.sgd, "Adam": updates.adam}

    def arrival(times: float) -> dict[str, int | None]:
        return {n: steps_to(partial(rules[n], lr=tuned[n] * times), curvatures, start, 0.02, limit) for n in rules}

    before, after = arrival(1), arrival(factor)
    if None in before.values():
        raise Degenerate
    told = "; ".join(f"{n} {_took(after[n], limit)}" for n in rules)
    texts = {(True, True): "both", (True, False): "SGD only", (False, True): "Adam only", (False, False): "neither"}
    outcome = texts[after["SGD"] is not None, after["Adam"] is not None]
    return choice(
        draw, "convergence", "How sensitive?",
        f"The loss is {_loss(curvatures)}, the start x = y = 1. SGD with lr = {tuned['SGD']:g} and Adam with lr = "
        f"{tuned['Adam']:g} both bring it below 2 % within {limit} steps. Now you multiply both learning rates by "
        f"{factor:g}. Which still get there within {limit} steps? You may run your own optimizers.",
        (outcome, f"With the new rates: {told}."),
        [(text, f"With the new rates: {told}.") for text in texts.values() if text != outcome],
        f"With the new rates: {told}. An Adam step is about lr long whatever the slope; an SGD step grows with the "
        "slope and diverges where lr × curvature > 2.",
    )  # fmt: skip


def scales(draw: Draw) -> Item:
    times, g, lr = draw.pick((10, 100, 1000)), draw.pick((0.001, 0.01, 0.02)), draw.pick((0.001, 0.01, 0.1))
    name = draw.pick(("plain SGD", "Adam"))
    rule: Runner = updates.adam if name == "Adam" else updates.sgd
    moved = np.abs(rule(np.zeros(2), np.array([[g, g * times]]), lr=lr)[-1])
    ratio = float(moved[1] / moved[0])
    candidates = {
        float(times): f"B moves {times} times as far as A",
        1.0: "both move equally far",
        float(times) ** 0.5: f"B moves {times**0.5:.3g} times as far as A",
        1 / times: f"A moves {times} times as far as B",
    }
    near = min(candidates, key=lambda value: abs(np.log(value / ratio)))
    why = f"A moves {moved[0]:.3g}, B {moved[1]:.3g}: " + (
        "dividing by the root of v̂ cancels the gradient's size."
        if name == "Adam"
        else "the step is lr times the gradient."
    )
    return choice(
        draw, "convergence", "One learning rate for all?",
        f"An embedding weight A has the gradient {g:g}, an output bias B the gradient {g * times:g}. Both are moved "
        f"by the first step of {name} with lr = {lr:g}. What happens?",
        (candidates[near], why), [(text, why) for value, text in candidates.items() if value != near], why,
    )  # fmt: skip


RACE: Mapping[str, Make] = {
    "race-ravine": ravine,
    "race-rates": rates,
    "race-sensitivity": sensitivity,
    "race-scales": scales,
}
