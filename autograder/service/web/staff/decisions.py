"""People decide in the end: points that staff give a row, beside the grader's, and questions that wait for them."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.orm import Session

from autograder.model import CriterionMark, ItemMark, Report
from autograder.render import points
from autograder.service.outbox import passback_due
from autograder.service.rules import policy as policies
from autograder.service.rules.weights import factors, weighed
from autograder.service.store import reports
from autograder.service.store.locks import locked
from autograder.service.store.rows import row_titles
from autograder.service.store.schema import (
    AssignmentRow,
    CommentRow,
    NoticeRow,
    OverrideRow,
    ReportRow,
    SubmissionRow,
    UserRow,
    now,
)
from autograder.service.store.standings import refresh
from autograder.service.web.edge.access import Me, audit, known, staffed_assignment, staffed_submission
from autograder.service.web.edge.forms import BadField, Fields, typed_line, typed_number
from autograder.service.web.edge.security import ours
from autograder.service.web.edge.site import page, site
from autograder.service.web.student.comments import earlier

LONGEST = 2000  # characters of a reason

router = APIRouter(prefix="/staff", include_in_schema=False)


@router.post("/s/{submission_id}/override", dependencies=[Depends(ours)])
def override(request: Request, actor: Me, submission_id: str, typed: Fields) -> Response:
    """Give a row of this submission other points, with a reason that its student reads; an excuse is all of them."""
    with site(request).store.writing() as db:
        found, asked, stored = _marked(db, actor, submission_id)
        report = weighed(stored, policies.from_json(asked.policy).points)
        row = decidable(report).get(typed.get("row", ""))
        if row is None:
            raise HTTPException(422, "Choose the row whose points you want to change.")
        excused = bool(typed.get("excuse"))
        try:
            points_typed = f"{row.max_score}" if excused else typed.get("points", "")
            given = round(typed_number(points_typed, "Points", most=row.max_score), 2)
        except BadField as error:
            raise HTTPException(422, str(error)) from error
        reason = typed_line(typed, "reason", LONGEST)
        if not reason:
            raise HTTPException(422, "Write a reason: the student reads it beside the points.")
        reason = f"You are excused from this part, which counts in full. {reason}" if excused else reason
        name = typed["row"]
        one = db.get(OverrideRow, (found.id, name)) or OverrideRow(submission_id=found.id, row=name)
        one.points, one.reason, one.by_id, one.made_at = given / factors(stored, report)[name], reason, actor.id, now()
        db.add(one)
        title = getattr(row, "title", "") or row.id
        told = f"{title}: {points(given)} instead of {points(row.score)} points. {reason}"
        _changed(request, db, asked, found, told)
        audit(db, actor, "override.set", found.id, asked.course_id, row=name, points=given, machine=row.score,
              reason=reason)  # fmt: skip
    return RedirectResponse(f"/staff/s/{submission_id}#decisions", 303)


@router.post("/s/{submission_id}/lift", dependencies=[Depends(ours)])
def lift(request: Request, actor: Me, submission_id: str, typed: Fields) -> Response:
    """Let the grader's points count again."""
    with site(request).store.writing() as db:
        found, asked, report = _marked(db, actor, submission_id)
        one = known(db, OverrideRow, (found.id, typed.get("row", "")[:120]))
        row = decidable(report).get(one.row)
        title = (getattr(row, "title", "") or row.id) if row else one.row
        db.delete(one)
        _changed(request, db, asked, found, f"{title}: the points of the grader count again.")
        audit(db, actor, "override.lifted", found.id, asked.course_id, row=one.row, points=one.points)
    return RedirectResponse(f"/staff/s/{submission_id}#decisions", 303)


def _marked(db: Session, actor: Me, submission_id: str) -> tuple[SubmissionRow, AssignmentRow, Report]:
    """A submission of a course that this person staffs, with the report that counts.

    Raises:
        HTTPException: 404; 409 where nothing is marked.
    """
    found, asked = staffed_submission(db, actor, submission_id, "mark")
    asked = locked(db, asked.id)
    row = db.get(ReportRow, found.report_id) if found.report_id else None
    if row is None or row.status == "grader_error" or not decidable(reports.unpack(row.body)):
        raise HTTPException(409, "This submission has no marks, so there are none to change.")
    return found, asked, reports.unpack(row.body)


def _changed(request: Request, db: Session, asked: AssignmentRow, found: SubmissionRow, told: str) -> None:
    """Count anew and tell: the student by a notice, a learning platform by a passback."""
    text = f"Points of submission {found.number} of {asked.title} were changed by a person. {told}"
    db.add(NoticeRow(user_id=found.user_id, submission_id=found.id, text=text))
    if not found.practice:
        refresh(db, asked, [found.user_id])
        passback_due(db, site(request).queue, asked, found.user_id)


def decidable(report: Report) -> dict[str, CriterionMark | ItemMark]:
    """The rows whose points people can change, by name; texts are marked on their own page."""
    found: dict[str, CriterionMark | ItemMark] = {f"criterion:{mark.id}": mark for mark in report.criteria}
    found |= {f"item:{item.id}": item for item in report.quiz if item.awaited is None}
    return {name: row for name, row in found.items() if row.max_score}


def decided(db: Session, submission_id: str) -> Sequence[sa.Row[OverrideRow, str]]:
    """Return people's decisions about a submission, with their names."""
    return db.execute(
        sa.select(OverrideRow, UserRow.name)
        .join(UserRow, UserRow.id == OverrideRow.by_id)
        .where(OverrideRow.submission_id == submission_id)
        .order_by(OverrideRow.made_at)
    ).all()


# ------------------------------------------------------------------------------------------------------- questions
@router.get("/a/{assignment_id}/questions")
def questions(request: Request, actor: Me, assignment_id: str) -> Response:
    """All questions that wait for an answer, the oldest first, each with a form to answer it here."""
    with site(request).store.reading() as db:
        asked = staffed_assignment(db, actor, assignment_id, "see")
        waiting, past = _waiting(db, asked), earlier(db, asked)
        titles = {f"criterion:{id_}": title for id_, title in row_titles(db, asked).items()}
    return page(
        request, "staff_questions.html", asked=asked, tab="questions", waiting=waiting, earlier=past, titles=titles
    )


def _waiting(db: Session, asked: AssignmentRow) -> Sequence[sa.Row[CommentRow, int, str]]:
    return db.execute(
        sa.select(CommentRow, SubmissionRow.number, UserRow.name)
        .join(SubmissionRow, SubmissionRow.id == CommentRow.submission_id)
        .join(UserRow, UserRow.id == SubmissionRow.user_id)
        .where(SubmissionRow.assignment_id == asked.id, CommentRow.open)
        .order_by(CommentRow.made_at)
    ).all()
