"""A notice about no submission knows its course: who was signed in by a learning platform sees one course's alone."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"


def upgrade() -> None:
    op.add_column("notices", sa.Column("course_id", sa.String(16), nullable=True))
