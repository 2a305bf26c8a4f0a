"""Shows a report as JSON, on terminals and as a page, by pure functions; what these share is here."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from autograder.model import CriterionMark, ItemMark, Report

# Meaning is never carried by colour alone: a shape and a word say the same.
GLYPHS = {"passed": "✓", "partial": "◐", "failed": "✗", "not_run": "–"}
WORDS = {"passed": "right", "partial": "partly right", "failed": "not yet right", "not_run": "not tried"}
# The quiz has more ways to end than a criterion.
ITEM_GLYPHS = {
    "right": "✓",
    "partial": "◐",
    "follow_through": "◐",
    "wrong": "✗",
    "empty": "–",
    "unreadable": "?",
    "waiting": "…",
    "grader_error": "!",
}
ITEM_WORDS = {
    "right": "right",
    "partial": "partly right",
    "follow_through": "follows from your earlier answer",
    "wrong": "not yet right",
    "empty": "no answer",
    "unreadable": "could not be read",
    "waiting": "waiting for a person",
    "grader_error": "the grader failed",
}
_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def rounded(value: float) -> float:
    """A mark as every renderer shows it: two decimals.

    Raises:
        ValueError: not a number. Ours: marks are computed here, never by a submission.

    """
    if not math.isfinite(value):
        raise ValueError(f"a mark must be finite, this one is {value}: the rubric or the marking is at fault")
    return round(value, 2) + 0.0  # + 0.0 turns -0.0 into 0.0


def total(report: Report) -> tuple[float, float]:
    """Score and maximum as sums of the rounded rows: whoever adds up what is shown gets the total shown."""
    return subtotal([*report.criteria, *report.quiz])


def subtotal(rows: Sequence[CriterionMark | ItemMark]) -> tuple[float, float]:
    score, maximum = (sum(map(rounded, column)) for column in ([r.score for r in rows], [r.max_score for r in rows]))
    return rounded(score), rounded(maximum)


def points(value: float) -> str:
    """`9.5`, `12`, `0.33`: no zeros that say nothing."""
    return f"{rounded(value):.2f}".rstrip("0").rstrip(".")


def is_perfect(report: Report) -> bool:
    score, maximum = total(report)
    waiting = any(item.status in ("waiting", "grader_error") for item in report.quiz)
    return report.status == "graded" and bool(report.criteria) and score == maximum and not waiting


def verdict(report: Report) -> str:
    """What happened, in one sentence to the student."""
    if report.status == "grader_error":
        return "The grader failed, and your code was not judged."
    if report.status == "not_gradable":
        return "Your submission could not be marked."
    if is_perfect(report):
        return "Everything that was asked for is right."
    met, of = sum(c.status == "passed" for c in report.criteria), len(report.criteria)
    if met == of:
        return f"Your code meets all {of} criteria." if of else "There was nothing to mark."
    counted = f"{met or 'None'} of {of} criteria {'is' if met <= 1 else 'are'} met{'' if met else ' yet'}"
    because = _because(report)
    return f"{counted}; {because}." if because else f"{counted}."


def advice(report: Report) -> str:
    """What a report without marks means for the student, and what to do next."""
    if report.status == "grader_error":
        return "This is the grader's fault, not yours, and it is not a mark. Please tell your instructor."
    if report.status == "not_gradable":
        return "It costs no attempt: fix this and hand it in again."
    return ""


def _because(report: Report) -> str:
    wrong = {c.id for c in report.criteria if c.status in ("failed", "partial")}
    named = {d.criterion for d in report.diagnoses}
    if not named:
        return "the numbers below show where your code parts from the right answer" if report.exhibits else ""
    count = len({d.misconception for d in report.diagnoses})
    ideas = f"{_NUMBERS[count]} idea" if count < len(_NUMBERS) else f"{count} idea"
    ideas += " explains" if count == 1 else "s explain"
    return f"{ideas} {'what' if wrong <= named else 'part of what'} went wrong"
