"""A course can be archived: it is read, and nothing in it changes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("courses", sa.Column("archived_at", sa.Double))
