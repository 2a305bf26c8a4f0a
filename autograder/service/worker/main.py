"""The process `gradmark worker`: a sandbox held open, the queue's jobs, a heartbeat, and the work of the dead."""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import Session

from autograder.batch import opening
from autograder.sandbox import SandboxUnavailable
from autograder.service.bell import Bell, Room, listen
from autograder.service.operate.housekeeping import due as tidy_when_due
from autograder.service.queue import LEASE_SECONDS, Queue, lives
from autograder.service.settings import Settings
from autograder.service.stopping import Stopping
from autograder.service.store import Store, now_of, patient
from autograder.service.store.schema import JobRow, WorkerRow, now
from autograder.service.worker import editions, jobs, notices
from autograder.service.worker.context import Context

BEAT_SECONDS = LEASE_SECONDS / 5
REMIND_SECONDS = 600.0  # between two looks for what is due tomorrow, and for the day's tidying
NICE = 10  # pages come before marks: a student who waits for a mark looks at a page
DRAIN_SECONDS = 30  # for what is under way when we are stopped: a marking takes seconds; a longer job begins again
NET_SECONDS = 10.0  # between two looks of an idle hand that nobody wakes
CONNECTIONS = 3  # to Postgres: transactions last milliseconds, so two do for all hands; the third listens
AGAIN_SECONDS = 1.0  # after a database that was away

log = logging.getLogger(__name__)


def work(
    settings: Settings,
    *,
    sandbox: str,
    slots: int,
    say: Callable[[str], None],
    stop: Stopping,
    with_parent: bool = False,
) -> None:
    """Runs until `stop`, then finishes what it has begun. `with_parent`: also until its stdin ends.

    Raises:
        SandboxUnavailable: nothing here can isolate a stranger's code, or no longer.
    """
    if with_parent:
        threading.Thread(target=_until_parent_ends, args=(stop,), daemon=True).start()
    os.nice(NICE)
    store = opened(settings)
    patient(store.engine, stop)
    try:
        with opening(sandbox, trusted=False, say=say) as sandboxed:
            secret = open_secret(settings.secret_file)
            context = Context(settings, store, Queue(), sandboxed.result(), secret, slots, stopping=stop)
            live(context, f"{socket.gethostname()[:20]}-{secrets.token_hex(6)}")
    finally:
        store.close()
    if context.ended_by:
        raise SandboxUnavailable(context.ended_by)


def opened(settings: Settings) -> Store:
    """The database as a worker uses it: its hands take turns, for as long as a database may be down."""
    return Store(
        settings.database,
        direct=settings.direct,
        most=CONNECTIONS - 1,
        wait_seconds=threading.TIMEOUT_MAX,
        name="gradmark worker",
    )


def open_secret(path: Path) -> bytes:
    """The service's secret, from GRADMARK_SECRET or the data folder; made there on first use, for its owner alone."""
    from autograder.quiz.variants import secret_from  # noqa: PLC0415
    from autograder.regenerate import open_secret as from_file  # noqa: PLC0415

    return secret_from() or from_file(path)[0]


def _until_parent_ends(stop: threading.Event) -> None:
    os.read(0, 1)  # our parent never writes: this returns when it is gone, killed or not
    stop.set()


# ------------------------------------------------------------------------------------------------- a worker's life
def live(context: Context, worker_id: str) -> None:
    """Beats from before the first job until after the last: who holds jobs is heard of."""
    over, bell = threading.Event(), Bell()
    if not _first_beat(context, worker_id):
        return
    heart = threading.Thread(target=_beating, args=(context, worker_id, over), name="heart")
    ear = threading.Thread(target=listen, args=(context.store, bell, over), name="ear")
    rooms: list[Room] = ["slow"]
    rooms += ["quick"] * context.jobs
    hands = [threading.Thread(target=_take_jobs, args=(context, worker_id, room, bell), daemon=True) for room in rooms]
    for thread in (heart, ear, *hands):
        thread.start()
    try:
        log.info("worker ready", extra={"worker": worker_id, "slots": context.jobs})
        _look_at_editions(context)
        context.stopping.wait()
    finally:
        bell.end()
        end = time.monotonic() + DRAIN_SECONDS
        for hand in hands:
            hand.join(max(0.0, end - time.monotonic()))
        context.over = True
        over.set()
        heart.join()
        ear.join()
        with contextlib.suppress(sa.exc.DBAPIError), context.store.writing() as db:
            _give_back(context, db, worker_id)
            db.execute(sa.delete(WorkerRow).where(WorkerRow.id == worker_id))


def _look_at_editions(context: Context) -> None:
    while not context.stopping.is_set():
        try:
            editions.look(context)
            break
        except sa.exc.OperationalError:  # the database went away meanwhile
            context.stopping.wait(AGAIN_SECONDS)


