"""The audit log: a sentence for whatever is written into it, and filters."""

from __future__ import annotations

import ast
import html
import re
from pathlib import Path

import pytest
from acting import form as settings_form
from course import WRONG, csrf, hand_in

import autograder.service
from autograder.service.store.schema import AssignmentRow, AuditRow
from autograder.service.web.staff.audit import words

DAY = 86_400.0


def written() -> set[str]:
    """Return every action that the service writes into its log, read out of its code."""
    found = set()
    for file in Path(autograder.service.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("audit", "note", "AuditRow"):
                found |= _actions(node)
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.IfExp):
                found |= {one for one in _actions(node.value) if one.partition(".")[0] in words("groups")}
    return found


def _actions(node: ast.AST) -> set[str]:
    texts = (one.value for one in ast.walk(node) if isinstance(one, ast.Constant) and isinstance(one.value, str))
    return {text for text in texts if re.fullmatch(r"[a-z]+\.(?!html|csv)[a-z_]+", text)}


def test_whatever_is_written_into_the_log_has_a_sentence_and_a_filter():
    assert len(written()) > 50
    assert written() == words("sentences").keys()
    assert {action.partition(".")[0] for action in words("sentences")} <= {
        word + end for word in words("groups") for end in ("", "s")
    }


def log(client, service, **wanted) -> list[str]:
    """The sentences of the course's log, as text."""
    shown = client.get(f"/staff/c/{service.course}/audit", params=wanted)
    assert shown.status_code == 200, shown.text
    cells = re.findall(r'<td [^>]*class="sentence">(.*?)</td>', shown.text, re.DOTALL)
    return [html.unescape(re.sub(r"<[^>]+>", "", cell)) for cell in cells]


@pytest.fixture
def busy(service):
    """Some of what staff do."""
    submission = hand_in(service, "Ada", WRONG)
    service.work()
    staff = service.browser("Staff")

    def post(url, **form):
        assert staff.post(url, data={"csrf": csrf(staff), **form}).status_code == 200

    people = f"/staff/c/{service.course}/people/{service.people['Bob']}"
    post(f"{people}/extensions/{service.assignment}", due_at="2090-01-01T12:00")
    post(people, role="ta", section="Mon")
    post(f"/staff/s/{submission}/override", row="criterion:momentum", points="1", reason="<b>Half</b> right")
    post(f"/staff/c/{service.course}/rename", title="Systems II")
    return staff


@pytest.mark.slow
def test_the_log_of_a_course_reads_like_sentences_with_names_and_links(service, busy):
    told = log(busy, service)
    assert told[0] == "Staff renamed the course from “Machine learning systems” to “Systems II”"
    assert told[1].startswith("Staff changed points of submission 1 of Ada to Optimizers: Momentum from 15 to 1. ")
    assert told[1].endswith("Reason: <b>Half</b> right")
    assert told[2] == "Staff changed Bob’s place in the course: role: student → TA; section: none → Mon"
    assert told[3] == "Staff gave Bob an extension of Optimizers to Sun 1 Jan 2090, 12:00 UTC"
    page = busy.get(f"/staff/c/{service.course}/audit").text
    assert "&lt;b&gt;Half&lt;/b&gt; right" in page
    assert f'<a href="/staff/c/{service.course}/people/{service.people["Bob"]}">Bob</a>' in page


def test_a_setting_is_called_as_its_page_calls_it(service):
    staff = service.browser("Staff")
    values = settings_form(service, late_days=2, late_percent_per_day=15.0, limit=5, show_hints="after_due")
    assert staff.post(f"/staff/a/{service.assignment}/settings", data=values | {"csrf": csrf(staff)}).status_code == 200
    (told,) = [one for one in log(staff, service) if "changed the settings" in one]
    assert all(
        words in told for words in ("Late days: 2", "Late deduction: 15", "Submission limit: 5", "pictures: after due")
    ), told
    assert "_" not in told
    assert "percent per day" not in told


def test_points_of_rows_are_told_by_their_titles(service):
    with service.store.writing() as db:
        asked = db.get_one(AssignmentRow, service.assignment)
        detail = {"changed": {"points": {"momentum": 20.0, "quiz": 0.0}}, "marks": 3}
        db.add(
            AuditRow(
                actor_id=service.people["Staff"],
                action="assignment.policy",
                object_id=asked.id,
                course_id=service.course,
                detail=detail,
            )
        )
    assert "points: Momentum 20, quiz 0" in log(service.browser("Staff"), service)[0]


@pytest.mark.slow
def test_filters_leave_what_fits_all_of_them(service, busy):
    with service.store.writing() as db:
        db.add(AuditRow(action="regrade.begun", course_id=service.course, at=1000 * DAY))
    assert len(log(busy, service, what="extension")) == 1
    assert log(busy, service, who="sta", what="regrade") == []
    assert len(log(busy, service, until="1980-01-01")) == 1
    assert "began a regrade" not in " ".join(log(busy, service, since="1980-01-01"))
    assert log(busy, service, what="extension", who="nobody") == []
    refused = busy.get(f"/staff/c/{service.course}/audit", params={"since": "soon"})
    assert (refused.status_code, "is not a day" in refused.text) == (422, True)


@pytest.mark.slow
def test_a_course_tells_nothing_of_another_one(service, busy):
    with service.store.writing() as db:
        db.add(AuditRow(action="course.made", course_id="elsewhere", detail={"title": "Secret"}))
        db.add(AuditRow(action="session.begun", actor_id=service.people["Ada"]))
    told = " ".join(log(busy, service))
    assert "Secret" not in told
    assert "signed in" not in told


@pytest.mark.slow
@pytest.mark.usefixtures("busy")
def test_an_operator_reads_all_courses_without_links_into_those_that_others_staff(service):
    page = service.browser("Operator").get("/operator/audit").text
    assert "Systems II" in page
    assert "/staff/s/" not in page


def test_a_sentence_stays_one_when_its_details_were_erased(service):
    with service.store.writing() as db:
        for action in sorted(words("sentences")):
            db.add(AuditRow(action=action, object_id="gone", course_id=service.course, detail={}))
    told = log(service.browser("Staff"), service)
    assert len(told) == len(words("sentences"))
    for sentence in told:
        assert not re.search(r"[{}\[\]]| $|  |: *$", sentence), sentence
        assert sentence.startswith("The service "), sentence
