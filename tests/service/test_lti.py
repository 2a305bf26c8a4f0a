"""Launches and grades by LTI 1.3, with a platform that speaks as the specifications do, over HTTP."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import html
import itertools
import json
import re
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import httpx2
import jwt
import pytest
import sqlalchemy as sa
from acting import choose_points, decide, grouped, program
from acting import form as form_of
from conftest import require
from course import RIGHT, WRONG, Service, hand_in, serving
from cryptography.hazmat.primitives import serialization
from fastapi import FastAPI
from fastapi.responses import PlainTextResponse, RedirectResponse
from learning_platform import AGS, DEEP, LTI, MADE, ROLE, Key, LearningPlatform, listening, person

from autograder.service.outbox import passback_due
from autograder.service.rules import lti as rules
from autograder.service.store.links import new_link
from autograder.service.store.schema import (
    ArrivalRow,
    AssignmentRow,
    AuditRow,
    ContextRow,
    CourseRow,
    JobRow,
    MembershipRow,
    NoticeRow,
    PlatformRow,
    PlatformUserRow,
    ReportRow,
    ResourceRow,
    SessionRow,
    SubmissionRow,
    TextMarkRow,
    UserRow,
    now,
)
from autograder.service.store.schema import KeyRow as OurKey
from autograder.service.store.standings import standings
from autograder.service.web.app import create_app
from autograder.service.web.edge.access import COOKIE
from autograder.service.web.lti import keys as lti_keys
from autograder.service.web.lti import launches as lti
from autograder.service.web.student.submitting import receive
from autograder.service.worker import jobs, keys, mailing, notices, passback, tidying


@dataclass
class Classroom:
    """A service and a platform that know each other, both listening."""

    service: Service
    platform: LearningPlatform
    tool: str
    browsers: list[httpx2.Client] = field(default_factory=list)

    def browser(self, **options) -> httpx2.Client:
        # There is no TLS here: to load the certificates for it takes longer than a launch.
        self.browsers.append(httpx2.Client(base_url=self.tool, verify=False, timeout=60, **options))
        return self.browsers[-1]

    def open(self, who: str, link: str = "link-1", *, client: httpx2.Client | None = None, **more) -> httpx2.Response:
        """Opens a link at the platform, as a browser does; what the launch answers, not followed."""
        client = client or self.browser()
        answered = self.answered(who, link, client=client, **more)
        return self.post(client, answered)

    def answered(self, who: str, link: str, *, client: httpx2.Client, method: str = "POST", **more) -> httpx2.Response:
        """As far as the platform's answer: a page with a form that a browser would send."""
        sent = self.platform.login(who, link, **more)
        where = {"params": sent} if method == "GET" else {"data": sent}
        asked = client.request(method, self.tool + "/lti/login", **where)
        assert asked.status_code == 302, asked.text
        return client.get(asked.headers["location"])

    def post(self, client: httpx2.Client, page: httpx2.Response) -> httpx2.Response:
        assert page.status_code == 200, page.text
        action, values = form(page.text)
        return client.post(action, data=values)

    def user(self, who: str) -> UserRow:
        with self.service.store.reading() as db:
            known = db.get_one(PlatformUserRow, (self.registered.id, self.platform.people[who].sub))
            return db.get_one(UserRow, known.user_id)

    @property
    def registered(self) -> PlatformRow:
        with self.service.store.reading() as db:
            return db.scalars(sa.select(PlatformRow)).one()

    def operator(self) -> httpx2.Client:
        return self.signed_in("Operator")

    def signed_in(self, name: str) -> httpx2.Client:
        client = self.browser()
        with self.service.store.writing() as db:
            link = new_link(db, self.service.people[name], self.tool)
        assert client.post(link).status_code == 303
        return client

    def bound(self, who: str = "teacher", course: str = "", *, client: httpx2.Client | None = None, **more: str):
        """The instructor has opened a link, signed in here, and said which course it is; what that answers."""
        client = client or self.signed_in("Staff")
        page = self.open(who, client=client, **more)
        assert page.headers["location"].startswith("/lti/context/"), page.text
        values = {"course": course or self.service.course, "title": "A new one", "time_zone": "Europe/Berlin"}
        return client.post(page.headers["location"], data=values)

    def bound_link(self, course: str) -> bool:
        """Let the links of this course lead to an assignment of it that is open."""
        with self.service.store.writing() as db:
            asked = AssignmentRow(course_id=course, title="Second", source="optimizers", open=True)
            db.add(asked)
            db.flush()
            of_course = sa.select(ContextRow.id).where(ContextRow.course_id == course)
            done = sa.update(ResourceRow).where(ResourceRow.context_id.in_(of_course)).values(assignment_id=asked.id)
            return db.execute(done).rowcount > 0

    def placed(self) -> None:
        """The instructor has said which course it is, and has chosen the assignment."""
        client = self.signed_in("Staff")
        page = self.bound(client=client)
        assert page.status_code == 303, page.text
        ask = client.get(page.headers["location"])
        done = client.post(page.headers["location"], data=form(ask.text)[1] | {"assignment": self.service.assignment})
        assert done.status_code == 303, done.text

    def hand_in(self, who: str, source: bytes = RIGHT, **more) -> str:
        with self.service.store.writing() as db:
            asked = db.get_one(AssignmentRow, self.service.assignment)
            return receive(db, self.service.queue, asked, self.user(who).id, "optimizers.py", source, **more).id

    def register(self, **changed: str) -> httpx2.Response:
        client = self.operator()
        where = "/operator/lti"
        values = {
            "issuer": self.platform.url,
            "client_id": self.platform.client_id,
            "deployments": self.platform.deployment,
            "authorize_url": self.platform.url + "/authorize",
            "token_url": self.platform.url + "/token",
            "jwks_url": self.platform.url + "/jwks",
        }
        return client.post(where, data=values | changed | {"csrf": token_of(client.get(where).text)})


@contextmanager
def teaching(service: Service):
    platform = LearningPlatform(
        people={
            "teacher": person("Instructor", name="Grace Hopper", email="grace@example.edu"),
            "learner": person("Learner", given_name="Emmy", family_name="Noether", email="emmy@example.edu"),
        }
    )

    def make_tool(url):
        settings = replace(service.settings, public_url=url)
        service.context.settings = settings
        return create_app(settings)

    with listening(make_tool) as tool, listening(lambda _: platform.app()) as url:
        platform.url, platform.tool = url, tool
        found = Classroom(service, platform, tool)
        try:
            assert found.register().status_code == 303
            yield found
        finally:
            for client in found.browsers:
                client.close()


@pytest.fixture
def classroom(service):
    with teaching(service) as room:
        yield room


def form(page: str) -> tuple[str, dict[str, str]]:
    """The last form of a page: where it goes, and its hidden fields."""
    action = re.findall(r'<form[^>]* action="([^"]+)"', page)[-1]
    last = page[page.rindex("<form") :]
    hidden = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', last)
    return html.unescape(action), {name: html.unescape(value) for name, value in hidden}


def token_of(page: str) -> str:
    return re.search(r'name="csrf" value="([^"]+)"', page)[1]


