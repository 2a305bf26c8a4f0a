"""Says that a student's grade may have to go to a learning platform. A worker sends it: worker.passback."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from autograder.service.queue import Queue
from autograder.service.store.grades import points_shown
from autograder.service.store.schema import Assignment, Job, Membership, Passback, PlatformUser, Resource
from autograder.service.store.standings import standings

# What a platform is told of a mark that its student may not see yet. "Pending" stands in no other score of ours.
SHOWN_LATER: dict[str, Any] = {
    "activityProgress": "Submitted",
    "gradingProgress": "Pending",
    "comment": "It is marked; its points are shown later.",
}


def passback_due(db: Session, queue: Queue, asked: Assignment, user_id: str) -> None:
    """Queues a passback where a platform wants grades of this student, unless one waits that will see this mark too."""
    wanted = db.scalar(
        sa.select(Resource.id)
        .join(PlatformUser, PlatformUser.platform_id == Resource.platform_id)
        .join(Membership, Membership.user_id == PlatformUser.user_id)
        .where(Resource.assignment_id == asked.id, Resource.line_item != "", PlatformUser.user_id == user_id)
        .where(Membership.course_id == asked.course_id, Membership.role == "student")  # staff only try it out
        .limit(1)
    )
    if wanted is None:
        return
    # Locked: one that a worker is just starting has either not looked yet, or is no longer waiting for us.
    waiting = db.scalars(
        sa.select(Job).where(Job.kind == "passback", Job.state == "queued", Job.user_id == user_id).with_for_update()
    )
    if any(job.payload["assignment"] == asked.id for job in waiting):
        return
    queue.put(db, "passback", "outbox", course_id=asked.course_id, user_id=user_id, payload={"assignment": asked.id})


def passbacks_due(db: Session, queue: Queue, asked: Assignment) -> None:
    """The same for everybody with marks: what a submission is worth may have changed for all of them."""
    for user_id in standings(db, asked):
        passback_due(db, queue, asked, user_id)


def passbacks_shown(db: Session, queue: Queue) -> None:
    """The same for every grade that was kept back when it was sent, and may be told by now."""
    waiting = db.execute(
        sa.select(Assignment, PlatformUser.user_id)
        .join(Resource, Resource.assignment_id == Assignment.id)
        .join(Passback, Passback.resource_id == Resource.id)
        .join(
            PlatformUser,
            sa.and_(PlatformUser.platform_id == Passback.platform_id, PlatformUser.subject == Passback.subject),
        )
        .where(Passback.body["gradingProgress"].as_string() == SHOWN_LATER["gradingProgress"])
    ).all()
    for asked, user_id in waiting:
        if points_shown(db, asked, user_id):
            passback_due(db, queue, asked, user_id)
