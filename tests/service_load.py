"""A class that hands in at the same time, and a course with many stored submissions: what `make bench` measures of the service.

Everything is on this machine and real: the web process, its worker and their sandbox, students that load the page, hand in,
watch the stream and read the report. The students' own work takes cores too.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import re
import secrets
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import httpx2
import psutil
import sqlalchemy as sa

from autograder import intake, pipeline
from autograder.assignment import load
from autograder.sandbox.choose import choose
from autograder.service.queue import Queue, places
from autograder.service.settings import Settings, settings
from autograder.service.store import Store, reports
from autograder.service.store.migrate import migrate
from autograder.service.store.schema import (
    AssignmentRow,
    AuditRow,
    CourseRow,
    DiagnosisRow,
    JobRow,
    MembershipRow,
    RegradeRow,
    ReportRow,
    SessionRow,
    SubmissionRow,
    TextMarkRow,
    UserRow,
    VersionRow,
    new_id,
    now,
)
from autograder.service.store.standings import refresh
from autograder.service.web.edge.access import COOKIE, hashed
from autograder.service.worker import sheets
from autograder.service.worker.context import Context
from autograder.service.worker.proving import about

READY_SECONDS = 60.0
GIVE_UP_SECONDS = 600.0
SETTLED_SECONDS = 30.0  # after a start, before what it costs to wait is measured


@dataclass
class Deployment:
    settings: Settings
    store: Store
    assignment: str
    course: str
    regrade: str  # under way, and all of its submissions are marked again
    cookies: dict[str, str] = field(default_factory=dict)  # user id -> Cookie header


@contextlib.contextmanager
def deployment(students: int) -> Iterator[Deployment]:
    """A data folder with a course of this size, in which everybody is signed in."""
    with tempfile.TemporaryDirectory(prefix="gradmark-bench-") as folder:
        chosen = settings(Path(folder))
        migrate(chosen.database)
        store = Store(chosen.database)
        with store.writing() as db:
            made = _course(db, chosen, store)
            for number in range(students):
                _sign_in(db, made, f"Student {number}", "student")
            _sign_in(db, made, "Staff", "staff")
        yield made
        store.close()


def _course(db: sa.orm.Session, chosen: Settings, store: Store) -> Deployment:
    optimizers = load("optimizers")
    course = CourseRow(title="Machine learning systems")
    db.add(course)
    db.flush()
    asked = AssignmentRow(
        course_id=course.id, title=optimizers.title, source="optimizers", open=True, policy={"limit": 0}
    )
    db.add(asked)
    db.flush()
    version, newer = (
        VersionRow(assignment_id=asked.id, digest=digest, state="proven", about=about(optimizers))
        for digest in (optimizers.digest, NEWER)
    )
    db.add_all([version, newer])
    db.flush()
    asked.version_id = version.id
    regrade = RegradeRow(assignment_id=asked.id, version_id=newer.id, by_id="", state="running")
    db.add(regrade)
    db.flush()
    return Deployment(chosen, store, asked.id, course.id, regrade.id)


def _sign_in(db: sa.orm.Session, made: Deployment, name: str, role: str) -> str:
    user, token = UserRow(name=name), secrets.token_urlsafe(32)
    db.add(user)
    db.flush()
    db.add(MembershipRow(course_id=made.course, user_id=user.id, role=role, roster_id=user.id))
    db.add(
        SessionRow(token_hash=hashed(token), user_id=user.id, csrf=secrets.token_urlsafe(8), expires_at=now() + 86400)
    )
    made.cookies[user.id] = f"{COOKIE}={token}"
    return user.id


@contextlib.contextmanager
def serving(made: Deployment, *, worker: bool) -> Iterator[str]:
    """The command, as an operator starts it; its address."""
    port = random.randrange(20000, 60000)  # noqa: S311 - any free one
    command = [sys.executable, "-m", "autograder", "serve", "--port", str(port), "--data", str(made.settings.data)]
    command += ["--sandbox", "landlock"] if worker else ["--no-worker"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        address = f"http://127.0.0.1:{port}"
        _wait(lambda: httpx2.get(f"{address}/sign-in").status_code == 200)
        if worker:
            _wait(lambda: _alive(made))
        yield address
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


def idle(seconds: float) -> float:
    """The share of a core that all processes of a service without work take over so many seconds."""
    with deployment(0) as made, serving(made, worker=True):
        (served,) = (p for p in psutil.Process().children() if "serve" in p.cmdline())
        time.sleep(SETTLED_SECONDS)
        before = _cpu(served)
        time.sleep(seconds)
        return (_cpu(served) - before) / seconds


def _cpu(process: psutil.Process) -> float:
    times = (p.cpu_times() for p in (process, *process.children(recursive=True)))
    return sum(taken.user + taken.system for taken in times)


def begun(jobs: int) -> list[float]:
    """Seconds from the commit that stores a job to its begin by a worker that waits, one job after the other."""
    took = []
    with deployment(1) as made, serving(made, worker=True):
        user = next(iter(made.cookies))
        for _ in range(jobs):
            time.sleep(random.uniform(0.1, 0.3))  # noqa: S311
            with made.store.writing() as db:
                job = Queue().put(db, "notices", "interactive", user_id=user).id
            stored = now()
            _wait(lambda job=job: _begun_at(made, job) is not None)
            took.append((_begun_at(made, job) or 0.0) - stored)
    return took


def _begun_at(made: Deployment, job: str) -> float | None:
    with made.store.reading() as db:
        return db.get_one(JobRow, job).started_at


def _wait(ready: Callable[[], bool]) -> None:
    until = time.monotonic() + READY_SECONDS
    while time.monotonic() < until:
        with contextlib.suppress(httpx2.TransportError):
            if ready():
                return
        time.sleep(0.2)
    raise TimeoutError("the service did not start")


def _alive(made: Deployment) -> bool:
    with made.store.reading() as db:
        return bool(db.scalar(sa.text("select count(*) from workers")))


# ----------------------------------------------------------------------------------------------- a class at once
@dataclass
class Seen:
    """What the students of a class saw."""

    latencies: list[float] = field(default_factory=list)  # seconds, of every page but the streams
    waits: list[float] = field(default_factory=list)  # seconds from handing in to the report
    marked_at: float = 0.0  # seconds after the first one began, of the last report
    drawn_at: float = 0.0  # and of the last pictures
    own: float = 0.0  # seconds of CPU that the students took
    lost: int = 0

    def share(self, fraction: float) -> float:
        return sorted(self.latencies)[min(len(self.latencies) - 1, int(fraction * len(self.latencies)))]


def hand_in_at_once(sources: list[str], within: float) -> Seen:
    """As many students as sources hand in within so many seconds; each reads the report."""
    with deployment(len(sources)) as made, serving(made, worker=True) as address:
        before = time.process_time()
        seen = asyncio.run(_class(made, address, sources, within))
        seen.own = time.process_time() - before
        with made.store.reading() as db:
            graded = db.scalar(sa.select(sa.func.count()).where(SubmissionRow.state == "graded")) or 0
            reports = db.scalar(sa.select(sa.func.count()).select_from(ReportRow)) or 0
        seen.lost = len(sources) - min(graded, reports)
    return seen


async def _class(made: Deployment, address: str, sources: list[str], within: float) -> Seen:
    seen, began = Seen(), time.perf_counter()
    chance = random.Random(7)  # noqa: S311 - the same class every time
    cookies = list(made.cookies.values())
    limits = httpx2.Limits(max_connections=None, max_keepalive_connections=50)
    async with httpx2.AsyncClient(base_url=address, timeout=GIVE_UP_SECONDS, limits=limits) as client:

        async def student(cookie: str, source: str, after: float) -> None:
            await asyncio.sleep(after)
            page = await _handed_in(client, seen, made.assignment, cookie, source)
            sent = time.perf_counter()
            shown = await _report(client, seen, page, cookie)
            seen.waits.append(time.perf_counter() - sent)
            seen.marked_at = time.perf_counter() - began
            await _pictures(client, seen, page, cookie, shown)
            seen.drawn_at = time.perf_counter() - began

        whole = zip(cookies, sources, strict=False)  # staff hand in nothing
        await asyncio.gather(*(student(*one, chance.uniform(0, within)) for one in whole))
    return seen


async def _handed_in(client: httpx2.AsyncClient, seen: Seen, assignment: str, cookie: str, source: str) -> str:
    """Loads the form and sends it; the address of the submission."""
    headers = {"cookie": cookie}
    form = (await _timed(seen, client.get(f"/a/{assignment}", headers=headers))).text
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form))
    sent = client.post(
        f"/a/{assignment}/submissions",
        headers=headers,
        data=hidden,
        files={"file": ("optimizers.py", source.encode())},
    )
    answer = await _timed(seen, sent)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


async def _report(client: httpx2.AsyncClient, seen: Seen, page: str, cookie: str) -> str:
    """Watches the stream as the page does, to its end; the report."""
    headers = {"cookie": cookie}
    await _timed(seen, client.get(page, headers=headers))
    events = {**headers, "accept": "text/event-stream"}
    async with client.stream("GET", f"{page}/events", headers=events) as stream:
        async for line in stream.aiter_lines():
            if line == "event: done":
                break
    shown = (await _timed(seen, client.get(page, headers=headers))).text
    assert re.search(r'<p class="score"><strong>[\d.]+</strong> <span>of 125 points', shown), shown[:2000]
    return shown


async def _pictures(client: httpx2.AsyncClient, seen: Seen, page: str, cookie: str, shown: str) -> None:
    """Asks for the pictures as often as the page says, until they are there."""
    while wait := re.search(r'hx-trigger="load delay:(\d+)ms"', shown):
        await asyncio.sleep(int(wait[1]) / 1000)
        shown = (await _timed(seen, client.get(page, headers={"cookie": cookie}))).text


async def _timed(seen: Seen, request: object) -> httpx2.Response:
    started = time.perf_counter()
    response: httpx2.Response = await request  # type: ignore[misc]
    seen.latencies.append(time.perf_counter() - started)
    return response


# ------------------------------------------------------------------------------------------ many stored submissions
STUDENTS = 500
NEWER = "1" * 64  # the digest of an edition that a regrade marks with
TEXT = "why"  # the question that everybody answered in their own words, which a person has marked
OWN = 10  # submissions of the student whose pages are timed, however many others there are


def with_stored(few: int, many: int) -> dict[str, tuple[float, float]]:
    """Median seconds of each page with few and with many stored submissions: both are served, and asked in turn."""
    with contextlib.ExitStack() as opened:
        both = [opened.enter_context(deployment(STUDENTS)) for _ in range(2)]
        for made, count in zip(both, (few, many), strict=True):
            fill(made, graded(made), 0, count)
        with contextlib.ExitStack() as working:
            for made in both:
                working.enter_context(serving(made, worker=True))
            timings = {"a worker's job, from the queue to its end": _medians([partial(_job, made) for made in both])}
        addresses = [opened.enter_context(serving(made, worker=False)) for made in both]
        asked = [
            _requests(made, opened.enter_context(httpx2.Client(base_url=address, timeout=120)))
            for made, address in zip(both, addresses, strict=True)
        ]
        return timings | {name: _medians([each[name] for each in asked]) for name in asked[0]}


def graded(made: Deployment) -> dict[str, object]:
    """The columns of one real report; the first student has a quiz."""
    optimizers, student = load("optimizers"), next(iter(made.cookies))
    with choose("landlock", say=lambda _: None) as sandbox:
        context = Context(made.settings, made.store, Queue(), sandbox, bytes(32), 1)
        sheets.draw(context, JobRow(user_id=student, payload={"assignment": made.assignment}))
        wrong = optimizers.samples["Adam without bias correction"]
        verdict = pipeline.grade(intake.read(wrong, main=optimizers.main), optimizers, sandbox, 7)
    return {
        "digest": verdict.assignment_digest,
        "seed": verdict.seed,
        "status": verdict.status,
        "score": verdict.score,
        "max_score": verdict.max_score,
        "body": reports.pack(verdict),
        "pictures": reports.pack_pictures([]),
    }


def fill(made: Deployment, columns: dict[str, object], there: int, wanted: int) -> None:
    """Stores submissions with the same report, each a second after the one before; the first student has few.

    Each has been marked again by the regrade too, and answers a question in words of its own, which a person has marked.
    """
    students = list(made.cookies)[:-1]
    source = load("optimizers").model_solution.read_bytes()
    rows: dict[type, list[dict[str, object]]] = {
        SubmissionRow: [],
        ReportRow: [],
        DiagnosisRow: [],
        TextMarkRow: [],
        JobRow: [],
        AuditRow: [],
    }
    for number in range(there, wanted):
        user = students[0] if number < OWN else students[1 + number % (len(students) - 1)]
        submission, report, again, at = new_id(), new_id(), new_id(), now() - wanted + number
        rows[SubmissionRow].append(
            {
                "id": submission, "made_at": at, "assignment_id": made.assignment, "user_id": user, "number": number + 1,
                "practice": False, "name": "optimizers.py", "upload": source, "digest": "0" * 64, "answers": {},
                "state": "graded", "late_seconds": 0.0, "report_id": report, "idempotency_key": submission,
            }
        )  # fmt: skip
        answer = f"{number:064x}"
        texts = [{"item": TEXT, "title": "Why?", "digest": answer, "points": 2.0, "worth": 0.0}]
        rows[TextMarkRow].append(
            {
                "assignment_id": made.assignment, "user_id": user, "item_id": TEXT, "answer_digest": answer,
                "points": 1.0, "comment": "", "by_id": "", "made_at": at,
            }
        )  # fmt: skip
        for id_, digest in ((report, columns["digest"]), (again, NEWER)):
            told = {"id": id_, "digest": digest, "submission_id": submission, "texts": texts, "made_at": at}
            rows[ReportRow].append(columns | told)
            rows[DiagnosisRow].append(
                {
                    "report_id": id_,
                    "misconception": "correction-missing",
                    "criterion": "bias_correction",
                    "title": "None",
                }
            )
        for kind, lane, regrade in (("mark", "interactive", None), ("remark", "regrade", made.regrade)):
            rows[JobRow].append(
                {
                    "id": new_id(), "made_at": at, "kind": kind, "lane": lane, "priority": 10_000, "state": "done",
                    "course_id": made.course, "user_id": user, "submission_id": submission, "regrade_id": regrade,
                    "payload": {}, "result": {}, "failures": 0, "starts": 1, "started_at": at, "finished_at": at + 0.3,
                    "error": "",
                }
            )  # fmt: skip
        rows[AuditRow].append(
            {"at": at, "actor_id": user, "course_id": made.course, "action": "submission.made", "object_id": submission,
             "detail": {}}
        )  # fmt: skip
    with made.store.writing() as db:
        for table, values in rows.items() if there < wanted else ():
            db.execute(sa.insert(table), values)
        regrade = db.get_one(RegradeRow, made.regrade)
        regrade.total = regrade.put = wanted
        refresh(db, db.get_one(AssignmentRow, made.assignment))


def asked_pages(made: Deployment) -> dict[str, tuple[str, str]]:
    """What is timed, with its address and the cookie of who asks."""
    student, *_, staff = made.cookies.values()
    asked = made.assignment
    return {
        "the student's first page": ("/", student),
        "the assignment, with a history of ten": (f"/a/{asked}", student),
        "a report": (f"/s/{_own(made)}", student),
        "the quiz": (f"/a/{asked}/quiz", student),
        "staff: the course": (f"/staff/c/{made.course}", staff),
        "staff: overview": (f"/staff/a/{asked}", staff),
        "staff: newest submissions": (f"/staff/a/{asked}/submissions", staff),
        "staff: submissions, filtered": (f"/staff/a/{asked}/submissions?state=graded&most=95", staff),
        "staff: grades": (f"/staff/a/{asked}/grades", staff),
        "staff: grades as CSV": (f"/staff/a/{asked}/grades/plain.csv", staff),
        "staff: analysis of the class": (f"/staff/a/{asked}/analysis", staff),
        "staff: free texts": (f"/staff/a/{asked}/texts", staff),
        "staff: what a regrade changes": (f"/staff/a/{asked}/regrade", staff),
        "staff: how far a regrade is": (f"/staff/a/{asked}/regrade/progress", staff),
        "metrics": ("/metrics", ""),
    }


def _requests(made: Deployment, client: httpx2.Client) -> dict[str, Callable[[], None]]:
    """The requests that are timed, by name."""
    student = next(iter(made.cookies.values()))
    form = f"/a/{made.assignment}"

    def get(path: str, cookie: str) -> None:
        answer = client.get(path, headers={"cookie": cookie} if cookie else {})
        assert answer.status_code == 200, (path, answer.status_code, answer.text[:300])
        assert not path.endswith("/regrade") or "Points of what counts" in answer.text, "there is no preview"

    csrf = re.search('name="csrf" value="([^"]+)"', client.get(form, headers={"cookie": student}).text)
    assert csrf is not None

    def post() -> None:
        source = f"# {new_id()}\n".encode()
        sent = client.post(
            f"{form}/submissions",
            headers={"cookie": student},
            data={"csrf": csrf[1], "key": new_id()},
            files={"file": ("optimizers.py", source)},
        )
        assert sent.status_code == 303, sent.text[:300]

    pages: dict[str, Callable[[], None]] = {name: partial(get, *asked) for name, asked in asked_pages(made).items()}
    return pages | {"handing in": post, "the place in the queue": partial(_place, made)}


def _place(made: Deployment) -> None:
    with made.store.reading() as db:
        assert places(db)


def _job(made: Deployment) -> None:
    """The least that a job is, when nothing else waits."""
    with made.store.writing() as db:
        job = Queue().put(db, "sources", "sheet", course_id=made.course).id
    while True:
        with made.store.reading() as db:
            if db.scalar(sa.select(JobRow.state).where(JobRow.id == job)) == "done":
                return
        time.sleep(0.002)


def _own(made: Deployment) -> str:
    with made.store.reading() as db:
        return str(
            db.scalar(sa.select(SubmissionRow.id).where(SubmissionRow.user_id == next(iter(made.cookies))).limit(1))
        )


def _medians(both: list[Callable[[], None]]) -> tuple[float, float]:
    """Median seconds of each of two, run in turn."""
    taken: tuple[list[float], list[float]] = [], []
    for _ in range(15):
        for run, seconds in zip(both, taken, strict=True):
            started = time.perf_counter()
            run()
            seconds.append(time.perf_counter() - started)
    few, many = (statistics.median(seconds[3:]) for seconds in taken)
    return few, many
