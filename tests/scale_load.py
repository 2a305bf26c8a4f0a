"""Many workers and one Postgres: what `make bench-scale` measures of the database.

The server, the queue, the workers' threads and connections, and every transaction are real. Only marking is not: each
worker gives the same recorded report at once, so that the database is what everybody waits for.
"""

from __future__ import annotations

import contextlib
import math
import multiprocessing
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import psutil
import sqlalchemy as sa

sys.path.insert(0, str(Path(__file__).parent / "service"))

from course import RIGHT, WRONG, hand_in, serving
from postgres import Postgres, running

from autograder import intake, pipeline
from autograder.assignment import load as load_assignment
from autograder.render import pictures
from autograder.service.bell import ring_after
from autograder.service.queue import Queue, next_job
from autograder.service.store import reports
from autograder.service.store.schema import JobRow, WorkerRow
from autograder.service.worker import jobs, main, marking
from autograder.service.worker.context import Context

if TYPE_CHECKING:
    from course import Service

    from autograder.model import Report

PROCESSES = 4  # that the workers' threads are in: of a real worker each is one
GIVE_UP_SECONDS = 900.0
IDLE_SECONDS = 20.0


@dataclass(frozen=True)
class Cost:
    """The counts that something took from the server."""

    seconds: float  # of wall clock
    cpu: float  # seconds of all its processes
    transactions: int
    log: int  # bytes

    def per(self, count: float) -> Cost:
        return Cost(self.seconds / count, self.cpu / count, round(self.transactions / count), round(self.log / count))


@dataclass(frozen=True)
class Load:
    """The cost to the database of a class that hands in at once, and of workers that wait."""

    hand_in: Cost  # of each submission
    mark: Cost  # of each submission
    idle: Cost  # of all workers, in each second
    connections: int  # of all workers, at most


def load(workers: int, submissions: int) -> Load:
    """Costs of one submission each, and of all workers in each second without work."""
    with running() as server, tempfile.TemporaryDirectory() as folder:
        _allow(server, 4 * workers + 50)
        url = server.database()
        with serving(Path(folder), url) as service, _Server(server, url) as watched:
            recorded = [_recorded(service, source) for source in (RIGHT, WRONG)]
            for number in range(submissions):
                service.person(f"Student {number}")
            before = watched.now()
            for number in range(submissions):
                hand_in(service, f"Student {number}", (RIGHT, WRONG)[number % 2] + f"# {number}".encode())
            handed_in = watched.since(before).per(submissions)
            with _workers(service, workers, recorded) as go:
                before = watched.now()
                time.sleep(IDLE_SECONDS)
                idle = watched.since(before)
                before = watched.now()
                go.set()
                with service.store.writing() as db:
                    ring_after(db, "quick")
                most = _all_done(service, watched)
                marked = watched.since(before).per(submissions)
            return Load(handed_in, marked, idle.per(idle.seconds), most)


def _allow(server: Postgres, connections: int) -> None:
    """So many connections, from the server's next start on: now."""
    engine = sa.create_engine(server.database(), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text(f"ALTER SYSTEM SET max_connections = {connections}"))
    engine.dispose()
    server.kill()
    server.start()


def really(sources: list[str]) -> float:
    """Seconds of CPU of one real worker for each submission, guests and pictures included; without its start."""
    few = len(sources) // 5
    least, most = (_worked(sources[:count]) for count in (few, len(sources)))
    return (most - least) / (len(sources) - few)


def _worked(sources: list[str]) -> float:
    """Seconds of CPU of a worker from its start to its end, with these to mark."""
    with running() as server, tempfile.TemporaryDirectory() as folder, _database(server, folder) as service:
        for number, source in enumerate(sources):
            service.person(f"Student {number}")
            hand_in(service, f"Student {number}", source.encode())
        before = _children()
        told = {"GRADMARK_DATABASE": service.settings.database, "GRADMARK_DATA": folder}
        command = [sys.executable, "-m", "autograder", "worker", "--sandbox", "landlock"]
        with subprocess.Popen(command, env=os.environ | told, stderr=subprocess.DEVNULL) as worker:
            until, waiting = time.monotonic() + GIVE_UP_SECONDS, True
            while waiting and time.monotonic() < until:
                time.sleep(0.5)
                with service.store.reading() as db:
                    open_ = sa.select(JobRow.id).where(JobRow.finished_at.is_(None)).limit(1)
                    waiting = db.scalar(open_) is not None
            worker.terminate()
        return _children() - before


