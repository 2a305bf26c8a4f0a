"""Processes that start, end, stall and vanish: `gradmark serve`, `gradmark worker`, and what becomes of their jobs."""

from __future__ import annotations

import contextlib
import os
import pwd
import re
import secrets
import signal
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

import httpx2
import psutil
import pytest
import sqlalchemy as sa
from acting import mailbox  # noqa: F401 - a fixture
from course import RIGHT, hand_in, serving
from fastapi.testclient import TestClient
from workers import until, working

from autograder.sandbox import SandboxFailed, SandboxUnavailable
from autograder.service import queue as queues
from autograder.service import serve
from autograder.service.queue import places
from autograder.service.serve import CannotServe
from autograder.service.settings import Settings, settings
from autograder.service.store.migrate import migrate
from autograder.service.store.schema import JobRow, ReportRow, SessionRow, SubmissionRow, WorkerRow, now
from autograder.service.web.app import create_app
from autograder.service.web.edge.access import COOKIE, hashed
from autograder.service.worker import jobs, main


@pytest.fixture(params=["sqlite", "postgres"])
def anywhere(request, tmp_path):
    """A service on each database."""
    url = request.getfixturevalue("postgres").database() if request.param == "postgres" else ""
    with serving(tmp_path, url) as running:
        yield running


@pytest.fixture
def hasty(monkeypatch):
    """Workers of this process wait less long for the dead."""
    monkeypatch.setattr(queues, "LEASE_SECONDS", 1.0)
    monkeypatch.setattr(main, "BEAT_SECONDS", 0.2)


@contextmanager
def gradmark(data: Path, *arguments: str, **environment: str):
    """The command as a process of its own; what it says goes to `said` in the folder."""
    with (data / "said").open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "autograder", *arguments],
            env=os.environ | {"GRADMARK_DATA": str(data), "GRADMARK_LOG_FORMAT": "text"} | environment,
            stdin=subprocess.DEVNULL,
            stderr=said,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def said(data: Path, pattern: str, times: int = 1) -> str:
    """Waits until it is said, and returns what the group holds."""
    until(lambda: len(re.findall(pattern, (data / "said").read_text())) >= times)
    return re.findall(pattern, (data / "said").read_text())[-1]


def only_job(service) -> JobRow:
    with service.store.reading() as db:
        return db.scalars(sa.select(JobRow).where(JobRow.kind != "tidy")).one()


# ------------------------------------------------------------------------------------------------ jobs of the dead
@pytest.mark.slow("a worker starts, and its lease runs out")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
@pytest.mark.usefixtures("hasty")
def test_the_job_of_a_worker_that_fell_silent_is_done_by_another(anywhere, tmp_path, number):
    """One that was only paused comes back, has nothing more to say of that job, and works on."""
    submission = hand_in(anywhere, "Ada")
    told = {"GRADMARK_DATABASE": anywhere.settings.database, "GRADMARK_LEASE_SECONDS": "1"}
    with gradmark(tmp_path, "worker", "--sandbox", "landlock", "--jobs", "1", **told) as silent:
        until(lambda: only_job(anywhere).state == "running")
        with anywhere.store.writing() as db:
            db.execute(sa.select(1))  # takes the lock of SQLite: a process that is paused while it writes would keep it
            silent.send_signal(number)
            until(lambda: psutil.Process(silent.pid).status() in {psutil.STATUS_STOPPED, psutil.STATUS_ZOMBIE})
        with working(anywhere, "other"):
            until(lambda: only_job(anywhere).state == "done")
        assert (only_job(anywhere).starts, only_job(anywhere).failures) == (2, 1)
        with anywhere.store.reading() as db:
            report = db.scalars(sa.select(ReportRow)).one()
            assert db.get_one(SubmissionRow, submission).report_id == report.id
        if number == signal.SIGSTOP:
            silent.send_signal(signal.SIGCONT)
            later = hand_in(anywhere, "Bob")
            until(lambda: graded(anywhere, later))
            assert only_report(anywhere, submission) == report.id
            assert job_worker(anywhere, submission) == "other"


def graded(service, submission) -> bool:
    return submission_state(service, submission) == "graded"


