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
from autograder.sandbox import Sandbox
from autograder.service.queue import APP_VERSION, LANES, LEASE_SECONDS, WORKFLOW, Queue
from autograder.service.settings import Settings
from autograder.service.store import Store
from autograder.service.store.schema import Job, Worker, now
from autograder.service.worker import jobs
from autograder.service.worker.context import Context

BEAT_SECONDS = LEASE_SECONDS / 5
POLL_SECONDS = 0.05  # how long a job waits for a free slot to notice it; a poll of an empty queue costs 0.2 ms
NICE = 10  # pages come before marks: a student who waits for a mark looks at a page

log = logging.getLogger(__name__)


def work(settings: Settings, *, sandbox: str, slots: int, say: Callable[[str], None]) -> None:
    """Runs until SIGTERM or SIGINT, then finishes what it has begun.

    Raises:
        SandboxUnavailable: nothing here can isolate a stranger's code.
    """
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    os.nice(NICE)
    store, queue = Store(settings.database), Queue(settings.database)
    with opening(sandbox, trusted=False, say=say) as opened:
        ready = opened.result()
        context = Context(settings, store, queue, ready, open_secret(settings.secret_file), slots)
        worker_id = f"{socket.gethostname()[:20]}-{secrets.token_hex(6)}"
        with _launched(context, worker_id):
            _live(context, worker_id, ready, stop)
    queue.close()
    store.close()


def open_secret(path: Path) -> bytes:
    """The service's secret, from GRADMARK_SECRET or the data folder; made there on first use, for its owner alone."""
    from autograder.quiz.variants import secret_from  # noqa: PLC0415
    from autograder.regenerate import open_secret as from_file  # noqa: PLC0415

    return secret_from() or from_file(path)[0]


@contextlib.contextmanager
def _launched(context: Context, worker_id: str) -> Iterator[None]:
    """DBOS, running our one workflow on the queues of all lanes."""
    DBOS(
        config={
            "name": "gradmark",
            "system_database_url": context.settings.database,
            "application_version": APP_VERSION,
            "executor_id": worker_id,
            "log_level": "WARNING",
            "run_migrations": False,
        }
    )

    @DBOS.workflow(name=WORKFLOW)
    def job(job_id: str) -> None:
        jobs.run(context, job_id, worker_id)

    DBOS.launch()
    for name in {lane.queue for lane in LANES.values()}:
        DBOS.register_queue(
            name,
            worker_concurrency=context.jobs if name == "quick" else 1,
            polling_interval_sec=POLL_SECONDS,
            on_conflict="always_update",
        )
    try:
        yield
    finally:
        DBOS.destroy(workflow_completion_timeout_sec=60)


def _live(context: Context, worker_id: str, sandbox: Sandbox, stop: threading.Event) -> None:
    """Beats until it is told to stop, and takes over from workers that no longer do."""
    log.info("worker ready", extra={"worker": worker_id, "slots": context.jobs, "sandbox": sandbox.name})
    while True:
        try:
            for dead in _beat(context, worker_id, sandbox.name):
                _take_over(context, dead)
        except sa.exc.DBAPIError as error:  # a database that is down comes back; jobs under way go on meanwhile
            log.warning("no heartbeat: %s", error.orig)
        if stop.wait(BEAT_SECONDS):
            break
    with contextlib.suppress(sa.exc.DBAPIError), context.store.writing() as db:
        db.execute(sa.delete(Worker).where(Worker.id == worker_id))


def _beat(context: Context, worker_id: str, sandbox: str) -> list[str]:
    """Says that we live; returns who does not."""
    with context.store.writing() as db:
        me = db.get(Worker, worker_id)
        if me is None:
            db.add(Worker(id=worker_id, slots=context.jobs, sandbox=sandbox))
        else:
            me.beat_at = now()
        db.flush()
        return list(db.scalars(sa.select(Worker.id).where(Worker.beat_at < now() - LEASE_SECONDS)))


def _take_over(context: Context, dead: str) -> None:
    """Gives a dead worker's jobs back to the queue. Twice does no harm: DBOS moves each once."""
    log.warning("taking over from a worker that fell silent", extra={"worker": dead})
    DBOS._recover_pending_workflows([dead])  # noqa: SLF001 - see the test that holds it to its word
    with context.store.writing() as db:
        db.execute(
            sa.update(Job).where(Job.worker_id == dead, Job.state == "running").values(state="queued", worker_id=None)
        )
        db.execute(sa.delete(Worker).where(Worker.id == dead))