# ------------------------------------------------------------------------------------------------------ launches
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_staff_choose_once_what_a_link_leads_to_and_students_are_sent_there(classroom, method):
    service = classroom.service
    early = classroom.open("learner")
    assert early.status_code == 403
    assert "instructor has to open this link once" in early.text

    browser = classroom.signed_in("Staff")
    launched = classroom.bound(client=browser, method=method)
    assert launched.status_code == 303
    assert "httponly" in launched.headers["set-cookie"].lower()
    assert "has not chosen yet" in classroom.open("learner").text

    choosing = browser.get(launched.headers["location"])
    assert "Optimizers" in choosing.text
    values = form(choosing.text)[1] | {"assignment": service.assignment}
    assert (
        browser.post(launched.headers["location"], data=values).headers["location"] == f"/staff/a/{service.assignment}"
    )
    assert classroom.open("teacher").headers["location"] == f"/staff/a/{service.assignment}"

    assert browser.get(f"/staff/a/{service.assignment}").status_code == 200

    browser = classroom.browser()
    entered = classroom.open("learner", method=method, client=browser)
    assert entered.headers["location"] == f"/a/{service.assignment}"
    assert "Emmy Noether" in browser.get(entered.headers["location"]).text
    assert "signed you in, for this course alone" in browser.get("/").text
    assert browser.get(f"/staff/a/{service.assignment}").status_code == 404
    with service.store.reading() as db:
        learner, teacher = classroom.user("learner"), classroom.user("teacher")
        assert (learner.name, learner.email) == ("Emmy Noether", "emmy@example.edu")
        assert db.get_one(MembershipRow, (service.course, learner.id)).role == "student"
        assert db.get_one(MembershipRow, (service.course, teacher.id)).role == "staff"
        assert {row.course_id for row in db.scalars(sa.select(SessionRow).where(SessionRow.user_id == learner.id))} == {
            service.course
        }
        assert db.scalar(sa.select(sa.func.count()).select_from(ResourceRow)) == 1
    assert not classroom.platform.refused


@pytest.mark.parametrize("way", ["parameter", "address"])
def test_a_link_that_names_its_assignment_asks_nobody(classroom, way):
    assignment = classroom.service.assignment
    if way == "parameter":
        classroom.platform.people["teacher"].claims[LTI + "custom"] = {"assignment": assignment}
        launched = classroom.bound()
    else:
        launched = classroom.bound(target=f"{classroom.tool}/a/{assignment}")
    assert launched.headers["location"] == f"/staff/a/{assignment}"
    assert classroom.open("learner").headers["location"] == f"/a/{assignment}"


@pytest.mark.slow
def test_a_link_leads_to_no_assignment_of_another_course_and_to_none_that_is_closed(classroom):
    with classroom.service.store.writing() as db:
        other = CourseRow(title="Another")
        db.add(other)
        db.flush()
        foreign = AssignmentRow(course_id=other.id, title="Foreign", source="optimizers", open=True)
        db.add(foreign)
        db.get_one(AssignmentRow, classroom.service.assignment).open = False
        db.flush()
    browser = classroom.signed_in("Staff")
    launched = classroom.bound(client=browser, target=f"{classroom.tool}/a/{foreign.id}")
    where = launched.headers["location"]
    assert where.startswith("/lti/link/")
    values = form(browser.get(where).text)[1]
    assert browser.post(where, data=values | {"assignment": foreign.id}).status_code == 404
    assert browser.post(where, data=values | {"assignment": classroom.service.assignment}).status_code == 303
    assert "not open yet" in classroom.open("learner").text


def test_a_click_places_a_link_by_deep_linking(classroom):
    browser = classroom.signed_in("Staff")
    where = classroom.bound(client=browser, link="deep").headers["location"]
    values = form(browser.get(where).text)[1] | {"assignment": classroom.service.assignment}
    waiting = browser.post(where, data=values).headers["location"]
    assert "being signed" in browser.get(waiting).text
    classroom.service.work()
    page = browser.get(waiting)
    assert f"form-action {classroom.platform.url};" in page.headers["content-security-policy"]
    (item,) = classroom.post(browser, page).json()
    assert item["custom"] == {"assignment": classroom.service.assignment}
    assert item["lineItem"]["scoreMaximum"] > 0
    assert classroom.open("learner", "deep", client=classroom.browser()).status_code == 403

    classroom.platform.people["teacher"].claims[LTI + "custom"] = item["custom"]
    assert (
        classroom.open("teacher", target=item["url"]).headers["location"] == f"/staff/a/{classroom.service.assignment}"
    )


# ------------------------------------------------------------------------------- one registration, many courses
def courses_asked(page: httpx2.Response) -> list[str]:
    """The courses that the page offers, a new one included."""
    return re.findall(r'name="course" value="([^"]+)"', page.text)


def contexts_of(room: Classroom) -> dict[str, str]:
    with room.service.store.reading() as db:
        return dict(db.execute(sa.select(ContextRow.context, ContextRow.course_id)).all())


def test_one_registration_serves_a_second_course_that_its_instructor_makes(enrolled):
    platform, service = enrolled.platform, enrolled.service
    platform.context, platform.line_item = "the-next-term", "/courses/7/line_items/8?type_id=9"
    early = enrolled.open("learner")
    assert early.status_code == 403
    assert "You are too early" in early.text
    assert "You did nothing wrong" in early.text

    browser = enrolled.browser()
    where = enrolled.open("teacher", client=browser).headers["location"]
    page = browser.get(where)
    assert courses_asked(page) == [service.course, "new"]  # the platform knows this person as its instructor
    values = {"course": "new", "title": "Systems, the next term", "time_zone": "Nowhere/Land"}
    assert "not a time zone" in browser.post(where, data=values).text
    made = browser.post(where, data=values | {"time_zone": "Europe/Berlin"}).headers["location"]
    assert "has no assignments yet" in browser.get(made).text
    (other,) = set(contexts_of(enrolled).values()) - {service.course}
    with service.store.reading() as db:
        course = db.get_one(CourseRow, other)
        assert (course.title, course.time_zone) == ("Systems, the next term", "Europe/Berlin")
        assert db.get_one(MembershipRow, (other, service.people["Staff"])).role == "staff"
        done = sa.select(AuditRow.action, AuditRow.actor_id).where(AuditRow.course_id == other)
        told = dict(db.execute(done).all())
        assert told["course.made"] == told["lti.course_bound"] == service.people["Staff"]
        assert db.get(MembershipRow, (other, enrolled.user("learner").id)) is None  # nobody comes along
    assert "has not chosen yet" in enrolled.open("learner").text
    assert browser.get(f"/staff/c/{other}/lti").status_code == 200
    assert browser.get(f"/staff/c/{service.course}/lti").status_code == 404  # this session is of one course

    platform.context = "course-at-the-platform"
    assert enrolled.open("learner").headers["location"] == f"/a/{service.assignment}"


def test_a_course_is_offered_only_to_who_has_shown_to_be_its_instructor(classroom):
    """The address of its instructor, told by the platform, shows nothing."""
    service = classroom.service
    classroom.platform.people["impostor"] = person("Instructor", name="X", email="staff@example.org")
    browser = classroom.browser()
    where = classroom.open("impostor", client=browser).headers["location"]
    assert courses_asked(browser.get(where)) == ["new"]
    refused = browser.post(where, data={"course": service.course})
    assert refused.status_code == 422
    assert "Choose one of the courses" in refused.text
    for name, offered in (("Ada", ["new"]), ("Staff", [service.course, "new"])):
        client = classroom.signed_in(name)
        page = client.get(classroom.open("impostor", client=client).headers["location"])
        assert courses_asked(page) == offered, name
    assert contexts_of(classroom) == {}


def test_who_is_signed_in_as_the_instructor_is_the_same_person_from_then_on(classroom):
    assert classroom.bound().status_code == 303
    assert classroom.user("teacher").id == classroom.service.people["Staff"]


def test_only_the_browser_that_began_the_launch_chooses_and_only_once(classroom):
    service, mine, other = classroom.service, classroom.signed_in("Staff"), classroom.signed_in("Staff")
    where = classroom.open("teacher", client=mine).headers["location"]
    assert other.get(where).status_code == 404
    assert other.post(where, data={"course": service.course}).status_code == 404
    kept = dict(mine.cookies)
    foreign = {"Sec-Fetch-Site": "cross-site"}
    assert mine.post(where, data={"course": service.course}, headers=foreign).status_code == 403
    assert contexts_of(classroom) == {}
    assert mine.post(where, data={"course": service.course}).status_code == 303
    assert classroom.browser(cookies=kept).post(where, data={"course": service.course}).status_code == 404


def test_of_two_instructors_who_choose_at_once_one_does(classroom):
    service = classroom.service
    classroom.platform.people["second"] = person("Instructor", name="Second")
    browser = classroom.browser()
    where = classroom.open("second", client=browser).headers["location"]
    classroom.placed()
    late = browser.post(where, data={"course": "new", "title": "Mine", "time_zone": "UTC"})
    assert "Somebody else has just chosen" in late.text
    assert classroom.open("second").headers["location"] == f"/staff/a/{service.assignment}"


