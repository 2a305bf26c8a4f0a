"""A regrade in the database: what is marked again, what that would change, and how it is applied.

Its reports stand beside the old ones until `settle` moves `SubmissionRow.report_id`. Whoever hands in meanwhile is
marked with the version of that moment and followed up: with the regrade's version too, and settled at once if it
was applied.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from autograder.service.rules import policy as policies
from autograder.service.rules import regrading as rules
from autograder.service.rules.grades import earned
from autograder.service.rules.statistics import PartMark
from autograder.service.store.grades import judged, marked, parts, points_shown
from autograder.service.store.rows import theirs
from autograder.service.store.schema import (
    AssignmentRow,
    JobRow,
    NoticeRow,
    RegradeRow,
    ReportRow,
    SubmissionRow,
    VersionRow,
)
from autograder.service.store.standings import refresh, standings

UNDER_WAY = ("proving", "running")
SETTLED = ("graded", "not_gradable", "parked")  # states of submissions that marking has come to an end with


def under_way(db: Session, asked: AssignmentRow) -> RegradeRow | None:
    """There is at most one."""
    return db.scalar(
        sa.select(RegradeRow).where(RegradeRow.assignment_id == asked.id, RegradeRow.state.in_(UNDER_WAY)).limit(1)
    )


def latest(db: Session, asked: AssignmentRow) -> RegradeRow | None:
    return db.scalar(
        sa.select(RegradeRow).where(RegradeRow.assignment_id == asked.id).order_by(RegradeRow.made_at.desc()).limit(1)
    )


def jobs_of(regrade: RegradeRow, kind: str) -> sa.ColumnElement[bool]:
    """Return the jobs that this regrade waits for, without markings that came too late for it."""
    return sa.and_(JobRow.regrade_id == regrade.id, JobRow.kind == kind)


# ------------------------------------------------------------------------------------------------ what is marked
def candidates(db: Session, asked: AssignmentRow, digest: str) -> list[sa.Row[str, str, int]]:
    """Return submissions that could count and have no report of this edition: each student's counting one first.

    With "latest" that is each student's last marked one, and whatever came after it without marks.
    """
    counting = {user: one.counting for user, one in standings(db, asked).items()}
    has_one = sa.exists().where(ReportRow.submission_id == SubmissionRow.id, ReportRow.digest == digest)
    found: Sequence[sa.Row[str, str, int]] = db.execute(
        sa.select(SubmissionRow.id, SubmissionRow.user_id, SubmissionRow.number).where(
            SubmissionRow.assignment_id == asked.id,
            SubmissionRow.practice.is_(False),
            SubmissionRow.state.in_(SETTLED),
            SubmissionRow.upload.is_not(None),
            ~has_one,
        )
    ).all()
    if policies.from_json(asked.policy).counts == "latest":
        found = [one for one in found if one.user_id not in counting or one.number >= counting[one.user_id].number]
    first = {one.submission_id for one in counting.values()}
    return sorted(found, key=lambda one: (one.id not in first, -one.number, one.user_id))


def remark(
    asked: AssignmentRow, regrade: RegradeRow, handed_in: SubmissionRow | sa.Row[str, str, int], *, late: bool = False
) -> dict[str, Any]:
    """Return the payload of a job that marks again. `late`: the regrade began without it, and does not wait for it."""
    return {
        "kind": "remark",
        "lane": "regrade",
        "course_id": asked.course_id,
        "user_id": handed_in.user_id,
        "submission_id": handed_in.id,
        "regrade_id": None if late else regrade.id,
        "payload": {"regrade": regrade.id},
    }


def following(db: Session, asked: AssignmentRow, handed_in: SubmissionRow, version_id: str) -> RegradeRow | None:
    """The regrade that a submission, just marked with this version, was too late for: under way, or just applied."""
    if handed_in.practice:
        return None
    running = db.scalar(
        sa.select(RegradeRow).where(RegradeRow.assignment_id == asked.id, RegradeRow.state == "running")
    )
    if running is not None and running.version_id != version_id:
        return running
    if asked.version_id == version_id:
        return None
    return db.scalar(
        sa.select(RegradeRow)
        .where(
            RegradeRow.assignment_id == asked.id,
            RegradeRow.state == "applied",
            RegradeRow.version_id == asked.version_id,
        )
        .order_by(RegradeRow.applied_at.desc())
        .limit(1)
    )


def left_out(db: Session, asked: AssignmentRow, regrade: RegradeRow, digest: str) -> list[sa.Row[str, str, int]]:
    """Candidates that this regrade has put no job for (yet): at its end, those that were parked after it began."""
    put = set(db.scalars(sa.select(JobRow.submission_id).where(jobs_of(regrade, "remark"))))  # one late is put twice
    return [one for one in candidates(db, asked, digest) if one.id not in put]


def spared(db: Session, asked: AssignmentRow, user_id: str) -> list[JobRow]:
    """Return this student's submissions that a regrade under way left out because they could not count then."""
    regrade = under_way(db, asked)
    if regrade is None:
        return []
    wanted = jobs_of(regrade, "remark"), JobRow.state == "skipped", JobRow.user_id == user_id
    return list(db.scalars(sa.select(JobRow).where(*wanted).order_by(JobRow.made_at).with_for_update()))


