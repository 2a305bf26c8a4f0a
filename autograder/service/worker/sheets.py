"""Draws a student's quiz: the questions of their own variant, without keys, for the web process to show."""

from __future__ import annotations

from typing import Any

from autograder.quiz.kinds import asked as question
from autograder.quiz.variants import seed_for
from autograder.service.store.schema import AssignmentRow, JobRow, MembershipRow, SheetRow, VersionRow, now
from autograder.service.worker.context import Context


def draw(context: Context, job: JobRow) -> dict[str, Any]:
    """The job of a student who opens the quiz for the first time, or after its questions have changed."""
    assert job.user_id
    with context.store.reading() as db:
        asked = db.get_one(AssignmentRow, job.payload["assignment"])
        version = db.get_one(VersionRow, asked.version_id)
        member = db.get_one(MembershipRow, (asked.course_id, job.user_id))
        before = db.get(SheetRow, (asked.id, job.user_id))
    drawn_as = (before.drawn_as if before else "") or member.quiz_id
    assignment = context.assignment(asked.source, version.digest)
    seed = seed_for(context.course_secret(asked.course_id), drawn_as)  # as the grader does when it marks
    questions = [question(item) for item in assignment.quiz(seed)]
    with context.store.writing() as db:
        sheet = db.get(SheetRow, (asked.id, job.user_id), with_for_update=True)
        if sheet is None:
            sheet = SheetRow(assignment_id=asked.id, user_id=job.user_id, items=[], answers={}, saved_at=now())
            db.add(sheet)
        if sheet.digest != version.digest:
            sheet.answers = _kept(sheet, questions)
            sheet.digest, sheet.seed, sheet.items = version.digest, seed, questions
    return {}


def _kept(sheet: SheetRow, questions: list[dict[str, Any]]) -> dict[str, Any]:
    """The answers that still have their question, whatever its words and numbers are now."""
    before = {known["id"]: known for known in sheet.items}
    shape = ("kind", "options", "rows", "columns")
    same = {new["id"] for new in questions if all(before.get(new["id"], {}).get(k) == new.get(k) for k in shape)}
    return {item: answer for item, answer in sheet.answers.items() if item in same}
