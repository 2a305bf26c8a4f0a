"""The page on which people choose their notices, and the notices that somebody has read."""

from __future__ import annotations

import contextlib
from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.orm import Session

from autograder.service.rules.notices import KINDS, WAYS, wanted
from autograder.service.store.schema import NoticeRow, UserRow, now
from autograder.service.web.edge.access import Actor, Me
from autograder.service.web.edge.security import ours
from autograder.service.web.edge.site import page, site

router = APIRouter(include_in_schema=False)


@router.get("/notices")
def choose(request: Request, actor: Me, *, saved: bool = False) -> Response:
    with site(request).store.reading() as db:
        user = db.get_one(UserRow, actor.id)
    chosen = {(kind, way) for kind in KINDS for way in WAYS if wanted(user.notices, kind, way)}
    ways = [way for way in WAYS if way == "page" or site(request).settings.mail_from]
    return page(request, "notices.html", kinds=KINDS.values(), ways=ways, chosen=chosen, user=user, saved=saved)


@router.post("/notices", dependencies=[Depends(ours)])
def save(request: Request, actor: Me, way: Annotated[list[str], Form()] = []) -> Response:  # noqa: B006 - FastAPI copies
    """Keep the choices: each is `kind.way`. Where no mail is sent, what was chosen for mail stays."""
    with site(request).store.writing() as db:
        user = db.get_one(UserRow, actor.id, with_for_update=True)
        shown = [one for one in WAYS if one == "page" or site(request).settings.mail_from]
        user.notices = {
            kind: [
                one for one in WAYS
                if (f"{kind}.{one}" in way if one in shown else wanted(user.notices, kind, one))
            ]
            for kind in KINDS
        }  # fmt: skip
    return RedirectResponse("/notices?saved=1", 303)


def read(request: Request, actor: Actor, submission_id: str) -> None:
    """Note that somebody looks at a submission: its notices have been read. A database that is full stops nobody."""
    theirs = NoticeRow.user_id == actor.id, NoticeRow.submission_id == submission_id, NoticeRow.seen_at.is_(None)
    with site(request).store.reading() as db:
        unread = db.scalar(sa.select(NoticeRow.id).where(*theirs).limit(1))
    if unread is not None:
        with contextlib.suppress(sa.exc.DBAPIError), site(request).store.writing() as db:
            db.execute(sa.update(NoticeRow).where(*theirs).values(seen_at=now()))


def shown(db: Session, actor: Actor, found: list[NoticeRow]) -> list[NoticeRow]:
    """Return those of the notices that this person wants to see on the page."""
    user = db.get_one(UserRow, actor.id)
    return [one for one in found if wanted(user.notices, one.kind, "page")]
