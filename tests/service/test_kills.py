"""Whatever is killed with SIGKILL while students hand in: nothing is lost, nothing is marked twice, all marks are right.

Everything is real: the web process, workers, database server and sandbox are processes, and students come by HTTP.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import psutil
import pytest
import sqlalchemy as sa
from conftest import require
from course import SAMPLES, Service, serving
from workers import until

from autograder import pipeline
from autograder.model import Report as Verdict
from autograder.quiz import that_counts
from autograder.service.queue import unpark
from autograder.service.store import reports
from autograder.service.store.schema import (
    AssignmentRow,
    JobRow,
    MembershipRow,
    ReportRow,
    SubmissionRow,
    TokenRow,
    UserRow,
    now,
)
from autograder.service.web.edge.access import hashed
from autograder.service.worker import jobs, marking

FILES = {  # right, empty, and wrong in two ways, whose lines are found quickly
    label: SAMPLES[label].read_bytes()
    for label in ("model solution", "bare template", "momentum as an average", "Adam corrected by the wrong beta")
}
LEASE = {"GRADMARK_LEASE_SECONDS": "2", "GRADMARK_LOG_FORMAT": "text"}
KILLS = int(os.environ.get("KILLS", "4"))  # each kind once; 12 before a release, with more submissions
ALL_DONE_SECONDS = 240.0


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return found.getsockname()[1]


@dataclass
class Deployment:
    """`gradmark serve` with a worker beside it, and a worker on another machine, so to speak; each is restarted."""

    service: Service
    logs: Path
    port: int = field(default_factory=_free_port)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, name: str) -> None:
        of = self.service.settings
        command = {
            "web": ("serve", "--port", str(self.port)),
            "worker": ("worker",),
        }[name]
        with (self.logs / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, "-m", "autograder", *command, "--sandbox", "landlock", "--jobs", "1"],
                env=os.environ | LEASE | {"GRADMARK_DATA": str(of.data), "GRADMARK_DATABASE": of.database},
                stdin=subprocess.DEVNULL,
                stderr=log,
                start_new_session=True,
            )

    def kill(self, name: str) -> None:
        """SIGKILL, for the process alone or for its whole group; then it is started again."""
        process = self.processes[name]
        (os.killpg if secrets.randbelow(2) else os.kill)(process.pid, signal.SIGKILL)
        process.wait()
        self.start(name)

    def kill_beside(self) -> None:
        """Of the worker beside the web process; that one starts another."""
        with contextlib.suppress(psutil.NoSuchProcess):
            for child in psutil.Process(self.processes["web"].pid).children():
                child.kill()

    def stop(self) -> None:
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            process.wait(60)


@contextmanager
def deployed(service: Service, logs: Path) -> Iterator[Deployment]:
    deployment = Deployment(service, logs)
    try:
        for name in ("web", "worker"):
            deployment.start(name)
        yield deployment
    finally:
        deployment.stop()


# ------------------------------------------------------------------------------------------------------- students
def classroom(service: Service, students: int, assignments: int) -> tuple[list[str], list[str]]:
    """Tokens of so many students, and so many assignments: a newer submission supersedes only one of its assignment."""
    tokens = []
    with service.store.writing() as db:
        first = db.get_one(AssignmentRow, service.assignment)
        for _ in range(assignments - 1):
            again = AssignmentRow(course_id=first.course_id, title="Again", source="optimizers", open=True)
            again.version_id = first.version_id
            db.add(again)
        for number in range(students):
            token = secrets.token_urlsafe()
            student = UserRow(name=f"Student {number}")
            db.add(student)
            db.flush()
            db.add(MembershipRow(course_id=service.course, user_id=student.id, role="student", roster_id=f"k-{number}"))
            db.add(TokenRow(user_id=student.id, token_hash=hashed(token), name="kills", expires_at=now() + 3600))
            tokens.append(token)
        db.flush()
        return tokens, list(db.scalars(sa.select(AssignmentRow.id)))


def handed_in(url: str, token: str, assignment: str, source: bytes, key: str) -> str:
    """Sends it until it is told that it is there: what a client with an idempotency key may do."""
    while True:
        with contextlib.suppress(httpx2.TransportError):
            answer = httpx2.post(
                f"{url}/api/v1/assignments/{assignment}/submissions",
                headers={"Authorization": f"Bearer {token}", "Idempotency-Key": key},
                files={"file": ("optimizers.py", source)},
                timeout=20,
            )
            if answer.status_code in (200, 201):
                return answer.json()["id"]
            assert answer.status_code >= 500, answer.text
        time.sleep(0.2)


def told(verdict: Verdict) -> tuple[object, ...]:
    """What two runs must agree in."""
    criteria = tuple((one.id, one.status, one.score, one.messages) for one in verdict.criteria)
    hints = tuple((one.misconception, one.criterion) for one in verdict.diagnoses)
    return verdict.status, verdict.score, verdict.max_score, verdict.seed, criteria, hints


def undisturbed(service: Service) -> dict[str, tuple[tuple[object, ...], bool]]:
    """What is said of each file when nothing is killed, and whether there are pictures."""
    assignment = that_counts(service.context.assignment("optimizers"))
    verdicts = {}
    for label, source in FILES.items():
        submission = marking.read(SubmissionRow(name="optimizers.py", upload=source, answers={}), assignment, "nobody")
        seed = pipeline.derived_seed(assignment, submission)
        verdict = pipeline.grade(submission, assignment, service.context.sandbox, seed)
        verdicts[label] = told(verdict), bool(verdict.charts)
    return verdicts


def states(service: Service) -> set[str]:
    """The states of all jobs."""
    with service.store.reading() as db:
        return set(db.scalars(sa.select(JobRow.state)))


def try_again(service: Service) -> None:
    """By chance a job may lose its worker three times: it waits for staff, who try it again."""
    with service.store.writing() as db:
        for job in db.scalars(sa.select(JobRow).where(JobRow.state == "parked")):
            assert job.failures >= jobs.FAILURES, job.error
            assert unpark(db, service.queue, job.id)


def survives(service: Service, logs: Path, kills: list[Callable[[Deployment], None]], students: int, each: int) -> None:
    """Students hand in, kills happen, and in the end everything is as if they had not."""
    tokens, assignments = classroom(service, students, each)
    expected = undisturbed(service)
    drawn = random.Random(7)  # noqa: S311
    work = [(token, one, drawn.choice(list(FILES))) for token, one in itertools.product(tokens, assignments)]
    drawn.shuffle(work)
    sent: dict[str, str] = {}  # submission -> file
    seen: dict[str, str] = {}  # submission -> its first report

    def student(mine: list[tuple[str, str, str]]) -> None:
        for token, assignment, label in mine:
            sent[handed_in(url, token, assignment, FILES[label], f"{token[:8]}-{assignment}")] = label
            time.sleep(drawn.uniform(0.0, 1.0))

    def look() -> bool:
        """Whether all is marked; and whoever has seen a report sees the same one for ever."""
        with contextlib.suppress(sa.exc.OperationalError), service.store.reading() as db:
            rows = db.execute(sa.select(SubmissionRow.id, SubmissionRow.report_id, SubmissionRow.state)).all()
            for id_, report, state in rows:
                if report is not None:
                    assert seen.setdefault(id_, report) == report
                assert id_ not in seen or state == "graded", state
            return len(seen) == len(work)
        return False

    with deployed(service, logs) as deployment:
        url = f"http://127.0.0.1:{deployment.port}"
        crowd = [threading.Thread(target=student, args=(work[number::4],)) for number in range(4)]
        for one in crowd:
            one.start()
        for kill in kills:
            time.sleep(drawn.uniform(0.3, 2.0))
            kill(deployment)
            look()
        for one in crowd:
            one.join()
        until(look, ALL_DONE_SECONDS)
        try_again(service)
        until(lambda: states(service) == {"done"}, ALL_DONE_SECONDS)
    assert len(sent) == len(work)
    with service.store.reading() as db:
        found = db.scalars(sa.select(ReportRow)).all()
        assert sorted(report.submission_id for report in found) == sorted(sent)
        for report in found:
            shown = told(reports.unpack(report.body)), report.pictures is not None
            assert shown == expected[sent[report.submission_id]]


@pytest.mark.slow("processes start anew after each kill, and 24 submissions are marked")
def test_submissions_survive_kills_on_postgres(tmp_path, postgres):
    require("landlock")

    def database(_: Deployment) -> None:
        postgres.kill()
        time.sleep(0.5)
        postgres.start()

    kills = [database, lambda d: d.kill("web"), lambda d: d.kill("worker"), Deployment.kill_beside]
    drawn = random.Random(2026)  # noqa: S311
    chosen = kills + [drawn.choice(kills) for _ in range(KILLS - len(kills))]
    drawn.shuffle(chosen)
    with serving(tmp_path, postgres.database()) as service:
        survives(service, tmp_path, chosen, students=3 * KILLS, each=2)


@pytest.mark.slow("processes start anew after each kill, and 16 submissions are marked")
def test_submissions_survive_kills_on_sqlite(tmp_path):
    require("landlock")
    chosen = [lambda d: d.kill("worker"), Deployment.kill_beside, lambda d: d.kill("web"), lambda d: d.kill("worker")]
    with serving(tmp_path) as service:
        survives(service, tmp_path, chosen, students=8, each=2)
