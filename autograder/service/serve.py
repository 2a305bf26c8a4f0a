"""The process `gradmark serve`: migrations, the first link, the web server, and a worker beside it."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import os
import pwd
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Self

import sqlalchemy as sa
import uvicorn
from sqlalchemy.orm import Session
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from autograder.service.operate.terms import Term, begin
from autograder.service.settings import Settings
from autograder.service.stopping import Stopping
from autograder.service.store import Store
from autograder.service.store.links import LINK_SECONDS, new_link
from autograder.service.store.migrate import NewerDatabase, migrate
from autograder.service.store.rows import added, count
from autograder.service.store.schema import LinkRow, SessionRow, UserRow, now
from autograder.service.web.app import create_app

REQUEST_SECONDS = 10  # for requests under way when we are stopped: an upload from a phone
WORKER_SECONDS = 45  # for the worker: longer than it gives its jobs
DATABASE_SECONDS = 60.0  # for a database that starts at the same time
URL = "It is postgresql://user:password@host/name, or nothing for SQLite in the data folder."
NO_SANDBOX = 3  # how `gradmark worker` ends where nothing isolates a stranger's code
PAUSES = (1.0, 60.0)  # seconds before a worker that ended is replaced; doubled each time that it did not live long
FIRST_PERSON, NOBODY = 1000, 65_534  # ids of accounts that are people's, on Linux
LONG = 60.0  # a worker that lived for so many seconds had started well

Say = Callable[[str], None]


class CannotServe(Exception):
    """The request cannot be carried out here; the message says what to change."""


def serve(
    settings: Settings,
    *,
    host: str,
    port: int,
    url: str,
    worker: list[str] | None,
    say: Say,
    term: Term | None = None,
) -> None:
    """Runs until SIGTERM or SIGINT.

    `url`: how browsers reach it, "" = where it listens; `worker`: the arguments of a worker beside it, None = none.
    `term`: a course that is made, or completed, before anybody is served.

    Raises:
        CannotServe: a sentence for the operator.
    """
    with _listening(host, port) as listening:
        if not url:
            settings = dataclasses.replace(settings, public_url=_address(host, listening))
        if link := _prepared(settings, say):
            say(f"nobody has signed in yet. Open this link to be the operator; it works once: {link}")
        if term is not None:
            with contextlib.closing(Store(settings.database)) as store:
                say(begin(store, term))
        beside = Beside(settings, worker, say) if worker is not None else None
        server = _Server(settings, beside)
        say(f"serving {settings.public_url}")
        with beside or contextlib.nullcontext():
            server.run(sockets=[listening])


def first_link(settings: Settings) -> str:
    """A link for the first operator, anew at each start until somebody has signed in; "" from then on."""
    with contextlib.closing(Store(settings.database)) as store, store.writing() as db:
        first = db.scalar(sa.select(UserRow).where(UserRow.operator).order_by(UserRow.made_at).limit(1))
        if first is None and not count(db, UserRow.id.is_not(None)):
            first = added(db, UserRow(name=operator_name(), operator=True))
        if first is None or _somebody_signed_in(db) or first.made_at < now() - LINK_SECONDS:
            return ""
        db.execute(sa.delete(LinkRow).where(LinkRow.user_id == first.id))
        return new_link(db, first.id, settings.public_url)


def _somebody_signed_in(db: Session) -> bool:
    return bool(count(db, LinkRow.used_at.is_not(None)) or count(db, SessionRow.token_hash.is_not(None)))


def operator_name() -> str:
    """Return the name of whoever starts the service, as their account has it; "Operator" for system accounts."""
    try:
        account = pwd.getpwuid(os.getuid())
    except KeyError:
        return "Operator"
    if not FIRST_PERSON <= account.pw_uid < NOBODY:
        return "Operator"
    return " ".join(account.pw_gecos.partition(",")[0].split()) or account.pw_name


# ------------------------------------------------------------------------------------------------------- beginning
def _listening(host: str, port: int) -> socket.socket:
    """Before anything else: where the port is taken, nothing has been changed."""
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        listening = socket.create_server(address[:2], family=family, backlog=2048)
    except OSError as error:
        told = f"Port {port} of {host} cannot be listened on: {error.strerror}."
        raise CannotServe(f"{told} Stop what listens there, or choose another with --port.") from error
    # Connections inherit it. Without, the body of each page waits 40 ms for the browser to confirm its head: asyncio
    # sets it only for sockets that it has made itself.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def _address(host: str, listening: socket.socket) -> str:
    name = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    return f"http://{name}:{listening.getsockname()[1]}"


def _prepared(settings: Settings, say: Say) -> str:
    """A folder that we can write into, and a database with this release's tables; returns the first link."""
    try:
        settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        (settings.data / ".writable").touch()
        (settings.data / ".writable").unlink()
    except OSError as error:
        told = f"The data folder {settings.data} cannot be written: {error.strerror}."
        raise CannotServe(f"{told} Choose another with --data, or make it yours.") from error
    if not settings.database.startswith(("sqlite:", "postgresql+psycopg:")):
        raise CannotServe(f"This database cannot be used: {settings.database}. {URL}")
    if settings.direct and settings.database.startswith("sqlite:"):
        raise CannotServe(f"GRADMARK_DATABASE_DIRECT is set, but not GRADMARK_DATABASE. {URL}")
    until, told = time.monotonic() + DATABASE_SECONDS, ""
    while True:
        try:
            migrate(settings.own_session)
            return first_link(settings)
        except NewerDatabase as error:
            raise CannotServe(str(error)) from error
        except (sa.exc.ArgumentError, ValueError) as error:
            raise CannotServe(f"This database cannot be used: {error}. {URL}") from error
        except sa.exc.DBAPIError as error:
            why = " ".join(str(error.orig).split())
            if settings.database.startswith("sqlite") or time.monotonic() > until:
                raise CannotServe(f"This database cannot be used: {why}") from error
            if why != told:
                say(f"waiting for the database: {why}")
            told = why
            time.sleep(0.5)


