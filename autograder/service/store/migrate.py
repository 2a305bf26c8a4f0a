"""Brings the database to this release's schema: ours by Alembic, the queue's by DBOS. Safe to run again."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from dbos import DBOS


def migrate(url: str, *, to: str = "head") -> None:
    """Raises: sqlalchemy.exc.DBAPIError: the database cannot be reached or changed."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    command.upgrade(config, to)
    DBOS.migrate(url)
