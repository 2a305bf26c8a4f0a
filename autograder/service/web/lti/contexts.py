"""Which course here a platform's course is: its staff choose once, and one registration serves all its courses.

Whoever says that they teach a course there may make a new course here. A course that is here already holds other
people's marks, so it is offered only to those who have shown that they are its instructors: by a session in the same
browser, or as the same person of the platform in another course of it. An address that the platform tells is no proof.
"""

from __future__ import annotations

import sqlalchemy as sa
from fastapi import Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from autograder.service.rules import zones
from autograder.service.rules.lti import Message
from autograder.service.store.rows import added, note
from autograder.service.store.schema import (
    ArrivalRow,
    ContextRow,
    CourseRow,
    MembershipRow,
    PassbackRow,
    PlatformRow,
    PlatformUserRow,
    ResourceRow,
)
from autograder.service.web.edge.access import Actor, SignInNeeded, session_of
from autograder.service.web.edge.forms import BadField, typed_line, typed_zone
from autograder.service.web.edge.site import page

NEW = "new"


def found(db: Session, platform: PlatformRow, said: Message) -> ContextRow | None:
    """Return what is known of the course there that somebody comes from."""
    one = ContextRow.platform_id == platform.id, ContextRow.deployment == said.deployment
    return db.scalar(sa.select(ContextRow).where(*one, ContextRow.context == said.context))


def signed_in(request: Request) -> Actor | None:
    """Return who is signed in here in this browser already; None is nobody."""
    try:
        return session_of(request)
    except SignInNeeded:
        return None


def asked(
    request: Request, db: Session, platform: PlatformRow, said: Message, actor: Actor | None, *, action: str,
    problem: str = "", typed: dict[str, str] | None = None,
) -> Response:  # fmt: skip
    """The page that asks staff which course it is."""
    return page(
        request, "lti_context.html", status=422 if problem else 200, action=action, problem=problem, said=said,
        typed=typed or {}, courses=offered(db, platform, said, actor), zones=zones.names(), new=NEW,
    )  # fmt: skip


def offered(db: Session, platform: PlatformRow, said: Message, actor: Actor | None) -> list[CourseRow]:
    """Return the courses of which this person has shown to be an instructor, the newest first."""
    same = db.get(PlatformUserRow, (platform.id, said.subject))
    taught = sa.select(MembershipRow.course_id).where(
        MembershipRow.user_id == (same.user_id if same else ""),
        MembershipRow.role == "staff",
        MembershipRow.dropped.is_(False),
    )
    runs = {course for course in actor.staff if actor.may("run", course)} if actor else set()
    theirs = sa.or_(CourseRow.id.in_(taught), CourseRow.id.in_(runs))
    return list(
        db.scalars(
            sa.select(CourseRow).where(theirs, CourseRow.archived_at.is_(None)).order_by(CourseRow.made_at.desc())
        )
    )


def tied(
    db: Session, platform: PlatformRow, said: Message, actor: Actor | None, typed: dict[str, str]
) -> tuple[ContextRow | None, str]:
    """Return the course there, tied as its staff chose; or None, with a sentence on what is wrong with the choice."""
    if found(db, platform, said) is not None:
        return None, "Somebody else has just chosen. Open the link in your course once more."
    chosen = typed.get("course", "")
    if chosen == NEW:
        course, problem = _made(db, typed)
    else:
        course = next((one for one in offered(db, platform, said, actor) if one.id == chosen), None)
        problem = "" if course else "Choose one of the courses, or a new one."
    if course is None:
        return None, problem
    return tie(db, platform, said.deployment, said.context, course.id, said.context_title), ""


def _made(db: Session, typed: dict[str, str]) -> tuple[CourseRow | None, str]:
    title = typed_line(typed, "title")
    if not title:
        return None, "Give the new course a title."
    try:
        return added(db, CourseRow(title=title, time_zone=typed_zone(typed.get("time_zone", "")))), ""
    except BadField as error:
        return None, str(error)


def tie(
    db: Session, platform: PlatformRow, deployment: str, context: str, course_id: str, title: str = ""
) -> ContextRow:
    """Say that this course of the platform is this one here."""
    tied = ContextRow(platform_id=platform.id, deployment=deployment, context=context, title=title, course_id=course_id)
    return added(db, tied)


def record(db: Session, context: ContextRow, said: Message, typed: dict[str, str]) -> None:
    """Write into the audit log who chose, once they have arrived."""
    who = db.get_one(PlatformUserRow, (context.platform_id, said.subject)).user_id
    here = context.course_id
    if typed.get("course") == NEW:
        note(db, who, "course.made", here, here, title=db.get_one(CourseRow, here).title)
    note(db, who, "lti.course_bound", context.id, here, context=context.context, title=context.title)


def untie(db: Session, context: ContextRow) -> None:
    """Forget which course it is, with its links: its staff are asked again. People and submissions stay."""
    links = sa.select(ResourceRow.id).where(ResourceRow.context_id == context.id)
    db.execute(sa.delete(PassbackRow).where(PassbackRow.resource_id.in_(links)))
    for table in (ResourceRow, ArrivalRow):
        db.execute(sa.delete(table).where(table.context_id == context.id))
    db.delete(context)
    db.flush()
