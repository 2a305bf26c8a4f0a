"""The HTTP API, as a script uses it."""

from __future__ import annotations

import base64
import csv
import io
import json

import pytest
import sqlalchemy as sa
from acting import program
from course import RIGHT, WRONG, hand_in
from fastapi.testclient import TestClient

from autograder.service.rules.policy import Policy, to_json
from autograder.service.store.schema import AssignmentRow, AuditRow, JobRow, SubmissionRow, TokenRow, now
from autograder.service.web.app import create_app
from autograder.service.web.edge import rates


def send(client, service, source: bytes = RIGHT, **headers):
    return client.post(
        f"/api/v1/assignments/{service.assignment}/submissions",
        files={"file": ("optimizers.py", source)},
        headers={name.replace("_", "-"): value for name, value in headers.items()},
    )


def set_policy(service, **changed) -> None:
    with service.store.writing() as db:
        db.get_one(AssignmentRow, service.assignment).policy = to_json(Policy(**changed))


def test_hand_in_poll_and_read_the_report(service):
    ada = program(service, "Ada")
    assert ada.get("/api/v1/me").json() == {"id": service.people["Ada"], "name": "Ada", "operator": False}
    [course] = ada.get("/api/v1/courses").json()
    assert (course["role"], course["assignments"][0]["id"]) == ("student", service.assignment)
    sent = send(ada, service)
    assert sent.status_code == 201
    where = sent.headers["location"]
    waiting = ada.get(where)
    assert (waiting.json()["state"], waiting.json()["ahead"]) == ("queued", 0)
    assert int(waiting.headers["retry-after"]) >= 1
    assert ada.get(where + "/report").status_code == 409
    service.work()
    done = ada.get(where)
    assert done.json()["state"] == "graded"
    assert "retry-after" not in done.headers
    assert ada.get(where, headers={"If-None-Match": done.headers["etag"]}).status_code == 304
    assert ada.get(where, headers={"If-None-Match": waiting.headers["etag"]}).status_code == 200
    report = ada.get(where + "/report").json()
    assert (report["schema"], report["score"], report["withheld"]) == ("gradmark.report/1", 100, [])
    assert ada.get(f"/api/v1/assignments/{service.assignment}").json()["points"] == 100


@pytest.mark.slow
def test_the_report_is_the_one_of_the_command(service):
    """Field by field as `gradmark grade --format json` writes it, for staff."""
    from autograder.render import jsonl
    from autograder.service.store import reports
    from autograder.service.store.schema import ReportRow

    submission = hand_in(service, "Ada", WRONG)
    service.work()
    told = program(service, "Staff").get(f"/api/v1/submissions/{submission}/report").json()
    with service.store.reading() as db:
        verdict = reports.unpack(db.query(ReportRow).one().body)
    assert told.pop("withheld") == []
    assert told == json.loads(json.dumps(jsonl.to_json(verdict)))


@pytest.mark.slow
def test_what_staff_withhold_is_not_in_the_report_of_a_student(service):
    submission = hand_in(service, "Ada", WRONG)
    service.work()
    where = f"/api/v1/submissions/{submission}/report"
    set_policy(service, show_marks="never", show_hints="never")
    hidden = program(service, "Ada").get(where).json()
    assert (hidden["score"], hidden["criteria"], hidden["diagnoses"], hidden["parts"]) == (None, [], [], [])
    assert {"marks", "hints"} <= set(hidden["withheld"])
    assert (
        program(service, "Ada", seconds=5e5).get(f"/api/v1/assignments/{service.assignment}").json()["points"] is None
    )
    assert program(service, "Staff").get(where).json()["score"] == 90


JSON_FORMS = {
    "text": {"name": "optimizers.py", "content": RIGHT.decode()},
    "base64": {"name": "optimizers.py", "content": base64.b64encode(RIGHT).decode(), "encoding": "base64"},
}


@pytest.mark.parametrize("form", JSON_FORMS)
def test_a_file_in_json_is_the_same_file(service, form):
    sent = program(service, "Ada").post(f"/api/v1/assignments/{service.assignment}/submissions", json=JSON_FORMS[form])
    assert sent.status_code == 201
    with service.store.reading() as db:
        assert db.query(SubmissionRow).one().upload == RIGHT


