"""The process `gradmark serve`: migrations, the first link, the web server, and a worker beside it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable

import sqlalchemy as sa

from autograder.service.settings import Settings
from autograder.service.store import Store
from autograder.service.store.migrate import migrate
from autograder.service.store.schema import User
from autograder.service.web.signing_in import new_link


def serve(settings: Settings, *, host: str, port: int, worker: list[str] | None, say: Callable[[str], None]) -> None:
    """Runs until SIGTERM or SIGINT. `worker`: the arguments of a worker to start beside it, None for none."""
    import uvicorn  # noqa: PLC0415

    from autograder.service.web.app import create_app  # noqa: PLC0415

    settings.data.mkdir(parents=True, exist_ok=True)
    migrate(settings.database)
    if link := first_link(settings):
        say(f"nobody is here yet: sign in as staff with {link}")
    beside = _worker_beside(settings, worker) if worker is not None else None
    try:
        uvicorn.run(create_app(settings), host=host, port=port, log_level="warning", timeout_graceful_shutdown=10)
    finally:
        if beside is not None:
            beside.send_signal(signal.SIGTERM)
            beside.wait(90)


def _worker_beside(settings: Settings, arguments: list[str]) -> subprocess.Popen[bytes]:
    told = {"GRADMARK_DATA": str(settings.data), "GRADMARK_DATABASE": settings.database}
    if settings.assignments:
        told["GRADMARK_ASSIGNMENTS"] = str(settings.assignments)
    return subprocess.Popen([sys.executable, "-m", "autograder", *arguments], env=os.environ | told)


def first_link(settings: Settings) -> str:
    """A link for the first operator; "" when there has been one."""
    store = Store(settings.database)
    try:
        with store.writing() as db:
            if db.scalar(sa.select(sa.func.count()).select_from(User)):
                return ""
            first = User(name="Staff", operator=True)
            db.add(first)
            db.flush()
            return new_link(db, first.id, settings.public_url)
    finally:
        store.close()
