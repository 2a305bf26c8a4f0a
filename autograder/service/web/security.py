"""What every request meets: how large it may be, what browsers may do with the answer, whether a form is ours."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable

from fastapi import FastAPI, HTTPException, Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from autograder.service.settings import Settings
from autograder.service.web.access import Me

MOST_BODY = 12 * 2**20  # bytes of any request: the largest file that intake takes, and the form around it
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


def protect(app: FastAPI, settings: Settings) -> None:
    """Puts the middlewares around `app`: the cap outermost, so that nothing larger is ever read."""

    @app.middleware("http")
    async def headers(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        response = await call_next(request)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        if settings.secure:
            response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
        return response

    app.add_middleware(Capped)


class Capped:
    """Refuses a request that says it is too large before reading it, and one that lies while it is read."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        told = dict(scope["headers"]).get(b"content-length", b"0")
        if not told.isdigit() or int(told) > MOST_BODY:
            await _too_large(scope, receive, send)
            return
        read = 0

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > MOST_BODY:
                raise HTTPException(413, "This is larger than anything that can be handed in.")
            return message

        await self.app(scope, counted, send)


async def _too_large(scope: Scope, receive: Receive, send: Send) -> None:
    told = f"This is larger than {MOST_BODY // 2**20} MB, the most that can be handed in.\n"
    await PlainTextResponse(told, 413)(scope, receive, send)


async def ours(request: Request, actor: Me) -> None:
    """Dependency of every form: it was sent by a page of ours, in this person's session.

    Raises:
        HTTPException: 403.
    """
    given = request.headers.get("x-csrf-token") or str((await request.form()).get("csrf", ""))
    if not hmac.compare_digest(given.encode(), actor.csrf.encode()):
        raise HTTPException(403, "This form is not from your session. Go back, reload the page, and send it again.")
