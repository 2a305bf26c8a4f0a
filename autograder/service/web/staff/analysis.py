"""The analysis of a class: how hard each part is, what students believed, and when they no longer did."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Sequence
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from fastapi import APIRouter, Request
from fastapi.responses import Response
from markupsafe import Markup
from sqlalchemy.orm import Session

from autograder.render.class_pictures import Share, bars, shares, strip
from autograder.service.rules import policy as policies
from autograder.service.rules import statistics
from autograder.service.store import Store, grades
from autograder.service.store.rows import row_titles
from autograder.service.store.schema import AssignmentRow, StudentMisconceptionRow, SubmissionRow
from autograder.service.store.standings import by_frequency, held, held_by, standings
from autograder.service.web.edge.access import Me, not_found, staffed_assignment
from autograder.service.web.edge.site import page, site
from autograder.service.web.staff.regrade import people

Days = list[tuple[int, int]]  # day since the epoch, hand-ins
COUNT_SECONDS = 60.0  # what grows with all that was ever handed in is not counted for every look at the page
_counted: WeakKeyDictionary[Store, dict[str, tuple[float, dict[int, int]]]] = WeakKeyDictionary()

router = APIRouter(prefix="/staff/a/{assignment_id}/analysis", include_in_schema=False)


@router.get("")
def analysis(request: Request, actor: Me, assignment_id: str) -> Response:
    with site(request).store.reading() as db:
        asked = staffed_assignment(db, actor, assignment_id, "see")
        has = standings(db, asked).values()
        ids = {id_ for one in has for id_ in (one.counting.submission_id, one.first_id)}
        parts = grades.parts(db, asked, ids, judged=True)
        each, titles = held(db, asked), row_titles(db, asked)
        handed_in = _hand_ins(site(request).store, db, asked)
    counting = [parts[one.counting.submission_id] for one in has]
    firsts = [parts[one.first_id] for one in has]
    criteria = [row for row, _ in counting if row]
    quizzes = [row for _, row in counting if row]
    first_quizzes = [row for _, row in firsts if row]
    questions = statistics.items(statistics.places(quizzes), statistics.places(first_quizzes))
    parts_of_code = statistics.items(criteria, [row for row, _ in firsts if row])
    days = statistics.by_day(handed_in)
    return page(
        request,
        "analysis.html",
        asked=asked,
        tab="analysis",
        students=len(has),
        least=statistics.LEAST,
        sections=[
            ("Criteria", parts_of_code, statistics.alpha(criteria), _difficulty("criteria", parts_of_code)),
            ("Questions", questions, statistics.alpha(quizzes), _difficulty("questions", questions)),
        ],
        spreads=statistics.spreads(criteria),
        pools=statistics.pools(statistics.items(quizzes, first_quizzes)),
        misconceptions=[(one, about, _strip(one, each, days)) for one, about in by_frequency(each)],
        class_pictures=_pictures([one.points / one.max_points for one in has if one.max_points], handed_in, asked),
        titles=titles,
    )


@router.get("/{misconception}")
def one_misconception(request: Request, actor: Me, assignment_id: str, misconception: str) -> Response:
    """Show who has a misconception, who lost it and after how long, and how many had it at the end of each day."""
    with site(request).store.reading() as db:
        asked = staffed_assignment(db, actor, assignment_id, "see")
        rows = held(db, asked, misconception)
        if not rows:
            raise not_found()
        handed_in = _hand_ins(site(request).store, db, asked)
        names = people(db, asked, [row.user_id for row in rows])
        titles = row_titles(db, asked)
    days = [day for day, _ in statistics.by_day(handed_in)]
    counts = list(zip(map(_day, days), statistics.holders([held_by(row) for row in rows], days), strict=True))
    return page(
        request,
        "misconception.html",
        asked=asked,
        tab="analysis",
        about=rows[0],
        criterion=titles.get(rows[0].criterion, rows[0].criterion),
        have=[row for row in rows if row.submissions is None],
        lost=sorted((row for row in rows if row.submissions is not None), key=lambda row: row.seconds or 0.0),
        names=names,
        picture=Markup(bars("over-time", "Students who have it", "end of the day (UTC)", counts)),  # noqa: S704 - we drew it
    )


def _strip(one: statistics.MisconceptionFacts, each: Sequence[StudentMisconceptionRow], days: Days) -> Markup:
    mine = [held_by(row) for row in each if row.misconception == one.id]
    counts = statistics.holders(mine, [day for day, _ in days])
    labelled = list(zip((_day(day) for day, _ in days), counts, strict=True))
    return Markup(strip(f"by-day-{one.id}", "Students who have it, by day", labelled, one.had))  # noqa: S704 - we drew it


def _difficulty(id_: str, facts: Sequence[statistics.Facts]) -> Markup:
    known = [
        Share(one.title, one.first, one.facility, (i.low, i.high) if (i := one.facility_interval) else None)
        for one in facts
        if one.facility is not None
    ]
    return Markup(shares(id_, "Share of the points, by part", known) if known else "")  # noqa: S704 - we drew it


def _day(day: int) -> str:
    return dt.datetime.fromtimestamp(day * statistics.DAY, dt.UTC).strftime("%-d %b")


def _hand_ins(store: Store, db: Session, asked: AssignmentRow) -> dict[int, int]:
    """Hand-ins by day since the epoch, in UTC; practice is not among them. They are counted once a minute."""
    counted = _counted.setdefault(store, {})
    at, told = counted.get(asked.id, (-COUNT_SECONDS, {}))
    if time.monotonic() - at >= COUNT_SECONDS:
        told = _counted_anew(db, asked)
        counted[asked.id] = (time.monotonic(), told)
    return told


def _counted_anew(db: Session, asked: AssignmentRow) -> dict[int, int]:
    day = sa.cast(SubmissionRow.made_at, sa.BigInteger) // int(statistics.DAY)
    wanted = SubmissionRow.assignment_id == asked.id, SubmissionRow.practice.is_(False)
    return {int(at): count for at, count in db.execute(sa.select(day, sa.func.count()).where(*wanted).group_by(day))}


def _pictures(shares: list[float], handed_in: dict[int, int], asked: AssignmentRow) -> list[tuple[str, Markup]]:
    """Title and SVG of each picture of the class; none before somebody has marks."""
    if not shares:
        return []
    days = statistics.by_day(handed_in)
    labels = [(_day(day), count) for day, count in days]
    due_at = policies.from_json(asked.policy).due_at
    due_day = None if due_at is None else due_at / statistics.DAY
    due = next((place for place, (day, _) in enumerate(days) if due_day is not None and day >= due_day), None)
    drawn = [
        (
            "Distribution of marks",
            bars("marks", "Distribution of marks", "percent of the points", statistics.distribution(shares)),
        ),
        ("Hand-ins by day", bars("hand-ins", "Hand-ins by day", "day (UTC)", labels, mark=due)),
    ]
    return [(title, Markup(svg)) for title, svg in drawn]  # noqa: S704 - we drew it
