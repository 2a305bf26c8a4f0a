"""Marks quiz answers: quiz.toml and the items of one variant in, one mark per item and remarks out.

    read answers ─► is it this student's variant? ─► mark each item, by the file of its kind in kinds/

Everything a student wrote is data here: parsed within bounds by `autograder.reading`, never evaluated. mpmath is
imported when a formula needs it.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from autograder.model import Assignment, Item, ItemMark
from autograder.quiz.answers import Answers, read, unknown
from autograder.quiz.mark import OUR_FAULT, mark_item, mark_items
from autograder.quiz.outcome import BadKey
from autograder.quiz.variants import check
from autograder.reading import Unreadable

__all__ = ["BadKey", "Marked", "mark_item", "mark_items", "mark_quiz", "mark_submission"]

FILE = "quiz.toml"
log = logging.getLogger(__name__)
WHOLE = "quiz"  # the id of the one row that stands for a quiz that cannot be marked
TITLE = "The quiz as a whole"
NO_ANSWERS = "Your quiz.toml has no answers in it. Your code was marked without the quiz."


@dataclass(frozen=True)
class Marked:
    """A quiz, marked; no marks when it does not count, and the remarks say why."""

    marks: tuple[ItemMark, ...] = ()
    remarks: tuple[str, ...] = ()


def mark_quiz(items: Sequence[Item], answers_toml: bytes, *, required: bool = True) -> tuple[ItemMark, ...]:
    """One mark per item, whatever the bytes hold; one row for all when they cannot be read."""
    try:
        return mark_items(items, read(answers_toml))
    except Unreadable as error:
        return _refused(items, str(error), required=required)


def mark_submission(
    assignment: Assignment, answers_toml: bytes | None, secret: bytes | None = None, student: str = ""
) -> Marked:
    """The quiz of a submission: its own variant, or nothing where neither answers nor assignment ask for it.

    `student` is who handed it in, where that is known: a quiz that names somebody else is not theirs.

    A quiz that cannot be read or is not this student's costs nothing but itself: it is left out of the maximum,
    as if it had not been handed in, unless the assignment requires it.
    A fault of ours is the status `grader_error` of the question that it is in, or of the quiz as a whole.
    """
    if answers_toml is None and not assignment.quiz_required:
        return Marked()
    try:
        return _marked(assignment, answers_toml, secret, student)
    except Exception as error:
        log.exception("the quiz of %s could not be marked", assignment.id)
        told = f"The quiz could not be marked: {type(error).__name__}: {error}"
        return Marked((ItemMark(WHOLE, 0.0, 0.0, "grader_error", OUR_FAULT, TITLE, told),))


def _marked(assignment: Assignment, answers_toml: bytes | None, secret: bytes | None, student: str) -> Marked:
    try:
        answers = read(answers_toml or b"")
        seed = check(answers, assignment.quiz_seed, secret, student) if answers.entries else assignment.quiz_seed
    except Unreadable as error:
        items = assignment.quiz(assignment.quiz_seed)
        return Marked(_refused(items, str(error), required=assignment.quiz_required) if items else ())
    items = assignment.quiz(seed)
    if not items:
        return Marked()
    if not answers.entries and not assignment.quiz_required:
        return Marked(remarks=(NO_ANSWERS,))
    return Marked(mark_items(items, answers), _remarks(items, answers))


def _refused(items: Sequence[Item], why: str, *, required: bool) -> tuple[ItemMark, ...]:
    points = sum(item.points for item in items) if required else 0.0
    cost = "" if required else " Until then your quiz is not counted, and your code is marked without it."
    return (ItemMark(WHOLE, 0.0, points, "unreadable", why + cost, TITLE),)


def _remarks(items: Sequence[Item], answers: Answers) -> tuple[str, ...]:
    """What staff and student should see beside the marks: whose variant it was, and entries that fit no question."""
    said = [f"The quiz was marked as the variant of student {answers.student}."] if answers.student else []
    if strangers := unknown(items, answers):
        said.append(
            f"Your quiz.toml answers questions that your quiz does not have: {strangers}. They were not marked; "
            "check how the names are written."
        )
    return tuple(said)
