"""Groups that hand in together: who is in one, and the submission that each of them gets.

A joint submission is a row for each member: the same bytes, marked with the same seed, each with the member's own quiz
answers, own due time and own decisions by people. So one of them counts for all, and what is one person's stays theirs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa
from sqlalchemy.orm import Session

from autograder.service.queue import Queue
from autograder.service.rules import policy as rules
from autograder.service.store.grades import due_at
from autograder.service.store.rows import STUDENTS, THERE, added, members, next_number, theirs
from autograder.service.store.schema import (
    AssignmentRow,
    MembershipRow,
    NoticeRow,
    SheetRow,
    SubmissionRow,
    UserRow,
    new_id,
)

MOST = 20  # people in a group: more than that are a section


@dataclass(frozen=True)
class StudentGroup:
    """The group of a student: its name and the other members, by id and name."""

    name: str
    others: Sequence[tuple[str, str]]


def group_of(db: Session, asked: AssignmentRow, user_id: str) -> StudentGroup | None:
    """Return the group that this student hands in with; None where everybody hands in alone, or they are in none."""
    if not rules.from_json(asked.policy).groups:
        return None
    member = db.get(MembershipRow, (asked.course_id, user_id))
    if member is None or not member.group_name or member.role != "student":
        return None
    others = MembershipRow.group_name == member.group_name, MembershipRow.user_id != user_id
    rows = members(db, asked.course_id, *STUDENTS, THERE, *others)
    return StudentGroup(member.group_name, sorted((user.id, user.name) for user, _ in rows))


def joined(db: Session, queue: Queue, asked: AssignmentRow, first: SubmissionRow, group: StudentGroup) -> None:
    """Give each other member the submission that one of them has just handed in."""
    first.joint_id, first.group_name = first.id, group.name
    by = db.get_one(UserRow, first.user_id).name or "Somebody"
    for user_id, _ in group.others:
        copy = _copied(db, queue, asked, first, user_id)
        if copy is not None:
            text = f"{by} handed in {asked.title} for your group, {group.name}: it is your submission {copy.number}."
            db.add(NoticeRow(user_id=user_id, submission_id=copy.id, kind="group", text=text))


def catch_up(db: Session, queue: Queue, course_id: str, user_id: str) -> int:
    """Give somebody who has joined a group what it handed in before; return how many submissions that is."""
    member, given = db.get_one(MembershipRow, (course_id, user_id)), 0
    if not member.group_name or member.role != "student" or member.dropped:
        return 0
    for asked in db.scalars(sa.select(AssignmentRow).where(AssignmentRow.course_id == course_id)):
        if not rules.from_json(asked.policy).groups:
            continue
        has = set(db.scalars(sa.select(SubmissionRow.joint_id).where(*theirs(asked.id, user_id))))
        firsts = db.scalars(
            sa.select(SubmissionRow)
            .where(
                SubmissionRow.assignment_id == asked.id,
                SubmissionRow.group_name == member.group_name,
                SubmissionRow.joint_id == SubmissionRow.id,
                SubmissionRow.state != "superseded",
                SubmissionRow.upload.is_not(None),
            )
            .order_by(SubmissionRow.made_at)
        ).all()
        missing = [one for one in firsts if one.id not in has]
        given += sum(_copied(db, queue, asked, one, user_id, later=True) is not None for one in missing)
    return given


def _copied(
    db: Session, queue: Queue, asked: AssignmentRow, first: SubmissionRow, user_id: str, *, later: bool = False
) -> SubmissionRow | None:
    """Store it for another member, by their own due time; None where it is too late for them.

    `later`: they joined after it was handed in, so nothing of theirs is replaced by it.
    """
    policy = rules.from_json(asked.policy)
    admission = rules.admit(replace(policy, limit=0), (), first.made_at, due_at=due_at(db, asked, user_id))
    if not admission.admitted:
        return None
    sheet = db.get(SheetRow, (asked.id, user_id))
    copy = SubmissionRow(
        assignment_id=asked.id,
        user_id=user_id,
        number=next_number(db, asked.id, user_id),
        name=first.name,
        upload=first.upload,
        digest=first.digest,
        answers=dict(sheet.answers) if sheet else {},
        late_seconds=admission.late_seconds,
        idempotency_key=new_id(),
        made_at=first.made_at,
        joint_id=first.id,
        group_name=first.group_name,
    )
    added(db, copy)
    if not later:
        begin(db, queue, asked, copy)
    else:
        queue.put(db, "mark", "interactive", course_id=asked.course_id, user_id=user_id, submission_id=copy.id)
    return copy


def begin(db: Session, queue: Queue, asked: AssignmentRow, submission: SubmissionRow) -> None:
    """Queue the marking of a new submission, in place of older ones that nobody has begun to mark."""
    policy = rules.from_json(asked.policy)
    left = rules.kept(policy, submission.late_seconds, submission.made_at)
    # One that lateness costs less may be the best in the end.
    queue.supersede(
        db,
        submission,
        spared=lambda one: policy.counts == "best" and rules.kept(policy, one.late_seconds, one.made_at) > left,
    )
    queue.put(
        db,
        "mark",
        "practice" if submission.practice else "interactive",
        course_id=asked.course_id,
        user_id=submission.user_id,
        submission_id=submission.id,
    )


def handed_in_by(db: Session, submission: SubmissionRow) -> str:
    """Return the name of the member who handed it in for its student; "": they did so themselves."""
    if not submission.joint_id or submission.joint_id == submission.id:
        return ""
    first = db.get(SubmissionRow, submission.joint_id)
    return (db.get_one(UserRow, first.user_id).name if first else "") or "another member"