@pytest.mark.slow
def test_grades_go_to_the_course_there_that_the_student_came_from(enrolled):
    """Two sections of a platform are one course here; each has a column of its own."""
    platform, service = enrolled.platform, enrolled.service
    platform.context, platform.line_item = "section-b", "/courses/7/line_items/8?type_id=9"
    platform.people["second"] = person("Learner", name="B", email="b@example.edu")
    assert enrolled.bound(link="link-b", target=f"{enrolled.tool}/a/{service.assignment}").status_code == 303
    assert enrolled.open("second", "link-b").status_code == 303
    assert enrolled.user("second").id in {user for _, user in members(service)}
    enrolled.hand_in("second", WRONG)
    assert service.work() == ["key", "mark", "passback"]
    assert [score["userId"] for score in platform.scores] == [platform.people["second"].sub]
    assert platform.refused == []
    platform.line_item = "/courses/7/line_items/3?type_id=9"
    enrolled.hand_in("learner", WRONG)
    service.work()
    assert platform.scores[-1]["userId"] == platform.people["learner"].sub
    assert platform.refused == []


@pytest.mark.parametrize("elsewhere", [False, True])
def test_who_is_known_from_another_course_is_found_on_this_courses_list(enrolled, elsewhere):
    """Join by the registrar's id; an entry that is in a third course too is for a person to merge."""
    platform, service = enrolled.platform, enrolled.service
    platform.context = "the-next-term"
    platform.people["learner"].claims[LTI + "lis"] = {"person_sourcedid": "sis-emmy"}
    assert enrolled.bound(course="new").status_code == 303
    known = enrolled.user("learner").id
    (course,) = set(contexts_of(enrolled).values()) - {service.course}
    with service.store.writing() as db:
        listed = UserRow(name="Noether, E.")
        third = CourseRow(title="A third course")
        db.add_all([listed, third])
        db.flush()
        db.add(MembershipRow(course_id=course, user_id=listed.id, role="student", roster_id="sis-emmy", section="B"))
        if elsewhere:
            db.add(MembershipRow(course_id=third.id, user_id=listed.id, role="student", roster_id="x"))
    assert "has not chosen yet" in enrolled.open("learner").text
    assert enrolled.bound_link(course)
    enrolled.open("learner")
    assert enrolled.user("learner").id == known
    with service.store.reading() as db:
        mine = db.get(MembershipRow, (course, known))
        assert (mine.roster_id == "sis-emmy", mine.section) == (not elsewhere, "" if elsewhere else "B")
        assert (db.get_one(UserRow, listed.id).merged_id == known) is not elsewhere
        assert db.get(MembershipRow, (service.course, known)) is not None


def members(service: Service) -> set[tuple[str, str]]:
    with service.store.reading() as db:
        return {(row.course_id, row.user_id) for row in db.scalars(sa.select(MembershipRow))}


def test_an_instructor_unties_a_course_and_is_asked_again(enrolled):
    service, staff = enrolled.service, enrolled.signed_in("Staff")
    where = f"/staff/c/{service.course}/lti"
    page = staff.get(where).text
    assert "Optimizers (grades are sent)" in page
    (untie,) = re.findall(r'action="([^"]+/untie)"', page)
    before = members(service)
    assert staff.post(untie, data={"csrf": token_of(page)}).status_code == 303
    assert "No course of a learning platform leads here" in staff.get(where).text
    assert "too early" in enrolled.open("learner").text
    assert enrolled.bound(client=staff).status_code == 303
    assert members(service) == before


def test_an_operator_says_which_course_it_is_before_its_staff_do(classroom):
    service, platform, client = classroom.service, classroom.platform, classroom.operator()
    where = f"/operator/lti/{classroom.registered.id}/courses"
    values = {"context": platform.context, "course": service.course, "csrf": token_of(client.get("/operator/lti").text)}
    assert client.post(where, data=values | {"course": "x"}).status_code == 422
    assert client.post(where, data=values | {"deployment": "another"}).status_code == 422
    assert client.post(where, data=values).status_code == 303
    assert contexts_of(classroom) == {platform.context: service.course}
    assert classroom.open("teacher").headers["location"].startswith("/lti/link/")


# ------------------------------------------------------------------------------------------------------- attacks
def signed_with(platform: LearningPlatform, claims: dict, **header) -> str:
    return jwt.encode(claims, platform.keys[-1].private, algorithm="RS256", headers={"kid": "key-1"} | header)


def unsigned(claims: dict, **header) -> str:
    part = lambda value: base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()  # noqa: E731
    return f"{part({'alg': 'none', 'typ': 'JWT', 'kid': 'key-1'} | header)}.{part(claims)}."


def by_public_key(platform: LearningPlatform, claims: dict) -> str:
    """HS256 with the public key as the secret: what a verifier takes that believes the header."""
    public = platform.keys[-1].private.public_key()
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    head, body, _ = unsigned(claims, alg="HS256").split(".")
    mac = hmac.new(pem, f"{head}.{body}".encode(), hashlib.sha256).digest()
    return f"{head}.{body}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def without(claims: dict, name: str) -> dict:
    return {key: value for key, value in claims.items() if key != name}