UNREADABLE = {
    "no object": ("[]", 422),
    "no JSON": ("{", 422),
    "no text": ('{"name": "a.py", "content": 5}', 422),
    "something else": ('{"name": "a.py", "content": "x", "score": 100}', 422),
    "empty": ('{"name": "a.py", "content": ""}', 422),
    "no name": ('{"name": " ", "content": "x"}', 422),
    "half a character": ('{"name": "a.py", "content": "\\ud800"}', 422),
    "no base64": ('{"name": "a.py", "content": "ä", "encoding": "base64"}', 422),
    "long answers": (json.dumps({"name": "a.py", "content": "x", "answers": {"a": ["x" * 40_000] * 2}}), 422),
    "deep": ('{"name": ' + "[" * 100_000, 422),
    "a number without end": ('{"name": ' + "9" * 5000 + "}", 422),
}


@pytest.mark.parametrize("body", UNREADABLE)
def test_what_cannot_be_read_is_refused_with_a_reason_and_costs_nothing(service, body):
    content, code = UNREADABLE[body]
    where = f"/api/v1/assignments/{service.assignment}/submissions"
    sent = program(service, "Ada").post(where, content=content, headers={"Content-Type": "application/json"})
    assert sent.status_code == code
    assert isinstance(sent.json()["detail"], str)
    with service.store.reading() as db:
        assert db.query(SubmissionRow).count() == 0


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"Content-Type": "application/json", "Content-Length": "99999999"}, 413),
        ({"Content-Type": "multipart/form-data; boundary=x; charset=utf-7"}, 415),
    ],
)
def test_what_is_refused_unread_is_told_as_everything_else_is(service, headers, code):
    where = f"/api/v1/assignments/{service.assignment}/submissions"
    refused = program(service, "Ada").post(where, content=b"", headers=headers)
    assert (refused.status_code, list(refused.json())) == (code, ["detail"])


def test_neither_json_nor_multipart_is_not_taken(service):
    where = f"/api/v1/assignments/{service.assignment}/submissions"
    assert (
        program(service, "Ada").post(where, content="x", headers={"Content-Type": "text/x-python"}).status_code == 415
    )
    assert program(service, "Ada", seconds=1e5).post(where, files={"other": ("a.py", b"x")}).status_code == 422


def test_the_same_key_stores_once(service):
    ada = program(service, "Ada")
    first, again = send(ada, service, Idempotency_Key="k1"), send(ada, service, Idempotency_Key="k1")
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"]
    assert again.headers["location"] == first.headers["location"]
    other = send(ada, service, WRONG, Idempotency_Key="k1")
    assert other.status_code == 409
    assert send(program(service, "Bob"), service, WRONG, Idempotency_Key="k1").status_code == 201
    assert send(ada, service, Idempotency_Key="k2").status_code == 201
    with service.store.reading() as db:
        assert db.query(SubmissionRow).count() == 3
        assert db.query(JobRow).count() == 3
        assert [a.action for a in db.query(AuditRow)].count("submission.made") == 3


def test_beyond_the_limit_the_answer_says_when_again(service):
    set_policy(service, limit=1, window_minutes=10)
    ada = program(service, "Ada")
    assert send(ada, service).status_code == 201
    refused = send(ada, service)
    assert refused.status_code == 429
    assert 0 < int(refused.headers["retry-after"]) <= 600
    assert "submissions in" in refused.json()["detail"]


def test_after_the_due_time_nothing_is_taken(service):
    set_policy(service, due_at=now() - 10_000)
    refused = send(program(service, "Ada"), service)
    assert (refused.status_code, "closed" in refused.json()["detail"]) == (409, True)


def test_what_is_not_proven_takes_nothing(service):
    with service.store.writing() as db:
        db.get_one(AssignmentRow, service.assignment).version_id = None
    assert send(program(service, "Ada"), service).status_code == 409