def can_matter(db: Session, asked: AssignmentRow, handed_in: SubmissionRow, digest: str, full: float) -> bool:
    """Return whether marking this one again can change its student's standing, given what came before it."""
    policy = policies.from_json(asked.policy)
    user = [handed_in.user_id]
    now = {one.submission_id: one for one in marked(db, asked, user).get(handed_in.user_id, [])}
    again = {
        id_
        for (id_,) in db.execute(sa.select(ReportRow.submission_id).where(ReportRow.digest == digest, _of(handed_in)))
    }
    anew = marked(db, asked, user, digest=digest).get(handed_in.user_id, [])
    best = max((earned(policy, one) for one in anew if one.submission_id in again), default=-1.0)
    return rules.can_matter(policy, now.get(handed_in.id), handed_in.late_seconds, handed_in.made_at, full, best)


def _of(handed_in: SubmissionRow) -> sa.ColumnElement[bool]:
    """Reports on anything of its student's in its assignment."""
    every = sa.select(SubmissionRow.id).where(*theirs(handed_in.assignment_id, handed_in.user_id))
    return ReportRow.submission_id.in_(every)


@dataclass(frozen=True)
class Progress:
    """Return the progress of a regrade with the submissions that it began with."""

    total: int
    waiting: int  # for a job, for a worker, or at one
    skipped: int  # could not have changed anything
    parked: int  # could not be marked again, which is ours


def progress(db: Session, regrade: RegradeRow) -> Progress:
    open_ = ("queued", "running")
    rows = db.execute(
        sa.select(JobRow.state, sa.func.count())
        .where(jobs_of(regrade, "remark"), JobRow.state.in_((*open_, "skipped", "parked")))
        .group_by(JobRow.state)
    )
    by_state = {state: count for state, count in rows}  # noqa: C416 - rows are no pairs to a type checker
    return Progress(
        total=regrade.total,
        waiting=regrade.total - regrade.put + sum(by_state.get(state, 0) for state in open_),
        skipped=by_state.get("skipped", 0),
        parked=by_state.get("parked", 0),
    )


# --------------------------------------------------------------------------------------------- what that changes
def changes(db: Session, asked: AssignmentRow, digest: str) -> list[rules.MarkChange]:
    """Return, for everyone with marks, what counts now and what would count by a regrade that is under way."""
    return rules.changes(standings(db, asked), standings(db, asked, digest=digest))


def settle(
    db: Session, asked: AssignmentRow, version: VersionRow, *, lowering: bool, user_id: str | None = None
) -> list[rules.MarkChange]:
    """Lets the new reports count, for all or for this student, and tells whose mark that changes; returns these.

    A student who would lose keeps the old reports, unless `lowering`.
    """
    users = [user_id] if user_id else None
    after = judged(db, asked, users, digest=version.digest)
    found = {change.user_id: change for change in rules.changes(standings(db, asked, user_id), after)}
    keeps = {user for user, change in found.items() if not change.taken(lowering=lowering)}
    moved = [
        {"id": row.id, "report_id": row.report_id, "state": row.status}
        for row in _new(db, asked, version.digest, user_id)
        if row.user_id not in keeps
    ]
    if moved:
        db.execute(sa.update(SubmissionRow), moved)
        db.execute(sa.update(ReportRow), [{"id": row["report_id"], "counted": True} for row in moved])
    refresh(db, asked, users)
    told = [change for change in found.values() if change.by and change.taken(lowering=lowering)]
    for change in told:
        counting = change.after or change.before
        db.add(
            NoticeRow(
                user_id=change.user_id,
                submission_id=counting.counting.submission_id if counting else None,
                text=rules.notice(asked.title, change, points=points_shown(db, asked, change.user_id)),
            )
        )
    return told


def shifts(db: Session, asked: AssignmentRow, digest: str, found: Sequence[rules.MarkChange]) -> list[rules.Shift]:
    """Part by part, for those who have marks before and after."""
    pairs = [
        (change.before.counting.submission_id, change.after.counting.submission_id)
        for change in found
        if change.before and change.after
    ]
    counting = parts(db, asked, {id_ for pair in pairs for id_ in pair})
    new = counting | parts(db, asked, {after for _, after in pairs}, digest=digest)
    return rules.shifts((_all(counting[before]), _all(new[after])) for before, after in pairs)


def _all(sections: Sequence[Sequence[PartMark]]) -> list[PartMark]:
    return [part for section in sections for part in section]


def _new(
    db: Session, asked: AssignmentRow, digest: str, user_id: str | None
) -> list[sa.Row[tuple[str, str, str, str]]]:
    """Submissions with a report of this edition that does not count yet."""
    return list(
        db.execute(
            sa.select(SubmissionRow.id, SubmissionRow.user_id, ReportRow.id.label("report_id"), ReportRow.status)
            .join(ReportRow, sa.and_(ReportRow.submission_id == SubmissionRow.id, ReportRow.digest == digest))
            .where(
                SubmissionRow.assignment_id == asked.id,
                SubmissionRow.practice.is_(False),
                sa.or_(SubmissionRow.report_id.is_(None), SubmissionRow.report_id != ReportRow.id),
                *([SubmissionRow.user_id == user_id] if user_id else []),
            )
        )
    )
