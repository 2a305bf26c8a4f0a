"""A course has a time zone, in which people type and read times; until now all times were UTC."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("courses", sa.Column("time_zone", sa.String(64), nullable=False, server_default="UTC"))
