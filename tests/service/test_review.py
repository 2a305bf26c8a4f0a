"""What a hostile reader of the service found: each of these once gave something away, or did something nobody asked."""

from __future__ import annotations

import re
import secrets
from dataclasses import replace

import pytest
import sqlalchemy as sa
from acting import again, policy, program, put, verdict
from course import WRONG, csrf, hand_in
from limits import RateLimitItemPerHour
from typer.testing import CliRunner

from autograder.cli import app
from autograder.lateness import DAY
from autograder.model import ItemMark
from autograder.service.operate import people
from autograder.service.store import regrades
from autograder.service.store.links import hashed, new_link
from autograder.service.store.schema import (
    AssignmentRow,
    AuditRow,
    CourseRow,
    ExtensionRow,
    JobRow,
    MembershipRow,
    NoticeRow,
    SessionRow,
    SubmissionRow,
    VersionRow,
    now,
)
from autograder.service.web.edge import rates
from autograder.service.web.edge.access import COOKIE
from autograder.service.web.student.submitting import judge_lateness
from autograder.service.worker import proving
from autograder.verify import Proof


def with_quiz(points: float, **changed):
    """The same code each time; only the quiz got other points."""
    return verdict(
        quiz=(ItemMark("q1", points, 2, "right" if points else "wrong", "", "QUESTION"),), quiz_points=2, **changed
    )


def plain(page: str) -> str:
    """What a page says, without what is another one's each time: ids, keys, names, numbers of the time."""
    return re.sub(r"[a-z2-7]{16}|(value|Token\": )\S+|Ada|Bob|\d\d:\d\d(:\d\d)?|\d+ s ago|request <code>\w+", "", page)


# ----------------------------------------------------------------------------------------------- what is known when
@pytest.mark.parametrize("late_days", [0, 1])
def test_as_long_as_answers_are_taken_no_page_depends_on_which_are_right(service, late_days):
    """Else the sum, or which submission counts, would tell, and answers could be tried until it rises."""
    policy(service, due_at=now() - 60, grace_minutes=5, late_days=late_days)
    told = {}
    for name, best in (("Ada", 1), ("Bob", 2)):
        for number in (1, 2):
            last = put(service, name, with_quiz(2 if number == best else 0), number=number)
        browser, client = service.browser(name), program(service, name)
        pages = [browser.get(page).text for page in ("/", f"/a/{service.assignment}", f"/s/{last}")]
        assert "The total is shown after" in pages[0]
        report = client.get(f"/api/v1/submissions/{last}/report").json()
        assert (report["score"], report["parts"][0]["score"], report["quiz"]) == (None, 15, [])
        assert client.get(f"/api/v1/assignments/{service.assignment}").json()["points"] is None
        told[name] = [plain(page) for page in pages]
    assert told["Ada"] == told["Bob"]
    policy(service, due_at=now() - DAY - late_days * DAY)
    assert "<strong>17</strong>" in service.browser("Ada").get("/").text


@pytest.mark.parametrize("hidden", [{"show_marks": "never"}, {"due_at": now() + DAY}])
def test_a_notice_of_a_regrade_tells_no_points_that_are_not_shown(service, hidden):
    policy(service, **hidden)
    one = put(service)
    with service.store.writing() as db:
        asked = db.get_one(AssignmentRow, service.assignment)
        better = replace(with_quiz(2), assignment_digest="f" * 64)
        again(db, db.get_one(SubmissionRow, one), better, counts=False)
        version = VersionRow(assignment_id=asked.id, digest="f" * 64, state="proven")
        assert len(regrades.settle(db, asked, version, lowering=False)) == 1
        assert not re.search(r"\d", db.scalars(sa.select(NoticeRow.text)).one())


def test_the_api_tells_nothing_of_what_is_asked_before_it_opens(service):
    policy(service, opens_at=now() + DAY)
    where = f"/api/v1/assignments/{service.assignment}"
    told = program(service, "Ada").get(where).json()
    assert (told["main"], told["criteria"]) == ("", [])
    assert program(service, "Staff").get(where).json()["criteria"]


def test_a_session_that_a_platform_opened_shows_no_notices_of_other_courses(service):
    with service.store.writing() as db:
        other = CourseRow(title="Another course")
        db.add_all(
            [other, NoticeRow(user_id=service.people["Ada"], submission_id=put(service), text="You now have 7.")]
        )
        db.flush()
        db.add(MembershipRow(course_id=other.id, user_id=service.people["Ada"], role="student", roster_id="a"))
        for course in (other.id, service.course):
            opened = {"user_id": service.people["Ada"], "csrf": "c", "course_id": course, "expires_at": now() + DAY}
            db.add(SessionRow(token_hash=hashed(course), **opened))
    for course, seen in ((other.id, False), (service.course, True)):
        browser = service.browser()
        browser.cookies.set(COOKIE, course)
        assert ("You now have 7." in browser.get("/").text) is seen


def test_who_is_named_staff_is_nobody_that_somebody_else_holds_a_key_to(service):
    """Staff make links for their students; one of these may be named staff elsewhere."""
    held = service.browser("Ada")
    token = program(service, "Ada")
    with service.store.writing() as db:
        link = new_link(db, service.people["Ada"], "")
        other = CourseRow(title="Another course")
        db.add(other)
        db.flush()
    operator = service.browser("Operator")
    named = {"csrf": csrf(operator), "name": "Ada", "email": "ada@example.org"}
    shown = operator.post(f"/operator/courses/{other.id}/staff", data=named).text
    assert held.get("/", follow_redirects=False).status_code == 303
    assert token.get("/api/v1/me").status_code == 401
    assert service.browser().post(link).status_code == 403
    ada = service.browser()
    assert ada.post(re.search(r"/sign-in/[\w-]+", shown)[0]).status_code == 200
    assert ada.get(f"/staff/c/{other.id}").status_code == 200


