"""Guards every request: its size, what browsers may do with the answer, and whether a form is ours."""

from __future__ import annotations

import asyncio
import hmac
from urllib.parse import urlsplit

from fastapi import FastAPI, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from python_multipart.multipart import parse_options_header
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from autograder.service.settings import Settings
from autograder.service.web.edge import rates
from autograder.service.web.edge.access import Actor, Me, has_session
from autograder.service.web.edge.site import cookie, page, site

MOST_UPLOAD = 12 * 2**20  # bytes: the largest file that intake takes has 8 MB, which are 11 as base64
MOST_FORM = 256 * 1024  # of a form without files: answers and marks of a whole course
BODY_SECONDS = 120.0  # for all of a body: 8 MB over a telephone; who is slower holds a place that others need

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}
HSTS = "max-age=31536000"
FOR_A_YEAR = "public, max-age=31536000, immutable"  # a file whose address names its version
KEPT = "gradmark_kept"  # the cookie that tells a form which was kept for somebody who had to sign in
ASK_AGAIN = "public, no-cache"  # any other file: kept, and asked for by its ETag


def protect(app: FastAPI, settings: Settings) -> None:
    """Puts the middlewares around `app`: headers outermost, so that a refusal has them too."""
    app.add_middleware(Capped)
    app.add_middleware(Guarded, secure=settings.secure)


class Guarded:
    """Adds the headers to every answer; what a handler has set stays."""

    def __init__(self, app: ASGIApp, *, secure: bool) -> None:
        self.app, self.secure = app, secure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                dress(MutableHeaders(scope=message), scope, secure=self.secure)
            await send(message)

        await self.app(scope, receive, guarded)


def dress(headers: MutableHeaders, scope: Scope, *, secure: bool) -> None:
    if scope["path"].startswith("/static/"):
        headers.setdefault("Cache-Control", FOR_A_YEAR if scope["query_string"].startswith(b"v=") else ASK_AGAIN)
    for name, value in HEADERS.items():
        headers.setdefault(name, value)
    if secure:
        headers.setdefault("Strict-Transport-Security", HSTS)


class Capped:
    """Refuses a request that says it is too large before reading it, one that lies while it is read, and a slow one.

    And a form whose sender chose an encoding: some of them make halves of letters, which fit into no database.
    """

    def __init__(self, app: ASGIApp, *, seconds: float = BODY_SECONDS) -> None:
        self.app, self.seconds = app, seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        most, why = await _most(scope)
        told = Headers(scope=scope).get("content-length", "0")
        if not told.isdecimal() or len(told) > 15 or int(told) > most:
            await _refused(scope, 413, why)(scope, receive, send)
            return
        if not in_utf8(scope):
            await _refused(scope, 415, "Send this form in UTF-8.")(scope, receive, send)
            return
        left, until, whole = most, asyncio.get_running_loop().time() + self.seconds, False

        async def counted() -> Message:
            nonlocal left, whole
            if whole:
                return await receive()  # waits for the browser to go away, however long an answer streams
            try:
                async with asyncio.timeout_at(until):
                    message = await receive()
            except TimeoutError:
                raise HTTPException(408, "Your upload took too long. Try again on a faster connection.") from None
            left -= len(message.get("body", b""))
            whole = not message.get("more_body", False)
            if left < 0:
                raise HTTPException(413, why)
            return message

        await self.app(scope, counted, send)


async def _most(scope: Scope) -> tuple[int, str]:
    """Return the largest size of a body, and the sentence for whoever sends more.

    Files come to pages as multipart, and to the API, which looks first who sends them. The forms of pages are read
    before anybody asks, so that is asked here: whatever else somebody sends, and whoever else, is short.
    """
    api = scope["path"].startswith("/api/")
    multipart = Headers(scope=scope).get("content-type", "").lower().startswith("multipart/form-data")
    if api and scope["path"].endswith("/submissions"):
        return MOST_UPLOAD, _words(MOST_UPLOAD)
    if api or not multipart:
        return MOST_FORM, _words(MOST_FORM)
    if await run_in_threadpool(has_session, Request(scope)):
        return MOST_UPLOAD, _words(MOST_UPLOAD)
    return MOST_FORM, "You are not signed in, and send too much for that. Sign in, then send it again."


def in_utf8(scope: Scope) -> bool:
    """Check a form with files by the very parser that reads it afterwards."""
    kind, options = parse_options_header(Headers(scope=scope).get("content-type", ""))
    return kind != b"multipart/form-data" or options.get(b"charset", b"utf-8").lower() == b"utf-8"


def _refused(scope: Scope, status: int, told: str) -> Response:
    """Nobody's page: whose the session is, is not asked for what is not even read."""
    if scope["path"].startswith("/api/"):
        refused: Response = JSONResponse({"detail": told}, status)
    else:
        title = "File too large" if status == 413 else "That didn't work"
        refused = page(Request(scope), "problem.html", status=status, title=title, told=told)
    refused.headers["Connection"] = "close"
    return refused


def _words(most: int) -> str:
    size = f"{most // 2**20} MB" if most >= 2**20 else f"{most // 1024} kB"
    return f"This is larger than {size}, the most that is taken here. Send less."


# ------------------------------------------------------------------------------------------------------- forms
def from_here(request: Request) -> None:
    """Dependency of a form that needs no session: no page of somebody else sent it.

    Browsers say so themselves: Sec-Fetch-Site since 2023, Origin before. Who sends neither is no browser, and has
    nobody's cookies.

    Raises:
        HTTPException: 403.
    """
    fetch_site = request.headers.get("sec-fetch-site")
    if fetch_site is not None:
        good = fetch_site in ("same-origin", "none")
    elif (origin := request.headers.get("origin")) is not None:
        hosts = {request.headers.get("host", ""), urlsplit(site(request).settings.public_url).netloc}
        good = urlsplit(origin).netloc in hosts - {""}
    else:
        good = True
    if not good:
        raise HTTPException(403, "This form was sent by a page of another site. Open this site itself, and try there.")


async def ours(request: Request, actor: Me) -> None:
    """Dependency of every form: it was sent by a page of ours, in this person's session, and not too often.

    Raises:
        HTTPException: 403 or 429.
    """
    from_here(request)
    given = request.headers.get("x-csrf-token") or str((await request.form()).get("csrf", ""))
    if not _same(given, actor.csrf) and not await _went_on(request, actor):
        raise HTTPException(403, "This form is not from your session. Go back, reload the page, and send it again.")
    rates.spend(request, rates.FORMS, actor.id)


def _same(given: str, known: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), known.encode())


async def _went_on(request: Request, actor: Actor) -> bool:
    """Return whether the page that asked to sign in sends what it kept: a cookie and the form hold the same word."""
    word, form = cookie(request, KEPT), await request.form()
    mine = form.get("kept.whose", "") in ("", actor.id)
    return mine and bool(word) and _same(str(form.get("kept", "")), word)
