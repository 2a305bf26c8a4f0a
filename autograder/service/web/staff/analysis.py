"""What the class's reports say of the assignment: how hard each part is, what students believed and when no longer."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from autograder.service.rules import statistics
from autograder.service.store import grades
from autograder.service.store.schema import VersionRow
from autograder.service.store.standings import misconceptions, standings
from autograder.service.web.edge.access import Me, staffed_assignment
from autograder.service.web.edge.site import page, site

router = APIRouter(prefix="/staff/a/{assignment_id}/analysis", include_in_schema=False)


@router.get("")
def analysis(request: Request, actor: Me, assignment_id: str) -> Response:
    with site(request).store.reading() as db:
        asked = staffed_assignment(db, actor, assignment_id)
        has = standings(db, asked).values()
        parts = grades.parts(db, asked, {id_ for one in has for id_ in (one.counting.submission_id, one.first_id)})
        found = misconceptions(db, asked)
        version = db.get(VersionRow, asked.version_id) if asked.version_id else None
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
        pools=statistics.pools(statistics.items(quizzes, first_quizzes)),
        misconceptions=found,
        titles={row["id"]: row["title"] for row in version.about["criteria"]} if version else {},
    )