def submission_state(service, submission) -> str:
    with service.store.reading() as db:
        return db.get_one(SubmissionRow, submission).state


def only_report(service, submission) -> str:
    with service.store.reading() as db:
        return db.scalars(sa.select(ReportRow.id).where(ReportRow.submission_id == submission)).one()


def job_worker(service, submission) -> str | None:
    with service.store.reading() as db:
        return db.scalars(sa.select(JobRow.worker_id).where(JobRow.submission_id == submission)).one()


@pytest.mark.slow
def test_jobs_that_lost_their_worker_are_told_to_be_next_and_run_in_their_old_order(anywhere, monkeypatch):
    """One at a time, in the queue that runs jobs alone; whoever came after them may run beside them meanwhile."""
    ran: list[str] = []
    monkeypatch.setitem(jobs.KINDS, "note", lambda _, job: ran.append(job.id) or {})
    with anywhere.store.writing() as db:
        lost = [anywhere.queue.put(db, "note", "interactive").id for _ in range(2)]
        for id_ in reversed(lost):
            job = db.get_one(JobRow, id_)
            job.state, job.worker_id = "running", "dead"
        later = [anywhere.queue.put(db, "note", "interactive").id for _ in range(3)]
    main._take_over(anywhere.context)  # noqa: SLF001 - what the heart does, at a moment that the test chooses
    with anywhere.store.reading() as db:
        told = places(db)
    assert [told[id_].ahead for id_ in (*lost, *later)] == [0, 1, 2, 3, 4]
    with working(anywhere):
        until(lambda: len(ran) == 5)
    assert [id_ for id_ in ran if id_ in lost] == lost
    assert [id_ for id_ in ran if id_ in later] == later


@pytest.mark.usefixtures("hasty")
def test_a_job_whose_end_could_not_be_written_gets_another_turn(anywhere, monkeypatch):
    """The database went away in between; that is nobody's failure."""
    done, tries = jobs.done, []

    def interrupted(context, begun, result):
        tries.extend([begun.starts] * (begun.kind == "note"))
        if tries == [1]:
            raise sa.exc.OperationalError("", {}, OSError("gone"))
        done(context, begun, result)

    monkeypatch.setattr(jobs, "done", interrupted)
    monkeypatch.setitem(jobs.KINDS, "note", lambda context, job: {})
    with anywhere.store.writing() as db:
        anywhere.queue.put(db, "note", "interactive")
    with working(anywhere):
        until(lambda: only_job(anywhere).state == "done")
    assert (tries, only_job(anywhere).failures) == ([1, 2], 0)


def test_who_lost_a_job_has_nothing_more_to_say_of_it(service):
    with service.store.writing() as db:
        id_ = service.queue.put(db, "note", "interactive").id
    late = jobs.start(service.context, id_, "late")
    with service.store.writing() as db:
        service.queue.again(db, db.get_one(JobRow, id_))
    holder = jobs.start(service.context, id_, "holder")
    jobs.failed(service.context, late, "too late")
    jobs.done(service.context, late, {"by": "late"})
    assert (state(service, id_), only_job(service).failures) == ("running", 0)
    jobs.done(service.context, holder, {"by": "holder"})
    assert (state(service, id_), only_job(service).result) == ("done", {"by": "holder"})


@pytest.mark.usefixtures("hasty")
def test_a_job_that_is_its_workers_by_the_row_alone_begins_again(service, monkeypatch):
    """The database wrote that the worker has it and then went away, before it could answer."""
    go = threading.Event()
    monkeypatch.setitem(jobs.KINDS, "hold", lambda context, job: go.wait(30) and {})
    with service.store.writing() as db:
        held = service.queue.put(db, "hold", "sheet").id
    with working(service, "worker"):
        until(lambda: state(service, held) == "running")
        with service.store.writing() as db:
            job = service.queue.put(db, "hold", "sheet")
            job.state, job.worker_id = "running", "worker"
        until(lambda: state(service, job.id) == "queued")
        assert state(service, held) == "running"
        go.set()
        until(lambda: state(service, job.id) == "done")
    with service.store.reading() as db:
        assert [(db.get_one(JobRow, id_).starts, db.get_one(JobRow, id_).failures) for id_ in (held, job.id)] == [
            (1, 0)
        ] * 2


