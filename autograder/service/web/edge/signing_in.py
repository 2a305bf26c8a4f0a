"""Signing in: a link that works once, a session in a cookie, and out again, here or everywhere."""

from __future__ import annotations

import secrets
from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Form, HTTPException, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.orm import Session
from starlette.background import BackgroundTask

from autograder.service.store.links import LINK_SECONDS, end_sessions, hashed, new_link
from autograder.service.store.schema import AuditRow, JobRow, LinkRow, SessionRow, UserRow, now
from autograder.service.web.edge import rates
from autograder.service.web.edge.access import IDLE_SECONDS, SESSION_SECONDS, Me, audit, cookie_name
from autograder.service.web.edge.security import from_here, ours
from autograder.service.web.edge.site import Site, page, site

__all__ = ["LINK_SECONDS", "begin_session", "new_link", "router"]

MAILS_AN_HOUR = 3  # to one person

router = APIRouter(include_in_schema=False)


def begin_session(
    request: Request, db: Session, user_id: str, response: Response, *, course_id: str | None = None
) -> None:
    """Signs a browser in: to everything this person may do, or to one course. What it was before, it is no longer.

    The same person's token of forms stays: they may have one open in another tab, and have typed into it.
    """
    settings = site(request).settings
    name = cookie_name(settings)
    token = secrets.token_urlsafe(32)
    before = hashed(request.cookies.get(name, ""))
    known = db.scalar(sa.select(SessionRow.csrf).where(SessionRow.token_hash == before, SessionRow.user_id == user_id))
    db.execute(
        sa.delete(SessionRow).where(
            (SessionRow.token_hash == before) | ((SessionRow.user_id == user_id) & (SessionRow.expires_at < now()))
        )
    )
    db.add(
        SessionRow(
            token_hash=hashed(token),
            user_id=user_id,
            csrf=known or secrets.token_urlsafe(24),
            course_id=course_id,
            expires_at=now() + IDLE_SECONDS,
        )
    )
    db.add(AuditRow(actor_id=user_id, action="session.begun", course_id=course_id))
    response.set_cookie(
        name, token, max_age=int(SESSION_SECONDS), httponly=True, secure=settings.secure, samesite="lax"
    )


@router.get("/sign-in")
def ask(request: Request) -> Response:
    return page(request, "sign_in.html", token="", asked=False, mail=bool(site(request).settings.mail_from))


@router.post("/sign-in", dependencies=[Depends(from_here)])
def send_link(request: Request, email: Annotated[str, Form(max_length=320)]) -> Response:
    """Answers the same, and as fast, whoever has this address or nobody: the rest happens after the answer."""
    if not site(request).settings.mail_from:
        raise HTTPException(404, "This service sends no mail. Ask your instructor for a link.")
    rates.spend(request, rates.LINK_REQUESTS, rates.address(request))
    answer = page(request, "sign_in.html", token="", asked=True, mail=True)
    answer.background = BackgroundTask(_ask_for_mail, site(request), email.replace("\0", "").strip().lower())
    return answer


def _ask_for_mail(of: Site, email: str) -> None:
    """A worker makes the link when it sends it, so that it lies nowhere before."""
    with of.store.writing() as db:
        user = db.scalar(
            sa.select(UserRow).where(UserRow.email == email, UserRow.erased_at.is_(None)).with_for_update()
        )
        if user is None:
            return
        lately = sa.select(sa.func.count()).where(
            JobRow.kind == "mail", JobRow.user_id == user.id, JobRow.made_at > now() - 3600
        )
        if (db.scalar(lately) or 0) < MAILS_AN_HOUR:
            of.queue.put(db, "mail", "sheet", user_id=user.id)
            db.add(AuditRow(actor_id=user.id, action="link.asked"))


@router.get("/sign-in/{token}")
def confirm(request: Request, token: str) -> Response:
    """Asks for a click: programs that look into mail follow links, and would use it up."""
    return page(request, "sign_in.html", token=token, asked=False, mail=False)


@router.post("/sign-in/{token}", dependencies=[Depends(from_here)])
def sign_in(request: Request, token: str) -> Response:
    """Good links are never refused for others' bad ones: 192 bits are not guessed, and a class shares an address."""
    response = RedirectResponse("/", 303)
    with site(request).store.writing() as db:
        link = db.get(LinkRow, hashed(token), with_for_update=True)
        good = link is not None and link.used_at is None and link.expires_at >= now()
        if link is not None and good:
            link.used_at = now()
            begin_session(request, db, link.user_id, response)
            return response
    rates.spend(request, rates.BAD_LINKS, rates.address(request))
    with site(request).store.writing() as db:
        audit(db, None, "link.refused", link.user_id if link else "", address=rates.address(request))
    raise HTTPException(403, "This link has been used or has expired. Ask your instructor for a new one.")


@router.post("/sign-out", dependencies=[Depends(ours)])
def sign_out(request: Request, actor: Me) -> Response:
    name = cookie_name(site(request).settings)
    with site(request).store.writing() as db:
        db.execute(sa.delete(SessionRow).where(SessionRow.token_hash == hashed(request.cookies.get(name, ""))))
        audit(db, actor, "session.ended")
    return _signed_out(request)


@router.post("/sign-out-everywhere", dependencies=[Depends(ours)])
def sign_out_everywhere(request: Request, actor: Me) -> Response:
    """Every browser, and links that nobody has used yet."""
    with site(request).store.writing() as db:
        end_sessions(db, actor.id)
        audit(db, actor, "session.ended_everywhere")
    return _signed_out(request)


def _signed_out(request: Request) -> Response:
    settings = site(request).settings
    response = RedirectResponse("/sign-in", 303)
    response.delete_cookie(cookie_name(settings), httponly=True, secure=settings.secure, samesite="lax")
    return response
