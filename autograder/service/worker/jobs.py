"""Runs one job: exactly one visible outcome, whatever is killed on the way.

A job may be started more than once (a worker that was thought dead was not), so every kind writes its results in
one transaction that does nothing when they are there already.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from autograder.service.store.schema import Job, Submission, now
from autograder.service.worker import marking, proving
from autograder.service.worker.context import Context

FAILURES = 3  # of ours, after which a person has to look; never a mark
STARTS = 8  # deaths in the middle included: a job that kills its workers must not do so for ever
RETRY_SECONDS = (1.0, 5.0)  # before the second and the third try

Work = Callable[[Context, Job], dict[str, Any]]
KINDS: dict[str, Work] = {
    "mark": marking.mark,
    "prove": proving.prove,
}

log = logging.getLogger(__name__)


def run(context: Context, job_id: str, worker_id: str) -> None:
    """What the queue's workflow does. Never raises for what a job does: that is written into its row."""
    job = _start(context, job_id, worker_id)
    if job is None:
        return
    try:
        result = KINDS[job.kind](context, job)
    except Exception as error:
        log.exception("job failed", extra={"job": job_id, "kind": job.kind})
        _failed(context, job_id, "".join(traceback.format_exception(error)))
    else:
        _done(context, job_id, result)


def _start(context: Context, job_id: str, worker_id: str) -> Job | None:
    with context.store.writing() as db:
        job = db.get(Job, job_id, with_for_update=True)
        if job is None or job.state not in ("queued", "running"):
            return None  # superseded, or done by somebody else
        job.starts += 1
        if job.starts > STARTS:
            _park(db, job, f"started {STARTS} times, and never came to an end")
            return None
        job.state, job.worker_id, job.started_at = "running", worker_id, now()
        if job.submission_id and job.kind == "mark":
            db.execute(
                sa.update(Submission)
                .where(Submission.id == job.submission_id, Submission.state == "queued")
                .values(state="running")
            )
        return job


def _done(context: Context, job_id: str, result: dict[str, Any]) -> None:
    with context.store.writing() as db:
        job = db.get_one(Job, job_id, with_for_update=True)
        if job.state == "running":
            job.state, job.result, job.finished_at, job.error = "done", result, now(), ""


def _failed(context: Context, job_id: str, told: str) -> None:
    with context.store.writing() as db:
        job = db.get_one(Job, job_id, with_for_update=True)
        if job.state != "running":
            return
        job.failures += 1
        job.error = told[-4000:]
        if job.failures >= FAILURES:
            _park(db, job, job.error)
        else:
            job.state = "queued"
            context.queue.dispatch(db, job, after_seconds=RETRY_SECONDS[job.failures - 1])


def _park(db: sa.orm.Session, job: Job, told: str) -> None:
    job.state, job.error, job.finished_at = "parked", told, now()
    if job.submission_id and job.kind == "mark":
        db.execute(
            sa.update(Submission)
            .where(Submission.id == job.submission_id, Submission.report_id.is_(None))
            .values(state="parked")
        )
