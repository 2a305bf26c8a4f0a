"""Extensions: a due time of one's own, for one person or for many at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.orm import Session

from autograder.service.outbox import passback_due
from autograder.service.queue import Queue
from autograder.service.rules import policy as policies
from autograder.service.rules import zones
from autograder.service.store import regrades
from autograder.service.store.locks import locked
from autograder.service.store.rows import STUDENTS, THERE, members
from autograder.service.store.schema import (
    AssignmentRow,
    CourseRow,
    ExtensionRow,
    MembershipRow,
    UserRow,
)
from autograder.service.store.standings import refresh
from autograder.service.web.edge.access import Actor, Me, audit, known, staffed_assignment, staffs
from autograder.service.web.edge.forms import BadField, Fields, time_field, typed_time
from autograder.service.web.edge.security import ours
from autograder.service.web.edge.site import page, site
from autograder.service.web.staff.people import person_of, person_page
from autograder.service.web.staff.settings import tell_due
from autograder.service.web.student.submitting import judge_lateness

router = APIRouter(prefix="/staff", include_in_schema=False)


@router.post("/c/{course_id}/people/{user_id}/extensions/{assignment_id}", dependencies=[Depends(ours)])
def extend(request: Request, actor: Me, course_id: str, user_id: str, assignment_id: str, typed: Fields) -> Response:
    """Give one person a due time of their own, also for what is there already; an empty one takes it back."""
    staffs(actor, course_id, "run")
    try:
        with site(request).store.reading() as db:
            zone = db.get_one(CourseRow, course_id).time_zone
        due_at = typed_time(typed.get("due_at", ""), "The new due time", zone)
    except BadField as error:
        again = {**typed, "assignment": assignment_id}
        return person_page(request, actor, course_id, user_id, problem=str(error), typed=again)
    with site(request).store.writing() as db:
        person_of(db, course_id, user_id)
        asked = known(db, AssignmentRow, assignment_id, course_id=course_id)
        set_extensions(db, site(request).queue, actor, asked, [user_id], due_at, typed.get("reason", ""))
    return RedirectResponse(f"/staff/c/{course_id}/people/{user_id}", 303)


def set_extensions(
    db: Session,
    queue: Queue,
    actor: Actor,
    asked: AssignmentRow,
    users: Sequence[str],
    due_at: float | None,
    reason: str,
) -> None:
    """Give these people this due time, or with None the one of everybody; judge and tell them anew."""
    asked = locked(db, asked.id)  # whoever changes its due time at this moment does so before, or after
    for user in users:
        there = db.get(ExtensionRow, (asked.id, user))
        before = there.due_at if there else None
        if due_at is not None:
            extension = there or ExtensionRow(assignment_id=asked.id, user_id=user, due_at=due_at)
            extension.due_at, extension.reason = due_at, reason.strip()[:1000]
            db.add(extension)
            audit(db, actor, "extension.given", user, asked.course_id, assignment=asked.id, due_at=due_at)
        else:
            if there is not None:
                db.delete(there)
            audit(db, actor, "extension.taken_back", user, asked.course_id, assignment=asked.id)
        if due_at != before:
            tell_due(db, asked, user, _notice(asked, due_at))
        judge_lateness(db, asked, user)
    refresh(db, asked, users)
    for user in users:
        for job in regrades.spared(db, asked, user):
            queue.again(db, job)
        passback_due(db, queue, asked, user)


def _notice(asked: AssignmentRow, due_at: float | None) -> str:
    policy = policies.from_json(asked.policy)
    if due_at is None:
        return f"Your extension of {asked.title} was taken back. It is due when it is due for everyone."
    own = policies.due_for(policy, due_at)
    if own is None:
        return f"You were given an extension of {asked.title}, which has no due time."
    return f"{asked.title} is due for you on {zones.in_words(own, policy.time_zone)}."


# -------------------------------------------------------------------------------------------------- many at once
@router.get("/a/{assignment_id}/extensions")
def extensions(request: Request, actor: Me, assignment_id: str, *, done: int = 0) -> Response:
    """The extensions of an assignment, and a form to give one to many students."""
    return _page(request, actor, assignment_id, done=done)


def _page(
    request: Request,
    actor: Actor,
    assignment_id: str,
    *,
    problem: str = "",
    typed: dict[str, str] | None = None,
    chosen: Sequence[str] = (),
    done: int = 0,
) -> Response:
    with site(request).store.reading() as db:
        asked = staffed_assignment(db, actor, assignment_id, "see")
        values: dict[str, Any] = {"students": _students(db, asked), "course": db.get_one(CourseRow, asked.course_id)}
    return page(
        request, "staff_extensions.html", status=422 if problem else 200, asked=asked, tab="extensions",
        policy=policies.from_json(asked.policy), problem=problem, typed=typed or {}, chosen=set(chosen),
        sections=sorted({member.section for _, member, _ in values["students"] if member.section}),
        done=done, time_field=time_field, **values,
    )  # fmt: skip


def _students(db: Session, asked: AssignmentRow) -> list[tuple[UserRow, MembershipRow, ExtensionRow | None]]:
    rows = db.scalars(sa.select(ExtensionRow).where(ExtensionRow.assignment_id == asked.id))
    given = {one.user_id: one for one in rows}
    return [(user, member, given.get(user.id)) for user, member in members(db, asked.course_id, *STUDENTS, THERE)]


@router.post("/a/{assignment_id}/extensions", dependencies=[Depends(ours)])
async def extend_many(request: Request, actor: Me, assignment_id: str, typed: Fields) -> Response:
    """Give all chosen students, or all of a section, the same due time."""
    chosen = [one for one in (await request.form()).getlist("student") if isinstance(one, str)]
    return await run_in_threadpool(_extend_many, request, actor, assignment_id, typed, chosen)


def _extend_many(
    request: Request, actor: Actor, assignment_id: str, typed: dict[str, str], chosen: Sequence[str]
) -> Response:
    problem = ""
    with site(request).store.writing() as db:
        asked = staffed_assignment(db, actor, assignment_id, "run")
        section = typed.get("section", "")
        users = [
            user.id
            for user, member, _ in _students(db, asked)
            if user.id in chosen or (section and member.section == section)
        ]
        due_at = None
        if not users:
            problem = "Choose at least one student, or a section."
        elif not typed.get("take_back"):
            try:
                zone = db.get_one(CourseRow, asked.course_id).time_zone
                due_at = typed_time(typed.get("due_at", ""), "The new due time", zone)
            except BadField as error:
                problem = str(error)
            if due_at is None and not problem:
                problem = "Type the new due time, or tick that extensions are taken back."
        if not problem:
            set_extensions(db, site(request).queue, actor, asked, users, due_at, typed.get("reason", ""))
    if problem:
        return _page(request, actor, assignment_id, problem=problem, typed=typed, chosen=chosen)
    return RedirectResponse(f"/staff/a/{assignment_id}/extensions?done={len(users)}", 303)
