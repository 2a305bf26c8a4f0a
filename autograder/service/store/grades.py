"""Computes standings from reports, marks of texts and the policy.

This looks through all of it; pages read what store.standings keeps.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from autograder.service.rules import policy as policies
from autograder.service.rules import statistics
from autograder.service.rules.grades import MarkedSubmission, Override, Standing, Text, standing
from autograder.service.rules.statistics import PartMark, Seen
from autograder.service.rules.weights import Points, Sums
from autograder.service.store import reports
from autograder.service.store.schema import (
    AssignmentRow,
    DiagnosisRow,
    ExtensionRow,
    OverrideRow,
    ReportRow,
    StudentMisconceptionRow,
    SubmissionRow,
    TextMarkRow,
    VersionRow,
    now,
)

AT_ONCE = 5000  # ids in one query: SQLite takes 32 766
BODIES = 500  # reports that are unpacked at once

Users = Collection[str] | None  # these students; None = all


def judged(db: Session, asked: AssignmentRow, users: Users = None, *, digest: str = "") -> dict[str, Standing]:
    """Return standings by user id, without people who have nothing marked. `digest`: as for `marked`."""
    policy = policies.from_json(asked.policy)
    found = {user: standing(policy, all_) for user, all_ in marked(db, asked, users, digest=digest).items()}
    return {user: one for user, one in found.items() if one is not None}


Judged = dict[str, Standing]  # by user id
ByReport = dict[str, Sums]  # by report id


def judged_by(
    db: Session, asked: AssignmentRow, policy: policies.Policy, *, sums: ByReport | None = None
) -> dict[str, Standing]:
    """Return standings by user id as they would be by another policy, lateness measured and points added up anew.

    `sums` gets those of the reports that count, where the policy changes them.
    """
    extended = extensions(db, asked)
    found = {}
    chosen = policy.points if policy.points != policies.from_json(asked.policy).points else None
    for user, all_ in marked(db, asked, chosen=chosen, sums=sums).items():
        due = policies.due_for(policy, extended.get(user))
        measured = ((one, policies.late_seconds(policy, one.made_at, due)) for one in all_)
        lately = [one if one.late_seconds == late else replace(one, late_seconds=late) for one, late in measured]
        if (has := standing(policy, lately)) is not None:
            found[user] = has
    return found


def extensions(db: Session, asked: AssignmentRow) -> dict[str, float]:
    """Return the due times of an assignment's extensions, by user id."""
    rows = db.scalars(sa.select(ExtensionRow).where(ExtensionRow.assignment_id == asked.id))
    return {one.user_id: one.due_at for one in rows}


def marked(
    db: Session,
    asked: AssignmentRow,
    users: Users = None,
    *,
    digest: str = "",
    chosen: Points | None = None,
    sums: ByReport | None = None,
) -> dict[str, list[MarkedSubmission]]:
    """Every submission with marks, by user id, in order; practice is not among them.

    With `digest`: as if the reports by this edition of the assignment counted, where there are any. `chosen`: as if
    rows had these points; None: by those of the course. `sums` gets those by `chosen`.
    """
    given = text_points(db, asked, users)
    more = _more(texts=bool(given), marks=chosen is not None)
    rows = _rows(db, asked, users, ReportRow.id == SubmissionRow.report_id, more)
    if digest:
        again = sa.and_(ReportRow.submission_id == SubmissionRow.id, ReportRow.digest == digest)
        rows |= _rows(db, asked, users, again, more)
    points = policies.from_json(asked.policy).points if chosen is None else chosen
    decided = _differences(db, asked, users, rows, points)
    anew = {} if chosen is None else _sums(rows.values(), chosen)
    if sums is not None:
        sums.update(anew)
    found: dict[str, list[MarkedSubmission]] = defaultdict(list)
    for row in sorted(rows.values(), key=lambda row: row.number):
        some = row.score or row.waits or row.id in decided
        if row.status == "graded" or (row.status == "not_gradable" and some):
            found[row.user_id].append(_as_marked(row, given, decided.get(row.id), anew.get(row.report_id)))
    return found


