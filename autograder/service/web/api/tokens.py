"""The page of a person's own access: tokens for the HTTP API, and the browsers they are signed in with."""

from __future__ import annotations

from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Form, HTTPException, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.orm import Session

from autograder.service.store.links import new_token
from autograder.service.store.rows import count
from autograder.service.store.schema import SessionRow, TokenRow, now
from autograder.service.web.edge.access import Actor, Me, audit, known
from autograder.service.web.edge.security import ours
from autograder.service.web.edge.site import page, site

LIFETIMES = (7, 30, 90, 365)  # days
MOST = 20  # tokens of one person

router = APIRouter(include_in_schema=False)


@router.get("/tokens")
def show(request: Request, actor: Me) -> Response:
    with site(request).store.reading() as db:
        return _page(request, db, actor)


@router.post("/tokens", dependencies=[Depends(ours)])
def make(
    request: Request,
    actor: Me,
    name: Annotated[str, Form(max_length=80)] = "",
    days: Annotated[int, Form()] = 90,
    read_only: Annotated[str, Form()] = "",
) -> Response:
    """The page itself shows the token, once: it is in no address and nothing stored."""
    if actor.only is not None:  # a token would reach further than this session does
        raise HTTPException(403, "A platform signed you in to one course. Sign in with a link to make tokens.")
    with site(request).store.writing() as db:
        if problem := _problem(name.strip(), days, len(_tokens(db, actor))):
            return _page(request, db, actor, problem=problem, name=name, status=422)
        token, secret = new_token(db, actor.id, name.strip(), days, read_only=bool(read_only))
        audit(db, actor, "token.made", token.id, read_only=token.read_only)
        return _page(request, db, actor, made=secret)


@router.post("/tokens/{token_id}/revoke", dependencies=[Depends(ours)])
def revoke(request: Request, actor: Me, token_id: str) -> Response:
    with site(request).store.writing() as db:
        token = known(db, TokenRow, token_id, user_id=actor.id)
        token.revoked_at = token.revoked_at or now()
        audit(db, actor, "token.revoked", token.id)
    return RedirectResponse("/tokens", 303)


def _problem(name: str, days: int, there: int) -> str:
    if not name:
        return "Give the token a name, so that you know later which one to revoke."
    if days not in LIFETIMES:
        return f"A token is good for {', '.join(map(str, LIFETIMES))} days: choose one of these."
    if there >= MOST:
        return f"You have {there} tokens, which is the most. Revoke one that you no longer use."
    return ""


def _tokens(db: Session, actor: Actor) -> list[TokenRow]:
    mine = (
        sa.select(TokenRow)
        .where(TokenRow.user_id == actor.id, TokenRow.revoked_at.is_(None))
        .order_by(TokenRow.made_at)
    )
    return list(db.scalars(mine))


def _page(
    request: Request, db: Session, actor: Actor, *, made: str = "", problem: str = "", name: str = "", status: int = 200
) -> Response:
    return page(
        request,
        "tokens.html",
        status=status,
        tokens=_tokens(db, actor),
        sessions=count(db, SessionRow.user_id == actor.id, SessionRow.expires_at > now()),
        lifetimes=LIFETIMES,
        at=now(),
        made=made,
        problem=problem,
        name=name,
    )
