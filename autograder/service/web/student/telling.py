"""Reads what pages show of one submission and of all of a student's, cut to the policy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy.orm import Session

from autograder.model import Report as Verdict
from autograder.render import points_told, quiz_held_back, total
from autograder.service.queue import OPEN, places
from autograder.service.rules import policy as policies
from autograder.service.rules.grades import Override, Standing
from autograder.service.store import reports
from autograder.service.store.grades import due_at, overrides, with_quiz
from autograder.service.store.rows import theirs
from autograder.service.store.schema import (
    AssignmentRow,
    JobRow,
    OverrideRow,
    ReportRow,
    SubmissionRow,
    TextMarkRow,
    now,
)
from autograder.service.store.standings import standings
from autograder.service.web.edge.access import not_found
from autograder.service.web.student.groups import handed_in_by
from autograder.service.web.student.showing import (
    UNCHANGED,
    Changes,
    TextGiven,
    Visible,
    Withheld,
    changes,
    counted,
    visible_report,
    withheld,
)

HISTORY = 20  # submissions that a page lists
LOOK_SECONDS = (0.4, 30.0)  # between two looks for pictures: a class that waits for them at once must not keep asking
NO_WORKER_SECONDS = 5.0  # the same, while there is no worker that would draw them

Texts = Mapping[tuple[str, str], TextGiven]


@dataclass(frozen=True)
class Viewer:
    """The viewer of a report; decides which parts they may see."""

    policy: policies.Policy
    due_at: float | None  # of the student
    texts: Texts
    staff: bool = False
    quiz: bool = False  # whether the assignment has one
    decided: Mapping[str, Mapping[str, Override]] = field(default_factory=dict)  # by people, of each submission

    def sees(self, submission_id: str, body: bytes) -> Visible:
        read = counted(reports.unpack(body), self.policy.points, self.decided.get(submission_id, {}), self.texts)
        return Visible(read) if self.staff else visible_report(read, self.policy, now(), self.due_at)

    @property
    def withheld(self) -> tuple[Withheld, ...]:
        return () if self.staff else withheld(self.policy, now(), self.due_at)

    def hides(self, part: str) -> bool:
        return any(one.part == part for one in self.withheld)

    @property
    def sees_standing(self) -> bool:
        return self.staff or policies.points_shown(self.policy, now(), self.due_at, quiz=self.quiz)


@dataclass(frozen=True)
class HistoryRow:
    """One submission in a student's history. `score` is None where there are no marks, or none to see yet.

    `kept`: the share of it that being late leaves. `of_code`: they are of the code, because the quiz is held back.
    """

    id: str
    number: int
    made_at: float
    state: str
    late_seconds: float
    score: float | None
    max_score: float
    changes: Changes
    kept: float = 1.0
    of_code: bool = False


@dataclass(frozen=True)
class Lateness:
    earned: float
    percent: float  # off, for
    days: int
    points: float
    without_quiz: bool = False  # its points are not shown yet


@dataclass(frozen=True)
class Telling:
    """All that is told of a submission beside its report."""

    submission: SubmissionRow
    asked: AssignmentRow
    seen: Visible | None = None  # None: no report (yet)
    report_id: str = ""
    marked_at: float = 0.0
    first_id: str = ""  # of the report that counted at first, if another does now
    outdated: bool = False  # this is not the report that counts
    pictures: list[dict[str, str]] | None = None  # None: still being drawn
    drawn_in: float = 0.0  # seconds after which it is worth to look for them again
    changes: Changes = UNCHANGED
    since: int = 0  # the number of the submission that it is compared with
    lateness: Lateness | None = None
    standing: Standing | None = None  # None: nothing counts, or it is not to be seen yet
    newer_id: str = ""
    by: str = ""  # the member of the group who handed it in; "": its student


def reader(db: Session, asked: AssignmentRow, user_id: str, *, staff: bool = False) -> Viewer:
    """The eyes of this student, or with `staff` of who sees all of theirs."""
    given = db.scalars(
        sa.select(TextMarkRow).where(TextMarkRow.assignment_id == asked.id, TextMarkRow.user_id == user_id)
    )
    texts = {(mark.item_id, mark.answer_digest): TextGiven(mark.points, mark.comment) for mark in given}
    quiz = asked.id in with_quiz(db, [asked])
    decided = {
        one.submission_id: overrides(db, one.submission_id)
        for one in db.execute(
            sa.select(OverrideRow.submission_id)
            .join(SubmissionRow, SubmissionRow.id == OverrideRow.submission_id)
            .where(SubmissionRow.assignment_id == asked.id, SubmissionRow.user_id == user_id)
            .distinct()
        )
    }
    return Viewer(policies.from_json(asked.policy), due_at(db, asked, user_id), texts, staff, quiz, decided)


# ------------------------------------------------------------------------------------------------------ history
def history(
    db: Session, asked: AssignmentRow, user_id: str, eyes: Viewer, *, before: int = 0
) -> tuple[list[HistoryRow], bool]:
    """A page of what was handed in, newest first, from below number `before`; and whether there is more below."""
    rows = db.execute(
        sa.select(
            SubmissionRow.id,
            SubmissionRow.number,
            SubmissionRow.made_at,
            SubmissionRow.state,
            SubmissionRow.late_seconds,
            ReportRow.status,
            ReportRow.body,
        )
        .outerjoin(ReportRow, ReportRow.id == SubmissionRow.report_id)
        .where(*_of(asked.id, user_id), *([SubmissionRow.number < before] if before else []))
        .order_by(SubmissionRow.number.desc())
        .limit(HISTORY + 1)
    ).all()
    shown, more = rows[:HISTORY], len(rows) > HISTORY
    earlier = _before(db, asked.id, user_id, shown[-1].number) if more else None
    seen: Verdict | None = eyes.sees(*earlier[1:]).report if earlier else None
    lines = []
    for row in reversed(shown):
        marked = row.status == "graded" or row.id in eyes.decided
        verdict = eyes.sees(row.id, row.body).report if row.body and marked else None
        changed = changes(seen, verdict) if seen and verdict else UNCHANGED
        score, most = points_told(verdict) if verdict else (None, 0.0)
        lines.append(
            HistoryRow(
                row.id,
                row.number,
                row.made_at,
                row.state,
                row.late_seconds,
                None if eyes.hides("marks") else score,
                most,
                changed,
                policies.kept(eyes.policy, row.late_seconds, row.made_at),
                of_code=verdict is not None and quiz_held_back(verdict),
            )
        )
        seen = verdict or seen
    return lines[::-1], more


def _of(assignment_id: str, user_id: str) -> tuple[sa.ColumnElement[bool], ...]:
    return *theirs(assignment_id, user_id), SubmissionRow.practice.is_(False)


def _before(db: Session, assignment_id: str, user_id: str, number: int) -> tuple[int, str, bytes] | None:
    """The number, id and report of the newest one with marks below this number."""
    row = db.execute(
        sa.select(SubmissionRow.number, SubmissionRow.id, ReportRow.body)
        .join(ReportRow, ReportRow.id == SubmissionRow.report_id)
        .where(*_of(assignment_id, user_id), SubmissionRow.number < number, ReportRow.status == "graded")
        .order_by(SubmissionRow.number.desc())
        .limit(1)
    ).one_or_none()
    return (row.number, row.id, row.body) if row else None


# ----------------------------------------------------------------------------------------------- one submission
def told(
    db: Session, submission: SubmissionRow, asked: AssignmentRow, *, report_id: str = "", staff: bool = False
) -> Telling:
    """Return the view of the report that counts, or of an earlier one: students see the first, staff see all.

    Raises:
        HTTPException: 404: there is no such report, or it is not theirs to see.
    """
    if submission.report_id is None:
        return Telling(submission, asked, newer_id=_newer(db, submission), by=handed_in_by(db, submission))
    made = db.execute(
        sa.select(ReportRow.id, ReportRow.counted)
        .where(ReportRow.submission_id == submission.id)
        .order_by(ReportRow.made_at)
    ).all()
    wanted = report_id or submission.report_id
    first = next((one.id for one in made if one.counted), submission.report_id)
    if wanted not in ({one.id for one in made} if staff else {submission.report_id, first}):
        raise not_found()
    report = db.get_one(ReportRow, wanted)
    eyes = reader(db, asked, submission.user_id, staff=staff)
    seen = eyes.sees(submission.id, report.body)
    outdated = wanted != submission.report_id
    earlier = _before(db, asked.id, submission.user_id, submission.number) if report.status == "graded" else None
    compared = earlier if not (outdated or submission.practice) else None
    pictures, drawn_in = ([], 0.0) if seen.hides("hints") else _pictures(db, report)
    return Telling(
        submission,
        asked,
        seen,
        wanted,
        report.made_at,
        first_id=first if first != submission.report_id else "",
        outdated=outdated,
        pictures=pictures,
        drawn_in=drawn_in,
        changes=changes(eyes.sees(*compared[1:]).report, seen.report) if compared else UNCHANGED,
        since=compared[0] if compared else 0,
        lateness=None if outdated else _lateness(submission, seen, eyes),
        standing=standings(db, asked, submission.user_id).get(submission.user_id) if eyes.sees_standing else None,
        by=handed_in_by(db, submission),
    )


def _newer(db: Session, submission: SubmissionRow) -> str:
    """Return the submission that superseded this one."""
    if submission.state != "superseded":
        return ""
    newer = (
        sa.select(SubmissionRow.id)
        .where(
            *theirs(submission.assignment_id, submission.user_id),
            SubmissionRow.practice == submission.practice,
            SubmissionRow.number > submission.number,
        )
        .order_by(SubmissionRow.number.desc())
        .limit(1)
    )
    return db.scalar(newer) or ""


def _pictures(db: Session, report: ReportRow) -> tuple[list[dict[str, str]] | None, float]:
    """They come after the report: while a job of its submission is not over, there may be more to come, in so long."""
    if report.pictures is not None:
        return reports.unpack_pictures(report.pictures), 0.0
    drawing = db.scalar(
        sa.select(JobRow.id).where(
            JobRow.submission_id == report.submission_id, JobRow.state.in_(OPEN), JobRow.kind == "mark"
        )
    )
    if drawing is None:
        return [], 0.0
    place, (least, most) = places(db, [drawing]).get(drawing), LOOK_SECONDS
    seconds = place.seconds if place else 0.0
    return None, NO_WORKER_SECONDS if seconds is None else min(max(seconds, least), most)


def _lateness(submission: SubmissionRow, seen: Visible, eyes: Viewer) -> Lateness | None:
    kept = policies.kept(eyes.policy, submission.late_seconds, submission.made_at)
    if kept == 1 or seen.report.status != "graded" or eyes.hides("marks"):
        return None
    score, _ = total(seen.report)
    days = policies.days_late(eyes.policy, submission.late_seconds, submission.made_at)
    return Lateness(score, 100 * (1 - kept), days, round(score * kept, 2), quiz_held_back(seen.report))