ATTACKS = {  # what a platform, or somebody who is none, answers: (platform, claims) -> token, and what is said of it
    "no signature": (lambda p, c: unsigned(c), "RS256"),
    "signed by our own public key as a secret": (by_public_key, "RS256"),
    "another algorithm": (
        lambda p, c: jwt.encode(c, p.keys[-1].private, algorithm="RS512", headers={"kid": "key-1"}),
        "RS256",
    ),
    "another key under the same name": (
        lambda p, c: jwt.encode(c, MADE[2], algorithm="RS256", headers={"kid": "key-1"}),
        "cannot be trusted",
    ),
    "a key that the header brings": (
        lambda p, c: jwt.encode(
            c, MADE[2], algorithm="RS256", headers={"kid": "x", "jwk": Key("x", MADE[2]).public, "jku": p.url + "/x"}
        ),
        "key set does not have",
    ),
    "no key named": (lambda p, c: jwt.encode(c, p.keys[-1].private, algorithm="RS256"), "which key"),
    "a key named by a number": (lambda p, c: unsigned(c, alg="RS256", kid=7), "no signed token"),
    "claims changed after signing": (
        lambda p, c: ".".join(
            [*p.sign(c).split(".")[:1], unsigned(c | {"sub": "somebody"}).split(".")[1], p.sign(c).split(".")[2]]
        ),
        "cannot be trusted",
    ),
    "no token": (lambda p, c: "gradmark", "no signed token"),
    "a token as long as a book": (lambda p, c: p.sign(c | {"x": "x" * 70_000}), "too long"),
    "another issuer": (lambda p, c: p.sign(c | {"iss": "https://elsewhere.example"}), "cannot be trusted"),
    "for another tool": (lambda p, c: p.sign(c | {"aud": "client-2"}), "cannot be trusted"),
    "for two tools": (lambda p, c: p.sign(c | {"aud": ["client-1", "client-2"]}), "several tools"),
    "another tool is to act on it": (lambda p, c: p.sign(c | {"azp": "client-2"}), "several tools"),
    "expired": (lambda p, c: p.sign(c | {"exp": int(time.time()) - 120}), "has expired"),
    "without an end": (lambda p, c: p.sign(without(c, "exp")), "cannot be trusted"),
    "without a beginning": (lambda p, c: p.sign(without(c, "iat")), "cannot be trusted"),
    "from the future": (lambda p, c: p.sign(c | {"iat": int(time.time()) + 600}), "from the future"),
    "another nonce": (lambda p, c: p.sign(c | {"nonce": "of another login"}), "another login"),
    "no nonce": (lambda p, c: p.sign(without(c, "nonce")), "cannot be trusted"),
    "an unknown deployment": (lambda p, c: p.sign(c | {LTI + "deployment_id": "2"}), "deployment"),
    "no deployment": (lambda p, c: p.sign(without(c, LTI + "deployment_id")), "deployment_id"),
    "another message": (lambda p, c: p.sign(c | {LTI + "message_type": "LtiSubmissionReview"}), "of the type"),
    "another version": (lambda p, c: p.sign(c | {LTI + "version": "1.1"}), "LTI"),
    "another target": (lambda p, c: p.sign(c | {LTI + "target_link_uri": "https://evil.example/"}), "elsewhere"),
    "no target": (lambda p, c: p.sign(without(c, LTI + "target_link_uri")), "elsewhere"),
    "no link": (lambda p, c: p.sign(without(c, LTI + "resource_link")), "resource_link.id"),
    "a link that is a list": (lambda p, c: p.sign(c | {LTI + "resource_link": ["id"]}), "resource_link.id"),
    "nobody": (lambda p, c: p.sign(without(c, "sub")), "sub"),
    "somebody with half a letter": (lambda p, c: p.sign(c | {"sub": "\ud800"}), "sub"),
    "somebody whom Postgres cannot keep": (lambda p, c: p.sign(c | {"sub": "a\0b"}), "sub"),
    "a link with half a letter": (
        lambda p, c: p.sign(c | {LTI + "resource_link": {"id": "\ud800"}}),
        "resource_link.id",
    ),
    "deep linking of a number": (
        lambda p, c: p.sign(
            c
            | {
                LTI + "message_type": "LtiDeepLinkingRequest",
                DEEP + "deep_linking_settings": {"deep_link_return_url": "https://a.example/", "accept_types": 5},
            }
        ),
        "takes no links",
    ),
    "somebody with an endless name": (lambda p, c: p.sign(c | {"sub": "x" * 300}), "sub"),
    "another course of the platform": (
        lambda p, c: p.sign(c | {LTI + "context": {"id": "another"}}),
        "has to open this link once",
    ),
    "no course": (lambda p, c: p.sign(without(c, LTI + "context")), "context.id"),
    "a teacher of another place": (
        lambda p, c: p.sign(
            c
            | {
                LTI + "roles": [
                    "http://purl.imsglobal.org/vocab/lis/v2/institution/person#Instructor",
                    "http://purl.imsglobal.org/vocab/lis/v2/system/person#Administrator",
                ]
            }
        ),
        "neither a student nor",
    ),
    "roles that are a word": (lambda p, c: p.sign(c | {LTI + "roles": "Instructor"}), "neither a student nor"),
    "a line item on a machine beside ours": (
        lambda p, c: p.sign(
            c | {AGS + "claim/endpoint": {"scope": [AGS + "scope/score"], "lineitem": "http://127.0.0.1:1/x"}}
        ),
        "line item",
    ),
}


@pytest.fixture(scope="module")
def attacked(tmp_path_factory):
    """One classroom for all attacks: none may change anything."""
    require("landlock")
    with serving(tmp_path_factory.mktemp("attacked")) as service, teaching(service) as room:
        room.placed()
        yield room


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_message_that_is_not_right_signs_nobody_in(attacked, attack):
    token, told = ATTACKS[attack]
    platform = attacked.platform
    with attacked.service.store.reading() as db:
        before = db.scalar(sa.select(sa.func.count()).select_from(SessionRow))
    platform.answer = lambda claims: token(platform, claims)
    try:
        answer = attacked.open("learner")
    finally:
        platform.answer = platform.sign
    assert answer.status_code == 403, answer.text
    assert told in html.unescape(answer.text)
    assert COOKIE not in answer.headers.get("set-cookie", "")
    with attacked.service.store.reading() as db:
        assert db.scalar(sa.select(sa.func.count()).select_from(SessionRow)) == before


@pytest.mark.parametrize("role", ["Learner", "Instructor"])
def test_the_test_student_of_a_platform_is_nobody_here(attacked, role):
    """Canvas's student view: its user would stand on the roster and among the grades."""
    tried = person(role, name="Test Student")
    tried.roles.append("http://purl.imsglobal.org/vocab/lti/system/person#TestUser")
    attacked.platform.people["tried"] = tried
    answer = attacked.open("tried")
    assert answer.status_code == 403
    assert "The test student has no place here" in answer.text
    assert COOKIE not in answer.headers.get("set-cookie", "")
    with attacked.service.store.reading() as db:
        assert db.get(PlatformUserRow, (attacked.registered.id, tried.sub)) is None
        assert db.scalars(sa.select(UserRow).where(UserRow.name == "Test Student")).all() == []


def test_the_same_message_is_worth_nothing_a_second_time_nor_in_another_browser(attacked):
    browser, other = attacked.browser(), attacked.browser()
    page = attacked.answered("learner", "link-1", client=browser)
    stolen = attacked.post(other, page)
    assert stolen.status_code == 403
    assert "not begun in this browser" in stolen.text
    kept = dict(browser.cookies)
    assert attacked.post(browser, page).status_code == 303
    assert "not begun in this browser" in attacked.post(browser, page).text
    again = attacked.browser(cookies=kept)
    assert "has been used before" in attacked.post(again, page).text


def test_a_state_ends_and_another_launchs_message_does_not_fit(attacked, monkeypatch):
    browser = attacked.browser()
    first = attacked.answered("learner", "link-1", client=browser)
    second = attacked.answered("learner", "link-1", client=browser)
    action, values = form(first.text)
    mixed = browser.post(action, data=values | {"id_token": form(second.text)[1]["id_token"]})
    assert "another login" in mixed.text

    monkeypatch.setattr(lti, "now", lambda: now() + lti.LAUNCH_SECONDS + 1)
    assert "too long ago" in attacked.post(browser, second).text


LOGINS = {
    "an unknown platform": ({"iss": "https://elsewhere.example"}, "no platform is registered"),
    "an unknown client": ({"client_id": "client-2"}, "no platform is registered"),
    "nobody": ({"login_hint": ""}, "who wants to sign in"),
    "a link to somewhere else": ({"target_link_uri": "https://evil.example/"}, "does not lead to"),
    "a link to a name like ours": ({"target_link_uri": "TOOL.evil.example/"}, "does not lead to"),
    "an endless link": ({"target_link_uri": "TOOL/" + "x" * 3000}, "does not lead to"),
}


@pytest.mark.parametrize("case", LOGINS)
def test_a_login_that_is_not_right_leads_nowhere(attacked, case):
    changed, told = LOGINS[case]
    sent = attacked.platform.login("learner") | {k: v.replace("TOOL", attacked.tool) for k, v in changed.items()}
    answer = httpx2.post(attacked.tool + "/lti/login", data=sent)
    assert answer.status_code == 403
    assert told in html.unescape(answer.text)


def test_a_platform_that_says_no_is_told_on(attacked):
    browser = attacked.browser()
    action, values = form(attacked.answered("learner", "link-1", client=browser).text)
    answer = browser.post(action, data={"state": values["state"], "error": "login_required"})
    assert "login_required" in html.unescape(answer.text)


# -------------------------------------------------------------------------------------------------- whose word
def test_a_platform_opens_its_own_course_and_no_other_whoever_it_names(classroom):
    """An operator's and another course's staff's address: the platform may claim them, and gains nothing by it."""
    service = classroom.service
    classroom.placed()
    with service.store.writing() as db:
        other = CourseRow(title="Another course")
        db.add(other)
        db.flush()
        db.add(MembershipRow(course_id=other.id, user_id=service.people["Operator"], role="staff", roster_id="o"))
        # even where that person is known here in the very same role
        db.add(
            MembershipRow(course_id=service.course, user_id=service.people["Operator"], role="staff", roster_id="op")
        )
    classroom.platform.people["impostor"] = person("Instructor", name="X", email="Operator@example.org")
    browser = classroom.browser()
    assert classroom.open("impostor", client=browser).status_code == 303
    assert classroom.user("impostor").id == service.people["Operator"]
    assert browser.get("/operator/lti").status_code == 404
    with service.store.reading() as db:
        session = db.scalars(sa.select(SessionRow).where(SessionRow.user_id == service.people["Operator"])).all()[-1]
        assert session.course_id == service.course


