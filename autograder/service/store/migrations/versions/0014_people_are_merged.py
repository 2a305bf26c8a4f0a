"""Two entries of one person become one: what is left says who it is, and each quiz says by which id it was drawn."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.add_column("users", sa.Column("merged_id", sa.String(16)))
    for table in ("memberships", "sheets", "submissions"):
        op.add_column(table, sa.Column("drawn_as", sa.String(100), nullable=False, server_default=""))
    op.add_column("memberships", sa.Column("other_ids", sa.JSON, nullable=False, server_default="[]"))
