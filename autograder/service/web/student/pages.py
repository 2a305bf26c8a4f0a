"""Students' pages: their courses, an assignment to hand in to, and a submission with its report."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

import sqlalchemy as sa
from fastapi import APIRouter, Depends, File, Form, HTTPException, Query, Request, UploadFile
from fastapi.responses import RedirectResponse, Response
from markupsafe import Markup
from sqlalchemy.orm import Session

from autograder.render import html
from autograder.render.markdown import unstyled_html
from autograder.service.rules import policy as policies
from autograder.service.rules import zones
from autograder.service.rules.grades import Standing
from autograder.service.rules.weights import rubric
from autograder.service.store.grades import with_quiz
from autograder.service.store.rows import version_of
from autograder.service.store.schema import (
    AssignmentRow,
    CourseRow,
    ExtensionRow,
    NoticeRow,
    SheetRow,
    SubmissionRow,
    UserRow,
    VersionRow,
    now,
)
from autograder.service.store.standings import standings, standings_of
from autograder.service.web.edge import rates
from autograder.service.web.edge.access import Actor, Me, assignment_for, audit, submission_for
from autograder.service.web.edge.live import sights
from autograder.service.web.edge.security import ours
from autograder.service.web.edge.site import page, part, site
from autograder.service.web.student.code import has_notes
from autograder.service.web.student.comments import comments, rows
from autograder.service.web.student.groups import group_of
from autograder.service.web.student.notices import read, shown
from autograder.service.web.student.submitting import NotTaken, admission_of, receive
from autograder.service.web.student.telling import Telling, history, reader, told

MOST_UPLOAD = 8_000_000  # bytes: the largest that is read of any kind of file

OF_COURSE = sa.func.coalesce(AssignmentRow.course_id, NoticeRow.course_id)  # of a notice, joined to what it is about

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True)
class Task:
    """An assignment, as its student's list has it."""

    asked: AssignmentRow
    due_at: float | None  # for this student
    extended: bool
    opens_at: float | None  # None: it is open
    late: bool  # what is handed in now
    over: bool  # nothing is taken any more
    standing: Standing | None
    withheld: Literal["", "points", "total"]  # what is there and not shown now; without the total the code's points are
    shown_at: float | None  # when it will be; None: never
    handed_in: bool = False


class NothingToTake(Exception):
    """An upload holds nothing to mark; the message tells the student what to do."""


# --------------------------------------------------------------------------------------------------------- home
@router.get("/")
def home(request: Request, actor: Me) -> Response:
    with site(request).store.reading() as db:
        return page(request, "home.html", **_home(db, actor))


def _home(db: Session, actor: Actor) -> dict[str, Any]:
    courses = db.scalars(
        sa.select(CourseRow)
        .where(CourseRow.id.in_(actor.student | actor.staff.keys()))
        .order_by(CourseRow.archived_at.is_not(None), CourseRow.title)
    ).all()
    every = db.scalars(
        sa.select(AssignmentRow)
        .where(AssignmentRow.course_id.in_(actor.student), AssignmentRow.open)
        .order_by(AssignmentRow.made_at)
    ).all()
    extended = {
        one.assignment_id: one.due_at
        for one in db.scalars(
            sa.select(ExtensionRow).where(
                ExtensionRow.user_id == actor.id, ExtensionRow.assignment_id.in_([asked.id for asked in every])
            )
        )
    }
    standing, quizzes = standings_of(db, actor.id, every), with_quiz(db, every)
    handed_in = _handed_in(db, actor.id, every)
    tasks: dict[str, list[Task]] = {course.id: [] for course in courses}
    for asked in every:
        task = _task(asked, extended.get(asked.id), standing.get(asked.id), asked.id in quizzes)
        tasks[asked.course_id].append(replace(task, handed_in=asked.id in handed_in))
    notices = shown(db, actor, list(db.scalars(_notices(actor).order_by(NoticeRow.made_at.desc()))))
    return {"courses": courses, "tasks": tasks, "notices": notices, "zones": _zones(db, notices, courses)}


def _handed_in(db: Session, user_id: str, every: Sequence[AssignmentRow]) -> set[str]:
    """Return the ids of those to which this student has handed in; practice is not counted."""
    has_any = sa.exists().where(
        SubmissionRow.assignment_id == AssignmentRow.id,
        SubmissionRow.user_id == user_id,
        SubmissionRow.practice.is_(False),
    )
    return set(db.scalars(sa.select(AssignmentRow.id).where(AssignmentRow.id.in_([one.id for one in every]), has_any)))


