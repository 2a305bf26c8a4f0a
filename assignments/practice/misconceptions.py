"""The wrong beliefs that this assignment knows by name.

`changes` says which rule of golden.py the belief leads to. A hint makes its reader see the idea and never gives the
line of code; the reason says where the belief comes from.
"""

from __future__ import annotations

from autograder.model import Misconception


def _rule(name: str, title: str, hint: str, reason: str, rule: str) -> Misconception:
    return Misconception(name, title, "step", hint, reason, ("gradient_step",), changes={"rule": rule})


MISCONCEPTIONS: tuple[Misconception, ...] = (
    _rule(
        "uphill",
        "Gradient ascent",
        "Your θ climbs. The gradient points uphill; to lower the loss, go the other way.",
        "a sign",
        "uphill",
    ),
    _rule(
        "without-lr",
        "Learning rate left out",
        "Your step is as long as the gradient itself. Halve lr and look: nothing changes.",
        "a slip that still learns",
        "without lr",
    ),
)
