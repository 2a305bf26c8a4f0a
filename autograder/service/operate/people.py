"""All data about one person: shown to them (right of access), or erased.

What stays of somebody who was erased: a row of `users` without a name, so that the opaque id in audit rows points
somewhere, the memberships with nothing in them, and the audit rows themselves, without details.
"""

from __future__ import annotations

import base64
import contextlib
import itertools
import json
from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from autograder.service.operate import CannotOperate
from autograder.service.rules import policy as policies
from autograder.service.store import Store, reports
from autograder.service.store.rows import count, note
from autograder.service.store.schema import (
    STAFF,
    ArrivalRow,
    AssignmentRow,
    AuditRow,
    Base,
    CommentRow,
    DiagnosisRow,
    ExtensionRow,
    JobRow,
    LinkRow,
    MembershipRow,
    NoticeRow,
    OverrideRow,
    PassbackRow,
    PlatformUserRow,
    ReportRow,
    SessionRow,
    SheetRow,
    StandingRow,
    StudentMisconceptionRow,
    SubmissionRow,
    TextMarkRow,
    TokenRow,
    UserRow,
    now,
)
from autograder.zips import zipped

AT_ONCE = 200  # rows read at a time
OF_PERSON = (
    NoticeRow, TextMarkRow, SheetRow, ExtensionRow, LinkRow, SessionRow, TokenRow, PlatformUserRow, StandingRow,
    StudentMisconceptionRow, SubmissionRow,
)  # fmt: skip
SECRETS = {"token_hash", "csrf"}  # columns that are no answer to "what do you know of me?"
# Tables that tell of no student. A test holds this and `about` against the schema: a new table must be in one of them.
IMPERSONAL = {
    "assignments",
    "contexts",
    "courses",
    "downloads",
    "keys",
    "launches",
    "platforms",
    "regrades",  # by_id is staff's
    "resources",
    "versions",
    "workers",
}


def find(db: Session, who: str) -> UserRow:
    """Find a person by id or e-mail address.

    Raises:
        CannotOperate: there is nobody.
    """
    found = db.get(UserRow, who) or db.scalar(sa.select(UserRow).where(UserRow.email == who.strip().lower()))
    if found is not None and found.merged_id:
        found = db.get_one(UserRow, found.merged_id)
    if found is None or found.erased_at is not None:
        raise CannotOperate(f"Nobody here has the id or the e-mail address {who!r}.")
    return found


def about(user_id: str) -> dict[type[Base], sa.ColumnElement[bool]]:
    """Return the rows about this person, in an order in which they can be deleted."""
    submissions = sa.select(SubmissionRow.id).where(SubmissionRow.user_id == user_id)
    all_reports = sa.select(ReportRow.id).where(ReportRow.submission_id.in_(submissions))
    at_platforms = sa.select(PlatformUserRow.platform_id, PlatformUserRow.subject).where(
        PlatformUserRow.user_id == user_id
    )
    return {
        # by them, about what they handed in, or quoting it beside somebody else's: staff compare a class again
        JobRow: sa.or_(
            JobRow.user_id == user_id,
            JobRow.submission_id.in_(submissions),
            sa.cast(JobRow.result, sa.Text).contains(user_id),
        ),
        **{table: sa.tuple_(table.platform_id, table.subject).in_(at_platforms) for table in (ArrivalRow, PassbackRow)},
        DiagnosisRow: DiagnosisRow.report_id.in_(all_reports),
        **{table: table.submission_id.in_(submissions) for table in (OverrideRow, CommentRow, ReportRow)},
        **{table: table.user_id == user_id for table in OF_PERSON},
    }


# ------------------------------------------------------------------------------------------------------- erasing
def erase(store: Store, who: str) -> str:
    """Takes a student's data out of the database, and out of its file; returns the id that is left.

    Backups keep theirs until they are thrown away: whoever restores an older one erases again.

    Raises:
        CannotOperate: there is nobody, or it is one of the staff, whose acts are on record.
    """
    with store.writing() as db:
        user = find(db, who)
        if user.operator or count(db, _of(user.id), MembershipRow.role.in_(STAFF)):
            raise CannotOperate(
                "This is one of the staff: what they did to others is on record under their id. Take them out of "
                "their courses first, and erase them when no course is in dispute any more."
            )
        _alone_with(db, user.id)
        known = {user.name, user.email, *_ids(db, user.id)}
        merged = db.scalars(sa.select(UserRow).where(UserRow.merged_id == user.id)).all()
        known |= {one.name for one in merged}
        for table, rows in about(user.id).items():
            db.execute(sa.delete(table).where(rows))
        db.execute(sa.update(MembershipRow).where(_of(user.id)).values(_nothing(user.id)))
        for one in (*merged, user):
            db.execute(sa.delete(NoticeRow).where(NoticeRow.key.startswith(f"of:{one.id}:", autoescape=True)))
            _blank_audit(db, one.id, user.id, {word for word in known if word} | {one.id})
            one.name, one.email, one.erased_at = "", None, now()
        note(db, None, "user.erased", user.id)
    scrub(store)
    return user.id


