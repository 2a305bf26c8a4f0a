"""The result of a marker: the outcome of an answer, or a fault of the key."""

from __future__ import annotations

from dataclasses import dataclass

from autograder.model import ItemStatus


@dataclass(frozen=True)
class Outcome:
    """The outcome of an answer: the fraction of the points, and the sentence for its author."""

    status: ItemStatus
    fraction: float
    message: str
    for_staff: str = ""


class BadKey(Exception):
    """Ours: an item whose key cannot be used. Never the student's fault, never a zero."""
