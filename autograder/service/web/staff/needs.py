"""Finds what waits for staff: shown where they look first, because nobody else tells them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import Request
from sqlalchemy.orm import Session

from autograder.service.store import regrades
from autograder.service.store.grades import text_points, with_quiz
from autograder.service.store.rows import count, version_of
from autograder.service.store.schema import AssignmentRow, CommentRow, CourseRow, SubmissionRow
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
    here = SubmissionRow.assignment_id == asked.id
    return Needs(
        count(db, here, SubmissionRow.practice.is_(False), SubmissionRow.state == "parked"),
        _other_edition(db, asked),
        _texts(db, asked) if with_quiz(db, [asked]) else 0,
        regrades.under_way(db, asked) is not None,
        count(db, here, CommentRow.open.is_(True), CommentRow.submission_id == SubmissionRow.id),
    )


def _other_edition(db: Session, asked: AssignmentRow) -> bool:
    """Return whether workers have lately found another edition than the one in use."""
    version = version_of(db, asked)
    return version is not None and asked.folder not in (None, version.digest)


def _texts(db: Session, asked: AssignmentRow) -> int:
    """Return how many answers wait; equal answers count once, as on the page of texts."""
    found = texts(db, asked)
    given = text_points(db, asked, answers={text.digest for _, _, text in found})
    return len({(text.item, text.digest) for user, _, text in found if (user, text.item, text.digest) not in given})
