"""Wakes a worker's idle hands when a job was stored, so that waiting costs nothing and a job is begun at once.

    dispatch ─ commit ─► ring (a byte in each worker's pipe) or NOTIFY ─► listen ─► Bell ─► one hand

On SQLite all processes are on one machine, and each worker has a pipe beside the database. On Postgres each worker
listens on a connection of its own. Whoever was not woken looks by itself now and then.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import secrets
import select
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

import psycopg
import sqlalchemy as sa

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.orm import Session

    from autograder.service.store import Store

Room = Literal["quick", "slow"]  # a worker has a hand for each core in the first, one in the other
ROOMS: tuple[Room, ...] = get_args(Room)
CHANNEL = "gradmark_jobs"  # of Postgres; what is told is a room
HEAR_SECONDS = 1.0  # how long a listener may not see that it should end
AGAIN_SECONDS = 1.0  # before a listener that lost its database begins anew
PIPES = "*.bell"

log = logging.getLogger(__name__)


class Bell:
    """Rung once, it wakes one hand of a room, now or when the next one comes to wait."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._rung: set[Room] = set()
        self._over = False

    def ring(self, rooms: Iterable[Room]) -> None:
        with self._changed:
            self._rung.update(rooms)
            self._changed.notify_all()

    def end(self) -> None:
        """Nobody waits any more."""
        with self._changed:
            self._over = True
            self._changed.notify_all()

    def wait(self, room: Room, seconds: float) -> None:
        """Until it is rung for this room, or so many seconds."""
        with self._changed:
            self._changed.wait_for(lambda: self._over or room in self._rung, seconds)
            self._rung.discard(room)


# ----------------------------------------------------------------------------------------------- whoever stores a job
def ring_after(db: Session, room: Room) -> None:
    """Rings at every worker when this transaction commits, once however many jobs it stores."""
    if db.get_bind().dialect.name != "sqlite":
        db.execute(sa.select(sa.func.pg_notify(CHANNEL, room)))
        return
    rooms: set[Room] = db.info.setdefault("rooms to ring", set())
    if not rooms:
        folder = _folder(db.get_bind().engine)
        sa.event.listen(db, "after_commit", lambda _: _ring(folder, rooms), once=True)
    rooms.add(room)


def _ring(folder: Path, rooms: set[Room]) -> None:
    told = b"".join(room[:1].encode() for room in rooms)
    rooms.clear()
    for pipe in folder.glob(PIPES):
        try:
            opened = os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
        except OSError as error:
            if error.errno == errno.ENXIO:  # nobody reads: its worker was killed
                pipe.unlink(missing_ok=True)
            continue
        with contextlib.suppress(BlockingIOError, BrokenPipeError):  # it is full: its worker was rung often enough
            os.write(opened, told)
        os.close(opened)


# ------------------------------------------------------------------------------------------------------ in a worker
def listen(store: Store, bell: Bell, over: threading.Event) -> None:
    """Passes on what is rung, until `over`. Whenever it begins to hear, a job may have come before: then it rings."""
    hear = _hear_pipe if store.sqlite else _hear_postgres
    while not over.is_set():
        try:
            hear(store, bell, over)
        except (OSError, sa.exc.DBAPIError, psycopg.Error) as error:
            log.debug("no bell: %s", error)
            over.wait(AGAIN_SECONDS)


def _hear_pipe(store: Store, bell: Bell, over: threading.Event) -> None:
    pipe = _folder(store.engine) / f"{secrets.token_hex(6)}.new"
    os.mkfifo(pipe, 0o600)
    opened = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)
    try:
        pipe = pipe.rename(pipe.with_suffix(PIPES[1:]))  # by this name it is found: now there is somebody who reads
        bell.ring(ROOMS)
        while not over.is_set():
            if select.select([opened], [], [], HEAR_SECONDS)[0]:
                told = os.read(opened, select.PIPE_BUF).decode("ascii", "replace")
                bell.ring([room for room in ROOMS if room[0] in told])
    finally:
        os.close(opened)
        pipe.unlink(missing_ok=True)


def _hear_postgres(store: Store, bell: Bell, over: threading.Event) -> None:
    held = store.session()
    try:
        connection = held.driver_connection
        assert isinstance(connection, psycopg.Connection)
        connection.rollback()  # SQLAlchemy has looked around
        connection.autocommit = True
        connection.execute(f"LISTEN {CHANNEL}")
        bell.ring(ROOMS)
        while not over.is_set():
            for told in connection.notifies(timeout=HEAR_SECONDS, stop_after=1):
                bell.ring([room for room in ROOMS if room == told.payload])
    finally:
        held.close()


def _folder(engine: sa.Engine) -> Path:
    return Path(engine.url.database or ".").parent
