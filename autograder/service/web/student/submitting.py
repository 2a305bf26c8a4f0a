"""Takes a submission: the limits, the number, the bytes and the job are one transaction."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from autograder.service.queue import Queue
from autograder.service.rules import policy as rules
from autograder.service.store.grades import due_at, extensions
from autograder.service.store.locks import locked
from autograder.service.store.rows import added, next_number, theirs
from autograder.service.store.schema import AssignmentRow, CourseRow, MembershipRow, SubmissionRow, new_id, now
from autograder.service.web.edge.access import not_found
from autograder.service.web.student.groups import begin, group_of, joined


class NotTaken(Exception):
    """The policy says no; the admission says why and when again."""

    def __init__(self, admission: rules.Admission) -> None:
        super().__init__(admission.why)
        self.admission = admission


def receive(
    db: Session,
    queue: Queue,
    asked: AssignmentRow,
    user_id: str,
    name: str,
    upload: bytes,
    *,
    answers: dict[str, Any] | None = None,
    practice: bool = False,
    alone: bool = False,
    idempotency_key: str = "",
) -> SubmissionRow:
    """Stores what was uploaded and queues its marking; the one of the same key, if that was stored before.

    Whoever is in a group hands in for all of it, unless `alone`: what is about their own quiz, say.

    Raises:
        NotTaken: too early, too late or too often.
    """
    group = None if practice or alone else group_of(db, asked, user_id)
    in_turn(db, asked, user_id, group.others if group else ())
    if idempotency_key:
        same = db.scalar(
            sa.select(SubmissionRow).where(
                SubmissionRow.user_id == user_id, SubmissionRow.idempotency_key == idempotency_key
            )
        )
        if same is not None:
            return same
    asked = locked(db, asked.id, read=True)  # as it is now: it may have been read before its due time changed
    admission = admission_of(db, asked, user_id, practice=practice)
    if not admission.admitted:
        raise NotTaken(admission)
    submission = SubmissionRow(
        assignment_id=asked.id,
        user_id=user_id,
        number=next_number(db, asked.id, user_id),
        practice=practice,
        name=name[:200],
        upload=upload,
        digest=hashlib.sha256(upload).hexdigest(),
        answers=answers or {},
        late_seconds=admission.late_seconds,
        idempotency_key=idempotency_key or new_id(),
    )
    added(db, submission)
    begin(db, queue, asked, submission)
    if group is not None:
        joined(db, queue, asked, submission, group)
    return submission


def in_turn(db: Session, asked: AssignmentRow, user_id: str, others: Sequence[tuple[str, str]] = ()) -> None:
    """Whoever hands in twice at once does so one after the other from here on: the limit is exact.

    So do the `others` of a group, whom it is handed in for: always in the same order, so that none waits for ever.

    Raises:
        HTTPException: 404: they were taken out of the course, or erased, at this moment.
    """
    everybody = {user_id, *(id_ for id_, _ in others)}
    members = db.scalars(
        sa.select(MembershipRow)
        .where(MembershipRow.course_id == asked.course_id, MembershipRow.user_id.in_(everybody))
        .order_by(MembershipRow.user_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    member = next((one for one in members.all() if one.user_id == user_id), None)
    if member is None or member.dropped:
        raise not_found()


def admission_of(db: Session, asked: AssignmentRow, user_id: str, *, practice: bool = False) -> rules.Admission:
    """Return whether this person may hand in now; practice without limit, late or not, but not before it opens."""
    if db.get_one(CourseRow, asked.course_id).archived_at is not None:
        return rules.Admission(admitted=False, why="This course is over and takes no more submissions.")
    chosen = rules.from_json(asked.policy)
    if practice:
        return rules.admit(replace(chosen, limit=0), (), now(), due_at=None)
    past = db.execute(
        sa.select(SubmissionRow.made_at, SubmissionRow.state).where(
            *theirs(asked.id, user_id),
            SubmissionRow.practice.is_(False),
            # + 0: else the index by time is taken, which in a rush reads everybody's (25 ms instead of 0.3 at 20 000)
            SubmissionRow.made_at + 0 > now() - chosen.window_minutes * 60,
        )
    ).all()
    return rules.admit(chosen, [rules.Past(at, state) for at, state in past], now(), due_at=due_at(db, asked, user_id))


def judge_lateness(db: Session, asked: AssignmentRow, user_id: str = "") -> None:
    """Measures everybody's lateness again, or this student's: the due time has been changed since they handed in."""
    db.flush()
    policy = rules.from_json(asked.policy)
    extended = extensions(db, asked)
    handed_in = db.execute(
        sa.select(SubmissionRow.id, SubmissionRow.user_id, SubmissionRow.made_at, SubmissionRow.late_seconds).where(
            SubmissionRow.assignment_id == asked.id,
            SubmissionRow.practice.is_(False),
            *([SubmissionRow.user_id == user_id] if user_id else []),
        )
    )
    measured = [
        (one, rules.late_seconds(policy, one.made_at, rules.due_for(policy, extended.get(one.user_id))))
        for one in handed_in
    ]
    if changed := [{"id": one.id, "late_seconds": late} for one, late in measured if late != one.late_seconds]:
        db.execute(sa.update(SubmissionRow), changed)
