"""Deletes once a day: submissions that a course keeps no longer, and everything that has expired."""

from __future__ import annotations

import contextlib
import time
from collections import defaultdict
from collections.abc import Iterator

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute as Column

from autograder.service.queue import LANES, Queue
from autograder.service.store import Store
from autograder.service.store.locks import locked
from autograder.service.store.rows import added, note
from autograder.service.store.schema import (
    AssignmentRow,
    Base,
    CourseRow,
    DiagnosisRow,
    JobRow,
    LaunchRow,
    LinkRow,
    NoticeRow,
    ReportRow,
    SessionRow,
    SheetRow,
    SubmissionRow,
    TextMarkRow,
    TokenRow,
    now,
)
from autograder.service.store.standings import refresh

DAY = 86_400.0
JOBS_DAYS = 30  # what ended well; parked jobs stay until somebody has looked
AT_ONCE = 200  # submissions in a transaction: others write in between


def due(store: Store, queue: Queue) -> None:
    """Puts the day's job, once: the id is the day's. Each worker asks at each beat, which is a look by primary key."""
    id_ = time.strftime("tidy-%Y%m%d", time.gmtime(now()))
    with store.reading() as db:
        if db.get(JobRow, id_) is not None:
            return
    # Two workers may think of it at once: the second one's row is refused, and that is all.
    with contextlib.suppress(sa.exc.IntegrityError), store.writing() as db:
        queue.dispatch(db, added(db, JobRow(id=id_, kind="tidy", lane="slow", priority=LANES["slow"].base)))


def tidy(store: Store) -> dict[str, int]:
    """Does it; returns how many rows of which table went."""
    return {**retain(store), **expire(store)}


def expire(store: Store) -> dict[str, int]:
    """Links, sessions, tokens and launches that are good for nothing any more, and jobs that nobody asks about."""
    old = now() - JOBS_DAYS * DAY
    gone: dict[type[Base], sa.ColumnElement[bool]] = {
        LinkRow: LinkRow.expires_at < now() - DAY,  # whoever comes a little late is told that it has expired
        SessionRow: SessionRow.expires_at < now(),
        LaunchRow: LaunchRow.expires_at < now(),
        TokenRow: sa.or_(TokenRow.expires_at < old, TokenRow.revoked_at < old),
        JobRow: sa.and_(JobRow.finished_at < old, JobRow.state.in_(("done", "skipped", "superseded"))),
    }
    with store.writing() as db:
        return {table.__tablename__: _count(db.execute(sa.delete(table).where(rows))) for table, rows in gone.items()}


def retain(store: Store) -> dict[str, int]:
    """Erases submissions that are older than their course keeps them: with reports, jobs and notices.

    What is left of a student then goes too: a quiz that was filled in so long ago, and marks of texts that are gone.
    """
    number = sum(_erase(store, some) for some in _outdated(store))
    has_any = sa.exists().where(
        SubmissionRow.assignment_id == TextMarkRow.assignment_id, SubmissionRow.user_id == TextMarkRow.user_id
    )
    with store.writing() as db:
        db.execute(sa.delete(SheetRow).where(_kept_no_longer(SheetRow.assignment_id, SheetRow.saved_at)))
        db.execute(
            sa.delete(TextMarkRow).where(_kept_no_longer(TextMarkRow.assignment_id, TextMarkRow.made_at), ~has_any)
        )
    return {"submissions": number}


def _kept_no_longer(assignment: Column[str], at: Column[float]) -> sa.ColumnElement[bool]:
    """Return the submissions by the course of their assignment."""
    return sa.exists().where(
        AssignmentRow.id == assignment,
        CourseRow.id == AssignmentRow.course_id,
        CourseRow.keep_days.is_not(None),
        at < now() - CourseRow.keep_days * DAY,
    )


def _outdated(store: Store) -> Iterator[list[str]]:
    """Their ids, some at a time. What a worker has in its hands waits for the next day."""
    while True:
        with store.reading() as db:
            found = db.scalars(
                sa.select(SubmissionRow.id)
                .join(AssignmentRow, AssignmentRow.id == SubmissionRow.assignment_id)
                .join(CourseRow, CourseRow.id == AssignmentRow.course_id)
                .where(
                    CourseRow.keep_days.is_not(None),
                    SubmissionRow.made_at < now() - CourseRow.keep_days * DAY,
                    SubmissionRow.state.not_in(("queued", "running")),
                )
                .limit(AT_ONCE)
            ).all()
        if not found:
            return
        yield list(found)


def _erase(store: Store, ids: list[str]) -> int:
    all_reports = sa.select(ReportRow.id).where(ReportRow.submission_id.in_(ids))
    courses = (
        sa.select(AssignmentRow.course_id)
        .join(SubmissionRow, SubmissionRow.assignment_id == AssignmentRow.id)
        .where(SubmissionRow.id.in_(ids))
    )
    with store.writing() as db:
        theirs: dict[str, set[str]] = defaultdict(set)
        for assignment, user in db.execute(
            sa.select(SubmissionRow.assignment_id, SubmissionRow.user_id).where(SubmissionRow.id.in_(ids)).distinct()
        ):
            theirs[assignment].add(user)
        for assignment in sorted(theirs):
            locked(db, assignment)  # as `refresh` of many will: two that hold it to read could not both rise
        db.execute(
            sa.select(SubmissionRow.id).where(SubmissionRow.id.in_(ids)).order_by(SubmissionRow.id).with_for_update()
        )
        for rows in (
            sa.delete(JobRow).where(JobRow.submission_id.in_(ids)),
            sa.delete(JobRow).where(JobRow.kind == "similarity", JobRow.course_id.in_(courses)),  # it quotes them
            sa.delete(NoticeRow).where(NoticeRow.submission_id.in_(ids)),
            sa.delete(DiagnosisRow).where(DiagnosisRow.report_id.in_(all_reports)),
            sa.delete(ReportRow).where(ReportRow.submission_id.in_(ids)),
            sa.delete(SubmissionRow).where(SubmissionRow.id.in_(ids)),
        ):
            db.execute(rows)
        for assignment, users in sorted(theirs.items()):
            refresh(db, db.get_one(AssignmentRow, assignment), users)
        note(db, None, "submissions.expired", count=len(ids))
    return len(ids)


def _count(result: sa.Result[tuple[()]]) -> int:
    return int(result.rowcount)  # type: ignore[attr-defined]
