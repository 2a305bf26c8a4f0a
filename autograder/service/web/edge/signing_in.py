"""Signing in: a link that works once, a session in a cookie, and out again, here or everywhere."""

from __future__ import annotations

import re
import secrets
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Form, HTTPException, Query, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response
from sqlalchemy.orm import Session
from starlette.background import BackgroundTask

from autograder.service.store.links import LINK_SECONDS, end_sessions, hashed, new_link
from autograder.service.store.rows import THERE, count, note
from autograder.service.store.schema import JobRow, LinkRow, SessionRow, UserRow, now
from autograder.service.web.edge import rates
from autograder.service.web.edge.access import COOKIE, IDLE_SECONDS, SESSION_SECONDS, KeptForm, Me, audit
from autograder.service.web.edge.security import KEPT, from_here, ours
from autograder.service.web.edge.site import Site, cookie, give_cookie, page, site

__all__ = ["LINK_SECONDS", "begin_session", "new_link", "router"]

MAILS_AN_HOUR = 3  # to one person
NEXT = "gradmark_next"  # the cookie of the page that somebody wanted to see
KEPT_SECONDS = 43_200  # how long a page that keeps a form can send it
_LOCAL = re.compile(r"/(?:[\w.~%?&=:@+,;-][\w./~%?&=:@+,;-]*)?")  # a page of ours: no other site begins like this

router = APIRouter(include_in_schema=False)


def begin_session(
    request: Request, db: Session, user_id: str, response: Response, *, course_id: str | None = None
) -> None:
    """Signs a browser in: to everything this person may do, or to one course. What it was before, it is no longer.

    The same person's token of forms stays: they may have one open in another tab, and have typed into it.
    """
    token = secrets.token_urlsafe(32)
    before = hashed(cookie(request, COOKIE))
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
    note(db, user_id, "session.begun", "", course_id)
    give_cookie(request, response, COOKIE, token, SESSION_SECONDS)


# ------------------------------------------------------------------------------------------------ where it leads to
def next_page(request: Request) -> str:
    """Return the page that somebody wanted to see before they were asked to sign in."""
    wanted = cookie(request, NEXT)
    return wanted if _LOCAL.fullmatch(wanted) else "/"


def ask_page(request: Request, *, status: int = 200, **values: Any) -> Response:
    """The page that asks to sign in, with every way that there is here."""
    here = site(request).settings
    known = {"token": "", "asked": False, "refused": "", "kept": None, "word": ""}
    return page(request, "sign_in.html", status=status, here=here, **{**known, **values})


def ask_and_keep(request: Request, kept: KeptForm) -> Response:
    """The same page, holding the form that was sent, so that it can be sent again from another tab's session.

    A word in a cookie of this browser and in the form shows that it is ours (`security.ours`).
    """
    word = cookie(request, KEPT) or secrets.token_urlsafe(24)
    response = ask_page(request, status=401, kept=kept, word=word, action=request.url.path)
    give_cookie(request, response, KEPT, word, KEPT_SECONDS, "strict")
    return response


@router.get("/session")
def session(actor: Me) -> Response:
    """Tell an open page who is signed in now, and the token of their forms: it may have been another session's."""
    return JSONResponse({"user": actor.id, "name": actor.name, "csrf": actor.csrf})


@router.get("/sign-in")
def ask(request: Request, next_: Annotated[str, Query(alias="next", max_length=500)] = "") -> Response:
    response = ask_page(request)
    if _LOCAL.fullmatch(next_):
        give_cookie(request, response, NEXT, next_, 3600)
    return response


@router.post("/sign-in", dependencies=[Depends(from_here)])
def send_link(
    request: Request,
    email: Annotated[str, Form(max_length=320)] = "",
    link: Annotated[str, Form(max_length=1000)] = "",
) -> Response:
    """Sign in with a link that was pasted, or send one.

    That answers the same, and as fast, whoever has this address or nobody: the rest happens after the answer.
    """
    if link.strip():
        return sign_in(request, link.strip().rpartition("/")[2])
    if not site(request).settings.mail_from:
        raise HTTPException(404, "This service sends no mail. Ask your instructor for a link.")
    rates.spend(request, rates.LINK_REQUESTS, rates.address(request))
    answer = ask_page(request, asked=True)
    answer.background = BackgroundTask(_ask_for_mail, site(request), email.replace("\0", "").strip().lower())
    return answer


def _ask_for_mail(of: Site, email: str) -> None:
    """A worker makes the link when it sends it, so that it lies nowhere before."""
    with of.store.writing() as db:
        user = db.scalar(sa.select(UserRow).where(UserRow.email == email, THERE).with_for_update())
        if user is None:
            return
        lately = JobRow.kind == "mail", JobRow.user_id == user.id, JobRow.made_at > now() - 3600
        if count(db, *lately) < MAILS_AN_HOUR:
            of.queue.put(db, "mail", "sheet", user_id=user.id)
            note(db, user.id, "link.asked")


@router.get("/sign-in/{token}")
def confirm(request: Request, token: str) -> Response:
    """Asks for a click: programs that look into mail follow links, and would use it up."""
    return ask_page(request, token=token)


@router.post("/sign-in/{token}", dependencies=[Depends(from_here)])
def sign_in(request: Request, token: str) -> Response:
    """Good links are never refused for others' bad ones: 192 bits are not guessed, and a class shares an address."""
    response = RedirectResponse(next_page(request), 303)
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
    return ask_page(request, status=403, refused="This link has been used or has expired.")


@router.post("/sign-out", dependencies=[Depends(ours)])
def sign_out(request: Request, actor: Me) -> Response:
    with site(request).store.writing() as db:
        db.execute(sa.delete(SessionRow).where(SessionRow.token_hash == hashed(cookie(request, COOKIE))))
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
    response = RedirectResponse("/sign-in", 303)
    give_cookie(request, response, COOKIE, "", 0)
    return response
