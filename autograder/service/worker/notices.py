"""Sends notices by mail, and reminds students of what is due tomorrow.

Whoever makes a notice only writes its row. A worker looks for rows that were not mailed, and sends each person one mail
for all of theirs: what belongs to a transaction that fails is never sent.
"""

from __future__ import annotations

import logging
import os
from email.message import EmailMessage
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from autograder.service.queue import OPEN, Queue
from autograder.service.rules import notices as rules
from autograder.service.rules import policy as policies
from autograder.service.rules import zones
from autograder.service.store import Store
from autograder.service.store.grades import extensions
from autograder.service.store.rows import STUDENTS
from autograder.service.store.schema import (
    AssignmentRow,
    CourseRow,
    JobRow,
    MembershipRow,
    NoticeRow,
    StandingRow,
    UserRow,
    now,
)
from autograder.service.worker.context import Context
from autograder.service.worker.mailing import Undelivered, send, tell_staff

DAY = 86_400.0
TOGETHER_SECONDS = 60.0  # a notice waits so long for others, which then come in the same mail
STALE_SECONDS = 2 * DAY  # older ones are not sent: mail was not set up, or was down for too long
AGAIN_SECONDS = 3600.0  # after a job that failed
AT_ONCE = 50  # people in one job
LONGEST_SUBJECT = 100

log = logging.getLogger(__name__)

TEXT = """Hello {name},

{notices}

Choose which notices come by e-mail: {url}/notices
"""


# -------------------------------------------------------------------------------------------------------- by mail
def mail_due(store: Store, queue: Queue) -> None:
    """Put a job that mails, where there is something to mail and none is under way."""
    with store.reading() as db:
        if _under_way(db) or not _waiting(db):
            return
    with store.writing() as db:
        if not _under_way(db):
            queue.put(db, "notices", "sheet")


def mail(context: Context, _job: JobRow) -> dict[str, Any]:
    """The job: one mail for each person with notices that were not sent yet, whatever the server says to another's."""
    with context.store.reading() as db:
        people = _waiting(db)
    sent, later = 0, []
    for user_id in people:
        try:
            sent += _mail_to(context, user_id)
        except Undelivered as error:
            log.warning("a mail was not taken", extra={"user": user_id, "code": error.code})
            later.append(user_id)
    return {"sent": sent} | ({"later": later} if later else {})


def _waiting(db: Session) -> list[str]:
    """Return the people with notices to send, whose oldest one has waited long enough for others."""
    unsent = sa.select(NoticeRow.user_id).where(
        NoticeRow.mailed_at.is_(None),
        NoticeRow.made_at > now() - STALE_SECONDS,
        NoticeRow.made_at < now() - TOGETHER_SECONDS,
        NoticeRow.user_id.not_in(_later(db)),
    )
    return list(db.scalars(unsent.distinct().limit(AT_ONCE)))


def _later(db: Session) -> set[str]:
    """Return the people whose mail the server lately put off, as it does with a full mailbox."""
    lately = sa.select(JobRow.result).where(JobRow.kind == "notices", JobRow.finished_at > now() - AGAIN_SECONDS)
    return {user_id for result in db.scalars(lately) for user_id in (result or {}).get("later", ())}


def _under_way(db: Session) -> bool:
    """Return whether a job mails now, or failed lately: a server that is down is not asked all the time."""
    parked = sa.and_(JobRow.state == "parked", JobRow.finished_at > now() - AGAIN_SECONDS)
    job = sa.select(JobRow.id).where(JobRow.kind == "notices", sa.or_(JobRow.state.in_(OPEN), parked))
    return db.scalar(job.limit(1)) is not None