# ------------------------------------------------------------------------------------------------------- lateness
def test_an_extension_gives_time_and_takes_none(service):
    """Everybody gets five days more: who had two hours more has them too, and is not the only one to be late."""
    policy(service, due_at=now() + 5 * DAY, show_quiz="at_once")
    with service.store.writing() as db:
        db.add(ExtensionRow(assignment_id=service.assignment, user_id=service.people["Ada"], due_at=now() - DAY))
    ada = service.browser("Ada")
    assert "your extension" not in ada.get("/").text + ada.get(f"/a/{service.assignment}").text
    one = hand_in(service, "Ada")
    with service.store.writing() as db:
        judge_lateness(db, db.get_one(AssignmentRow, service.assignment))
        assert db.get_one(SubmissionRow, one).late_seconds == 0


def test_an_extension_counts_for_what_was_handed_in_before_it_was_given(service):
    policy(service, due_at=now() - DAY / 2, late_days=2, show_quiz="at_once")
    one = hand_in(service, "Ada")
    staff = service.browser("Staff")
    where = f"/staff/c/{service.course}/people/{service.people['Ada']}/extensions/{service.assignment}"

    def late() -> bool:
        with service.store.reading() as db:
            return db.get_one(SubmissionRow, one).late_seconds > 0

    assert late()
    staff.post(where, data={"csrf": csrf(staff), "due_at": "2099-01-01T00:00"})
    assert not late()
    staff.post(where, data={"csrf": csrf(staff), "due_at": ""})
    assert late()


def test_a_folder_that_is_proven_while_students_hand_in_does_not_change_what_marks_them(service, monkeypatch):
    with service.store.writing() as db:
        asked = db.get_one(AssignmentRow, service.assignment)
        used = asked.version_id
        db.get_one(VersionRow, used).digest = "0" * 64
        job = service.queue.put(db, "prove", "slow", course_id=service.course, payload={"assignment": asked.id})
    monkeypatch.setattr(proving, "verify", lambda made, *_, **__: Proof(made.id, made.digest, 1, "landlock", ()))
    put(service)
    assert service.work() == ["prove"]
    with service.store.reading() as db:
        assert db.get_one(AssignmentRow, service.assignment).version_id == used
        assert "by a regrade" in db.get_one(JobRow, job.id).result["problem"]


# --------------------------------------------------------------------------------------------------------- limits
def test_who_sends_without_end_is_stopped_although_what_is_replaced_costs_no_attempt(service, monkeypatch):
    monkeypatch.setattr(rates, "UPLOADED", RateLimitItemPerHour(2, namespace="test"))
    ada = service.browser("Ada")
    where = f"/a/{service.assignment}/submissions"
    sent = [ada.post(where, data={"csrf": csrf(ada), "code": f"{WRONG.decode()}# {n}"}) for n in range(3)]
    assert [one.status_code for one in sent] == [200, 200, 429]
    assert "too much" in sent[-1].text
    client, at = program(service, "Ada"), f"/api/v1/assignments/{service.assignment}/submissions"
    assert [client.post(at, json=CODE).status_code for _ in range(3)] == [201, 201, 429]


CODE = {"name": "optimizers.py", "content": "x = 1"}


def test_launches_that_nobody_finishes_do_not_fill_the_database(service, monkeypatch):
    monkeypatch.setattr(rates, "LAUNCHES", RateLimitItemPerHour(2, namespace="test"))
    browser = service.browser()
    assert [browser.get("/lti/login").status_code for _ in range(3)] == [403, 403, 429]


def test_two_who_store_the_same_at_once_are_told_so_and_nothing_is_broken(service, monkeypatch):
    """The database keeps one of them: that is no fault of ours, and trying again helps."""
    ada = service.browser("Ada")
    form = {"csrf": csrf(ada), "name": "one", "days": "30"}
    monkeypatch.setattr(secrets, "token_urlsafe", lambda _: "the same")
    assert ada.post("/tokens", data=form).status_code == 200
    twice = ada.post("/tokens", data=form)
    assert twice.status_code == 409
    assert "at the same moment" in twice.text


# -------------------------------------------------------------------------------------------------------- erasure
def test_who_is_erased_takes_no_records_of_others_along(service):
    """Somebody may be called like a word in everybody's records."""
    gone = service.person("student")
    with service.store.writing() as db:
        elsewhere = CourseRow(title="Another course")
        db.add(elsewhere)
        db.flush()
        kept = [
            AuditRow(action="member.changed", course_id=service.course, detail={"names": ["studentessa"]}),
            AuditRow(action="course.made", course_id=elsewhere.id, detail={"title": "student"}),
        ]
        lost = [
            AuditRow(action="roster.imported", course_id=service.course, detail={"names": ["student"]}),
            AuditRow(action="regrade.settled", course_id=service.course, detail={"user": gone, "from": 3, "to": 4}),
        ]
        db.add_all(kept + lost)
    people.erase(service.store, gone)
    with service.store.reading() as db:
        assert all(db.get_one(AuditRow, one.id).detail for one in kept)
        assert not any(db.get_one(AuditRow, one.id).detail for one in lost)


def test_how_long_a_course_keeps_submissions_can_be_said(service):
    data = ["--data", str(service.settings.data)]

    def kept(*arguments: str) -> tuple[int, int | None]:
        done = CliRunner().invoke(app, ["admin", "keep", *arguments, *data])
        with service.store.reading() as db:
            return done.exit_code, db.get_one(CourseRow, service.course).keep_days

    assert kept(service.course, "--days", "30") == (0, 30)
    assert kept("nothing", "--days", "1") == (2, 30)
    assert kept(service.course, "--days", "0") == (0, None)
