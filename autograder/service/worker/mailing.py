"""Sends a sign-in link to somebody who asked for one. The link is made here, so that it lies in no queue.

GRADMARK_SMTP_URL names the server: `smtps://name:password@host`, or `smtp://host:587`, which is encrypted where the
server can. It may hold a password, so only workers are given it.
"""

from __future__ import annotations

import hashlib
import os
import smtplib
import ssl
from email.message import EmailMessage
from email.utils import format_datetime, localtime, make_msgid, parseaddr
from typing import Any
from urllib.parse import unquote, urlsplit

import sqlalchemy as sa
from sqlalchemy.orm import Session

from autograder.service.store.links import new_link
from autograder.service.store.schema import JobRow, MembershipRow, NoticeRow, UserRow
from autograder.service.worker.context import Context

MAILED_SECONDS = 3600.0  # a mail that was asked for is read now; what lies in a mailbox should be worth nothing soon
TIMEOUT_SECONDS = 20.0
# A server that is restarted, or that takes a stranger's first mail a few minutes later, is asked again.
RETRY_SECONDS = (5.0, 60.0, 300.0, 900.0)

TEXT = """Hello {name},

this link signs you in, once, within the next hour:

{link}

If you did not ask for it, do nothing: nobody else has it, and it expires by itself.
"""


class NoMail(Exception):
    """A worker cannot send mail: ours to mend."""


class Undelivered(Exception):
    """The server took no mail for this person. It names no address, because logs have none; `answer` may."""

    def __init__(self, code: int, answer: str) -> None:
        super().__init__(f"The mail server answered {code}.")
        self.code, self.answer = code, answer

    @property
    def for_good(self) -> bool:
        """Return whether the server would say the same tomorrow: a 5 at the beginning (RFC 5321)."""
        return self.code >= 500


def mail(context: Context, job: JobRow) -> dict[str, Any]:
    """The job of somebody who asked for a link. Tried again, it sends another one."""
    with context.store.writing() as db:
        user = db.get_one(UserRow, job.user_id)
        if user.erased_at is not None or not user.email:
            return {"sent": False}
        link = new_link(db, user.id, context.settings.public_url, seconds=MAILED_SECONDS)
    message = EmailMessage()
    message["Subject"] = "Your link to sign in"
    message["From"], message["To"] = context.settings.mail_from, user.email
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(TEXT.format(name=user.name, link=link))
    try:
        send(message, os.environ.get("GRADMARK_SMTP_URL", ""))
    except Undelivered as error:
        if not error.for_good:
            raise
        with context.store.writing() as db:
            tell_staff(db, user, error)
        return {"sent": False, "refused": error.code}
    return {"sent": True}


def tell_staff(db: Session, user: UserRow, error: Undelivered) -> None:
    """Tell the instructors of somebody whose address takes no mail, once for each address and instructor."""
    theirs = sa.select(MembershipRow.course_id).where(MembershipRow.user_id == user.id, ~MembershipRow.dropped)
    instructors = (
        sa.select(MembershipRow.user_id, sa.func.min(MembershipRow.course_id))
        .where(MembershipRow.course_id.in_(theirs), MembershipRow.role == "staff", MembershipRow.user_id != user.id)
        .group_by(MembershipRow.user_id)
    )
    key = f"of:{user.id}:{hashlib.sha256(str(user.email).encode()).hexdigest()[:32]}"
    knowing = sa.select(NoticeRow.user_id).where(NoticeRow.key == key)
    text = (
        f"The mail server does not take mail for {user.name or user.email} ({user.email}): {error.answer}. "
        "If the address is wrong, change it on their page or in the roster."
    )
    for one, course_id in db.execute(instructors.where(MembershipRow.user_id.not_in(knowing))).all():
        db.add(NoticeRow(user_id=one, course_id=course_id, kind="platform", text=text, key=key))


def send(message: EmailMessage, url: str) -> None:
    """Send it.

    Raises:
        Undelivered: the server is there, and does not take this one.
        NoMail, smtplib.SMTPException, OSError: no mail goes out at all.
    """
    message["Date"] = format_datetime(localtime())
    message["Message-ID"] = make_msgid(domain=parseaddr(str(message["From"]))[1].rpartition("@")[2] or None)
    server = urlsplit(url)
    if server.scheme not in ("smtp", "smtps") or not server.hostname:
        raise NoMail("GRADMARK_SMTP_URL is no address of a mail server. Give this worker smtps://name:password@host.")
    if server.scheme == "smtps":
        connection: smtplib.SMTP = smtplib.SMTP_SSL(
            server.hostname, server.port or 465, timeout=TIMEOUT_SECONDS, context=ssl.create_default_context()
        )
    else:
        connection = smtplib.SMTP(server.hostname, server.port or 587, timeout=TIMEOUT_SECONDS)
    with connection:
        encrypted = server.scheme == "smtps"
        if not encrypted and connection.ehlo()[0] == 250 and connection.has_extn("starttls"):
            connection.starttls(context=ssl.create_default_context())
            encrypted = True
        if server.username:
            if not encrypted:
                raise NoMail("The mail server offers no encryption: a password would go to it in clear. Use smtps://.")
            connection.login(unquote(server.username), unquote(server.password or ""))
        try:
            connection.send_message(message)
        except smtplib.SMTPRecipientsRefused as error:
            ((code, answer),) = set(error.recipients.values())
            raise Undelivered(code, _words(code, answer)) from None
        except smtplib.SMTPDataError as error:
            raise Undelivered(error.smtp_code, _words(error.smtp_code, error.smtp_error)) from None
        except smtplib.SMTPNotSupportedError:
            raise Undelivered(553, "it takes no address with letters beyond ASCII") from None


def _words(code: int, answer: bytes | str) -> str:
    """Return a server's answer in one line."""
    text = answer.decode(errors="replace") if isinstance(answer, bytes) else answer
    return f"{code} {' '.join(text.split())}"[:300]
