"""What waits for staff: shown where they look first, because nobody else tells them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from autograder.service.rules import policy as policies
from autograder.service.rules.grades import Marked, standing
from autograder.service.store import regrades
from autograder.service.store.grades import text_points, with_quiz
from autograder.service.store.schema import Assignment, Job, Report, Submission, Version

AT_ONCE = 5000  # ids in one query


@dataclass(frozen=True)
class Needs:
    """Of one assignment; false when nothing waits."""

    parked: int  # submissions that the grader failed at; of practice, which a student does again, nobody is told
    edition: bool  # because the folder holds another edition than the one in use: a regrade marks them
    texts: int  # answers that only a person can mark
    regrade: bool  # one is under way, to be applied or dismissed

    def __bool__(self) -> bool:
        return bool(self.parked or self.edition or self.texts or self.regrade)


def needs(db: Session, asked: Assignment) -> Needs:
    parked = db.scalar(sa.select(sa.func.count()).select_from(Submission).where(_parked(asked)))
    return Needs(
        parked or 0,
        _other_edition(db, asked),
        _texts(db, asked) if with_quiz(db, [asked]) else 0,
        regrades.under_way(db, asked) is not None,
    )


def _parked(asked: Assignment) -> sa.ColumnElement[bool]:
    return sa.and_(Submission.assignment_id == asked.id, Submission.practice.is_(False), Submission.state == "parked")


def _other_edition(db: Session, asked: Assignment) -> bool:
    """Whether workers have lately found another edition: where they marked, or drew a quiz."""
    version = db.get(Version, asked.version_id) if asked.version_id else None
    if version is None:
        return False
    marking = Job.submission_id.in_(sa.select(Submission.id).where(_parked(asked)))
    drawing = sa.and_(Job.kind == "sheet", Job.payload["digest"].as_string() == version.digest)
    found = sa.select(Job.id).where(
        Job.state == "parked",
        Job.course_id == asked.course_id,
        Job.result["edition"].as_boolean(),
        marking | sa.and_(drawing, Job.payload["assignment"].as_string() == asked.id),
    )
    return db.scalar(found.limit(1)) is not None


def _texts(db: Session, asked: Assignment) -> int:
    """How many answers wait, the same of several once: of what counts for each student, and of their newest.

    As the page of texts has them, but what counts is found before people's points for texts: those with points are
    marked. So the database picks, of each student's, the few that can count, and this costs little on a first page.
    """
    newest = sa.func.row_number().over(partition_by=Submission.user_id, order_by=Submission.number.desc())
    equal = (Submission.user_id, Submission.late_seconds)
    best = sa.func.row_number().over(partition_by=equal, order_by=(Report.score.desc(), Submission.number))
    columns = (Submission.user_id, Submission.id, Submission.number, Submission.made_at, Submission.late_seconds)
    ranked = (
        sa.select(*columns, Report.score, Report.max_score, newest.label("newest"), best.label("best"))
        .join(Report, Report.id == Submission.report_id)
        .where(Submission.assignment_id == asked.id, Submission.practice.is_(False), Report.status == "graded")
        .subquery()
    )
    able: dict[str, list[Marked]] = defaultdict(list)
    for user, *values, _, _ in db.execute(sa.select(ranked).where((ranked.c.newest == 1) | (ranked.c.best == 1))):
        able[user].append(Marked(*values))
    wanted: dict[str, str] = {}  # submission -> user
    for user, every in able.items():
        counts = standing(policies.from_json(asked.policy), every)
        last = max(every, key=lambda one: one.number)
        wanted |= dict.fromkeys([last.submission_id, *([counts.counting.submission_id] if counts else [])], user)
    given, ids = text_points(db, asked), list(wanted)
    waiting: set[tuple[str, str]] = set()
    for start in range(0, len(ids), AT_ONCE):
        texts = sa.select(Submission.id, Report.texts).join(Report, Report.id == Submission.report_id)
        for id_, told in db.execute(texts.where(Submission.id.in_(ids[start : start + AT_ONCE]))):
            keys = ((text["item"], text["digest"]) for text in told)
            waiting.update(key for key in keys if (wanted[id_], *key) not in given)
    return len(waiting)