def _zones(db: Session, notices: Sequence[NoticeRow], courses: Sequence[CourseRow]) -> dict[str, str]:
    """Return each notice's time zone by its id: of its course, else the one that all courses share."""
    shared = {course.time_zone for course in courses}
    known = dict.fromkeys([one.id for one in notices], shared.pop() if len(shared) == 1 else zones.UTC)
    rows = db.execute(
        sa.select(NoticeRow.id, CourseRow.time_zone)
        .outerjoin(SubmissionRow, SubmissionRow.id == NoticeRow.submission_id)
        .outerjoin(AssignmentRow, AssignmentRow.id == SubmissionRow.assignment_id)
        .join(CourseRow, CourseRow.id == OF_COURSE)
        .where(NoticeRow.id.in_(known))
    )
    return known | {one.id: one.time_zone for one in rows}


def _notices(actor: Actor) -> sa.Select[NoticeRow]:
    """Return notices that this person has not dismissed; a session that a platform opened sees those of its course."""
    theirs = sa.select(NoticeRow).where(NoticeRow.user_id == actor.id, NoticeRow.seen_at.is_(None))
    if actor.only is None:
        return theirs
    return (
        theirs.outerjoin(SubmissionRow, SubmissionRow.id == NoticeRow.submission_id)
        .outerjoin(AssignmentRow, AssignmentRow.id == SubmissionRow.assignment_id)
        .where(OF_COURSE.is_not_distinct_from(actor.only))
    )


def _task(asked: AssignmentRow, extension: float | None, standing: Standing | None, quiz: bool) -> Task:  # noqa: FBT001 - of four facts
    policy, at = policies.from_json(asked.policy), now()
    due = policies.due_for(policy, extension)
    admission = policies.admit(policy, (), at, due_at=due)
    told, shows = policies.points_shown(policy, at, due, quiz=quiz), policies.shows_at(policy, due)
    of_code = policies.shown(policy.show_marks, at, shows)
    return Task(
        asked,
        due,
        extended=due != policy.due_at,
        opens_at=admission.next_at,
        late=admission.late_seconds > 0,
        over=not admission.admitted and admission.next_at is None,
        standing=standing if told else None,
        withheld="" if told or not standing else "total" if of_code else "points",
        shown_at=shows if policy.show_marks != "never" else None,
    )


@router.post("/notices/{notice_id}/seen", dependencies=[Depends(ours)])
def seen(request: Request, actor: Me, notice_id: str) -> Response:
    with site(request).store.writing() as db:
        db.execute(
            sa.update(NoticeRow)
            .where(NoticeRow.id == notice_id, NoticeRow.user_id == actor.id, NoticeRow.seen_at.is_(None))
            .values(seen_at=now())
        )
    return RedirectResponse("/", 303)


# ------------------------------------------------------------------------------------------------ an assignment
@router.get("/a/{assignment_id}")
def assignment(
    request: Request, actor: Me, assignment_id: str, before: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0
) -> Response:
    with site(request).store.reading() as db:
        asked = assignment_for(db, actor, assignment_id)
        return _assignment_page(request, db, actor, asked, before=before)


@router.post("/a/{assignment_id}/submissions", dependencies=[Depends(ours)])
def submit(
    request: Request,
    actor: Me,
    assignment_id: str,
    *,
    file: Annotated[UploadFile | None, File()] = None,
    code: Annotated[str, Form()] = "",
    key: Annotated[str, Form()] = "",
    practice: Annotated[bool, Form()] = False,
    kept_name: Annotated[str, Form(alias="file.name")] = "",
    kept_file: Annotated[str, Form(alias="file.base64")] = "",
) -> Response:
    """Stores it and shows it; or the page again, with the reason and what was typed.

    A file comes as `file.base64` where the page that asked to sign in kept it.
    """
    of = site(request)
    with of.store.reading() as db:
        asked = assignment_for(db, actor, assignment_id)
        version = version_of(db, asked)
        try:
            name, upload = _sent(_unpacked(kept_name, kept_file) if kept_file else file, code, version)
        except NothingToTake as error:
            return _assignment_page(request, db, actor, asked, refused=str(error), code=code, status=422)
    rates.spend_upload(request, actor.id, len(upload))
    with of.store.writing() as db:
        sheet = None if practice else db.get(SheetRow, (asked.id, actor.id))  # practice is code alone
        answers = sheet.answers if sheet else {}
        try:
            stored = receive(
                db,
                of.queue,
                asked,
                actor.id,
                name,
                upload,
                answers=answers,
                practice=practice,
                idempotency_key=_once(key, name, upload, answers),
            )
        except NotTaken as error:
            refusal = error.admission
        else:
            audit(db, actor, "submission.made", stored.id, asked.course_id)
            return RedirectResponse(f"/s/{stored.id}", 303)
    with of.store.reading() as db:
        return _assignment_page(request, db, actor, asked, refused=refusal.why, code=code, status=409)


def _unpacked(name: str, text: str) -> UploadFile:
    """Raises: HTTPException: no page of ours wrote this."""
    try:
        return UploadFile(io.BytesIO(base64.b64decode(text, validate=True)), filename=name)
    except ValueError as error:
        raise HTTPException(
            422, "The file that was kept is damaged. Go back to the assignment and choose it again."
        ) from error


