"""The web application: its parts put together. Each router is a module; what all requests meet is in `security`."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from importlib.resources import files
from pathlib import Path
from urllib.parse import urlencode

import sqlalchemy as sa
from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse, RedirectResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware

from autograder import __version__
from autograder.service.queue import Queue
from autograder.service.settings import Settings
from autograder.service.store import Store
from autograder.service.web.api import tokens
from autograder.service.web.api import v1 as api
from autograder.service.web.edge import health, live, openid, security, signing_in
from autograder.service.web.edge.access import SignInNeeded
from autograder.service.web.edge.observing import HEADER, Observed
from autograder.service.web.edge.rates import Rates
from autograder.service.web.edge.security import dress
from autograder.service.web.edge.site import Site, page, site
from autograder.service.web.lti import launches as lti
from autograder.service.web.lti import platforms
from autograder.service.web.staff import (
    analysis,
    audit,
    courses,
    decisions,
    downloads,
    extensions,
    groups,
    merging,
    operator,
    people,
    regrade,
    settings,
    similarity,
    texts,
)
from autograder.service.web.staff import course as staff
from autograder.service.web.staff import submissions as handed_in
from autograder.service.web.staff.needs import find_needs
from autograder.service.web.student import code, comments, notices, practice, quiz, starter
from autograder.service.web.student import pages as student

log = logging.getLogger(__name__)

HERE = Path(__file__).parent
ROUTERS = (
    signing_in.router,
    openid.router,
    staff.router,
    courses.router,
    audit.router,
    people.router,
    merging.router,
    groups.router,
    extensions.router,
    settings.router,
    handed_in.router,
    texts.router,
    downloads.router,
    operator.router,
    student.router,
    code.router,
    comments.router,
    notices.router,
    decisions.router,
    starter.router,
    live.router,
    tokens.router,
    api.router,
    quiz.router,
    practice.router,
    health.router,
    lti.router,
    platforms.router,
    regrade.router,
    analysis.router,
    similarity.router,
)
# Pages of one assignment for staff: their tabs count what waits.
WITH_TABS = (
    staff.router, extensions.router, settings.router, handed_in.router, texts.router, downloads.router,
    decisions.router, regrade.router, analysis.router, similarity.router,
)  # fmt: skip


def create_app(settings: Settings) -> FastAPI:
    store = Store(settings.database)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        store.close()

    app = FastAPI(
        title="gradmark",
        version=__version__,
        docs_url=None,  # its page would load scripts from elsewhere; /openapi.json is there
        redoc_url=None,
        redirect_slashes=False,  # it would lead to whatever host the request names
        lifespan=lifespan,
    )
    app.state.site = Site(settings, store, Queue())
    app.state.rates = Rates()
    security.protect(app, settings)
    app.state.registry = health.registry_of(store)
    app.add_middleware(Observed, registry=app.state.registry)
    for router in ROUTERS:
        app.include_router(router, dependencies=[Depends(find_needs)] if router in WITH_TABS else [])
    app.add_api_route("/static/report.css", _report_css, include_in_schema=False)
    # Static files alone are compressed: pages hold a session's token, whose length must tell nothing of it.
    app.mount("/static", GZipMiddleware(StaticFiles(directory=HERE / "static")), name="static")
    app.add_exception_handler(SignInNeeded, _sign_in)
    app.add_exception_handler(HTTPException, _problem)  # type: ignore[arg-type]  # Starlette types handlers loosely
    app.add_exception_handler(RequestValidationError, _invalid)  # type: ignore[arg-type]
    app.add_exception_handler(sa.exc.DataError, _unstorable)
    app.add_exception_handler(sa.exc.IntegrityError, _collided)
    app.add_exception_handler(sa.exc.OperationalError, _database_away)
    app.add_exception_handler(sa.exc.TimeoutError, _database_away)  # all connections are taken
    app.add_exception_handler(Exception, _broken)
    return app


def _report_css() -> Response:
    """The look of a report is the look of the site."""
    return FileResponse(files("autograder.render") / "templates" / "report.css", media_type="text/css")  # type: ignore[arg-type]


def _sign_in(request: Request, error: Exception) -> Response:
    if _api(request):
        detail = "Give a valid token: Authorization: Bearer …"
        return JSONResponse({"detail": detail}, 401, headers={"WWW-Authenticate": "Bearer"})
    # A page that is open asks for a part of it, or who is signed in: what was typed there stays.
    if "hx-request" in request.headers or request.url.path == "/session":
        return _told(request, 401, "You are signed out. Sign in again, in another tab if you typed something here.")
    if isinstance(error, SignInNeeded) and error.kept is not None:
        return signing_in.ask_and_keep(request, error.kept)
    wanted = f"{request.url.path}?{request.url.query}".rstrip("?")
    leads = f"?{urlencode({'next': wanted})}" if request.method == "GET" and wanted != "/" else ""
    return RedirectResponse(f"/sign-in{leads}", 303)


def _problem(request: Request, error: HTTPException) -> Response:
    told = NO_WORDS.get(str(error.detail), str(error.detail))
    return _told(request, error.status_code, told, error.headers)


def _invalid(request: Request, error: RequestValidationError) -> Response:
    """Answer a request of the wrong shape: a person sees this only where a form of ours is at fault."""
    wrong = "; ".join(f"{'.'.join(map(str, one['loc'][1:])) or 'body'}: {one['msg']}" for one in error.errors()[:5])
    return _told(request, 422, f"This cannot be read. {wrong}")


def _unstorable(request: Request, _error: Exception) -> Response:
    """Postgres refuses what SQLite takes: a NUL in a text, a number without end."""
    return _told(request, 422, "This contains characters or numbers that cannot be saved. Remove them and try again.")


def _collided(request: Request, error: Exception) -> Response:
    """Two stored the same thing at the same moment, and the database keeps one of them."""
    log.warning("not stored: %s", type(getattr(error, "orig", error)).__name__)
    told = "Somebody changed the same thing at the same moment. Your change was not saved. Check, and try again."
    return _told(request, 409, told)


def _database_away(request: Request, error: Exception) -> Response:
    log.error("the database did not answer", exc_info=error)
    told = "The database is not responding. This is our fault. Nothing was saved. Try again in a moment."
    return _told(request, 503, told, {"Retry-After": "5"})


def _broken(request: Request, _error: Exception) -> Response:
    """Starlette logs what was raised, and sends this from outside of all middlewares."""
    response = _told(request, 500, "Something went wrong on our side. We have logged it. Try again in a moment.")
    dress(response.headers, request.scope, secure=site(request).settings.secure)
    response.headers[HEADER] = request.state.request_id
    return response


NO_WORDS = {  # what the framework says, where we have nothing of our own to say
    "Not Found": "There is no page at this address. Check that the link is complete.",
    "Part exceeded maximum size of 1024KB.": "What you pasted is longer than 1 MB, the most that a field of a form "
    "takes. Go back, and hand it in as a file.",
    "Method Not Allowed": "This address only accepts form submissions. Start again from your courses.",
}
TITLES = {
    404: "Page not found",
    413: "File too large",
    429: "Too many requests",
    500: "Something failed",
    503: "Just a moment",
}


def _told(request: Request, status: int, told: str, headers: Mapping[str, str] | None = None) -> Response:
    if _api(request):
        return JSONResponse({"detail": told}, status, headers=headers)
    response = page(request, "problem.html", status=status, title=TITLES.get(status, "That did not work"), told=told)
    response.headers.update(headers or {})
    return response


def _api(request: Request) -> bool:
    return request.url.path.startswith("/api/")
