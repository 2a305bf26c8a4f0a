"""Runs one job: exactly one visible outcome, whatever is killed on the way.

A job may be started more than once (a worker that was thought dead was not), so every kind writes its results in
one transaction that does nothing when they are there already.
"""

from __future__ import annotations

import json
import logging
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from autograder.sandbox import SandboxFailed, SandboxUnavailable
from autograder.sandbox.choose import choose, probe
from autograder.service.bell import Room
from autograder.service.queue import next_job
from autograder.service.store.schema import JobRow, SubmissionRow, now
from autograder.service.worker import (
    editions,
    keys,
    linking,
    mailing,
    marking,
    notices,
    packaging,
    passback,
    practising,
    proving,
    regrading,
    sheets,
    similarity,
    tidying,
)
from autograder.service.worker.context import Context, WrongEdition

STARTS = 8  # deaths in the middle included: a job that kills its workers must not do so for ever
RETRY_SECONDS = (1.0, 5.0)  # before the second and the third try
FAILURES = 1 + len(RETRY_SECONDS)  # of ours, after which a person has to look; never a mark
RETRIES = {  # kinds that wait for other people's machines
    "passback": passback.RETRY_SECONDS,
    "mail": mailing.RETRY_SECONDS,
    "notices": mailing.RETRY_SECONDS,
}

Work = Callable[[Context, JobRow], dict[str, Any]]
KINDS: dict[str, Work] = {
    "key": keys.make,
    "deep-link": linking.sign,
    "passback": passback.passback,
    "mark": marking.mark,
    "prove": proving.prove,
    "mail": mailing.mail,
    "notices": notices.mail,
    "sources": proving.sources,
    "sheet": sheets.draw,
    "exercise": practising.exercise,
    "answer": practising.answer,
    "package": packaging.package,
    "regrade": regrading.regrade,
    "remark": regrading.remark,
    "similarity": similarity.similarity,
    "tidy": tidying.tidy,
}

log = logging.getLogger(__name__)


def run(context: Context, job_id: str, worker_id: str) -> bool:
    """Run a job that nobody has begun; its outcome is written into its row. Return whether it was ours to run.

    Raises:
        OperationalError: the database went away. Nothing is lost: nobody is at work on the job, and it begins again.
    """
    job = None
    with _at_work(context):
        job = start(context, job_id, worker_id)
        if job is not None:
            _run(context, job)
    return job is not None


def run_next(context: Context, room: Room, worker_id: str, *, begun: Callable[[], None]) -> float:
    """Run the job that comes next in a room, and say so as soon as it is ours.

    Return 0; or, where none is ready, the seconds until one may be. Raises as `run` does.
    """
    seconds = 0.0
    with _at_work(context):
        with context.store.writing() as db:
            job_id, seconds = next_job(db, room)
            job = _begin(context, db, job_id, worker_id) if job_id else None
        if job is not None:
            begun()
            _run(context, job)
    return seconds


@contextmanager
def _at_work(context: Context) -> Iterator[None]:
    """The job that begins here is among `context.at_work` from before its row says so, until it says so no longer."""
    me = threading.get_ident()
    try:
        yield
    except json.JSONDecodeError as error:
        log.exception("a job cannot be read", extra={"job": context.at_work[me]})
        _park_unread(context, context.at_work[me], str(error))
    finally:
        context.at_work.pop(me, None)


def _run(context: Context, job: JobRow) -> None:
    try:
        result = KINDS[job.kind](context, job)
    except sa.exc.OperationalError:
        raise
    except Exception as error:
        if context.over or (isinstance(error, SandboxFailed) and not _sandbox_works(context)):
            return  # not this job's failure: it gets another turn, with another worker
        log.exception("job failed", extra={"job": job.id, "kind": job.kind})
        if isinstance(error, WrongEdition):
            editions.look(context)  # staff can do something about it
        failed(context, job, "".join(traceback.format_exception(error)))
    else:
        done(context, job, result)
        log.info(
            "job done", extra={"job": job.id, "kind": job.kind, "seconds": round(now() - (job.started_at or 0.0), 3)}
        )


