"""The queue: who is next, and how long it takes. Its jobs are rows, in the database and transaction of the rest.

A job is queued by the commit that stores what it is about, so neither can exist without the other. Lanes come one after
the other; within a lane, a student's second waiting job stands behind everybody's first.

A worker takes the first queued job of a room by making it its own (`worker.jobs`); it passes over those that others
are taking at this moment. Rows are all there is: whatever is killed, a job is queued, or has a worker that lives or is
dead.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from autograder.service.bell import Room, ring_after
from autograder.service.store import clock, now_of
from autograder.service.store.rows import added, count, theirs
from autograder.service.store.schema import JobRow, SubmissionRow, WorkerRow, now

# A worker that has not been heard of for so long is dead: others take its jobs. The same for all of a service.
LEASE_SECONDS = float(os.environ.get("GRADMARK_LEASE_SECONDS", "15"))


@dataclass(frozen=True)
class Lane:
    queue: Room  # a proof in "slow" keeps nobody waiting
    base: int


LANES = {
    "sheet": Lane("quick", 2),  # a student looks at an empty page
    "interactive": Lane("quick", 10_000),
    "practice": Lane("quick", 20_000),
    "regrade": Lane("quick", 40_000),
    "slow": Lane("slow", 40_000),  # proofs, similarity, packages
    "outbox": Lane("slow", 30_000),  # grades sent to platforms
}
MOST_BEHIND = 9_000  # waiting jobs of one student that still count: lanes never overlap
OPEN = ("queued", "running")
AT_ONCE = 200  # waiting jobs that are read at a time
RECENT = 50  # jobs that tell how long the next one takes
TAKING_SECONDS = 0.01  # that somebody takes to make a job its own
FIRST_SECONDS = {"quick": 1.0, "slow": 30.0}  # before any has told


class Queue:
    """The queue as the web process and workers use it."""

    def put(
        self,
        db: Session,
        kind: str,
        lane: str,
        *,
        course_id: str | None = None,
        user_id: str | None = None,
        submission_id: str | None = None,
        regrade_id: str | None = None,
        payload: dict[str, Any] | None = None,
    ) -> JobRow:
        """Adds a job; it exists when the caller's transaction commits."""
        job = JobRow(
            kind=kind,
            lane=lane,
            priority=LANES[lane].base + min(_waiting(db, lane, user_id), MOST_BEHIND),
            course_id=course_id,
            user_id=user_id,
            submission_id=submission_id,
            regrade_id=regrade_id,
            payload=payload or {},
        )
        self.dispatch(db, added(db, job))
        return job

    def dispatch(self, db: Session, job: JobRow, *, after_seconds: float = 0.0, alone: bool = False) -> None:
        """Lets workers take a queued job, from so many seconds on, and wakes one when this transaction commits.

        `alone` is for a job whose worker died: of several, only one at a time runs in a worker, so that the one that
        kills it does not count against the others.
        """
        job.room = room = "slow" if alone else LANES[job.lane].queue
        job.not_before = now_of(db) + after_seconds if after_seconds else 0.0
        ring_after(db, room)

    def again(self, db: Session, job: JobRow, *, after_seconds: float = 0.0, alone: bool = False) -> None:
        """Puts a job back, and with it the submission that it marks: a newer one may supersede it again.

        It is the next of its lane: it had its turn.
        """
        job.state, job.worker_id, job.priority = "queued", None, LANES[job.lane].base - 1
        job.finished_at = None
        if job.kind == "mark":
            db.execute(
                sa.update(SubmissionRow)
                .where(SubmissionRow.id == job.submission_id, SubmissionRow.state.in_(("running", "parked")))
                .values(state="queued")
            )
        self.dispatch(db, job, after_seconds=after_seconds, alone=alone)

    def supersede(self, db: Session, submission: SubmissionRow, *, spared: Callable[[SubmissionRow], bool]) -> None:
        """A newer submission makes older ones that nobody has begun to mark pointless, but for those `spared`."""
        waiting = db.scalars(
            sa.select(SubmissionRow).where(
                *theirs(submission.assignment_id, submission.user_id),
                SubmissionRow.practice == submission.practice,
                SubmissionRow.state == "queued",
                SubmissionRow.id != submission.id,
            )
        )
        for older in waiting:
            if spared(older):
                continue
            taken = db.execute(
                sa.update(JobRow)
                .where(JobRow.submission_id == older.id, JobRow.state == "queued", JobRow.kind == "mark")
                .values(state="superseded", finished_at=now())
            )
            if taken.rowcount:  # type: ignore[attr-defined]
                older.state = "superseded"

    def revive(self, db: Session, failed: SubmissionRow) -> None:
        """Requeue the newest submission superseded by one that turned out to be ungradable."""
        older = db.scalar(
            sa.select(SubmissionRow)
            .where(
                *theirs(failed.assignment_id, failed.user_id),
                SubmissionRow.practice == failed.practice,
                SubmissionRow.number < failed.number,
                SubmissionRow.state != "not_gradable",
            )
            .order_by(SubmissionRow.number.desc())
            .limit(1)
        )
        if older is None or older.state != "superseded":
            return
        job = db.scalar(
            sa.select(JobRow).where(
                JobRow.submission_id == older.id, JobRow.kind == "mark", JobRow.state == "superseded"
            )
        )
        if job is not None:
            older.state, job.state, job.finished_at = "queued", "queued", None
            self.dispatch(db, job)


