"""`gradmark serve --course course.toml`: the service has the course, and proves and marks its stages as they are given."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from conftest import require
from workers import until

from autograder import authoring
from autograder.service.operate.terms import Planned, Term, begin
from autograder.service.settings import Settings
from autograder.service.store import Store
from autograder.service.store.schema import AssignmentRow, CourseRow, JobRow, MembershipRow, VersionRow
from autograder.service.worker import jobs

DUE = datetime.fromisoformat("2026-10-05T23:59:00+02:00")
COURSE = f"""title = "A term"
time_zone = "Europe/Berlin"

[[stages]]
assignment = "./descent"
due = {DUE.isoformat()}

[[stages]]
assignment = "practice"
"""


@pytest.fixture
def file(tmp_path):
    authoring.new("descent", tmp_path)
    written = tmp_path / "course.toml"
    written.write_text(COURSE, encoding="utf-8")
    return written


def planned(*sources: str) -> Term:
    return Term("A term", "Europe/Berlin", [Planned(source, source.title(), DUE.timestamp()) for source in sources])


def test_a_term_is_made_once_and_completed_later(service):
    assert "2 of 2 assignments added" in begin(service.store, planned("descent", "practice"))
    assert "0 of 2 assignments added" in begin(service.store, planned("descent", "practice"))
    assert "1 of 3 assignments added" in begin(service.store, planned("descent", "practice", "schedulers"))
    with service.store.reading() as db:
        (course,) = db.scalars(sa.select(CourseRow).where(CourseRow.title == "A term")).all()
        asked = db.scalars(sa.select(AssignmentRow).where(AssignmentRow.course_id == course.id)).all()
        staff = db.scalars(sa.select(MembershipRow.user_id).where(MembershipRow.course_id == course.id)).all()
        waiting = db.scalars(sa.select(JobRow).where(JobRow.kind == "prove", JobRow.course_id == course.id)).all()
    assert course.time_zone == "Europe/Berlin"
    assert sorted(one.source for one in asked) == ["descent", "practice", "schedulers"]
    assert {one.policy["due_at"] for one in asked} == {DUE.timestamp()}
    assert not any(one.open for one in asked)
    assert len(waiting) == 3
    assert staff == [service.people["Operator"]]


def test_what_staff_changed_stays(service):
    begin(service.store, planned("descent"))
    with service.store.writing() as db:
        asked = db.scalars(sa.select(AssignmentRow).where(AssignmentRow.source == "descent")).one()
        asked.policy = {**asked.policy, "due_at": 1.0}
        asked.title = "Renamed"
    begin(service.store, planned("descent"))
    with service.store.reading() as db:
        asked = db.scalars(sa.select(AssignmentRow).where(AssignmentRow.source == "descent")).one()
        assert (asked.title, asked.policy["due_at"]) == ("Renamed", 1.0)


@pytest.mark.slow
def test_a_worker_offers_and_proves_the_stages_of_the_course(service, file):
    service.context.settings = Settings(file.parent, service.settings.database, "http://testserver", assignments=file)
    assert list(service.context.sources())[:2] == ["descent", "practice"]
    begin(service.store, planned("descent"))
    with service.store.reading() as db:
        job = db.scalars(sa.select(JobRow).where(JobRow.kind == "prove", JobRow.state == "queued")).one()
    jobs.run(service.context, job.id, "test")
    with service.store.reading() as db:
        asked = db.scalars(sa.select(AssignmentRow).where(AssignmentRow.source == "descent")).one()
        version = db.get_one(VersionRow, asked.version_id)
    assert version.state == "proven"
    assert version.digest == service.context.assignment("descent").digest
    assert service.context.assignment("descent").folder == file.parent / "descent"


def started(data: Path, *arguments: str) -> subprocess.Popen[bytes]:
    with (data / "said").open("wb") as said:
        return subprocess.Popen(
            [sys.executable, "-m", "autograder", "serve", "--port", "0", "--data", str(data / "service"), *arguments],
            env=os.environ | {"GRADMARK_LOG_FORMAT": "text"},
            stdin=subprocess.DEVNULL,
            stderr=said,
            start_new_session=True,
        )


@pytest.mark.slow
def test_one_command_makes_the_service_of_a_term(file, tmp_path):
    require("landlock")
    process = started(tmp_path, "--course", str(file), "--sandbox", "landlock")
    try:
        until(lambda: re.search("the course “A term”: 2 of 2", (tmp_path / "said").read_text()))
        store = Store(f"sqlite:///{tmp_path / 'service' / 'gradmark.sqlite'}")

        def proven() -> bool:
            with store.reading() as db:
                return len(db.scalars(sa.select(VersionRow).where(VersionRow.state == "proven")).all()) == 2

        until(proven, 120)
        store.close()
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def refused(*arguments: str) -> str:
    command = [sys.executable, "-m", "autograder", *arguments]
    environment = os.environ | {"COLUMNS": "300", "NO_COLOR": "1", "TERM": "dumb"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    return done.stderr


def test_a_course_that_cannot_be_read_starts_nothing(file, tmp_path):
    file.write_text(COURSE.replace("Europe/Berlin", "Berlin"), encoding="utf-8")
    data = str(tmp_path / "service")
    assert "'Berlin' is not a time zone" in refused("serve", "--data", data, "--course", str(file))
    file.write_text(COURSE.replace("./descent", "./nowhere"), encoding="utf-8")
    assert "nowhere/assignment.toml, line 1" in refused("serve", "--data", data, "--course", str(file))
    assert "leave --assignments out" in refused("worker", "--assignments", str(tmp_path), "--course", str(file))
    assert not (tmp_path / "service").exists()
