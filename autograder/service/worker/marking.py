"""Marks a submission: what was uploaded becomes a Submission, the pipeline a Report, and the database keeps it."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from autograder import intake, pipeline, quiz
from autograder.model import Assignment, Submission
from autograder.model import Report as Verdict
from autograder.service.store import reports
from autograder.service.store.schema import Assignment as Asked
from autograder.service.store.schema import Job, Membership, Report, Version, new_id
from autograder.service.store.schema import Submission as HandedIn
from autograder.service.worker.context import Context


def mark(context: Context, job: Job) -> dict[str, Any]:
    """The job of a submission: marked with the version that its assignment has now. Its report is what counts."""
    with context.store.reading() as db:
        handed_in = db.get_one(HandedIn, job.submission_id)
        asked = db.get_one(Asked, handed_in.assignment_id)
        version = db.get_one(Version, job.payload.get("version") or asked.version_id)
        member = db.get_one(Membership, (asked.course_id, handed_in.user_id))
    assignment = context.assignment(asked.source, version.digest)
    submission = read(handed_in, assignment, member.roster_id)
    verdict = pipeline.grade(
        submission,
        assignment,
        context.sandbox,
        pipeline.derived_seed(assignment, submission),
        context.course_secret(asked.course_id),
    )
    with context.store.writing() as db:
        report = stored(db, handed_in.id, verdict)
        current = db.get_one(HandedIn, handed_in.id, with_for_update=True)
        current.report_id, current.state = report.id, verdict.status
    draw(context, report.id, verdict)
    return {"report": report.id}


def read(handed_in: HandedIn, assignment: Assignment, student: str) -> Submission:
    """Everything a grader knows of it: the upload as intake reads it, and the quiz answers of the form."""
    with tempfile.TemporaryDirectory(prefix="gradmark-") as folder:
        # intake looks at the suffix only; a name that a student chose is no name for a file of ours
        file = Path(folder) / ("upload" + Path(handed_in.name).suffix.lower()[:6])
        file.write_bytes(handed_in.upload or b"")
        found = replace(intake.read(file, main=assignment.main), path=handed_in.name)
    if not handed_in.answers or found.problem:
        return found
    files = {**found.files, quiz.FILE: answers_toml(handed_in.answers, student)}
    return replace(found, files=files)


def answers_toml(answers: Mapping[str, Any], student: str) -> bytes:
    """The answers of the form as the quiz.toml that a student would have written. JSON's texts and lists are TOML's."""
    lines = [f"student = {json.dumps(student)}", "", "[answers]"]
    for item, answer in answers.items():
        if isinstance(answer, dict):
            inner = ", ".join(f"{json.dumps(row)} = {json.dumps(value)}" for row, value in answer.items())
            lines.append(f"{json.dumps(item)} = {{ {inner} }}")
        else:
            lines.append(f"{json.dumps(item)} = {json.dumps(answer)}")
    return ("\n".join(lines) + "\n").encode()


def stored(db: Session, submission_id: str, verdict: Verdict) -> Report:
    """The report of this verdict: the one that is there, if somebody was faster."""
    same = sa.select(Report).where(
        Report.submission_id == submission_id, Report.digest == verdict.assignment_digest, Report.seed == verdict.seed
    )
    values = {
        "id": new_id(),
        "submission_id": submission_id,
        "digest": verdict.assignment_digest,
        "seed": verdict.seed,
        "status": verdict.status,
        "score": verdict.score,
        "max_score": verdict.max_score,
        "body": reports.pack(verdict),
    }
    if db.get_bind().dialect.name == "sqlite":
        from sqlalchemy.dialects.sqlite import insert  # noqa: PLC0415
    else:
        from sqlalchemy.dialects.postgresql import insert  # type: ignore[assignment]  # noqa: PLC0415
    db.execute(insert(Report).values(**values).on_conflict_do_nothing())
    return db.scalars(same).one()


def draw(context: Context, report_id: str, verdict: Verdict) -> None:
    """Draws the report's pictures, after everything else is there for its reader."""
    if not verdict.charts:
        return
    from autograder.render.pictures import svg  # noqa: PLC0415 - matplotlib takes half a second

    drawn = [
        {"title": chart.title, "caption": chart.caption, "svg": svg(replace(chart, id=f"{number}-{chart.id}"))}
        for number, chart in enumerate(verdict.charts, start=1)
    ]
    with context.store.writing() as db:
        db.execute(sa.update(Report).where(Report.id == report_id).values(pictures=reports.pack_pictures(drawn)))
