"""The process `gradmark worker`: a sandbox held open, the queue's jobs, a heartbeat, and the work of the dead."""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import sqlalchemy as sa
from dbos import DBOS

from autograder.batch import opening
from autograder.sandbox import SandboxUnavailable
from autograder.service.operate.housekeeping import due as tidy_when_due
from autograder.service.queue import APP_VERSION, APPLICATION, LEASE_SECONDS, OPEN, WORKFLOW, Queue, lives
from autograder.service.settings import Settings
from autograder.service.store import Store, now_of, patient, queue_engine
from autograder.service.store.schema import JobRow, WorkerRow, now
from autograder.service.worker import editions, jobs, notices
from autograder.service.worker.context import Context

BEAT_SECONDS = LEASE_SECONDS / 5
REMIND_SECONDS = 600.0  # between two looks for what is due tomorrow
NICE = 10  # pages come before marks: a student who waits for a mark looks at a page
DRAIN_SECONDS = 30  # for what is under way when we are stopped: a marking takes seconds; a longer job begins again
KEPT_SECONDS = 600.0  # turns that are over, for who looks into DBOS's tables: each look for live ones reads them too

log = logging.getLogger(__name__)


def work(
    settings: Settings, *, sandbox: str, slots: int, say: Callable[[str], None], with_parent: bool = False
) -> None:
    """Runs until SIGTERM or SIGINT, then finishes what it has begun. `with_parent`: also until its stdin ends.

    Raises:
        SandboxUnavailable: nothing here can isolate a stranger's code, or no longer.
    """
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: _asked(stop))
    if with_parent:
        threading.Thread(target=_until_parent_ends, args=(stop,), daemon=True).start()
    os.nice(NICE)
    store, queue = Store(settings.database), Queue(settings.database)
    patient(store.engine, stop)
    try:
        with opening(sandbox, trusted=False, say=say) as opened:
            secret = open_secret(settings.secret_file)
            context = Context(settings, store, queue, opened.result(), secret, slots, stopping=stop)
            live(context, f"{socket.gethostname()[:20]}-{secrets.token_hex(6)}")
    finally:
        queue.close()
        store.close()
    if context.ended_by:
        raise SandboxUnavailable(context.ended_by)


def open_secret(path: Path) -> bytes:
    """The service's secret, from GRADMARK_SECRET or the data folder; made there on first use, for its owner alone."""
    from autograder.quiz.variants import secret_from  # noqa: PLC0415
    from autograder.regenerate import open_secret as from_file  # noqa: PLC0415

    return secret_from() or from_file(path)[0]


def _asked(stop: threading.Event) -> None:
    """The first signal asks us to finish, the second one does not wait for it."""
    if stop.is_set():
        raise SystemExit(1)
    stop.set()


def _until_parent_ends(stop: threading.Event) -> None:
    os.read(0, 1)  # our parent never writes: this returns when it is gone, killed or not
    stop.set()


# ------------------------------------------------------------------------------------------------- a worker's life
def live(context: Context, worker_id: str) -> None:
    """Beats from before the first job until after the last: who holds jobs is heard of."""
    over = threading.Event()
    if not _first_beat(context, worker_id):
        return
    heart = threading.Thread(target=_beating, args=(context, worker_id, over), name="heart")
    heart.start()
    try:
        while not context.stopping.is_set():
            with contextlib.suppress(sa.exc.OperationalError), _launched(context, worker_id):  # it went away meanwhile
                log.info("worker ready", extra={"worker": worker_id, "slots": context.jobs})
                editions.look(context)
                context.stopping.wait()
    finally:
        context.over = True
        over.set()
        heart.join()
        with contextlib.suppress(sa.exc.DBAPIError), context.store.writing() as db:
            _give_back(context, db, worker_id)
            db.execute(sa.delete(WorkerRow).where(WorkerRow.id == worker_id))


def _give_back(context: Context, db: sa.orm.Session, worker_id: str) -> None:
    """Give back the jobs that we were stopped over: they begin again elsewhere, and we did not die of them."""
    held = sa.select(JobRow).where(JobRow.worker_id == worker_id, JobRow.state == "running")
    for job in db.scalars(held.options(sa.orm.defer(JobRow.payload), sa.orm.defer(JobRow.result)).with_for_update()):
        context.queue.again(db, job)