def next_job(db: Session, room: Room) -> tuple[str | None, float]:
    """Return the id of the job that comes next in a room; or None, and the seconds until one may be tried again.

    Nobody else takes it while this transaction lasts, nor waits for it: a hundred workers take a hundred jobs at once.
    """
    waiting = (JobRow.state == "queued", JobRow.room == room)
    at = clock(db)
    ready = sa.select(JobRow.id).where(*waiting, JobRow.not_before <= at)
    first = ready.order_by(JobRow.priority, JobRow.made_at, JobRow.id).limit(1)
    if id_ := db.scalar(first.with_for_update(skip_locked=True)):
        return id_, 0.0
    left = db.scalar(sa.select(sa.func.min(JobRow.not_before) - at).where(*waiting, JobRow.not_before > 0))
    return None, math.inf if left is None else max(TAKING_SECONDS, float(left))


def lives(at: float) -> sa.ColumnElement[bool]:
    """Return whether a worker was heard of within the lease. One from the future: the clock was set back."""
    return WorkerRow.beat_at.between(at - LEASE_SECONDS, at + LEASE_SECONDS)


def _waiting(db: Session, lane: str, user_id: str | None) -> int:
    """Return how many jobs of this person wait in the lane; 0 for jobs that belong to nobody."""
    if user_id is None:
        return 0
    return count(db, JobRow.state == "queued", JobRow.lane == lane, JobRow.user_id == user_id)


def alive(db: Session) -> tuple[int, int]:
    """Return the number of workers, and how many jobs they run at once."""
    asked = sa.select(sa.func.count(), sa.func.sum(WorkerRow.slots)).where(lives(now_of(db)))
    workers, slots = db.execute(asked).one()
    return int(workers), int(slots or 0)


def unpark(db: Session, queue: Queue, job_id: str) -> bool:
    """Tries a parked job again, with all its tries before it; whether it was parked."""
    job = db.get(JobRow, job_id, with_for_update=True)
    if job is None or job.state != "parked":
        return False
    job.failures, job.starts = 0, 0
    queue.again(db, job)
    return True


def rescued(db: Session, assignment_id: str) -> None:
    """Close parked jobs that a regrade made up for: markings whose submission has a report, quizzes to be drawn.

    The edition in the folder is the one in use now, so quizzes are drawn when their students look again.
    """
    marked = sa.select(SubmissionRow.id).where(
        SubmissionRow.assignment_id == assignment_id,
        SubmissionRow.report_id.is_not(None),
        SubmissionRow.state != "parked",
    )
    quiz = sa.and_(JobRow.kind == "sheet", JobRow.payload["assignment"].as_string() == assignment_id)
    made_up = sa.or_(sa.and_(JobRow.kind == "mark", JobRow.submission_id.in_(marked)), quiz)
    db.execute(
        sa.update(JobRow)
        .where(JobRow.state == "parked", made_up)
        .values(state="superseded")
        .execution_options(synchronize_session=False)
    )


@dataclass(frozen=True)
class QueuePlace:
    """The place of a job: `ahead` jobs come first; the estimate is from what jobs of each lane took lately."""

    state: str
    lane: str
    ahead: int
    seconds: float | None  # None: there is no worker, and nobody can say


def places(db: Session, wanted: Collection[str] | None = None) -> dict[str, QueuePlace]:
    """The place of every open job, by job id: a few queries, however many watch.

    With `wanted`, at least of these: who waits for a page stands before a regrade of thousands, which is not read then.
    """
    took, (workers, slots) = _pace(db), alive(db)
    at_once = {"quick": slots, "slow": workers}
    told: dict[str, QueuePlace] = {}
    for id_, lane in db.execute(sa.select(JobRow.id, JobRow.lane).where(JobRow.state == "running")):
        told[id_] = QueuePlace("running", lane, 0, took[lane] if workers else None)
    waiting = (
        sa.select(JobRow.id, JobRow.lane).where(JobRow.state == "queued").order_by(JobRow.priority, JobRow.made_at)
    )
    left = None if wanted is None else set(wanted) - told.keys()
    ahead, work = {"quick": 0, "slow": 0}, {"quick": 0.0, "slow": 0.0}
    with db.execute(waiting, execution_options={"yield_per": AT_ONCE}) as rows:
        for id_, lane in rows if left is None or left else ():
            queue = LANES[lane].queue
            seconds = work[queue] / at_once[queue] + took[lane] if workers else None
            told[id_] = QueuePlace("queued", lane, ahead[queue], seconds)
            ahead[queue] += 1
            work[queue] += took[lane]
            if left is not None:
                left.discard(id_)
                if not left:
                    break
    return told


def _pace(db: Session) -> dict[str, float]:
    """Return, by lane, the seconds that a job took lately. Drawing an exercise takes a fiftieth of a marking."""
    recent = db.execute(
        sa.select(JobRow.lane, JobRow.state, JobRow.started_at, JobRow.finished_at)
        .where(
            JobRow.finished_at.is_not(None), JobRow.started_at.is_not(None)
        )  # by state, all that ever ended were sorted
        .order_by(JobRow.finished_at.desc())
        .limit(RECENT)
    ).all()
    took: dict[str, list[float]] = {lane: [] for lane in LANES}
    for lane, state, started, finished in recent:
        if state == "done":
            took[lane].append((finished or 0.0) - (started or 0.0))
    return {lane: sum(all_) / len(all_) if all_ else FIRST_SECONDS[LANES[lane].queue] for lane, all_ in took.items()}
