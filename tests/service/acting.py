"""What people and programs do in a course of the service: the deeds that tests of several pages share."""

from __future__ import annotations

import re
import shutil
import socket
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from course import SAMPLES, csrf
from fastapi.testclient import TestClient

from autograder.model import Awaited, CriterionMark, Diagnosis, Exhibit, ItemMark
from autograder.model import Report as Verdict
from autograder.service.rules import policy as policies
from autograder.service.store import reports
from autograder.service.store.links import hashed
from autograder.service.store.schema import (
    AssignmentRow,
    DiagnosisRow,
    MembershipRow,
    ReportRow,
    SubmissionRow,
    TokenRow,
    VersionRow,
    new_id,
    now,
)
from autograder.service.store.standings import standings
from autograder.service.web import app as web
from autograder.service.web.app import create_app
from autograder.service.web.edge.forms import time_field
from autograder.service.worker import proving


def verdict(**changed) -> Verdict:
    """A report with something of every kind."""
    made = Verdict(
        "optimizers", "d" * 64, 7, "optimizers.py", "e" * 64, "graded", "",
        criteria=(CriterionMark("sgd", "The plain step", 10, 10, "passed"), CriterionMark("adam", "Moments", 5, 10, "partial", ("MESSAGE",))),
        diagnoses=(Diagnosis("no-m", "adam", "IDEA", "HINT", "TRY"),),
        quiz=(ItemMark("q1", 1, 2, "partial", "WHY", "QUESTION"), ItemMark("q2", 0, 4, "waiting", "", "Explain", "RUBRIC", Awaited("because", 4))),
        quiz_counts=True,
        quiz_points=6,
        exhibits=(Exhibit("s", "EXHIBIT", "adam", (), (("0", "1", "1", ""),)),),
        log="LOG",
    )  # fmt: skip
    return replace(made, **changed)


def put(service, name="Ada", body=None, *, number=1, late=0.0, made_at=None, practice=False, pictures=None) -> str:
    """A submission that was marked so."""
    body = body or verdict()
    with service.by_hand() as db:
        one = SubmissionRow(
            assignment_id=service.assignment, user_id=service.people[name], number=number, name="optimizers.py",
            upload=b"x", digest="e" * 64, state=body.status, late_seconds=late, practice=practice, made_at=made_at or now(),
        )  # fmt: skip
        db.add(one)
        db.flush()
        again(db, one, body, pictures=pictures)
        return one.id


def again(db, submission, body, *, seed=1, made_at=None, counts=True, pictures=None) -> str:
    report = ReportRow(
        submission_id=submission.id, digest=body.assignment_digest, seed=seed, status=body.status, score=body.score,
        max_score=body.max_score, body=reports.pack(body), pictures=reports.pack_pictures(pictures or []), made_at=made_at or now(),
    )  # fmt: skip
    db.add(report)
    db.flush()
    if counts:
        submission.report_id, report.counted = report.id, True
    return report.id


def policy(service, **values) -> None:
    with service.by_hand() as db:
        db.get_one(AssignmentRow, service.assignment).policy = values


@contextmanager
def counted():
    """The statements that any database is asked meanwhile."""
    said: list[str] = []

    def note(_connection, _cursor, statement, *_):
        said.append(statement)

    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    yield said
    sa.event.remove(sa.Engine, "before_cursor_execute", note)


def handed_in(db, asked, user: str, number: int, score: float, **more) -> SubmissionRow:
    """A submission with a report; `named`: the misconceptions in it, `texts`: free answers of it."""
    submission, report, state = new_id(), new_id(), more.pop("state", "graded")
    named, texts = more.pop("named", ()), more.pop("texts", [])
    one = SubmissionRow(
        id=submission, assignment_id=asked.id, user_id=user, number=number, name="x", upload=b"", digest="",
        state=state, report_id=report, made_at=1000.0 * number, **more,
    )  # fmt: skip
    db.add(one)
    db.flush()
    db.add(
        ReportRow(
            id=report, submission_id=submission, digest="old", seed=number, status=state, score=score,
            max_score=100.0, body=b"", texts=texts,
        )
    )  # fmt: skip
    db.flush()
    db.add_all([DiagnosisRow(report_id=report, misconception=name, criterion="c", title=name) for name in named])
    return one


def decide(client, id_, row="criterion:adam", points="9.5", reason="Right idea, wrong name."):
    data = {"csrf": csrf(client), "row": row, "points": points, "reason": reason}
    return client.post(f"/staff/s/{id_}/override", data=data)


def grouped(service, client, **names):
    data = {f"group.{service.people[who]}": name for who, name in names.items()}
    return client.post(f"/staff/c/{service.course}/groups", data={"csrf": csrf(client), **data})


def send(service, client, step, **form):
    """As browsers send forms with files: each field a part."""
    parts = {name: (None, value) for name, value in {"csrf": csrf(client), **form}.items()}
    return client.post(f"/staff/c/{service.course}/{step}", files=parts)