def _mail_to(context: Context, user_id: str) -> bool:
    """Send one person's notices; they are noted as sent when the server took them, or refused the address for good.

    Raises:
        Undelivered: the server may take it later.
        What `send` raises of a server that takes nothing.
    """
    with context.store.reading() as db:
        user = db.get_one(UserRow, user_id)
        theirs = sa.select(NoticeRow).where(NoticeRow.user_id == user_id, NoticeRow.mailed_at.is_(None))
        found = db.scalars(theirs.order_by(NoticeRow.made_at)).all()
        wanted = [one for one in found if user.email and rules.wanted(user.notices, one.kind, "mail")]
    refused = None
    if wanted:
        try:
            send(_message(context, user, wanted), os.environ.get("GRADMARK_SMTP_URL", ""))
        except Undelivered as error:
            if not error.for_good:
                raise
            refused = error
    with context.store.writing() as db:
        db.execute(sa.update(NoticeRow).where(NoticeRow.id.in_([one.id for one in found])).values(mailed_at=now()))
        if refused is not None:
            tell_staff(db, user, refused)
    return bool(wanted) and refused is None


def _message(context: Context, user: UserRow, found: list[NoticeRow]) -> EmailMessage:
    url = context.settings.public_url
    sentences = [rules.KINDS[one.kind].mail or one.text for one in found]
    leads = [f"{url}/s/{one.submission_id}" if one.submission_id else f"{url}/" for one in found]
    parts = list(
        dict.fromkeys(f"{' '.join(text.split())}\n{where}" for text, where in zip(sentences, leads, strict=True))
    )
    message = EmailMessage()
    subject = " ".join(sentences[0].split()) if len(parts) == 1 else f"{len(parts)} notices about your assignments"
    message["Subject"] = subject[:LONGEST_SUBJECT]
    message["From"], message["To"] = context.settings.mail_from, user.email
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(TEXT.format(name=user.name, notices="\n\n".join(parts), url=url))
    return message


# ---------------------------------------------------------------------------------------------------- due tomorrow
def remind(store: Store) -> int:
    """Write a notice for each student whose due time is less than a day away and who has points to gain.

    Returns how many; nobody is reminded twice of the same time.
    """
    with store.reading() as db:
        every = db.scalars(
            sa.select(AssignmentRow).join(CourseRow).where(AssignmentRow.open, CourseRow.archived_at.is_(None))
        ).all()
        soon = [(asked, user, due) for asked in every for user, due in _due_soon(db, asked)]
    if not soon:
        return 0
    with store.writing() as db:
        for asked, user, due in soon:
            zone = policies.from_json(asked.policy).time_zone
            at = f"{zones.local(due, zone):%a %-d %b, %H:%M} {zones.abbreviation(due, zone)}"
            text = f"{asked.title} is due {at}. You can still gain points."
            db.add(NoticeRow(user_id=user, course_id=asked.course_id, kind="due", key=_key(asked, due), text=text))
    return len(soon)


def _key(asked: AssignmentRow, due: float) -> str:
    return f"due:{asked.id}:{due:.0f}"


def _due_soon(db: Session, asked: AssignmentRow) -> list[tuple[str, float]]:
    """Return students to remind now, with the due time of each."""
    policy, at = policies.from_json(asked.policy), now()
    if policy.due_at is None or policy.due_at < at - 400 * DAY:  # no extension is a year long
        return []
    extended = extensions(db, asked)
    if not extended and not at < policy.due_at < at + DAY:
        return []
    standing = sa.and_(
        StandingRow.assignment_id == asked.id, StandingRow.digest == "", StandingRow.user_id == MembershipRow.user_id
    )
    students = db.execute(
        sa.select(MembershipRow.user_id, StandingRow.points, StandingRow.max_points)
        .outerjoin(StandingRow, standing)
        .where(MembershipRow.course_id == asked.course_id, *STUDENTS)
    ).all()
    due = {one.user_id: policies.due_for(policy, extended.get(one.user_id)) for one in students}
    told = set(
        db.execute(sa.select(NoticeRow.user_id, NoticeRow.key).where(NoticeRow.key.startswith(f"due:{asked.id}:")))
    )
    return [
        (one.user_id, when)
        for one in students
        if (when := due[one.user_id]) is not None
        and at < when < at + DAY
        and (one.points is None or one.points < one.max_points)
        and (one.user_id, _key(asked, when)) not in told
    ]