NAMED = {  # role and claims of a launch -> whom of the course's list it is, if anybody
    "a student by the address on the list": ("Learner", {"email": "ADA@example.org"}, "Ada"),
    "a student by the registrar's id": ("Learner", {LTI + "lis": {"person_sourcedid": "r-bob"}}, "Bob"),
    "a student with a teacher's address": ("Learner", {"email": "staff@example.org"}, None),
    "a student with a teacher's id": ("Learner", {LTI + "lis": {"person_sourcedid": "r-staff"}}, None),
    "a teacher with a student's address": ("Instructor", {"email": "ada@example.org"}, None),
    "an address that nobody has confirmed": ("Learner", {"email": "ada@example.org", "email_verified": False}, None),
    "an address of no member": ("Learner", {"email": "operator@example.org"}, None),
    "nothing": ("Learner", {}, None),
}


@pytest.mark.parametrize("case", NAMED)
def test_who_is_on_the_list_is_known_again_only_in_the_same_role(attacked, case):
    role, claims, who = NAMED[case]
    people = attacked.service.people
    attacked.platform.people["new"] = person(role, **claims)
    assert attacked.open("new").status_code == 303
    found = attacked.user("new").id
    assert found == people[who] if who else found not in people.values()
    with attacked.service.store.writing() as db:  # nobody of the list is this one any more
        db.execute(sa.delete(ArrivalRow).where(ArrivalRow.subject == attacked.platform.people["new"].sub))
        db.execute(sa.delete(PlatformUserRow).where(PlatformUserRow.user_id == found))


def test_a_name_with_half_a_letter_is_a_name_all_the_same(classroom):
    classroom.placed()
    broken = {"name": "Ada \ud800", "email": "\ud800@example.org", LTI + "lis": {"person_sourcedid": "a\0b"}}
    classroom.platform.people["new"] = person("Learner", **broken, **{LTI + "custom": {"assignment": "\ud800"}})
    assert classroom.open("new").status_code == 303
    assert classroom.user("new").name == "Ada ?"


def test_a_link_whose_address_cannot_be_taken_apart_names_no_assignment(attacked):
    assert attacked.open("teacher", "odd", target=attacked.tool + "//[").headers["location"].startswith("/lti/link/")


def test_two_people_of_a_platform_are_never_one(classroom):
    classroom.placed()
    for name in ("first", "second"):
        classroom.platform.people[name] = person("Learner", email="ada@example.org")
        assert classroom.open(name).status_code == 303
    assert classroom.user("first").id == classroom.service.people["Ada"]
    assert classroom.user("second").id != classroom.service.people["Ada"]


def test_the_platform_decides_who_is_what_in_its_course_but_staffs_removal_stands(classroom):
    classroom.placed()
    service, learner = classroom.service, classroom.platform.people["learner"]
    assert classroom.open("learner").status_code == 303
    learner.roles = ["http://purl.imsglobal.org/vocab/lis/v2/membership/Instructor#TeachingAssistant"]
    assert classroom.open("learner").headers["location"] == f"/staff/a/{service.assignment}"
    learner.roles = ["Learner"]
    assert classroom.open("learner").headers["location"] == f"/a/{service.assignment}"
    with service.store.writing() as db:
        member = db.get_one(MembershipRow, (service.course, classroom.user("learner").id))
        assert member.role == "student"
        assert db.scalar(sa.select(sa.func.count()).where(AuditRow.action == "lti.role_changed")) == 2
        member.dropped = True
    assert "no longer on the list" in classroom.open("learner").text


@pytest.mark.parametrize("role", ["ta", "observer"])
def test_a_launch_gives_no_more_rights_than_an_instructor_has_given(classroom, role):
    """Platforms call TAs instructors; here an instructor has said what this person may do."""
    classroom.placed()
    service, learner = classroom.service, classroom.platform.people["learner"]
    assert classroom.open("learner").status_code == 303
    user = classroom.user("learner").id
    with service.store.writing() as db:
        db.get_one(MembershipRow, (service.course, user)).role = role
    learner.roles = ["Instructor"]
    assert classroom.open("learner").headers["location"] == f"/staff/a/{service.assignment}"
    with service.store.reading() as db:
        assert db.get_one(MembershipRow, (service.course, user)).role == role


def test_whom_the_platform_makes_staff_is_nobody_that_somebody_else_holds_a_key_to(classroom):
    classroom.placed()
    classroom.platform.people["ada"] = person("Learner", email="ada@example.org")
    assert classroom.open("ada").status_code == 303
    held, own = classroom.signed_in("Ada"), classroom.browser()
    classroom.platform.people["ada"].roles = [ROLE + "Instructor"]
    assert classroom.open("ada", client=own).status_code == 303
    assert held.get("/tokens").status_code == 303
    assert own.get(f"/staff/c/{classroom.service.course}").status_code == 200


def test_only_staff_of_the_course_choose_where_a_link_leads(classroom):
    where = classroom.bound().headers["location"]
    for name in ("Ada", "Operator"):
        client = classroom.signed_in(name)
        assert client.get(where).status_code == 404
    staff = classroom.signed_in("Staff")
    values = form(staff.get(where).text)[1]
    assert staff.post(where, data=values | {"assignment": "aaaaaaaaaaaaaaaa"}).status_code == 404
    assert staff.post(where, data={"assignment": classroom.service.assignment}).status_code == 403


# --------------------------------------------------------------------------------------------------------- keys
def test_a_platforms_new_key_is_fetched_once_and_then_known(classroom, monkeypatch):
    classroom.placed()
    asked = classroom.platform.key_requests
    assert classroom.open("learner").status_code == 303
    assert classroom.platform.key_requests == asked == 1

    classroom.platform.keys.append(Key("key-2", MADE[1]))
    assert "key set does not have" in classroom.open("learner").text  # asked a moment ago: made-up keys make no traffic
    monkeypatch.setattr(lti_keys, "PAUSE_SECONDS", 0.0)
    assert classroom.open("learner").status_code == 303
    assert classroom.open("learner").status_code == 303
    assert classroom.platform.key_requests == 2

    monkeypatch.setattr(lti_keys, "FRESH_SECONDS", 0.0)
    classroom.platform.keys.pop()
    classroom.platform.answer = lambda claims: jwt.encode(claims, MADE[1], algorithm="RS256", headers={"kid": "key-2"})
    assert "key set does not have" in classroom.open("learner").text


@pytest.mark.parametrize(
    ("what", "told"),
    [
        ("redirect", "answers 307"),
        ("large", "cannot be read"),
        ("text", "no set of keys"),
        ("deep", "no set of keys"),
        ("nothing", "cannot be read"),
    ],
)
def test_keys_are_read_where_the_operator_said_and_nowhere_else(attacked, what, told):
    answers = {
        "redirect": lambda: RedirectResponse(attacked.platform.url + "/jwks"),
        "large": lambda: PlainTextResponse(" " * 300_000),
        "text": lambda: PlainTextResponse("<html>"),
        "deep": lambda: PlainTextResponse("[" * 100_000),
        "nothing": lambda: PlainTextResponse(""),
    }
    app = FastAPI()
    app.get("/keys")(answers[what])
    with listening(lambda _: app) as url:
        before = moved(attacked, "http://127.0.0.1:9/keys" if what == "nothing" else url + "/keys")
        answer = attacked.open("teacher")
        moved(attacked, before)
    assert answer.status_code == 403
    assert told in html.unescape(answer.text)
    assert attacked.open("teacher").status_code == 303


