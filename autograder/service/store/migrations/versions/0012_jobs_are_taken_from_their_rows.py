"""Workers take jobs from their rows. What the library that held the queue had of its own goes: turns of these jobs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0010"

OF_DBOS = (  # its tables on SQLite, where they lie among ours; on Postgres they have a schema of their own
    "operation_outputs",
    "notifications",
    "workflow_events_history",
    "workflow_events",
    "workflow_schedules",
    "workflow_input",
    "workflow_output",
    "workflow_status",
    "streams",
    "application_versions",
    "queues",
    "dbos_migrations",
)


def upgrade() -> None:
    op.add_column("jobs", sa.Column("room", sa.String(8), nullable=False, server_default="quick"))
    op.add_column("jobs", sa.Column("not_before", sa.Double, nullable=False, server_default="0"))
    op.execute("UPDATE jobs SET room = 'slow' WHERE lane IN ('slow', 'outbox')")
    op.create_index("ix_jobs_state_room_priority", "jobs", ["state", "room", "priority", "made_at"])
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP SCHEMA IF EXISTS dbos CASCADE")
    else:
        for table in OF_DBOS:
            op.execute(f"DROP TABLE IF EXISTS {table}")
