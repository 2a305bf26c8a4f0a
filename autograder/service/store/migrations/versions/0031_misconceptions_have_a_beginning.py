"""A misconception of a student has a time from which they had it: pictures of a class are drawn by day."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0020"


def upgrade() -> None:
    op.add_column("held_misconceptions", sa.Column("since", sa.Double, nullable=False, server_default="0"))
