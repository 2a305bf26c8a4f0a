"""Marks quiz answers: quiz.toml and the items of one variant in, one mark per item and remarks out.

    read answers ─► is it this student's variant? ─► mark each item, by the file of its kind in kinds/

Everything a student wrote is data here: parsed within bounds by `autograder.reading`, never evaluated. mpmath is
imported when a formula needs it.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

from autograder.model import QUIZ_FILE, WHOLE_QUIZ, Assignment, Item, ItemMark, Submission
from autograder.quiz.answers import MAX_TOLD, Answers, fitted, read, unknown
from autograder.quiz.mark import OUR_FAULT, mark_item, mark_items
from autograder.quiz.outcome import BadKey
from autograder.quiz.variants import check
from autograder.reading import Unreadable, as_typed, quoted

__all__ = ["BadKey", "MarkedQuiz", "mark_item", "mark_items", "mark_quiz", "mark_submission", "points", "that_counts"]

FILE = QUIZ_FILE
log = logging.getLogger(__name__)
TITLE = "The quiz as a whole"
NO_ANSWERS = "Your quiz.toml has no answers in it. Your code was marked without the quiz."


@dataclass(frozen=True)
class MarkedQuiz:
    """A marked quiz: its marks add up to `points`; both are empty when the quiz neither counts nor was handed in."""

    marks: tuple[ItemMark, ...] = ()
    remarks: tuple[str, ...] = ()
    points: float = 0.0


def that_counts(assignment: Assignment) -> Assignment:
    """The assignment as an edition or a course marks it: the quiz counts unless the assignment says no."""
    return replace(assignment, quiz_counts=assignment.quiz_counts is not False)


def points(assignment: Assignment) -> float:
    """Return the quiz's maximum: the same in every variant, because all follow one blueprint; 0 without a quiz."""
    return _sum(assignment.quiz(assignment.quiz_seed))


def mark_quiz(items: Sequence[Item], answers_toml: bytes) -> tuple[ItemMark, ...]:
    """One mark per item, whatever the bytes hold; one row for all when they cannot be read."""
    try:
        return mark_items(items, read(answers_toml))
    except Unreadable as error:
        return _refused(_sum(items), str(error))


def mark_submission(assignment: Assignment, submission: Submission, secret: bytes | None = None) -> MarkedQuiz:
    """The quiz of a submission: its own variant, or nothing where it neither counts nor was handed in.

    What it is out of never depends on the answers: a quiz that is missing, cannot be read or is somebody else's has
    0 of its points, in one row that says why.
    A fault of ours is the status `grader_error` of the question that it is in, or of the quiz as a whole.
    """
    answers_toml = submission.files.get(FILE)
    if answers_toml is None:
        return _not_handed_in(assignment, submission.refused.get(FILE, ""))
    try:
        return _marked(assignment, answers_toml, secret, submission.student)
    except Exception as error:
        log.exception("the quiz of %s could not be marked", assignment.id)
        told = f"The quiz could not be marked: {type(error).__name__}: {error}"
        return MarkedQuiz((ItemMark(WHOLE_QUIZ, 0.0, 0.0, "grader_error", OUR_FAULT, TITLE, told),))


def _marked(assignment: Assignment, answers_toml: bytes, secret: bytes | None, student: str) -> MarkedQuiz:
    try:
        answers = read(answers_toml)
        own = check(answers, assignment.quiz_seed, secret, student) if answers.entries or answers.twice else None
    except Unreadable as error:
        most = points(assignment)
        return MarkedQuiz(_refused(most, str(error)), points=most) if most else MarkedQuiz()
    items = assignment.quiz(assignment.quiz_seed if own is None else own)
    if not items:
        return MarkedQuiz()
    if not answers.entries and not assignment.quiz_counts:
        return MarkedQuiz(remarks=(NO_ANSWERS,))
    return MarkedQuiz(mark_items(items, answers), _remarks(items, answers), _sum(items))


def _not_handed_in(assignment: Assignment, refused: str) -> MarkedQuiz:
    """One row of 0 points; nothing where the quiz does not count and none was tried."""
    most = points(assignment) if assignment.quiz_counts or refused else 0.0
    if not most:
        return MarkedQuiz()
    if refused:
        return MarkedQuiz(_refused(most, refused), points=most)
    return MarkedQuiz((ItemMark(WHOLE_QUIZ, 0.0, most, "empty", "You handed in no quiz answers.", TITLE),), points=most)


def _refused(most: float, why: str) -> tuple[ItemMark, ...]:
    return (ItemMark(WHOLE_QUIZ, 0.0, most, "unreadable", why, TITLE),)


def _sum(items: Sequence[Item]) -> float:
    return sum(item.points for item in items)


def _remarks(items: Sequence[Item], answers: Answers) -> tuple[str, ...]:
    """Return remarks beside the marks: the variant's owner, how a spoilt file was read, entries of no question."""
    said = [f"The quiz was marked as the variant of student {answers.student}."] if answers.student else []
    answers = fitted(items, answers)
    if answers.fault:
        read = ", ".join(f"{name}: {quoted(as_typed(answers.entries[name]))}" for name in _mended(answers))
        said.append(
            f"Your quiz.toml is not valid TOML: {quoted(answers.fault)}. It was read line by line all the same. "
            + (f"Check how these were read: {read}." if read else "Each answer stands in quotes, once.")
        )
    if strangers := unknown(items, answers):
        said.append(
            f"Your quiz.toml answers questions that your quiz does not have: {strangers}. They were not marked; "
            "check how the names are written."
        )
    return tuple(said)


def _mended(answers: Answers) -> list[str]:
    return [name for name in answers.mended if name in answers.entries and name not in answers.twice][:MAX_TOLD]
