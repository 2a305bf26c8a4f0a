"""Marks submissions again with the edition that lies in an assignment's folder now: reports beside the old ones."""

from __future__ import annotations

import time
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from autograder import quiz
from autograder.assignment import BadAssignment
from autograder.model import Assignment
from autograder.service.outbox import passback_due
from autograder.service.queue import rescued
from autograder.service.rules import policy as policies
from autograder.service.rules.weights import QUIZ, Points
from autograder.service.store import regrades
from autograder.service.store.locks import locked
from autograder.service.store.rows import note
from autograder.service.store.schema import AssignmentRow as Asked
from autograder.service.store.schema import JobRow, RegradeRow, ReportRow, SubmissionRow, VersionRow
from autograder.service.store.standings import refresh
from autograder.service.worker import marking, proving
from autograder.service.worker.context import Context
from autograder.verify import Proof, verify

AT_ONCE = 50  # jobs in a transaction: about as many milliseconds
BETWEEN_SECONDS = 0.02  # in which others write


def regrade(context: Context, job: JobRow) -> dict[str, Any]:
    """The job of a regrade: proves the present edition, unless it is proven, and puts a job for each submission."""
    with context.store.reading() as db:
        wanted = db.get_one(RegradeRow, job.payload["regrade"])
        asked = db.get_one(Asked, wanted.assignment_id)
    if wanted.state == "proving" and (refused := _refused_by(context, job, wanted, asked)):
        with context.store.writing() as db:
            db.execute(
                sa.update(RegradeRow)
                .where(RegradeRow.id == wanted.id, RegradeRow.state == "proving")
                .values(state="refused")
            )
        return {"told": refused}
    return _put(context, wanted.id)


def _refused_by(context: Context, job: JobRow, wanted: RegradeRow, asked: Asked) -> str:
    """Proves the edition in the folder: the regrade is under way from then on, or this is why not."""
    try:
        assignment = context.assignment(asked.source, fresh=True)
    except BadAssignment as error:
        return str(error)
    with context.store.reading() as db:
        known = proving.kept(db, asked.id, assignment.digest)
    proven = known is not None and known.state == "proven"
    told = proving.told(context, job.id)
    proof = None if proven else verify(assignment, context.sandbox, progress=told)
    with context.store.writing() as db:
        asked = locked(db, asked.id)
        return _begun(db, asked, wanted.id, assignment, proof)


def _begun(db: Session, asked: Asked, regrade_id: str, assignment: Assignment, proof: Proof | None) -> str:
    wanted = db.get_one(RegradeRow, regrade_id, with_for_update=True)
    known = proving.kept(db, asked.id, assignment.digest)
    version = proving.keep(db, asked.id, assignment, proof) if proof else known
    assert version is not None
    if wanted.state != "proving":  # dismissed meanwhile, or begun by a worker that was thought dead
        return ""
    wanted.version_id = version.id
    if version.state != "proven":
        failed = [row["name"] for row in version.proof["rows"] if not row["holds"]]
        return f"Its proof fails: {', '.join(failed[:5])}."
    wanted.state = "running"
    refresh(db, asked)  # from now on, what its reports make of everybody is kept too
    wanted.total = len(regrades.candidates(db, asked, version.digest))
    return ""


def _put(context: Context, regrade_id: str) -> dict[str, Any]:
    """Puts the jobs of a regrade under way, some at a time: whoever hands in meanwhile waits for a few of them only."""
    with context.store.reading() as db:
        wanted = db.get_one(RegradeRow, regrade_id)
        if wanted.state != "running":
            return {}
        asked, version = db.get_one(Asked, wanted.assignment_id), db.get_one(VersionRow, wanted.version_id)
        left = regrades.left_out(db, asked, wanted, version.digest)
    put = wanted.put
    for start in range(0, len(left) or 1, AT_ONCE):
        some, rest = left[start : start + AT_ONCE], left[start + AT_ONCE :]
        with context.store.writing() as db:
            wanted = db.get_one(RegradeRow, regrade_id, with_for_update=True)
            if wanted.state != "running":  # dismissed
                return {}
            if wanted.put != put:  # another worker puts them too, or did: what is left is another list
                break
            there = sa.select(SubmissionRow.id).where(SubmissionRow.id.in_([one.id for one in some]))
            there = there.order_by(SubmissionRow.id)
            kept = set(db.scalars(there.with_for_update(read=True)))  # who was erased meanwhile gets no job
            some = [one for one in some if one.id in kept]
            for handed_in in some:
                context.queue.put(db, **regrades.remark(asked, wanted, handed_in))
            wanted.put = put = put + len(some)
            wanted.total = put + len(rest)  # others may have come since it began, or gone
        time.sleep(BETWEEN_SECONDS)
    else:
        return {"submissions": put, "same": version.id == asked.version_id}
    return _put(context, regrade_id)


def remark(context: Context, job: JobRow) -> dict[str, Any]:
    """The job of one submission in a regrade. What counts does not change, unless the regrade was applied before."""
    with context.store.reading() as db:
        wanted = db.get_one(RegradeRow, job.payload["regrade"])
        handed_in = db.get_one(SubmissionRow, job.submission_id)
        asked = db.get_one(Asked, handed_in.assignment_id)
        version = db.get_one(VersionRow, wanted.version_id)
        if wanted.state == "dismissed" or handed_in.upload is None:
            return {"skipped": "dismissed" if wanted.state == "dismissed" else "erased"}
        there = db.execute(
            sa.select(ReportRow.id, ReportRow.pictures.is_not(None).label("drawn")).where(
                ReportRow.submission_id == handed_in.id, ReportRow.digest == version.digest
            )
        ).first()
        assignment = quiz.that_counts(context.assignment(asked.source, version.digest))
        waits = handed_in.report_id is None  # it was parked, and its student was promised a report
        full = _full(assignment, handed_in, policies.from_json(asked.policy).points)
        if not (there or waits) and not regrades.can_matter(db, asked, handed_in, version.digest, full):
            return {"skipped": "cannot matter"}
    # A worker that died in between has left its report without pictures: they are drawn from the same verdict.
    verdict = None if there and there.drawn else marking.verdict_of(context, handed_in, asked, version)
    with context.store.writing() as db:
        asked = locked(db, asked.id, read=True, user_id=handed_in.user_id)
        report_id = marking.stored(db, asked, handed_in.id, verdict).id if verdict else there.id  # type: ignore[union-attr]  # one of the two
        now = db.get_one(RegradeRow, wanted.id)
        if now.state == "applied" and asked.version_id == version.id:
            for change in regrades.settle(db, asked, version, lowering=now.lowering, user_id=handed_in.user_id):
                passback_due(db, context.queue, asked, change.user_id)
                detail = {"user": change.user_id, "from": change.old, "to": change.new}
                note(db, None, "regrade.settled", now.id, asked.course_id, **detail)
            rescued(db, asked.id)
        else:  # also when it is over: the next one, under way, may be with the same edition
            refresh(db, asked, [handed_in.user_id])
    if verdict:
        marking.draw(context, report_id, verdict.charts)
    return {"report": report_id}


def _full(assignment: Assignment, handed_in: SubmissionRow, chosen: Points) -> float:
    """The most points that this submission can get in this edition: of the quiz only if it has answers to it."""
    code = sum(chosen.get(criterion.id, criterion.points) for criterion in assignment.criteria)
    answered = assignment.quiz_counts and quiz.FILE in marking.read(handed_in, assignment, "").files
    return code + chosen.get(QUIZ, quiz.points(assignment)) * bool(answered)
