"""The quantities that a right rule computes, each with the rubric row that it is about: it tells the row of an edit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder.model import RuleQuantity, Scenario

LR, MU, DECAY, B1, B2, EPS, START = 0.37, 0.6, 0.2, 0.7, 0.9, 0.05, 1.7  # no two alike, nor 1 less another
GRADIENTS = np.array([2.3, -0.9, 1.1])
DECAYED = "the gradient with the decay in it"  # everything else is computed from it
SETTINGS = {  # what a constructor keeps, and the row that suffers most when it does not; one value each
    "SGD": {LR: "sgd", MU: "momentum", DECAY: "weight_decay"},
    "Adam": {LR: "adaptive_step", B1: "adam_moments", B2: "adam_moments", EPS: "adaptive_step", DECAY: "weight_decay"},
    "AdamW": {LR: "adaptive_step", B1: "adam_moments", B2: "adam_moments", EPS: "adaptive_step", DECAY: "adamw"},
}


def quantities(subject: str) -> tuple[Scenario, tuple[RuleQuantity, ...]] | None:
    """An experiment on one number, three steps, and what is computed in it; None where no rule is at work.

    Of one value the first row counts: they stand in the order in which a rule is written.
    """
    if subject not in ("SGD", "Adam", "AdamW"):
        return None
    kwargs: dict[str, Any] = {"lr": LR, "weight_decay": DECAY}
    kwargs |= {"momentum": MU} if subject == "SGD" else {"betas": [B1, B2], "eps": EPS}
    spec = {"kind": "course", "class": subject, "kwargs": kwargs}
    arrays = {"p0": np.array([START]), "g0": GRADIENTS.reshape(-1, 1)}
    scenario = Scenario(f"watch-{subject}", "One number, three steps", subject, spec, arrays, ())
    settings = SETTINGS[subject].items()
    found = _sgd() if subject == "SGD" else _adam(decoupled=subject == "AdamW")
    kept = [RuleQuantity(row, np.array([value])) for value, row in settings]
    made = (
        RuleQuantity("weight_decay" if row == DECAYED else row, np.array(values), passing=row == DECAYED)
        for row, values in found
    )
    return scenario, (*made, *kept)


def _sgd() -> Iterator[tuple[str, list[Any]]]:
    steps, theta, v = [], START, 0.0
    for g in GRADIENTS:
        decayed = g + DECAY * theta
        old, kept, v = v, MU * v, MU * v + decayed
        steps.append((DECAY * theta, decayed, old, kept, v, LR * v, theta - LR * v))
        theta -= LR * v
    rows = ("weight_decay", DECAYED, "momentum", "momentum", "momentum", "sgd", "sgd")
    yield from zip(rows, map(list, zip(*steps, strict=True)), strict=True)
    yield "interface", list(range(1, len(GRADIENTS) + 1))  # steps are counted, and nothing depends on it


def _adam(*, decoupled: bool) -> Iterator[tuple[str, list[Any]]]:
    """Quantities by both orders of decay; where it is no part of the gradient its row is adamw's."""
    for first in (False, True) if decoupled else (False,):
        steps, theta, m, v = [], START, 0.0, 0.0
        for t, g in enumerate(GRADIENTS, start=1):
            pulled = DECAY * theta
            g = g if decoupled else g + pulled
            old_m, old_v = m, v
            m, v = B1 * m + (1 - B1) * g, B2 * v + (1 - B2) * g**2
            c1, c2 = 1 - B1**t, 1 - B2**t
            m_hat, v_hat = m / c1, v / c2
            root = np.sqrt(v_hat)
            step = LR * m_hat / (root + EPS)
            shrink = 1 - LR * DECAY if decoupled else 1.0
            moved = theta * shrink - step if first else theta - step
            after = moved if first else moved * shrink
            by_row = {
                "weight_decay": [] if decoupled else [pulled],
                DECAYED: [] if decoupled else [g],
                "adam_moments": [old_m, old_v, B1 * old_m, (1 - B1) * g, m, B2 * old_v, (1 - B2) * g**2, v, g**2,
                                 (1 - B2) * g],
                "bias_correction": [t, B1**t, B2**t, c1, c2, np.sqrt(c2), m_hat, v_hat, LR / c1,
                                    np.sqrt(c2) / c1, LR * np.sqrt(c2) / c1],
                "adaptive_step": [root, root + EPS, np.sqrt(v), m_hat / (root + EPS), m / (root + EPS),
                                  LR * m_hat, step, LR * m, moved, EPS * np.sqrt(c2), np.sqrt(v) + EPS * np.sqrt(c2)],
                "adamw": [LR * DECAY, shrink, LR * pulled, LR * DECAY * moved, pulled, DECAY * moved,
                          theta * shrink, after, after - theta] if decoupled else [],
            }  # fmt: skip
            steps.append([value for values in by_row.values() for value in values])
            named = [row for row, values in by_row.items() for _ in values]
            theta = after
        yield from zip(named, map(list, zip(*steps, strict=True)), strict=True)
        for value in (1 - B1, 1 - B2):
            yield "adam_moments", [value] * len(GRADIENTS)
