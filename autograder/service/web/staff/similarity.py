"""Pairs of submissions that are more alike than the class is, with what they share side by side. For staff alone."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.orm import Session

from autograder.service.queue import OPEN
from autograder.service.store.rows import count, jobs_about
from autograder.service.store.schema import AssignmentRow, AuditRow, JobRow, now
from autograder.service.web.edge.access import Actor, Me, audit, known, not_found, staffed_assignment
from autograder.service.web.edge.security import ours
from autograder.service.web.edge.site import page, site
from autograder.service.web.staff.regrade import people

router = APIRouter(prefix="/staff/a/{assignment_id}/similarity", include_in_schema=False)


@router.get("")
def pairs(request: Request, actor: Me, assignment_id: str) -> Response:
    with site(request).store.writing() as db:
        asked = staffed_assignment(db, actor, assignment_id, "see")
        newest, done = _newest(db, asked), _newest(db, asked, "done")
        found = done.result["pairs"] if done else []
        names = people(db, asked, [user for pair in found for user in pair["users"]])
        if done and found and not _seen_lately(db, actor, done):
            audit(db, actor, "similarity.seen", done.id, asked.course_id)
    return page(
        request,
        "similarity.html",
        asked=asked,
        tab="similarity",
        newest=newest,
        waits=newest is not None and newest.state in OPEN,
        done=done,
        pairs=found,
        people=names,
    )


def _seen_lately(db: Session, actor: Actor, done: JobRow) -> bool:
    """Return whether the audit log says so for this hour: an open page looks again by itself."""
    seen = AuditRow.action == "similarity.seen", AuditRow.object_id == done.id, AuditRow.actor_id == actor.id
    return count(db, *seen, AuditRow.at > now() - 3600.0) > 0


@router.post("", dependencies=[Depends(ours)])
def compare(request: Request, actor: Me, assignment_id: str) -> Response:
    with site(request).store.writing() as db:
        asked = staffed_assignment(db, actor, assignment_id, "mark")
        newest = _newest(db, asked)
        if newest is None or newest.state not in OPEN:
            payload = {"assignment": asked.id}
            site(request).queue.put(db, "similarity", "slow", course_id=asked.course_id, payload=payload)
            audit(db, actor, "similarity.begun", asked.id, asked.course_id)
    return RedirectResponse(f"/staff/a/{assignment_id}/similarity", 303)


@router.get("/{job_id}/{number}")
def pair(request: Request, actor: Me, assignment_id: str, job_id: str, number: int) -> Response:
    """Evidence: the passages that two submissions share."""
    with site(request).store.writing() as db:
        asked = staffed_assignment(db, actor, assignment_id, "see")
        job = known(db, JobRow, job_id, kind="similarity", payload={"assignment": asked.id})
        found: list[dict[str, Any]] = job.result.get("pairs", [])
        if not 1 <= number <= len(found):
            raise not_found()
        shown = found[number - 1]
        names = people(db, asked, shown["users"])
        audit(db, actor, "similarity.pair_seen", job.id, asked.course_id, submissions=shown["submissions"])
    return page(request, "similarity_pair.html", asked=asked, tab="similarity", pair=shown, people=names, of=job.result)


def _newest(db: Session, asked: AssignmentRow, state: str = "") -> JobRow | None:
    which = JobRow.course_id == asked.course_id, *([JobRow.state == state] if state else [])
    return next(iter(jobs_about(db, "similarity", *which, assignment=asked.id)), None)
