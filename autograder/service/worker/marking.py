"""Marks a submission: what was uploaded becomes a Submission, the pipeline a Report, and the database keeps it."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from autograder import intake, pipeline, quiz
from autograder.model import Assignment, Awaited, Chart, ItemMark, Submission
from autograder.model import Report as Verdict
from autograder.quiz.variants import seed_for
from autograder.service.outbox import passback_due
from autograder.service.rules import notices, weights
from autograder.service.rules import policy as policies
from autograder.service.rules.answers import as_toml
from autograder.service.rules.grades import Text, answer_digest
from autograder.service.store import regrades, reports
from autograder.service.store.locks import locked
from autograder.service.store.schema import AssignmentRow as Asked
from autograder.service.store.schema import (
    DiagnosisRow,
    JobRow,
    MembershipRow,
    NoticeRow,
    ReportRow,
    SheetRow,
    UserRow,
    VersionRow,
    new_id,
)
from autograder.service.store.schema import SubmissionRow as HandedIn
from autograder.service.store.standings import refresh
from autograder.service.worker.context import Context, WrongSecret


def mark(context: Context, job: JobRow) -> dict[str, Any]:
    """The job of a submission: marked with the version that its assignment has now. Its report is what counts."""
    with context.store.reading() as db:
        handed_in = db.get_one(HandedIn, job.submission_id)
        asked = db.get_one(Asked, handed_in.assignment_id)
        version = db.get_one(VersionRow, asked.version_id)
    verdict = verdict_of(context, handed_in, asked, version)
    with context.store.writing() as db:
        # Locked, so that a regrade that begins or is applied at this moment misses nobody.
        asked = locked(db, asked.id, read=True, user_id=handed_in.user_id)
        current = db.get_one(HandedIn, handed_in.id, with_for_update=True)
        if current.state == "superseded":  # while this worker was thought dead: it costs no attempt, so it is none
            return {}
        report = stored(db, asked, handed_in.id, verdict)
        if current.report_id is None:  # else somebody was faster, and what counts may have moved on
            current.report_id, current.state, report.counted = report.id, verdict.status, True
            if verdict.status == "not_gradable":
                context.queue.revive(db, current)
            if not current.practice:
                _tell(db, asked, current)
                passback_due(db, context.queue, asked, current.user_id)
            if following := regrades.following(db, asked, current, version.id):
                context.queue.put(db, **regrades.remark(asked, following, current, late=True))
        if not current.practice:
            refresh(db, asked, [current.user_id])
    if report.pictures is None:
        draw(context, report.id, verdict.charts)
    return {"report": report.id}


def _tell(db: Session, asked: Asked, handed_in: HandedIn) -> None:
    """Write a notice for a student who wants to be told that a submission was marked: most look on while it is."""
    user = db.get_one(UserRow, handed_in.user_id)
    if any(notices.wanted(user.notices, "marked", way) for way in notices.WAYS):
        text = f"Submission {handed_in.number} of {asked.title} was marked."
        db.add(NoticeRow(user_id=user.id, submission_id=handed_in.id, kind="marked", text=text))


def verdict_of(context: Context, handed_in: HandedIn, asked: Asked, version: VersionRow) -> Verdict:
    """Return the report of a submission by this version of the assignment: always the same.

    Raises:
        WrongSecret: this worker would mark its quiz by somebody else's questions.
    """
    with context.store.reading() as db:
        member = db.get_one(MembershipRow, (asked.course_id, handed_in.user_id))
        drawn = db.get(SheetRow, (asked.id, handed_in.user_id))
    secret = context.course_secret(asked.course_id)
    of_sheet = (drawn.drawn_as if drawn else "") or member.quiz_id
    if drawn and drawn.digest == version.digest and drawn.seed != seed_for(secret, of_sheet):
        raise WrongSecret(
            "This student's quiz was drawn by a worker with another secret. Give all workers the same worker.secret "
            "(docs/service.md), and try again."
        )
    assignment = context.assignment(asked.source, version.digest)
    if not handed_in.practice:  # whose quiz is not marked
        assignment = quiz.that_counts(assignment)
    submission = read(handed_in, assignment, handed_in.drawn_as or of_sheet)
    verdict = pipeline.grade(
        submission,
        assignment,
        context.sandbox,
        pipeline.derived_seed(assignment, submission),
        secret,
    )
    if verdict.status == "not_gradable" and policies.from_json(asked.policy).tells_quiz_at_once:
        verdict = replace(verdict, quiz=(), remarks=(*verdict.remarks, *((QUIZ_WAITS,) if verdict.quiz else ())))
    return replace(
        verdict, quiz=tuple(_waiting(item) if item.status == "unreadable" else item for item in verdict.quiz)
    )


# It costs no attempt: where students see at once which answers are right, they could try answers without end.
QUIZ_WAITS = "Your quiz answers are marked together with your code, once it can be imported."
UNREAD = "Your answer could not be read by a machine, so a person marks it. Until then it is not counted."


def _waiting(item: ItemMark) -> ItemMark:
    """An answer that could not be read, as one that waits for a person: equal answers are marked together."""
    if item.detail is None:  # the quiz as a whole
        return item
    answer = item.detail.answer
    reason = f"{item.message}\n\nThe right answer: {item.detail.right}\n{item.detail.why}"
    return replace(
        item,
        status="waiting",
        message=UNREAD,
        for_staff=f"Answer to {item.id}:\n{answer}\n\n{reason}",
        awaited=Awaited(answer, item.max_score),
    )


def read(handed_in: HandedIn, assignment: Assignment, student: str) -> Submission:
    """Everything a grader knows of it: the upload as intake reads it, and the quiz answers of the form."""
    found = intake.read_upload(handed_in.name, handed_in.upload or b"", main=assignment.main)
    found = replace(found, student=student)
    if handed_in.practice:  # without a limit, its quiz could be tried until it is right
        return replace(found, files={name: data for name, data in found.files.items() if name != quiz.FILE})
    if not handed_in.answers:
        return found
    remarks = (*found.remarks, *((FORM_COUNTS,) if quiz.FILE in found.files else ()))
    return replace(found, files={**found.files, quiz.FILE: as_toml(handed_in.answers)}, remarks=remarks)


FORM_COUNTS = "What you answered on the quiz page was marked, not the quiz.toml in your upload."


def stored(db: Session, asked: Asked, submission_id: str, verdict: Verdict) -> ReportRow:
    """The report of this verdict: the one that is there, if somebody was faster. `asked` is locked."""
    by_course = weights.weighed(verdict, policies.from_json(asked.policy).points)
    same = sa.select(ReportRow).where(
        ReportRow.submission_id == submission_id,
        ReportRow.digest == verdict.assignment_digest,
        ReportRow.seed == verdict.seed,
    )
    values = {
        "id": new_id(),
        "submission_id": submission_id,
        "digest": verdict.assignment_digest,
        "seed": verdict.seed,
        "status": verdict.status,
        "score": by_course.score,
        "max_score": by_course.max_score,
        "texts": awaited(verdict, by_course),
        "body": reports.pack(verdict),
    }
    if db.get_bind().dialect.name == "sqlite":
        from sqlalchemy.dialects.sqlite import insert  # noqa: PLC0415
    else:
        from sqlalchemy.dialects.postgresql import insert  # type: ignore[assignment]  # noqa: PLC0415
    db.execute(insert(ReportRow).values(**values).on_conflict_do_nothing())
    report = db.scalars(same).one()
    for named in {d.misconception: d for d in verdict.diagnoses}.values() if report.id == values["id"] else ():
        db.add(
            DiagnosisRow(
                report_id=report.id, misconception=named.misconception, criterion=named.criterion, title=named.title
            )
        )
    return report


def awaited(verdict: Verdict, by_course: Verdict) -> list[dict[str, Any]]:
    """The free answers that only a person can mark, as far as their marks must be found again."""
    return [
        asdict(Text(item.id, item.title, answer_digest(item.awaited.answer), item.awaited.points, worth))
        for item, same in zip(verdict.quiz, by_course.quiz, strict=True)
        if item.awaited
        for worth in [weights.most_of(same) if by_course.quiz_counts else 0.0]
    ]


def draw(context: Context, report_id: str, charts: tuple[Chart, ...]) -> None:
    """Draws the report's pictures, after everything else is there for its reader."""
    if not charts:
        return
    from autograder.render.pictures import drawn  # noqa: PLC0415 - only pictures need contourpy

    packed = reports.pack_pictures(drawn(charts))
    with context.store.writing() as db:
        db.execute(sa.update(ReportRow).where(ReportRow.id == report_id).values(pictures=packed))
