"""A backup of a running service, and a service out of a backup.

One file for its owner alone: the database as it was at one moment, and the workers' secret, without which the quiz
variants and the LTI key of that database are lost.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import sqlite3
import subprocess
import tarfile
import tempfile
from contextlib import closing
from pathlib import Path

import sqlalchemy as sa

from autograder import __version__
from autograder.service.operate import CannotOperate
from autograder.service.settings import Settings
from autograder.service.store import Store
from autograder.service.store.migrate import VERSION, NewerDatabase, migrate, refuse_newer
from autograder.service.store.schema import now

ABOUT, SQLITE, POSTGRES, SECRET = "about.json", "gradmark.sqlite", "gradmark.pgdump", "worker.secret"
SCHEMA = "gradmark.backup/1"


def backup(settings: Settings, out: Path, *, secret: bool = True) -> None:
    """Writes `out` while the service runs: nobody waits, and what is written is of one moment.

    Raises:
        CannotOperate: the file is there, there is nothing to back up, or Postgres's own tool is missing or failed.
    """
    if out.exists():
        raise CannotOperate(f"{out} is there already, and a backup overwrites none. Choose another name.")
    if secret and not settings.secret_file.is_file():
        raise CannotOperate(
            f"There is no {settings.secret_file}, without which quiz variants cannot be drawn again. Make the backup "
            "where a worker runs, or say --without-secret if you keep that file elsewhere."
        )
    with tempfile.TemporaryDirectory(dir=out.absolute().parent, prefix=".backup-") as folder:
        name = SQLITE if settings.database.startswith("sqlite") else POSTGRES
        copy = Path(folder) / name
        (_copy_sqlite if name == SQLITE else _dump_postgres)(settings.own_session, copy)
        about = {"schema": SCHEMA, "release": __version__, "made_at": now(), "sha256": {name: _digest(copy)}}
        made = Path(folder) / "backup.tar.gz"
        with os.fdopen(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            with tarfile.open(fileobj=file, mode="w:gz", compresslevel=3) as archive:
                text = json.dumps(about, indent=1).encode()
                entry = tarfile.TarInfo(ABOUT)
                entry.size = len(text)
                archive.addfile(entry, io.BytesIO(text))
                archive.add(copy, name)
                if secret:
                    archive.add(settings.secret_file, SECRET)
            file.flush()
            os.fsync(file.fileno())
        made.rename(out)


def restore(settings: Settings, file: Path) -> None:
    """Makes an empty data folder, or an empty Postgres database, the service of that backup, in this release's schema.

    Raises:
        CannotOperate: something is there already, or the file is no whole backup, or of a newer release.
    """
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=settings.data, prefix=".restore-") as folder:
        draft = Path(folder)
        name = _unpacked(file, draft)
        if (name == SQLITE) != settings.database.startswith("sqlite"):
            raise CannotOperate(f"This is a backup of {'SQLite' if name == SQLITE else 'Postgres'}: say --database so.")
        keeps_secret = (draft / SECRET).is_file()
        if keeps_secret and settings.secret_file.exists():
            raise CannotOperate(f"{settings.secret_file} is there already, and is not overwritten. {ELSEWHERE}")
        if name == SQLITE:
            _place_sqlite(settings, draft / name)
        else:
            _load_postgres(settings.own_session, draft / name)
        if keeps_secret:
            (draft / SECRET).chmod(0o600)
            (draft / SECRET).rename(settings.secret_file)
    migrate(settings.own_session)


ELSEWHERE = "Restore into an empty folder, or move away what is there."


def _unpacked(file: Path, folder: Path) -> str:
    """Takes out the members that a backup has, and no others; returns the database's name."""
    try:
        with tarfile.open(file) as archive:
            for name in (ABOUT, SQLITE, POSTGRES, SECRET):
                if name in archive.getnames() and (member := archive.extractfile(name)) is not None:
                    with (folder / name).open("wb") as out:
                        shutil.copyfileobj(member, out)
        about = json.loads((folder / ABOUT).read_bytes())
        (name, digest) = next(iter(about["sha256"].items()))
        if about["schema"] != SCHEMA or name not in (SQLITE, POSTGRES) or _digest(folder / name) != digest:
            raise CannotOperate(f"{file} is damaged: its database is not the one that was backed up.")
    except (OSError, EOFError, tarfile.TarError, ValueError, KeyError, StopIteration) as error:
        raise CannotOperate(f"{file} cannot be read as a backup: {error}") from error
    return str(name)


def _digest(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


# -------------------------------------------------------------------------------------------------------- SQLite
def _copy_sqlite(url: str, copy: Path) -> None:
    """SQLite's own backup in one step: in WAL mode a reader, however long it reads, keeps no writer waiting."""
    source = _file_of(url)
    if not source.is_file():
        raise CannotOperate(f"There is no database at {source}: say --data or --database.")
    with closing(sqlite3.connect(source)) as running, closing(sqlite3.connect(copy)) as made:
        running.backup(made)
        (told,) = made.execute("PRAGMA quick_check").fetchone()
        if told != "ok":
            raise CannotOperate(f"The database is damaged, and so would be its backup: {told}")


def _place_sqlite(settings: Settings, copy: Path) -> None:
    target = _file_of(settings.database)
    # The log of a database that was moved away would be played into this one, and silently change it.
    for there in (target, target.with_name(f"{target.name}-wal"), target.with_name(f"{target.name}-journal")):
        if there.exists():
            raise CannotOperate(f"{there} is there already, and is not overwritten. {ELSEWHERE}")
    with closing(sqlite3.connect(copy)) as found:
        (revision,) = found.execute("SELECT version_num FROM gradmark_version").fetchone()
    try:
        refuse_newer(revision)
    except NewerDatabase as error:
        raise CannotOperate(str(error)) from error
    copy.rename(target)


def _file_of(url: str) -> Path:
    return Path(sa.make_url(url).database or "")


# ------------------------------------------------------------------------------------------------------ Postgres
def _dump_postgres(url: str, copy: Path) -> None:
    _run("pg_dump", url, ["--format=custom", "--no-owner", "--no-privileges", f"--file={copy}"])


def _load_postgres(url: str, copy: Path) -> None:
    with closing(Store(url)) as store:
        if sa.inspect(store.engine).has_table(VERSION.name):
            raise CannotOperate(f"This database has a service in it, and is not overwritten. {ELSEWHERE}")
    _run("pg_restore", url, ["--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction", str(copy)])


def _run(tool: str, url: str, arguments: list[str]) -> None:
    """One of Postgres's tools; the password goes by the environment, where no list of processes shows it."""
    if shutil.which(tool) is None:
        raise CannotOperate(
            f"{tool} is not installed here (Debian, Ubuntu: postgresql-client, of the server's release or newer). "
            "With compose: docker compose exec db pg_dump …, as docs/service.md says."
        )
    to = sa.make_url(url).set(drivername="postgresql")
    shown = to.set(password=None).render_as_string(hide_password=False)
    done = subprocess.run(
        [tool, f"--dbname={shown}", *arguments],
        env=os.environ | ({"PGPASSWORD": str(to.password)} if to.password else {}),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise CannotOperate(f"{tool} failed: {done.stderr.strip()[-1000:]}")
