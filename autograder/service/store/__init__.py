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
MOST = 20  # connections of a process at once, unless it says otherwise
KEPT = 10  # of them, while they are idle
# A server whose machine has vanished sends no goodbye: without these a socket waits for hours.
SERVER: dict[str, Any] = {
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 5,
    "keepalives_count": 2,
    "tcp_user_timeout": 15_000,
    # PgBouncer gives each transaction any session: a statement prepared in one is unknown or another's in the next.
    "prepare_threshold": None,
}

log = logging.getLogger(__name__)


class Store:
    """Held open by a process. A transaction of `writing` sees no other one's half; on SQLite there is one at a time."""

    def __init__(
        self, url: str, *, direct: str = "", most: int = MOST, wait_seconds: float = 30.0, name: str = "gradmark"
    ) -> None:
        """Opens nothing yet.

        `direct`: the same database past PgBouncer; `most`: connections at once; `wait_seconds`: for a free one of them;
        `name`: as Postgres shows it in pg_stat_activity.
        """
        self.url = url
        self.sqlite = url.startswith("sqlite")
        pool = {"pool_size": min(most, KEPT), "max_overflow": max(0, most - KEPT), "pool_timeout": wait_seconds}
        if self.sqlite:
            self._writer, self._reader = (_file(url, pool, begin=begin) for begin in ("BEGIN IMMEDIATE", "BEGIN"))
            return
        self._writer = _server(url, name, pool_pre_ping=True, **pool)
        # Else each statement of Postgres would see a database of its own.
        self._reader = self._writer.execution_options(isolation_level="REPEATABLE READ")
        self._session = _server(direct or url, f"{name}, listening", poolclass=sa.NullPool)

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

    def session(self) -> sa.PoolProxiedConnection:
        """A connection to Postgres that is in no pool, neither ours nor PgBouncer's: whoever asks for it closes it."""
        return self._session.raw_connection()

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


def _file(url: str, pool: dict[str, Any], *, begin: str) -> sa.Engine:
    engine = sa.create_engine(url, connect_args={"check_same_thread": False}, hide_parameters=True, **pool)

    @sa.event.listens_for(engine, "connect")
    def connected(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # we say when a transaction begins, and how
        _set(connection)

    @sa.event.listens_for(engine, "begin")
    def beginning(connection: sa.Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _server(url: str, name: str, **pool: Any) -> sa.Engine:
    """`hide_parameters`, here and for SQLite: an error is logged, and what somebody sent is no part of a log."""
    told = SERVER | {"fallback_application_name": name}
    return sa.create_engine(url, connect_args=told, hide_parameters=True, **pool)


def _set(connection: Any) -> None:
    for pragma in (
        "journal_mode=WAL",  # readers and a writer side by side
        "synchronous=NORMAL",  # a killed process loses nothing; a machine without power at worst the last moment
        f"busy_timeout={BUSY_SECONDS * 1000}",
        "foreign_keys=ON",
    ):
        connection.execute(f"PRAGMA {pragma}")
