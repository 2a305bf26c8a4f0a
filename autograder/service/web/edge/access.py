"""Finds out who is asking and what they may see: other people's things are not there (404), for pages and API alike."""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import sqlalchemy as sa
from fastapi import Depends, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy.orm import Session

from autograder.service.store.links import hashed
from autograder.service.store.rows import Row, note
from autograder.service.store.schema import (
    AssignmentRow,
    CourseRow,
    MembershipRow,
    SessionRow,
    SubmissionRow,
    TokenRow,
    UserRow,
    now,
)
from autograder.service.web.edge import rates
from autograder.service.web.edge.site import cookie, site

COOKIE = "gradmark_session"
BEARER = HTTPBearer(auto_error=False, description="A token from the page /tokens.")


FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
IDLE_SECONDS = 14 * 86_400.0  # a session that nobody uses for so long has ended,
SESSION_SECONDS = 200 * 86_400.0  # and any has after a term: where no mail is sent, each new link is staff's work
PROLONG_SECONDS = 86_400.0  # it is written down once a day that one is used


Right = Literal["see", "mark", "run", "own"]  # "own": what becomes of a course as a whole, archived or not
RIGHTS: Mapping[str, frozenset[Right]] = {  # of the roles of staff
    "staff": frozenset({"see", "mark", "run", "own"}),  # an instructor
    "ta": frozenset({"see", "mark"}),
    "observer": frozenset({"see"}),
}
OF_ARCHIVED: frozenset[Right] = frozenset({"see", "own"})  # so much is left of anybody's rights
FORBIDDEN: Mapping[Right, str] = {
    "mark": "You may look at this course, but not mark in it. Ask an instructor for the role of a TA.",
    "run": "Only an instructor of this course can do this. Ask one of them.",
    "own": "Only an instructor of this course can do this. Ask one of them.",
}


ARCHIVED = "This course is archived, so nothing in it changes. An instructor can bring it back in its settings."


@dataclass(frozen=True)
class Actor:
    id: str
    name: str
    operator: bool
    csrf: str  # "" for a token of the API, which no browser sends by itself
    staff: Mapping[str, frozenset[Right]]  # courses, with what this person may do there
    student: frozenset[str]
    archived: frozenset[str] = frozenset()  # of these courses
    only: str | None = None  # the one course that a platform opened this session for: it makes no keys to others

    def may(self, right: Right, course_id: str) -> bool:
        return right in self.staff.get(course_id, ())

    @property
    def runs(self) -> frozenset[str]:
        """The courses of which this person is an instructor."""
        return frozenset(course for course in self.staff if self.may("own", course))


@dataclass(frozen=True)
class KeptForm:
    """A form that somebody sent without a session: what they typed and chose, for the page that asks to sign in."""

    fields: tuple[tuple[str, str], ...]  # a file is two of them: `file.name` and `file.base64`
    whose: str = ""  # the person of the session that ended; "" = unknown

    @property
    def file(self) -> str:
        """Return the name of the file that was chosen; "" = none."""
        return dict(self.fields).get("file.name", "")


class SignInNeeded(Exception):
    """Nobody is signed in: a page sends them to the sign-in page, the API says 401."""

    kept: KeptForm | None = None


def not_found() -> HTTPException:
    """The same for what does not exist and what is somebody else's."""
    return HTTPException(404, "This page does not exist, or you don't have access to it.")


async def signed_in(request: Request) -> Actor:
    """Dependency: the person of this session.

    Raises:
        SignInNeeded: there is none, or it has expired. It holds the form that was sent.
    """
    try:
        return await run_in_threadpool(session_of, request)
    except SignInNeeded as needed:
        needed.kept = await _kept(request)
        raise


async def _kept(request: Request) -> KeptForm | None:
    """Return the form of this request, unless a script sent it: its page is still open."""
    kind = request.headers.get("content-type", "").partition(";")[0].lower()
    if request.method != "POST" or kind not in FORMS or "hx-request" in request.headers:
        return None
    fields: list[tuple[str, str]] = []
    for name, value in (await request.form()).multi_items():
        if isinstance(value, str):
            fields.append((name, value))
        elif value.filename:
            body = base64.b64encode(await value.read()).decode()
            fields += [(f"{name}.name", value.filename), (f"{name}.base64", body)]
    return KeptForm(tuple(fields), await run_in_threadpool(_whose, request))


def _whose(request: Request) -> str:
    known = SessionRow.token_hash == hashed(cookie(request, COOKIE))
    with site(request).store.reading() as db:
        return db.scalar(sa.select(SessionRow.user_id).where(known)) or ""


def session_of(request: Request) -> Actor:
    """Return the person of this session.

    Raises:
        SignInNeeded: there is none, or it has expired.
    """
    token = cookie(request, COOKIE)
    with site(request).store.reading() as db:
        found = db.get(SessionRow, hashed(token)) if token else None
        if found is None or found.expires_at < now():
            raise SignInNeeded
        ends = min(now() + IDLE_SECONDS, found.made_at + SESSION_SECONDS)
        actor = _actor(db, found.user_id, found.csrf, found.course_id)
    if ends > found.expires_at + PROLONG_SECONDS:
        # Where nothing can be written, whoever reads goes on reading.
        with contextlib.suppress(sa.exc.DBAPIError), site(request).store.writing() as db:
            db.execute(sa.update(SessionRow).where(SessionRow.token_hash == found.token_hash).values(expires_at=ends))
    request.state.actor = actor
    return actor


def has_session(request: Request) -> bool:
    """Return whether somebody is signed in. When the database is away nobody knows, and the handler will say so."""
    try:
        session_of(request)
    except SignInNeeded:
        return False
    except sa.exc.SQLAlchemyError:
        return True
    return True


def by_token(request: Request, given: Annotated[HTTPAuthorizationCredentials | None, Depends(BEARER)]) -> Actor:
    """Dependency of the API: the owner of the bearer token.

    Raises:
        SignInNeeded: none was given, or it is not good.
        HTTPException: 403 where a token that only reads would change something, 429.
    """
    if given is None:
        raise SignInNeeded
    with site(request).store.reading() as db:
        token = db.scalar(sa.select(TokenRow).where(TokenRow.token_hash == hashed(given.credentials)))
        if token is None or token.revoked_at or token.expires_at < now():
            rates.spend(request, rates.BAD_TOKENS, rates.address(request))
            raise SignInNeeded
        rates.spend(request, rates.API, token.id)
        actor = _actor(db, token.user_id, "")
    if token.read_only and request.method not in ("GET", "HEAD"):
        raise HTTPException(403, "This token only reads. Make one that may change things, or use another one.")
    request.state.actor = actor
    return actor


Me = Annotated[Actor, Depends(signed_in)]
Bearer = Annotated[Actor, Depends(by_token)]


def _actor(db: Session, user_id: str, csrf: str, only: str | None = None) -> Actor:
    user = db.get(UserRow, user_id)
    if user is None or user.erased_at is not None:
        raise SignInNeeded
    rows = db.execute(
        sa.select(MembershipRow.course_id, MembershipRow.role, CourseRow.archived_at)
        .join(CourseRow, CourseRow.id == MembershipRow.course_id)
        .where(MembershipRow.user_id == user_id, MembershipRow.dropped.is_(False))
    ).all()
    here = [row for row in rows if only in (None, row.course_id)]
    archived = frozenset(row.course_id for row in here if row.archived_at is not None)
    return Actor(
        user.id,
        user.name,
        user.operator and only is None,
        csrf,
        staff={
            row.course_id: RIGHTS[row.role] & OF_ARCHIVED if row.course_id in archived else RIGHTS[row.role]
            for row in here
            if row.role in RIGHTS
        },
        student=frozenset(row.course_id for row in here if row.role == "student"),
        archived=archived,
        only=only,
    )


# --------------------------------------------------------------------------------------------------- one object
def known(db: Session, table: type[Row], key: object, **has: object) -> Row:
    """Return the row of this key, if its columns have these values.

    Raises:
        HTTPException: 404: there is none, or it is something else's.
    """
    found = db.get(table, key)
    if found is None or any(getattr(found, column) != value for column, value in has.items()):
        raise not_found()
    return found


def assignment_for(db: Session, actor: Actor, assignment_id: str) -> AssignmentRow:
    """An assignment that this person may hand in to, or staffs.

    Raises:
        HTTPException: 404.
    """
    found = known(db, AssignmentRow, assignment_id)
    if found.course_id in actor.staff or (found.open and found.course_id in actor.student):
        return found
    raise not_found()


def staffed_assignment(db: Session, actor: Actor, assignment_id: str, right: Right) -> AssignmentRow:
    """Raises: HTTPException: 404, or 403 where this person's role in the course lacks the right."""
    found = known(db, AssignmentRow, assignment_id)
    staffs(actor, found.course_id, right)
    return found


def staffed_submission(
    db: Session, actor: Actor, submission_id: str, right: Right
) -> tuple[SubmissionRow, AssignmentRow]:
    """Raises: HTTPException: 404, or 403 where this person's role in the course lacks the right."""
    found, asked = submission_for(db, actor, submission_id)
    staffs(actor, asked.course_id, right)
    return found, asked


def submission_for(db: Session, actor: Actor, submission_id: str) -> tuple[SubmissionRow, AssignmentRow]:
    """A submission of this person's own, also after they left the course, or of a course they staff.

    Raises:
        HTTPException: 404.
    """
    found = known(db, SubmissionRow, submission_id)
    asked = db.get_one(AssignmentRow, found.assignment_id)
    if asked.course_id in actor.staff or (found.user_id == actor.id and actor.only in (None, asked.course_id)):
        return found, asked
    raise not_found()


def staffs(actor: Actor, course_id: str, right: Right) -> None:
    """Raises: HTTPException: 404, unless this person staffs the course; 403, where their role lacks the right."""
    if course_id not in actor.staff:
        raise not_found()
    if not actor.may(right, course_id):
        raise HTTPException(403, ARCHIVED if course_id in actor.archived else FORBIDDEN[right])


def operates(actor: Actor) -> None:
    """Raises: HTTPException: 404, unless this person runs the service."""
    if not actor.operator:
        raise not_found()


def audit(
    db: Session, actor: Actor | None, action: str, object_id: str = "", course_id: str | None = None, **detail: Any
) -> None:
    """Written in the transaction of what it tells."""
    note(db, actor.id if actor else None, action, object_id, course_id, **detail)