def points_of(db: Session, asked: AssignmentRow, submissions: Collection[str]) -> dict[str, float]:
    """Return the points of these submissions of an assignment with what people decided, before lateness, by id."""
    rows = db.execute(
        sa.select(
            SubmissionRow.id, SubmissionRow.user_id, ReportRow.score, ReportRow.texts, ReportRow.id.label("report")
        )
        .join(ReportRow, ReportRow.id == SubmissionRow.report_id)
        .where(SubmissionRow.id.in_(submissions))
    ).all()
    decided: dict[str, dict[str, float]] = defaultdict(dict)
    for one in db.scalars(sa.select(OverrideRow).where(OverrideRow.submission_id.in_(submissions))):
        decided[one.submission_id][one.row] = one.points
    given = text_points(db, asked, answers=_answers(rows))
    chosen = policies.from_json(asked.policy).points
    found = {}
    for row in rows:
        texts = sum((text.share(given[key]) for text, key in _keyed(row.user_id, row.texts) if key in given), 0.0)
        mine = decided.get(row.id)
        by = reports.difference(db.get_one(ReportRow, row.report).body, mine, chosen) if mine else 0.0
        found[row.id] = round(row.score + texts + by, 2)
    return found


UNMARKED = sa.case((ReportRow.marks == b"", ReportRow.body)).label(
    "body"
)  # a worker of an older release may have stored it


def _sums(rows: Iterable[sa.Row[Any]], chosen: Points) -> ByReport:
    """Return the sums of reports by other points."""
    adding = reports.Adding(chosen)
    return {row.report_id: adding.sums(row.marks or reports.marks(row.body)) for row in rows}


def weigh(db: Session, asked: AssignmentRow, known: ByReport, *, quiz: bool) -> None:
    """Add up all reports of an assignment by the points of its policy: they have been changed.

    `known`: sums that have been added up already; `quiz`: whether points of the quiz have been changed, and so those of
    its free answers. Only what changes is written: a row of a report is large.
    """
    rows = db.execute(
        sa.select(ReportRow.id, ReportRow.score, ReportRow.max_score, ReportRow.texts if quiz else sa.null())
        .join(SubmissionRow, SubmissionRow.id == ReportRow.submission_id)
        .where(SubmissionRow.assignment_id == asked.id)
    ).all()
    chosen, sums = policies.from_json(asked.policy).points, {**known}
    kept = sa.select(ReportRow.id.label("report_id"), ReportRow.marks, UNMARKED)
    for some in batched(row.id for row in rows if row.id not in known):
        sums |= _sums(db.execute(kept.where(ReportRow.id.in_(some))), chosen)
    changed: list[dict[str, Any]] = []
    retold: list[dict[str, Any]] = []
    for id_, *before, texts in rows:
        added = sums[id_]
        after = {"of": id_, "score": added.score, "max_score": added.max_score}
        now_worth = [text | {"worth": added.share(f"item:{text['item']}", text["points"])} for text in texts or ()]
        if now_worth != (texts or []):
            retold.append({**after, "texts": now_worth})
        elif [added.score, added.max_score] != before:
            changed.append(after)
    table = cast("sa.Table", ReportRow.__table__)
    for values in filter(None, (changed, retold)):
        db.connection().execute(sa.update(table).where(table.c.id == sa.bindparam("of")), values)


def batched(ids: Iterable[str], size: int = BODIES) -> Iterator[list[str]]:
    """Return ids in portions of which each has a query: bodies of reports are large."""
    every = sorted(ids)
    yield from (every[start : start + size] for start in range(0, len(every), size))