@contextlib.contextmanager
def _launched(context: Context, worker_id: str) -> Iterator[None]:
    """DBOS, running our one workflow on the queues of all lanes; what is under way at the end has time to finish."""
    engine = patient(queue_engine(context.settings.database), context.stopping)
    DBOS(
        config={
            "name": APPLICATION,
            "system_database_url": context.settings.database,
            "system_database_engine": engine,
            "application_version": APP_VERSION,
            "executor_id": worker_id,
            "log_level": "ERROR",  # a database that is down for a moment is ours to tell, once
            "run_migrations": False,
        }
    )

    @DBOS.workflow(name=WORKFLOW)
    def job(job_id: str) -> None:
        turn = str(DBOS.workflow_id)
        context.turns.add(turn)
        try:
            jobs.run(context, job_id, worker_id)
        finally:
            context.turns.discard(turn)

    try:
        DBOS.launch()
        yield
    finally:
        seconds = DRAIN_SECONDS if _busy(context, worker_id) else 0
        DBOS.destroy(workflow_completion_timeout_sec=seconds, destroy_registry=True)
        engine.dispose()


def _busy(context: Context, worker_id: str) -> bool:
    """Return whether the queue counts a turn as ours, begun or not."""
    try:
        return bool(context.queue.turns(worker_id))
    except sa.exc.DBAPIError:
        return bool(context.turns)


# --------------------------------------------------------------------------------------------- who lives, who is dead
def _first_beat(context: Context, worker_id: str) -> bool:
    """Waits until the tables are there; whether we are still wanted then."""
    while not context.stopping.is_set():
        try:
            _beat(context, worker_id)
            context.queue.open(slots=context.jobs)
        except sa.exc.DBAPIError as error:
            log.warning("waiting for `gradmark serve` to make the tables: %s", error.orig)
            context.stopping.wait(1)
        else:
            return True
    return False


def _beating(context: Context, worker_id: str, over: threading.Event) -> None:
    idle: set[str] = set()
    reminded_at = 0.0
    while not over.wait(BEAT_SECONDS):
        try:
            living = _beat(context, worker_id)
            idle = _drop_idle(context, worker_id, idle)
            if worker_id == min(living):  # one is enough
                _take_over(context)
                context.queue.forget(before=now() - KEPT_SECONDS)
                tidy_when_due(context.store, context.queue)
                if context.settings.mail_from:
                    notices.mail_due(context.store, context.queue)
                if now() > reminded_at + REMIND_SECONDS:
                    reminded_at = now()
                    notices.remind(context.store)
        except sa.exc.SQLAlchemyError as error:  # a database that is down comes back; jobs under way go on meanwhile
            log.warning("no heartbeat: %s", " ".join(str(error).split()))
        except Exception:  # whatever it is: who no longer beats is thought dead
            log.exception("no heartbeat")


def _beat(context: Context, worker_id: str) -> list[str]:
    """Says that we live, and buries who does not; returns the living."""
    with context.store.writing() as db:
        at = now_of(db)
        db.merge(WorkerRow(id=worker_id, slots=context.jobs, sandbox=context.sandbox.name, beat_at=at))
        db.flush()
        db.execute(sa.delete(WorkerRow).where(~lives(at)))
        return list(db.scalars(sa.select(WorkerRow.id)))


def _drop_idle(context: Context, worker_id: str, idle: set[str]) -> set[str]:
    """Gives up turns that the queue counts as ours, but that never reached us: the answer was lost with a connection.

    `idle` are those of the last beat; returns those of this one.
    """
    lost = [turn for turn in context.queue.turns(worker_id) if turn.id not in context.turns]
    context.queue.cancel(turn for turn in lost if turn.id in idle)
    return {turn.id for turn in lost}


def _take_over(context: Context) -> None:
    """Gives a turn to every open job that has none with somebody who lives, whatever was killed.

    In this order it is safe without locks: who has a turn in the second look was alive in the third, and a job of the
    first that has none in the second is over or lost. One turn too many would find its job begun, and end.
    """
    with context.store.reading() as db:
        open_ = set(db.scalars(sa.select(JobRow.id).where(JobRow.state.in_(OPEN))))
    turns = context.queue.turns()
    with context.store.reading() as db:
        living = set(db.scalars(sa.select(WorkerRow.id)))
    dead = [turn for turn in turns if turn.worker_id and turn.worker_id not in living]
    context.queue.cancel(dead)
    lost = open_ - {turn.job_id for turn in turns if turn not in dead}
    if not lost:
        return
    with context.store.writing() as db:
        held = (
            sa.select(JobRow)
            .where(JobRow.id.in_(lost), JobRow.state.in_(OPEN))
            .order_by(JobRow.priority, JobRow.made_at)
        )
        # Without the JSON: one row that cannot be read must not keep all others from being taken over.
        unread = sa.orm.defer(JobRow.payload), sa.orm.defer(JobRow.result)
        for job in db.scalars(held.options(*unread).with_for_update()):
            log.warning("a job lost its worker", extra={"job": job.id, "kind": job.kind, "worker": job.worker_id})
            if job.state == "running" and job.worker_id not in living:
                jobs.lost(context, db, job)
            else:  # its turn was lost on the way, or its end could not be written
                context.queue.again(db, job)
