"""Proves an assignment before anyone is marked with it, and tells the web process what it may know of it."""

from __future__ import annotations

import dataclasses
from typing import Any

import sqlalchemy as sa

from autograder.model import Assignment
from autograder.service.store.schema import Assignment as Asked
from autograder.service.store.schema import Job, Version
from autograder.service.worker.context import Context
from autograder.verify import Proof, verify


def prove(context: Context, job: Job) -> dict[str, Any]:
    """The job of an assignment that a course wants: without a proof that holds it stays closed."""
    with context.store.reading() as db:
        asked = db.get_one(Asked, job.payload["assignment"])
        source = asked.source
    assignment = context.assignment(source)
    proof = verify(assignment, context.sandbox, jobs=1)
    with context.store.writing() as db:
        version = keep(db, asked.id, assignment, proof)
        if version.state == "proven":
            db.get_one(Asked, asked.id).version_id = version.id
        return {"version": version.id, "holds": proof.holds}


def keep(db: sa.orm.Session, assignment_id: str, assignment: Assignment, proof: Proof) -> Version:
    """The version of this digest, with its newest proof."""
    version = db.scalar(
        sa.select(Version).where(Version.assignment_id == assignment_id, Version.digest == assignment.digest)
    ) or Version(assignment_id=assignment_id, digest=assignment.digest)
    version.state = "proven" if proof.holds else "refused"
    version.proof = {"seed": proof.seed, "sandbox": proof.sandbox, "rows": [dataclasses.asdict(r) for r in proof.rows]}
    version.about = about(assignment)
    db.add(version)
    db.flush()
    return version


def about(assignment: Assignment) -> dict[str, Any]:
    """What the web process knows of an assignment: nothing here is a key."""
    return {
        "title": assignment.title,
        "main": assignment.main,
        "criteria": [dataclasses.asdict(criterion) for criterion in assignment.criteria],
        "handout": assignment.handout(assignment.quiz_seed),
        "quiz": bool(assignment.quiz(assignment.quiz_seed)),
        "quiz_required": assignment.quiz_required,
    }