def held(db: Session, asked: AssignmentRow, users: Users = None) -> list[StudentMisconceptionRow]:
    """The misconceptions that reports named, of each student; rows that are in no session."""
    graded = (
        SubmissionRow.assignment_id == asked.id,
        SubmissionRow.practice.is_(False),
        SubmissionRow.state == "graded",
        *_of(SubmissionRow.user_id, users),
    )
    named: dict[str, set[str]] = defaultdict(set)
    about: dict[str, dict[str, str]] = {}
    # In no order: SQLite would find that by an index through all that was ever handed in.
    for report_id, name, criterion, title in db.execute(
        sa.select(DiagnosisRow.report_id, DiagnosisRow.misconception, DiagnosisRow.criterion, DiagnosisRow.title)
        .join(SubmissionRow, SubmissionRow.report_id == DiagnosisRow.report_id)
        .where(*graded)
    ):
        named[report_id].add(name)
        about[name] = {"criterion": criterion, "title": title}
    seen: dict[str, list[Seen]] = defaultdict(list)
    for user, at, report in db.execute(
        sa.select(SubmissionRow.user_id, SubmissionRow.made_at, SubmissionRow.report_id)
        .where(*graded)
        .order_by(SubmissionRow.number)
    ):
        seen[user].append(Seen(at, frozenset(named.get(report or "", ()))))
    return [
        StudentMisconceptionRow(
            assignment_id=asked.id, user_id=user, misconception=one.id, since=one.since,
            submissions=one.submissions, seconds=one.seconds, **about[one.id],
        )
        for user, all_ in seen.items()
        for one in statistics.held(all_)
    ]  # fmt: skip


def parts(
    db: Session, asked: AssignmentRow, submissions: Collection[str], *, digest: str = "", judged: bool = False
) -> dict[str, tuple[list[PartMark], list[PartMark]]]:
    """Criteria and questions of the reports that count, or of those by this edition, by submission.

    `judged`: as for `reports.parts`.
    """
    chosen = policies.from_json(asked.policy).points
    joined = ReportRow.id == SubmissionRow.report_id
    if digest:
        joined = sa.and_(ReportRow.submission_id == SubmissionRow.id, ReportRow.digest == digest)
    wanted = sa.select(SubmissionRow.id, SubmissionRow.user_id, ReportRow.texts, ReportRow.body).join(ReportRow, joined)
    found: dict[str, tuple[list[PartMark], list[PartMark]]] = {}
    for some in batched(submissions, AT_ONCE):
        rows = db.execute(wanted.where(SubmissionRow.id.in_(some))).all()
        given: dict[str, dict[tuple[str, str], float]] = defaultdict(dict)
        for (user, item, answer), points in text_points(db, asked, answers=_answers(rows)).items():
            given[user][item, answer] = points
        found |= {row.id: reports.parts(row.body, given[row.user_id], chosen, judged=judged) for row in rows}
    return found


def due_at(db: Session, asked: AssignmentRow, user_id: str) -> float | None:
    """Return this person's due time."""
    extension = db.get(ExtensionRow, (asked.id, user_id))
    return policies.due_for(policies.from_json(asked.policy), extension.due_at if extension else None)


def with_quiz(db: Session, every: Sequence[AssignmentRow]) -> set[str]:
    """The ids of those that have a quiz."""
    versions = [asked.version_id for asked in every if asked.version_id]
    has_one = VersionRow.id.in_(versions), VersionRow.about["quiz"].as_boolean()
    return set(db.scalars(sa.select(VersionRow.assignment_id).where(*has_one)))


def points_shown(db: Session, asked: AssignmentRow, user_id: str) -> bool:
    """Return whether this student may see their points now."""
    policy, quiz = policies.from_json(asked.policy), asked.id in with_quiz(db, [asked])
    return policies.points_shown(policy, now(), due_at(db, asked, user_id), quiz=quiz)


def overrides(db: Session, submission_id: str) -> dict[str, Override]:
    """Return people's decisions about a submission, by row."""
    rows = db.scalars(sa.select(OverrideRow).where(OverrideRow.submission_id == submission_id))
    return {one.row: Override(one.points, one.reason) for one in rows}