def _alone_with(db: Session, user_id: str) -> None:
    """Wait for transactions that are storing something of this person, so that it is deleted too."""
    memberships = sa.select(MembershipRow.course_id).where(_of(user_id)).order_by(MembershipRow.course_id)
    courses = db.scalars(memberships.with_for_update()).all()
    # Whoever writes anew what is kept of a class, marks a text or gives an extension holds these, and no submission.
    every = sa.select(AssignmentRow.id).where(AssignmentRow.course_id.in_(courses)).order_by(AssignmentRow.id)
    jobs = (
        sa.select(JobRow.id).where(JobRow.user_id == user_id).order_by(JobRow.id)
    )  # before submissions, as who starts one
    submissions = sa.select(SubmissionRow.id).where(SubmissionRow.user_id == user_id).order_by(SubmissionRow.id)
    for rows in (every, jobs, submissions):
        db.execute(rows.with_for_update()).all()


def _nothing(user_id: str) -> dict[str, Any]:
    """Return the columns of a membership in which nothing of its person is left."""
    return {"roster_id": user_id, "drawn_as": "", "other_ids": [], "section": "", "dropped": True}


def _ids(db: Session, user_id: str) -> set[str]:
    rows = db.scalars(sa.select(MembershipRow).where(_of(user_id)))
    return {id_ for row in rows for id_ in (row.roster_id, row.drawn_as, *row.other_ids)}


def _of(user_id: str) -> sa.ColumnElement[bool]:
    return MembershipRow.user_id == user_id


def _blank_audit(db: Session, user_id: str, member_id: str, known: set[str]) -> None:
    """Keep the audit log, without details that are by or about this person, or that name them.

    `member_id`: who is in their courses; another one where this person was merged.
    """
    # Whole values, as they stand in the text of the JSON column, in courses that they were in: who is called "Al" takes
    # no "Alan" along, and nobody takes what was done elsewhere.
    values = [sa.cast(AuditRow.detail, sa.Text).contains(json.dumps(word), autoescape=True) for word in known]
    courses = sa.select(MembershipRow.course_id).where(_of(member_id))
    named = sa.and_(sa.or_(*values), sa.or_(AuditRow.course_id.is_(None), AuditRow.course_id.in_(courses)))
    rows = sa.or_(AuditRow.actor_id == user_id, AuditRow.object_id == user_id, named)
    db.execute(sa.update(AuditRow).where(rows).values(detail={}))
    db.execute(sa.update(AuditRow).where(AuditRow.object_id.in_(known)).values(object_id=user_id))


def scrub(store: Store) -> None:
    """Takes what was deleted out of the database's files: SQLite's are written anew, Postgres reuses the room.

    Raises:
        CannotOperate: somebody who reads a SQLite database holds old pages; a moment later it works.
    """
    if not store.sqlite:
        with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM")
        return
    with contextlib.closing(store.engine.raw_connection()) as raw:  # in no transaction
        raw.cursor().execute("VACUUM")
        (busy, *_) = raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if busy:
        raise CannotOperate(
            "It is erased, but the write-ahead log beside the database still holds old pages, because somebody "
            "is reading just now. Run gradmark admin scrub in a moment."
        )


# --------------------------------------------------------------------------------------------------------- access
def export(store: Store, who: str) -> bytes:
    """A zip with everything that is kept about one person: rows as JSON, uploads and reports as they are.

    Raises:
        CannotOperate: there is nobody.
    """
    with store.reading() as db:
        user = find(db, who)
        where: dict[type[Base], sa.ColumnElement[bool]] = {
            UserRow: UserRow.id == user.id,
            MembershipRow: _of(user.id),
            **about(user.id),
            AuditRow: sa.or_(AuditRow.actor_id == user.id, AuditRow.object_id == user.id),
        }
        return zipped(itertools.chain(_tables(db, where), files_of(db, where)))


def _tables(db: Session, where: Mapping[type[Base], sa.ColumnElement[bool]]) -> Iterator[tuple[str, bytes]]:
    for table, condition in where.items():
        rows = [plain(row) for row in db.scalars(sa.select(table).where(condition))]
        yield f"{table.__tablename__}.json", json.dumps(rows, indent=1).encode()


def files_of(db: Session, where: Mapping[type[Base], sa.ColumnElement[bool]]) -> Iterator[tuple[str, bytes]]:
    """Yield the files of these submissions and reports: uploads as they are, reports by their course's points."""
    for submission in each(db, SubmissionRow, where[SubmissionRow]):
        if submission.upload is not None:
            yield f"uploads/{submission.id}", submission.upload
    policy = sa.select(SubmissionRow.id, AssignmentRow.policy).join(AssignmentRow).where(where[SubmissionRow])
    points = {id_: policies.from_json(told).points for id_, told in db.execute(policy)}
    for report in each(db, ReportRow, where[ReportRow]):
        place = f"reports/{report.submission_id}/{report.id}"
        yield f"{place}.json", reports.text(report.body, points[report.submission_id]).encode()
        for number, picture in enumerate(reports.unpack_pictures(report.pictures), start=1):
            yield f"{place}-{number}.svg", picture["svg"].encode()


def each(db: Session, table: type[Any], condition: sa.ColumnElement[bool]) -> Iterator[Any]:
    """Yield the rows, a few in memory at a time."""
    keys = sa.inspect(table).primary_key
    for row in db.scalars(sa.select(table).where(condition).order_by(*keys).execution_options(yield_per=AT_ONCE)):
        yield row
        db.expunge(row)


def plain(row: Base) -> dict[str, Any]:
    """A row without secrets, and without the bytes that are files of their own."""
    values = {column.key: getattr(row, column.key) for column in sa.inspect(type(row)).columns}
    files = {"upload", "body", "marks", "pictures"}  # marks: what the body has too
    return {
        name: base64.b64encode(value).decode() if isinstance(value, bytes) else value
        for name, value in values.items()
        if name not in SECRETS | files
    }
