"""Staff's pages of a course and its assignments: making one, its proof, when it is open and by which policy."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.orm import Session

from autograder.service.outbox import passbacks_due
from autograder.service.queue import OPEN
from autograder.service.rules import policy as policies
from autograder.service.rules import zones
from autograder.service.store import regrades
from autograder.service.store.locks import locked
from autograder.service.store.schema import AssignmentRow, CourseRow, JobRow, MembershipRow, SubmissionRow, VersionRow
from autograder.service.store.standings import counts as counted
from autograder.service.store.standings import refresh
from autograder.service.web.edge.access import Me, audit, not_found, staffed_assignment, staffs
from autograder.service.web.edge.forms import Fields, Unreadable, time_field, typed_count, typed_number, typed_time
from autograder.service.web.edge.security import ours
from autograder.service.web.edge.site import page, site
from autograder.service.web.staff.needs import needs
from autograder.service.web.student.submitting import judge_lateness

LATEST_JOBS = 200  # of a course: among them is an assignment's newest proof
REGRADING = (
    "A regrade is under way. It uses the current rules to decide which submission counts. Apply or dismiss it before "
    "you change when it is due, what lateness costs or which submission counts."
)
SHOW = ("at_once", "after_due", "never")

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
        students = db.scalar(
            sa.select(sa.func.count()).where(
                MembershipRow.course_id == course_id, MembershipRow.role == "student", MembershipRow.dropped.is_(False)
            )
        )
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
        zones=zones.names(),
    )


@router.post("/c/{course_id}/time-zone", dependencies=[Depends(ours)])
def change_time_zone(request: Request, actor: Me, course_id: str, typed: Fields) -> Response:
    """Set the time zone of a course: due times stay the same moments, late days end at another hour."""
    staffs(actor, course_id, "run")
    zone = typed.get("time_zone", "").strip()
    if not zones.is_zone(zone):
        told = (
            f"“{zone[:60]}” is not a time zone. Choose one of the list, such as Europe/Berlin. Go back to the course."
        )
        raise HTTPException(422, told)
    with site(request).store.writing() as db:
        course = db.get_one(CourseRow, course_id, with_for_update=True)
        ids = db.scalars(sa.select(AssignmentRow.id).where(AssignmentRow.course_id == course_id)).all()
        for asked in [locked(db, id_) for id_ in ids]:
            if regrades.under_way(db, asked):
                raise HTTPException(409, REGRADING)
            asked.policy = {**asked.policy, "time_zone": zone}
            refresh(db, asked)
            passbacks_due(db, site(request).queue, asked)
        audit(db, actor, "course.time_zone", course_id, course_id, before=course.time_zone, after=zone)
        course.time_zone = zone
    return RedirectResponse(f"/staff/c/{course_id}#time-zone", 303)


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
    job = db.get(JobRow, job_id)
    if job is None or job.kind != "sources" or job.course_id != course_id:
        raise not_found()
    return job


@router.post("/c/{course_id}/new/{job_id}", dependencies=[Depends(ours)])
def make_assignment(request: Request, actor: Me, course_id: str, job_id: str, typed: Fields) -> Response:
    """Closed until it is proven, which begins at once."""
    staffs(actor, course_id, "run")
    with site(request).store.writing() as db:
        known = {one["name"]: one["title"] for one in _sources_job(db, course_id, job_id).result.get("sources", [])}
        source = typed.get("source", "")
        if source not in known:
            raise HTTPException(422, "Choose one of the assignments that are listed. Go back to the list.")
        title = " ".join(typed.get("title", "").split())[:200] or known[source] or source
        zone = db.get_one(CourseRow, course_id).time_zone
        asked = AssignmentRow(
            course_id=course_id, title=title, source=source, policy=policies.to_json(policies.Policy(time_zone=zone))
        )
        db.add(asked)
        db.flush()
        site(request).queue.put(db, "prove", "slow", course_id=course_id, payload={"assignment": asked.id})
        audit(db, actor, "assignment.made", asked.id, course_id, source=source)
    return RedirectResponse(f"/staff/a/{asked.id}", 303)


# -------------------------------------------------------------------------------------------------- an assignment
@router.get("/a/{assignment_id}")
def overview(request: Request, actor: Me, assignment_id: str) -> Response:
    with site(request).store.reading() as db:
        asked = staffed_assignment(db, actor, assignment_id, "see")
        counts = counted(db, [asked]).get(asked.id)
        values = _proof(db, asked)
        waiting = needs(db, asked)
    chosen = policies.from_json(asked.policy)
    return page(
        request, "staff_overview.html", asked=asked, tab="overview", counts=counts,
        policy=chosen, needs=waiting, **values,
    )  # fmt: skip


@router.get("/a/{assignment_id}/proof")
def proof_part(request: Request, actor: Me, assignment_id: str) -> Response:
    """Return the part of the overview that changes while a proof runs."""
    with site(request).store.reading() as db:
        asked = staffed_assignment(db, actor, assignment_id, "see")
        values = _proof(db, asked)
    return page(request, "_staff_proof.html", asked=asked, **values)


def _proof(db: Session, asked: AssignmentRow) -> dict[str, Any]:
    """The newest proof of this assignment, and its job where that is still known."""
    recent = db.scalars(
        sa.select(JobRow)
        .where(JobRow.kind == "prove", JobRow.course_id == asked.course_id)
        .order_by(JobRow.made_at.desc())
        .limit(LATEST_JOBS)
    )
    job = next((one for one in recent if one.payload.get("assignment") == asked.id), None)
    newest = job.result.get("version") if job is not None and job.state == "done" else asked.version_id
    version, in_use = (db.get(VersionRow, one) if one else None for one in (newest, asked.version_id))
    if version and in_use and in_use.made_at > version.made_at:  # it came in by a regrade, with a proof of its own
        version = in_use
    rows = version.proof.get("rows", []) if version else []
    sections = [
        {"title": title, "rows": found, "columns": list(dict.fromkeys(name for row in found for name in row["detail"]))}
        for name, title in (version.proof.get("titles", {}) if version else {}).items()
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
            if asked.version_id and db.scalar(
                sa.select(SubmissionRow.id).where(SubmissionRow.assignment_id == asked.id).limit(1)
            ):
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


# -------------------------------------------------------------------------------------------------------- settings
@router.get("/a/{assignment_id}/settings")
def settings(request: Request, actor: Me, assignment_id: str, *, saved: bool = False) -> Response:
    with site(request).store.reading() as db:
        asked = staffed_assignment(db, actor, assignment_id, "see")
    typed = _as_typed(asked.title, policies.from_json(asked.policy))
    return page(
        request, "staff_settings.html", asked=asked, tab="settings", typed=typed, problems=[], show=SHOW, saved=saved
    )


@router.post("/a/{assignment_id}/settings", dependencies=[Depends(ours)])
def save_settings(request: Request, actor: Me, assignment_id: str, typed: Fields) -> Response:
    title = " ".join(typed.get("title", "").split())[:200]
    with site(request).store.writing() as db:
        asked = locked(db, staffed_assignment(db, actor, assignment_id, "run").id)  # no extension is given meanwhile
        problems, chosen = _policy(typed, db.get_one(CourseRow, asked.course_id).time_zone)
        if not title:
            problems.append("The assignment needs a title.")
        if chosen is not None and regrades.under_way(db, asked) and _counts_otherwise(asked, chosen):
            problems.append(REGRADING)
        if not problems and chosen is not None:
            before, asked.title, asked.policy = asked.policy, title, policies.to_json(chosen)
            changed = {key: value for key, value in asked.policy.items() if before.get(key) != value}
            audit(db, actor, "assignment.policy", asked.id, asked.course_id, changed=changed)
            judge_lateness(db, asked)
            refresh(db, asked)
            passbacks_due(db, site(request).queue, asked)
            return RedirectResponse(f"/staff/a/{asked.id}/settings?saved=1", 303)
    known = _as_typed(asked.title, policies.from_json(asked.policy))
    again = {name: typed.get(name, "") for name in known} | {"time_zone": known["time_zone"]}
    return page(
        request, "staff_settings.html", status=422, asked=asked, tab="settings",
        typed=again, problems=problems, show=SHOW, saved=False,
    )  # fmt: skip


def _counts_otherwise(asked: AssignmentRow, chosen: policies.Policy) -> bool:
    """Return whether another submission may count by this policy, or the same one for other points."""
    now_used = policies.from_json(asked.policy)
    deciding = ("counts", "due_at", "grace_minutes", "late_percent_per_day")
    return any(getattr(now_used, name) != getattr(chosen, name) for name in deciding)


def _as_typed(title: str, policy: policies.Policy) -> dict[str, str]:
    """The fields of the form, as texts."""
    numbers = ("grace_minutes", "late_percent_per_day", "late_days", "limit", "window_minutes")
    return {
        "title": title,
        "time_zone": policy.time_zone,
        "opens_at": time_field(policy.opens_at, policy.time_zone),
        "due_at": time_field(policy.due_at, policy.time_zone),
        **{name: f"{getattr(policy, name):g}" for name in numbers},
        **{name: getattr(policy, name) for name in ("counts", "show_marks", "show_hints", "show_quiz")},
    }


def _policy(typed: dict[str, str], zone: str) -> tuple[list[str], policies.Policy | None]:
    """All that is wrong with the fields; or the policy."""
    readers: dict[str, Any] = {
        "opens_at": lambda text: typed_time(text, "Opens", zone),
        "due_at": lambda text: typed_time(text, "Due", zone),
        "grace_minutes": lambda text: typed_number(text, "Grace"),
        "late_percent_per_day": lambda text: typed_number(text, "Lateness costs", most=100),
        "late_days": lambda text: typed_count(text, "Days late", most=1000),
        "limit": lambda text: typed_count(text, "Submissions"),
        "window_minutes": lambda text: typed_number(text, "Within minutes", least=1, most=1e6),
        "counts": lambda text: _one_of(text, ("best", "latest"), "What counts"),
        **{
            f"show_{what}": lambda text, what=what: _one_of(text, SHOW, f"When {what} are shown")
            for what in ("marks", "hints", "quiz")
        },
    }
    problems: list[str] = []
    values: dict[str, Any] = {}
    for name, read in readers.items():
        try:
            values[name] = read(typed.get(name, ""))
        except Unreadable as error:
            problems.append(str(error))
    if problems:
        return problems, None
    try:
        return [], policies.checked(policies.Policy(**values, time_zone=zone))
    except policies.BadPolicy as error:
        return [str(error)], None


def _one_of(text: str, known: tuple[str, ...], label: str) -> str:
    if text not in known:
        raise Unreadable(f"{label}: choose one of the list.")
    return text
