"""Live progress: one look at the database for everybody who watches, told by server-sent events."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from collections import Counter, defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Mapping
from dataclasses import dataclass, field

import sqlalchemy as sa
from fastapi import APIRouter, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse
from sqlalchemy.orm import Session
from starlette.types import Receive, Scope, Send

from autograder.service.queue import OPEN, QueuePlace, places
from autograder.service.store.schema import JobRow, SubmissionRow
from autograder.service.web.edge.access import Actor, Me, submission_for
from autograder.service.web.edge.site import page, site

TICK_SECONDS = 0.25  # between two looks, while anybody watches
PLACE_SECONDS = 1.0  # a place in the queue changes all the time: told no more often than people read
HEARTBEAT_SECONDS = 15.0  # proxies close what is silent for 30 to 60 s
STREAM_SECONDS = 600.0  # then the browser asks again, and is asked who it is
MOST_STREAMS = 20  # of one person: the tabs of all their browsers, and a few whose end we have not heard of

router = APIRouter(include_in_schema=False)
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Sight:
    """The state of a submission: `place` is None when no worker has it to mark."""

    state: str
    place: QueuePlace | None = None

    @property
    def final(self) -> bool:
        return self.state not in OPEN


GONE = Sight("gone")  # erased while somebody looked on
Look = Callable[[Collection[str]], Mapping[str, Sight]]


def sights(db: Session, submissions: Collection[str]) -> dict[str, Sight]:
    """Return the state of these submissions by id: the same few queries for one as for hundreds."""
    rows = db.execute(
        sa.select(SubmissionRow.id, SubmissionRow.state, JobRow.id)
        .outerjoin(
            JobRow, sa.and_(JobRow.submission_id == SubmissionRow.id, JobRow.kind == "mark", JobRow.state.in_(OPEN))
        )
        .where(SubmissionRow.id.in_(submissions))
    ).all()
    waiting = [job for _, _, job in rows if job]
    standing = places(db, waiting) if waiting else {}
    return {id_: Sight(state, standing.get(job or "")) for id_, state, job in rows}


# -------------------------------------------------------------------------------------------------- who watches
@dataclass(eq=False)
class Watcher:
    """One open stream: what it is told is waited for in the event loop it runs in."""

    loop: asyncio.AbstractEventLoop
    queue: asyncio.Queue[Sight] = field(default_factory=asyncio.Queue)
    last: Sight | None = None
    told_at: float = 0.0

    def tell(self, sight: Sight) -> None:
        if sight == self.last:
            return
        moved_only = self.last is not None and sight.state == self.last.state
        if moved_only and time.monotonic() < self.told_at + PLACE_SECONDS:
            return
        self.last, self.told_at = sight, time.monotonic()
        with contextlib.suppress(RuntimeError):  # its loop is closed: the server is stopping
            self.loop.call_soon_threadsafe(self.queue.put_nowait, sight)


class Live:
    """The streams of a process. A thread looks for all of them, and ends with the last one."""

    def __init__(self, look: Look) -> None:
        self._look = look
        self.open: Counter[str] = Counter()  # streams by person
        self._lock = threading.Lock()
        self._watchers: dict[str, set[Watcher]] = defaultdict(set)
        self._looking = False

    async def watch(self, submission_id: str) -> AsyncGenerator[Sight | None]:
        """Yield the state now and after every change, to the end; None when nothing changed for a while."""
        watcher = Watcher(asyncio.get_running_loop())
        self._join(submission_id, watcher)
        try:
            while True:
                try:
                    sight = await asyncio.wait_for(watcher.queue.get(), HEARTBEAT_SECONDS)
                except TimeoutError:
                    yield None
                    continue
                yield sight
                if sight.final:
                    return
        finally:
            self._leave(submission_id, watcher)

    def _join(self, submission_id: str, watcher: Watcher) -> None:
        with self._lock:
            self._watchers[submission_id].add(watcher)
            if not self._looking:
                self._looking = True
                threading.Thread(target=self._run, name="live", daemon=True).start()

    def _leave(self, submission_id: str, watcher: Watcher) -> None:
        with self._lock:
            self._watchers[submission_id].discard(watcher)
            if not self._watchers[submission_id]:
                del self._watchers[submission_id]

    def _watched(self) -> dict[str, list[Watcher]]:
        with self._lock:
            self._looking = bool(self._watchers)
            return {id_: list(watchers) for id_, watchers in self._watchers.items()}

    def _run(self) -> None:
        while watched := self._watched():
            try:
                seen = self._look(watched.keys())
            except sa.exc.SQLAlchemyError as error:  # a database that is down comes back; streams stay open
                log.warning("cannot see the queue: %s", error)
            else:
                for id_, watchers in watched.items():
                    for watcher in watchers:
                        watcher.tell(seen.get(id_, GONE))
            time.sleep(TICK_SECONDS)


# ------------------------------------------------------------------------------------------------------- streams
class Counted(StreamingResponse):
    """A person's stream. It is counted until it ends, also where the browser goes away before its first word."""

    media_type = "text/event-stream"

    def __init__(self, told: AsyncIterator[str], of: Live, who: str) -> None:
        super().__init__(told, headers={"X-Accel-Buffering": "no"})  # nginx hands on what it gets
        self.of, self.who = of, who
        of.open[who] += 1

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self.of.open -= Counter([self.who])


@router.get("/s/{submission_id}/events")
async def events(request: Request, actor: Me, submission_id: str) -> StreamingResponse:
    """`progress` with what to show, as often as it changes; then `done`, once the page has more to tell."""
    await run_in_threadpool(_theirs, request, actor, submission_id)
    of = _live(request)
    if of.open[actor.id] >= MOST_STREAMS:
        told = f"You watch {MOST_STREAMS} submissions at once, which is the most. Close the pages of some."
        raise HTTPException(429, told, headers={"Retry-After": "10"})
    return Counted(_stream(request, submission_id), of, actor.id)


def _theirs(request: Request, actor: Actor, submission_id: str) -> None:
    with site(request).store.reading() as db:
        submission_for(db, actor, submission_id)


async def _stream(request: Request, submission_id: str) -> AsyncIterator[str]:
    until = time.monotonic() + STREAM_SECONDS
    async with contextlib.aclosing(_live(request).watch(submission_id)) as told:
        async for sight in told:
            if sight is None:
                yield ": still here\n\n"
            elif sight.final:
                yield "event: done\ndata: \n\n"
            else:
                yield _event("progress", bytes(page(request, "_progress.html", sight=sight).body).decode())
            if time.monotonic() > until:
                return


def _event(name: str, text: str) -> str:
    return f"event: {name}\n" + "".join(f"data: {line}\n" for line in text.splitlines()) + "\n"


def _live(request: Request) -> Live:
    """Return the watcher of this application; its first stream makes it."""
    state = request.app.state
    if not hasattr(state, "live"):
        store = site(request).store

        def look(submissions: Collection[str]) -> Mapping[str, Sight]:
            with store.reading() as db:
                return sights(db, submissions)

        state.live = Live(look)
    return state.live  # type: ignore[no-any-return]