def state(service, job_id) -> str:
    with service.store.reading() as db:
        return db.scalars(sa.select(JobRow.state).where(JobRow.id == job_id)).one()


@pytest.mark.usefixtures("hasty")
def test_a_worker_that_died_before_the_clock_was_set_back_is_dead(service, monkeypatch):
    monkeypatch.setitem(jobs.KINDS, "note", lambda _, job: {})
    with service.store.writing() as db:
        job = service.queue.put(db, "note", "interactive")
        job.state, job.worker_id = "running", "dead"
        db.add(WorkerRow(id="dead", slots=1, sandbox="landlock", beat_at=now() + 3600))
    with working(service):
        until(lambda: only_job(service).state == "done")


@pytest.mark.usefixtures("hasty")
def test_a_job_that_cannot_be_read_is_parked_and_keeps_no_other_from_being_taken_over(service, monkeypatch):
    monkeypatch.setitem(jobs.KINDS, "note", lambda _, job: {})
    damaged = hand_in(service, "Ada")
    with service.store.writing() as db:
        other = service.queue.put(db, "note", "interactive").id
        db.execute(sa.text("UPDATE jobs SET payload = '{' WHERE submission_id IS NOT NULL"))
        db.execute(sa.text("UPDATE jobs SET state = 'running', worker_id = 'dead'"))
    with working(service):
        until(lambda: state(service, other) == "done")
        until(lambda: submission_state(service, damaged) == "parked")
        with service.store.writing() as db:
            job = db.scalars(sa.select(JobRow).where(JobRow.submission_id == damaged)).one()
            assert "was damaged" in job.error
            assert queues.unpark(db, service.queue, job.id)
        until(lambda: submission_state(service, damaged) == "graded")


@pytest.mark.usefixtures("hasty")
def test_a_job_that_never_comes_to_an_end_is_parked_and_is_no_zero(service):
    submission = hand_in(service, "Ada")
    with service.store.writing() as db:
        db.execute(sa.update(JobRow).values(starts=jobs.STARTS))
    with working(service):
        until(lambda: only_job(service).state == "parked")
    with service.store.reading() as db:
        found = db.get_one(SubmissionRow, submission)
    assert (found.state, found.report_id) == ("parked", None)
    assert "never came to an end" in only_job(service).error


@pytest.mark.slow("a worker starts, and its lease runs out, three times")
@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("anywhere", ["postgres"], indirect=True)
def test_a_job_that_kills_its_worker_three_times_is_parked_and_holds_up_nobody(anywhere, tmp_path):
    """The worker is started again each time, as by compose; the other student's job is none the worse for it."""
    deadly, told = (
        hand_in(anywhere, "Ada"),
        {"GRADMARK_DATABASE": anywhere.settings.database, "GRADMARK_LEASE_SECONDS": "1"},
    )
    code = f"""
import os, signal, sys
from autograder.service.worker import jobs, marking
def mark(context, job):
    if job.submission_id == {deadly!r}:
        os.kill(os.getpid(), signal.SIGKILL)
    return marking.mark(context, job)
jobs.KINDS["mark"] = mark
from autograder.cli import main
sys.argv = ["gradmark", "worker", "--sandbox", "landlock", "--jobs", "2"]
main()
"""
    honest = hand_in(anywhere, "Bob")
    for _ in range(10):
        environment = os.environ | {"GRADMARK_DATA": str(tmp_path)} | told
        with subprocess.Popen([sys.executable, "-c", code], env=environment, stdin=subprocess.DEVNULL) as worker:
            until(
                lambda started=worker: started.poll() is not None or submission_state(anywhere, deadly) == "parked", 60
            )
            if worker.poll() is None:
                until(lambda: graded(anywhere, honest))
                worker.terminate()
                break
    assert submission_state(anywhere, deadly) == "parked"
    assert graded(anywhere, honest)
    with anywhere.store.reading() as db:
        job = db.scalars(sa.select(JobRow).where(JobRow.submission_id == deadly, JobRow.kind == "mark")).one()
    assert (job.state, job.failures, job.starts) == ("parked", jobs.FAILURES, jobs.FAILURES)
    assert "died while it had this job" in job.error


