"""The operator's pages: courses and who staffs them, workers, the queue, and what is parked."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.orm import Session

from autograder.service.queue import LANES, LEASE_SECONDS, OPEN, unpark
from autograder.service.rules import zones
from autograder.service.store.links import end_access, new_link
from autograder.service.store.rows import STUDENTS, added
from autograder.service.store.schema import CourseRow, JobRow, MembershipRow, UserRow, WorkerRow, now
from autograder.service.web.edge.access import Me, audit, known, operates
from autograder.service.web.edge.forms import BadField, Fields, typed_line, typed_zone
from autograder.service.web.edge.security import ours
from autograder.service.web.edge.site import page, site

MOST_PARKED = 50

router = APIRouter(prefix="/operator", include_in_schema=False)


@router.get("")
def overview(request: Request, actor: Me) -> Response:
    operates(actor)
    return _overview(request)


def _overview(request: Request, *, problem: str = "", typed: dict[str, str] | None = None) -> Response:
    with site(request).store.reading() as db:
        counted = sa.func.count().filter(*STUDENTS)
        courses = db.execute(
            sa.select(CourseRow.id, CourseRow.title, counted.label("students"))
            .outerjoin(MembershipRow, MembershipRow.course_id == CourseRow.id)
            .group_by(CourseRow.id, CourseRow.title, CourseRow.made_at)
            .order_by(CourseRow.made_at.desc())
        ).all()
        staff = db.execute(
            sa.select(MembershipRow.course_id, UserRow.name, UserRow.email)
            .join(UserRow, UserRow.id == MembershipRow.user_id)
            .where(MembershipRow.role == "staff", MembershipRow.dropped.is_(False))
            .order_by(UserRow.name)
        ).all()
        values: dict[str, Any] = {
            "courses": courses,
            "staff": {course.id: [one for one in staff if one.course_id == course.id] for course in courses},
            "workers": db.scalars(sa.select(WorkerRow).order_by(WorkerRow.started_at)).all(),
            "lanes": _lanes(db),
            "parked": db.scalars(
                sa.select(JobRow).where(JobRow.state == "parked").order_by(JobRow.finished_at.desc()).limit(MOST_PARKED)
            ).all(),
            "now": now(),
            "zones": zones.names(),
            "lease": LEASE_SECONDS,
        }
    return page(request, "operator.html", status=422 if problem else 200, problem=problem, typed=typed or {}, **values)


def _lanes(db: Session) -> list[dict[str, Any]]:
    """Return the jobs that wait and run, in the order in which lanes are served."""
    found = {
        lane: (waiting, running, oldest)
        for lane, waiting, running, oldest in db.execute(
            sa.select(
                JobRow.lane,
                sa.func.count().filter(JobRow.state == "queued"),
                sa.func.count().filter(JobRow.state == "running"),
                sa.func.min(JobRow.made_at).filter(JobRow.state == "queued"),
            )
            .where(JobRow.state.in_(OPEN))
            .group_by(JobRow.lane)
        )
    }
    return [
        {"name": lane, "waiting": waiting, "running": running, "oldest": oldest}
        for lane in LANES
        for waiting, running, oldest in [found.get(lane, (0, 0, None))]
    ]


@router.post("/courses", dependencies=[Depends(ours)])
def make_course(request: Request, actor: Me, typed: Fields) -> Response:
    """A course, and its first member of staff: the operator, or somebody else, whose sign-in link is shown once."""
    operates(actor)
    title = typed_line(typed, "title")
    if not title:
        return _overview(request, problem="Give the course a title.", typed=typed)
    try:
        zone = typed_zone(typed.get("time_zone", zones.UTC))
    except BadField as error:
        return _overview(request, problem=str(error), typed=typed)
    own = not typed.get("name", "").strip() and not typed.get("email", "").strip()
    if not own and (problem := _unusable(typed)):
        return _overview(request, problem=problem, typed=typed)
    with site(request).store.writing() as db:
        course = added(db, CourseRow(title=title, time_zone=zone))
        audit(db, actor, "course.made", course.id, course.id, title=title)
        if own:
            db.add(MembershipRow(course_id=course.id, user_id=actor.id, role="staff", roster_id=actor.id))
            audit(db, actor, "staff.named", actor.id, course.id)
    if own:
        return RedirectResponse(f"/staff/c/{course.id}", 303)
    return add_staff(request, actor, course.id, typed)


@router.post("/courses/{course_id}/staff", dependencies=[Depends(ours)])
def add_staff(request: Request, actor: Me, course_id: str, typed: Fields) -> Response:
    operates(actor)
    if problem := _unusable(typed):
        return _overview(request, problem=problem, typed=typed)
    name, email = typed_line(typed, "name"), typed["email"].strip().lower()
    with site(request).store.writing() as db:
        known(db, CourseRow, course_id)
        user = db.scalar(sa.select(UserRow).where(UserRow.email == email)) or added(db, UserRow(name=name, email=email))
        member = db.get(MembershipRow, (course_id, user.id))
        if member is None:
            db.add(MembershipRow(course_id=course_id, user_id=user.id, role="staff", roster_id=user.id))
        else:
            member.role, member.dropped = "staff", False
        if user.id != actor.id:
            end_access(db, user.id)  # staff of another course may hold a link of their student's
        link = new_link(db, user.id, site(request).settings.public_url)
        audit(db, actor, "staff.named", user.id, course_id)
        audit(db, actor, "link.made", user.id, course_id)
    return page(request, "staff_link.html", link=link, person=user, back="/operator", where="Admin")


def _unusable(typed: dict[str, str]) -> str:
    if not typed.get("name", "").strip():
        return "Give the name of the person who staffs the course."
    name, at, host = typed.get("email", "").strip().partition("@")
    if not (name and at and host) or len(name + host) > 300 or " " in name + host:
        return "Give an e-mail address of that person: it tells people of the same name apart."
    return ""


@router.post("/jobs/{job_id}/again", dependencies=[Depends(ours)])
def again(request: Request, actor: Me, job_id: str) -> Response:
    operates(actor)
    with site(request).store.writing() as db:
        job = known(db, JobRow, job_id)
        unpark(db, site(request).queue, job_id)
        audit(db, actor, "job.unparked", job_id, job.course_id, kind=job.kind)
    return RedirectResponse("/operator#parked", 303)
