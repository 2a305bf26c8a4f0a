"""Two entries of one person in a course: staff choose them, read what a merge would do, and do it."""

from __future__ import annotations

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.orm import Session

from autograder.service.operate import CannotOperate, merging
from autograder.service.outbox import passback_due
from autograder.service.store.rows import THERE, members
from autograder.service.store.schema import CourseRow, MembershipRow, UserRow
from autograder.service.store.standings import refresh
from autograder.service.web.edge.access import Actor, Me, known, staffs
from autograder.service.web.edge.forms import Fields
from autograder.service.web.edge.security import ours
from autograder.service.web.edge.site import page, site
from autograder.service.web.staff.people import person_of, shared
from autograder.service.web.student.submitting import judge_lateness

router = APIRouter(prefix="/staff/c/{course_id}/people/{user_id}/merge", include_in_schema=False)


@router.get("")
def ask(request: Request, actor: Me, course_id: str, user_id: str, into: str = "") -> Response:
    """Ask for the other entry; with it, show what merging this one into that one would do. Nothing is stored."""
    staffs(actor, course_id, "run")
    with site(request).store.reading() as db:
        user, member = person_of(db, course_id, user_id)
        plan, problem = None, ""
        if into:
            try:
                _may(db, actor, course_id, user_id, into)
                plan = merging.preview(db, course_id, user_id, into)
            except CannotOperate as error:
                problem = str(error)
        return page(
            request, "staff_merge.html", status=422 if problem else 200, course=db.get_one(CourseRow, course_id),
            user=user, member=member, plan=plan, problem=problem, others=_others(db, course_id, user),
        )  # fmt: skip


def _others(db: Session, course_id: str, user: UserRow) -> list[tuple[UserRow, MembershipRow]]:
    """Return the other students of the course, those of the same name first."""
    found = members(db, course_id, MembershipRow.role == "student", UserRow.id != user.id, THERE)
    words = set(user.name.casefold().split())
    return sorted(found, key=lambda row: -len(words & set(row[0].name.casefold().split())))


def _may(db: Session, actor: Actor, course_id: str, user_id: str, into: str) -> None:
    """Refuse people beyond the rights of this member of staff: a merge is one in all of their courses.

    Raises:
        HTTPException: 404.
        CannotOperate: a sentence.
    """
    known(db, MembershipRow, (course_id, user_id))
    if db.get(MembershipRow, (course_id, into)) is None:
        raise CannotOperate("Choose the other entry of this person, of the same course.")
    if shared(db, actor) & {user_id, into}:
        raise CannotOperate("One of them is in courses of others too, or runs the service: ask an operator.")


@router.post("", dependencies=[Depends(ours)])
def merge(request: Request, actor: Me, course_id: str, user_id: str, typed: Fields) -> Response:
    """Make this entry and the chosen one the same person, which is the chosen one."""
    staffs(actor, course_id, "run")
    into, here = typed.get("into", ""), site(request)
    try:
        with here.store.writing() as db:
            _may(db, actor, course_id, user_id, into)
            for asked in merging.merge(db, user_id, into, actor.id):
                judge_lateness(db, asked, into)
                refresh(db, asked, [into])
                passback_due(db, here.queue, asked, into)
    except CannotOperate as error:
        raise HTTPException(409, str(error)) from error
    return RedirectResponse(f"/staff/c/{course_id}/people/{into}", 303)
