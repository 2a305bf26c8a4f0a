"""What operators see: /healthz, /metrics, and a line in the log for each request."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import logging
import sys
import threading

import httpx2
import pytest
import sqlalchemy as sa
from course import WRONG, hand_in
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families

from autograder.service import logs, queue
from autograder.service.queue import LEASE_SECONDS
from autograder.service.settings import Settings
from autograder.service.store import Store
from autograder.service.store.schema import JobRow, WorkerRow, now
from autograder.service.web.app import create_app
from autograder.service.web.edge import health


@pytest.fixture
def probing(service):
    """A machine's client on this machine, of a service that has a worker."""
    with service.store.writing() as db:
        db.add(WorkerRow(id="w", slots=2, sandbox="landlock"))
    return service.browser(client=("127.0.0.1", 1))


def numbers(client: TestClient) -> dict[tuple, float]:
    """Every sample by name and sorted labels."""
    answer = client.get("/metrics")
    assert answer.status_code == 200, answer.text
    return {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_a_service_with_a_worker_is_ready(probing):
    assert probing.get("/healthz").json() == {"status": "ok", "workers": 1, "reasons": []}
    assert probing.get("/healthz/live").json() == {"status": "ok"}


def test_without_a_worker_people_are_still_sent_here(service, probing):
    """What they hand in is kept; a balancer that took the page away would lose it."""
    with service.store.writing() as db:
        db.get_one(WorkerRow, "w").beat_at = now() - LEASE_SECONDS - 1
    answer = probing.get("/healthz")
    assert answer.status_code == 200
    assert answer.json()["status"] == "degraded"
    assert "no worker" in answer.json()["reasons"][0]


@pytest.mark.parametrize(("revision", "told"), [("9999", "upgrade this process"), (None, "does not answer")])
def test_a_database_that_this_process_cannot_use_takes_it_out(service, probing, revision, told):
    with service.store.writing() as db:
        if revision:
            db.execute(sa.text("UPDATE gradmark_version SET version_num = :it"), {"it": revision})
        else:
            db.execute(sa.text("DROP TABLE gradmark_version"))
    answer = probing.get("/healthz")
    assert answer.status_code == 503
    assert told in answer.json()["reasons"][0]
    assert probing.get("/healthz/live").status_code == 200, "a restart would not help"


def test_the_process_answers_while_all_its_threads_wait_for_a_database(service, monkeypatch):
    """One that hangs, and does not say that it is down: a restart would not help."""
    go, waiting = threading.Event(), threading.Barrier(41)  # Starlette's threads, and this one

    def hangs(_db) -> str:
        waiting.wait(30)
        go.wait(30)
        return "current"

    monkeypatch.setattr(health, "state_of", hangs)

    async def asked() -> int:
        transport = httpx2.ASGITransport(service.app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://testserver") as client:
            hanging = [asyncio.ensure_future(client.get("/healthz")) for _ in range(40)]
            await asyncio.to_thread(waiting.wait, 30)
            try:
                return (await asyncio.wait_for(client.get("/healthz/live"), 5)).status_code
            finally:
                go.set()
                await asyncio.gather(*hanging)

    monkeypatch.setattr(Store, "reading", lambda _: contextlib.nullcontext())
    monkeypatch.setattr(queue, "alive", lambda _: (1, 1))
    assert asyncio.run(asked()) == 200


@pytest.mark.slow
def test_numbers_tell_of_queue_jobs_and_requests(service, probing, monkeypatch):
    monkeypatch.setattr("autograder.service.web.edge.health.FRESH_SECONDS", 0.0)
    hand_in(service, "Ada", WRONG)
    before = numbers(probing)
    assert before["gradmark_queue_jobs", "interactive", "queued"] == 1
    assert before["gradmark_queue_oldest_seconds", "interactive"] > 0
    assert (before["gradmark_workers",], before["gradmark_worker_slots",]) == (1, 2)
    assert (before["gradmark_submissions",], before["gradmark_reports",]) == (1, 0)
    assert service.work() == ["mark"]
    probing.get("/no/such/page")
    for _ in range(2):  # a job is counted once, however often somebody asks
        after = numbers(probing)
        assert after["gradmark_jobs_total", "done", "mark"] == 1
        assert after["gradmark_job_seconds_count", "mark"] == 1
    assert after["gradmark_queue_jobs", "interactive", "queued"] == 0
    assert after["gradmark_http_request_seconds_count", "404", "GET", "none"] == 1


def test_a_job_that_was_parked_and_is_done_at_last_is_counted_as_both(service, probing, monkeypatch):
    monkeypatch.setattr("autograder.service.web.edge.health.FRESH_SECONDS", 0.0)
    numbers(probing)
    with service.store.writing() as db:
        db.add(
            JobRow(id="j", kind="mark", lane="interactive", priority=1, state="parked", failures=3, finished_at=now())
        )
    assert numbers(probing)["gradmark_jobs_total", "mark", "parked"] == 1
    with service.store.writing() as db:
        job = db.get_one(JobRow, "j")
        job.state, job.failures, job.finished_at = "done", 0, now()
    told = numbers(probing)
    assert (told["gradmark_jobs_total", "mark", "parked"], told["gradmark_jobs_total", "done", "mark"]) == (1, 1)
    assert told["gradmark_job_failures_total", "mark"] == 3


def test_numbers_of_two_applications_in_one_process_are_their_own(service):
    one, other = (TestClient(create_app(service.settings), client=("127.0.0.1", 1)) for _ in range(2))
    one.get("/nowhere")
    key = ("gradmark_http_request_seconds_count", "404", "GET", "none")
    assert key in numbers(one)
    assert key not in numbers(other)


def test_numbers_outlive_a_database(service, probing, monkeypatch):
    monkeypatch.setattr("autograder.service.web.edge.health.FRESH_SECONDS", 0.0)
    with service.store.writing() as db:
        db.execute(sa.text("ALTER TABLE workers RENAME TO away"))
    assert numbers(probing)["gradmark_database_up",] == 0


@pytest.mark.parametrize(
    ("token", "client", "headers", "status"),
    [
        ("", "127.0.0.1", {}, 200),
        ("", "::1", {}, 200),
        ("", "10.0.0.7", {}, 404),
        ("", "127.0.0.1", {"X-Forwarded-For": "203.0.113.9"}, 404),
        ("s3cret-s3cret", "127.0.0.1", {}, 404),
        ("s3cret-s3cret", "203.0.113.9", {"Authorization": "Bearer s3cret-s3cret"}, 200),
        ("s3cret-s3cret", "203.0.113.9", {"Authorization": "Bearer other"}, 404),
    ],
)
def test_numbers_are_for_this_machine_or_whoever_has_the_token(service, token, client, headers, status):
    settings = Settings(service.settings.data, service.settings.database, "http://testserver", metrics_token=token)
    assert TestClient(create_app(settings), client=(client, 1)).get("/metrics", headers=headers).status_code == status


# ---------------------------------------------------------------------------------------------------------- logs
@pytest.fixture
def lines(monkeypatch):
    """What is logged, as JSON."""
    stream = io.StringIO()
    root = logging.getLogger()
    kept = root.handlers[:], root.level
    monkeypatch.setattr(sys, "stderr", stream)
    logs.start("json")
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.handlers[:], root.level = kept[0], kept[1]
    logging.captureWarnings(capture=False)


def test_a_request_is_a_line_with_its_route_and_the_persons_id(service, lines):
    client = service.browser("Ada")
    answer = client.post("/sign-in/a-token-that-nobody-may-read", headers={"X-Request-Id": "from-the-proxy"})
    told = [line for line in lines() if line.get("route") == "/sign-in/{token}"][-1]
    assert answer.headers["x-request-id"] == told["request"] == "from-the-proxy"
    assert (told["method"], told["status"], told["level"]) == ("POST", answer.status_code, "info")
    assert "from-the-proxy" in answer.text, "a person can tell which request it was"
    client.post("/sign-out", data={"csrf": "wrong"})
    assert lines()[-1]["user"] == service.people["Ada"]
    text = json.dumps(lines())
    assert "Ada" not in text
    assert "nobody-may-read" not in text


def test_a_request_id_with_anything_odd_in_it_is_replaced(service):
    assert service.browser().get("/sign-in", headers={"X-Request-Id": "a b"}).headers["x-request-id"] != "a b"


def test_a_fault_of_ours_is_an_error_with_the_id_that_its_page_shows(service, lines):
    client = service.browser(raise_server_exceptions=False)
    client.app.add_api_route("/broken", lambda: 1 / 0)
    answer = client.get("/broken")
    told = next(line for line in lines() if line.get("route") == "/broken")
    assert (told["status"], told["level"]) == (500, "error")
    assert told["request"] == answer.headers["x-request-id"]
    assert told["request"] in answer.text


def test_an_exception_is_one_line(lines):
    try:
        raise ValueError("two\nlines")
    except ValueError:
        logging.getLogger("x").exception("failed", extra={"job": "abc"})
    (line,) = lines()
    assert (line["level"], line["job"]) == ("error", "abc")
    assert "two\nlines" in line["traceback"]


def test_text_for_a_terminal_runs_nothing_on_it():
    record = logging.makeLogRecord({"msg": "gone\n\x1b]8;;", "levelname": "INFO", "job": "x"})
    told = logs.AsText().format(record)
    assert "\x1b" not in told
    assert "\n" not in told
    assert told.endswith("job=x")
