"""Proves an assignment before anyone is marked with it, and tells the web process what it may know of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from autograder import quiz
from autograder.assignment import BadAssignment
from autograder.model import Assignment
from autograder.render.proof import TITLES
from autograder.service.store.locks import locked
from autograder.service.store.rows import added, count
from autograder.service.store.schema import AssignmentRow as Asked
from autograder.service.store.schema import JobRow, SubmissionRow, VersionRow, now
from autograder.service.worker.context import Context
from autograder.verify import Proof, verify

TOO_LATE = "The changed folder is proven, but submissions came meanwhile: it comes in by a regrade."
TOLD_SECONDS = 1.0  # between two notes of progress


def prove(context: Context, job: JobRow) -> dict[str, Any]:
    """The job of an assignment that a course wants: without a proof that holds it stays closed."""
    with context.store.reading() as db:
        asked = db.get_one(Asked, job.payload["assignment"])
        source = asked.source
    try:
        assignment = context.assignment(source, fresh=True)
    except BadAssignment as error:
        return {"problem": str(error)}
    proof = verify(assignment, context.sandbox, progress=told(context, job.id))
    with context.store.writing() as db:
        asked = locked(db, asked.id)
        version = keep(db, asked.id, assignment, proof)
        if version.state == "proven" and version.id != asked.version_id:
            if asked.version_id and count(db, SubmissionRow.assignment_id == asked.id):  # since the proof was asked for
                return {"version": version.id, "holds": True, "problem": TOO_LATE}
            asked.version_id = version.id
        return {"version": version.id, "holds": proof.holds}


def sources(context: Context, _job: JobRow) -> dict[str, Any]:
    """The job that lists what this worker could prove: the operator's assignments before those that come with us."""
    return {"sources": [{"name": name, "title": title} for name, title in context.sources().items()]}


def told(context: Context, job_id: str) -> Callable[[int, int], None]:
    """Writes how far a proof is into its job, for who watches; not each of a hundred steps."""
    last = 0.0

    def progress(done: int, total: int) -> None:
        nonlocal last
        if done == total or now() - last > TOLD_SECONDS:
            last = now()
            with context.store.writing() as db:
                told = {"done": done, "of": total}
                db.execute(sa.update(JobRow).where(JobRow.id == job_id, JobRow.state == "running").values(result=told))

    return progress


def keep(db: sa.orm.Session, assignment_id: str, assignment: Assignment, proof: Proof) -> VersionRow:
    """The version of this digest, with its newest proof."""
    known = kept(db, assignment_id, assignment.digest)
    version = known or VersionRow(assignment_id=assignment_id, digest=assignment.digest)
    version.state = "proven" if proof.holds else "refused"
    rows = [dataclasses.asdict(row) for row in proof.rows]
    version.proof = {"seed": proof.seed, "sandbox": proof.sandbox, "titles": dict(TITLES), "rows": rows}
    version.about = about(assignment)
    return added(db, version)


def kept(db: sa.orm.Session, assignment_id: str, digest: str) -> VersionRow | None:
    """Return the version of this digest, if it was looked at before."""
    wanted = VersionRow.assignment_id == assignment_id, VersionRow.digest == digest
    return db.scalar(sa.select(VersionRow).where(*wanted))


def about(assignment: Assignment) -> dict[str, Any]:
    """Return what the web process may know of an assignment: nothing here is a key."""
    return {
        "title": assignment.title,
        "main": assignment.main,
        "criteria": [dataclasses.asdict(criterion) for criterion in assignment.criteria],
        "handout": assignment.handout(assignment.quiz_seed),
        "quiz": bool(assignment.quiz(assignment.quiz_seed)),
        "quiz_points": quiz.points(assignment) if quiz.that_counts(assignment).quiz_counts else 0.0,
    }
