"""A regrade in the database: what is marked again, what that would change, and how it is applied.

Its reports stand beside the old ones until `settle` moves `Submission.report_id`. Whoever hands in meanwhile is marked
with the version of that moment and followed up: with the regrade's version too, and settled at once if it was applied.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from autograder.service.rules import policy as policies
from autograder.service.rules import regrading as rules
from autograder.service.rules.grades import earned
from autograder.service.rules.statistics import Part
from autograder.service.store import reports
from autograder.service.store.grades import marked, points_shown, standings
from autograder.service.store.schema import Assignment, Job, Notice, Regrade, Report, Submission, Version

UNDER_WAY = ("proving", "running")
SETTLED = ("graded", "not_gradable", "parked")  # states of submissions that marking has come to an end with


def locked(db: Session, assignment_id: str, *, read: bool = False) -> Assignment:
    """The assignment as it is now; it does not change before this transaction ends."""
    asked = sa.select(Assignment).where(Assignment.id == assignment_id).with_for_update(read=read)
    return db.scalars(asked.execution_options(populate_existing=True)).one()


def under_way(db: Session, asked: Assignment) -> Regrade | None:
    """There is at most one."""
    return db.scalar(sa.select(Regrade).where(Regrade.assignment_id == asked.id, Regrade.state.in_(UNDER_WAY)).limit(1))


def latest(db: Session, asked: Assignment) -> Regrade | None:
    return db.scalar(
        sa.select(Regrade).where(Regrade.assignment_id == asked.id).order_by(Regrade.made_at.desc()).limit(1)
    )


def jobs_of(regrade: Regrade, kind: str) -> sa.ColumnElement[bool]:
    return sa.and_(Job.kind == kind, Job.payload["regrade"].as_string() == regrade.id)


# ------------------------------------------------------------------------------------------------ what is marked
def candidates(db: Session, asked: Assignment, digest: str) -> list[Submission]:
    """What this edition has no report on and could count: each student's counting submission first.

    With "latest" that is each student's last marked one, and whatever came after it without marks.
    """
    counting = {user: one.counting for user, one in standings(db, asked).items()}
    has_one = sa.exists().where(Report.submission_id == Submission.id, Report.digest == digest)
    found = db.scalars(
        sa.select(Submission).where(
            Submission.assignment_id == asked.id,
            Submission.practice.is_(False),
            Submission.state.in_(SETTLED),
            Submission.upload.is_not(None),
            ~has_one,
        )
    ).all()
    if policies.from_json(asked.policy).counts == "latest":
        found = [one for one in found if one.user_id not in counting or one.number >= counting[one.user_id].number]
    first = {one.submission_id for one in counting.values()}
    return sorted(found, key=lambda one: (one.id not in first, -one.number, one.user_id))


def remark(asked: Assignment, regrade: Regrade, handed_in: Submission, *, late: bool = False) -> dict[str, Any]:
    """What the queue is told of a marking again. `late`: the regrade began without it, and does not wait for it."""
    return {
        "kind": "remark",
        "lane": "regrade",
        "course_id": asked.course_id,
        "user_id": handed_in.user_id,
        "submission_id": handed_in.id,
        "payload": {"regrade": regrade.id, "late": late},
    }


def following(db: Session, asked: Assignment, handed_in: Submission, version_id: str) -> Regrade | None:
    """The regrade that a submission, just marked with this version, was too late for: under way, or just applied."""
    if handed_in.practice:
        return None
    running = db.scalar(sa.select(Regrade).where(Regrade.assignment_id == asked.id, Regrade.state == "running"))
    if running is not None and running.version_id != version_id:
        return running
    if asked.version_id == version_id:
        return None
    return db.scalar(
        sa.select(Regrade)
        .where(Regrade.assignment_id == asked.id, Regrade.state == "applied", Regrade.version_id == asked.version_id)
        .order_by(Regrade.applied_at.desc())
        .limit(1)
    )


def left_out(db: Session, asked: Assignment, regrade: Regrade, digest: str) -> list[Submission]:
    """Candidates that this regrade has put no job for: those whose own marking was parked after it began."""
    put = set(db.scalars(sa.select(Job.submission_id).where(jobs_of(regrade, "remark"))))
    return [one for one in candidates(db, asked, digest) if one.id not in put]


def can_matter(db: Session, asked: Assignment, handed_in: Submission, digest: str, full: float) -> bool:
    """Whether marking this one again can change its student's standing, given what was marked again before it."""
    policy = policies.from_json(asked.policy)
    now = {one.submission_id: one for one in marked(db, asked, handed_in.user_id).get(handed_in.user_id, [])}
    again = {
        id_ for (id_,) in db.execute(sa.select(Report.submission_id).where(Report.digest == digest, _of(handed_in)))
    }
    theirs = marked(db, asked, handed_in.user_id, digest=digest).get(handed_in.user_id, [])
    best = max((earned(policy, one) for one in theirs if one.submission_id in again), default=-1.0)
    return rules.can_matter(policy, now.get(handed_in.id), handed_in.late_seconds, full, best)