def test_the_answers_saved_on_the_quizs_page_are_handed_in_unless_others_are_sent(service):
    from autograder.service.store.schema import SheetRow

    with service.store.writing() as db:
        db.add(
            SheetRow(assignment_id=service.assignment, user_id=service.people["Ada"], digest="", answers={"a": "saved"})
        )
    ada = program(service, "Ada")
    send(ada, service)
    ada.post(
        f"/api/v1/assignments/{service.assignment}/submissions",
        json={"name": "optimizers.py", "content": "x = 1", "answers": {"a": "sent", "b": ["x"]}},
    )
    with service.store.reading() as db:
        stored = [one.answers for one in db.scalars(sa.select(SubmissionRow).order_by(SubmissionRow.number))]
    assert stored == [{"a": "saved"}, {"a": "sent", "b": ["x"]}]


@pytest.mark.parametrize("given", ["", "Bearer", "Bearer nonsense", "Basic eDp5", "bearer\tx", "Bearer ü"])
def test_without_a_good_token_the_answer_is_401(service, given):
    client = TestClient(create_app(service.settings))
    answer = client.get("/api/v1/me", headers={"Authorization": given.encode()})
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")


def test_a_token_expires_and_a_session_is_none(service):
    assert program(service, "Ada", seconds=-1).get("/api/v1/me").status_code == 401
    assert service.browser("Ada").get("/api/v1/me").status_code == 401


def test_a_token_that_only_reads_changes_nothing(service):
    ada = program(service, "Ada", read_only=True)
    assert ada.get("/api/v1/courses").status_code == 200
    assert send(ada, service).status_code == 403


def test_a_token_and_an_address_are_held_to_a_rate(service):
    ada = program(service, "Ada")
    with service.store.reading() as db:
        token = db.query(TokenRow).one().id
    ada.app.state.rates._window.hit(rates.API, token, cost=rates.API.amount)  # noqa: SLF001
    refused = ada.get("/api/v1/me")
    assert (refused.status_code, refused.headers["retry-after"].isdecimal()) == (429, True)
    guessing = TestClient(create_app(service.settings), headers={"Authorization": "Bearer guess"})
    codes = [guessing.get("/api/v1/me").status_code for _ in range(rates.BAD_TOKENS.amount + 1)]
    assert codes == [401] * rates.BAD_TOKENS.amount + [429]


@pytest.mark.slow
def test_staff_mark_again_look_and_apply(service):
    submission = hand_in(service, "Ada", WRONG)
    service.work()
    staff, ada = program(service, "Staff"), program(service, "Ada")
    begun = staff.post(f"/api/v1/assignments/{service.assignment}/regrades")
    assert (begun.status_code, begun.json()["state"]) == (201, "proving")
    where = begun.headers["location"]
    assert staff.post(f"/api/v1/assignments/{service.assignment}/regrades").status_code == 409
    assert staff.post(where + "/apply", json={}).status_code == 409, "there is nothing to apply yet"
    service.work()
    ready = staff.get(where).json()
    assert (ready["state"], ready["changes"], ready["done"]) == ("running", [], ready["of"])
    assert ada.get(where).status_code == 404
    assert staff.post(where + "/apply", json={"lowering": True, "falls": "of another day"}).status_code == 409
    applied = staff.post(where + "/apply", json={"lowering": True, "falls": ready["falls"]})
    assert (applied.status_code, applied.json()["state"]) == (200, "applied")
    assert staff.get(f"/api/v1/submissions/{submission}/report").json()["score"] == 90


@pytest.mark.slow
def test_the_gradebook_has_everybody_and_what_they_have(service):
    hand_in(service, "Ada", WRONG)
    service.work()
    answer = program(service, "Staff").get(f"/api/v1/assignments/{service.assignment}/gradebook.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    rows = {row["name"]: row["points"] for row in csv.DictReader(io.StringIO(answer.text, newline=""))}
    assert rows.keys() == {"Ada", "Bob"}
    assert (float(rows["Ada"]), rows["Bob"]) == (90, "")


def test_staff_page_through_everything_that_was_handed_in(service, monkeypatch):
    from autograder.service.web.api import v1 as api

    monkeypatch.setattr(api, "PAGE", 2)
    made = [hand_in(service, "Ada", RIGHT + b"#%d" % number) for number in range(5)]
    staff, found, after = program(service, "Staff"), [], None
    while True:
        where = f"/api/v1/assignments/{service.assignment}/submissions" + (f"?after={after}" if after else "")
        page = staff.get(where).json()
        found += [one["id"] for one in page["submissions"]]
        after = page["next"]
        if after is None:
            break
    assert found == made[::-1]