def _sandbox_works(context: Context) -> bool:
    """Return whether a failure of the sandbox was one guest's. If not, this worker marks nothing more, and says why."""
    try:
        probe(choose(context.sandbox.name, say=log.info))
    except (SandboxUnavailable, SandboxFailed) as error:
        context.end(f"the sandbox {context.sandbox.name} works no longer: {error}")
        return False
    return True


def start(context: Context, job_id: str, worker_id: str) -> JobRow | None:
    with context.store.writing() as db:
        return _begin(context, db, job_id, worker_id)


def _begin(context: Context, db: sa.orm.Session, job_id: str, worker_id: str) -> JobRow | None:
    context.at_work[threading.get_ident()] = job_id
    job = db.get(JobRow, job_id, with_for_update={"skip_locked": True})
    if job is None or job.state != "queued" or context.stopping.is_set():
        return None  # superseded, or somebody else was quicker
    job.starts += 1
    if job.starts > STARTS:
        _park(db, job, f"started {STARTS} times, and never came to an end\n{job.error}")
        return None
    job.state, job.worker_id, job.started_at = "running", worker_id, now()
    if job.submission_id and job.kind == "mark":
        db.execute(
            sa.update(SubmissionRow)
            .where(SubmissionRow.id == job.submission_id, SubmissionRow.state == "queued")
            .values(state="running")
        )
    return job


def _held(db: sa.orm.Session, begun: JobRow) -> JobRow | None:
    """The job, unless it was erased, or begun again since: then this start of it has nothing more to say."""
    job = db.get(JobRow, begun.id, with_for_update=True)
    return job if job is not None and job.state == "running" and job.starts == begun.starts else None


def done(context: Context, begun: JobRow, result: dict[str, Any]) -> None:
    with context.store.writing() as db:
        if job := _held(db, begun):
            job.state = "skipped" if "skipped" in result else "done"
            job.result, job.finished_at, job.error = result, now(), ""


def failed(context: Context, begun: JobRow, told: str) -> None:
    with context.store.writing() as db:
        job = _held(db, begun)
        if job is None:
            return
        gaps = RETRIES.get(job.kind, RETRY_SECONDS)
        if not _give_up(db, job, told, tries=1 + len(gaps)):
            context.queue.again(db, job, after_seconds=gaps[job.failures - 1])


def lost(context: Context, db: sa.orm.Session, job: JobRow) -> None:
    """Give a job whose worker died while it had it another turn: three such deaths count like three failures."""
    told = f"the worker {job.worker_id} died while it had this job"
    if not _give_up(db, job, told, tries=FAILURES):
        context.queue.again(db, job, alone=True)


def _give_up(db: sa.orm.Session, job: JobRow, told: str, *, tries: int) -> bool:
    """Note a failure of ours; whether it was one too many, and the job waits for a person."""
    job.failures += 1
    job.error = told[-4000:]
    if job.failures >= tries:
        _park(db, job, job.error)
    return job.failures >= tries


def _park_unread(context: Context, job_id: str, told: str) -> None:
    """Park a job whose row is damaged: unreadable parts are dropped, so that staff can see the rest and retry."""
    with context.store.writing() as db:
        db.execute(sa.update(JobRow).where(JobRow.id == job_id, JobRow.state == "queued").values(payload={}, result={}))
        job = db.get(JobRow, job_id, with_for_update=True)
        if job is not None and job.state == "queued":
            _park(db, job, f"Its row in the database was damaged: {told}")


def _park(db: sa.orm.Session, job: JobRow, told: str) -> None:
    job.state, job.error, job.finished_at = "parked", told, now()
    if job.submission_id and job.kind == "mark":
        db.execute(
            sa.update(SubmissionRow)
            .where(SubmissionRow.id == job.submission_id, SubmissionRow.report_id.is_(None))
            .values(state="parked")
        )
