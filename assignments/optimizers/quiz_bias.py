"""Items on bias correction: how large it is at step t, when it fades, and what the first step is without it.

The course notes say that without correction the first steps are ten times too small. That is so when only m is left
uncorrected; with both uncorrected Adam's first step is (1 − β₁)/√(1 − β₂) times the right one, 3.16 with the defaults.
The family's first step, divided by the reference's, says so for any betas.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace

import numpy as np

from autograder.model import Item
from autograder.reference import family

from .quiz_draw import HINTS, Draw, Make, matrix, numeric
from .quiz_prediction import CHANGES, golden, outcome

BETA1 = (0.5, 0.8, 0.9, 0.95)
BETA2 = (0.98, 0.99, 0.995, 0.999)
PAIRS = ((0.9, 0.999), (0.9, 0.998), (0.8, 0.999), (0.95, 0.999), (0.8, 0.99), (0.8, 0.995))  # no two mistakes cancel
GRADIENT, RATE = 2.0, 0.1  # both cancel in the ratio of two first steps


def _divisor(belief: str, switch: str, beta: float, other: float, t: int) -> float:
    """The divisor of a moment in the family: by the right rule (belief "") or by a misconception."""
    changes = CHANGES[belief] if belief else {}
    counted = family.T[changes.get("t", "from one")](t, SimpleNamespace())
    option = changes.get(switch, family.ADAM[switch])
    return float(family.CORRECTION[option](beta, other, counted))


def factor(draw: Draw) -> Item:
    moment, switch = draw.pick((("m", "c1"), ("v", "c2")))
    beta = draw.pick(BETA1 if moment == "m" else BETA2)
    sub, other = ("₁", 0.999) if moment == "m" else ("₂", 0.9)
    t = draw.pick((2, 3, 5, 10, 20))
    value = 1 / _divisor("", switch, beta, other, t)
    beliefs = ("correction-no-power", "correction-beta-t", "count-from-zero", "count-from-two", "correction-plus")
    wrong = [(1 / _divisor(b, switch, beta, other, t), HINTS[b]) for b in beliefs]
    wrong.insert(1, (1 / value, HINTS["correction-multiplied"]))
    return numeric(
        "bias correction", f"The correction of {moment}",
        f"Adam runs with β{sub} = {beta:g}. By what factor does bias correction multiply {moment} at step t = {t}?",
        value, wrong, f"1 / (1 − {beta:g}^{t}) = {value:.5g}.",
    )  # fmt: skip


def fades(draw: Draw) -> Item:
    moment = draw.pick(("m", "v"))
    beta, percent = draw.pick(BETA1[1:] if moment == "m" else BETA2), draw.pick((1, 2, 5))
    sub = "₁" if moment == "m" else "₂"

    def first(within: float, decay: float) -> int:
        steps = np.arange(1, 20_000)
        return int(steps[1 / (1 - decay**steps) - 1 < within][0])

    value = first(percent / 100, beta)
    return numeric(
        "bias correction", "When does the correction fade?",
        f"With β{sub} = {beta:g}, from which step t on is the corrected {moment} larger than {moment} itself by less "
        f"than {percent} %?",
        value,
        [
            (1 / (1 - beta), "1/(1 − β) is how far the average looks back; by then a third of it is still missing."),
            (first(percent / 100, 0.9 if moment == "v" else 0.999),
             (f"That is the other moment. Each fades with its own β; "
             f"here it is β{sub}.")),
            (100 / percent, "The correction fades as βᵗ, not as 1/t."),
            (value * 2, "That is when half the power would do: βᵗ is what counts, not its root."),
        ],
        f"1/(1 − {beta:g}ᵗ) < {1 + percent / 100:g} from t = {value} on.",
        whole=True,
    )  # fmt: skip


def first_step(belief: str, betas: tuple[float, float]) -> float:
    """The first step's length with this misconception, as a multiple of the right one."""
    kwargs = {"lr": RATE, "betas": betas}
    (moved,) = outcome("Adam", kwargs, 0.0, [GRADIENT], [belief])
    return moved / golden("Adam", kwargs, 0.0, [GRADIENT])


UNCORRECTED = {
    "correction-missing": "corrects neither m nor v",
    "correction-m-missing": "corrects v but not m",
    "correction-v-missing": "corrects m but not v",
}

TOLD = {  # what is left of g and |g| in the step
    "": "m̂ = g and √v̂ = |g|",
    "correction-missing": "m is 1 − β₁ of g and √v is √(1 − β₂) of |g|",
    "correction-m-missing": "m is 1 − β₁ of g, and √v̂ = |g|",
    "correction-v-missing": "m̂ = g, and √v is √(1 − β₂) of |g|",
}


def _uncorrected(belief: str, draw: Draw) -> Item:
    betas = draw.pick(PAIRS)
    value = first_step(belief, betas)
    wrong = [
        (first_step(other, betas), f"That would be an Adam that {what}.")
        for other, what in UNCORRECTED.items()
        if other != belief
    ]
    if belief == "correction-missing":  # what the notes say
        wrong[0] = (wrong[0][0], "v starts at zero as well, and you divide by its root: that makes the step longer.")
    wrong.append((1 / value, "That is the inverse: right step divided by this one."))
    wrong.append((1.0, "Both averages start at zero, so a first step without the correction has another length."))
    return numeric(
        "bias correction", "The first step, not corrected",
        f"An Adam with β₁ = {betas[0]:g} and β₂ = {betas[1]:g} {UNCORRECTED[belief]}. How long is its first step, as "
        "a multiple of the right first step? (ε is too small to matter.)",
        value, wrong,
        f"At t = 1, {TOLD[belief]}; the right step is lr long, this one {value:.4g} times as long. Here 1 − β₁ = "
        f"{1 - betas[0]:.3g} and √(1 − β₂) = {(1 - betas[1]) ** 0.5:.4g}.",
    )  # fmt: skip


def table(draw: Draw) -> Item:
    betas = draw.pick(PAIRS)
    beliefs = {
        "m and v both corrected": "",
        **{f"an Adam that {what}": belief for belief, what in UNCORRECTED.items()},
    }
    sizes = {row: first_step(b, betas) if b else 1.0 for row, b in beliefs.items()}
    columns = [f"{size:.3g} × lr" for size in sorted(sizes.values())]
    return matrix(
        draw, "bias correction", "First steps compared",
        f"With β₁ = {betas[0]:g} and β₂ = {betas[1]:g}, how long is Adam's first step? (ε is too small to matter.)",
        {row: f"{size:.3g} × lr" for row, size in sizes.items()},
        {row: f"At t = 1, {TOLD[b]}: {sizes[row]:.3g} × lr." for row, b in beliefs.items()},
        columns,
        "At t = 1, m is 1 − β₁ of g and √v is √(1 − β₂) of |g|; each correction takes its factor away.",
    )  # fmt: skip


BIAS: Mapping[str, Make] = {
    "bias-factor": factor,
    "bias-fades": fades,
    "bias-neither": lambda draw: _uncorrected("correction-missing", draw),
    "bias-m-missing": lambda draw: _uncorrected("correction-m-missing", draw),
    "bias-v-missing": lambda draw: _uncorrected("correction-v-missing", draw),
    "matrix-first-step": table,
}