def _sent(file: UploadFile | None, code: str, version: VersionRow | None) -> tuple[str, bytes]:
    """Name and bytes of what was handed in.

    Raises:
        NothingToTake: a sentence for the student.
    """
    chosen = file if file is not None and file.filename else None
    if version is None:
        raise NothingToTake("This assignment is still being prepared. Nothing can be handed in yet; try again later.")
    if chosen and code.strip():
        raise NothingToTake("You chose a file and pasted code too. Hand in one of them: the file must be chosen again.")
    if chosen:
        name, upload = chosen.filename or "", chosen.file.read(MOST_UPLOAD + 1)
    else:
        name, upload = version.about["main"], code.replace("\r\n", "\n").encode("utf-8", "replace")
    if not upload.strip():
        missing = "That file is empty." if chosen else "There was no file and no code."
        raise NothingToTake(f"{missing} Choose your {version.about['main']}, or paste what is in it.")
    if len(upload) > MOST_UPLOAD:
        raise NothingToTake(f"That file is larger than {MOST_UPLOAD // 10**6} MB. Hand in only your code.")
    return name, upload


def _once(key: str, name: str, upload: bytes, answers: dict[str, Any]) -> str:
    """The form's key and what was in it: sent twice it is one submission, changed after going back it is another."""
    if not key:
        return ""
    told = json.dumps([key, name, answers], sort_keys=True).encode()
    return "form-" + hashlib.sha256(told + upload).hexdigest()


def _assignment_page(
    request: Request,
    db: Session,
    actor: Actor,
    asked: AssignmentRow,
    *,
    before: int = 0,
    refused: str = "",
    code: str = "",
    status: int = 200,
) -> Response:
    version = version_of(db, asked)
    eyes = reader(db, asked, actor.id)
    lines, more = history(db, asked, actor.id, eyes, before=before)
    admission = admission_of(db, asked, actor.id)
    sheet = db.get(SheetRow, (asked.id, actor.id))
    about = version.about if version else {}
    early = eyes.policy.opens_at is not None and now() < eyes.policy.opens_at and asked.course_id not in actor.staff
    return page(
        request,
        "assignment.html",
        status=status,
        asked=asked,
        course=db.get_one(CourseRow, asked.course_id),
        about=None if early else about,
        rubric=rubric(about, eyes.policy.points),
        group=group_of(db, asked, actor.id),
        handout=unstyled_html(about.get("handout", "")) if not early else "",
        policy=eyes.policy,
        due_at=eyes.due_at,
        extended=eyes.due_at != eyes.policy.due_at,
        cost=100 * (1 - policies.kept(eyes.policy, admission.late_seconds, now())) if admission.admitted else 0,
        admission=admission,
        standing=standings(db, asked, actor.id).get(actor.id) if eyes.sees_standing else None,
        withheld=eyes.withheld,
        lines=lines,
        more=more,
        before=before,
        answered=len(sheet.answers) if sheet else 0,
        refused=refused,
        code=code,
        key=secrets.token_urlsafe(16),
        most=MOST_UPLOAD,
    )


# ------------------------------------------------------------------------------------------------- a submission
@router.get("/s/{submission_id}")
def submission(request: Request, actor: Me, submission_id: str, report: str = "") -> Response:
    with site(request).store.reading() as db:
        found, asked = submission_for(db, actor, submission_id)
        staff = asked.course_id in actor.staff
        said = told(db, found, asked, report_id=report, staff=staff)
        sight = sights(db, [found.id])[found.id] if said.seen is None else None
        course, owner = db.get_one(CourseRow, asked.course_id), db.get_one(UserRow, found.user_id)
        seen = said.seen.report if said.seen else None
        thread = comments(db, found, seen)
    if said.seen is not None:
        read(request, actor, found.id)
    body = report_body(request, said, course, owner, staff=staff) if said.seen else ""
    values: dict[str, Any] = {"submission": found, "asked": asked, "course": course, "owner": owner}
    return page(
        request, "submission.html", told=said, sight=sight, body=body, comments=thread, rows=rows(seen), **values
    )


def report_body(request: Request, shown: Telling, course: CourseRow, owner: UserRow, *, staff: bool) -> Markup:
    """The report of a submission with what is told beside it, for inside of a page; it has the page's h1."""
    assert shown.seen is not None
    values = {"told": shown, "submission": shown.submission, "asked": shown.asked, "course": course, "owner": owner}
    drawn = part(request, "_drawing.html", told=shown) if shown.pictures is None else html.pictures(shown.pictures)
    no_marks = shown.seen.hides("marks") and shown.seen.report.status == "graded"
    return html.body(
        shown.seen.report,
        staff=staff,
        heading="Your submission has been marked." if no_marks else "",
        which=part(request, "_which.html", **values),
        told=part(request, "_told.html", has_notes=has_notes(shown), **values),
        pictures=drawn,
    )
