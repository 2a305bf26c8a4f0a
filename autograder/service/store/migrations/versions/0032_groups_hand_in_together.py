"""Students are in groups, and a submission of a group is a row for each of its members."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"


def upgrade() -> None:
    op.add_column("memberships", sa.Column("group_name", sa.Text, nullable=False, server_default=""))
    op.add_column("submissions", sa.Column("group_name", sa.Text, nullable=False, server_default=""))
    op.add_column("submissions", sa.Column("joint_id", sa.String(16), nullable=True))