def _take_jobs(context: Context, worker_id: str, room: Room, bell: Bell) -> None:
    """One hand: takes what comes next in its room, until the worker stops."""
    begun = partial(bell.ring, [room])  # behind the job that it takes there may be more
    while not context.stopping.is_set():
        try:
            seconds = jobs.run_next(context, room, worker_id, begun=begun)
            if seconds:
                bell.wait(room, min(seconds, NET_SECONDS))
        except sa.exc.SQLAlchemyError as error:  # a job under way is found and begins again
            log.warning("no job can be taken: %s", " ".join(str(error).split()))
            context.stopping.wait(AGAIN_SECONDS)
        except Exception:  # whatever it is: a hand that ends takes nothing any more
            log.exception("no job can be taken")
            context.stopping.wait(AGAIN_SECONDS)


def _give_back(context: Context, db: Session, worker_id: str) -> None:
    """Give back the jobs that we were stopped over: they begin again elsewhere, and we did not die of them."""
    for job in _locked(db, JobRow.worker_id == worker_id, JobRow.state == "running"):
        context.queue.again(db, job)


# --------------------------------------------------------------------------------------------- who lives, who is dead
def _first_beat(context: Context, worker_id: str) -> bool:
    """Waits until the tables are there; whether we are still wanted then."""
    while not context.stopping.is_set():
        try:
            _beat(context, worker_id)
        except sa.exc.DBAPIError as error:
            log.warning("waiting for `gradmark serve` to make the tables: %s", error.orig)
            context.stopping.wait(1)
        else:
            return True
    return False


def _beating(context: Context, worker_id: str, over: threading.Event) -> None:
    reminded_at = 0.0
    while not over.wait(BEAT_SECONDS):
        try:
            living, held = _beat(context, worker_id)
            _look_after(context, worker_id, living, held)
            if worker_id == min(living):  # one is enough
                if context.settings.mail_from:
                    notices.mail_due(context.store, context.queue)
                if now() > reminded_at + REMIND_SECONDS:
                    reminded_at = now()
                    tidy_when_due(context.store, context.queue)
                    notices.remind(context.store)
        except sa.exc.SQLAlchemyError as error:  # a database that is down comes back; jobs under way go on meanwhile
            log.warning("no heartbeat: %s", " ".join(str(error).split()))
        except Exception:  # whatever it is: who no longer beats is thought dead
            log.exception("no heartbeat")


def _beat(context: Context, worker_id: str) -> tuple[list[str], list[tuple[str, str | None]]]:
    """Says that we live, and buries who does not; returns the living, and the jobs under way with their workers."""
    with context.store.writing() as db:
        at = now_of(db)
        db.merge(WorkerRow(id=worker_id, slots=context.jobs, sandbox=context.sandbox.name, beat_at=at))
        db.flush()
        db.execute(sa.delete(WorkerRow).where(~lives(at)))
        running = sa.select(JobRow.id, JobRow.worker_id).where(JobRow.state == "running")
        held = [(job, worker) for job, worker in db.execute(running)]
        return list(db.scalars(sa.select(WorkerRow.id))), held


def _look_after(context: Context, worker_id: str, living: Sequence[str], held: list[tuple[str, str | None]]) -> None:
    """Sees to jobs that are under way by their rows, and that nobody has: one look at each beat."""
    here = set(context.at_work.values())
    if any(worker == worker_id and job not in here for job, worker in held):
        _begin_again(context, worker_id)
    if worker_id == min(living) and any(worker not in living for _, worker in held):  # one of us is enough
        _take_over(context)


def _begin_again(context: Context, worker_id: str) -> None:
    """Puts back jobs that are ours by their rows and that none of our hands has: the database went away meanwhile."""
    with context.store.writing() as db:
        # While we hold a row, none of our hands can end its job or begin it.
        for job in _locked(db, JobRow.state == "running", JobRow.worker_id == worker_id):
            if job.id not in set(context.at_work.values()):
                log.warning("a job could not be ended", extra={"job": job.id, "kind": job.kind})
                context.queue.again(db, job)


def _take_over(context: Context) -> None:
    """Gives every job whose worker is dead to others, whatever was killed."""
    with context.store.writing() as db:
        alive = sa.select(WorkerRow.id)  # now: one may have come, and begun, since we beat
        dead = sa.or_(JobRow.worker_id.is_(None), JobRow.worker_id.not_in(alive))
        for job in _locked(db, JobRow.state == "running", dead):
            log.warning("a job lost its worker", extra={"job": job.id, "kind": job.kind, "worker": job.worker_id})
            jobs.lost(context, db, job)


def _locked(db: Session, *which: sa.ColumnElement[bool]) -> sa.ScalarResult[JobRow]:
    """These jobs, without their JSON: one row that cannot be read must not keep all others from being taken over."""
    unread = sa.orm.defer(JobRow.payload), sa.orm.defer(JobRow.result)
    found = sa.select(JobRow).where(*which).order_by(JobRow.priority, JobRow.made_at).options(*unread)
    return db.scalars(found.with_for_update())