@contextmanager
def dripping(seconds: float):
    """A machine that answers a byte at a time, for so long; its address."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip():
            connection, _ = server.accept()
            with contextlib.suppress(OSError), connection:  # whoever asked has gone
                connection.recv(65_536)
                until, said = (
                    time.monotonic() + seconds,
                    itertools.chain(b"HTTP/1.1 200 OK\r\nX: ", itertools.repeat(97)),
                )
                while time.monotonic() < until:
                    connection.sendall(bytes([next(said)]))
                    time.sleep(0.02)

        thread = threading.Thread(target=drip)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}"
        finally:
            # Whoever gave up before they asked leaves it waiting: then it is we who ask, and go.
            socket.create_connection(server.getsockname()).close()
            thread.join()


def test_keys_that_drip_are_given_up(attacked, monkeypatch):
    monkeypatch.setattr(lti_keys, "FETCH_SECONDS", 0.3)
    with dripping(3) as url:
        before, began = moved(attacked, url), time.monotonic()
        told = attacked.open("teacher").text
        assert time.monotonic() - began < 2
        moved(attacked, before)
    assert "cannot be read now" in told


def test_of_many_with_made_up_keys_at_once_one_makes_us_ask_the_platform(attacked):
    platform = attacked.platform
    moved(attacked, platform.url + "/jwks")
    asked = platform.key_requests
    platform.answer = lambda claims: jwt.encode(claims, MADE[2], algorithm="RS256", headers={"kid": "made-up"})
    try:
        launches = [
            (client := attacked.browser(), attacked.answered("learner", "link-1", client=client)) for _ in range(8)
        ]
    finally:
        platform.answer = platform.sign
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda launch: attacked.post(*launch), launches))
    assert [answer.status_code for answer in answers] == [403] * 8
    assert platform.key_requests == asked + 1


def moved(room: Classroom, url: str) -> str:
    """The platform's keys lie there from now on, and we know none of them yet; returns where they lay."""
    with room.service.store.writing() as db:
        platform = db.scalars(sa.select(PlatformRow)).one()
        before, platform.jwks_url, platform.key_set, platform.keys_at = platform.jwks_url, url, {}, None
        return before


def test_our_private_key_is_sealed_and_a_new_one_signs_beside_the_old(classroom):
    service = classroom.service
    service.work()
    with service.store.reading() as db:
        (stored,) = db.scalars(sa.select(OurKey)).all()
    assert set(stored.public) == {"kty", "n", "e", "kid", "alg", "use", "key_ops"} - ({"key_ops"} - set(stored.public))
    assert b"PRIVATE" not in stored.sealed
    first = keys.newest(service.context)

    client = classroom.operator()
    where = "/operator/lti"
    client.post(where + "/key", data={"csrf": token_of(client.get(where).text)})
    service.work()
    second = keys.newest(service.context)
    assert second.id != first.id
    published = httpx2.get(classroom.tool + "/lti/jwks.json").json()["keys"]
    assert [key["kid"] for key in published] == [second.id, first.id]
    assert not {"d", "p", "q"} & set().union(*published)

    stranger = replace(service.context, secret=b"another secret of another service")
    with pytest.raises(keys.SealedElsewhere, match="another secret"):
        keys.newest(stranger)


# ------------------------------------------------------------------------------------------------------- notices
def test_who_is_signed_in_by_a_platform_sees_all_notices_of_that_course_and_none_of_another(enrolled):
    """An extension, a changed due time and a reminder are about no submission; nor is an address that takes no mail."""
    learner, teacher, staff = enrolled.browser(), enrolled.browser(), enrolled.signed_in("Staff")
    enrolled.open("learner", client=learner)
    enrolled.open("teacher", client=teacher)
    who, asked = enrolled.user("learner"), enrolled.service.assignment
    token = token_of(staff.get(f"/staff/a/{asked}/settings").text)
    url = f"/staff/c/{enrolled.service.course}/people/{who.id}/extensions/{asked}"
    staff.post(url, data={"csrf": token, "due_at": "2090-01-01T12:00", "reason": "ill"})
    settings = form_of(enrolled.service, due_at=now() + 3600)
    staff.post(f"/staff/a/{asked}/settings", data=settings | {"csrf": token})
    assert "1 Jan 2090" in learner.get("/").text
    staff.post(url, data={"csrf": token, "take_back": "1"})
    assert notices.remind(enrolled.service.store) > 0
    with enrolled.service.store.writing() as db:
        mailing.tell_staff(db, db.merge(who), mailing.Undelivered(550, "550 no such user"))
        other = CourseRow(title="Another course")
        db.add(other)
        db.flush()
        db.add(MembershipRow(course_id=other.id, user_id=who.id, role="student", roster_id="other"))
        db.add(NoticeRow(user_id=who.id, course_id=other.id, kind="due", text="Something elsewhere is due."))
    shown = learner.get("/").text
    assert "taken back" in shown
    assert "You can still gain points." in shown
    assert shown.count('class="told notice"') == 2, "taken back, due soon"
    assert "elsewhere" not in shown
    assert "does not take mail for Emmy Noether" in teacher.get("/").text


# -------------------------------------------------------------------------------------------------------- grades
@pytest.fixture
def enrolled(classroom):
    """The learner has opened the link: their grades are wanted."""
    classroom.placed()
    assert classroom.open("learner").status_code == 303
    return classroom


@pytest.mark.slow
def test_a_marked_submission_arrives_as_a_grade(enrolled):
    enrolled.hand_in("learner", WRONG)
    assert enrolled.service.work() == ["key", "mark", "passback"]
    with enrolled.service.store.reading() as db:
        report = db.scalars(sa.select(ReportRow)).one()
    (score,) = enrolled.platform.scores
    assert 0 < report.score < report.max_score
    assert (score["scoreGiven"], score["scoreMaximum"]) == (report.score, report.max_score)
    assert score["userId"] == enrolled.platform.people["learner"].sub
    assert (score["activityProgress"], score["gradingProgress"]) == ("Completed", "FullyGraded")
    assert enrolled.platform.refused == []


@pytest.mark.slow
def test_a_grade_is_sent_when_it_changes_and_not_again(enrolled):
    service = enrolled.service
    enrolled.hand_in("learner", RIGHT)
    service.work()
    enrolled.hand_in("learner", WRONG)  # worth less: the first one counts still
    assert service.work() == ["mark", "passback"]
    assert len(enrolled.platform.scores) == 1

    with service.by_hand() as db:  # a policy by which the latest counts, and late ones lose a half
        asked = db.get_one(AssignmentRow, service.assignment)
        asked.policy = {"counts": "latest", "due_at": now() - 10, "grace_minutes": 0.0, "late_days": 1} | {
            "late_percent_per_day": 50.0,
            "show_quiz": "at_once",
        }
    enrolled.hand_in("learner", RIGHT)
    service.work()
    first, second = enrolled.platform.scores
    assert second["scoreGiven"] == first["scoreGiven"] / 2
    assert len(enrolled.platform.tokens) == 1  # kept until it ends


def test_what_a_student_may_not_see_yet_a_platform_is_not_told_until_they_may(enrolled):
    service = enrolled.service

    def due(at: float) -> None:
        with service.by_hand() as db:
            db.get_one(AssignmentRow, service.assignment).policy = {"due_at": at}

    due(now() + 3600)
    enrolled.hand_in("learner", RIGHT)
    service.work()
    (pending,) = enrolled.platform.scores
    assert "scoreGiven" not in pending
    assert pending["gradingProgress"] == "Pending"
    tidying.tidy(service.context, JobRow())
    assert service.work() == []
    due(now() - 3600)
    tidying.tidy(service.context, JobRow())
    assert service.work() == ["passback"]
    assert enrolled.platform.scores[-1]["scoreGiven"] > 0
    assert enrolled.platform.refused == []


def test_a_second_mark_adds_no_second_passback_while_one_waits(enrolled):
    with enrolled.service.store.writing() as db:
        asked = db.get_one(AssignmentRow, enrolled.service.assignment)
        for _ in range(3):
            passback_due(db, enrolled.service.queue, asked, enrolled.user("learner").id)
        passback_due(db, enrolled.service.queue, asked, enrolled.user("teacher").id)  # staff have no grades
        passback_due(
            db, enrolled.service.queue, asked, enrolled.service.people["Ada"]
        )  # nor who is not of the platform
    with enrolled.service.store.reading() as db:
        assert db.scalar(sa.select(sa.func.count()).where(JobRow.kind == "passback")) == 1


