"""A real PgBouncer in transaction mode before a database, with fewer sessions than there are clients."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa
from workers import until

if TYPE_CHECKING:
    from postgres import Postgres

PORT = 6432  # the name of its socket: it listens nowhere else
SESSIONS = 2  # of the server: transactions of one client soon meet another's

SETTINGS = """
[databases]
* = host={server} port=5432
[pgbouncer]
listen_port = {port}
listen_addr =
unix_socket_dir = {folder}
auth_type = trust
auth_file = {folder}/users
pool_mode = transaction
default_pool_size = {sessions}
max_client_conn = 200
logfile = {folder}/log
"""


def found() -> str | None:
    """Return the program; Debian keeps it where only root looks."""
    return shutil.which("pgbouncer", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin")


@contextmanager
def pooling(postgres: Postgres, direct: str) -> Iterator[str]:
    """The URL of the same database, by way of PgBouncer."""
    program, url = found(), sa.make_url(direct)
    assert program
    data = postgres.server.pgdata
    with tempfile.TemporaryDirectory(prefix="gradmark-pool-") as name:
        folder = Path(name)
        (folder / "users").write_text(f'"{url.username}" ""\n')
        told = SETTINGS.format(server=url.query["host"], folder=folder, port=PORT, sessions=SESSIONS)
        (folder / "settings").write_text(told)
        owner = pwd.getpwuid(data.stat().st_uid)  # it does not run as root, and must get at the server's socket
        as_owner = ["-u", owner.pw_name] if os.geteuid() == 0 else []
        shutil.chown(folder, owner.pw_uid)
        with (folder / "said").open("wb") as said:
            running = subprocess.Popen([program, "-q", *as_owner, str(folder / "settings")], stderr=said)
        try:
            until(lambda: (folder / f".s.PGSQL.{PORT}").exists() or running.poll() is not None)
            assert running.poll() is None, (folder / "said").read_text()
            pooled = url.set(query={"host": name, "port": str(PORT)})
            yield pooled.render_as_string(hide_password=False)
        finally:
            running.kill()
            running.wait()
