"""A course to test with: people, a proven assignment, browsers that are signed in, and a worker that works when told.

Everything here is the real part: the web application, the database, the sandbox. Only the proof is not run for each
test: it takes a minute, and tests of its own run it.
"""

from __future__ import annotations

import atexit
import contextlib
import re
import secrets
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from fastapi import FastAPI  # noqa: TC002
from fastapi.testclient import TestClient
from remembering import Remembering
from sqlalchemy.orm import Session  # noqa: TC002

from autograder.assignment import load
from autograder.model import Assignment
from autograder.sandbox.choose import choose
from autograder.service.queue import Queue
from autograder.service.settings import Settings
from autograder.service.store import Store
from autograder.service.store.migrate import migrate
from autograder.service.store.schema import AssignmentRow, CourseRow, JobRow, MembershipRow, UserRow, VersionRow
from autograder.service.store.standings import outdated, refresh
from autograder.service.web.app import create_app
from autograder.service.web.edge.access import COOKIE
from autograder.service.web.edge.signing_in import new_link
from autograder.service.worker import jobs, proving
from autograder.service.worker.context import Context, keeping

SAMPLES = load("optimizers").samples
RIGHT = SAMPLES["model solution"].read_bytes()
WRONG = SAMPLES["Adam without bias correction"].read_bytes()


@dataclass
class Service:
    """One deployment, and what a test does with it."""

    settings: Settings
    store: Store
    queue: Queue
    context: Context
    people: dict[str, str] = field(default_factory=dict)  # name -> user id
    course: str = ""
    assignment: str = ""

    @cached_property
    def app(self) -> FastAPI:
        return create_app(self.settings)

    def browser(self, name: str = "", **options) -> TestClient:
        """A browser, in which this person is signed in; its forms need `csrf(client)`."""
        client = TestClient(self.app, base_url=self.settings.public_url, follow_redirects=True, **options)
        if name:
            with self.store.writing() as db:
                link = new_link(db, self.people[name], "")
            signed = client.post(link, follow_redirects=False)
            assert signed.status_code == 303, signed.text
            assert client.cookies.get(COOKIE)
        return client

    def person(self, name: str, role: str | None = "student", *, operator: bool = False) -> str:
        with self.store.writing() as db:
            user = UserRow(name=name, email=f"{name.lower()}@example.org", operator=operator)
            db.add(user)
            db.flush()
            if role:
                db.add(MembershipRow(course_id=self.course, user_id=user.id, role=role, roster_id=f"r-{name.lower()}"))
        self.people[name] = user.id
        return user.id

    @contextmanager
    def by_hand(self) -> Iterator[Session]:
        """A transaction that changes what pages would change, and then writes anew what is kept of the students."""
        with self.store.writing() as db:
            yield db
            refresh(db, db.get_one(AssignmentRow, self.assignment))

    def work(self, most: int = 1000) -> list[str]:
        """Runs the jobs that wait, in the queue's order, here and now; returns their kinds."""
        done = []
        for _ in range(most):
            with self.store.reading() as db:
                job = db.scalar(
                    sa.select(JobRow).where(JobRow.state == "queued").order_by(JobRow.priority, JobRow.made_at).limit(1)
                )
            if job is None:
                break
            jobs.run(self.context, job.id, "test")
            done.append(job.kind)
        return done


def csrf(client: TestClient) -> str:
    """The token of this browser's session, as its pages carry it."""
    found = re.search(r'name="csrf" value="([^"]+)"', client.get("/tokens").text)
    assert found, "no page of this session has a form"
    return found[1]


@cache
def empty_database() -> bytes:
    """A database without rows: the migrations take most of a second, and tests of their own."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "empty.sqlite"
        migrate(f"sqlite:///{file}")
        with contextlib.closing(sqlite3.connect(file)) as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return file.read_bytes()


@cache
def opened_sandbox(name: str) -> Remembering:
    """One for all tests of a process: every submission has a guest of its own in any case."""
    held = ExitStack()
    atexit.register(held.close)
    return Remembering(held.enter_context(choose(name, say=lambda _: None)))


@cache
def shipped(name: str) -> Assignment:
    """The assignment as it is shipped, read and checked once for all tests of a process."""
    return keeping(load(name))


@cache
def about_optimizers() -> dict[str, Any]:
    """What pages know of the optimizers assignment."""
    return proving.about(shipped("optimizers"))


@contextmanager
def serving(data: Path, database: str = "", sandbox: str = "landlock", direct: str = ""):
    """A service with a course, a member of staff, an operator and two students; `optimizers` is open."""
    url = database or f"sqlite:///{data / 'gradmark.sqlite'}"
    settings = Settings(data, url, "http://testserver", direct=direct)
    if database:
        migrate(settings.own_session)
    else:
        (data / "gradmark.sqlite").write_bytes(empty_database())
    store, queue = Store(settings.database), Queue()
    optimizers, known = shipped("optimizers"), [shipped("optimizers"), shipped("practice")]
    loaded = {(one.id, digest): one for one in known for digest in ("", one.digest)}
    context = Context(settings, store, queue, opened_sandbox(sandbox), secrets.token_bytes(32), 2, _loaded=loaded)
    service = Service(settings, store, queue, context)
    with store.writing() as db:
        course = CourseRow(title="Machine learning systems")
        db.add(course)
        db.flush()
        asked = AssignmentRow(course_id=course.id, title="Optimizers", source="optimizers", open=True)
        db.add(asked)
        db.flush()
        version = VersionRow(assignment_id=asked.id, digest=optimizers.digest, state="proven", about=about_optimizers())
        db.add(version)
        db.flush()
        asked.version_id = version.id
        service.course, service.assignment = course.id, asked.id
    service.person("Staff", "staff")
    service.person("Operator", None, operator=True)
    service.person("Ada")
    service.person("Bob")
    yield service
    # Whatever a test did: what is kept of its students is what follows from the rest.
    with store.reading() as db:
        assert [(asked.title, user) for asked, user in outdated(db)] == []
    if "app" in vars(service):
        service.app.state.site.store.close()
    store.close()


def hand_in(service: Service, name: str, source: bytes = RIGHT, **more) -> str:
    """A submission, as the web process stores one; returns its id."""
    from autograder.service.web.student.submitting import receive

    with service.store.writing() as db:
        asked = db.get_one(AssignmentRow, service.assignment)
        return receive(db, service.queue, asked, service.people[name], "optimizers.py", source, **more).id