@pytest.mark.slow
def test_what_a_platform_does_not_take_is_sent_again(enrolled):
    tokens = 1
    for number, status in enumerate((500, 503, 429, 401, 409), start=1):
        enrolled.platform.failing = [status]
        tokens += status == 401  # revoked: the next try asks for another one
        with enrolled.service.by_hand() as db:
            asked = db.get_one(AssignmentRow, enrolled.service.assignment)
            asked.policy = {
                "counts": "latest",
                "late_percent_per_day": float(number),
                "late_days": 1,
                "due_at": now() - 9e3,
                "show_quiz": "at_once",
            }
            if number > 1:
                passback_due(db, enrolled.service.queue, asked, enrolled.user("learner").id)
        if number == 1:
            enrolled.hand_in("learner")
        assert enrolled.service.work().count("passback") == 2
        assert len(enrolled.platform.scores) == number
    assert len(enrolled.platform.tokens) == tokens


@pytest.mark.slow
def test_a_platform_that_stays_away_leaves_the_grade_to_staff_and_the_next_mark_tries_again(enrolled):
    tries = 1 + len(passback.RETRY_SECONDS)
    enrolled.platform.failing = [500] * tries
    enrolled.hand_in("learner", WRONG)
    assert enrolled.service.work().count("passback") == tries
    assert enrolled.platform.scores == []
    with enrolled.service.store.reading() as db:
        job = db.scalars(sa.select(JobRow).where(JobRow.kind == "passback")).one()
    assert job.state == "parked"
    assert "answered 500" in job.error
    enrolled.hand_in("learner", RIGHT)
    enrolled.service.work()
    assert len(enrolled.platform.scores) == 1


def test_a_grade_is_tried_again_for_two_days_with_growing_gaps():
    assert sum(passback.RETRY_SECONDS) == 48 * 3600
    assert list(passback.RETRY_SECONDS) == sorted(passback.RETRY_SECONDS)
    assert 1 + len(passback.RETRY_SECONDS) <= jobs.STARTS


@pytest.mark.slow
@pytest.mark.parametrize("status", [400, 403, 422])
def test_a_refusal_is_told_to_staff_and_is_no_failure_of_ours(enrolled, status):
    enrolled.platform.failing = [status] * 2
    enrolled.hand_in("learner", WRONG)
    assert enrolled.service.work().count("passback") == 1
    with enrolled.service.store.reading() as db:
        job = db.scalars(sa.select(JobRow).where(JobRow.kind == "passback")).one()
        notices = list(db.scalars(sa.select(NoticeRow.text)))
    assert (job.state, job.result["refused"], job.error) == ("done", 1, "")
    assert any("refused the grade of" in text and f"answered {status}" in text for text in notices)
    enrolled.platform.failing = []
    staff, url = enrolled.signed_in("Staff"), f"/staff/c/{enrolled.service.course}/lti"
    assert "The platform refused 1 grade, and gradmark does not try again" in staff.get(url).text
    assert staff.post(f"{url}/send", data={"csrf": token_of(staff.get(url).text)}).status_code == 303
    assert enrolled.service.work() == ["passback"]
    assert len(enrolled.platform.scores) == 1
    assert "refused" not in staff.get(url).text
    enrolled.hand_in("learner", RIGHT)
    enrolled.service.work()
    assert len(enrolled.platform.scores) == 2


@pytest.mark.slow
def test_an_instructor_sends_all_grades_that_wait_at_once(enrolled):
    enrolled.platform.failing = [503] * (1 + len(passback.RETRY_SECONDS))
    enrolled.hand_in("learner", WRONG)
    enrolled.service.work()
    staff = enrolled.signed_in("Staff")
    url = f"/staff/c/{enrolled.service.course}/lti"
    assert "1 grade could not be sent yet" in staff.get(url).text
    assert staff.post(f"{url}/send", data={"csrf": token_of(staff.get(url).text)}).status_code == 303
    assert enrolled.service.work() == ["passback"]
    assert len(enrolled.platform.scores) == 1
    assert "could not be sent yet" not in staff.get(url).text


@pytest.mark.parametrize("what", ["token", "grade"])
def test_a_platform_that_drips_does_not_hold_a_worker(enrolled, monkeypatch, what):
    monkeypatch.setattr(passback, "SECONDS", 0.3)
    monkeypatch.setattr(jobs, "RETRIES", {"passback": ()})
    enrolled.hand_in("learner")
    with dripping(3) as url:
        with enrolled.service.store.writing() as db:
            if what == "token":
                db.scalars(sa.select(PlatformRow)).one().token_url = url
            else:
                db.scalars(sa.select(ResourceRow)).one().line_item = url
        enrolled.service.work(most=2)
        began = time.monotonic()
        assert enrolled.service.work() == ["passback"]
        assert time.monotonic() - began < 2
    with enrolled.service.store.reading() as db:
        assert "took more than 0.3 s" in db.scalars(sa.select(JobRow).where(JobRow.kind == "passback")).one().error


@pytest.mark.slow
def test_an_answer_of_a_platform_that_makes_no_sense_is_not_kept(enrolled):
    """A token may be in it, and errors are read by people."""
    enrolled.platform.token_seconds = "an hour"  # noqa: S105 - no password
    enrolled.hand_in("learner")
    enrolled.service.work()
    with enrolled.service.store.reading() as db:
        error = db.scalars(sa.select(JobRow).where(JobRow.kind == "passback")).one().error
    assert "with something else" in error
    assert not [token for token in enrolled.platform.tokens if token in error]


@pytest.mark.slow
def test_a_deleted_column_is_told_to_staff_and_a_new_one_gets_every_grade(enrolled):
    enrolled.hand_in("learner")
    enrolled.service.work()
    enrolled.platform.line_item = "/courses/7/line_items/4?type_id=9"
    with enrolled.service.by_hand() as db:
        db.get_one(AssignmentRow, enrolled.service.assignment).policy = {"counts": "latest"}
    enrolled.hand_in("learner", WRONG)
    assert enrolled.service.work() == ["mark", "passback"]
    with enrolled.service.store.reading() as db:
        told = db.scalars(sa.select(NoticeRow.text)).all()
        assert len(told) == 1  # Staff, who is the teacher
        assert "column in the gradebook is gone" in told[0]
        assert db.scalars(sa.select(ResourceRow.line_item)).one() == ""
    enrolled.hand_in("learner", WRONG)
    assert enrolled.service.work() == ["mark"]

    assert enrolled.open("teacher").status_code == 303
    assert enrolled.service.work() == ["passback"]
    assert len(enrolled.platform.scores) == 2

    enrolled.platform.line_item = "/courses/7/line_items/5?type_id=9"
    assert enrolled.open("teacher").status_code == 303
    enrolled.service.work()
    before, again = enrolled.platform.scores[1:]
    assert again["scoreGiven"] == before["scoreGiven"]


def test_who_handed_in_before_the_platform_knew_them_gets_the_grade_too(classroom):
    classroom.placed()
    hand_in(classroom.service, "Ada")
    classroom.service.work()
    assert classroom.platform.scores == []
    classroom.platform.people["ada"] = person("Learner", email="ada@example.org")
    classroom.open("ada")
    classroom.service.work()
    assert [score["userId"] for score in classroom.platform.scores] == [classroom.platform.people["ada"].sub]


