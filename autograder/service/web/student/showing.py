"""Cuts a report to what its student may see now, and finds what changed since the one before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from autograder.model import ItemMark, ItemStatus, Report
from autograder.render import points, subtotal
from autograder.service.rules.grades import Override, answer_digest
from autograder.service.rules.policy import Policy, When, closes_at, quiz_counted, shown, shows_at
from autograder.service.rules.weights import Points, factors, weighed

Part = Literal["marks", "hints", "quiz"]


@dataclass(frozen=True)
class Withheld:
    """A part that is not shown yet; `until` is when it will be, None = never."""

    part: Part
    until: float | None


@dataclass(frozen=True)
class Visible:
    """A report as its student may see it: what is withheld is not in it."""

    report: Report
    withheld: tuple[Withheld, ...] = ()

    def hides(self, part: Part) -> bool:
        return any(one.part == part for one in self.withheld)


@dataclass(frozen=True)
class TextGiven:
    """A person's mark of a free-text answer."""

    points: float
    comment: str


@dataclass(frozen=True)
class Changes:
    """From one report to the next: titles of criteria and of misconceptions."""

    points: float = 0.0
    gained: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    new: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self != UNCHANGED


UNCHANGED = Changes()
DECIDED = "Changed by a person from "


def withheld(policy: Policy, now: float, due_at: float | None) -> tuple[Withheld, ...]:
    """Return what is not shown at this time. `due_at` is this student's."""
    rules: tuple[tuple[Part, When], ...] = (
        ("marks", policy.show_marks),
        ("hints", policy.show_hints),
        ("quiz", policy.show_quiz),
    )
    shows = shows_at(policy, due_at)
    return tuple(
        Withheld(part, shows if when == "after_due" else None) for part, when in rules if not shown(when, now, shows)
    )


def visible_report(report: Report, policy: Policy, now: float, due_at: float | None) -> Visible:
    """The report without what is withheld, and without what is for staff only.

    Without marks there are neither criteria nor quiz. Without hints there is nothing that says why: no diagnosis, no
    message, no numbers to check. Without the quiz's details there is its sum, once nothing more is taken. The maximum
    is the same before and after: a quiz that is not shown yet is missing from the score.
    """
    parts = withheld(policy, now, due_at)
    hidden = {one.part for one in parts}
    places = tuple(replace(place, edit="") for place in report.places)
    closes = closes_at(policy, due_at)
    over = closes is not None and now > closes  # while answers are taken, the right ones stay with us
    quiz = tuple(_for_student(item, keys=over) for item in report.quiz)
    report = replace(report, log="", charts=(), places=places, quiz=quiz)
    if "hints" in hidden:
        plain = tuple(replace(mark, messages=tuple(filter(is_decision, mark.messages))) for mark in report.criteria)
        report = replace(report, criteria=plain, diagnoses=(), exhibits=(), places=())
    told = tuple(one for one in parts if one.part != "quiz" or (report.quiz and "marks" not in hidden))
    if "quiz" in hidden:
        report = replace(report, quiz=_sum(report.quiz) if quiz_counted(policy, now, due_at) else ())
    if "marks" in hidden:
        report = replace(report, criteria=(), quiz=(), quiz_points=0.0)
    return Visible(report, told)


def is_decision(message: str) -> bool:
    """Return whether a message tells what a person decided: that belongs to the marks, not to the hints."""
    return message.startswith(DECIDED)


def counted(
    report: Report, chosen: Points, decided: Mapping[str, Override], texts: Mapping[tuple[str, str], TextGiven]
) -> Report:
    """The report by a course's points, with what people decided; both they and it have the points of its edition."""
    seen = weighed(report, chosen)
    by = factors(report, seen)
    decided = {row: replace(one, points=round(one.points * by.get(row, 1.0), 2)) for row, one in decided.items()}
    given = {
        (item, digest): replace(one, points=round(one.points * by.get(f"item:{item}", 1.0), 2))
        for (item, digest), one in texts.items()
    }
    return with_texts(with_overrides(seen, decided), given)


def with_texts(report: Report, given: Mapping[tuple[str, str], TextGiven]) -> Report:
    """The report with the marks that people gave to free-text answers, by item and digest of the answer."""
    return replace(report, quiz=tuple(_read(item, given) for item in report.quiz))


def with_overrides(report: Report, given: Mapping[str, Override]) -> Report:
    """The report with the points that people decided in place of the grader's, each with both and the reason."""
    criteria = tuple(
        replace(
            mark,
            score=one.points,
            status="passed" if one.points >= mark.max_score else "partial" if one.points > 0 else "failed",
            messages=(_decided(mark.score, one), *mark.messages),
        )
        if (one := given.get(f"criterion:{mark.id}"))
        else mark
        for mark in report.criteria
    )
    quiz = tuple(
        replace(
            item,
            score=one.points,
            status="right" if one.points >= item.max_score else "partial" if one.points > 0 else "wrong",
            message=" ".join(filter(None, (_decided(item.score, one), item.message))),
        )
        if (one := given.get(f"item:{item.id}"))
        else item
        for item in report.quiz
    )
    return replace(report, criteria=criteria, quiz=quiz)


def _decided(score: float, one: Override) -> str:
    return f"{DECIDED}{points(score)} to {points(one.points)} points: {one.reason}"


def changes(before: Report, after: Report) -> Changes:
    """Return what is different in the later one of two reports that a student may see."""
    was, became = ({mark.id: mark for mark in report.criteria} for report in (before, after))
    both = [(was[id_], mark) for id_, mark in became.items() if id_ in was]
    had, has = ({one.misconception: one for one in report.diagnoses} for report in (before, after))
    # An idea is gone where its row became better or another idea explains it, and not where the code ended before it.
    seen = {new.id for old, new in both if new.score > old.score} | {one.criterion for one in after.diagnoses}
    return Changes(
        points=round(after.score - before.score, 2),
        gained=tuple(new.title for old, new in both if new.score > old.score),
        lost=tuple(new.title for old, new in both if new.score < old.score),
        gone=tuple(one.title for id_, one in had.items() if id_ not in has and one.criterion in seen),
        new=tuple(one.title for id_, one in has.items() if id_ not in had),
    )


def _for_student(item: ItemMark, *, keys: bool) -> ItemMark:
    return replace(item, for_staff="", awaited=None, detail=item.detail if keys else None)


def _sum(quiz: tuple[ItemMark, ...]) -> tuple[ItemMark, ...]:
    """All items as one row: its points and nothing of how they came about."""
    if not quiz:
        return ()
    score, most = subtotal(quiz)
    status: ItemStatus = "right" if score == most else "partial" if score else "wrong"
    told = f"{len(quiz)} questions; which answers were right is not shown now."
    return (ItemMark("quiz", score, most, status, told, title="All questions"),)


def _read(item: ItemMark, given: Mapping[tuple[str, str], TextGiven]) -> ItemMark:
    mark = given.get((item.id, answer_digest(item.awaited.answer))) if item.awaited else None
    if mark is None or item.awaited is None:
        return item
    most = item.awaited.points
    status: ItemStatus = "right" if mark.points >= most else "partial" if mark.points > 0 else "wrong"
    told = f"Read by a person: {mark.comment}" if mark.comment else "Read by a person."
    return replace(item, score=mark.points, max_score=most, status=status, message=told)
