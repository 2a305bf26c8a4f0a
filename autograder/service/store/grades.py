"""Everybody's standing in an assignment, in three queries however many submissions there are."""

from __future__ import annotations

from collections import defaultdict

import sqlalchemy as sa
from sqlalchemy.orm import Session

from autograder.service.rules import policy as policies
from autograder.service.rules.grades import Marked, Standing, answer_digest, standing
from autograder.service.store.schema import Assignment, Report, Submission, TextMark


def standings(db: Session, asked: Assignment, user_id: str | None = None) -> dict[str, Standing]:
    """By user id: of all, or of this one. Who has nothing marked is not in it."""
    policy = policies.from_json(asked.policy)
    found = {user: standing(policy, all_) for user, all_ in marked(db, asked, user_id).items()}
    return {user: one for user, one in found.items() if one is not None}


def marked(db: Session, asked: Assignment, user_id: str | None = None) -> dict[str, list[Marked]]:
    """Every submission with marks, by user id; practice is not among them."""
    texts = _texts(db, asked, user_id)
    rows = db.execute(
        sa.select(
            Submission.user_id,
            Submission.id,
            Submission.number,
            Submission.made_at,
            Submission.late_seconds,
            Report.score,
            Report.max_score,
        )
        .join(Report, Report.id == Submission.report_id)
        .where(
            Submission.assignment_id == asked.id,
            Submission.practice.is_(False),
            Report.status == "graded",
            *([Submission.user_id == user_id] if user_id else []),
        )
        .order_by(Submission.number)
    )
    found: dict[str, list[Marked]] = defaultdict(list)
    for user, id_, number, made_at, late, score, most in rows:
        found[user].append(Marked(id_, number, made_at, late, score, most, texts.get(id_, 0.0)))
    return found


def _texts(db: Session, asked: Assignment, user_id: str | None) -> dict[str, float]:
    """Points for free text, by submission: the same answer, handed in again, has the same points."""
    of_one = [TextMark.user_id == user_id] if user_id else []
    given: dict[str, dict[tuple[str, str], float]] = defaultdict(dict)
    for mark in db.scalars(sa.select(TextMark).where(TextMark.assignment_id == asked.id, *of_one)):
        given[mark.user_id][mark.item_id, mark.answer_digest] = mark.points
    if not given:
        return {}
    answered = db.execute(
        sa.select(Submission.id, Submission.user_id, Submission.answers).where(
            Submission.assignment_id == asked.id, Submission.user_id.in_(given)
        )
    )
    return {
        id_: sum(
            given[user].get((item, answer_digest(answer)), 0.0)
            for item, answer in answers.items()
            if isinstance(answer, str)
        )
        for id_, user, answers in answered
    }
