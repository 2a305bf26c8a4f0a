"""The database: SQLite in the data folder, or Postgres; one transaction at a time, which is whole or did not happen."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

BUSY_SECONDS = 30  # how long a writer waits for another: SQLite has one at a time, and each is done in milliseconds


class Store:
    """Held open by a process. A transaction of `writing` sees no other one's half; on SQLite there is one at a time."""

    def __init__(self, url: str, *, pool: int = 10) -> None:
        self.url = url
        self.sqlite = url.startswith("sqlite")
        self._writer = _engine(url, pool, begin="BEGIN IMMEDIATE")
        self._reader = _engine(url, pool, begin="BEGIN") if self.sqlite else self._writer

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


def _engine(url: str, pool: int, *, begin: str) -> sa.Engine:
    if not url.startswith("sqlite"):
        return sa.create_engine(
            url, pool_size=pool, max_overflow=pool, pool_pre_ping=True, connect_args={"connect_timeout": 5}
        )
    engine = sa.create_engine(url, connect_args={"check_same_thread": False}, pool_size=pool, max_overflow=pool)

    @sa.event.listens_for(engine, "connect")
    def connected(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # we say when a transaction begins, and how
        for pragma in (
            "journal_mode=WAL",  # readers and a writer side by side
            "synchronous=NORMAL",  # a killed process loses nothing; a machine without power at worst the last moment
            f"busy_timeout={BUSY_SECONDS * 1000}",
            "foreign_keys=ON",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @sa.event.listens_for(engine, "begin")
    def beginning(connection: sa.Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine
