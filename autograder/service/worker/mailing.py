"""Sends a sign-in link to somebody who asked for one. The link is made here, so that it lies in no queue.

GRADMARK_SMTP_URL names the server: `smtps://name:password@host`, or `smtp://host:587`, which is encrypted where the
server can. It may hold a password, so only workers are given it.
"""

from __future__ import annotations

import os
import smtplib
import ssl
from email.message import EmailMessage
from typing import Any
from urllib.parse import unquote, urlsplit

from autograder.service.store.links import new_link
from autograder.service.store.schema import JobRow, UserRow
from autograder.service.worker.context import Context

MAILED_SECONDS = 3600.0  # a mail that was asked for is read now; what lies in a mailbox should be worth nothing soon
TIMEOUT_SECONDS = 20.0

TEXT = """Hello {name},

this link signs you in, once, within the next hour:

{link}

If you did not ask for it, do nothing: nobody else has it, and it expires by itself.
"""


class NoMail(Exception):
    """A worker cannot send mail: ours to mend."""


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
    send(message, os.environ.get("GRADMARK_SMTP_URL", ""))
    return {"sent": True}


def send(message: EmailMessage, url: str) -> None:
    """Raises: NoMail, smtplib.SMTPException or OSError: it did not go out."""
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
        connection.send_message(message)
