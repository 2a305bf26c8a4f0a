"""Answers to machines: whether the web process lives, whether it can serve, and numbers for Prometheus."""

from __future__ import annotations

import hmac
import ipaddress
import logging
import threading
import time
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, ProcessCollector
from prometheus_client import generate_latest as written
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy.orm import Session

from autograder.service import queue
from autograder.service.store import Store
from autograder.service.store.migrate import state_of
from autograder.service.store.rows import count
from autograder.service.store.schema import JobRow, ReportRow, SubmissionRow, now
from autograder.service.web.edge.access import not_found
from autograder.service.web.edge.site import site

FRESH_SECONDS = 5.0  # numbers out of the database are at most so old, and asked for no more often
TOTALS_SECONDS = 60.0  # those that count whole tables
LOOK_BACK_SECONDS = 60.0  # a job may be seen so long after the time that it says it finished at
SECONDS = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)
SCHEMA = {
    "older": "the schema is older than this release: gradmark serve, or gradmark admin migrate, brings it up",
    "newer": "a newer release has changed the database: upgrade this process",
}

router = APIRouter(include_in_schema=False)
log = logging.getLogger(__name__)


# -------------------------------------------------------------------------------------------------------- health
@router.get("/healthz/live")
async def live() -> Response:
    """The process answers. Whoever restarts processes asks here: a database that is away is no reason to.

    In the event loop: all threads may be waiting for that database.
    """
    return JSONResponse({"status": "ok"})


@router.get("/healthz")
def ready(request: Request) -> Response:
    """Return whether to send people here. Without a worker, yes: submissions are kept and marked later ("degraded")."""
    try:
        with site(request).store.reading() as db:
            schema = state_of(db)
            workers = queue.alive(db)[0] if schema == "current" else 0
    except sa.exc.SQLAlchemyError as error:
        log.warning("not ready: %s", error)
        return JSONResponse({"status": "unavailable", "reasons": ["the database does not answer"]}, 503)
    if schema != "current":
        return JSONResponse({"status": "unavailable", "reasons": [SCHEMA[schema]]}, 503)
    if not workers:
        reason = f"no worker was heard of for {queue.LEASE_SECONDS:.0f} s: what is handed in waits for one"
        return JSONResponse({"status": "degraded", "workers": 0, "reasons": [reason]})
    return JSONResponse({"status": "ok", "workers": workers, "reasons": []})


# ------------------------------------------------------------------------------------------------------- metrics
@router.get("/metrics")
def metrics(request: Request) -> Response:
    """For whoever gives GRADMARK_METRICS_TOKEN; where none is set, for this machine itself, by no proxy."""
    wanted = site(request).settings.metrics_token
    given = request.headers.get("authorization", "").removeprefix("Bearer ")
    if not (hmac.compare_digest(given.encode(), wanted.encode()) if wanted else _from_this_machine(request)):
        raise not_found()
    return PlainTextResponse(written(request.app.state.registry), media_type=CONTENT_TYPE_LATEST)


def _from_this_machine(request: Request) -> bool:
    if request.client is None or {"x-forwarded-for", "forwarded"} & set(request.headers.keys()):
        return False
    try:
        return ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False  # no address of the internet protocol


