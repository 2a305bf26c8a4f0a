"""Signing in: a link that works once, a session in a cookie, and out again."""

from __future__ import annotations

import secrets

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.orm import Session

from autograder.service.store.schema import Link, SignedIn, now
from autograder.service.web.access import COOKIE, hashed
from autograder.service.web.security import ours
from autograder.service.web.site import page, site

LINK_SECONDS = 7 * 86_400.0
SESSION_SECONDS = 14 * 86_400.0

router = APIRouter(include_in_schema=False)


def new_link(db: Session, user_id: str, public_url: str, *, seconds: float = LINK_SECONDS) -> str:
    """A link that signs its bearer in as this user, once."""
    token = secrets.token_urlsafe(24)
    db.add(Link(token_hash=hashed(token), user_id=user_id, expires_at=now() + seconds))
    return f"{public_url}/sign-in/{token}"


def begin_session(request: Request, db: Session, user_id: str, response: Response) -> None:
    """Signs a browser in."""
    token = secrets.token_urlsafe(32)
    db.add(
        SignedIn(
            token_hash=hashed(token),
            user_id=user_id,
            csrf=secrets.token_urlsafe(24),
            expires_at=now() + SESSION_SECONDS,
        )
    )
    response.set_cookie(
        COOKIE,
        token,
        max_age=int(SESSION_SECONDS),
        httponly=True,
        secure=site(request).settings.secure,
        samesite="lax",
    )


@router.get("/sign-in")
def ask(request: Request) -> Response:
    return page(request, "sign_in.html", token="")


@router.get("/sign-in/{token}")
def confirm(request: Request, token: str) -> Response:
    """Asks for a click: programs that look into mail follow links, and would use it up."""
    return page(request, "sign_in.html", token=token)


@router.post("/sign-in/{token}")
def sign_in(request: Request, token: str) -> Response:
    response = RedirectResponse("/", 303)
    with site(request).store.writing() as db:
        link = db.get(Link, hashed(token), with_for_update=True)
        if link is None or link.used_at is not None or link.expires_at < now():
            raise HTTPException(403, "This link has been used or has expired. Ask your instructor for a new one.")
        link.used_at = now()
        begin_session(request, db, link.user_id, response)
    return response


@router.post("/sign-out", dependencies=[Depends(ours)])
def sign_out(request: Request) -> Response:
    response = RedirectResponse("/sign-in", 303)
    with site(request).store.writing() as db:
        found = db.get(SignedIn, hashed(request.cookies.get(COOKIE, "")))
        if found:
            db.delete(found)
    response.delete_cookie(COOKIE)
    return response