def _of(handed_in: Submission) -> sa.ColumnElement[bool]:
    """Reports on anything of its student's in its assignment."""
    theirs = sa.select(Submission.id).where(
        Submission.assignment_id == handed_in.assignment_id, Submission.user_id == handed_in.user_id
    )
    return Report.submission_id.in_(theirs)


@dataclass(frozen=True)
class Progress:
    """How far a regrade is with the submissions that it began with."""

    total: int
    waiting: int  # for a worker, or at one
    skipped: int  # could not have changed anything
    parked: int  # could not be marked again, which is ours


def progress(db: Session, regrade: Regrade) -> Progress:
    skipped = Job.result["skipped"].as_string().is_not(None)
    rows = db.execute(
        sa.select(Job.state, skipped, sa.func.count())
        .where(jobs_of(regrade, "remark"), Job.payload["late"].as_boolean().is_(False))
        .group_by(Job.state, skipped)
    ).all()
    return Progress(
        total=sum(count for *_, count in rows),
        waiting=sum(count for state, _, count in rows if state in ("queued", "running")),
        skipped=sum(count for _, skipped, count in rows if skipped),
        parked=sum(count for state, _, count in rows if state == "parked"),
    )


# --------------------------------------------------------------------------------------------- what that changes
def changes(db: Session, asked: Assignment, digest: str, user_id: str | None = None) -> list[rules.Change]:
    """Of everybody with marks, or of this student: what counts now, and what the reports of this edition make of it."""
    return rules.changes(
        policies.from_json(asked.policy),
        marked(db, asked, user_id),
        marked(db, asked, user_id, digest=digest),
        {row.user_id for row in _new(db, asked, digest, user_id)},
    )


def settle(
    db: Session, asked: Assignment, version: Version, *, lowering: bool, user_id: str | None = None
) -> list[rules.Change]:
    """Lets the new reports count, for all or for this student, and tells whose mark that changes; returns these.

    A student who would lose keeps the old reports, unless `lowering`.
    """
    found = {change.user_id: change for change in changes(db, asked, version.digest, user_id)}
    moved = [
        {"id": row.id, "report_id": row.report_id, "state": row.status}
        for row in _new(db, asked, version.digest, user_id)
        if found[row.user_id].taken(lowering=lowering)
    ]
    if moved:
        db.execute(sa.update(Submission), moved)
    told = [change for change in found.values() if change.by and change.taken(lowering=lowering)]
    for change in told:
        counting = change.after or change.before
        db.add(
            Notice(
                user_id=change.user_id,
                submission_id=counting.counting.submission_id if counting else None,
                text=rules.notice(asked.title, change, points=points_shown(db, asked, change.user_id)),
            )
        )
    return told


def shifts(db: Session, asked: Assignment, digest: str, found: Sequence[rules.Change]) -> list[rules.Shift]:
    """Part by part, for those who have marks before and after."""
    pairs = [
        (change.before.counting.submission_id, change.after.counting.submission_id)
        for change in found
        if change.before and change.after
    ]
    everything = {id_ for pair in pairs for id_ in pair}
    counting = _parts(db, asked, Report.id == Submission.report_id, everything)
    again = sa.and_(Report.submission_id == Submission.id, Report.digest == digest)
    new = counting | _parts(db, asked, again, {after for _, after in pairs})
    return rules.shifts((counting.get(before, []), new[after]) for before, after in pairs)


def _parts(
    db: Session, asked: Assignment, joined: sa.ColumnElement[bool], wanted: Collection[str]
) -> dict[str, list[Part]]:
    rows = db.execute(
        sa.select(Submission.id, Report.body)
        .join(Report, joined)
        .where(Submission.assignment_id == asked.id, Submission.id.in_(wanted))
    )
    return {id_: [part for section in reports.parts(body) for part in section] for id_, body in rows}


def _new(db: Session, asked: Assignment, digest: str, user_id: str | None) -> list[sa.Row[tuple[str, str, str, str]]]:
    """Submissions with a report of this edition that does not count yet."""
    return list(
        db.execute(
            sa.select(Submission.id, Submission.user_id, Report.id.label("report_id"), Report.status)
            .join(Report, sa.and_(Report.submission_id == Submission.id, Report.digest == digest))
            .where(
                Submission.assignment_id == asked.id,
                Submission.practice.is_(False),
                sa.or_(Submission.report_id.is_(None), Submission.report_id != Report.id),
                *([Submission.user_id == user_id] if user_id else []),
            )
        )
    )