def registry_of(store: Store) -> CollectorRegistry:
    """All that a web process tells: of itself, and what its database knows of everybody."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    registry.register(FromDatabase(store))
    return registry


class FromDatabase(Collector):
    """Numbers that are asked of the database when somebody asks us.

    Each web process counts the jobs of all workers from its own start on: of several processes, look at one.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self._lock = threading.Lock()
        self._told: tuple[float, list[Any]] = (0.0, [])
        self._totals: tuple[float, dict[str, int]] = (0.0, {})
        self._began = self._since = now()
        self._seen: dict[str, float] = {}  # jobs that are counted, and when they finished
        # In no registry: they are told after the database was asked, so that they are of now.
        self.jobs = Counter("gradmark_jobs", "Jobs that came to an end.", ("kind", "outcome"), registry=None)
        self.failures = Counter("gradmark_job_failures", "Tries of ours that failed.", ("kind",), registry=None)
        self.took = Histogram(
            "gradmark_job_seconds", "Seconds that a job took.", ("kind",), buckets=SECONDS, registry=None
        )
        self.waited = Histogram(
            "gradmark_job_wait_seconds", "Seconds until its last start.", ("lane",), buckets=SECONDS, registry=None
        )

    def describe(self) -> Iterator[Any]:
        yield from ()  # what there is depends on the database, which need not answer yet

    def collect(self) -> Iterator[Any]:
        with self._lock:
            at, told = self._told
            if time.monotonic() - at > FRESH_SECONDS or not told:
                told = self._ask()
                self._told = (time.monotonic(), told)
        yield from told
        for counted in (self.jobs, self.failures, self.took, self.waited):
            yield from counted.collect()

    def _ask(self) -> list[Any]:
        up = GaugeMetricFamily("gradmark_database_up", "Whether the database answers.")
        try:
            with self.store.reading() as db:
                told = [*_open_jobs(db), *_workers(db), *self._stored(db)]
                self._count(db)
        except sa.exc.SQLAlchemyError as error:
            log.warning("no numbers: %s", error)
            up.add_metric([], 0)
            return [up]
        up.add_metric([], 1)
        return [up, *told]

    def _stored(self, db: Session) -> Iterator[GaugeMetricFamily]:
        at, totals = self._totals
        if time.monotonic() - at > TOTALS_SECONDS or not totals:
            totals = {
                "submissions": count(db, SubmissionRow.id.is_not(None)),
                "reports": count(db, ReportRow.id.is_not(None)),
                "parked": count(db, JobRow.state == "parked"),
            }
            self._totals = (time.monotonic(), totals)
        for name, value in totals.items():
            yield GaugeMetricFamily(f"gradmark_{name}", TOLD[name], value=value)

    def _count(self, db: Session) -> None:
        """Adds the jobs that finished since the last time: by the index of that column, few however many there are."""
        columns = (
            JobRow.id,
            JobRow.kind,
            JobRow.lane,
            JobRow.state,
            JobRow.failures,
            JobRow.made_at,
            JobRow.started_at,
            JobRow.finished_at,
        )
        until = now()
        for job in db.execute(sa.select(*columns).where(JobRow.finished_at > self._since - LOOK_BACK_SECONDS)):
            # One that was parked may end again.
            if self._seen.get(job.id) == job.finished_at or job.finished_at < self._began:
                continue
            self._seen[job.id] = job.finished_at
            self.jobs.labels(job.kind, job.state).inc()
            self.failures.labels(job.kind).inc(job.failures)
            if job.started_at is not None:
                self.took.labels(job.kind).observe(max(0.0, job.finished_at - job.started_at))
                self.waited.labels(job.lane).observe(max(0.0, job.started_at - job.made_at))
        self._since = until
        self._seen = {id_: at for id_, at in self._seen.items() if at > until - 2 * LOOK_BACK_SECONDS}


TOLD = {
    "submissions": "Submissions that are kept.",
    "reports": "Reports that are kept.",
    "parked": "Jobs that failed for good and wait for a person.",
}


def _open_jobs(db: Session) -> Iterator[GaugeMetricFamily]:
    rows = db.execute(
        sa.select(JobRow.lane, JobRow.state, sa.func.count(), sa.func.min(JobRow.made_at))
        .where(JobRow.state.in_(queue.OPEN))
        .group_by(JobRow.lane, JobRow.state)
    ).all()
    found = {(lane, state): (count, oldest) for lane, state, count, oldest in rows}
    depth = GaugeMetricFamily("gradmark_queue_jobs", "Jobs that wait or run.", labels=("lane", "state"))
    age = GaugeMetricFamily("gradmark_queue_oldest_seconds", "Age of the oldest that waits.", labels=("lane",))
    for lane in queue.LANES:
        for state in queue.OPEN:
            depth.add_metric([lane, state], found.get((lane, state), (0, 0.0))[0])
        waiting = found.get((lane, "queued"))
        age.add_metric([lane], max(0.0, now() - waiting[1]) if waiting else 0.0)
    yield from (depth, age)


def _workers(db: Session) -> Iterator[GaugeMetricFamily]:
    workers, slots = queue.alive(db)
    yield GaugeMetricFamily("gradmark_workers", "Workers that were heard of within the lease.", value=workers)
    yield GaugeMetricFamily("gradmark_worker_slots", "Jobs that they do at once.", value=slots)
