"""A marking draws its own pictures. Whoever still waited for a job that draws them has a marking that does."""

from __future__ import annotations

from alembic import op

revision = "0020"
down_revision = "0014"


def upgrade() -> None:
    op.execute("DELETE FROM jobs WHERE kind = 'draw' AND state NOT IN ('queued', 'running', 'parked')")
    op.execute("UPDATE jobs SET kind = 'mark', lane = 'regrade', priority = 40000, payload = '{}' WHERE kind = 'draw'")
