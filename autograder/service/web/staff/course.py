"""Staff's pages of a course and its assignments: making one, its proof, when it is open and by which policy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.orm import Session

from autograder.service.queue import OPEN
from autograder.service.rules import policy as policies
from autograder.service.store.grades import extensions
from autograder.service.store.rows import STUDENTS, added, count, jobs_about, members
from autograder.service.store.schema import AssignmentRow, CourseRow, JobRow, MembershipRow, SubmissionRow, VersionRow
from autograder.service.store.standings import counts as counted
from autograder.service.web.edge.access import Me, audit, known, staffed_assignment, staffs
from autograder.service.web.edge.forms import Fields, typed_line
from autograder.service.web.edge.security import ours
from autograder.service.web.edge.site import page, site
from autograder.service.web.staff.needs import needs

OTHER_HANDS = "Each misconception is recognised in the code of other hands"

router = APIRouter(prefix="/staff", include_in_schema=False)


# ------------------------------------------------------------------------------------------------------ the course
@router.get("/c/{course_id}")
def course_page(request: Request, actor: Me, course_id: str) -> Response:
    staffs(actor, course_id, "see")
    with site(request).store.reading() as db:
        course = db.get_one(CourseRow, course_id)
        asked = db.scalars(
            sa.select(AssignmentRow).where(AssignmentRow.course_id == course_id).order_by(AssignmentRow.made_at)
        ).all()
        counts = counted(db, asked)
        students = count(db, MembershipRow.course_id == course_id, *STUDENTS)
        waiting = {one.id: needs(db, one) for one in asked}
    return page(
        request,
        "staff_course.html",
        course=course,
        asked=asked,
        policies={one.id: policies.from_json(one.policy) for one in asked},
        counts=counts,
        needs=waiting,
        students=students,
        here=site(request).settings,
    )


@router.post("/c/{course_id}/sources", dependencies=[Depends(ours)])
def look_for_sources(request: Request, actor: Me, course_id: str) -> Response:
    """Only workers can read folders: one of them is asked which there are."""
    staffs(actor, course_id, "run")
    with site(request).store.writing() as db:
        job = site(request).queue.put(db, "sources", "sheet", course_id=course_id)
    return RedirectResponse(f"/staff/c/{course_id}/new/{job.id}", 303)


@router.get("/c/{course_id}/new/{job_id}")
def new_assignment(request: Request, actor: Me, course_id: str, job_id: str, *, part: bool = False) -> Response:
    staffs(actor, course_id, "run")
    with site(request).store.reading() as db:
        job = _sources_job(db, course_id, job_id)
        course = db.get_one(CourseRow, course_id)
    return page(request, "_staff_sources.html" if part else "staff_new.html", course=course, job=job)


def _sources_job(db: Session, course_id: str, job_id: str) -> JobRow:
    return known(db, JobRow, job_id, kind="sources", course_id=course_id)


@router.post("/c/{course_id}/new/{job_id}", dependencies=[Depends(ours)])
def make_assignment(request: Request, actor: Me, course_id: str, job_id: str, typed: Fields) -> Response:
    """Closed until it is proven, which begins at once."""
    staffs(actor, course_id, "run")
    with site(request).store.writing() as db:
        titles = {one["name"]: one["title"] for one in _sources_job(db, course_id, job_id).result.get("sources", [])}
        source = typed.get("source", "")
        if source not in titles:
            raise HTTPException(422, "Choose one of the assignments that are listed. Go back to the list.")
        title = typed_line(typed, "title") or titles[source] or source
        zone = db.get_one(CourseRow, course_id).time_zone
        policy = policies.to_json(policies.Policy(time_zone=zone))
        asked = added(db, AssignmentRow(course_id=course_id, title=title, source=source, policy=policy))
        site(request).queue.put(db, "prove", "slow", course_id=course_id, payload={"assignment": asked.id})
        audit(db, actor, "assignment.made", asked.id, course_id, source=source)
    return RedirectResponse(f"/staff/a/{asked.id}", 303)


# -------------------------------------------------------------------------------------------------- an assignment
@router.get("/a/{assignment_id}")
def overview(request: Request, actor: Me, assignment_id: str) -> Response:
    with site(request).store.reading() as db:
        asked = staffed_assignment(db, actor, assignment_id, "see")
        counts = counted(db, [asked]).get(asked.id)
        there = MembershipRow.course_id == asked.course_id, *STUDENTS
        students, missing = count(db, *there), count(db, *there, _handed_in_nothing(asked))
        values = _proof(db, asked)
    chosen = policies.from_json(asked.policy)
    return page(
        request, "staff_overview.html", asked=asked, tab="overview", counts=counts, students=students, missing=missing,
        policy=chosen, needs=request.state.needs, **values,
    )  # fmt: skip


def _handed_in_nothing(asked: AssignmentRow) -> sa.ColumnElement[bool]:
    """Return the condition of a member who has handed in nothing; practice is not counted."""
    return ~sa.exists().where(
        SubmissionRow.assignment_id == asked.id,
        SubmissionRow.user_id == MembershipRow.user_id,
        SubmissionRow.practice.is_(False),
    )


@router.get("/a/{assignment_id}/missing")
def missing_students(request: Request, actor: Me, assignment_id: str) -> Response:
    """List the students who have handed in nothing, with their addresses."""
    with site(request).store.reading() as db:
        asked = staffed_assignment(db, actor, assignment_id, "see")
        every = count(db, MembershipRow.course_id == asked.course_id, *STUDENTS)
        found = members(db, asked.course_id, *STUDENTS, _handed_in_nothing(asked))
        extended = extensions(db, asked)
    chosen = policies.from_json(asked.policy)
    return page(
        request, "staff_missing.html", asked=asked, tab="overview", policy=chosen, count=every,
        students=[(user, member, extended.get(user.id)) for user, member in found],
        addresses=[user.email for user, _ in found if user.email],
    )  # fmt: skip


@router.get("/a/{assignment_id}/proof")
def proof_part(request: Request, actor: Me, assignment_id: str) -> Response:
    """Return the part of the overview that changes while a proof runs."""
    with site(request).store.reading() as db:
        asked = staffed_assignment(db, actor, assignment_id, "see")
        values = _proof(db, asked)
    return page(request, "_staff_proof.html", asked=asked, **values)


def _section(title: str, found: Sequence[dict[str, Any]], *, every: bool) -> dict[str, Any]:
    """One section of a proof: how many statements hold, and every one of them, or those that fail."""
    rows = [row for row in found if every or not row["holds"]]
    columns = list(dict.fromkeys(name for row in rows for name in row["detail"]))
    held = sum(row["holds"] for row in found)
    return {"title": title, "rows": rows, "columns": columns, "held": held, "of": len(found)}


def _proof(db: Session, asked: AssignmentRow) -> dict[str, Any]:
    """The newest proof of this assignment, and its job where that is still known."""
    job = next(iter(jobs_about(db, "prove", JobRow.course_id == asked.course_id, assignment=asked.id)), None)
    newest = job.result.get("version") if job is not None and job.state == "done" else asked.version_id
    version, in_use = (db.get(VersionRow, one) if one else None for one in (newest, asked.version_id))
    if version and in_use and in_use.made_at > version.made_at:  # it came in by a regrade, with a proof of its own
        version = in_use
    rows = version.proof.get("rows", []) if version else []
    titles = version.proof.get("titles", {}) | {"other hand": OTHER_HANDS} if version else {}
    sections = [
        _section(title, found, every=name != "other hand")
        for name, title in titles.items()
        if (found := [row for row in rows if row["section"] == name])
    ]
    failing = [row for row in rows if not row["holds"]]
    return {"job": job, "version": version, "sections": sections, "failing": failing, "open_states": OPEN}


@router.post("/a/{assignment_id}/prove", dependencies=[Depends(ours)])
def prove(request: Request, actor: Me, assignment_id: str) -> Response:
    """Proves the folder as it now lies there. Once something is marked, a changed folder comes in by a regrade."""
    with site(request).store.writing() as db:
        asked = staffed_assignment(db, actor, assignment_id, "run")
        waits = _proof(db, asked)["job"]
        if not (waits is not None and waits.state in OPEN):
            if asked.version_id and count(db, SubmissionRow.assignment_id == asked.id):
                raise HTTPException(
                    409, "Submissions are marked with this edition. A changed one comes in by a regrade."
                )
            site(request).queue.put(db, "prove", "slow", course_id=asked.course_id, payload={"assignment": asked.id})
            audit(db, actor, "assignment.proof_asked", asked.id, asked.course_id)
    return RedirectResponse(f"/staff/a/{assignment_id}", 303)


@router.post("/a/{assignment_id}/open", dependencies=[Depends(ours)])
def open_or_close(request: Request, actor: Me, assignment_id: str, typed: Fields) -> Response:
    wanted = typed.get("open") == "1"
    with site(request).store.writing() as db:
        asked = staffed_assignment(db, actor, assignment_id, "run")
        if wanted and asked.version_id is None:
            raise HTTPException(409, "This assignment is not proven, so nobody may be marked with it. It stays closed.")
        asked.open = wanted
        audit(db, actor, "assignment.opened" if wanted else "assignment.closed", asked.id, asked.course_id)
    return RedirectResponse(f"/staff/a/{assignment_id}", 303)
