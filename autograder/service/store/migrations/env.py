"""Alembic runs this: one transaction for all steps, on the database of the URL it is given.

Two processes that start at once do it one after the other, and the second finds nothing to do.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import context
from sqlalchemy.orm import Session

from autograder.service.store import SERVER
from autograder.service.store.migrate import refuse_newer, revisions
from autograder.service.store.schema import Base
from autograder.service.store.standings import recount

LOCK = 6_711_097  # ours among the advisory locks of a Postgres server

url = str(context.config.get_main_option("sqlalchemy.url"))
sqlite = url.startswith("sqlite")
engine = sa.create_engine(url, poolclass=sa.pool.NullPool, connect_args={} if sqlite else SERVER)


@sa.event.listens_for(engine, "connect")
def _connected(connection: Any, _record: object) -> None:
    if sqlite:
        connection.isolation_level = None  # Python's module would commit before each CREATE
        connection.execute("PRAGMA busy_timeout=60000")
        connection.execute("PRAGMA foreign_keys=OFF")  # a table that is made anew is away for a moment


@sa.event.listens_for(engine, "begin")
def _beginning(connection: sa.Connection) -> None:
    if sqlite:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK})")


with engine.begin() as connection:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        transactional_ddl=True,
        render_as_batch=True,
        version_table="gradmark_version",
        include_name=lambda name, kind, _parents: kind != "table" or name in Base.metadata.tables,
    )
    before = context.get_context().get_current_revision()
    refuse_newer(before)
    context.run_migrations()
    if before != context.get_context().get_current_revision() == revisions()[0]:
        recount(Session(connection))
    if sqlite and (broken := connection.exec_driver_sql("PRAGMA foreign_key_check").all()):
        raise RuntimeError(f"a migration left rows that point nowhere, and was taken back: {broken[:5]}")
