"""Marks of texts are found by the answer: pages look for those of the answers that they show, not for all."""

from __future__ import annotations

from alembic import op

revision = "0035"
down_revision = "0034"


def upgrade() -> None:
    op.create_index("ix_text_marks_answer", "text_marks", ["assignment_id", "answer_digest"])
