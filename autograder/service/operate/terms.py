"""Makes the course of a course.toml: its assignments with their due times, closed until they are proven."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from autograder.service.queue import Queue
from autograder.service.rules import policy as policies
from autograder.service.store import Store
from autograder.service.store.rows import THERE, added, note
from autograder.service.store.schema import AssignmentRow, CourseRow, MembershipRow, UserRow


@dataclass(frozen=True)
class Planned:
    """One assignment of a term."""

    source: str
    title: str
    due_at: float | None  # seconds since the epoch


@dataclass(frozen=True)
class Term:
    """A course to be made; which one it is, its title says."""

    title: str
    time_zone: str
    assignments: Sequence[Planned]


def begin(store: Store, term: Term) -> str:
    """Make the course, or what is missing of it, and return a sentence for the operator.

    What is there is left as it is: staff may have changed its title, due times and policy. Every new assignment is
    proven by the next worker, and stays closed until its proof holds and staff open it.
    """
    with store.writing() as db:
        oldest = sa.select(CourseRow).where(CourseRow.title == term.title).order_by(CourseRow.made_at).limit(1)
        course = db.scalar(oldest) or _made(db, term)
        known = set(db.scalars(sa.select(AssignmentRow.source).where(AssignmentRow.course_id == course.id)))
        missing = [planned for planned in term.assignments if planned.source not in known]
        for planned in missing:
            _add(db, course, planned)
        count = f"{len(missing)} of {len(term.assignments)} assignments"
    return f"the course “{term.title}”: {count} added, and proven before they can be opened"


def _made(db: Session, term: Term) -> CourseRow:
    """A course whose staff is the first operator."""
    course = added(db, CourseRow(title=term.title, time_zone=term.time_zone))
    note(db, None, "course.made", course.id, course.id, title=term.title)
    operators = sa.select(UserRow).where(UserRow.operator, THERE).order_by(UserRow.made_at)
    first = db.scalars(operators.limit(1)).first()
    if first is not None:
        db.add(MembershipRow(course_id=course.id, user_id=first.id, role="staff", roster_id=first.id))
        note(db, None, "staff.named", first.id, course.id)
    return course


def _add(db: Session, course: CourseRow, planned: Planned) -> None:
    policy = policies.Policy(due_at=planned.due_at, time_zone=course.time_zone)
    asked = AssignmentRow(
        course_id=course.id, title=planned.title, source=planned.source, policy=policies.to_json(policy)
    )
    added(db, asked)
    Queue().put(db, "prove", "slow", course_id=course.id, payload={"assignment": asked.id})
    note(db, None, "assignment.made", asked.id, course.id, source=planned.source)