# ----------------------------------------------------------------------------------------------------- the web server
class _Server(uvicorn.Server):
    """Ends open streams and tells the worker as soon as it is stopped; requests under way have time to finish."""

    def __init__(self, settings: Settings, beside: Beside | None) -> None:
        self.beside, self.stopping = beside, asyncio.Event()
        super().__init__(
            uvicorn.Config(
                EndingStreams(create_app(settings), self.stopping),
                log_config=None,
                access_log=False,
                log_level="warning",
                timeout_graceful_shutdown=REQUEST_SECONDS,
                proxy_headers=bool(settings.proxies),
                forwarded_allow_ips=settings.proxies,
            )
        )

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):  # also what uvicorn raises again when it is done
            signal.signal(number, self.handle_exit)
        super().run(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self.beside is not None:
            self.beside.stop()
        super().handle_exit(sig, frame)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.stopping.set()
        await super().shutdown(sockets)


class EndingStreams:
    """Ends event streams when the server stops, instead of waiting for browsers to go; these connect again."""

    def __init__(self, app: ASGIApp, stopping: asyncio.Event) -> None:
        self.app, self.stopping = app, stopping

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or b"text/event-stream" not in dict(scope["headers"]).get(b"accept", b""):
            await self.app(scope, receive, send)
            return
        ended = False

        async def heard() -> Message:
            """Return the browser's next message; once we stop, that it has gone."""
            said, stopped = asyncio.ensure_future(receive()), asyncio.ensure_future(self.stopping.wait())
            try:
                await asyncio.wait((said, stopped), return_when=asyncio.FIRST_COMPLETED)
                return said.result() if said.done() else {"type": "http.disconnect"}
            finally:
                said.cancel()
                stopped.cancel()

        async def sent(message: Message) -> None:
            nonlocal ended
            ended = message["type"] == "http.response.body" and not message.get("more_body", False)
            await send(message)

        await self.app(scope, heard, sent)
        if self.stopping.is_set() and not ended:
            await send({"type": "http.response.body", "body": b""})


# --------------------------------------------------------------------------------------------------- a worker beside
class Beside:
    """A worker process. When it ends another is started; when we end, killed or not, it does too: its stdin closes."""

    def __init__(self, settings: Settings, arguments: list[str], say: Say) -> None:
        self._command = [sys.executable, "-m", "autograder", *arguments, "--with-parent"]
        told = {
            "GRADMARK_DATA": str(settings.data),
            "GRADMARK_DATABASE": settings.database,
            "GRADMARK_URL": settings.public_url,  # which stands in mails and in links at learning platforms
        }
        if settings.assignments:
            told["GRADMARK_ASSIGNMENTS"] = str(settings.assignments)
        self._environment = os.environ | told
        self._say = say
        self._stopping = Stopping()  # a signal asks
        self._child: subprocess.Popen[bytes] | None = None
        self._keeper = threading.Thread(target=self._keep, name="keeper", daemon=True)

    def __enter__(self) -> Self:
        self._keeper.start()
        return self

    def stop(self) -> None:
        """Asks it to finish what it has begun; does not wait."""
        self._stopping.set()
        child = self._child
        if child is not None and child.stdin is not None:
            child.stdin.close()

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._keeper.join(WORKER_SECONDS)
        if self._child is not None and self._child.poll() is None:
            self._say("the worker did not end in time: killed; others take over what it held")
            self._child.kill()
            self._child.wait()

    def _keep(self) -> None:
        least, most = PAUSES
        pause = least
        while not self._stopping.is_set():
            began = time.monotonic()
            # In a session of its own: a Ctrl-C is for us, and we tell it once.
            self._child = subprocess.Popen(
                self._command, env=self._environment, stdin=subprocess.PIPE, start_new_session=True
            )
            if self._stopping.is_set():
                self.stop()
            code = self._child.wait()
            if self._stopping.is_set():
                return
            if time.monotonic() - began > LONG:
                pause = least
            if code == NO_SANDBOX:
                self._say("what students hand in is kept, but NOTHING IS MARKED until that is mended")
            self._say(f"the worker ended ({code}); another starts in {pause:g} s")
            self._stopping.wait(pause)
            pause = min(2 * pause, most)
