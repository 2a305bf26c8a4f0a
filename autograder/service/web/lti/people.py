"""Finds the person and the link of a launch: a platform speaks for people in its own courses, and only there.

A platform decides who is in a course of its own and as what. It decides nothing elsewhere: whoever it names, the
session that a launch opens sees the one course that was launched. Somebody who is there already is known again by the
registrar's id, else by the e-mail address, if the launch gives them no other role than they have: a student's address
that reads like a teacher's is worth nothing.
"""

from __future__ import annotations

import contextlib

import sqlalchemy as sa
from sqlalchemy.orm import Session

from autograder.service.operate import CannotOperate, merging
from autograder.service.outbox import passback_due, passbacks_due
from autograder.service.queue import Queue
from autograder.service.rules.lti import LaunchRefused, Message
from autograder.service.store.links import end_access
from autograder.service.store.rows import THERE, added, count, note
from autograder.service.store.schema import (
    STAFF,
    ArrivalRow,
    AssignmentRow,
    ContextRow,
    MembershipRow,
    PassbackRow,
    PlatformRow,
    PlatformUserRow,
    ResourceRow,
    UserRow,
    new_id,
)
from autograder.service.store.standings import standings


def arrived(
    db: Session, queue: Queue, platform: PlatformRow, context: ContextRow, said: Message, *, proven: str = ""
) -> UserRow:
    """Return the person of a launch, who is now in the course as what the platform says.

    `proven`: who they are here, where the very same browser was signed in as an instructor of the course.

    Raises:
        LaunchRefused: staff have taken them off the course's list.
    """
    known = db.get(PlatformUserRow, (platform.id, said.subject))
    user = db.get(UserRow, known.user_id) if known else None
    if user is None or user.erased_at is not None:
        user = _free(db, platform, proven) or _same(db, platform, context.course_id, said) or _new(db, said)
        db.merge(PlatformUserRow(platform_id=platform.id, subject=said.subject, user_id=user.id))
        db.flush()
    elif db.get(MembershipRow, (context.course_id, user.id)) is None:
        _found_on_the_list(db, platform, context.course_id, user, said)
    user.name = user.name or said.name
    _join(db, context.course_id, user, said)
    if db.get(ArrivalRow, (context.id, said.subject)) is None:
        db.add(ArrivalRow(context_id=context.id, subject=said.subject, platform_id=platform.id))
        db.flush()
        for asked in db.scalars(sa.select(AssignmentRow).where(AssignmentRow.course_id == context.course_id)):
            if user.id in standings(db, asked, user.id):
                passback_due(db, queue, asked, user.id)
    return user


def _found_on_the_list(db: Session, platform: PlatformRow, course_id: str, user: UserRow, said: Message) -> None:
    """Make who came from another course before, and stands on this course's list as somebody new, one person.

    Only where that entry is in no other course: what a platform says of its course goes no further.
    """
    listed = _same(db, platform, course_id, said)
    if listed is None or listed.id == user.id:
        return
    if not count(db, MembershipRow.user_id == listed.id, MembershipRow.course_id != course_id):
        with contextlib.suppress(CannotOperate):  # staff of a course: an instructor sees both, and decides
            merging.merge(db, listed.id, user.id)


def _join(db: Session, course_id: str, user: UserRow, said: Message) -> None:
    """Put them into the course, or change their role there, as the platform says.

    Raises:
        LaunchRefused: staff have taken them off the course's list.
    """
    member = db.get(MembershipRow, (course_id, user.id))
    rises = said.role == "staff"
    if member is None:
        roster_id = _roster_id(db, course_id, said)
        db.add(MembershipRow(course_id=course_id, user_id=user.id, role=said.role, roster_id=roster_id))
    elif member.dropped:
        raise LaunchRefused("course", "you are no longer on the list of this course")
    elif member.role != said.role and not (said.role == "staff" and member.role in STAFF):  # a TA stays one
        note(db, None, "lti.role_changed", user.id, course_id, **{"from": member.role, "to": said.role})
        member.role = said.role
    else:
        rises = False
    if rises:
        end_access(db, user.id)  # staff of another course may hold a link of their student's
    db.flush()


def _free(db: Session, platform: PlatformRow, user_id: str) -> UserRow | None:
    """Return this person, unless somebody else of the platform is them already."""
    taken = sa.select(PlatformUserRow.user_id).where(PlatformUserRow.platform_id == platform.id)
    return db.scalar(sa.select(UserRow).where(UserRow.id == user_id, UserRow.id.not_in(taken))) if user_id else None


def _same(db: Session, platform: PlatformRow, course_id: str, said: Message) -> UserRow | None:
    """Somebody on the course's list whom no other person of this platform is."""
    taken = sa.select(PlatformUserRow.user_id).where(PlatformUserRow.platform_id == platform.id)
    here = (
        sa.select(UserRow)
        .join(MembershipRow, MembershipRow.user_id == UserRow.id)
        .where(
            MembershipRow.course_id == course_id,
            MembershipRow.role.in_(STAFF) if said.role == "staff" else MembershipRow.role == said.role,
            MembershipRow.dropped.is_(False),
            THERE,
            UserRow.id.not_in(taken),
        )
    )
    by_id = db.scalar(here.where(MembershipRow.roster_id == said.sourced_id)) if said.sourced_id else None
    if by_id is None and said.sourced_id:
        rows = db.execute(here.add_columns(MembershipRow.other_ids)).all()
        known = [user for user, others in rows if said.sourced_id in others]
        by_id = known[0] if len(known) == 1 else None
    return by_id or (db.scalar(here.where(UserRow.email == said.email)) if said.email else None)


def _new(db: Session, said: Message) -> UserRow:
    """An address that is somebody's stays theirs."""
    free = said.email and not count(db, UserRow.email == said.email)
    return added(db, UserRow(name=said.name, email=said.email if free else None))


def _roster_id(db: Session, course_id: str, said: Message) -> str:
    for wish in (said.sourced_id, said.subject[:100]):
        if wish and not count(db, MembershipRow.course_id == course_id, MembershipRow.roster_id == wish):
            return wish
    return new_id()


# ------------------------------------------------------------------------------------------------------- links
def resource(db: Session, queue: Queue, context: ContextRow, said: Message) -> ResourceRow:
    """The link that was opened, with what this launch says of it."""
    of_link = sa.select(ResourceRow).where(ResourceRow.context_id == context.id, ResourceRow.link == said.link)
    found = db.scalar(of_link) or ResourceRow(context_id=context.id, link=said.link, line_item="")
    named = db.get(AssignmentRow, said.assignment) if said.assignment else None
    leads_to = named.id if named and named.course_id == context.course_id else found.assignment_id
    connect(db, queue, found, leads_to, said.line_item or found.line_item, list(said.scopes) or found.scopes or [])
    return found


def connect(
    db: Session, queue: Queue, link: ResourceRow, assignment_id: str | None, line_item: str, scopes: list[str]
) -> None:
    """Sets where a link leads and where its grades go; a column that knows no grades yet is sent them all."""
    before = (link.assignment_id, link.line_item, link.scopes)
    link.assignment_id, link.line_item, link.scopes = assignment_id, line_item, scopes
    db.add(link)
    db.flush()
    asked = db.get(AssignmentRow, assignment_id) if assignment_id else None
    if asked is None or not line_item or before == (assignment_id, line_item, scopes):
        return
    db.execute(sa.delete(PassbackRow).where(PassbackRow.resource_id == link.id))
    passbacks_due(db, queue, asked)
