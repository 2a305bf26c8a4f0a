"""The quiz as a form: a student's own questions, answers that are saved while they are given, and handing them in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.orm import Session

from autograder.reading import Unreadable, is_empty, read_as
from autograder.service.queue import OPEN, Queue, unpark
from autograder.service.rules import answers as rules
from autograder.service.rules import policy as policies
from autograder.service.store.grades import due_at
from autograder.service.store.links import hashed
from autograder.service.store.rows import jobs_about, theirs, version_of
from autograder.service.store.schema import AssignmentRow, JobRow, SheetRow, SubmissionRow, VersionRow, new_id, now
from autograder.service.web.edge import rates
from autograder.service.web.edge.access import Actor, Me, assignment_for, audit
from autograder.service.web.edge.security import ours
from autograder.service.web.edge.site import page, site
from autograder.service.web.student.submitting import NotTaken, receive

AGAIN_SECONDS = 60.0  # after which opening the page tries a quiz again that could not be drawn

router = APIRouter(include_in_schema=False)


async def filled(request: Request) -> dict[str, list[str]]:
    """Dependency: every field of the form with its values; files are not asked for here."""
    form = await request.form()
    texts = {name: [value for value in form.getlist(name) if isinstance(value, str)] for name in form}
    return {name: [text.replace("\0", "") for text in all_] for name, all_ in texts.items()}


Filled = Annotated[dict[str, list[str]], Depends(filled)]


@dataclass(frozen=True)
class Quiz:
    """An assignment's quiz as this person sees it."""

    asked: AssignmentRow
    state: str  # "none" | "early" | "missing" | "drawing" | "parked" | "open" | "shut"
    why: str = ""  # it cannot be filled in
    sheet: SheetRow | None = None  # of an older version while a new one is drawn
    due: float | None = None

    @property
    def questions(self) -> Sequence[rules.Question]:
        return self.sheet.items if self.sheet else ()

    def number(self, item: str) -> int:
        return 1 + [question["id"] for question in self.questions].index(item)


@router.get("/a/{assignment_id}/quiz")
def show(request: Request, actor: Me, assignment_id: str) -> Response:
    with site(request).store.reading() as db:
        quiz = _quiz(db, actor, assignment_id)
    if quiz.state == "missing":
        with site(request).store.writing() as db:
            quiz = _ask_for(site(request).queue, db, actor, quiz)
    return _page(request, quiz, quiz.sheet.answers if quiz.sheet else {})


@router.post("/a/{assignment_id}/quiz", dependencies=[Depends(ours)])
def save(request: Request, actor: Me, assignment_id: str, given: Filled) -> Response:
    quietly = "hx-request" in request.headers
    with site(request).store.writing() as db:
        quiz, answers, told = _saved(db, actor, assignment_id, given)
    if quietly:  # what was typed stays where it is, so an error is a sentence beside it
        return page(
            request,
            "_quiz_saved.html",
            quiz=quiz,
            answers=answers,
            told=told,
            readings=readings(quiz, answers),
            quietly=True,
        )
    if told:
        return _page(request, quiz, answers, told=told, status=409 if quiz.why else 422)
    return RedirectResponse(f"/a/{assignment_id}/quiz", 303)


@router.post("/a/{assignment_id}/quiz/hand-in", dependencies=[Depends(ours)])
def hand_in(request: Request, actor: Me, assignment_id: str, given: Filled) -> Response:
    """The saved answers with the latest code, as a submission of their own."""
    with site(request).store.writing() as db:
        quiz, answers, told = _saved(db, actor, assignment_id, given)
        latest = _latest_code(db, actor, assignment_id)
        if not told and quiz.state != "open":
            told = "Your answers are saved, but questions have changed. Look at them again before you hand in."
        if not told and not answers:
            told = "You have answered nothing yet, so there is nothing to hand in."
        if not told and latest is None:
            told = "Your answers are saved. Hand in your code first: the quiz is marked together with it."
        if not told and latest is not None:
            # The same answers with the same code, sent twice by one page, are one submission.
            key = hashed("\0".join([*given.get("key", [])[:1], latest.digest, rules.as_toml(answers).decode()]))
            try:
                rates.spend_upload(request, actor.id, len(latest.upload or b""))
                made = receive(
                    db,
                    site(request).queue,
                    quiz.asked,
                    actor.id,
                    latest.name,
                    latest.upload or b"",
                    answers=answers,
                    alone=True,
                    idempotency_key=key,
                )
            except NotTaken as error:
                told = f"Your answers are saved, but they were not handed in. {error.admission.why}"
            except HTTPException as error:
                told = f"Your answers are saved, but they were not handed in. {error.detail}"
            else:
                audit(db, actor, "submission.made", made.id, quiz.asked.course_id, quiz=True)
                return RedirectResponse(f"/s/{made.id}", 303)
    return _page(request, quiz, answers, told=told, status=409)


