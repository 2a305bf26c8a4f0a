"""Notices have a kind, which people switch on and off, and are sent by mail; those of before are not."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("users", sa.Column("notices", sa.JSON, nullable=False, server_default="{}"))
    op.add_column("notices", sa.Column("kind", sa.String(10), nullable=False, server_default="changed"))
    op.add_column("notices", sa.Column("key", sa.String(80), nullable=True))
    op.add_column("notices", sa.Column("mailed_at", sa.Double, nullable=True))
    op.execute("UPDATE notices SET mailed_at = made_at")
    op.create_index("ix_notices_user_id_key", "notices", ["user_id", "key"], unique=True)
    op.create_index("ix_notices_mailed_at", "notices", ["mailed_at", "made_at"])