def _differences(
    db: Session, asked: AssignmentRow, users: Users, rows: Mapping[str, sa.Row[Any]], chosen: Points
) -> dict[str, float]:
    """Return, by submission, the points that people's decisions add. Only reports with decisions are unpacked."""
    decided: dict[str, dict[str, float]] = defaultdict(dict)
    for id_, row, points in db.execute(
        sa.select(OverrideRow.submission_id, OverrideRow.row, OverrideRow.points)
        .join(SubmissionRow, SubmissionRow.id == OverrideRow.submission_id)
        .where(SubmissionRow.assignment_id == asked.id, *_of(SubmissionRow.user_id, users))
    ):
        decided[id_][row] = points
    bodies = {id_: db.get_one(ReportRow, rows[id_].report_id).body for id_ in decided if id_ in rows}
    return {id_: reports.difference(body, decided[id_], chosen) for id_, body in bodies.items()}


def _as_marked(
    row: sa.Row[Any], given: Mapping[tuple[str, str, str], float], decided: float | None, anew: Sums | None
) -> MarkedSubmission:
    """`decided`: what people's decisions add, None without any; `anew`: its sums by other points than the course's."""
    keyed = _keyed(row.user_id, row.texts) if given else ()  # where nobody marked texts, none is looked up
    earned = sum(
        (
            anew.share(f"item:{text.item}", given[key]) if anew else text.share(given[key])
            for text, key in keyed
            if key in given
        ),
        0.0,
    )
    return MarkedSubmission(
        row.id,
        row.number,
        row.made_at,
        row.late_seconds,
        (anew.score if anew else row.score) + (decided or 0.0),
        anew.max_score if anew else row.max_score,
        earned,
        row.status == "graded",
        decided is not None,
    )


def _more(*, texts: bool, marks: bool) -> Sequence[sa.ColumnElement[Any]]:
    """Return the columns that not all need: 20 000 times JSON are half a second."""
    return [ReportRow.texts if texts else sa.null().label("texts"), *((ReportRow.marks, UNMARKED) if marks else ())]


def _rows(
    db: Session,
    asked: AssignmentRow,
    users: Users,
    joined: sa.ColumnElement[bool],
    more: Sequence[sa.ColumnElement[Any]],
) -> dict[str, sa.Row[Any]]:
    """Submissions with a report that is joined to them so, by submission id."""
    rows: sa.Result[Any] = db.execute(
        sa.select(
            SubmissionRow.user_id,
            SubmissionRow.id,
            SubmissionRow.number,
            SubmissionRow.made_at,
            SubmissionRow.late_seconds,
            ReportRow.id.label("report_id"),
            ReportRow.score,
            ReportRow.max_score,
            ReportRow.status,
            (sa.cast(ReportRow.texts, sa.Text) != "[]").label("waits"),
            *more,
        )
        .join(ReportRow, joined)
        .where(
            SubmissionRow.assignment_id == asked.id,
            SubmissionRow.practice.is_(False),
            *_of(SubmissionRow.user_id, users),
        )
    )
    return {row.id: row for row in rows}


def text_points(
    db: Session, asked: AssignmentRow, users: Users = None, *, answers: Collection[str] | None = None
) -> dict[tuple[str, str, str], float]:
    """Points for free answers, by user, item and digest: the same answer, handed in again, keeps its points.

    `answers`: the digests of those that are wanted. None: all that ever were, which are as many as submissions.
    """
    wanted = sa.select(TextMarkRow.user_id, TextMarkRow.item_id, TextMarkRow.answer_digest, TextMarkRow.points).where(
        TextMarkRow.assignment_id == asked.id, *_of(TextMarkRow.user_id, users)
    )
    some = (
        [wanted]
        if answers is None
        else (wanted.where(TextMarkRow.answer_digest.in_(part)) for part in batched(answers, AT_ONCE))
    )
    return {(user, item, digest): points for query in some for user, item, digest, points in db.execute(query)}


def _answers(rows: Iterable[sa.Row[Any]]) -> set[str]:
    """Return the digests of the free answers of these reports."""
    return {text["digest"] for row in rows for text in row.texts}


def _of(column: sa.orm.InstrumentedAttribute[str], users: Users) -> Sequence[sa.ColumnElement[bool]]:
    return [] if users is None else [column.in_(users)]


def _keyed(user: str, texts: list[dict[str, Any]]) -> Iterator[tuple[Text, tuple[str, str, str]]]:
    for told in texts:
        text = Text(**told)
        yield text, (user, text.item, text.digest)
