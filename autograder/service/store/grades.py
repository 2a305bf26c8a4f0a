"""Everybody's standing in an assignment, in two queries however many submissions there are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from autograder.service.rules import policy as policies
from autograder.service.rules.grades import Marked, Standing, Text, standing
from autograder.service.store.schema import Assignment, Extension, Report, Submission, TextMark, Version, now


def standings(db: Session, asked: Assignment, user_id: str | None = None) -> dict[str, Standing]:
    """By user id: of all, or of this one. Who has nothing marked is not in it."""
    policy = policies.from_json(asked.policy)
    if user_id is None and not text_points(db, asked):
        return _of_a_class(db, asked, policy)
    found = {user: standing(policy, all_) for user, all_ in marked(db, asked, user_id).items()}
    return {user: one for user, one in found.items() if one is not None}


def _of_a_class(db: Session, asked: Assignment, policy: policies.Policy) -> dict[str, Standing]:
    """The same where no free text is marked: the database picks, of each student's, the few that can count."""
    equal = Submission.user_id if policy.counts == "latest" else (Submission.user_id, Submission.late_seconds)
    first = [Submission.number.desc()] if policy.counts == "latest" else [Report.score.desc(), Submission.number]
    ranked = (
        sa.select(
            Submission.user_id,
            Submission.id,
            Submission.number,
            Submission.made_at,
            Submission.late_seconds,
            Report.score,
            Report.max_score,
            sa.func.row_number().over(partition_by=equal, order_by=first).label("place"),
            sa.func.count().over(partition_by=Submission.user_id).label("submissions"),
        )
        .join(Report, Report.id == Submission.report_id)
        .where(Submission.assignment_id == asked.id, Submission.practice.is_(False), Report.status == "graded")
        .subquery()
    )
    able: dict[str, list[Marked]] = defaultdict(list)
    counted: dict[str, int] = {}
    for user, id_, number, made_at, late, score, most, _, submissions in db.execute(
        sa.select(ranked).where(ranked.c.place == 1)
    ):
        able[user].append(Marked(id_, number, made_at, late, score, most))
        counted[user] = submissions
    found = {user: standing(policy, all_) for user, all_ in able.items()}
    return {user: replace(one, submissions=counted[user]) for user, one in found.items() if one is not None}


def standings_of(db: Session, user_id: str, every: Sequence[Assignment]) -> dict[str, Standing]:
    """By assignment id: what this student has in each, in as many queries as for one."""
    given: dict[str, dict[tuple[str, str, str], float]] = defaultdict(dict)
    ids = [asked.id for asked in every]
    for mark in db.scalars(sa.select(TextMark).where(TextMark.assignment_id.in_(ids), TextMark.user_id == user_id)):
        given[mark.assignment_id][user_id, mark.item_id, mark.answer_digest] = mark.points
    rows = _rows(db, ids, user_id, Report.id == Submission.report_id)
    found: dict[str, list[Marked]] = defaultdict(list)
    for row in rows.values():
        if row.status == "graded":
            found[row.assignment_id].append(_as_marked(row, given[row.assignment_id]))
    judged = {asked.id: standing(policies.from_json(asked.policy), found[asked.id]) for asked in every}
    return {id_: one for id_, one in judged.items() if one is not None}


def marked(db: Session, asked: Assignment, user_id: str | None = None, *, digest: str = "") -> dict[str, list[Marked]]:
    """Every submission with marks, by user id; practice is not among them.

    With `digest`: as if the reports by this edition of the assignment counted, where there are any.
    """
    given = text_points(db, asked, user_id)
    rows = _rows(db, [asked.id], user_id, Report.id == Submission.report_id, texts=bool(given))
    if digest:
        again = sa.and_(Report.submission_id == Submission.id, Report.digest == digest)
        rows |= _rows(db, [asked.id], user_id, again, texts=bool(given))
    found: dict[str, list[Marked]] = defaultdict(list)
    for row in sorted(rows.values(), key=lambda row: row.number):
        if row.status != "graded":
            continue
        found[row.user_id].append(_as_marked(row, given))
    return found


def due_at(db: Session, asked: Assignment, user_id: str) -> float | None:
    """When it is due for this person: an extension counts before the policy."""
    extension = db.get(Extension, (asked.id, user_id))
    return extension.due_at if extension else policies.from_json(asked.policy).due_at


def with_quiz(db: Session, every: Sequence[Assignment]) -> set[str]:
    """The ids of those that have a quiz."""
    versions = [asked.version_id for asked in every if asked.version_id]
    has_one = Version.id.in_(versions), Version.about["quiz"].as_boolean()
    return set(db.scalars(sa.select(Version.assignment_id).where(*has_one)))


def points_shown(db: Session, asked: Assignment, user_id: str) -> bool:
    """Whether this student may be told now what they have."""
    policy, quiz = policies.from_json(asked.policy), asked.id in with_quiz(db, [asked])
    return policies.points_shown(policy, now(), due_at(db, asked, user_id), quiz=quiz)


def _as_marked(row: sa.Row[Any], given: Mapping[tuple[str, str, str], float]) -> Marked:
    keyed = _keyed(row.user_id, row.texts) if given else ()  # where nobody marked texts, none is looked up
    theirs = [(given[key], text.points) for text, key in keyed if key in given]
    earned, of = (sum(column) for column in zip(*theirs, strict=True)) if theirs else (0.0, 0.0)
    return Marked(row.id, row.number, row.made_at, row.late_seconds, row.score, row.max_score, earned, of)


def _rows(
    db: Session, assignments: Sequence[str], user_id: str | None, joined: sa.ColumnElement[bool], *, texts: bool = True
) -> dict[str, sa.Row[Any]]:
    """Submissions with a report that is joined to them so, by submission id."""
    rows = db.execute(
        sa.select(
            Submission.assignment_id,
            Submission.user_id,
            Submission.id,
            Submission.number,
            Submission.made_at,
            Submission.late_seconds,
            Report.score,
            Report.max_score,
            Report.status,
            Report.texts if texts else sa.null().label("texts"),  # 20 000 times JSON are half a second
        )
        .join(Report, joined)
        .where(
            Submission.assignment_id.in_(assignments),
            Submission.practice.is_(False),
            *([Submission.user_id == user_id] if user_id else []),
        )
    )
    return {row.id: row for row in rows}


def text_points(db: Session, asked: Assignment, user_id: str | None = None) -> dict[tuple[str, str, str], float]:
    """Points for free answers, by user, item and digest: the same answer, handed in again, keeps its points."""
    of_one = [TextMark.user_id == user_id] if user_id else []
    rows = db.execute(
        sa.select(TextMark.user_id, TextMark.item_id, TextMark.answer_digest, TextMark.points).where(
            TextMark.assignment_id == asked.id, *of_one
        )
    )
    return {(user, item, digest): points for user, item, digest, points in rows}


def _keyed(user: str, texts: list[dict[str, Any]]) -> Iterator[tuple[Text, tuple[str, str, str]]]:
    for told in texts:
        text = Text(**told)
        yield text, (user, text.item, text.digest)