@pytest.mark.slow
@pytest.mark.usefixtures("hasty")
def test_a_worker_whose_sandbox_broke_ends_and_blames_no_job(service, monkeypatch):
    def broken(_context, _job):
        raise SandboxFailed("the engine is gone")

    def gone(_name, **_):
        raise SandboxUnavailable("no engine")

    monkeypatch.setitem(jobs.KINDS, "mark", broken)
    monkeypatch.setattr(jobs, "choose", gone)
    hand_in(service, "Ada")
    with working(service) as context:
        assert context.stopping.wait(30)
    assert "no engine" in context.ended_by
    monkeypatch.undo()
    with working(service, "better"):
        until(lambda: only_job(service).state == "done")
    assert only_job(service).failures == 0


@pytest.mark.slow
def test_a_worker_that_is_stopped_finishes_what_it_has_begun(service, monkeypatch):
    begun, go = threading.Event(), threading.Event()
    monkeypatch.setitem(jobs.KINDS, "hold", lambda context, job: begun.set() or (go.wait(30) and {}))
    with service.store.writing() as db:
        first, second = (service.queue.put(db, "hold", "interactive").id for _ in range(2))
    with working(service) as context:
        assert begun.wait(30)
        context.stopping.set()
        go.set()
    assert [state(service, one) for one in (first, second)] == ["done", "queued"]
    with service.store.reading() as db:
        assert db.scalars(sa.select(WorkerRow)).all() == []


@pytest.mark.slow
def test_a_worker_waits_for_its_tables(tmp_path):
    data = tmp_path / "new"
    data.mkdir()
    with gradmark(data, "worker", "--sandbox", "landlock") as worker:
        said(data, "waiting for `gradmark serve`")
        worker.terminate()
        assert worker.wait(30) == 0


# ---------------------------------------------------------------------------------------------------- gradmark serve
@pytest.mark.parametrize(
    ("uid", "login", "gecos", "name"),
    [
        (1000, "ada", "Ada Lovelace,,,", "Ada Lovelace"),
        (1000, "ada", "", "ada"),
        (0, "root", "root", "Operator"),
        (65_534, "nobody", "nobody", "Operator"),
    ],
)
def test_the_operator_has_the_name_of_whoever_starts_the_service(monkeypatch, uid, login, gecos, name):
    account = pwd.struct_passwd((login, "x", uid, uid, gecos, "/", "/bin/sh"))
    monkeypatch.setattr(pwd, "getpwuid", lambda _: account)
    assert serve.operator_name() == name


def test_the_first_link_is_printed_at_each_start_until_somebody_has_signed_in(tmp_path):
    settings = Settings(tmp_path, f"sqlite:///{tmp_path / 'gradmark.sqlite'}", "http://testserver")
    migrate(settings.own_session)
    missed, link = serve.first_link(settings), serve.first_link(settings)
    with TestClient(create_app(settings), base_url=settings.public_url, follow_redirects=False) as client:
        assert client.post(missed).status_code == 403
        assert client.post(link).status_code == 303
    assert serve.first_link(settings) == ""


@pytest.mark.slow
def test_serve_on_a_fresh_machine_prints_a_link_and_keeps_a_worker(tmp_path):
    """A worker that was killed is replaced; when the web process is killed, its worker ends by itself."""
    data = tmp_path / "data"
    data.mkdir()
    with gradmark(data, "serve", "--port", "0", "--sandbox", "landlock") as web:
        url = said(data, r"serving (http://127\.0\.0\.1:\d+)")
        link = said(data, rf"to be the operator; it works once: ({url}/sign-in/\S+)")
        said(data, "worker ready")
        assert httpx2.get(f"{url}/healthz").json()["workers"] == 1
        assert COOKIE in httpx2.post(link).cookies
        psutil.Process(web.pid).children()[0].kill()
        said(data, r"the worker ended \(-9\); another starts in 1 s")
        said(data, "worker ready", times=2)
        worker = psutil.Process(web.pid).children()[0]
        web.kill()
        worker.wait(30)


