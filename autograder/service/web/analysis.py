"""What the class's reports say of the assignment: how hard each part is, what students believed and when no longer."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import sqlalchemy as sa
from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from autograder.service.rules import statistics
from autograder.service.rules.statistics import Part, Seen
from autograder.service.store import reports
from autograder.service.store.grades import standings
from autograder.service.store.schema import Assignment, Diagnosis, Report, Submission, Version
from autograder.service.web.access import Me, staffed_assignment
from autograder.service.web.site import page, site

router = APIRouter(prefix="/staff/a/{assignment_id}/analysis", include_in_schema=False)


@router.get("")
def analysis(request: Request, actor: Me, assignment_id: str) -> Response:
    with site(request).store.reading() as db:
        asked = staffed_assignment(db, actor, assignment_id)
        counting = [one.counting.submission_id for one in standings(db, asked).values()]
        reports_ = _parts(db, asked, counting)
        firsts = _parts(db, asked, _firsts(db, asked))
        found = misconceptions(db, asked)
        version = db.get(Version, asked.version_id) if asked.version_id else None
    criteria = [row for row, _ in reports_]
    quizzes = [row for _, row in reports_ if row]
    questions = statistics.items(quizzes, [row for _, row in firsts if row])
    return page(
        request,
        "analysis.html",
        asked=asked,
        tab="analysis",
        students=len(counting),
        least=statistics.LEAST,
        sections=[
            ("Criteria", statistics.items(criteria, [row for row, _ in firsts]), statistics.alpha(criteria)),
            ("Questions", questions, statistics.alpha(quizzes)),
        ],
        pools=statistics.pools(questions),
        misconceptions=found,
        titles={row["id"]: row["title"] for row in version.about["criteria"]} if version else {},
    )


def _parts(db: Session, asked: Assignment, submissions: list[str]) -> list[tuple[list[Part], list[Part]]]:
    """Criteria and questions of the reports that count for these submissions."""
    bodies = db.scalars(
        sa.select(Report.body)
        .join(Submission, Submission.report_id == Report.id)
        .where(Submission.assignment_id == asked.id, Submission.id.in_(submissions), Report.status == "graded")
    )
    return [reports.parts(body) for body in bodies]


def _firsts(db: Session, asked: Assignment) -> list[str]:
    """Everybody's first submission with marks."""
    first = (
        sa.select(Submission.user_id, sa.func.min(Submission.number).label("number"))
        .where(_marked(asked))
        .group_by(Submission.user_id)
        .subquery()
    )
    same = sa.and_(Submission.user_id == first.c.user_id, Submission.number == first.c.number)
    return list(db.scalars(sa.select(Submission.id).join(first, same).where(_marked(asked))))


def _marked(asked: Assignment) -> sa.ColumnElement[bool]:
    return sa.and_(Submission.assignment_id == asked.id, Submission.practice.is_(False), Submission.state == "graded")


def misconceptions(db: Session, asked: Assignment) -> list[tuple[statistics.Course, dict[str, Any]]]:
    """Each with its title and criterion, from the reports of all submissions but not from their bodies."""
    named: dict[str, set[str]] = defaultdict(set)
    about: dict[str, dict[str, Any]] = {}
    for report_id, name, criterion, title in db.execute(
        sa.select(Diagnosis.report_id, Diagnosis.misconception, Diagnosis.criterion, Diagnosis.title)
        .join(Submission, Submission.report_id == Diagnosis.report_id)
        .where(_marked(asked))
    ):
        named[report_id].add(name)
        about[name] = {"criterion": criterion, "title": title}
    every = db.execute(
        sa.select(Submission.user_id, Submission.made_at, Submission.report_id)
        .where(_marked(asked))
        .order_by(Submission.number)
    )
    seen = (Seen(user, at, frozenset(named.get(report_id or "", ()))) for user, at, report_id in every)
    return [(one, about[one.id]) for one in statistics.misconceptions(seen)]
