"""What is thrown away once a day: submissions that a course keeps no longer, and whatever has expired."""

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
from autograder.service.store.schema import (
    Assignment,
    Audit,
    Base,
    Course,
    Diagnosis,
    Job,
    Launch,
    Link,
    Notice,
    Report,
    Sheet,
    SignedIn,
    Submission,
    TextMark,
    Token,
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
        if db.get(Job, id_) is not None:
            return
    # Two workers may think of it at once: the second one's row is refused, and that is all.
    with contextlib.suppress(sa.exc.IntegrityError), store.writing() as db:
        job = Job(id=id_, kind="tidy", lane="slow", priority=LANES["slow"].base)
        db.add(job)
        db.flush()
        queue.dispatch(db, job)


def tidy(store: Store) -> dict[str, int]:
    """Does it; returns how many rows of which table went."""
    return {**retain(store), **expire(store)}


def expire(store: Store) -> dict[str, int]:
    """Links, sessions, tokens and launches that are good for nothing any more, and jobs that nobody asks about."""
    old = now() - JOBS_DAYS * DAY
    gone: dict[type[Base], sa.ColumnElement[bool]] = {
        Link: Link.expires_at < now() - DAY,  # whoever comes a little late is told that it has expired
        SignedIn: SignedIn.expires_at < now(),
        Launch: Launch.expires_at < now(),
        Token: sa.or_(Token.expires_at < old, Token.revoked_at < old),
        Job: sa.and_(Job.finished_at < old, Job.state.in_(("done", "skipped", "superseded"))),
    }
    with store.writing() as db:
        return {table.__tablename__: _count(db.execute(sa.delete(table).where(rows))) for table, rows in gone.items()}


def retain(store: Store) -> dict[str, int]:
    """Erases submissions that are older than their course keeps them: with reports, jobs and notices.

    What is left of a student then goes too: a quiz that was filled in so long ago, and marks of texts that are gone.
    """
    number = sum(_erase(store, some) for some in _outdated(store))
    has_any = sa.exists().where(
        Submission.assignment_id == TextMark.assignment_id, Submission.user_id == TextMark.user_id
    )
    with store.writing() as db:
        db.execute(sa.delete(Sheet).where(_kept_no_longer(Sheet.assignment_id, Sheet.saved_at)))
        db.execute(sa.delete(TextMark).where(_kept_no_longer(TextMark.assignment_id, TextMark.made_at), ~has_any))
    return {"submissions": number}


def _kept_no_longer(assignment: Column[str], at: Column[float]) -> sa.ColumnElement[bool]:
    """By the course of the assignment."""
    return sa.exists().where(
        Assignment.id == assignment,
        Course.id == Assignment.course_id,
        Course.keep_days.is_not(None),
        at < now() - Course.keep_days * DAY,
    )


def _outdated(store: Store) -> Iterator[list[str]]:
    """Their ids, some at a time. What a worker has in its hands waits for the next day."""
    while True:
        with store.reading() as db:
            found = db.scalars(
                sa.select(Submission.id)
                .join(Assignment, Assignment.id == Submission.assignment_id)
                .join(Course, Course.id == Assignment.course_id)
                .where(
                    Course.keep_days.is_not(None),
                    Submission.made_at < now() - Course.keep_days * DAY,
                    Submission.state.not_in(("queued", "running")),
                )
                .limit(AT_ONCE)
            ).all()
        if not found:
            return
        yield list(found)


def _erase(store: Store, ids: list[str]) -> int:
    all_reports = sa.select(Report.id).where(Report.submission_id.in_(ids))
    courses = (
        sa.select(Assignment.course_id)
        .join(Submission, Submission.assignment_id == Assignment.id)
        .where(Submission.id.in_(ids))
    )
    with store.writing() as db:
        theirs: dict[str, set[str]] = defaultdict(set)
        for assignment, user in db.execute(
            sa.select(Submission.assignment_id, Submission.user_id).where(Submission.id.in_(ids)).distinct()
        ):
            theirs[assignment].add(user)
        for assignment in sorted(theirs):
            locked(db, assignment)  # as `refresh` of many will: two that hold it to read could not both rise
        db.execute(sa.select(Submission.id).where(Submission.id.in_(ids)).order_by(Submission.id).with_for_update())
        for rows in (
            sa.delete(Job).where(Job.submission_id.in_(ids)),
            sa.delete(Job).where(Job.kind == "similarity", Job.course_id.in_(courses)),  # it quotes them
            sa.delete(Notice).where(Notice.submission_id.in_(ids)),
            sa.delete(Diagnosis).where(Diagnosis.report_id.in_(all_reports)),
            sa.delete(Report).where(Report.submission_id.in_(ids)),
            sa.delete(Submission).where(Submission.id.in_(ids)),
        ):
            db.execute(rows)
        for assignment, users in sorted(theirs.items()):
            refresh(db, db.get_one(Assignment, assignment), users)
        db.add(Audit(action="submissions.expired", detail={"count": len(ids)}))
    return len(ids)


def _count(result: sa.Result[tuple[()]]) -> int:
    return int(result.rowcount)  # type: ignore[attr-defined]
