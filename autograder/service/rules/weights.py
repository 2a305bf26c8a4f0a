"""Points of rubric rows as a course chose them.

A report keeps the points of its edition, and so do people's decisions about it. A course's points are a lens on both:
each row keeps its fraction. So no submission runs again, and taking the choice back gives the same marks as before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from autograder.model import CriterionMark, ItemMark, Report

QUIZ = "quiz"  # the name of the quiz as a whole; 0 points: it does not count

Points = Mapping[str, float]  # by criterion; what is not in it has the points of the edition


def weighed(report: Report, chosen: Points) -> Report:
    """The report by these points; its rows add up to its score, and its maximum never depends on what was handed in."""
    if not chosen:
        return report
    criteria = tuple(_criterion(mark, chosen) for mark in report.criteria)
    report = replace(report, criteria=criteria)
    if QUIZ not in chosen or not report.quiz_counts or not report.quiz_points:
        return report
    if not chosen[QUIZ]:
        return replace(report, quiz_counts=False)
    worth = items_worth(chosen, ((item.id, most_of(item)) for item in report.quiz), report.quiz_points)
    quiz = tuple(_item(item, worth[item.id]) for item in report.quiz)
    return replace(report, quiz=quiz, quiz_points=chosen[QUIZ])


@dataclass(frozen=True)
class Row:
    """A row of a rubric that a course may give other points; the quiz is one."""

    id: str
    title: str
    own: float  # the edition's points
    points: float  # what counts here
    about: str = ""


def rubric(about: Mapping[str, Any], chosen: Points) -> list[Row]:
    """Return the rubric of an edition, told by `VersionRow.about`, by a course's points."""
    rows = [
        Row(one["id"], one["title"], one["points"], chosen.get(one["id"], one["points"]), one.get("about", ""))
        for one in about.get("criteria", ())
    ]
    if quiz := about.get("quiz_points", 0.0):
        rows.append(Row(QUIZ, "Quiz", quiz, chosen.get(QUIZ, quiz)))
    return rows


def _criterion(mark: CriterionMark, chosen: Points) -> CriterionMark:
    if mark.id not in chosen:
        return mark
    return replace(mark, score=share(mark.score, mark.max_score, chosen[mark.id]), max_score=chosen[mark.id])


def _item(item: ItemMark, worth: float) -> ItemMark:
    awaited = replace(item.awaited, points=worth) if item.awaited else None
    most = worth if item.max_score else 0.0
    return replace(item, score=share(item.score, item.max_score, worth), max_score=most, awaited=awaited)


def most_of(item: ItemMark) -> float:
    """Return what a question can get at most, also while it waits for a person."""
    return item.awaited.points if item.awaited else item.max_score


def factors(report: Report, counted: Report) -> dict[str, float]:
    """Return by what the points of each row are multiplied; `counted` is the report as `weighed`."""
    criteria = zip(report.criteria, counted.criteria, strict=True)
    items = zip(report.quiz, counted.quiz, strict=True)
    pairs = [(f"criterion:{old.id}", old.max_score, new.max_score) for old, new in criteria]
    pairs += [(f"item:{old.id}", most_of(old), most_of(new)) for old, new in items]
    return {name: worth / most if most else 1.0 for name, most, worth in pairs}


def share(score: float, most: float, worth: float) -> float:
    """Return a score of `most` points as one of `worth` points, to the hundredth."""
    if most == worth:
        return score
    return round(score / most * worth, 2) if most else 0.0


def items_worth(chosen: Points, items: Iterable[tuple[str, float]], quiz_points: float) -> dict[str, float]:
    """Return the points of each question, hundredths that add up to the quiz's when all of its questions are here."""
    factor = chosen[QUIZ] / quiz_points if quiz_points else 0.0
    found, before = {}, 0.0
    for name, most in items:
        found[name] = round(round((before + most) * factor, 2) - round(before * factor, 2), 2)
        before += most
    return found


def rows_worth(told: Mapping[str, Any], chosen: Points) -> dict[str, tuple[float, float]]:
    """Return a packed report's rows by name (`criterion:…`, `item:…`): the edition's points and what they count for.

    Questions are not among them where the quiz does not count.
    """
    criteria = {row["id"]: row["max_score"] for row in told["criteria"]}
    found = {f"criterion:{name}": (most, chosen.get(name, most)) for name, most in criteria.items()}
    if not told["quiz_counts"] or chosen.get(QUIZ) == 0:
        return found
    items = {item["id"]: item["awaited"]["points"] if item["awaited"] else item["max_score"] for item in told["quiz"]}
    worth = items_worth(chosen, items.items(), told["quiz_points"]) if QUIZ in chosen else items
    return found | {f"item:{name}": (most, worth[name]) for name, most in items.items()}


@dataclass(frozen=True)
class Sums:
    """A packed report by a course's points, in numbers: the same as of `weighed`, in a tenth of the time."""

    score: float
    max_score: float
    rows: Mapping[str, tuple[float, float]]  # by name: the edition's points, and what they count for

    def share(self, row: str, score: float) -> float:
        """Return what a score of this row counts for; 0 for a row that counts nowhere."""
        return share(score, *self.rows[row]) if row in self.rows else 0.0


@dataclass(frozen=True)
class Lens:
    """A course's points on all reports with the same rows, worked out once for them."""

    max_score: float
    rows: Mapping[str, tuple[float, float]]  # as of Sums
    criteria: Sequence[tuple[float, float]]  # in the report's order
    items: Sequence[tuple[float, float]]  # none where the quiz does not count
    _known: dict[tuple[float, tuple[float, float]], float] = field(default_factory=dict, compare=False, repr=False)

    def sums(self, criteria: Sequence[float], quiz: Sequence[float]) -> Sums:
        """Add up the scores of a report's rows."""
        code = sum([self._share(*row) for row in zip(criteria, self.criteria, strict=True)])
        return Sums(
            code + sum([self._share(*row) for row in zip(quiz, self.items, strict=False)]), self.max_score, self.rows
        )

    def _share(self, score: float, worth: tuple[float, float]) -> float:
        """Return the share of a row; many reports have the same one."""
        key = score, worth
        if key not in self._known:
            self._known[key] = share(score, *worth)
        return self._known[key]


def lens(told: Mapping[str, Any], chosen: Points) -> Lens:
    """Return the lens for reports with the rows of this one, `told` as its body has it."""
    rows = rows_worth(told, chosen)
    criteria = [rows[f"criterion:{row['id']}"] for row in told["criteria"]]
    most = sum(worth for _, worth in criteria)
    if not told["quiz_counts"] or chosen.get(QUIZ) == 0:
        return Lens(most, rows, criteria, ())
    items = [rows[f"item:{item['id']}"] for item in told["quiz"]]
    quiz_most = chosen.get(QUIZ, told["quiz_points"]) if told["quiz_points"] else 0.0
    return Lens(most + quiz_most, rows, criteria, items)