def _database(server: Postgres, folder: str) -> AbstractContextManager[Service]:
    return serving(Path(folder), server.database())


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class _Server:
    """The counts of the server. Sessions tell it what they did at most a second later."""

    def __init__(self, server: Postgres, url: str) -> None:
        self._head = psutil.Process(server.server.get_pid())
        self._engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
        self._gone: dict[int, float] = {}

    def __enter__(self) -> Self:
        self._connection = self._engine.connect()
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()
        self._engine.dispose()

    def ask(self, query: str) -> Any:
        return self._connection.execute(sa.text(query)).scalar_one()

    def now(self) -> Cost:
        time.sleep(2)
        query = "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()"
        log = int(self.ask("SELECT pg_current_wal_insert_lsn() - '0/0'"))
        return Cost(time.perf_counter(), self._cpu(), self.ask(query), log)

    def since(self, before: Cost) -> Cost:
        ended = time.perf_counter()
        after = self.now()
        log, transactions = after.log - before.log, after.transactions - before.transactions
        return Cost(ended - before.seconds, after.cpu - before.cpu, transactions, log)

    def _cpu(self) -> float:
        """CPU time of all its processes, those that have ended too."""
        for process in (self._head, *self._head.children(recursive=True)):
            with contextlib.suppress(psutil.NoSuchProcess):
                times = process.cpu_times()
                self._gone[process.pid] = times.user + times.system
        return sum(self._gone.values())


def _recorded(service: Service, source: bytes) -> Report:
    """The real report of a source."""
    assignment = service.context.assignment("optimizers")
    submission = intake.read_upload("optimizers.py", source, main=assignment.main)
    return pipeline.grade(submission, assignment, service.context.sandbox, 7)


@contextlib.contextmanager
def _workers(service: Service, count: int, recorded: list[Report]) -> Iterator[Any]:
    """They are started, and take jobs when the event is set."""
    spawning = multiprocessing.get_context("spawn")
    go, stop = spawning.Event(), spawning.Event()
    shares = [count // PROCESSES + (number < count % PROCESSES) for number in range(PROCESSES)]
    settings = service.settings
    processes = [
        spawning.Process(target=_live, args=(settings, share, recorded, go, stop), daemon=True)
        for share in filter(None, shares)
    ]
    for process in processes:
        process.start()
    try:
        until = time.monotonic() + GIVE_UP_SECONDS
        while time.monotonic() < until:
            with service.store.reading() as db:
                if db.scalar(sa.select(sa.func.count()).select_from(WorkerRow)) == count:
                    break
            time.sleep(0.2)
        yield go
    finally:
        stop.set()
        for process in processes:
            process.join(60)
            process.kill()


def _live(settings: Any, count: int, recorded: list[Report], go: Any, stop: Any) -> None:
    """The workers of one process, each with threads and connections of its own."""
    packed = {id(verdict.charts): reports.pack_pictures(pictures.drawn(verdict.charts)) for verdict in recorded}
    pictures.drawn = lambda charts: charts  # type: ignore[assignment]
    reports.pack_pictures = lambda charts: packed[id(charts)]  # type: ignore[assignment, misc]
    marking.verdict_of = lambda _context, handed_in, _asked, version: replace(  # type: ignore[assignment]
        recorded[ord(handed_in.id[0]) % len(recorded)], assignment_digest=version.digest
    )
    assignment = load_assignment("optimizers")
    known = {("optimizers", ""): assignment, ("optimizers", assignment.digest): assignment}

    def next_when_told(db: Any, room: Any) -> tuple[str | None, float]:
        found = next_job(db, room)
        return found if go.is_set() else (None, math.inf)

    jobs.next_job = next_when_told
    contexts = [
        Context(settings, main.opened(settings), Queue(), _Recorded(), bytes(32), 1, _loaded=known)
        for _ in range(count)
    ]
    lives = [
        threading.Thread(target=main.live, args=(context, f"{id(stop):x}-{number}"))
        for number, context in enumerate(contexts)
    ]
    for life in lives:
        life.start()
    stop.wait()
    for context in contexts:
        context.stopping.set()
    for life in lives:
        life.join(30)


class _Recorded:
    name = "recorded"
    isolated = True


def _all_done(service: Service, watched: _Server) -> int:
    """Waits for the queue to be empty; returns the most connections of workers that were seen."""
    most, until = 0, time.monotonic() + GIVE_UP_SECONDS
    names = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'gradmark worker%'"
    while time.monotonic() < until:
        most = max(most, watched.ask(names))
        with service.store.reading() as db:
            waiting = sa.select(JobRow.id).where(JobRow.kind == "mark", JobRow.finished_at.is_(None)).limit(1)
            if db.scalar(waiting) is None:
                return most
        time.sleep(0.1)
    raise TimeoutError("the workers did not mark everything")
