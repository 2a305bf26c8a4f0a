"""The order of locks: an assignment is locked before anything below it."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from autograder.service.store.schema import AssignmentRow


def locked(db: Session, assignment_id: str, *, read: bool = False, user_id: str = "") -> AssignmentRow:
    """The assignment as it is now; it does not change before this transaction ends.

    `user_id`: nor does what this student has in it, but by us.
    """
    asked = sa.select(AssignmentRow).where(AssignmentRow.id == assignment_id).with_for_update(read=read)
    found = db.scalars(asked.execution_options(populate_existing=True)).one()
    if user_id:
        one_at_a_time(db, f"standing {assignment_id} {user_id}")
    return found


def one_at_a_time(db: Session, name: str) -> None:
    """Whoever asks for the same name waits until this transaction ends. On SQLite there is one at a time anyway."""
    if db.get_bind().dialect.name == "postgresql":
        db.execute(sa.text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": name})
