"""The HTTP API, version 1: hand in, ask how it stands, read the report, mark again, fetch the gradebook.

A bearer token may do what its owner may on the pages. What goes in and out is typed, and /openapi.json is made of it.
"""

from __future__ import annotations

import base64
import hashlib
import math
from typing import Annotated, Any, Literal

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Header, HTTPException, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from sqlalchemy.orm import Session
from starlette.datastructures import UploadFile

from autograder.render import jsonl, quiz_held_back
from autograder.service.queue import QueuePlace
from autograder.service.rules import answers
from autograder.service.rules.weights import QUIZ, rubric
from autograder.service.store import regrades
from autograder.service.store import schema as tables
from autograder.service.store.locks import locked
from autograder.service.store.rows import count, version_of
from autograder.service.store.standings import standings
from autograder.service.web.edge import rates
from autograder.service.web.edge.access import (
    Actor,
    Bearer,
    Right,
    assignment_for,
    audit,
    known,
    staffed_assignment,
    submission_for,
)
from autograder.service.web.edge.live import sights
from autograder.service.web.edge.site import site
from autograder.service.web.staff import downloads, regrade
from autograder.service.web.student.submitting import NotTaken, in_turn, receive
from autograder.service.web.student.telling import reader

PAGE = 50  # submissions of one answer
MOST_ANSWERS = 200  # entries; quiz.toml has the same cap
ID = r"^[a-z2-7]{16}$"
Id = Annotated[str, Path(pattern=ID, description="As another answer told it.")]


# ----------------------------------------------------------------------------------------------- what goes out
class Problem(BaseModel):
    """An error: whose fault it is, and what to do."""

    detail: str


class Me(BaseModel):
    id: str
    name: str
    operator: bool


class AssignmentRef(BaseModel):
    id: str
    title: str
    open: bool


class CourseOut(BaseModel):
    id: str
    title: str
    role: Literal["student", "staff"]
    assignments: list[AssignmentRef]


class CriterionOut(BaseModel):
    id: str
    title: str
    points: float


class AssignmentOut(AssignmentRef):
    course: str
    main: str = Field(description="The file that is marked; empty, as the criteria are, before it opens.")
    criteria: list[CriterionOut]
    due_at: float | None = Field(description="For you, in seconds since the epoch; null: no due time.")
    points: float | None = Field(description="What you have; null: nothing marked, or not shown yet.")
    max_points: float | None


class SubmissionOut(BaseModel):
    id: str
    assignment: str
    user: str
    number: int
    name: str
    digest: str = Field(description="SHA-256 of the file.")
    made_at: float
    late_seconds: float
    state: Literal["queued", "running", "graded", "not_gradable", "superseded", "parked"]
    ahead: int | None = Field(None, description="While it waits: jobs that come first.")
    estimated_seconds: float | None = Field(
        None, description="While it waits or runs: how long it may take. Null while no worker is there."
    )


class Submissions(BaseModel):
    submissions: list[SubmissionOut]
    next: str | None = Field(description="Ask again with ?after= this; null: that was all.")


# ------------------------------------------------------------------------------------------------ what goes in
Text = Annotated[str, StringConstraints(max_length=64_000)]


class Upload(BaseModel):
    model_config = ConfigDict(extra="forbid", title="Upload")

    name: str = Field(min_length=1, max_length=200, description="Of the file: its ending says how it is read.")
    content: str = Field(min_length=1)
    encoding: Literal["text", "base64"] = "text"
    answers: dict[Annotated[str, StringConstraints(max_length=100)], Text | list[Text] | dict[str, Text]] = Field(
        default_factory=dict,
        max_length=MOST_ANSWERS,
        description="To the quiz, by item, as quiz.toml has them. Without any: those saved on the quiz's page.",
    )


class SubmissionIn(BaseModel):
    """A submission that came in either form."""

    name: str
    upload: bytes
    answers: dict[str, Any]


# -------------------------------------------------------------------------------------------------- the report
class Mark(BaseModel):
    """A row of the rubric."""

    id: str
    title: str
    score: float
    max_score: float
    status: str
    messages: list[str]


class DiagnosisOut(BaseModel):
    misconception: str
    criterion: str
    hint: str
    try_this: str


class ItemOut(BaseModel):
    """A question of the quiz."""

    id: str
    score: float
    max_score: float
    status: str
    message: str


class PartOut(BaseModel):
    """Code or quiz: what it has, out of what, and whether it is part of the total."""

    id: Literal["code", "quiz"]
    score: float
    max_score: float
    counts: bool
    state: str


class PlaceOut(BaseModel):
    """Lines of the submission, most likely those of a mistake."""

    line: int
    end_line: int
    source: str
    criterion: str
    kind: str
    cell: int | None = Field(None, description="Of a notebook: lines are counted in this cell.")


class File(BaseModel):
    path: str
    digest: str
    known_as: list[str] = Field(default=[], description="Other ids of whoever handed it in, where there are any.")


class ReportOut(BaseModel):
    """gradmark.report/1, as `gradmark grade --format json` writes it: what this reader may see of it now."""

    model_config = ConfigDict(serialize_by_alias=True)

    schema_: Literal["gradmark.report/1"] = Field(alias="schema")
    assignment: str
    assignment_digest: str
    seed: int
    submission: File
    status: Literal["graded", "not_gradable", "grader_error"]
    message: str
    score: float | None = Field(description="null: marks are not shown now, or the quiz, which counts, is not.")
    max_score: float | None
    criteria: list[Mark]
    diagnoses: list[DiagnosisOut]
    quiz: list[ItemOut]
    seconds: float
    sandbox: str
    versions: dict[str, str]
    remarks: list[str]
    parts: list[PartOut] = Field(description="Empty while marks are not shown.")
    places: list[PlaceOut] = Field(default=[], description="Not there where no line was found, or hints are not shown.")
    withheld: list[Literal["marks", "hints", "quiz"]] = Field(description="What staff show later, or not at all.")


# ---------------------------------------------------------------------------------------------------- requests
def _problems(*codes: int) -> dict[int | str, dict[str, Any]]:
    said = {
        400: "Broken: no JSON, or no form; or a form with more than the file.",
        401: "No token, or not a good one.",
        403: "A token that only reads.",
        404: "Not there, or not yours.",
        408: "Too slow.",
        409: "At odds with what is there.",
        413: "Too large.",
        415: "Neither JSON nor multipart.",
        422: "Not of the shape that is asked for.",
        429: "Too often: Retry-After says when again.",
    }
    after = {"headers": {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}}}
    return {code: {"model": Problem, "description": said[code], **(after if code == 429 else {})} for code in codes}


router = APIRouter(prefix="/api/v1", responses=_problems(401, 422, 429))
READ = _problems(404)
CHANGE = _problems(403, 404, 409)
Key = Annotated[
    str | None,
    Header(
        pattern=r"^[!-~]{1,100}$",
        description="Any text of your own: sent again with it, the same submission is stored once.",
    ),
]


async def handed_in(request: Request, actor: Bearer) -> SubmissionIn:
    """Dependency: the file of a request, sent as multipart or as JSON, after its sender is known.

    Raises:
        HTTPException: 415, 422 or 429.
    """
    rates.spend(request, rates.UPLOADS, actor.id)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json":
        found = _of_json(await request.body())
    elif kind == "multipart/form-data":
        async with request.form(max_files=1, max_fields=1) as form:
            file = form.get("file")
            if not isinstance(file, UploadFile):
                raise HTTPException(422, "file: send the file in the field `file` of the form.")
            found = SubmissionIn(name=file.filename or "", upload=await file.read(), answers={})
    else:
        raise HTTPException(415, "Send multipart/form-data with a field `file`, or application/json.")
    if not found.upload or not found.name.strip():
        raise HTTPException(422, "The file is empty, or has no name. Check that it was saved, and send it again.")
    rates.spend_upload(request, actor.id, len(found.upload))
    return found


def _of_json(body: bytes) -> SubmissionIn:
    try:
        sent = Upload.model_validate_json(body)
        upload = base64.b64decode(sent.content, validate=True) if sent.encoding == "base64" else sent.content.encode()
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, one['loc'])) or 'body'}: {one['msg']}" for one in error.errors()[:5])
        raise HTTPException(422, wrong) from error
    except ValueError as error:
        raise HTTPException(422, "content: this is not base64, which `encoding` says it is.") from error
    if len(answers.as_toml(sent.answers)) > answers.MOST_BYTES:
        raise HTTPException(422, f"answers: together longer than {answers.MOST_BYTES // 1000} kB.")
    return SubmissionIn(name=sent.name, upload=upload, answers=sent.answers)


TAKES = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "string", "format": "binary"}},
                }
            },
            "application/json": {"schema": Upload.model_json_schema()},
        },
    }
}


@router.get("/me")
def me(actor: Bearer) -> Me:
    """Return the owner of this token."""
    return Me(id=actor.id, name=actor.name, operator=actor.operator)


@router.get("/courses")
def courses(request: Request, actor: Bearer) -> list[CourseOut]:
    """Your courses, with the assignments that you may see."""
    mine = actor.staff.keys() | actor.student
    with site(request).store.reading() as db:
        assigned: dict[str, list[AssignmentRef]] = {course: [] for course in mine}
        for one in db.scalars(
            sa.select(tables.AssignmentRow)
            .where(tables.AssignmentRow.course_id.in_(mine))
            .order_by(tables.AssignmentRow.made_at)
        ):
            if one.open or one.course_id in actor.staff:
                assigned[one.course_id].append(AssignmentRef(id=one.id, title=one.title, open=one.open))
        found = db.scalars(
            sa.select(tables.CourseRow).where(tables.CourseRow.id.in_(mine)).order_by(tables.CourseRow.made_at)
        )
        return [
            CourseOut(
                id=one.id,
                title=one.title,
                role="staff" if one.id in actor.staff else "student",
                assignments=assigned[one.id],
            )
            for one in found
        ]


@router.get("/assignments/{assignment_id}", responses=READ)
def assignment(request: Request, actor: Bearer, assignment_id: Id) -> AssignmentOut:
    """Return the assignment, its due time and your points."""
    with site(request).store.reading() as db:
        asked = assignment_for(db, actor, assignment_id)
        version = version_of(db, asked)
        eyes = reader(db, asked, actor.id, staff=asked.course_id in actor.staff)
        early = not eyes.staff and eyes.policy.opens_at is not None and tables.now() < eyes.policy.opens_at
        about = version.about if version and not early else {}
        mine = standings(db, asked, actor.id).get(actor.id) if eyes.sees_standing else None
        return AssignmentOut(
            id=asked.id,
            title=asked.title,
            open=asked.open,
            course=asked.course_id,
            main=about.get("main", ""),
            criteria=[
                CriterionOut(id=row.id, title=row.title, points=row.points)
                for row in rubric(about, eyes.policy.points)
                if row.id != QUIZ
            ],
            due_at=eyes.due_at,
            points=mine.points if mine else None,
            max_points=mine.max_points if mine else None,
        )


@router.post(
    "/assignments/{assignment_id}/submissions",
    status_code=201,
    openapi_extra=TAKES,
    responses=CHANGE
    | _problems(400, 408, 413, 415)
    | {
        200: {"model": SubmissionOut, "description": "The key was used before: this is what it stored."},
        201: {"headers": {"Location": {"description": "Where to ask how it stands.", "schema": {"type": "string"}}}},
    },
)
def submit(
    request: Request,
    response: Response,
    actor: Bearer,
    assignment_id: Id,
    sent: Annotated[SubmissionIn, Depends(handed_in)],
    idempotency_key: Key = None,
) -> SubmissionOut:
    """Hands in a file."""
    of = site(request)
    key = idempotency_key or ""
    with of.store.writing() as db:
        asked = assignment_for(db, actor, assignment_id)
        if asked.version_id is None:
            raise HTTPException(409, "This assignment is not ready: nothing can be handed in yet.")
        sheet = db.get(tables.SheetRow, (asked.id, actor.id))
        filled = sent.answers or (sheet.answers if sheet else {})
        in_turn(db, asked, actor.id)
        of_key = tables.SubmissionRow.user_id == actor.id, tables.SubmissionRow.idempotency_key == key
        again = bool(key) and count(db, *of_key) > 0
        try:
            stored = receive(db, of.queue, asked, actor.id, sent.name, sent.upload, answers=filled, idempotency_key=key)
        except NotTaken as error:
            raise _not_taken(error) from error
        same = (asked.id, hashlib.sha256(sent.upload).hexdigest(), sent.answers or stored.answers)
        if (stored.assignment_id, stored.digest, stored.answers) != same:
            raise HTTPException(409, "This Idempotency-Key was used for something else. Take a new one for new bytes.")
        if not again:
            audit(db, actor, "submission.made", stored.id, asked.course_id, by="api")
        told = _told(stored, sights(db, [stored.id])[stored.id].place)
    response.status_code = 200 if again else 201
    response.headers["Location"] = f"/api/v1/submissions/{stored.id}"
    return told


def _not_taken(error: NotTaken) -> HTTPException:
    """Too often: later. Too early: later. Too late: never."""
    again = error.admission.next_at
    if again is None:
        return HTTPException(409, error.admission.why)
    seconds = max(1, math.ceil(again - tables.now()))
    return HTTPException(429, error.admission.why, headers={"Retry-After": str(seconds)})


@router.get(
    "/submissions/{submission_id}",
    responses=READ
    | {
        200: {
            "headers": {
                "ETag": {"schema": {"type": "string"}},
                "Retry-After": {"description": "While it waits or runs.", "schema": {"type": "integer"}},
            }
        },
        304: {"description": "As If-None-Match knows it."},
    },
)
def submission(
    request: Request,
    response: Response,
    actor: Bearer,
    submission_id: Id,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Any:
    """Return the state of a submission: ask again after Retry-After seconds until it is neither queued nor running."""
    with site(request).store.reading() as db:
        found, _ = submission_for(db, actor, submission_id)
        told = _told(found, sights(db, [found.id])[found.id].place)
    tag = f'"{hashlib.sha256(told.model_dump_json().encode()).hexdigest()[:20]}"'
    headers = {"ETag": tag}
    if told.ahead is not None:
        seconds = told.estimated_seconds
        headers["Retry-After"] = str(60 if seconds is None else min(60, max(1, math.ceil(seconds / 2))))
    if if_none_match and tag in if_none_match:
        return Response(status_code=304, headers=headers)
    response.headers.update(headers)
    return told


@router.get("/submissions/{submission_id}/report", responses=READ | _problems(409), response_model_exclude_unset=True)
def report(request: Request, actor: Bearer, submission_id: Id) -> ReportOut:
    """The report that counts, once there is one."""
    with site(request).store.reading() as db:
        found, asked = submission_for(db, actor, submission_id)
        stored = db.get(tables.ReportRow, found.report_id) if found.report_id else None
        if stored is None:
            raise HTTPException(409, f"There is no report yet: this submission is {found.state.replace('_', ' ')}.")
        staff = asked.course_id in actor.staff
        visible = reader(db, asked, found.user_id, staff=staff).sees(found.id, stored.body)
    told = jsonl.to_json(visible.report) | {"withheld": [one.part for one in visible.withheld]}
    if visible.hides("marks"):
        told |= {"score": None, "max_score": None, "parts": []}
    elif quiz_held_back(visible.report):
        told |= {"score": None}
    return ReportOut.model_validate(told)


@router.get("/assignments/{assignment_id}/submissions", responses=READ)
def submissions(
    request: Request,
    actor: Bearer,
    assignment_id: Id,
    after: Annotated[str | None, Query(pattern=ID, description="The `next` of the page before.")] = None,
) -> Submissions:
    """For staff: everything that was handed in, the newest first."""
    one = tables.SubmissionRow
    with site(request).store.reading() as db:
        asked = staffed_assignment(db, actor, assignment_id, "see")
        wanted = sa.select(one).where(one.assignment_id == asked.id, one.practice.is_(False))
        if after is not None:
            last = known(db, one, after, assignment_id=asked.id)
            wanted = wanted.where(sa.tuple_(one.made_at, one.id) < (last.made_at, last.id))
        found = list(db.scalars(wanted.order_by(one.made_at.desc(), one.id.desc()).limit(PAGE + 1)))
        return Submissions(
            submissions=[_told(each, None) for each in found[:PAGE]],
            next=found[PAGE - 1].id if len(found) > PAGE else None,
        )


def _told(found: tables.SubmissionRow, place: QueuePlace | None) -> SubmissionOut:
    return SubmissionOut(
        id=found.id,
        assignment=found.assignment_id,
        user=found.user_id,
        number=found.number,
        name=found.name,
        digest=found.digest,
        made_at=found.made_at,
        late_seconds=found.late_seconds,
        state=found.state,  # type: ignore[arg-type]  # a column of these words
        ahead=place.ahead if place else None,
        estimated_seconds=place.seconds if place else None,
    )


# -------------------------------------------------------------------------------------------- marks again, and out
class ChangeOut(BaseModel):
    """A student's points now, and after the regrade."""

    user: str
    before: float
    after: float


class Regrade(BaseModel):
    id: str
    assignment: str
    state: Literal["proving", "refused", "running", "ready", "applied", "dismissed"]
    done: int = Field(description="Submissions that are marked again,")
    of: int = Field(description="of so many.")
    changes: list[ChangeOut] | None = Field(description="Whose points would change; null: no preview now.")
    falls: str | None = Field(description="Stands for exactly the falls of this preview.")


class Applying(BaseModel):
    model_config = ConfigDict(extra="forbid")

    lowering: bool = Field(default=False, description="Marks may go down. Else everybody keeps the better one.")
    falls: str = Field(default="", max_length=64, description="Of the preview that was looked at, when lowering.")


@router.post(
    "/assignments/{assignment_id}/regrades",
    status_code=201,
    responses=CHANGE
    | {201: {"headers": {"Location": {"description": "Where to ask how it goes.", "schema": {"type": "string"}}}}},
)
def start_regrade(request: Request, response: Response, actor: Bearer, assignment_id: Id) -> Regrade:
    """For staff: marks again with the assignment's present edition. Nothing changes until it is applied."""
    with site(request).store.writing() as db:
        asked = staffed_assignment(db, actor, assignment_id, "run")
        begun = regrade.begin(db, site(request).queue, actor, asked)
        response.headers["Location"] = f"/api/v1/regrades/{begun.id}"
        return _told_regrade(db, asked, begun)


@router.get("/regrades/{regrade_id}", responses=READ)
def look_at_regrade(request: Request, actor: Bearer, regrade_id: Id) -> Regrade:
    """For staff: how far it is, and when all is marked, who changes and by how much."""
    with site(request).store.reading() as db:
        return _told_regrade(db, *_regrade(db, actor, regrade_id, "see"))


@router.post("/regrades/{regrade_id}/apply", responses=CHANGE | _problems(400, 408, 413))
def apply_regrade(request: Request, actor: Bearer, regrade_id: Id, wanted: Applying) -> Regrade:
    """For staff: lets the new reports count. What lowers marks is applied as it was looked at, or not at all."""
    with site(request).store.writing() as db:
        asked, found = _regrade(db, actor, regrade_id, "run")
        asked = locked(db, asked.id)  # what was looked at is what is applied
        if wanted.lowering and _told_regrade(db, asked, found).falls != wanted.falls:
            raise HTTPException(409, "The preview has changed since you fetched it. Fetch the regrade again.")
        regrade.applied(db, site(request).queue, actor, asked, found.id, lowering=wanted.lowering)
        return _told_regrade(db, asked, found)


def _regrade(
    db: Session, actor: Actor, regrade_id: str, right: Right
) -> tuple[tables.AssignmentRow, tables.RegradeRow]:
    found = known(db, tables.RegradeRow, regrade_id)
    return staffed_assignment(db, actor, found.assignment_id, right), found


def _told_regrade(db: Session, asked: tables.AssignmentRow, found: tables.RegradeRow) -> Regrade:
    progress = regrades.progress(db, found)
    version = db.get(tables.VersionRow, found.version_id) if found.version_id else None
    looked_at = found.state == "running" and version is not None and not progress.waiting
    preview = regrade.preview_of(db, asked, version) if looked_at and version else None
    return Regrade(
        id=found.id,
        assignment=found.assignment_id,
        state=found.state,  # type: ignore[arg-type]  # a column of these words
        done=progress.total - progress.waiting,
        of=progress.total,
        changes=[ChangeOut(user=c.user_id, before=c.old, after=c.new) for c in preview.of("changed")]
        if preview
        else None,
        falls=preview.falls if preview else None,
    )


@router.get(
    "/assignments/{assignment_id}/gradebook.csv",
    response_class=Response,
    responses=READ | {200: {"content": {"text/csv": {"schema": {"type": "string"}}}, "description": "A row for each."}},
)
def gradebook(request: Request, actor: Bearer, assignment_id: Id) -> Response:
    """For staff: what everybody has. Cells that a spreadsheet would run begin with an apostrophe."""
    with site(request).store.writing() as db:
        asked = staffed_assignment(db, actor, assignment_id, "see")
        audit(db, actor, "gradebook.downloaded", asked.id, asked.course_id, form="api")
        return Response(downloads.plain_gradebook(db, asked), media_type="text/csv")
