"""Points that a person gave a row, beside the grader's, and what students and staff write about a submission."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "overrides",
        sa.Column("submission_id", sa.String(16), nullable=False),
        sa.Column("row", sa.String(120), nullable=False),
        sa.Column("points", sa.Double, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("by_id", sa.String(16), nullable=False),
        sa.Column("made_at", sa.Double, nullable=False),
        sa.ForeignKeyConstraint(["submission_id"], ["submissions.id"], name="fk_overrides_submission_id"),
        sa.PrimaryKeyConstraint("submission_id", "row", name="pk_overrides"),
    )
    op.create_table(
        "comments",
        sa.Column("id", sa.String(16), nullable=False),
        sa.Column("made_at", sa.Double, nullable=False),
        sa.Column("submission_id", sa.String(16), nullable=False),
        sa.Column("author_id", sa.String(16), nullable=False),
        sa.Column("about", sa.String(120), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("open", sa.Boolean, nullable=False),
        sa.ForeignKeyConstraint(["submission_id"], ["submissions.id"], name="fk_comments_submission_id"),
        sa.PrimaryKeyConstraint("id", name="pk_comments"),
    )
    op.create_index("ix_comments_submission_id", "comments", ["submission_id"])
    op.create_index("ix_comments_open", "comments", ["open"])
