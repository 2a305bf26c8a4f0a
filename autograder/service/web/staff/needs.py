"""Finds what waits for staff: shown where they look first, because nobody else tells them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from fastapi import Request
from sqlalchemy.orm import Session

from autograder.service.store import regrades
from autograder.service.store.grades import text_points, with_quiz
from autograder.service.store.schema import AssignmentRow, CommentRow, CourseRow, SubmissionRow, VersionRow
from autograder.service.store.standings import texts
from autograder.service.web.edge.access import Me
from autograder.service.web.edge.site import site


@dataclass(frozen=True)
class Needs:
    """The work that waits in one assignment; false when there is none."""

    parked: int  # submissions that the grader failed at; of practice, which a student does again, nobody is told
    edition: bool  # because the folder holds another edition than the one in use: a regrade marks them
    texts: int  # answers that only a person can mark
    regrade: bool  # one is under way, to be applied or dismissed
    questions: int = 0  # of students, that wait for an answer

    def __bool__(self) -> bool:
        return bool(self.parked or self.edition or self.texts or self.regrade or self.questions)


def find_needs(request: Request, actor: Me) -> None:
    """Find what stands above each of an assignment's pages: what its tabs count, and the title of its course."""
    request.state.needs = None
    if request.url.path.endswith(".csv"):
        return
    with site(request).store.reading() as db:
        asked = _asked(db, request.path_params)
        if asked is not None and actor.may("see", asked.course_id):
            request.state.needs = needs(db, asked) if request.method == "GET" else None
            request.state.course_title = db.get_one(CourseRow, asked.course_id).title


def _asked(db: Session, parameters: Mapping[str, str]) -> AssignmentRow | None:
    submission = db.get(SubmissionRow, parameters["submission_id"]) if "submission_id" in parameters else None
    id_ = submission.assignment_id if submission else parameters.get("assignment_id")
    return db.get(AssignmentRow, id_) if id_ else None


def needs(db: Session, asked: AssignmentRow) -> Needs:
    parked = db.scalar(sa.select(sa.func.count()).select_from(SubmissionRow).where(_parked(asked)))
    return Needs(
        parked or 0,
        _other_edition(db, asked),
        _texts(db, asked) if with_quiz(db, [asked]) else 0,
        regrades.under_way(db, asked) is not None,
        _questions(db, asked),
    )


def _questions(db: Session, asked: AssignmentRow) -> int:
    waiting = CommentRow.open, SubmissionRow.assignment_id == asked.id
    joined = sa.select(sa.func.count()).select_from(CommentRow).join(SubmissionRow)
    return db.scalar(joined.where(*waiting)) or 0


def _parked(asked: AssignmentRow) -> sa.ColumnElement[bool]:
    return sa.and_(
        SubmissionRow.assignment_id == asked.id, SubmissionRow.practice.is_(False), SubmissionRow.state == "parked"
    )


def _other_edition(db: Session, asked: AssignmentRow) -> bool:
    """Return whether workers have lately found another edition than the one in use."""
    version = db.get(VersionRow, asked.version_id) if asked.version_id else None
    return version is not None and asked.folder not in (None, version.digest)


def _texts(db: Session, asked: AssignmentRow) -> int:
    """Return how many answers wait; equal answers count once, as on the page of texts."""
    given = text_points(db, asked)
    found = texts(db, asked)
    return len({(text.item, text.digest) for user, _, text in found if (user, text.item, text.digest) not in given})