def _page(request: Request, quiz: Quiz, answers: dict[str, Any], *, told: str = "", status: int = 200) -> Response:
    return page(
        request,
        "quiz.html",
        status=status,
        quiz=quiz,
        answers=answers,
        told=told,
        key=new_id(),
        readings=readings(quiz, answers),
        quietly=False,
    )


@dataclass(frozen=True)
class Read:
    """Return how a typed answer is read, or why it cannot be; neither says whether it is right."""

    words: str = ""
    problem: str = ""


TYPED = ("numeric", "prediction", "formula")  # what else there is, is clicked, or read by a person


def readings(quiz: Quiz, answers: dict[str, Any]) -> dict[str, Read | None]:
    """Return the readings by question, for those that are typed into a line; None where nothing was typed."""
    typed = [question for question in quiz.questions if question["kind"] in TYPED]
    return {question["id"]: _read(question, answers.get(question["id"])) for question in typed}


def _read(question: rules.Question, answer: object) -> Read | None:
    if is_empty(answer):
        return None
    try:
        return Read(words=read_as(question, answer))
    except Unreadable as error:
        return Read(problem=str(error))


# ------------------------------------------------------------------------------------------------------- what is so
def _quiz(db: Session, actor: Actor, assignment_id: str, *, lock: bool = False) -> Quiz:
    """Return the state of this quiz for this person.

    Raises:
        HTTPException: 404.
    """
    asked = assignment_for(db, actor, assignment_id)
    version = version_of(db, asked)
    if version is None or not version.about["quiz"]:
        return Quiz(asked, "none")
    due = due_at(db, asked, actor.id)
    unlimited = replace(policies.from_json(asked.policy), limit=0)  # answers may be saved as often as they like
    admission = policies.admit(unlimited, (), now(), due_at=due)
    if admission.next_at and asked.course_id not in actor.staff:
        return Quiz(asked, "early", admission.why)
    why = "" if asked.course_id in actor.staff else admission.why
    sheet = db.get(SheetRow, (asked.id, actor.id), with_for_update=lock or None)
    if sheet is None or sheet.digest != version.digest:
        return Quiz(asked, _drawing(db, actor, asked, version), why, sheet, due)
    return Quiz(asked, "shut" if why else "open", why, sheet, due)


def _drawing(db: Session, actor: Actor, asked: AssignmentRow, version: VersionRow) -> str:
    """Return the state of the job that draws these questions: "missing", "drawing", or "parked" when it just failed."""
    job = _job(db, actor, asked, version)
    if job is not None and job.state in OPEN:
        return "drawing"
    failed = job is not None and job.state == "parked" and now() < (job.finished_at or 0.0) + AGAIN_SECONDS
    return "parked" if failed else "missing"


def _job(db: Session, actor: Actor, asked: AssignmentRow, version: VersionRow) -> JobRow | None:
    """The newest that draws this person's questions."""
    mine = jobs_about(db, "sheet", JobRow.user_id == actor.id, assignment=asked.id, digest=version.digest)
    return next(iter(mine), None)


def _ask_for(queue: Queue, db: Session, actor: Actor, quiz: Quiz) -> Quiz:
    """Puts the job that draws the questions: the web process knows neither keys nor the secret of variants."""
    version = db.get_one(VersionRow, quiz.asked.version_id)
    payload = {"assignment": quiz.asked.id, "digest": version.digest}
    known = _job(db, actor, quiz.asked, version)
    if known is None or not unpark(db, queue, known.id):
        queue.put(db, "sheet", "sheet", course_id=quiz.asked.course_id, user_id=actor.id, payload=payload)
    return replace(quiz, state="drawing")


def _saved(
    db: Session, actor: Actor, assignment_id: str, given: dict[str, list[str]]
) -> tuple[Quiz, dict[str, Any], str]:
    """Stores what was filled in: the quiz, the answers given, and why they were not taken ("" when they were).

    Raises:
        HTTPException: 404.
    """
    quiz = _quiz(db, actor, assignment_id, lock=True)
    sheet = quiz.sheet
    if sheet is None or quiz.why:
        return quiz, sheet.answers if sheet else {}, quiz.why or rules.MISFIT
    try:
        if given.get("digest") != [sheet.digest]:
            raise rules.Misfit(rules.MISFIT)
        answers = rules.answered(sheet.items, given)
    except rules.Misfit as error:
        return quiz, sheet.answers, str(error)
    if told := rules.problem(sheet.items, answers):
        return quiz, answers, told
    sheet.answers, sheet.saved_at = answers, now()
    return quiz, answers, ""


def _latest_code(db: Session, actor: Actor, assignment_id: str) -> SubmissionRow | None:
    return db.scalar(
        sa.select(SubmissionRow)
        .where(
            *theirs(assignment_id, actor.id),
            SubmissionRow.practice.is_(False),
            SubmissionRow.upload.is_not(None),
        )
        .order_by(SubmissionRow.number.desc())
        .limit(1)
    )
