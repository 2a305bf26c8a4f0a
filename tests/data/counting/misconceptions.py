"""The wrong beliefs that this assignment knows by name."""

from __future__ import annotations

from autograder.model import Misconception


def _rule(name: str, group: str, row: str, title: str, hint: str, reason: str, rule: str) -> Misconception:
    return Misconception(name, title, row, hint, reason, (group,), changes={"rule": rule})


MISCONCEPTIONS: tuple[Misconception, ...] = (
    _rule(
        "transposed",
        "confusion_matrix",
        "confusion",
        "Rows and columns exchanged",
        "Your rows are the predictions. A row is a true class.",
        "the other convention",
        "transposed",
    ),
    _rule(
        "counts-from-one",
        "confusion_matrix",
        "confusion",
        "Counts that start at one",
        "Pairs that never occur are counted once. Begin with nothing.",
        "np.ones",
        "one more",
    ),
    _rule(
        "mask-inverted",
        "padding_mask",
        "mask",
        "Mask of the padding",
        "Your mask is True at the padding. It must be True at the tokens.",
        "the other convention",
        "inverted",
    ),
    _rule(
        "mask-one-longer",
        "padding_mask",
        "mask",
        "One position too many",
        "Positions count from 0: a sequence of length 2 has the positions 0 and 1.",
        "<=",
        "one longer",
    ),
    _rule(
        "indices-from-one",
        "batches",
        "batches",
        "Indices from one",
        "Your first index is 1. Python counts from 0.",
        "counting as people do",
        "from one",
    ),
)
