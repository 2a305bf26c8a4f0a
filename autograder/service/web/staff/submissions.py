"""Submissions for staff: all of an assignment with filters, and one with everything that is known about it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal

import sqlalchemy as sa
from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import RedirectResponse, Response
from markupsafe import Markup
from sqlalchemy.orm import Session, defer

from autograder.render import html
from autograder.service.queue import unpark
from autograder.service.rules import policy as policies
from autograder.service.rules.weights import factors, weighed
from autograder.service.store import reports
from autograder.service.store.grades import points_of
from autograder.service.store.schema import (
    AssignmentRow,
    CourseRow,
    DiagnosisRow,
    JobRow,
    MembershipRow,
    OverrideRow,
    ReportRow,
    SubmissionRow,
    TextMarkRow,
    UserRow,
)
from autograder.service.web.edge.access import Me, audit, not_found, staffed_assignment, staffed_submission
from autograder.service.web.edge.forms import BadField, typed_number
from autograder.service.web.edge.security import ours
from autograder.service.web.edge.site import attachment, page, site
from autograder.service.web.staff.decisions import decidable, decided
from autograder.service.web.student.comments import comments, earlier, rows
from autograder.service.web.student.groups import handed_in_by
from autograder.service.web.student.pages import report_body
from autograder.service.web.student.telling import reader, told

ROWS = 50  # of one page
MOST_POINTS = 1e12  # more than any assignment has: a database takes no infinity as a bound
STATES = ("queued", "running", "graded", "not_gradable", "superseded", "parked")
FILTERS = ("who", "section", "state", "least", "most", "misconception", "late", "practice", "order")

router = APIRouter(prefix="/staff", include_in_schema=False)


# ------------------------------------------------------------------------------------------------------ all of them
@router.get("/a/{assignment_id}/submissions")
def submissions(request: Request, actor: Me, assignment_id: str) -> Response:
    asked_for = {name: request.query_params.get(name, "").strip()[:200] for name in FILTERS}
    problem = ""
    with site(request).store.reading() as db:
        asked = staffed_assignment(db, actor, assignment_id, "see")
        try:
            wanted = chosen(asked, asked_for)
        except BadField as error:
            problem, wanted = str(error), chosen(asked, {})
        rows, points = _page(db, asked, wanted, request.query_params.get("after", ""), asked_for)
        sections = db.scalars(
            sa.select(MembershipRow.section).where(MembershipRow.course_id == asked.course_id).distinct()
        ).all()
    return page(
        request,
        "staff_submissions.html",
        status=422 if problem else 200,
        asked=asked,
        tab="submissions",
        rows=rows[:ROWS],
        points=points,
        after=following(rows[ROWS - 1]) if len(rows) > ROWS else "",
        wanted=asked_for,
        kept={name: value for name, value in asked_for.items() if value},
        sections=sorted(filter(None, sections)),
        states=STATES,
        problem=problem,
    )


def chosen(asked: AssignmentRow, filters: Mapping[str, str]) -> sa.Select[*tuple[Any, ...]]:
    """The rows of these filters, in no order yet.

    Raises:
        BadField: points that are no number.
    """
    least, most = _bounds(filters)
    query: sa.Select[*tuple[Any, ...]] = (
        sa.select(
            SubmissionRow.id,
            SubmissionRow.number,
            SubmissionRow.made_at,
            SubmissionRow.state,
            SubmissionRow.practice,
            SubmissionRow.late_seconds,
            SubmissionRow.group_name,
            UserRow.id.label("user_id"),
            UserRow.name,
            MembershipRow.roster_id,
            MembershipRow.section,
            ReportRow.score,
            ReportRow.max_score,
        )
        .join(UserRow, UserRow.id == SubmissionRow.user_id)
        .join(
            MembershipRow,
            (MembershipRow.user_id == SubmissionRow.user_id) & (MembershipRow.course_id == asked.course_id),
        )
        .outerjoin(ReportRow, ReportRow.id == SubmissionRow.report_id)
        .where(SubmissionRow.assignment_id == asked.id)
    )
    if who := filters.get("who"):
        query = query.where(UserRow.name.icontains(who, autoescape=True) | (MembershipRow.roster_id == who))
    if section := filters.get("section"):
        query = query.where(MembershipRow.section == section)
    if (state := filters.get("state")) in STATES:
        query = query.where(SubmissionRow.state == state)
    if (least, most) != (-math.inf, math.inf):  # what people decided, and their marks of texts, are added to a score
        query = query.where(
            ReportRow.score.between(max(least, 0.0), min(most, MOST_POINTS))
            | sa.exists().where(OverrideRow.submission_id == SubmissionRow.id)
            | sa.exists().where(TextMarkRow.assignment_id == asked.id, TextMarkRow.user_id == SubmissionRow.user_id)
        )
    if misconception := filters.get("misconception"):
        query = query.where(
            sa.exists().where(
                DiagnosisRow.report_id == SubmissionRow.report_id, DiagnosisRow.misconception == misconception
            )
        )
    if filters.get("late"):
        query = query.where(SubmissionRow.late_seconds > 0)
    if practice := filters.get("practice"):
        query = query.where(SubmissionRow.practice.is_(practice == "only"))
    return query


def _bounds(filters: Mapping[str, str]) -> tuple[float, float]:
    least, most = filters.get("least"), filters.get("most")
    return (
        typed_number(least, "Points from") if least else -math.inf,
        typed_number(most, "Points to") if most else math.inf,
    )


def _page(
    db: Session, asked: AssignmentRow, wanted: sa.Select[*tuple[Any, ...]], after: str, filters: Mapping[str, str]
) -> tuple[list[sa.Row[Any]], dict[str, float]]:
    """Return one row more than a page has, and the points of each submission: those that its row shows are filtered."""
    try:
        least, most = _bounds(filters)
    except BadField:  # which the page tells
        least, most = -math.inf, math.inf
    found: list[sa.Row[Any]] = []
    points: dict[str, float] = {}
    while True:
        rows = db.execute(listed(wanted, after, filters["order"] == "oldest")).all()
        worth = points_of(db, asked, [row.id for row in rows])
        points |= worth
        found += [
            row
            for row in rows
            if (least, most) == (-math.inf, math.inf) or least <= worth.get(row.id, math.nan) <= most
        ]
        if len(rows) <= ROWS or len(found) > ROWS:
            return found[: ROWS + 1], points
        after = following(rows[-1])


def following(row: sa.Row[Any]) -> str:
    """Return what tells a page that it begins behind this row."""
    return f"{row.made_at!r}~{row.id}"


def listed(query: sa.Select[*tuple[Any, ...]], after: str, oldest_first: bool) -> sa.Select[*tuple[Any, ...]]:  # noqa: FBT001 - its one option
    """A page of them. `after` is the last row of the page before: however many there were, as many are read."""
    at, _, id_ = after.partition("~")
    try:
        last = float(at) if id_ else None
    except ValueError:
        last = None
    made, key = SubmissionRow.made_at, SubmissionRow.id
    if oldest_first:
        if last is not None:
            query = query.where(made >= last, (made > last) | (key > id_))
        return query.order_by(made, key).limit(ROWS + 1)
    if last is not None:
        query = query.where(made <= last, (made < last) | (key < id_))
    return query.order_by(made.desc(), key.desc()).limit(ROWS + 1)


# --------------------------------------------------------------------------------------------------------- one
@router.get("/s/{submission_id}")
def submission(
    request: Request, actor: Me, submission_id: str, report: str = "", view: Literal["staff", "student"] = "staff"
) -> Response:
    """Its report, with notes for staff or as the student sees it now; earlier reports, jobs and their errors."""
    with site(request).store.reading() as db:
        found, asked = staffed_submission(db, actor, submission_id, "see")
        known = db.scalars(
            sa.select(ReportRow)
            .options(defer(ReportRow.body), defer(ReportRow.pictures))
            .where(ReportRow.submission_id == found.id)
            .order_by(ReportRow.made_at)
        ).all()
        if report and report not in {one.id for one in known}:
            raise not_found()
        shown = report or found.report_id or ""
        if view == "student" and shown not in {found.report_id, next((one.id for one in known if one.counted), "")}:
            shown = found.report_id or ""  # of others they see nothing
        values: dict[str, Any] = {
            "user": db.get_one(UserRow, found.user_id),
            "jobs": db.scalars(
                sa.select(JobRow).where(JobRow.submission_id == found.id).order_by(JobRow.made_at)
            ).all(),
        }
        course = db.get_one(CourseRow, asked.course_id)
        theirs = told(db, found, asked, report_id=shown) if view == "student" and found.report_id else None
        body = _body(db, asked, found, shown) if shown and view == "staff" else Markup()
        chosen = policies.from_json(asked.policy).points
        stored = reports.unpack(db.get_one(ReportRow, shown).body) if body else None
        verdict = weighed(stored, chosen) if stored else None
        values |= {
            "by": handed_in_by(db, found),
            "decided": decided(db, found.id),
            "decidable": decidable(verdict) if verdict else {},
            "factors": factors(stored, verdict) if stored and verdict else {},
            "comments": comments(db, found, verdict),
            "rows": rows(verdict),
            "earlier": earlier(db, asked),
        }
    if theirs is not None:
        body = report_body(request, theirs, course, values["user"], staff=False)
    return page(
        request, "staff_submission.html", asked=asked, tab="submissions", submission=found, reports=known, shown=shown,
        view=view, body=body, **values,
    )  # fmt: skip


def _body(db: Session, asked: AssignmentRow, found: SubmissionRow, report_id: str) -> Markup:
    row = db.get_one(ReportRow, report_id)
    seen = reader(db, asked, found.user_id, staff=True).sees(found.id, row.body)
    return html.body(seen.report, staff=True, pictures=html.pictures(reports.unpack_pictures(row.pictures)))


@router.get("/s/{submission_id}/upload")
def upload(request: Request, actor: Me, submission_id: str) -> Response:
    """The bytes as received: never shown as a page, whatever they are."""
    with site(request).store.writing() as db:
        found, asked = staffed_submission(db, actor, submission_id, "see")
        if found.upload is None:
            raise HTTPException(410, "What was handed in has been erased.")
        audit(db, actor, "upload.downloaded", found.id, asked.course_id)
    suffix = found.name.rpartition(".")[2].lower()
    name = f"{found.id}.{suffix}" if suffix in ("py", "ipynb", "zip") else found.id
    return attachment(found.upload, name)


@router.post("/s/{submission_id}/again", dependencies=[Depends(ours)])
def mark_again(request: Request, actor: Me, submission_id: str) -> Response:
    """Tries what the grader failed at once more. What has a report would get the same one."""
    with site(request).store.writing() as db:
        found, asked = staffed_submission(db, actor, submission_id, "mark")
        parked = db.scalars(
            sa.select(JobRow.id).where(JobRow.submission_id == found.id, JobRow.state == "parked")
        ).all()
        for job in parked:
            unpark(db, site(request).queue, job)
        if parked:
            audit(db, actor, "submission.marked_again", found.id, asked.course_id)
    return RedirectResponse(f"/staff/s/{submission_id}", 303)
