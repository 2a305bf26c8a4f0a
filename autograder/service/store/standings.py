"""Keeps each student's standing, so that no page looks through everything that was ever handed in.

It follows from submissions, reports, marks of free text and the policy. Whoever changes one of these calls `refresh` in
the same transaction; `gradmark admin check` holds what is kept against what it follows from.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from autograder.service.rules import statistics
from autograder.service.rules.grades import MarkedSubmission, Standing, Text
from autograder.service.store import grades, schema
from autograder.service.store.grades import AT_ONCE, Users, batched
from autograder.service.store.locks import locked, one_at_a_time
from autograder.service.store.schema import (
    AssignmentRow,
    RegradeRow,
    ReportRow,
    StudentMisconceptionRow,
    SubmissionRow,
    VersionRow,
)

UNMARKED = ("queued", "running", "not_gradable", "superseded", "parked")  # states of submissions without marks
FEW = 100  # students that are computed one by one: of more than these, the whole class is

Row = schema.StandingRow


# -------------------------------------------------------------------------------------------------------- reading
def standings(
    db: Session, asked: AssignmentRow, user_id: str | None = None, *, digest: str = ""
) -> dict[str, Standing]:
    """Return standings by user id, of all or of one, without people who have nothing marked.

    With `digest`: as if the reports by this edition counted; it is kept for a regrade under way.
    """
    wanted = [Row.assignment_id == asked.id, Row.digest == digest, *([Row.user_id == user_id] if user_id else [])]
    return {row.user_id: _standing(row) for row in db.scalars(sa.select(Row).where(*wanted))}


def standings_of(db: Session, user_id: str, every: Sequence[AssignmentRow]) -> dict[str, Standing]:
    """Return this student's standings by assignment id."""
    wanted = Row.assignment_id.in_([asked.id for asked in every]), Row.digest == "", Row.user_id == user_id
    return {row.assignment_id: _standing(row) for row in db.scalars(sa.select(Row).where(*wanted))}


Misconceptions = list[tuple[statistics.MisconceptionFacts, StudentMisconceptionRow]]


def misconceptions(db: Session, asked: AssignmentRow) -> Misconceptions:
    """The most frequent first, each with a row that tells its title and criterion."""
    return by_frequency(held(db, asked))


def by_frequency(rows: Sequence[StudentMisconceptionRow]) -> Misconceptions:
    about = {row.misconception: row for row in rows}
    return [(one, about[one.id]) for one in statistics.misconceptions(map(held_by, rows))]


def held_by(row: StudentMisconceptionRow) -> statistics.Held:
    return statistics.Held(row.misconception, row.since, row.submissions, row.seconds)


def held(db: Session, asked: AssignmentRow, misconception: str = "") -> Sequence[StudentMisconceptionRow]:
    """Return who had which misconceptions, or this one; the oldest first."""
    wanted = [StudentMisconceptionRow.assignment_id == asked.id]
    wanted += [StudentMisconceptionRow.misconception == misconception] if misconception else []
    every = sa.select(StudentMisconceptionRow).where(*wanted)
    return db.scalars(every.order_by(StudentMisconceptionRow.since, StudentMisconceptionRow.user_id)).all()


def texts(db: Session, asked: AssignmentRow) -> list[tuple[str, str, Text]]:
    """User, report and text of each free answer that matters, the oldest first; marked or not.

    That is each student's of the submission that counts, and of the newest: its text may be what makes it count.
    """
    wanted = {
        submission: user
        for user, has in standings(db, asked).items()
        for submission in (has.counting.submission_id, has.latest_id)
    }
    told = (
        sa.select(SubmissionRow.made_at, SubmissionRow.id, ReportRow.id.label("report"), ReportRow.texts)
        .join(ReportRow, ReportRow.id == SubmissionRow.report_id)
        .where(sa.cast(ReportRow.texts, sa.Text) != "[]")
    )
    rows = [row for some in batched(wanted, AT_ONCE) for row in db.execute(told.where(SubmissionRow.id.in_(some)))]
    return [
        (wanted[row.id], row.report, Text(**text))
        for row in sorted(rows, key=lambda row: row.made_at)
        for text in row.texts
    ]


@dataclass(frozen=True)
class Counts:
    """Return the counts of an assignment, without practice."""

    by_state: dict[str, int]  # submissions
    students: int  # with marks

    @property
    def submissions(self) -> int:
        return sum(self.by_state.values())


