"""What a marker hands back: how an answer did, or that the key is at fault."""

from __future__ import annotations

from dataclasses import dataclass

from autograder.model import ItemStatus


@dataclass(frozen=True)
class Outcome:
    """How an answer did: the fraction of the points, and the sentence for its author."""

    status: ItemStatus
    fraction: float
    message: str
    for_staff: str = ""


class BadKey(Exception):
    """Ours: an item whose key cannot be used. Never the student's fault, never a zero."""
