"""Brings the database to this release's schema, with Alembic. Safe to run again, and at once.

There is no way back down: before an upgrade make a backup, and restore that.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Literal

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy.orm import Session

SCRIPTS = Path(__file__).parent / "migrations"
VERSION = sa.table("gradmark_version", sa.column("version_num"))


class NewerDatabase(Exception):
    """A later release has been here, and this one would not understand what it finds."""


def migrate(url: str, *, to: str = "head") -> None:
    """All steps are one transaction: what fails has changed nothing.

    Raises:
        NewerDatabase: this release is too old for it.
        sqlalchemy.exc.DBAPIError: the database cannot be reached or changed.
    """
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    command.upgrade(config, to)


def revisions() -> tuple[str, ...]:
    """Return all migrations of this release, the newest first."""
    return tuple(script.revision for script in _scripts().walk_revisions())


def state_of(db: Session) -> Literal["current", "older", "newer"]:
    """Return how the schema of this database compares with the release; raises SQLAlchemy's errors."""
    found = db.scalar(sa.select(VERSION.c.version_num))
    if found == revisions()[0]:
        return "current"
    return "older" if found in revisions() else "newer"


def refuse_newer(revision: str | None) -> None:
    """Raises: NewerDatabase."""
    if revision is not None and revision not in revisions():
        raise NewerDatabase(
            f"The database was used by a newer release of gradmark (its schema is {revision}, and this release knows "
            f"{revisions()[0]} at most). Nothing was changed: install that release, or restore a backup of before."
        )


@cache
def _scripts() -> ScriptDirectory:
    return ScriptDirectory(str(SCRIPTS))
