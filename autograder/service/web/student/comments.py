"""Comments of student and staff about a submission: questions about a row or a line, and answers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.orm import Session

from autograder.model import Report
from autograder.service.store.schema import AssignmentRow, CommentRow, NoticeRow, SubmissionRow, UserRow
from autograder.service.web.edge import rates
from autograder.service.web.edge.access import Me, audit, staffs, submission_for
from autograder.service.web.edge.forms import BadField, Fields, typed_count
from autograder.service.web.edge.security import ours
from autograder.service.web.edge.site import site

LONGEST = 4000  # characters of one comment
OFFERED = 20  # earlier comments of staff that can be used again

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True)
class Comment:
    """A comment as pages show it; `line` is 0 where it is about no line of the code."""

    author: str
    staff: bool
    about: str  # in words, "" = the whole submission
    line: int
    text: str
    made_at: float
    open: bool


@router.post("/s/{submission_id}/comments", dependencies=[Depends(ours)])
def write(request: Request, actor: Me, submission_id: str, typed: Fields) -> Response:
    """Keep a comment. A student's is a question that waits for staff; staff's answers those about the same."""
    rates.spend(request, rates.COMMENTS, actor.id)
    with site(request).store.writing() as db:
        found, asked = submission_for(db, actor, submission_id)
        staff = asked.course_id in actor.staff and found.user_id != actor.id
        if staff:
            staffs(actor, asked.course_id, "mark")
        text = typed.get("text", "").strip()[:LONGEST]
        if not text and staff:
            text = next((one.text for one in earlier(db, asked) if one.id == typed.get("earlier")), "")
        if not text:
            raise HTTPException(422, "Your comment is empty. Go back and write something.")
        comment = CommentRow(submission_id=found.id, author_id=actor.id, about=_about(typed), text=text, open=not staff)
        db.add(comment)
        if staff:
            # Below a whole thread, a comment on the whole submission answers all of it; any other one what it is about.
            whole = not comment.about and typed.get("back") != "questions"
            answered = sa.true() if whole else CommentRow.about == comment.about
            db.execute(sa.update(CommentRow).where(CommentRow.submission_id == found.id, answered).values(open=False))
            comment.open = False
            told = f"{actor.name or 'Your instructor'} commented on submission {found.number} of {asked.title}."
            db.add(NoticeRow(user_id=found.user_id, submission_id=found.id, kind="reply", text=told))
        audit(db, actor, "comment.written", found.id, asked.course_id)
    if staff and typed.get("back") == "questions":
        return RedirectResponse(f"/staff/a/{asked.id}/questions", 303)
    where = "/staff" if staff else ""
    return RedirectResponse(f"{where}/s/{submission_id}#comments", 303)


def _about(typed: dict[str, str]) -> str:
    line = typed.get("line", "").strip()
    if not line:
        return typed.get("about", "")[:120]
    try:
        return f"line:{typed_count(line, 'Line')}"
    except BadField as error:
        raise HTTPException(422, str(error)) from error


def comments(db: Session, submission: SubmissionRow, report: Report | None) -> list[Comment]:
    """The thread of a submission, oldest first."""
    titles = dict(rows(report))
    found = db.execute(
        sa.select(CommentRow, UserRow.name)
        .join(UserRow, UserRow.id == CommentRow.author_id)
        .where(CommentRow.submission_id == submission.id)
        .order_by(CommentRow.made_at, CommentRow.id)
    )
    return [_shown(one, name, submission, titles) for one, name in found]


def _shown(one: CommentRow, name: str, submission: SubmissionRow, titles: dict[str, str]) -> Comment:
    line = int(one.about.removeprefix("line:")) if re.fullmatch(r"line:\d{1,6}", one.about) else 0
    about = f"line {line}" if line else titles.get(one.about, "")
    return Comment(name, one.author_id != submission.user_id, about, line, one.text, one.made_at, one.open)


def rows(report: Report | None) -> list[tuple[str, str]]:
    """The rows of a report that can be asked about or decided on: (name, title)."""
    if report is None:
        return []
    criteria = [(f"criterion:{mark.id}", mark.title) for mark in report.criteria]
    items = [(f"item:{item.id}", f"Quiz: {item.title or item.id}") for item in report.quiz]
    return criteria + items


def earlier(db: Session, asked: AssignmentRow) -> Sequence[CommentRow]:
    """Comments that staff wrote on submissions of this assignment, each text once, the newest first."""
    found = db.scalars(
        sa.select(CommentRow)
        .join(SubmissionRow, SubmissionRow.id == CommentRow.submission_id)
        .where(SubmissionRow.assignment_id == asked.id, CommentRow.author_id != SubmissionRow.user_id)
        .order_by(CommentRow.made_at.desc())
        .limit(10 * OFFERED)
    )
    once = {one.text: one for one in reversed(list(found))}
    return list(reversed(once.values()))[:OFFERED]
