"""A course as a whole: title and time zone, archive, a copy for the next term, everything of it as a zip."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import RedirectResponse, Response, StreamingResponse
from sqlalchemy.orm import Session

from autograder.service.operate.courses import export
from autograder.service.rules import policy as policies
from autograder.service.rules import zones
from autograder.service.store import regrades
from autograder.service.store.locks import locked
from autograder.service.store.rows import added, version_of
from autograder.service.store.schema import STAFF, AssignmentRow, CourseRow, MembershipRow, VersionRow, now
from autograder.service.web.edge.access import Actor, Me, audit, staffs
from autograder.service.web.edge.forms import BadField, Fields, typed_count, typed_line, typed_zone
from autograder.service.web.edge.security import ours
from autograder.service.web.edge.site import page, site
from autograder.service.web.staff.settings import REGRADING, adopt, foresee

router = APIRouter(prefix="/staff/c/{course_id}", include_in_schema=False)


@router.get("/settings")
def course_settings(request: Request, actor: Me, course_id: str) -> Response:
    staffs(actor, course_id, "own")
    return _page(request, course_id)


def _page(request: Request, course_id: str, *, problem: str = "", typed: dict[str, str] | None = None) -> Response:
    with site(request).store.reading() as db:
        course = db.get_one(CourseRow, course_id)
    return page(
        request, "staff_course_settings.html", status=422 if problem else 200, course=course, zones=zones.names(),
        problem=problem, typed=typed or {},
    )  # fmt: skip


@router.post("/rename", dependencies=[Depends(ours)])
def rename(request: Request, actor: Me, course_id: str, typed: Fields) -> Response:
    staffs(actor, course_id, "run")
    title = typed_line(typed, "title")
    if not title:
        return _page(request, course_id, problem="Give the course a title.", typed=typed)
    with site(request).store.writing() as db:
        course = db.get_one(CourseRow, course_id, with_for_update=True)
        audit(db, actor, "course.renamed", course_id, course_id, before=course.title, after=title)
        course.title = title
    return _back(course_id)


def _back(course_id: str) -> Response:
    return RedirectResponse(f"/staff/c/{course_id}/settings", 303)


@router.post("/time-zone", dependencies=[Depends(ours)])
def change_time_zone(request: Request, actor: Me, course_id: str, typed: Fields) -> Response:
    """Set the time zone of a course: due times stay the same moments, late days end at another hour."""
    staffs(actor, course_id, "run")
    try:
        zone = typed_zone(typed.get("time_zone", ""))
    except BadField as error:
        return _page(request, course_id, problem=str(error), typed=typed)
    with site(request).store.writing() as db:
        course = db.get_one(CourseRow, course_id, with_for_update=True)
        ids = db.scalars(sa.select(AssignmentRow.id).where(AssignmentRow.course_id == course_id)).all()
        for asked in [locked(db, id_) for id_ in ids]:
            if regrades.under_way(db, asked):
                raise HTTPException(409, REGRADING)
            chosen = replace(policies.from_json(asked.policy), time_zone=zone)
            adopt(request, db, actor, asked, chosen, foresee(db, asked, chosen))
        audit(db, actor, "course.time_zone", course_id, course_id, before=course.time_zone, after=zone)
        course.time_zone = zone
    return _back(course_id)


@router.post("/archive", dependencies=[Depends(ours)])
def archive(request: Request, actor: Me, course_id: str, typed: Fields) -> Response:
    """Archive the course, or bring it back."""
    staffs(actor, course_id, "own")
    wanted = typed.get("archived") == "1"
    with site(request).store.writing() as db:
        course = db.get_one(CourseRow, course_id, with_for_update=True)
        if wanted != (course.archived_at is not None):
            course.archived_at = now() if wanted else None
            audit(db, actor, "course.archived" if wanted else "course.brought_back", course_id, course_id)
    return _back(course_id)


# ----------------------------------------------------------------------------------------------------------- a copy
@router.post("/copy", dependencies=[Depends(ours)])
def copy(request: Request, actor: Me, course_id: str, typed: Fields) -> Response:
    """Make a course for the next term: the assignments with their proofs and settings, closed, and no students."""
    staffs(actor, course_id, "own")
    title = typed_line(typed, "title")
    if not title:
        return _page(request, course_id, problem="Give the copy a title of its own.", typed=typed)
    try:
        weeks = typed_count(typed.get("weeks", ""), "Weeks later", most=520) if typed.get("weeks", "").strip() else None
    except BadField as error:
        return _page(request, course_id, problem=str(error), typed=typed)
    with site(request).store.writing() as db:
        made = copied(db, actor, db.get_one(CourseRow, course_id), title, weeks, staff=bool(typed.get("staff")))
        audit(db, actor, "course.copied", course_id, made.id, title=title)
    return RedirectResponse(f"/staff/c/{made.id}", 303)


def copied(db: Session, actor: Actor, course: CourseRow, title: str, weeks: int | None, *, staff: bool) -> CourseRow:
    """Return a new course like this one. Times move by `weeks`, to the same local hour; None leaves them out."""
    made = added(db, CourseRow(title=title, time_zone=course.time_zone, keep_days=course.keep_days))
    members = sa.select(MembershipRow).where(MembershipRow.course_id == course.id, MembershipRow.role.in_(STAFF))
    for member in db.scalars(members.where(MembershipRow.dropped.is_(False))):
        if staff or member.user_id == actor.id:
            db.add(MembershipRow(course_id=made.id, user_id=member.user_id, role=member.role, roster_id=member.user_id))
    of_course = sa.select(AssignmentRow).where(AssignmentRow.course_id == course.id).order_by(AssignmentRow.made_at)
    for asked in db.scalars(of_course).all():
        _copy_assignment(db, asked, made, weeks)
    return made


def _copy_assignment(db: Session, asked: AssignmentRow, course: CourseRow, weeks: int | None) -> None:
    def moved(at: float | None) -> float | None:
        return None if at is None or weeks is None else zones.days_after(at, 7 * weeks, course.time_zone)

    policy = policies.from_json(asked.policy)
    policy = replace(
        policy, opens_at=moved(policy.opens_at), due_at=moved(policy.due_at), release_at=moved(policy.release_at)
    )
    made = AssignmentRow(
        course_id=course.id, title=asked.title, source=asked.source, folder=asked.folder,
        policy=policies.to_json(policy),
    )  # fmt: skip
    added(db, made)
    if (version := version_of(db, asked)) is not None:
        known: dict[str, Any] = {name: getattr(version, name) for name in ("digest", "state", "proof", "about")}
        made.version_id = added(db, VersionRow(assignment_id=made.id, **known)).id


# ----------------------------------------------------------------------------------------------------------- export
@router.get("/export.zip")
def export_everything(request: Request, actor: Me, course_id: str) -> Response:
    """Everything of the course as one zip, sent while it is written: it may be larger than memory."""
    staffs(actor, course_id, "own")
    with site(request).store.writing() as db:
        audit(db, actor, "course.exported", course_id, course_id)
    disposition = {"Content-Disposition": f'attachment; filename="course-{course_id}.zip"'}
    return StreamingResponse(export(site(request).store, course_id), media_type="application/zip", headers=disposition)
