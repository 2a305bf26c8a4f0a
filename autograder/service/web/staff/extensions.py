"""Extensions: a due time of one's own, for one person or for many at once."""

from __future__ import annotations

from collections import defaultdict
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
from autograder.service.store import grades, regrades
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
from autograder.service.web.edge.forms import BadField, Fields, time_field, typed_count, typed_time
from autograder.service.web.edge.security import ours
from autograder.service.web.edge.site import page, site
from autograder.service.web.staff.people import person_of, person_page
from autograder.service.web.staff.settings import tell_due
from autograder.service.web.student.submitting import judge_lateness

DAYS = "Days more than everyone"
MOST_DAYS = 365

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
        if due_at != before and asked.open:  # of the others students know nothing yet
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


# ------------------------------------------------------------------------------------- several assignments at once
@router.get("/c/{course_id}/extensions")
def course_extensions(request: Request, actor: Me, course_id: str, *, student: str = "", done: int = 0) -> Response:
    """A form that gives some students more time for several assignments at once."""
    staffs(actor, course_id, "run")
    return _course_page(request, course_id, chosen=[student], done=done)


def _course_page(
    request: Request,
    course_id: str,
    *,
    problem: str = "",
    typed: dict[str, str] | None = None,
    chosen: Sequence[str] = (),
    wanted: Sequence[str] | None = None,
    done: int = 0,
) -> Response:
    with site(request).store.reading() as db:
        course = db.get_one(CourseRow, course_id)
        every = _assignments(db, course_id)
        students = members(db, course_id, *STUDENTS, THERE)
        given: dict[str, list[tuple[str, float]]] = defaultdict(list)
        for asked, _ in every:
            for user, due_at in grades.extensions(db, asked).items():
                given[user].append((asked.title, due_at))
    dated = [(asked, due_at) for asked, due_at in every if due_at is not None]
    return page(
        request, "staff_course_extensions.html", status=422 if problem else 200, course=course, students=students,
        assignments=dated, undated=[asked for asked, due_at in every if due_at is None], given=given,
        sections=sorted({member.section for _, member in students if member.section}), problem=problem,
        typed=typed or {}, chosen=set(chosen), done=done,
        wanted={asked.id for asked, _ in dated} if wanted is None else set(wanted),
    )  # fmt: skip


def _assignments(db: Session, course_id: str) -> list[tuple[AssignmentRow, float | None]]:
    """Return the assignments of a course with their due times, the first made first."""
    every = sa.select(AssignmentRow).where(AssignmentRow.course_id == course_id).order_by(AssignmentRow.made_at)
    return [(asked, policies.from_json(asked.policy).due_at) for asked in db.scalars(every)]


@router.post("/c/{course_id}/extensions", dependencies=[Depends(ours)])
async def extend_course(request: Request, actor: Me, course_id: str, typed: Fields) -> Response:
    """Give all chosen students so many days more for each of the chosen assignments."""
    staffs(actor, course_id, "run")
    form = await request.form()
    chosen, wanted = ([one for one in form.getlist(name) if isinstance(one, str)] for name in ("student", "assignment"))
    return await run_in_threadpool(_extend_course, request, actor, course_id, typed, chosen, wanted)


def _extend_course(
    request: Request,
    actor: Actor,
    course_id: str,
    typed: dict[str, str],
    chosen: Sequence[str],
    wanted: Sequence[str],
) -> Response:
    problem, days, section = "", 0, typed.get("section", "")
    with site(request).store.writing() as db:
        every = sorted(_assignments(db, course_id), key=lambda row: row[0].id)  # locked in the same order by everybody
        dated = [(asked, due_at) for asked, due_at in every if due_at is not None and asked.id in wanted]
        users = [
            user.id
            for user, member in members(db, course_id, *STUDENTS, THERE)
            if user.id in chosen or (section and member.section == section)
        ]
        if not users:
            problem = "Choose at least one student, or a section."
        elif not dated:
            problem = "Choose at least one assignment."
        elif not typed.get("take_back"):
            try:
                days = typed_count(typed.get("days", ""), DAYS, most=MOST_DAYS)
            except BadField as error:
                problem = str(error)
            if not days and not problem:
                problem = "Type how many days more they have, or tick that extensions are taken back."
        for asked, due_at in () if problem else dated:
            _extend_by(db, site(request).queue, actor, asked, users, due_at, days, typed.get("reason", ""))
    if problem:
        return _course_page(request, course_id, problem=problem, typed=typed, chosen=chosen, wanted=wanted)
    return RedirectResponse(f"/staff/c/{course_id}/extensions?done={len(users)}", 303)


def _extend_by(
    db: Session,
    queue: Queue,
    actor: Actor,
    asked: AssignmentRow,
    users: Sequence[str],
    due_at: float,
    days: int,
    reason: str,
) -> None:
    """Give these people so many days after the due time, where they do not have longer; 0 takes extensions back."""
    has = grades.extensions(db, asked)
    if not days:
        set_extensions(db, queue, actor, asked, [user for user in users if user in has], None, reason)
        return
    until = zones.days_after(due_at, days, policies.from_json(asked.policy).time_zone)
    set_extensions(db, queue, actor, asked, [user for user in users if has.get(user, 0.0) < until], until, reason)
