"""The database: SQLite in the data folder, or Postgres; one transaction at a time, which is whole or did not happen."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from autograder.service.store.schema import now

BUSY_SECONDS = 30  # how long a writer waits for another: SQLite has one at a time, and each is done in milliseconds
AGAIN_SECONDS = 0.2  # between two tries to reach a database that is down
TOLD_TRIES = 50  # a line in the log for each ten seconds without a database
# A server whose machine has vanished sends no goodbye: without these a socket waits for hours.
SERVER = {
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 5,
    "keepalives_count": 2,
    "tcp_user_timeout": 15_000,
}

log = logging.getLogger(__name__)


class Store:
    """Held open by a process. A transaction of `writing` sees no other one's half; on SQLite there is one at a time."""

    def __init__(self, url: str, *, pool: int = 10) -> None:
        self.url = url
        self.sqlite = url.startswith("sqlite")
        self._writer = _engine(url, pool, begin="BEGIN IMMEDIATE")
        # Else each statement of Postgres would see a database of its own.
        snapshot = {"isolation_level": "REPEATABLE READ"}
        self._reader = _engine(url, pool, begin="BEGIN") if self.sqlite else self._writer.execution_options(**snapshot)

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """One transaction: committed at the end, rolled back when anything is raised."""
        with Session(self._writer, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A consistent look that keeps no writer waiting. Nothing is stored."""
        with Session(self._reader, expire_on_commit=False, autoflush=False) as session:
            yield session

    @property
    def engine(self) -> sa.Engine:
        return self._writer

    def close(self) -> None:
        self._writer.dispose()
        self._reader.dispose()


def clock(db: Session) -> sa.ColumnElement[float]:
    """The database's clock: leases of several machines are measured by it, whatever their own clocks say."""
    if db.get_bind().dialect.name == "sqlite":
        return sa.literal(now())  # one machine
    return sa.cast(sa.extract("epoch", sa.func.clock_timestamp()), sa.Double)


def now_of(db: Session) -> float:
    """The time by that clock, in seconds since 1970."""
    return db.execute(sa.select(clock(db))).scalar_one()


def patient(engine: sa.Engine, stop: threading.Event) -> sa.Engine:
    """The same, but whoever needs a connection while the server is down gets one as soon as it is up, until `stop`."""

    @sa.event.listens_for(engine, "do_connect")
    def connecting(dialect: sa.Dialect, _record: object, arguments: Any, options: Any) -> Any:
        tries = 0
        while True:
            try:
                return dialect.connect(*arguments, **options)
            except dialect.loaded_dbapi.OperationalError as error:
                if stop.is_set():
                    raise
                if tries % TOLD_TRIES == 0:
                    log.warning("waiting for the database: %s", " ".join(str(error).split()))
            tries += 1
            stop.wait(AGAIN_SECONDS)

    return engine


def _engine(url: str, pool: int, *, begin: str) -> sa.Engine:
    if not url.startswith("sqlite"):
        return _server(url, pool)
    own = {"check_same_thread": False}
    engine = sa.create_engine(url, connect_args=own, pool_size=pool, max_overflow=pool, hide_parameters=True)

    @sa.event.listens_for(engine, "connect")
    def connected(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # we say when a transaction begins, and how
        _set(connection)

    @sa.event.listens_for(engine, "begin")
    def beginning(connection: sa.Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _server(url: str, pool: int) -> sa.Engine:
    """`hide_parameters`, here and for SQLite: an error is logged, and what somebody sent is no part of a log."""
    return sa.create_engine(
        url, pool_size=pool, max_overflow=pool, pool_pre_ping=True, connect_args=SERVER, hide_parameters=True
    )


def _set(connection: Any) -> None:
    for pragma in (
        "journal_mode=WAL",  # readers and a writer side by side
        "synchronous=NORMAL",  # a killed process loses nothing; a machine without power at worst the last moment
        f"busy_timeout={BUSY_SECONDS * 1000}",
        "foreign_keys=ON",
    ):
        connection.execute(f"PRAGMA {pragma}")
