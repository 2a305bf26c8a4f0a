"""The queue: who is next, and how long it takes. DBOS Transact holds it, in the database and transaction of the rest.

A job is enqueued by the commit that stores what it is about, so neither can exist without the other. Lanes come one
after the other; within a lane, a student's second waiting job stands behind everybody's first.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import sqlalchemy as sa
from dbos import DBOSClient, EnqueueOptions
from sqlalchemy.orm import Session

from autograder.service.store.schema import Job, Submission, Worker, now

WORKFLOW = "job"  # the one workflow there is: it runs the job of the id it is given
APP_VERSION = "1"  # of what a queued job means; workers of another one leave it alone
LEASE_SECONDS = 15.0  # a worker that has not been heard of for so long is dead: others take its jobs


@dataclass(frozen=True)
class Lane:
    queue: str  # "quick" has a slot for each core; "slow" one, so that a proof keeps nobody waiting
    base: int


LANES = {
    "sheet": Lane("quick", 1),  # a student looks at an empty page
    "interactive": Lane("quick", 10_000),
    "practice": Lane("quick", 20_000),
    "regrade": Lane("quick", 30_000),
    "slow": Lane("slow", 40_000),  # proofs, similarity, packages
    "outbox": Lane("slow", 30_000),  # grades sent to platforms
}
MOST_BEHIND = 9_000  # waiting jobs of one student that still count: lanes never overlap
OPEN = ("queued", "running")


class Queue:
    """What the web process and workers put jobs in with. Opens its connection on first use."""

    def __init__(self, url: str) -> None:
        self.url = url

    @cached_property
    def _client(self) -> DBOSClient:
        return DBOSClient(system_database_url=self.url, system_database_pool_size=1, lazy=True)

    def put(
        self,
        db: Session,
        kind: str,
        lane: str,
        *,
        course_id: str | None = None,
        user_id: str | None = None,
        submission_id: str | None = None,
        payload: dict[str, Any] | None = None,
    ) -> Job:
        """Adds a job; it exists when the caller's transaction commits."""
        behind = db.scalar(
            sa.select(sa.func.count()).where(Job.state == "queued", Job.lane == lane, Job.user_id == user_id)
        )
        job = Job(
            kind=kind,
            lane=lane,
            priority=LANES[lane].base + min(behind or 0, MOST_BEHIND) * (user_id is not None),
            course_id=course_id,
            user_id=user_id,
            submission_id=submission_id,
            payload=payload or {},
        )
        db.add(job)
        db.flush()
        self.dispatch(db, job)
        return job

    def dispatch(self, db: Session, job: Job, *, after_seconds: float = 0.0) -> None:
        """Hands a queued job to DBOS: each start of a job has a workflow of its own."""
        options: EnqueueOptions = {
            "workflow_name": WORKFLOW,
            "queue_name": LANES[job.lane].queue,
            "workflow_id": f"{job.id}.{job.failures}",
            "priority": job.priority,
            "app_version": APP_VERSION,
        }
        if after_seconds:
            options["delay_seconds"] = after_seconds
        self._client.enqueue_in_transaction(db, options, job.id)

    def supersede(self, db: Session, submission: Submission) -> None:
        """A newer submission makes older ones that nobody has begun to mark pointless."""
        waiting = db.scalars(
            sa.select(Submission).where(
                Submission.assignment_id == submission.assignment_id,
                Submission.user_id == submission.user_id,
                Submission.practice == submission.practice,
                Submission.state == "queued",
                Submission.id != submission.id,
            )
        )
        for older in waiting:
            taken = db.execute(
                sa.update(Job)
                .where(Job.submission_id == older.id, Job.state == "queued", Job.kind == "mark")
                .values(state="superseded", finished_at=now())
            )
            if taken.rowcount:  # type: ignore[attr-defined]
                older.state = "superseded"

    def close(self) -> None:
        if "_client" in self.__dict__:
            self._client.destroy()


@dataclass(frozen=True)
class Place:
    """Where a job stands: `ahead` jobs come first; the estimate is from what such jobs took lately."""

    state: str
    lane: str
    ahead: int
    seconds: float


def places(db: Session) -> dict[str, Place]:
    """The place of every open job, by job id: one query, however many watch."""
    rows = db.execute(
        sa.select(Job.id, Job.state, Job.lane).where(Job.state.in_(OPEN)).order_by(Job.priority, Job.made_at)
    ).all()
    each, slots = _pace(db)
    told: dict[str, Place] = {}
    ahead = {"quick": 0, "slow": 0}
    for id_, state, lane in rows:
        queue = LANES[lane].queue
        told[id_] = Place(state, lane, 0 if state == "running" else ahead[queue], each * (ahead[queue] / slots + 1))
        ahead[queue] += state == "queued"
    return told


def _pace(db: Session) -> tuple[float, int]:
    """Seconds that a marking took lately, and how many run at once."""
    recent = (
        sa.select((Job.finished_at - Job.started_at).label("took"))
        .where(Job.state == "done", Job.kind == "mark")
        .order_by(Job.finished_at.desc())
        .limit(20)
        .subquery()
    )
    each = db.scalar(sa.select(sa.func.avg(recent.c.took)))
    slots = db.scalar(sa.select(sa.func.sum(Worker.slots)).where(Worker.beat_at > now() - LEASE_SECONDS))
    return float(each or 1.0), int(slots or 1)