def program(service, name: str, *, read_only: bool = False, seconds: float = 1e6, **options) -> TestClient:
    """A program with a token of this person's."""
    secret = f"gradmark_{name}{read_only}{seconds}"
    with service.store.writing() as db:
        db.add(
            TokenRow(
                token_hash=hashed(secret),
                user_id=service.people[name],
                name="a program",
                read_only=read_only,
                expires_at=now() + seconds,
            )
        )
    return TestClient(create_app(service.settings), headers={"Authorization": f"Bearer {secret}"}, **options)


def form(service, **changed) -> dict[str, str]:
    """The settings as the page has them, with changes; times in hours from now."""
    with service.store.reading() as db:
        policy = policies.from_json(db.get_one(AssignmentRow, service.assignment).policy)
    fields = policies.to_json(replace(policy, **changed))
    times = {name: time_field(fields[name], "UTC") for name in ("opens_at", "due_at", "release_at")}
    return {"title": "Optimizers"} | {name: str(value) for name, value in fields.items()} | times


def seen(html: str) -> str:
    return re.search(r'name="seen" value="(\w+)"', html)[1]


def choose_points(service, client, **changed):
    """Save these points of rows, after looking at whose marks they change."""
    fields = {f"points.{row}": str(value) for row, value in changed.items()}
    data = {"csrf": csrf(client), **form(service), **fields}
    shown = client.post(f"/staff/a/{service.assignment}/settings", data=data)
    if "Nothing is saved yet" not in shown.text:
        return shown
    return client.post(f"/staff/a/{service.assignment}/settings", data=data | {"seen": seen(shown.text)})


TEXT = "The moments start at zero, so early steps are too small; <b>dividing</b> by 1 - beta^t mends it."


def text_item(service, name):
    """The free-text question of this student's variant."""
    from autograder.quiz.variants import seed_for

    with service.store.reading() as db:
        who = db.get_one(MembershipRow, (service.course, service.people[name])).roster_id
    seed = seed_for(service.context.course_secret(service.course), who)
    return next(item for item in service.context.assignment("optimizers").quiz(seed) if item.kind == "text")


ROOT = Path(__file__).resolve().parents[2]


AVERAGED = SAMPLES["momentum as an average"].read_bytes()


class Edition:
    """An operator's folder with the assignment in it, which a test edits; what it proves is taken as proven."""

    def __init__(self, service, home):
        self.service = service
        self.folder = home / "assignments" / "optimizers"
        shutil.copytree(ROOT / "assignments/optimizers", self.folder, ignore=shutil.ignore_patterns("__pycache__"))
        for shared in ("reference", "student_template"):
            (home / shared).symlink_to(ROOT / shared)
        service.context.settings = replace(service.settings, assignments=home / "assignments")

    def points(self, **wanted):
        """An edition with other points, proven: a real proof takes a minute, and a test of its own runs one."""
        file = self.folder / "assignment.toml"
        blocks = file.read_text().split("[[rubric]]")
        for number, block in enumerate(blocks):
            for name, points in wanted.items():
                if f'id = "{name}"' in block:
                    head, _, rest = block.partition("points = ")
                    blocks[number] = f"{head}points = {points}\n{rest.partition(chr(10))[2]}"
        file.write_text("[[rubric]]".join(blocks))
        assignment = self.service.context.assignment("optimizers", fresh=True)
        with self.service.store.writing() as db:
            version = VersionRow(
                assignment_id=self.service.assignment, digest=assignment.digest, state="proven",
                about=proving.about(assignment),
            )  # fmt: skip
            db.add(version)
        return version.id


def points(service):
    with service.store.reading() as db:
        found = standings(db, db.get_one(AssignmentRow, service.assignment))
        return {name: found[id_].points for name, id_ in service.people.items() if id_ in found}


def every_route():
    """(method and path, route) of all there is; static files and the schema are for everybody."""
    for router in web.ROUTERS:
        for route in router.routes:
            for method in sorted(route.methods - {"HEAD"}):
                yield f"{method} {route.path}", route


class Mailbox(list):
    """(sender, recipients, text) of each mail that came."""

    def __init__(self):
        super().__init__()
        self.answers: dict[str, str] = {}


@pytest.fixture
def mailbox(monkeypatch):
    """A real mail server; what it was given. `answers` has what it says to an address, in place of yes."""
    from aiosmtpd.controller import Controller

    class Keeping:
        def __init__(self):
            self.messages = Mailbox()

        async def handle_RCPT(self, _server, _session, envelope, address, _options):  # noqa: N802
            if said := self.messages.answers.get(address):
                return said
            envelope.rcpt_tos.append(address)
            return "250 OK"

        async def handle_DATA(self, _server, _session, envelope):  # noqa: N802
            self.messages.append((envelope.mail_from, envelope.rcpt_tos, envelope.content.decode()))
            return "250 OK"

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    keeping = Keeping()
    server = Controller(keeping, hostname="127.0.0.1", port=port)
    server.start()
    monkeypatch.setenv("GRADMARK_SMTP_URL", f"smtp://127.0.0.1:{port}")
    yield keeping.messages
    server.stop()
