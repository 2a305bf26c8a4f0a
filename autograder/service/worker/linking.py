"""Signs what staff chose for a new link in their course: the answer of LTI's Deep Linking 2.0."""

from __future__ import annotations

import secrets
from typing import Any

from autograder.service.rules import policy as policies
from autograder.service.rules.lti import CLAIM, VERSION
from autograder.service.rules.weights import QUIZ, rubric
from autograder.service.store.rows import version_of
from autograder.service.store.schema import AssignmentRow, JobRow, LaunchRow, PlatformRow, now
from autograder.service.worker import keys
from autograder.service.worker.context import Context

SECONDS = 3600.0  # for somebody to press the button that sends it
DEEP = "https://purl.imsglobal.org/spec/lti-dl/claim/"


def sign(context: Context, job: JobRow) -> dict[str, Any]:
    """The job of a new link."""
    with context.store.reading() as db:
        begun = db.get_one(LaunchRow, job.payload["launch"])
        platform = db.get_one(PlatformRow, begun.platform_id)
        asked = db.get_one(AssignmentRow, job.payload["assignment"])
        version = version_of(db, asked)
    rows = rubric(version.about, policies.from_json(asked.policy).points) if version else []
    points = sum(row.points for row in rows if row.id != QUIZ) or 100
    item = {
        "type": "ltiResourceLink",
        "title": asked.title,
        "url": f"{context.settings.public_url}/a/{asked.id}",
        "custom": {"assignment": asked.id},
        "window": {"targetName": "_blank"},
        "lineItem": {"label": asked.title, "scoreMaximum": points, "resourceId": asked.id},
    }
    claims = {
        "iss": platform.client_id,
        "aud": platform.issuer,
        "iat": int(now()),
        "exp": int(now() + SECONDS),
        "nonce": secrets.token_urlsafe(24),
        CLAIM + "deployment_id": begun.settings["deployment"],
        CLAIM + "message_type": "LtiDeepLinkingResponse",
        CLAIM + "version": VERSION,
        DEEP + "content_items": [item],
    }
    if "data" in begun.settings:
        claims[DEEP + "data"] = begun.settings["data"]
    return {"return": begun.settings["return"], "jwt": keys.newest(context).sign(claims)}
