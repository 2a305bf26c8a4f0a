"""Shows a report as JSON, on terminals and as a page, by pure functions; what these share is here."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from autograder.model import WHOLE_QUIZ
from autograder.render.escape import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from autograder.model import CriterionMark, Diagnosis, ItemMark, Place, Report

# Glyph, words and a terminal's colour of each status. Meaning is never carried by colour alone.
OF_CRITERIA = {
    "passed": ("✓", "right", "green"),
    "partial": ("◐", "partly right", "yellow"),
    "failed": ("✗", "not yet right", "red"),
    "not_run": ("–", "not tried", "bright_black"),
}
STATUSES = OF_CRITERIA | {  # the quiz has more ways to end than a criterion
    "right": ("✓", "right", "green"),
    "follow_through": ("◐", "follows from your earlier answer", "yellow"),
    "wrong": ("✗", "not yet right", "red"),
    "empty": ("–", "no answer", "bright_black"),
    "unreadable": ("?", "could not be read", "magenta"),
    "waiting": ("…", "waiting for a person", "cyan"),
    "grader_error": ("!", "the grader failed", "magenta"),
}
_STOPPED = re.compile(
    r"(?:^Y|: y)our code (?:was not over|was still running|raised )"
)  # as judge.compare says it; "still" in older reports
_MOTIONLESS = "Nothing moves with "  # as judge.marks says it
_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def rounded(value: float) -> float:
    """A mark as every renderer shows it: two decimals.

    Raises:
        ValueError: not a number. Ours: marks are computed here, never by a submission.

    """
    if not math.isfinite(value):
        raise ValueError(f"a mark must be finite, this one is {value}: the rubric or the marking is at fault")
    return round(value, 2) + 0.0  # + 0.0 turns -0.0 into 0.0


PartState = Literal["marked", "waiting", "not_marked", "not_handed_in", "refused", "grader_error"]


def total(report: Report) -> tuple[float, float]:
    """Score and maximum of the parts that count, as sums of rounded rows: whoever adds up what is shown gets this."""
    counting = [part for part in parts(report) if part.counts]
    return rounded(sum(part.score for part in counting)), rounded(sum(part.max_score for part in counting))


def quiz_held_back(report: Report) -> bool:
    """Return whether a quiz that counts is not shown yet: then nobody is told a total, only the points of the code."""
    return is_marked(report) and report.quiz_counts and report.quiz_points > 0 and not report.quiz


def points_told(report: Report) -> tuple[float, float]:
    """Return score and maximum of what is shown: the total, or the code where the quiz is held back."""
    return subtotal(report.criteria) if quiz_held_back(report) else total(report)


@dataclass(frozen=True)
class ReportPart:
    """Code or quiz: what a report gives it, out of what, and whether that is part of the total."""

    id: Literal["code", "quiz"]
    score: float
    max_score: float
    counts: bool
    state: PartState


def parts(report: Report) -> list[ReportPart]:
    """The code, and the quiz where it counts or answers were handed in."""
    marked = report.status == "graded"
    found = [ReportPart("code", *subtotal(report.criteria), True, "marked" if marked else "not_marked")]  # noqa: FBT003
    score, shown = subtotal(report.quiz)
    if most := rounded(report.quiz_points) or shown:
        found.append(ReportPart("quiz", score, most, report.quiz_counts, _quiz_state(report)))
    return found


def is_marked(report: Report) -> bool:
    """Return whether a report has marks: of the code, or of a quiz that came with code that cannot be used."""
    of_quiz = report.status == "not_gradable" and _quiz_state(report) in ("marked", "waiting", "grader_error")
    return report.status == "graded" or of_quiz or by_hand(report)


def by_hand(report: Report) -> bool:
    """Return whether a person gave points to code that the grader could not mark."""
    return report.status == "not_gradable" and any(mark.score for mark in report.criteria)


def has_score(report: Report) -> bool:
    """Return whether what is marked is a part that counts."""
    return is_marked(report) and (report.status == "graded" or report.quiz_counts or by_hand(report))


def _quiz_state(report: Report) -> PartState:
    if not report.quiz:
        return "not_marked"
    if len(report.quiz) == 1 and report.quiz[0].id == WHOLE_QUIZ and report.quiz[0].status in ("empty", "unreadable"):
        return "not_handed_in" if report.quiz[0].status == "empty" else "refused"
    ends = {item.status for item in report.quiz}
    return "grader_error" if "grader_error" in ends else "waiting" if "waiting" in ends else "marked"


def parts_told(report: Report) -> str:
    """`Code 100 of 100. Quiz: not handed in, 25 points.`; nothing where there is only code."""
    said = []
    every = parts(report)
    for part in every if len(every) > 1 and is_marked(report) else ():
        name, most = part.id.capitalize(), points(part.max_score)
        if part.id == "code" and part.state == "not_marked":
            told = f"{name}: {STATES['refused']}, {most} points"
        elif part.state in STATES:
            told = f"{name}: {STATES[part.state]}, {most} points"
        else:
            told = f"{name} {points(part.score)} of {most}"
        told += LATER.get(part.state, "")
        said.append(told + ("." if part.counts else ", which is not part of the total."))
    return " ".join(said)


LATER = {
    "waiting": ", and answers wait for a person",
    "grader_error": ", and answers that we failed to mark are marked again later",
}
STATES = {"not_handed_in": "not handed in", "refused": "not marked (see below)", "not_marked": "not shown yet"}


def subtotal(rows: Sequence[CriterionMark | ItemMark]) -> tuple[float, float]:
    score, maximum = (sum(map(rounded, column)) for column in ([r.score for r in rows], [r.max_score for r in rows]))
    return rounded(score), rounded(maximum)


def points(value: float) -> str:
    """`9.5`, `12`, `0.33`: no zeros that say nothing."""
    return f"{rounded(value):.2f}".rstrip("0").rstrip(".")


def is_perfect(report: Report) -> bool:
    """Return whether everything asked for is right; a quiz that does not count is asked for only if it was answered."""
    full = all(part.score == part.max_score and part.state == "marked" for part in parts(report))
    return report.status == "graded" and bool(report.criteria) and full


UNMARKED = "Your submission could not be marked."


def verdict(report: Report) -> str:
    """Return one sentence to the student that says what happened."""
    if report.status == "grader_error":
        return "The grader failed. Your code was not marked."
    if by_hand(report):
        return "The grader could not mark your code. A person did."
    if report.status == "not_gradable":
        return "Your code could not be marked. Your quiz was." if is_marked(report) else UNMARKED
    if is_perfect(report):
        return "Everything that was asked for is right."
    met, of = sum(c.status == "passed" for c in report.criteria), len(report.criteria)
    if met == of:
        return f"Your code meets all {of} criteria." if of else "There was nothing to mark."
    counted = f"{met or 'None'} of {of} criteria {'is' if met <= 1 else 'are'} met{'' if met else ' yet'}"
    counted = "The one criterion is not met yet" if of == 1 else counted
    because = _because(report)
    return f"{counted}; {because}." if because else f"{counted}."


def headline(report: Report) -> str:
    """Return the event that matters most in a report with marks; "" where no event does.

    Code that was stopped is told with its line, code that moves nothing as that.
    """
    if report.status != "graded":
        return ""
    messages = [message for mark in report.criteria for message in mark.messages]
    stopped = next((one for one in messages if _STOPPED.search(one)), "")
    if stopped:
        return stopped
    return next((one for one in messages if one.startswith(_MOTIONLESS)), "")


def advice(report: Report) -> str:
    """Return what a report without marks means for the student, and what to do next."""
    if report.status == "grader_error":
        return "This is the grader's fault, not yours, and it does not count as a zero. Please tell your instructor."
    if report.status == "not_gradable":
        return "It does not use an attempt. Fix this and hand in again."
    return ""


# ----------------------------------------------------------------------------------------- where a mistake is
LONGEST_SOURCE = 400  # characters of a student's own lines: a statement has three or four


def places_in(report: Report, criterion: str) -> list[Place]:
    """The places of mistakes that a row is about."""
    return [place for place in report.places if place.criterion == criterion]


def where(place: Place) -> str:
    """`line 42`, `lines 42–44`, `code cell 5, line 3`."""
    lines = f"line {place.line}" if place.end_line == place.line else f"lines {place.line}–{place.end_line}"
    return lines if place.cell is None else f"code cell {place.cell}, {lines}"


def places_of(report: Report, diagnosis: Diagnosis) -> list[Place]:
    """Return where the mistake of a diagnosis is; nothing where another of its class is about the same row."""
    alike = [(one.group, one.criterion) for one in report.diagnoses].count((diagnosis.group, diagnosis.criterion))
    theirs = [place for place in places_in(report, diagnosis.criterion) if place.subject == diagnosis.group != ""]
    return theirs if alike == 1 else []


def where_of(report: Report, diagnosis: Diagnosis) -> str:
    """Say where the mistake of a diagnosis is, as `where` does; "" if that is not known of this diagnosis alone."""
    return "; ".join(map(where, places_of(report, diagnosis)))


def source(place: Place) -> str:
    """The student's own lines at a place, with what could steer or mislead spelled out."""
    return visible(place.source, LONGEST_SOURCE)


def other_messages(report: Report, mark: CriterionMark) -> list[str]:
    """A row's messages without the notes that stand beside its lines."""
    notes = {place.note for place in places_in(report, mark.id)}
    return [message for message in mark.messages if message not in notes]


def _because(report: Report) -> str:
    wrong = {c.id for c in report.criteria if c.status in ("failed", "partial")}
    named = {d.criterion for d in report.diagnoses}
    if not named:
        return "the numbers below show where your code parts from the right answer" if report.exhibits else ""
    count = len({d.misconception for d in report.diagnoses})
    ideas = f"{_NUMBERS[count]} idea" if count < len(_NUMBERS) else f"{count} idea"
    ideas += " explains" if count == 1 else "s explain"
    return f"{ideas} {'what' if wrong <= named else 'part of what'} went wrong"
