"""Downloads for staff: the gradebook as CSV, packages for other platforms, the quiz, the students' folder."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.orm import Session

from autograder.export.gradebook import Grade, named, plain, title_warning, written
from autograder.platforms import having
from autograder.roster import Person
from autograder.service.queue import OPEN
from autograder.service.rules.grades import Standing
from autograder.service.store.rows import jobs_about, members, version_of
from autograder.service.store.schema import AssignmentRow, DownloadRow, JobRow, MembershipRow, UserRow
from autograder.service.store.standings import standings
from autograder.service.web.edge.access import Me, audit, known, not_found, staffed_assignment
from autograder.service.web.edge.forms import Fields
from autograder.service.web.edge.security import ours
from autograder.service.web.edge.site import attachment, page, site

KINDS = {  # as worker.packaging makes them
    "students": "The students' folder",
    "qti": "Quiz for Canvas (QTI 1.2)",
    "moodle": "Quiz for Moodle (XML)",
    "gift": "Quiz as GIFT",
    **{one.id: f"Package for {one.name}" for one in having("package").values()},
}
GRADEBOOKS = ("plain", "canvas", "moodle")

router = APIRouter(prefix="/staff/a/{assignment_id}", include_in_schema=False)
Rows = Sequence[tuple[UserRow, MembershipRow, Standing | None]]


# --------------------------------------------------------------------------------------------------- the gradebook
@router.get("/grades")
def gradebook(request: Request, actor: Me, assignment_id: str, section: str = "") -> Response:
    with site(request).store.reading() as db:
        asked = staffed_assignment(db, actor, assignment_id, "see")
        rows = _rows(db, asked)
    sections = sorted({member.section for _, member, _ in rows if member.section})
    shown = [row for row in rows if not section or row[1].section == section]
    return page(
        request, "staff_grades.html", asked=asked, tab="grades", rows=shown, sections=sections, section=section,
        gradebooks=GRADEBOOKS, warnings=title_warning(asked.title),
    )  # fmt: skip


def _rows(db: Session, asked: AssignmentRow) -> Rows:
    """Every student of the course, dropped ones last, with what they have."""
    has = standings(db, asked)
    found = members(db, asked.course_id, MembershipRow.role == "student")
    return [(user, member, has.get(user.id)) for user, member in sorted(found, key=lambda row: row[1].dropped)]


@router.get("/grades/{form}.csv")
def gradebook_file(request: Request, actor: Me, assignment_id: str, form: str) -> Response:
    """Write the gradebook. People with nothing marked have an empty cell, whose worth is the platform's decision."""
    if form not in GRADEBOOKS:
        raise not_found()
    with site(request).store.writing() as db:
        asked = staffed_assignment(db, actor, assignment_id, "see")
        rows = [row for row in _rows(db, asked) if not row[1].dropped]
        audit(db, actor, "gradebook.downloaded", asked.id, asked.course_id, form=form)
    text = _table(rows) if form == "plain" else _for_platform(form, asked, rows)
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", asked.title).strip("-").lower() or "grades"
    return attachment(text, f"{name}-{form}.csv", "text/csv; charset=utf-8")


def plain_gradebook(db: Session, asked: AssignmentRow) -> str:
    """The CSV text of everybody who is in the course."""
    return _table([row for row in _rows(db, asked) if not row[1].dropped])


def _for_platform(form: str, asked: AssignmentRow, rows: Rows) -> str:
    most = max((standing.max_points for *_, standing in rows if standing), default=0.0)
    marked: list[tuple[Person, Grade | None]] = [
        (
            named(member.roster_id, user.name, user.email or "", member.section),
            Grade("", asked.title, standing.points, standing.max_points) if standing else None,
        )
        for user, member, standing in rows
    ]
    return written("canvas" if form == "canvas" else "moodle", marked, asked.title, most)


def _table(rows: Rows) -> str:
    header = ("id", "name", "email", "section", "points", "of", "submission", "late_seconds", "submissions")
    return plain([header, *((m.roster_id, u.name, u.email or "", m.section, *_cells(one)) for u, m, one in rows)])


def _cells(standing: Standing | None) -> tuple[object, ...]:
    if standing is None:
        return ("",) * 5
    counting = standing.counting
    late = float(round(counting.late_seconds))
    return standing.points, standing.max_points, counting.number, late, standing.submissions


# ------------------------------------------------------------------------------------------------------- downloads
@router.get("/downloads")
def downloads(request: Request, actor: Me, assignment_id: str, *, part: bool = False) -> Response:
    with site(request).store.reading() as db:
        asked = staffed_assignment(db, actor, assignment_id, "see")
        values = _downloads(db, asked)
    return page(
        request, "_staff_downloads.html" if part else "staff_downloads.html", asked=asked, tab="downloads", **values
    )


def _downloads(db: Session, asked: AssignmentRow) -> dict[str, Any]:
    """Return the downloads that are ready or in the making; contents stay in the database."""
    version = version_of(db, asked)
    of_version = DownloadRow.assignment_id == asked.id, DownloadRow.digest == (version.digest if version else None)
    rows = db.scalars(sa.select(DownloadRow).where(*of_version).options(sa.orm.defer(DownloadRow.body)))
    made = {row.kind: row for row in rows}
    jobs: dict[str, JobRow] = {}
    for job in _jobs(db, asked):
        jobs.setdefault(job.payload["kind"], job)
    running = {kind for kind, job in jobs.items() if job.state in OPEN}
    return {"kinds": KINDS, "made": made, "jobs": jobs, "running": running}


def _jobs(db: Session, asked: AssignmentRow) -> list[JobRow]:
    """Return the jobs of this assignment, the newest first."""
    return jobs_about(db, "package", JobRow.course_id == asked.course_id, assignment=asked.id)


@router.post("/downloads", dependencies=[Depends(ours)])
def make(request: Request, actor: Me, assignment_id: str, typed: Fields) -> Response:
    kind = typed.get("kind", "")
    if kind not in KINDS:
        raise not_found()
    with site(request).store.writing() as db:
        asked = staffed_assignment(db, actor, assignment_id, "mark")
        if asked.version_id is None:
            raise HTTPException(409, "This assignment is not proven, so nothing is made of it.")
        if not any(job.state in OPEN and job.payload["kind"] == kind for job in _jobs(db, asked)):
            payload = {"assignment": asked.id, "kind": kind}
            site(request).queue.put(db, "package", "slow", course_id=asked.course_id, payload=payload)
            audit(db, actor, "download.asked", asked.id, asked.course_id, kind=kind)
    return RedirectResponse(f"/staff/a/{assignment_id}/downloads", 303)


@router.get("/downloads/{download_id}")
def download(request: Request, actor: Me, assignment_id: str, download_id: str) -> Response:
    with site(request).store.writing() as db:
        asked = staffed_assignment(db, actor, assignment_id, "see")
        found = known(db, DownloadRow, download_id, assignment_id=asked.id)
        audit(db, actor, "download.taken", found.id, asked.course_id, kind=found.kind)
    return attachment(found.body, found.name)
