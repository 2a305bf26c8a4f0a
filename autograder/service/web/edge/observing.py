"""Observes every request: an id, a line in the log, and a count in the metrics."""

from __future__ import annotations

import logging
import re
import secrets
import time

from prometheus_client import CollectorRegistry, Histogram
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from autograder.service import logs

HEADER = "x-request-id"
GIVEN = re.compile(r"[A-Za-z0-9_-]{8,64}")  # an id that a reverse proxy may have chosen
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.5, 5.0, 10.0)
GONE = 499  # as nginx calls it: whoever asked did not wait for the answer
QUIET = ("/healthz", "/healthz/live", "/metrics", "/static")  # asked for by machines, all day long

log = logging.getLogger("gradmark.request")


class Observed:
    """Times to the first byte: a live stream lasts as long as somebody watches. Holds no body back."""

    def __init__(self, app: ASGIApp, *, registry: CollectorRegistry) -> None:
        self.app = app
        self.seconds = Histogram(
            "gradmark_http_request_seconds",
            "Seconds until the first byte of the answer.",
            ("route", "method", "status"),
            buckets=SECONDS,
            registry=registry,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = Headers(scope=scope).get(HEADER, "")
        id_ = given if GIVEN.fullmatch(given) else secrets.token_hex(8)
        logs.request_id.set(id_)  # each request is a task, with a context of its own
        scope.setdefault("state", {})["request_id"] = id_
        began, status, first = time.perf_counter(), 0, 0.0

        async def observed(message: Message) -> None:
            nonlocal status, first
            if message["type"] == "http.response.start":
                status, first = message["status"], time.perf_counter() - began
                MutableHeaders(scope=message)[HEADER] = id_
            await send(message)

        try:
            await self.app(scope, receive, observed)
        except Exception:
            status = 500  # Starlette tells whoever asked; the server logs what was raised
            raise
        finally:
            took = time.perf_counter() - began
            self._note(scope, status or GONE, first or took, took)

    def _note(self, scope: Scope, status: int, first: float, took: float) -> None:
        route = template(scope)
        method = scope["method"] if scope["method"] in METHODS else "other"
        self.seconds.labels(route, method, str(status)).observe(first)
        if route in QUIET and status < 400:
            return
        actor = scope["state"].get("actor")
        told = {"method": method, "route": route, "status": status, "ms": round(took * 1000, 1)}
        log.log(
            logging.ERROR if status >= 500 else logging.INFO,
            "request",
            extra=told | ({"user": actor.id} if actor else {}),
        )


def template(scope: Scope) -> str:
    """The route as it is written in the code: there are as many as handlers, however many paths are tried."""
    path = getattr(scope.get("route"), "path", None)
    if path is not None:
        return str(path)
    return "/static" if scope["path"].startswith("/static/") else "none"
