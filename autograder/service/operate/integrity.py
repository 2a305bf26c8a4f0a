"""Looks whether the database is whole: what every release promises of its rows, asked of all of them."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterator

import sqlalchemy as sa
from sqlalchemy.orm import Session

from autograder.service.queue import OPEN
from autograder.service.store import Store, reports
from autograder.service.store.schema import Assignment, Job, Report, Submission, Version
from autograder.service.store.standings import outdated

AT_ONCE = 100  # files in memory
FAULTS = 20  # of a kind that are told one by one


def check(store: Store) -> list[str]:
    """A sentence on each fault; none is what should be."""
    with store.reading() as db:
        return [
            sentence
            for looking in (_file, _unmarked, _without_report, _versions, _uploads, _reports, _standings)
            for sentence in _first(looking(db))
        ]


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


def _unmarked(db: Session) -> Iterator[str]:
    has_job = sa.exists().where(Job.submission_id == Submission.id, Job.state.in_(OPEN))
    for id_ in db.scalars(sa.select(Submission.id).where(Submission.state.in_(OPEN), ~has_job)):
        yield f"submission {id_} waits, and no job marks it"


def _without_report(db: Session) -> Iterator[str]:
    its_own = sa.exists().where(Report.id == Submission.report_id, Report.submission_id == Submission.id)
    marked = Submission.state.in_(("graded", "not_gradable"))
    for id_ in db.scalars(sa.select(Submission.id).where(marked, ~its_own)):
        yield f"submission {id_} is marked, and its report is not there"


def _versions(db: Session) -> Iterator[str]:
    proven = sa.exists().where(Version.id == Assignment.version_id, Version.state == "proven")
    for title in db.scalars(sa.select(Assignment.title).where(Assignment.version_id.is_not(None), ~proven)):
        yield f"assignment {title!r} marks with a version that is not proven"


def _uploads(db: Session) -> Iterator[str]:
    asked = sa.select(Submission.id, Submission.upload, Submission.digest).where(Submission.upload.is_not(None))
    for id_, upload, digest in db.execute(asked.execution_options(yield_per=AT_ONCE)):
        if hashlib.sha256(upload or b"").hexdigest() != digest:
            yield f"submission {id_} is not what was handed in: its digest differs"


def _reports(db: Session) -> Iterator[str]:
    asked = sa.select(Report.id, Report.body, Report.score).execution_options(yield_per=AT_ONCE)
    for id_, body, score in db.execute(asked):
        try:
            told = reports.unpack(body).score
        except (zlib.error, json.JSONDecodeError, KeyError, TypeError, ValueError) as error:
            yield f"report {id_} cannot be read: {error}"
        else:
            if abs(told - score) > 1e-9:
                yield f"report {id_} says {told} points, and its row says {score}"


def _standings(db: Session) -> Iterator[str]:
    for asked, user in outdated(db):
        yield f"what is kept of {user} in assignment {asked.id} is not what their reports say: gradmark admin recount"
