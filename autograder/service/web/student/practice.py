"""Practice without limit: small exercises of one idea each, marked at once, and code that counts for nothing.

Each exercise and each answer is a job of this student; its address is the job's. Nothing else is kept.
"""

from __future__ import annotations

import secrets
from typing import Any

import sqlalchemy as sa
from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.orm import Session

from autograder.service.queue import OPEN
from autograder.service.rules import answers as rules
from autograder.service.rules import policy as policies
from autograder.service.store.schema import AssignmentRow, CourseRow, JobRow, VersionRow, new_id, now
from autograder.service.web.edge.access import Actor, Me, known, not_found
from autograder.service.web.edge.security import ours
from autograder.service.web.edge.site import page, site
from autograder.service.web.student.quiz import Filled

KINDS = ("exercise", "answer")
LANE = "sheet"  # a student looks at an empty page
MOST_IDEAS = 50  # chosen at once: an assignment has a dozen
MOST_IN_IDEA = 100  # characters

router = APIRouter(include_in_schema=False)


@router.get("/c/{course_id}/practice")
def begin(request: Request, actor: Me, course_id: str) -> Response:
    with site(request).store.reading() as db:
        return _page(request, db, actor, course_id, None)


@router.get("/c/{course_id}/practice/{job_id}")
def show(request: Request, actor: Me, course_id: str, job_id: str) -> Response:
    with site(request).store.reading() as db:
        return _page(request, db, actor, course_id, _own(db, actor, course_id, job_id))


@router.post("/c/{course_id}/practice", dependencies=[Depends(ours)])
def draw(request: Request, actor: Me, course_id: str, given: Filled) -> Response:
    """Asks for an exercise: the first, the one after an answer, or one about other ideas."""
    with site(request).store.writing() as db:
        course = _course(db, actor, course_id)
        state: dict[str, Any] = {"seed": secrets.randbits(32), "ideas": []}
        if after := "".join(given.get("after", ())[:1]):
            before = _own(db, actor, course_id, after)
            state = before.result.get("state") or _without_answer(before) or state
        if "choose" in given:
            ideas = [idea[:MOST_IN_IDEA] for idea in given.get("idea", ())[:MOST_IDEAS]]
            state = {**state, "ideas": ideas, "turns": [], "due": {}}
        sources = [asked.source for asked in _practised(db, course)]
        job = _put(request, db, actor, course, "exercise", {"sources": sources, "state": state})
        return RedirectResponse(f"/c/{course_id}/practice/{job.id}", 303)


@router.post("/c/{course_id}/practice/{job_id}", dependencies=[Depends(ours)])
def answer(request: Request, actor: Me, course_id: str, job_id: str, given: Filled) -> Response:
    """Hands an answer to whoever knows the key."""
    with site(request).store.writing() as db:
        course = _course(db, actor, course_id)
        asked = _own(db, actor, course_id, job_id)
        question = asked.result.get("question")
        if asked.kind != "exercise" or question is None:
            raise not_found()
        try:
            typed = rules.answer(question, 1, given)
        except rules.Misfit as error:
            raise HTTPException(409, str(error)) from error
        if told := rules.problem([question], {question["id"]: typed}):
            return _page(request, db, actor, course_id, asked, typed=typed, told=told, status=422)
        job = _put(request, db, actor, course, "answer", {"exercise": asked.id, "answer": typed})
        return RedirectResponse(f"/c/{course_id}/practice/{job.id}", 303)


def _without_answer(exercise: JobRow) -> dict[str, Any]:
    """The state that goes on from an exercise that nobody answered: another one is drawn."""
    state: dict[str, Any] = exercise.payload.get("state", {})
    return {**state, "drawn": state.get("drawn", 0) + 1} if state else {}


def _page(
    request: Request,
    db: Session,
    actor: Actor,
    course_id: str,
    job: JobRow | None,
    *,
    typed: object = "",
    told: str = "",
    status: int = 200,
) -> Response:
    """The page of a job: it waits, asks, or says how it went."""
    course = _course(db, actor, course_id)
    exercise = job
    if job is not None and job.kind == "answer":
        exercise, typed = _own(db, actor, course_id, job.payload["exercise"]), job.payload["answer"]
    return page(
        request,
        "practice.html",
        status=status,
        course=course,
        codes=_practised(db, course),
        job=job,
        exercise=exercise,
        typed=typed,
        told=told,
        key=new_id(),
    )


def _course(db: Session, actor: Actor, course_id: str) -> CourseRow:
    """Raises: HTTPException: 404, unless it is a course of this person."""
    if course_id not in actor.student | actor.staff.keys():
        raise not_found()
    return db.get_one(CourseRow, course_id)


def _own(db: Session, actor: Actor, course_id: str, job_id: str) -> JobRow:
    """Raises: HTTPException: 404, unless it is a job of this person's practice."""
    job = known(db, JobRow, job_id, user_id=actor.id, course_id=course_id)
    if job.kind not in KINDS:
        raise not_found()
    return job


def _practised(db: Session, course: CourseRow) -> list[AssignmentRow]:
    """The assignments that students see and that have begun."""
    found = db.scalars(
        sa.select(AssignmentRow)
        .join(VersionRow, VersionRow.id == AssignmentRow.version_id)
        .where(AssignmentRow.course_id == course.id, AssignmentRow.open.is_(True))
        .order_by(AssignmentRow.made_at)
    )
    return [one for one in found if (policies.from_json(one.policy).opens_at or 0) <= now()]


def _put(request: Request, db: Session, actor: Actor, course: CourseRow, kind: str, payload: dict[str, Any]) -> JobRow:
    """One at a time: who asks again while a job waits is shown that one."""
    waiting = db.scalar(
        sa.select(JobRow).where(
            JobRow.user_id == actor.id, JobRow.course_id == course.id, JobRow.kind.in_(KINDS), JobRow.state.in_(OPEN)
        )
    )
    return waiting or site(request).queue.put(db, kind, LANE, course_id=course.id, user_id=actor.id, payload=payload)