@pytest.mark.slow
@pytest.mark.usefixtures("service")
def test_a_link_that_the_worker_mails_leads_to_where_the_service_listens(tmp_path, mailbox):  # noqa: F811
    """No `--url` is given: only `serve` knows the port, and its worker writes the mail."""
    with gradmark(tmp_path, "serve", "--port", "0", "--sandbox", "landlock", GRADMARK_MAIL_FROM="us@example.org"):
        url = said(tmp_path, r"serving (http\S+)")
        httpx2.post(f"{url}/sign-in", data={"email": "ada@example.org"}).raise_for_status()
        until(lambda: mailbox)
        link = re.findall(r"http\S+/sign-in/\S+", mailbox[0][2])[0]
        assert link.startswith(f"{url}/")
        assert COOKIE in httpx2.post(link).cookies


@pytest.mark.slow
def test_serve_ends_open_streams_when_it_is_stopped(service, tmp_path):
    """Cleanly: a browser that watches connects again, to the next process."""
    watched, token = hand_in(service, "Ada", RIGHT), secrets.token_urlsafe()
    with service.store.writing() as db:
        db.add(SessionRow(token_hash=hashed(token), user_id=service.people["Ada"], csrf="none", expires_at=now() + 600))
    with gradmark(tmp_path, "serve", "--port", "0", "--no-worker") as web:
        url = said(tmp_path, r"serving (http\S+)")
        asking = {"cookies": {COOKIE: token}, "headers": {"Accept": "text/event-stream"}}
        with httpx2.stream("GET", f"{url}/s/{watched}/events", **asking) as stream:
            lines = stream.iter_lines()
            assert next(lines) == "event: progress"
            web.terminate()
            assert "event: done" not in list(lines)
        assert web.wait(30) == 0


@pytest.mark.slow
def test_serve_goes_on_without_a_sandbox_and_says_that_nothing_is_marked(tmp_path):
    nowhere = f"unix://{tmp_path}/docker.sock"
    with gradmark(tmp_path, "serve", "--port", "0", "--sandbox", "docker", DOCKER_HOST=nowhere) as web:
        url = said(tmp_path, r"serving (http\S+)")
        said(tmp_path, "NOTHING IS MARKED")
        assert httpx2.get(f"{url}/healthz").json()["status"] == "degraded"
        web.terminate()
        assert web.wait(30) == 0


def refusal(data: Path, *, port: int = 0, **more: str) -> str:
    with pytest.raises(CannotServe) as refused:
        serve.serve(settings(data, **more), host="127.0.0.1", port=port, url="", worker=None, say=print)
    return str(refused.value)


@pytest.mark.slow
def test_a_port_in_use_is_a_sentence_and_a_usage_error(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        with gradmark(tmp_path, "serve", "--port", port) as web:
            assert web.wait(30) == 2
    shown = " ".join(re.sub("[│╭╰╮╯─]", "", (tmp_path / "said").read_text()).split())
    assert f"Port {port} of 127.0.0.1 cannot be listened on" in shown
    assert not (tmp_path / "gradmark.sqlite").exists()


def test_a_data_folder_that_cannot_be_written_is_a_sentence(tmp_path):
    (tmp_path / "file").touch()
    folder = tmp_path / "file" / "data"
    assert f"The data folder {folder} cannot be written: Not a directory." in refusal(folder)


@pytest.mark.parametrize(
    "url", ["nonsense", "mysql://here/there", "postgresql://here:there/is/no/port", "sqlite:////proc/none/some.sqlite"]
)
def test_a_database_that_cannot_be_used_is_a_sentence(tmp_path, url):
    assert "This database cannot be used: " in refusal(tmp_path, database=url)


def test_a_database_that_is_down_is_waited_for_and_then_a_sentence(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(serve, "DATABASE_SECONDS", 0.6)
    url = f"postgresql://nobody@/nothing?host={tmp_path}"
    assert "This database cannot be used: " in refusal(tmp_path, database=url)
    assert "waiting for the database: " in capsys.readouterr().out