def test_a_text_answer_without_marks_is_pending(enrolled):
    enrolled.hand_in("learner")
    enrolled.service.work()
    with enrolled.service.store.writing() as db:
        report = db.scalars(sa.select(ReportRow)).one()
        report.texts = [{"item": "why", "title": "Why", "digest": "d", "points": 4.0}]
        user = enrolled.user("learner").id
        asked = db.get_one(AssignmentRow, enrolled.service.assignment)
        passback_due(db, enrolled.service.queue, asked, user)
    enrolled.service.work()
    assert enrolled.platform.scores[-1]["gradingProgress"] == "PendingManual"
    assert enrolled.platform.scores[-1]["activityProgress"] == "Submitted"
    with enrolled.service.by_hand() as db:
        db.add(
            TextMarkRow(
                assignment_id=asked.id, user_id=user, item_id="why", answer_digest="d", points=3.0, by_id="somebody"
            )
        )
        passback_due(db, enrolled.service.queue, asked, user)
    enrolled.service.work()
    with enrolled.service.store.reading() as db:
        standing = standings(db, asked, user)[user]
    last = enrolled.platform.scores[-1]
    assert (last["gradingProgress"], last["scoreGiven"]) == ("FullyGraded", standing.points)
    assert last["scoreMaximum"] == standing.max_points


@pytest.mark.slow
def test_practice_and_platforms_that_want_no_grades_send_nothing(classroom):
    classroom.platform.wants_grades = False
    classroom.placed()
    classroom.open("learner")
    classroom.hand_in("learner")
    assert classroom.service.work() == ["key", "mark"]
    classroom.platform.wants_grades = True
    classroom.open("learner")
    assert classroom.service.work() == ["passback"]
    classroom.hand_in("learner", WRONG, practice=True)
    assert "passback" not in classroom.service.work()


@pytest.mark.slow
def test_a_token_that_has_ended_is_not_used(enrolled):
    enrolled.platform.token_seconds = 30  # less than what a request may need on its way
    for source in (WRONG, RIGHT):
        enrolled.hand_in("learner", source)
        enrolled.service.work()
    assert len(enrolled.platform.scores) == len(enrolled.platform.tokens) == 2
    assert enrolled.platform.refused == []


# ----------------------------------------------------------------------------------------------- registration
def test_only_operators_register_platforms(classroom):
    where = "/operator/lti"
    for name in ("Staff", "Ada"):
        client = classroom.signed_in(name)
        assert client.get(where).status_code == 404
        session = client.cookies.get(COOKIE)
        with classroom.service.store.reading() as db:
            token = db.get_one(SessionRow, hashlib.sha256(session.encode()).hexdigest()).csrf
        one = classroom.registered.id
        for path in ("", "/key", f"/{one}", f"/{one}/remove", f"/{one}/courses"):
            assert client.post(where + path, data={"csrf": token}).status_code == 404
    assert classroom.registered


REGISTRATIONS = {
    "an address without https": ({"token_url": "http://platform.example/token"}, "The token address"),
    "an address that is none": ({"jwks_url": "javascript:alert(1)"}, "The key set address"),
    "an address with a password": ({"authorize_url": "https://a:b@platform.example/"}, "The authorization address"),
    "an address with what is none": ({"authorize_url": "https://platform.example;x/"}, "The authorization address"),
    "no deployment": ({"deployments": " \n "}, "deployment id"),
    "the same once more": ({}, "registered already"),
}


@pytest.mark.parametrize("case", REGISTRATIONS)
def test_a_registration_that_cannot_be_right_is_given_back_with_what_was_typed(attacked, case):
    changed, told = REGISTRATIONS[case]
    answer = attacked.register(**({"client_id": "typed-by-hand"} | changed if changed else {}))
    assert answer.status_code == 422
    assert told in html.unescape(answer.text)
    assert 'value="typed-by-hand"' in answer.text or not changed


def test_a_platform_is_changed_and_removed_with_its_links_while_people_stay(enrolled):
    client, one = enrolled.operator(), enrolled.registered
    where = "/operator/lti"
    enrolled.hand_in("learner")
    enrolled.service.work()
    page = client.get(f"{where}?edit={one.id}").text
    values = {name: getattr(one, name) for name in ("issuer", "client_id", "authorize_url", "token_url", "jwks_url")}
    values |= {"deployments": "deployment-2\ndeployment-3", "csrf": token_of(page)}
    assert client.post(f"{where}/{one.id}", data=values).status_code == 303
    assert "is not registered here" in enrolled.open("learner").text

    user = enrolled.user("learner").id
    assert client.post(f"{where}/{one.id}/remove", data={"csrf": token_of(page)}).status_code == 303
    assert "None yet" in client.get(where).text
    with enrolled.service.store.reading() as db:
        assert db.get(MembershipRow, (enrolled.service.course, user))
    assert "no platform is registered" in html.unescape(
        httpx2.post(enrolled.tool + "/lti/login", data=enrolled.platform.login("learner")).text
    )


# --------------------------------------------------------------------------------------------------------- rules
ROLES = {
    "http://purl.imsglobal.org/vocab/lis/v2/membership#Instructor": "staff",
    "http://purl.imsglobal.org/vocab/lis/v2/membership#ContentDeveloper": "staff",
    "http://purl.imsglobal.org/vocab/lis/v2/membership#Administrator": "staff",
    "http://purl.imsglobal.org/vocab/lis/v2/membership/Instructor#Grader": "staff",
    "http://purl.imsglobal.org/vocab/lis/v2/membership#Learner": "student",
    "Instructor": "staff",
    "Learner": "student",
    "http://purl.imsglobal.org/vocab/lis/v2/membership#Mentor": None,
    "http://purl.imsglobal.org/vocab/lis/v2/membership#InstructorX": None,
    "http://evil.example/membership#Instructor": None,
}


@pytest.mark.parametrize("said", ROLES)
def test_roles_in_the_course_decide(said):
    if ROLES[said]:
        assert rules.role([said]) == ROLES[said]
    else:
        with pytest.raises(rules.LaunchRefused):
            rules.role([said])


@pytest.mark.parametrize(
    ("line_item", "scores"),
    [
        ("https://p.example/li/1", "https://p.example/li/1/scores"),
        ("https://p.example/li/1/", "https://p.example/li/1/scores"),
        ("https://p.example/lineitem?type_id=1", "https://p.example/lineitem/scores?type_id=1"),
    ],
)
def test_scores_go_beside_a_line_items_query(line_item, scores):
    assert rules.scores_address(line_item) == scores


@pytest.mark.slow
def test_changed_points_and_what_people_decide_reach_the_platform_and_the_api_alike(enrolled):
    """For each member of a group that hands in together, too."""
    service, emmy = enrolled.service, enrolled.user("learner").id
    service.people["Emmy"] = emmy
    staff, api = service.browser("Staff"), program(service, "Staff")
    with service.by_hand() as db:
        asked = db.get_one(AssignmentRow, service.assignment)
        asked.policy = {"groups": True, "show_quiz": "at_once"}
    grouped(service, staff, Ada="Noether", Emmy="Noether")
    hand_in(service, "Ada", WRONG)
    service.work()

    def agreeing() -> tuple[float, float]:
        with service.store.reading() as db:
            asked = db.get_one(AssignmentRow, service.assignment)
            has = standings(db, asked)[emmy]
            mine = db.get_one(SubmissionRow, has.counting.submission_id)
            report = api.get(f"/api/v1/submissions/{mine.id}/report").json()
            book = api.get(f"/api/v1/assignments/{service.assignment}/gradebook.csv").text
        sent = enrolled.platform.scores[-1]
        assert sent["userId"] == enrolled.platform.people["learner"].sub
        assert (sent["scoreGiven"], sent["scoreMaximum"]) == (has.points, has.max_points)
        assert (report["score"], report["max_score"]) == (has.points, has.max_points)
        assert [f"{has.points:g}" in line for line in book.splitlines() if "Noether" in line] == [True]
        return has.points, has.max_points

    first = agreeing()
    assert "Saved" in choose_points(service, staff, bias_correction=30).text
    assert service.work() == ["passback"], "Ada is of no platform"
    second = agreeing()
    assert second[1] == first[1] + 20
    with service.store.reading() as db:
        theirs = db.scalars(sa.select(SubmissionRow.id).where(SubmissionRow.user_id == emmy)).one()
    assert decide(staff, theirs, row="criterion:bias_correction", points="30").status_code == 200
    assert service.work() == ["passback"]
    assert agreeing()[0] > second[0]
    assert enrolled.platform.refused == []
