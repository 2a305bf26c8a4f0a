"""The web application: its parts put together. Each router is a module; what all requests meet is in `security`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.resources import files
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, JSONResponse, RedirectResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from autograder import __version__
from autograder.service.queue import Queue
from autograder.service.settings import Settings
from autograder.service.store import Store
from autograder.service.web import security, signing_in
from autograder.service.web.access import SignInNeeded
from autograder.service.web.site import Site, page

HERE = Path(__file__).parent
ROUTERS = (signing_in.router,)


def create_app(settings: Settings) -> FastAPI:
    store, queue = Store(settings.database), Queue(settings.database)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        queue.close()
        store.close()

    app = FastAPI(
        title="gradmark",
        version=__version__,
        docs_url=None,  # its page would load scripts from elsewhere; /openapi.json is there
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.site = Site(settings, store, queue)
    security.protect(app, settings)
    for router in ROUTERS:
        app.include_router(router)
    app.add_api_route("/static/report.css", _report_css, include_in_schema=False)
    app.mount("/static", StaticFiles(directory=HERE / "static"), name="static")
    app.add_exception_handler(SignInNeeded, _sign_in)
    app.add_exception_handler(HTTPException, _problem)  # type: ignore[arg-type]  # Starlette types handlers loosely
    return app


def _report_css() -> Response:
    """The look of a report is the look of the site."""
    return FileResponse(files("autograder.render") / "templates" / "report.css", media_type="text/css")  # type: ignore[arg-type]


def _sign_in(request: Request, _error: Exception) -> Response:
    if request.url.path.startswith("/api/"):
        return Response('{"detail": "Give a valid token: Authorization: Bearer …"}', 401, media_type="application/json")
    return RedirectResponse("/sign-in", 303)


def _problem(request: Request, error: HTTPException) -> Response:
    if request.url.path.startswith("/api/"):
        return JSONResponse({"detail": error.detail}, error.status_code, headers=error.headers)
    return page(request, "problem.html", status=error.status_code, code=error.status_code, told=str(error.detail))
