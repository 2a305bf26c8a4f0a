"""Makes what staff download of a proven assignment: packages for platforms, the quiz, the students' folder."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from autograder.adapters import packages
from autograder.export import CannotExport, export, losses
from autograder.model import Assignment
from autograder.regenerate import for_student
from autograder.service.store.rows import added
from autograder.service.store.schema import AssignmentRow as Asked
from autograder.service.store.schema import DownloadRow, JobRow, VersionRow
from autograder.service.worker.context import Context
from autograder.zips import zipped

HANDED_OUT = {
    "students": "What students start from: the template, checks that run at home, and the quiz of nobody's variant.",
    # each student's own quiz is added when it is downloaded
    "starter": "What students begin with: the skeleton, the provided tinytorch, and checks that run at home.",
}
QUIZZES = {"qti": "quiz-qti.zip", "moodle": "quiz-moodle.xml", "gift": "quiz-gift.txt"}
VARIANTS = 10  # that platforms draw from: neighbours rarely have the same, and a file stays below a megabyte


class CannotMake(Exception):
    """Nothing of this kind can be made of the assignment; the message says why."""


def package(context: Context, job: JobRow) -> dict[str, Any]:
    """The job of one download: made of the version that marks, once for each version."""
    with context.store.reading() as db:
        asked = db.get_one(Asked, job.payload["assignment"])
        version = db.get_one(VersionRow, asked.version_id)
    assignment = context.assignment(asked.source, version.digest)
    kind = job.payload["kind"]
    try:
        name, told, body = made(assignment, kind)
    except CannotMake as error:
        return {"problem": str(error)}
    with context.store.writing() as db:
        mine = DownloadRow.assignment_id == asked.id, DownloadRow.kind == kind
        db.execute(sa.delete(DownloadRow).where(*mine))  # of an older version, or of this one by a job started twice
        values = {"name": name, "told": told, "size": len(body), "body": body}
        found = added(db, DownloadRow(assignment_id=asked.id, kind=kind, digest=version.digest, **values))
        return {"download": found.id}


def made(assignment: Assignment, kind: str) -> tuple[str, str, bytes]:
    """Name, what to do with it, content.

    Raises:
        CannotMake: a sentence for staff.
    """
    if kind in HANDED_OUT:
        files = for_student(assignment, assignment.quiz_seed, shared=kind == "students")
        packed = zipped((f"{assignment.id}/{name}", data) for name, data in files.items())
        return f"{assignment.id}.zip", HANDED_OUT[kind], packed
    if kind in QUIZZES:
        return _quiz(assignment, kind)
    made = packages(kind)(assignment)
    return f"{assignment.id}-{kind}.zip", made.told, zipped(made.files.items())


def _quiz(assignment: Assignment, kind: str) -> tuple[str, str, bytes]:
    name, first = QUIZZES[kind], assignment.quiz_seed
    drawn = {seed: assignment.quiz(seed) for seed in range(first, first + VARIANTS)}
    try:
        body = export(kind, assignment.id, assignment.title, drawn)
    except CannotExport as error:
        raise CannotMake(str(error)) from error
    told = f"Import it into the platform's question bank: {VARIANTS} variants of each question to draw from."
    return f"{assignment.id}-{name}", " ".join([told, *losses(drawn, kind)]), body
