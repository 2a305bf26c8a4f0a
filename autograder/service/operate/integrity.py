"""Looks whether the database is whole: what every release promises of its rows, asked of all of them."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterator

import sqlalchemy as sa
from sqlalchemy.orm import Session

from autograder.service.queue import OPEN
from autograder.service.rules import policy as policies
from autograder.service.rules.weights import weighed
from autograder.service.store import Store, reports
from autograder.service.store.schema import (
    AssignmentRow,
    Base,
    DiagnosisRow,
    JobRow,
    ReportRow,
    SubmissionRow,
    VersionRow,
)
from autograder.service.store.standings import outdated

AT_ONCE = 100  # files in memory
FAULTS = 20  # of a kind that are told one by one


def check(store: Store) -> list[str]:
    """A sentence on each fault; none is what should be."""
    with store.reading() as db:
        # What cannot be read cannot be looked into either.
        return _all(db, _file, _json) or _all(db, _unmarked, _states, _versions, _uploads, _reports, _standings)


def _all(db: Session, *looks: Callable[[Session], Iterator[str]]) -> list[str]:
    return [sentence for looking in looks for sentence in _first(looking(db))]


def _first(sentences: Iterator[str]) -> Iterator[str]:
    for number, sentence in enumerate(sentences):
        if number == FAULTS:
            yield "… and more of this kind"
            return
        yield sentence


def _file(db: Session) -> Iterator[str]:
    """Postgres looks after its own."""
    if db.get_bind().dialect.name != "sqlite":
        return
    for (told,) in db.execute(sa.text("PRAGMA quick_check")):
        if told != "ok":
            yield f"the database file is damaged: {told}"
    for table, row, parent, _ in db.execute(sa.text("PRAGMA foreign_key_check")):
        yield f"{table} row {row} points to a row of {parent} that is not there"


def _json(db: Session) -> Iterator[str]:
    """Postgres takes no other."""
    if db.get_bind().dialect.name != "sqlite":
        return
    for table in Base.metadata.sorted_tables:
        for column in (column for column in table.columns if isinstance(column.type, sa.JSON)):
            broken = sa.func.json_valid(sa.type_coerce(column, sa.Text)) == 0
            for key in db.execute(sa.select(*table.primary_key).where(broken)):
                yield f"{table.name} row {'-'.join(map(str, key))}: its {column.name} cannot be read"


def _unmarked(db: Session) -> Iterator[str]:
    has_job = sa.exists().where(JobRow.submission_id == SubmissionRow.id, JobRow.state.in_(OPEN))
    for id_ in db.scalars(sa.select(SubmissionRow.id).where(SubmissionRow.state.in_(OPEN), ~has_job)):
        yield f"submission {id_} waits, and no job marks it"


def _states(db: Session) -> Iterator[str]:
    """A submission is what its report says; without one it was superseded, or is parked, or waits."""
    its_own = sa.and_(ReportRow.id == SubmissionRow.report_id, ReportRow.submission_id == SubmissionRow.id)
    rows = sa.select(SubmissionRow.id, SubmissionRow.state, ReportRow.status).outerjoin(ReportRow, its_own)
    marked = SubmissionRow.report_id.is_not(None) | SubmissionRow.state.in_(("graded", "not_gradable"))
    for id_, state, status in db.execute(rows.where(marked)):
        if status is None:
            yield f"submission {id_} is marked, and its report is not there"
        elif state != status:
            yield f"submission {id_} is {state}, and its report says {status}"
    failed = sa.exists().where(
        JobRow.submission_id == SubmissionRow.id, JobRow.kind == "mark", JobRow.state == "parked"
    )
    for id_ in db.scalars(sa.select(SubmissionRow.id).where(SubmissionRow.state == "parked", ~failed)):
        yield f"submission {id_} is parked, and no job that failed is there to be tried again"


def _versions(db: Session) -> Iterator[str]:
    proven = sa.exists().where(VersionRow.id == AssignmentRow.version_id, VersionRow.state == "proven")
    for title in db.scalars(sa.select(AssignmentRow.title).where(AssignmentRow.version_id.is_not(None), ~proven)):
        yield f"assignment {title!r} marks with a version that is not proven"


def _uploads(db: Session) -> Iterator[str]:
    asked = sa.select(SubmissionRow.id, SubmissionRow.upload, SubmissionRow.digest).where(
        SubmissionRow.upload.is_not(None)
    )
    for id_, upload, digest in db.execute(asked.execution_options(yield_per=AT_ONCE)):
        if hashlib.sha256(upload or b"").hexdigest() != digest:
            yield f"submission {id_} is not what was handed in: its digest differs"


def _reports(db: Session) -> Iterator[str]:
    """Check that the columns of a report agree with its body."""
    columns = {
        "status": ReportRow.status,
        "score": ReportRow.score,
        "max_score": ReportRow.max_score,
        "seed": ReportRow.seed,
    }
    named: dict[str, set[str]] = defaultdict(set)
    for id_, name in db.execute(sa.select(DiagnosisRow.report_id, DiagnosisRow.misconception)):
        named[id_].add(name)
    asked = (
        sa.select(
            ReportRow.id, ReportRow.digest, ReportRow.body, ReportRow.marks, ReportRow.pictures, AssignmentRow.policy
        )
        .add_columns(*columns.values())
        .join(SubmissionRow, SubmissionRow.id == ReportRow.submission_id)
        .join(AssignmentRow, AssignmentRow.id == SubmissionRow.assignment_id)
    )
    for id_, digest, body, marks, pictures, policy, *values in db.execute(asked.execution_options(yield_per=AT_ONCE)):
        try:
            told = weighed(reports.unpack(body), policies.from_json(policy).points)
            reports.unpack_pictures(pictures)
        except (zlib.error, json.JSONDecodeError, KeyError, TypeError, ValueError) as error:
            yield f"report {id_} cannot be read: {error}"
            continue
        for name, value in zip(columns, values, strict=True):
            if getattr(told, name) != value:
                yield f"report {id_}: its {name} is {getattr(told, name)}, and its row says {value}"
        if reports.marks(body) != marks:
            yield f"report {id_}: the marks beside it are not those of its body"
        if told.assignment_digest != digest:
            yield f"report {id_} is by another edition than its row says"
        if {one.misconception for one in told.diagnoses} != named[id_]:
            yield f"report {id_} names other misconceptions than its rows"


def _standings(db: Session) -> Iterator[str]:
    for asked, user in outdated(db):
        yield f"what is kept of {user} in assignment {asked.id} is not what their reports say: gradmark admin recount"
