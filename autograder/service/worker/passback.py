"""Sends a student's grade to the learning platforms that asked for it: LTI's Assignment and Grade Services 2.0.

Tokens come by client credentials with a signed assertion (1EdTech Security Framework, section 4). JOSE is PyJWT and
HTTP is httpx2, because PyLTI1p3, the library for all of LTI, has had no release since 2022.
"""

from __future__ import annotations

import datetime as dt
import json
import secrets
from dataclasses import dataclass
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from autograder.service.outbox import SHOWN_LATER, arrived
from autograder.service.outgoing import Answer, Unreachable, ask
from autograder.service.rules import lti
from autograder.service.rules.grades import Standing
from autograder.service.store.grades import points_shown, text_points
from autograder.service.store.rows import note
from autograder.service.store.schema import (
    ArrivalRow,
    AssignmentRow,
    JobRow,
    MembershipRow,
    NoticeRow,
    PassbackRow,
    PlatformRow,
    PlatformUserRow,
    ReportRow,
    ResourceRow,
    SubmissionRow,
    UserRow,
    now,
)
from autograder.service.store.standings import standings
from autograder.service.worker import keys
from autograder.service.worker.context import Context

SECONDS = 20.0  # for a platform to answer; it is tried again later
MEDIA_TYPE = "application/vnd.ims.lis.v1.score+json"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_SECONDS = 300.0
TICK = 0.001  # timestamps of one student's scores grow by at least this: platforms drop what is not newer
GONE = (404, 410)
PASSING = (401, 408, 409, 425, 429)  # 4xx that another try may change: a token, a timestamp, too many at once
# Before each further try: a platform that is down over a weekend gets its grades by itself.
RETRY_SECONDS = (60.0, 300.0, 1800.0, 7200.0, 21600.0, 50400.0, 91440.0)  # 48 h in all


class NotSent(Exception):
    """The platform did not answer as it should: the job is tried again for two days, and then waits for staff."""


class Rejected(Exception):
    """The platform refused the grade for good (4xx): staff read why, and nothing is tried again."""


@dataclass(frozen=True)
class Score:
    """The score of one student in one line item."""

    resource: ResourceRow
    platform: PlatformRow
    subject: str
    body: dict[str, Any]  # as AGS wants it, without its timestamp
    at: float


def passback(context: Context, job: JobRow) -> dict[str, Any]:
    """The job of a student's grade that may have changed: what a platform knows already is not sent again."""
    assignment_id = str(job.payload["assignment"])
    with context.store.writing() as db:
        due = _due(db, assignment_id, str(job.user_id))
    told: dict[str, Any] = {"sent": 0, "gone": 0, "refused": 0}
    late: NotSent | None = None
    for score in due:
        try:
            outcome, record = ("sent", _sent) if _send(context, score) else ("gone", _gone)
        except Rejected as refusal:
            outcome, record = "refused", partial(_refused, why=str(refusal))
        except NotSent as error:
            late = error  # the other platforms are sent theirs all the same
            continue
        with context.store.writing() as db:
            record(db, score)
        told[outcome] += 1
    if late is not None:
        raise late
    return told


def _due(db: Session, assignment_id: str, user_id: str) -> list[Score]:
    """The scores that platforms do not know yet, each with its timestamp reserved.

    Grade and timestamp are one transaction: whoever reads later has the later timestamp, in whatever order they arrive.
    """
    asked = db.get_one(AssignmentRow, assignment_id)
    db.execute(
        sa.select(MembershipRow.user_id)
        .where(MembershipRow.course_id == asked.course_id, MembershipRow.user_id == user_id)
        .with_for_update()
    )
    standing = standings(db, asked, user_id).get(user_id)
    if standing is None or standing.max_points <= 0:
        return []
    told = points_shown(db, asked, user_id)  # else the platform would tell what our pages keep back
    body = _body(standing, waits=_waits(db, asked, user_id, standing)) if told else SHOWN_LATER
    rows = db.execute(
        sa.select(ResourceRow, PlatformRow, ArrivalRow.subject)
        .join(ArrivalRow, ArrivalRow.context_id == ResourceRow.context_id)
        .join(PlatformUserRow, arrived())
        .join(PlatformRow, PlatformRow.id == ArrivalRow.platform_id)
        .where(ResourceRow.assignment_id == asked.id, ResourceRow.line_item != "", PlatformUserRow.user_id == user_id)
    ).all()
    due = []
    for resource, platform, subject in rows:
        last = db.get(PassbackRow, (resource.id, platform.id, subject)) or PassbackRow(
            resource_id=resource.id, platform_id=platform.id, subject=subject, body={}, sent_at=0.0
        )
        if last.body == body or lti.SCORE not in resource.scopes:
            continue
        last.sent_at = max(now(), last.sent_at + TICK)
        db.add(last)
        due.append(Score(resource, platform, subject, body, last.sent_at))
    return due


def _body(standing: Standing, *, waits: bool) -> dict[str, Any]:
    which = f"Submission {standing.counting.number} counts."
    return {
        "scoreGiven": max(0.0, standing.points),
        "scoreMaximum": standing.max_points,
        "activityProgress": "Submitted" if waits else "Completed",
        "gradingProgress": "PendingManual" if waits else "FullyGraded",
        "comment": f"{which} Text answers wait for a person's marks." if waits else which,
    }


def _waits(db: Session, asked: AssignmentRow, user_id: str, standing: Standing) -> bool:
    """Return whether a text answer of the submission that counts has no mark yet."""
    texts = db.scalar(
        sa.select(ReportRow.texts)
        .join(SubmissionRow, SubmissionRow.report_id == ReportRow.id)
        .where(SubmissionRow.id == standing.counting.submission_id)
    )
    given = text_points(db, asked, [user_id])
    return any((user_id, text["item"], text["digest"]) not in given for text in texts or [])


def _sent(db: Session, score: Score) -> None:
    last = db.get_one(PassbackRow, (score.resource.id, score.platform.id, score.subject), with_for_update=True)
    if last.sent_at == score.at:  # otherwise somebody has sent a newer one meanwhile
        last.body = score.body


def _gone(db: Session, score: Score) -> None:
    """The platform's column was deleted: staff are told, and the next launch brings another one if there is any."""
    resource = db.get_one(ResourceRow, score.resource.id, with_for_update=True)
    if resource.line_item != score.resource.line_item:
        return
    resource.line_item = ""
    asked = db.get_one(AssignmentRow, resource.assignment_id)
    note(db, None, "lti.line_item_gone", resource.id, asked.course_id)
    _tell_staff(
        db,
        asked.course_id,
        f"Grades of “{asked.title}” no longer reach the learning platform: its column in the gradebook is gone. "
        "Open the link there once more, or place a new one.",
    )


def _refused(db: Session, score: Score, *, why: str) -> None:
    """Tell staff that the platform refused a grade, and why; the student's next mark is sent again."""
    asked = db.get_one(AssignmentRow, score.resource.assignment_id)
    person = db.scalar(
        sa.select(UserRow)
        .join(PlatformUserRow, PlatformUserRow.user_id == UserRow.id)
        .where(PlatformUserRow.platform_id == score.platform.id, PlatformUserRow.subject == score.subject)
    )
    note(db, None, "lti.grade_refused", score.resource.id, asked.course_id, why=why)
    name = (person.name or person.email) if person else "somebody"
    text = f"The learning platform refused the grade of {name} for “{asked.title}”. {why}"
    _tell_staff(db, asked.course_id, text, key=f"of:{person.id}:{now():.6f}" if person else None)


def _tell_staff(db: Session, course_id: str, text: str, *, key: str | None = None) -> None:
    staff = sa.select(MembershipRow.user_id).where(MembershipRow.course_id == course_id, MembershipRow.role == "staff")
    db.add_all(
        [
            NoticeRow(user_id=person, course_id=course_id, kind="platform", text=text, key=key)
            for person in db.scalars(staff)
        ]
    )


# ------------------------------------------------------------------------------------------------------- HTTP
def _send(context: Context, score: Score) -> bool:
    """Post it. False: there is no such line item any more.

    Raises:
        Rejected: the platform will not take it, now or later.
        NotSent: no success, and another try may have some.
    """
    at = dt.datetime.fromtimestamp(score.at, dt.UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    body = score.body | {"userId": score.subject, "timestamp": at}
    headers = {"Authorization": f"Bearer {_token(context, score.platform)}", "Content-Type": MEDIA_TYPE}
    answer = _asked(score.platform, lti.scores_address(score.resource.line_item), "", json=body, headers=headers)
    if answer.status == 401:
        context.platform_tokens.pop(score.platform.id, None)  # revoked: the next try asks for another one
    if answer.status in GONE:
        return False
    if 400 <= answer.status < 500 and answer.status not in PASSING:
        raise Rejected(f"It answered {answer.status}: {_short(answer)}")
    if not answer.good:
        raise NotSent(f"The platform {score.platform.issuer} answered {answer.status} to a grade: {_short(answer)}")
    return True


def _token(context: Context, platform: PlatformRow) -> str:
    """A token for scores, kept for as long as the platform says that it is good.

    Raises:
        NotSent: there was none.
    """
    known, until = context.platform_tokens.get(platform.id, ("", 0.0))
    if known and until > now():
        return known
    claims = {
        "iss": platform.client_id,
        "sub": platform.client_id,
        "aud": platform.token_url,
        "iat": int(now()),
        "exp": int(now() + ASSERTION_SECONDS),
        "jti": secrets.token_urlsafe(24),
    }
    asked = {
        "grant_type": "client_credentials",
        "client_assertion_type": ASSERTION,
        "client_assertion": keys.newest(context).sign(claims),
        "scope": lti.SCORE,
    }
    answer = _asked(platform, platform.token_url, " for a token", data=asked, headers={"Accept": "application/json"})
    if not answer.good:
        raise NotSent(f"The platform {platform.issuer} gave no token for grades: {answer.status} {_short(answer)}")
    try:
        told = json.loads(answer.body)
        token, seconds = str(told["access_token"]), float(told.get("expires_in", 3600))
    except (ValueError, KeyError, TypeError, AttributeError) as error:  # what it says may hold a token
        raise NotSent(f"The platform {platform.issuer} answers a request for a token with something else") from error
    # a minute early: one that ends on its way would cost a failed try
    context.platform_tokens[platform.id] = (token, now() + max(0.0, seconds - 60))
    return token


def _asked(platform: PlatformRow, url: str, what: str, **sent: Any) -> Answer:
    """Raises: NotSent: nobody answers there."""
    try:
        return ask("POST", url, seconds=SECONDS, **sent)
    except Unreachable as error:
        raise NotSent(f"The platform {platform.issuer} could not be reached{what}: {error}") from error


def _short(answer: Answer) -> str:
    return repr(answer.body[:300].decode(errors="replace"))
