"""The analysis of a class: how hard each part is, what students believed, and when they no longer did."""

from __future__ import annotations

import datetime as dt
import time
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from fastapi import APIRouter, Request
from fastapi.responses import Response
from markupsafe import Markup
from sqlalchemy.orm import Session

from autograder.render.pictures import bars
from autograder.service.rules import policy as policies
from autograder.service.rules import statistics
from autograder.service.store import Store, grades
from autograder.service.store.schema import AssignmentRow, SubmissionRow, VersionRow
from autograder.service.store.standings import misconceptions, standings
from autograder.service.web.edge.access import Me, staffed_assignment
from autograder.service.web.edge.site import page, site

DAY = 86_400.0
COUNT_SECONDS = 60.0  # what grows with all that was ever handed in is not counted for every look at the page
_counted: WeakKeyDictionary[Store, dict[str, tuple[float, dict[int, int]]]] = WeakKeyDictionary()

router = APIRouter(prefix="/staff/a/{assignment_id}/analysis", include_in_schema=False)


@router.get("")
def analysis(request: Request, actor: Me, assignment_id: str) -> Response:
    with site(request).store.reading() as db:
        asked = staffed_assignment(db, actor, assignment_id, "see")
        has = standings(db, asked).values()
        parts = grades.parts(db, asked, {id_ for one in has for id_ in (one.counting.submission_id, one.first_id)})
        found = misconceptions(db, asked)
        version = db.get(VersionRow, asked.version_id) if asked.version_id else None
        handed_in = _hand_ins(site(request).store, db, asked)
    counting = [parts[one.counting.submission_id] for one in has]
    firsts = [parts[one.first_id] for one in has]
    criteria = [row for row, _ in counting]
    quizzes = [row for _, row in counting if row]
    first_quizzes = [row for _, row in firsts if row]
    questions = statistics.items(statistics.places(quizzes), statistics.places(first_quizzes))
    return page(
        request,
        "analysis.html",
        asked=asked,
        tab="analysis",
        students=len(has),
        least=statistics.LEAST,
        sections=[
            ("Criteria", statistics.items(criteria, [row for row, _ in firsts]), statistics.alpha(criteria)),
            ("Questions", questions, statistics.alpha(quizzes)),
        ],
        spreads=statistics.spreads(criteria),
        pools=statistics.pools(statistics.items(quizzes, first_quizzes)),
        misconceptions=found,
        class_pictures=_pictures([one.points / one.max_points for one in has if one.max_points], handed_in, asked),
        titles={row["id"]: row["title"] for row in version.about["criteria"]} if version else {},
    )


def _hand_ins(store: Store, db: Session, asked: AssignmentRow) -> dict[int, int]:
    """Hand-ins by day since the epoch, in UTC; practice is not among them. They are counted once a minute."""
    counted = _counted.setdefault(store, {})
    at, told = counted.get(asked.id, (-COUNT_SECONDS, {}))
    if time.monotonic() - at >= COUNT_SECONDS:
        told = _counted_anew(db, asked)
        counted[asked.id] = (time.monotonic(), told)
    return told


def _counted_anew(db: Session, asked: AssignmentRow) -> dict[int, int]:
    day = sa.cast(SubmissionRow.made_at, sa.BigInteger) // int(DAY)
    wanted = SubmissionRow.assignment_id == asked.id, SubmissionRow.practice.is_(False)
    return {int(at): count for at, count in db.execute(sa.select(day, sa.func.count()).where(*wanted).group_by(day))}


def _pictures(shares: list[float], handed_in: dict[int, int], asked: AssignmentRow) -> list[tuple[str, Markup]]:
    """Title and SVG of each picture of the class; none before somebody has marks."""
    if not shares:
        return []
    days = statistics.by_day(handed_in)
    labels = [(dt.datetime.fromtimestamp(day * DAY, dt.UTC).strftime("%-d %b"), count) for day, count in days]
    due_at = policies.from_json(asked.policy).due_at
    due = next((place for place, (day, _) in enumerate(days) if due_at is not None and day * DAY >= due_at), None)
    drawn = [
        ("Distribution of marks", bars("marks", "Distribution of marks", "points", statistics.distribution(shares))),
        ("Hand-ins by day", bars("hand-ins", "Hand-ins by day", "day (UTC)", labels, mark=due)),
    ]
    return [(title, Markup(svg)) for title, svg in drawn]  # noqa: S704 - we drew it