def counts(db: Session, every: Sequence[AssignmentRow]) -> dict[str, Counts]:
    """Return counts by assignment id, without assignments that nobody has handed in to.

    Submissions with marks are nearly all there ever were: they are added up from what is kept.
    """
    ids = [asked.id for asked in every]
    found: dict[str, dict[str, int]] = defaultdict(dict)
    marked: dict[str, int] = {}
    for id_, state, count in db.execute(
        sa.select(SubmissionRow.assignment_id, SubmissionRow.state, sa.func.count())
        .where(
            SubmissionRow.assignment_id.in_(ids), SubmissionRow.practice.is_(False), SubmissionRow.state.in_(UNMARKED)
        )
        .group_by(SubmissionRow.assignment_id, SubmissionRow.state)
    ):
        found[id_][state] = count
    for id_, graded, students in db.execute(
        sa.select(Row.assignment_id, sa.func.sum(Row.submissions), sa.func.count())
        .where(Row.assignment_id.in_(ids), Row.digest == "")
        .group_by(Row.assignment_id)
    ):
        found[id_]["graded"], marked[id_] = graded, students
    return {
        id_: Counts(
            {state: by_state[state] for state in ("graded", *UNMARKED) if state in by_state}, marked.get(id_, 0)
        )
        for id_, by_state in found.items()
    }


def _standing(row: Row) -> Standing:
    counting = MarkedSubmission(
        row.submission_id, row.number, row.made_at, row.late_seconds, row.score, row.max_score, row.texts
    )
    return Standing(counting, row.points, row.max_points, row.submissions, row.first_id, row.latest_id)


# -------------------------------------------------------------------------------------------------------- keeping
def refresh(
    db: Session,
    asked: AssignmentRow,
    users: Users = None,
    *,
    ideas: bool = True,
    known: Mapping[str, Standing] | None = None,
) -> None:
    """Writes anew what is kept of these students, or of all: belongs to the transaction of what has changed.

    Without `ideas`: no report has changed, so that misconceptions stay as they are. `known`: everybody's standings, as
    they follow from what has been stored by now.
    """
    if users is not None and len(users) > FEW:
        users = None
    db.flush()
    asked = locked(db, asked.id, read=users is not None)
    for user in sorted(users or ()):  # two markings of one student: the second sees what the first has stored
        one_at_a_time(db, f"standing {asked.id} {user}")
    for table in (Row, StudentMisconceptionRow) if ideas else (Row,):
        whose = [] if users is None else [table.user_id.in_(users)]
        db.execute(sa.delete(table).where(table.assignment_id == asked.id, *whose))
    judged = {"": known} if known is not None else {}
    for digest in {"", *_under_way(db, asked)} - judged.keys():
        judged[digest] = grades.judged(db, asked, users, digest=digest)
    rows = [_row(asked, digest, user, one) for digest, all_ in judged.items() for user, one in all_.items()]
    if rows:
        db.execute(sa.insert(Row), rows)
    if ideas:
        db.add_all(grades.held(db, asked, users))
    db.flush()


def _under_way(db: Session, asked: AssignmentRow) -> Sequence[str]:
    """The digest of the edition with which a regrade marks again, if one does."""
    return db.scalars(
        sa.select(VersionRow.digest)
        .join(RegradeRow, RegradeRow.version_id == VersionRow.id)
        .where(RegradeRow.assignment_id == asked.id, RegradeRow.state == "running")
        .limit(1)
    ).all()


def _row(asked: AssignmentRow, digest: str, user: str, one: Standing) -> dict[str, Any]:
    told = asdict(one)
    counting = told.pop("counting")
    for judging in ("whole", "decided"):
        counting.pop(judging)
    return {"assignment_id": asked.id, "digest": digest, "user_id": user, **counting, **told}


def recount(db: Session) -> None:
    """Writes all of it anew: after a migration, or where somebody has changed rows by hand."""
    for asked in db.scalars(sa.select(AssignmentRow)).all():
        refresh(db, asked)


def outdated(db: Session) -> Iterable[tuple[AssignmentRow, str]]:
    """Return what is kept and does not follow from the rest; empty when the database is sound."""
    for asked in db.scalars(sa.select(AssignmentRow)):
        wanted = {"", *_under_way(db, asked)}
        for digest in wanted | set(db.scalars(sa.select(Row.digest).where(Row.assignment_id == asked.id).distinct())):
            kept = standings(db, asked, digest=digest)
            true = grades.judged(db, asked, digest=digest) if digest in wanted else {}
            yield from ((asked, user) for user in sorted(kept.keys() | true.keys()) if kept.get(user) != true.get(user))
        seen, there = ({_told(row) for row in rows} for rows in (held(db, asked), grades.held(db, asked)))
        yield from ((asked, user) for user in sorted({told[0] for told in seen ^ there}))


def _told(row: StudentMisconceptionRow) -> tuple[str, str, float, int | None, float | None]:
    return row.user_id, row.misconception, row.since, row.submissions, row.seconds
