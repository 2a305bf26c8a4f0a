"""Says that a student's grade may have to go to a learning platform. A worker sends it: worker.passback."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from autograder.service.queue import Queue
from autograder.service.store.grades import points_shown
from autograder.service.store.schema import (
    ArrivalRow,
    AssignmentRow,
    JobRow,
    MembershipRow,
    PassbackRow,
    PlatformUserRow,
    ResourceRow,
)
from autograder.service.store.standings import standings

# What a platform is told of a mark that its student may not see yet. "Pending" stands in no other score of ours.
SHOWN_LATER: dict[str, Any] = {
    "activityProgress": "Submitted",
    "gradingProgress": "Pending",
    "comment": "It is marked; its points are shown later.",
}


def arrived() -> sa.ColumnElement[bool]:
    """Return the condition that joins somebody's arrivals to who they are."""
    return sa.and_(PlatformUserRow.platform_id == ArrivalRow.platform_id, PlatformUserRow.subject == ArrivalRow.subject)


def passback_due(db: Session, queue: Queue, asked: AssignmentRow, user_id: str) -> None:
    """Queues a passback where a platform wants grades of this student, unless one waits that will see this mark too."""
    wanted = db.scalar(
        sa.select(ResourceRow.id)
        .join(ArrivalRow, ArrivalRow.context_id == ResourceRow.context_id)
        .join(PlatformUserRow, arrived())
        .join(MembershipRow, MembershipRow.user_id == PlatformUserRow.user_id)
        .where(ResourceRow.assignment_id == asked.id, ResourceRow.line_item != "", PlatformUserRow.user_id == user_id)
        .where(MembershipRow.course_id == asked.course_id, MembershipRow.role == "student")  # staff only try it out
        .limit(1)
    )
    if wanted is None:
        return
    # Locked: one that a worker is just starting has either not looked yet, or is no longer waiting for us.
    waiting = db.scalars(
        sa.select(JobRow)
        .where(JobRow.kind == "passback", JobRow.state == "queued", JobRow.user_id == user_id)
        .with_for_update()
    )
    for job in waiting:
        if job.payload["assignment"] == asked.id:
            if job.failures:  # it waits for a platform that did not answer: a new mark tries again at once
                queue.dispatch(db, job)
            return
    queue.put(db, "passback", "outbox", course_id=asked.course_id, user_id=user_id, payload={"assignment": asked.id})


def passbacks_due(db: Session, queue: Queue, asked: AssignmentRow) -> None:
    """The same for everybody with marks: what a submission is worth may have changed for all of them."""
    wanted = ResourceRow.assignment_id == asked.id, ResourceRow.line_item != ""
    if db.scalar(sa.select(ResourceRow.id).where(*wanted).limit(1)) is None:
        return
    for user_id in standings(db, asked):
        passback_due(db, queue, asked, user_id)


def unsent(db: Session, course_id: str) -> list[JobRow]:
    """Return the passbacks of a course that a platform has not taken: waiting for another try, or given up."""
    asked = sa.select(JobRow).where(JobRow.kind == "passback", JobRow.course_id == course_id, JobRow.failures > 0)
    return list(db.scalars(asked.where(JobRow.state.in_(("queued", "parked"))).order_by(JobRow.made_at)))


def refused(db: Session, course_id: str) -> list[JobRow]:
    """Return the passbacks of a course that a platform refused, and that no later one has followed."""
    job, later = JobRow, aliased(JobRow)
    after = sa.select(later.id).where(
        later.kind == "passback",
        later.user_id == job.user_id,
        later.payload["assignment"].as_string() == job.payload["assignment"].as_string(),
        later.made_at > job.made_at,
    )
    asked = sa.select(job).where(job.kind == "passback", job.course_id == course_id, job.state == "done")
    asked = asked.where(job.result["refused"].as_integer() > 0, ~after.exists())
    return list(db.scalars(asked.order_by(job.made_at)))


def send_now(db: Session, queue: Queue, course_id: str) -> int:
    """Try every passback of a course that was not taken at once; return how many there are."""
    jobs, again = unsent(db, course_id), refused(db, course_id)
    for job in jobs:
        job.failures, job.starts = 0, 0
        queue.again(db, job)  # one that a worker has just begun finds its turn used up
    for job in again:
        passback_due(db, queue, db.get_one(AssignmentRow, str(job.payload["assignment"])), str(job.user_id))
    return len(jobs) + len(again)


def passbacks_shown(db: Session, queue: Queue) -> None:
    """The same for every grade that was kept back when it was sent, and may be told by now."""
    waiting = db.execute(
        sa.select(AssignmentRow, PlatformUserRow.user_id)
        .join(ResourceRow, ResourceRow.assignment_id == AssignmentRow.id)
        .join(PassbackRow, PassbackRow.resource_id == ResourceRow.id)
        .join(
            PlatformUserRow,
            sa.and_(
                PlatformUserRow.platform_id == PassbackRow.platform_id, PlatformUserRow.subject == PassbackRow.subject
            ),
        )
        .where(PassbackRow.body["gradingProgress"].as_string() == SHOWN_LATER["gradingProgress"])
    ).all()
    for asked, user_id in waiting:
        if points_shown(db, asked, user_id):
            passback_due(db, queue, asked, user_id)
