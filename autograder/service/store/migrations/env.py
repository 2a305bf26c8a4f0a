"""Alembic runs this: one transaction for all steps, on the database of the URL it is given."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import context

from autograder.service.store.schema import Base

engine = sa.create_engine(str(context.config.get_main_option("sqlalchemy.url")), poolclass=sa.pool.NullPool)
with engine.connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=True,
        version_table="gradmark_version",
        include_name=lambda name, kind, _parents: kind != "table" or name in Base.metadata.tables,
    )
    with context.begin_transaction():
        context.run_migrations()
