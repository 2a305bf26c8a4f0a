"""Reads and writes rows as all rooms of the service do: new ones, counts, the audit log, people of a course."""

from __future__ import annotations

from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Session

from autograder.service.rules import names
from autograder.service.store.schema import (
    AssignmentRow,
    AuditRow,
    Base,
    JobRow,
    MembershipRow,
    SubmissionRow,
    UserRow,
    VersionRow,
)

Row = TypeVar("Row", bound=Base)
STUDENTS = (MembershipRow.role == "student", MembershipRow.dropped.is_(False))  # who may hand in
THERE = UserRow.erased_at.is_(None)


def added(db: Session, row: Row) -> Row:
    """Return the row, which is stored in this transaction: it has its id and its defaults."""
    db.add(row)
    db.flush()
    return row


def count(db: Session, *which: sa.ColumnElement[bool]) -> int:
    """Return how many rows of one table meet these conditions."""
    return db.scalar(sa.select(sa.func.count()).where(*which)) or 0


def note(
    db: Session, by: str | None, action: str, object_id: str = "", course_id: str | None = None, /, **detail: Any
) -> None:
    """Write into the audit log, in the transaction of what is told. `by`: the id of a person; None = the service."""
    db.add(AuditRow(actor_id=by, action=action, object_id=object_id, course_id=course_id, detail=detail))


def members(db: Session, course_id: str, *which: sa.ColumnElement[bool]) -> list[tuple[UserRow, MembershipRow]]:
    """Return the people of a course by family name: all, or those who meet these conditions."""
    rows = db.execute(
        sa.select(UserRow, MembershipRow)
        .join(MembershipRow, MembershipRow.user_id == UserRow.id)
        .where(MembershipRow.course_id == course_id, *which)
    )
    found = [(user, member) for user, member in rows]
    return sorted(found, key=lambda row: (names.sort_key(row[0].name), row[1].roster_id))


def theirs(assignment_id: str, user_id: str) -> tuple[sa.ColumnElement[bool], ...]:
    """Return the conditions of what a student has handed in to an assignment."""
    return SubmissionRow.assignment_id == assignment_id, SubmissionRow.user_id == user_id


def next_number(db: Session, assignment_id: str, user_id: str) -> int:
    """Return the number of a student's next submission to an assignment, from 1."""
    return 1 + (db.scalar(sa.select(sa.func.max(SubmissionRow.number)).where(*theirs(assignment_id, user_id))) or 0)


def version_of(db: Session, asked: AssignmentRow) -> VersionRow | None:
    """Return the version that an assignment marks with; None until one is proven."""
    return db.get(VersionRow, asked.version_id) if asked.version_id else None


def row_titles(db: Session, asked: AssignmentRow) -> dict[str, str]:
    """Return the titles of the rubric's rows, by id; none until a version is proven."""
    version = version_of(db, asked)
    return {row["id"]: row["title"] for row in version.about.get("criteria", ())} if version else {}


def jobs_about(db: Session, kind: str, /, *which: sa.ColumnElement[bool], **payload: str) -> list[JobRow]:
    """Return the jobs of a kind whose payload says this, the newest first."""
    said = (JobRow.payload[name].as_string() == value for name, value in payload.items())
    return list(db.scalars(sa.select(JobRow).where(JobRow.kind == kind, *which, *said).order_by(JobRow.made_at.desc())))
