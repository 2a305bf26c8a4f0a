"""Every route of the service, and who may use it: one that is new has no line here, and fails until it has one."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from acting import every_route
from course import WRONG, csrf, hand_in
from fastapi.params import File
from fastapi.testclient import TestClient

from autograder.service.store import schema
from autograder.service.store.links import hashed, new_link
from autograder.service.web import app as web

PEOPLE = ("nobody", "Ada", "Bob", "Stranger", "Teacher", "Operator", "Staff", "Assistant", "Observer")
ALL_STAFF = ("Staff", "Assistant", "Observer")
MAY = {  # whose objects: Ada's, in the course of Bob and Staff; Stranger and Teacher are of another course
    "public": PEOPLE,
    "anybody signed in": PEOPLE[1:],  # and it is about themselves
    "her course": ("Ada", "Bob", *ALL_STAFF),
    "students of her course": ("Ada", "Bob"),
    "her or staff": ("Ada", *ALL_STAFF),
    "her or who marks": ("Ada", "Staff", "Assistant"),
    "her alone": ("Ada",),
    "staff": ALL_STAFF,
    "who marks": ("Staff", "Assistant"),
    "an instructor": ("Staff",),
    "operator": ("Operator",),
    "who has a signature": (),  # of a platform, in the request: tests/service/test_lti.py
}

ROUTES = {
    # signing in, and one's own access
    "GET /session": "anybody signed in",
    "GET /notices": "anybody signed in",
    "POST /notices": "anybody signed in",
    "GET /openid": "who has a signature",
    "GET /openid/return": "who has a signature",
    "GET /sign-in": "public",
    "POST /sign-in": "public",
    "GET /sign-in/{token}": "public",
    "POST /sign-in/{token}": "public",
    "POST /sign-out": "anybody signed in",
    "POST /sign-out-everywhere": "anybody signed in",
    "GET /tokens": "anybody signed in",
    "POST /tokens": "anybody signed in",
    "POST /tokens/{token_id}/revoke": "her alone",
    # machines
    "GET /healthz": "public",
    "GET /healthz/live": "public",
    "GET /metrics": "who has a signature",
    # students
    "GET /": "anybody signed in",
    "POST /notices/{notice_id}/seen": "anybody signed in",  # and nothing happens: tests/service/test_attacks_web.py
    "GET /a/{assignment_id}": "her course",
    "POST /a/{assignment_id}/submissions": "her course",
    "GET /s/{submission_id}": "her or staff",
    "GET /s/{submission_id}/events": "her or staff",
    "GET /s/{submission_id}/code": "her or staff",
    "GET /s/{submission_id}/file": "her or staff",
    "GET /a/{assignment_id}/starter": "her course",
    "POST /s/{submission_id}/comments": "her or who marks",
    "GET /a/{assignment_id}/quiz": "her course",
    "POST /a/{assignment_id}/quiz": "her course",
    "POST /a/{assignment_id}/quiz/hand-in": "her course",
    "GET /c/{course_id}/practice": "her course",
    "POST /c/{course_id}/practice": "her course",
    "GET /c/{course_id}/practice/{job_id}": "her alone",
    "POST /c/{course_id}/practice/{job_id}": "her alone",
    # staff
    "GET /staff/c/{course_id}": "staff",
    "POST /staff/c/{course_id}/sources": "an instructor",
    "GET /staff/c/{course_id}/new/{job_id}": "an instructor",
    "POST /staff/c/{course_id}/new/{job_id}": "an instructor",
    "GET /staff/c/{course_id}/groups": "staff",
    "POST /staff/c/{course_id}/groups": "an instructor",
    "GET /staff/c/{course_id}/settings": "an instructor",
    "POST /staff/c/{course_id}/rename": "an instructor",
    "POST /staff/c/{course_id}/archive": "an instructor",
    "POST /staff/c/{course_id}/copy": "an instructor",
    "GET /staff/c/{course_id}/export.zip": "an instructor",
    "GET /staff/c/{course_id}/audit": "an instructor",
    "GET /staff/c/{course_id}/roster": "staff",
    "GET /staff/c/{course_id}/roster/import": "an instructor",
    "POST /staff/c/{course_id}/roster/import": "an instructor",
    "POST /staff/c/{course_id}/roster/apply": "an instructor",
    "POST /staff/c/{course_id}/links": "an instructor",
    "POST /staff/c/{course_id}/people/{user_id}/link": "an instructor",
    "GET /staff/c/{course_id}/people/{user_id}": "staff",
    "POST /staff/c/{course_id}/people/{user_id}": "an instructor",
    "GET /staff/c/{course_id}/people/{user_id}/merge": "an instructor",
    "POST /staff/c/{course_id}/people/{user_id}/merge": "an instructor",
    "GET /staff/c/{course_id}/people/{user_id}/erase": "an instructor",
    "POST /staff/c/{course_id}/people/{user_id}/erase": "an instructor",
    "POST /staff/c/{course_id}/people/{user_id}/extensions/{assignment_id}": "an instructor",
    "GET /staff/c/{course_id}/extensions": "an instructor",
    "POST /staff/c/{course_id}/extensions": "an instructor",
    "GET /staff/a/{assignment_id}/missing": "staff",
    "GET /staff/a/{assignment_id}/extensions": "staff",
    "POST /staff/a/{assignment_id}/extensions": "an instructor",
    "GET /staff/a/{assignment_id}": "staff",
    "GET /staff/a/{assignment_id}/proof": "staff",
    "POST /staff/a/{assignment_id}/prove": "an instructor",
    "POST /staff/a/{assignment_id}/open": "an instructor",
    "GET /staff/a/{assignment_id}/settings": "staff",
    "POST /staff/a/{assignment_id}/settings": "an instructor",
    "GET /staff/a/{assignment_id}/submissions": "staff",
    "GET /staff/s/{submission_id}": "staff",
    "GET /staff/s/{submission_id}/upload": "staff",
    "POST /staff/s/{submission_id}/again": "who marks",
    "POST /staff/s/{submission_id}/override": "who marks",
    "POST /staff/s/{submission_id}/lift": "who marks",
    "GET /staff/a/{assignment_id}/questions": "staff",
    "GET /staff/a/{assignment_id}/texts": "staff",
    "GET /staff/a/{assignment_id}/texts/{item}": "staff",
    "POST /staff/a/{assignment_id}/texts/{item}": "who marks",
    "GET /staff/a/{assignment_id}/grades": "staff",
    "GET /staff/a/{assignment_id}/grades/{form}.csv": "staff",
    "GET /staff/a/{assignment_id}/downloads": "staff",
    "POST /staff/a/{assignment_id}/downloads": "who marks",
    "GET /staff/a/{assignment_id}/downloads/{download_id}": "staff",
    "GET /staff/a/{assignment_id}/regrade": "staff",
    "POST /staff/a/{assignment_id}/regrade": "an instructor",
    "GET /staff/a/{assignment_id}/regrade/progress": "staff",
    "GET /staff/a/{assignment_id}/regrade/preview.csv": "staff",
    "POST /staff/a/{assignment_id}/regrade/{regrade_id}/apply": "an instructor",
    "POST /staff/a/{assignment_id}/regrade/{regrade_id}/dismiss": "an instructor",
    "GET /staff/a/{assignment_id}/analysis": "staff",
    "GET /staff/a/{assignment_id}/analysis/{misconception}": "staff",
    "GET /staff/a/{assignment_id}/similarity": "staff",
    "POST /staff/a/{assignment_id}/similarity": "who marks",
    "GET /staff/a/{assignment_id}/similarity/{job_id}/{number}": "staff",
    # the operator
    "GET /operator": "operator",
    "POST /operator/courses": "operator",
    "POST /operator/courses/{course_id}/staff": "operator",
    "POST /operator/jobs/{job_id}/again": "operator",
    "GET /operator/audit": "operator",
    # platforms
    "GET /lti/jwks.json": "public",
    "GET /lti/login": "who has a signature",
    "POST /lti/login": "who has a signature",
    "POST /lti/launch": "who has a signature",
    "GET /lti/link/{link_id}": "an instructor",
    "POST /lti/link/{link_id}": "an instructor",
    "GET /lti/new-link/{launch_id}": "an instructor",
    "POST /lti/new-link/{launch_id}": "an instructor",
    "GET /lti/signed/{job_id}": "an instructor",
    "GET /lti/context/{launch_id}": "who has a signature",
    "POST /lti/context/{launch_id}": "who has a signature",
    "GET /operator/lti": "operator",
    "POST /operator/lti": "operator",
    "POST /operator/lti/key": "operator",
    "POST /operator/lti/{platform_id}": "operator",
    "POST /operator/lti/{platform_id}/courses": "operator",
    "POST /operator/lti/{platform_id}/remove": "operator",
    "GET /staff/c/{course_id}/lti": "staff",
    "POST /staff/c/{course_id}/lti/send": "an instructor",
    "POST /staff/c/{course_id}/lti/{context_id}/untie": "an instructor",
    "POST /staff/c/{course_id}/time-zone": "an instructor",
    # programs
    "GET /api/v1/me": "anybody signed in",
    "GET /api/v1/courses": "anybody signed in",
    "GET /api/v1/assignments/{assignment_id}": "her course",
    "POST /api/v1/assignments/{assignment_id}/submissions": "her course",
    "GET /api/v1/assignments/{assignment_id}/submissions": "staff",
    "GET /api/v1/submissions/{submission_id}": "her or staff",
    "GET /api/v1/submissions/{submission_id}/report": "her or staff",
    "POST /api/v1/assignments/{assignment_id}/regrades": "an instructor",
    "GET /api/v1/regrades/{regrade_id}": "staff",
    "POST /api/v1/regrades/{regrade_id}/apply": "an instructor",
    "GET /api/v1/assignments/{assignment_id}/gradebook.csv": "staff",
}


def test_every_route_has_a_line_that_says_who_may_use_it():
    there = {name for name, _ in every_route()}
    assert there - ROUTES.keys() == set(), "say above who may use these"
    assert ROUTES.keys() - there == set(), "these are no more"
    assert set(ROUTES.values()) <= MAY.keys()


SPARSE = {  # what lies behind these, this world does not have: the tests of their own do
    "GET /staff/a/{assignment_id}/texts/{item}",
    "GET /staff/a/{assignment_id}/similarity/{job_id}/{number}",
    "GET /lti/new-link/{launch_id}",
    "GET /lti/signed/{job_id}",
}


SPARSE_FORMS = {  # nothing lies behind these ids: there is no text, override or kind of file of these names
    "POST /staff/a/{assignment_id}/texts/{item}",
    "POST /staff/s/{submission_id}/lift",
    "POST /staff/a/{assignment_id}/downloads",
}


class World:
    """Two courses, objects of Ada's in one of them, and everybody's browser and token."""

    def __init__(self, service) -> None:
        self.service = service
        with service.store.writing() as db:
            other = schema.CourseRow(title="Another course")
            db.add(other)
            db.flush()
            of_other = schema.AssignmentRow(
                course_id=other.id, title="Another", source="optimizers", open=True, policy={}
            )
            db.add(of_other)
        for name, role in (("Stranger", "student"), ("Teacher", "staff")):
            user = service.person(name, None)
            with service.store.writing() as db:
                db.add(schema.MembershipRow(course_id=other.id, user_id=user, role=role, roster_id=name))
        service.person("Assistant", "ta")
        service.person("Observer", "observer")
        submission = hand_in(service, "Ada", WRONG)
        service.work()
        ada = service.people["Ada"]
        with service.store.writing() as db:
            digest = db.query(schema.VersionRow).one().digest
            token = schema.TokenRow(token_hash=hashed("hers"), user_id=ada, name="hers", expires_at=schema.now() + 1e6)
            practice = schema.JobRow(
                kind="exercise",
                lane="practice",
                priority=1,
                course_id=service.course,
                user_id=ada,
                state="parked",
                payload={},
            )
            sources = schema.JobRow(
                kind="sources",
                lane="sheet",
                priority=1,
                course_id=service.course,
                state="done",
                result={"sources": []},
            )
            platform = schema.PlatformRow(
                issuer="https://lms.example",
                client_id="1",
                authorize_url="https://lms.example/a",
                token_url="https://lms.example/t",  # noqa: S106
                jwks_url="https://lms.example/k",
            )
            download = schema.DownloadRow(
                assignment_id=service.assignment,
                kind="handout",
                digest=digest,
                name="handout.zip",
                told="",
                size=1,
                body=b"x",
            )
            regrade = schema.RegradeRow(assignment_id=service.assignment, by_id=service.people["Staff"])
            notice = schema.NoticeRow(user_id=ada, text="hers")
            db.add_all([token, practice, sources, platform, download, regrade, notice])
            db.flush()
            context = schema.ContextRow(platform_id=platform.id, deployment="1", context="1", course_id=service.course)
            db.add(context)
            db.flush()
            link = schema.ResourceRow(context_id=context.id, link="1")
            db.add(link)
            db.flush()
            self.hers = {
                "course_id": service.course,
                "assignment_id": service.assignment,
                "submission_id": submission,
                "user_id": ada,
                "token_id": token.id,
                "job_id": practice.id,
                "platform_id": platform.id,
                "context_id": context.id,
                "download_id": download.id,
                "link_id": link.id,
                "launch_id": "x" * 16,
                "regrade_id": regrade.id,
                "notice_id": notice.id,
                "number": "0",
                "token": "no-such-link",
                "item": "essay",
                "misconception": "correction-missing",
                "form": "plain",
            }
            self.sources = sources.id
            self.elsewhere = {"course_id": other.id, "assignment_id": of_other.id}
        app, self.browsers, self.tokens = web.create_app(service.settings), {}, {}
        for name in PEOPLE:
            browser = TestClient(app, base_url=service.settings.public_url, raise_server_exceptions=False)
            self.browsers[name] = browser
            if name == "nobody":
                continue
            user = service.people[name]
            with service.store.writing() as db:
                link = new_link(db, user, "")
                db.add(
                    schema.TokenRow(
                        token_hash=hashed(f"of {name}"), user_id=user, name="t", expires_at=schema.now() + 1e6
                    )
                )
            browser.post(link, follow_redirects=False)
            self.tokens[name] = csrf(browser)

    def things(self, route: str) -> dict[str, str]:
        return self.hers | ({"job_id": self.sources} if "/staff/" in route else {})

    def ask(self, name: str, route: str, of, things: dict[str, str]):
        """This person's request to a route, as complete as its parameters are known."""
        method, path = route.split(" ")
        url = path.format(**things)
        if path.startswith("/api/"):
            headers = {"Authorization": f"Bearer of {name}"} if name != "nobody" else {}
            files = {"file": ("optimizers.py", WRONG)} if path.endswith("/submissions") and method == "POST" else None
            json = {} if path.endswith("/apply") else None
            return self.browsers[name].request(method, url, headers=headers, files=files, json=json)
        headers = {"X-CSRF-Token": self.tokens.get(name, "")}
        form = {field.alias: "1" for field in fields(of.dependant)} if method == "POST" else None
        return self.browsers[name].request(method, url, headers=headers, data=form, follow_redirects=False)


def fields(dependant):
    """The form that a route asks for, its dependencies' included; files are nowhere required."""
    yield from (field for field in dependant.body_params if not isinstance(field.field_info, File))
    for inner in dependant.dependencies:
        yield from fields(inner)


@pytest.fixture
def world(service):
    return World(service)


def allowed(route: str) -> tuple[str, ...]:
    return MAY[ROUTES[route]]


@pytest.mark.slow
def test_nobody_reaches_what_is_not_theirs(world):
    """As each person on each route, with ids of Ada's: refused, and never an answer or a fault of ours."""
    wrong = []
    for route, of in every_route():
        for name in PEOPLE:
            if name in allowed(route):
                continue
            answer = world.ask(name, route, of, world.things(route))
            if ROUTES[route] == "who has a signature":
                good = 400 <= answer.status_code < 500
            elif name == "nobody":
                good = answer.status_code == 401 or answer.headers.get("location", "").partition("?")[0] == "/sign-in"
            else:
                good = answer.status_code in (403, 404)
            if not good:
                wrong.append(f"{name}: {route}: {answer.status_code}")
    assert not wrong, "\n" + "\n".join(wrong)


@pytest.mark.slow
def test_whoever_may_change_something_is_not_refused(world):
    """With forms of nonsense, which change nothing: an answer for a role that has the right is about the form."""
    wrong = []
    for route, of in every_route():
        if not route.startswith("POST /staff/") or route in SPARSE_FORMS:
            continue
        for name in allowed(route):
            answer = world.ask(name, route, of, world.things(route))
            if answer.status_code in (401, 403, 404) or answer.status_code >= 500:
                wrong.append(f"{name}: {route}: {answer.status_code}")
    assert not wrong, "\n" + "\n".join(wrong)


def offered(html: str) -> set[str]:
    """Return the routes to which forms of this page are sent."""
    actions = re.findall(r'<form method="post" action="([^"]+)"', html)
    patterns = {name: re.compile(re.sub(r"{\w+}", "[^/]+", name.split(" ")[1])) for name in ROUTES if "POST" in name}
    return {name for name, pattern in patterns.items() for action in actions if pattern.fullmatch(action)}


@pytest.mark.slow
def test_no_page_offers_a_form_that_its_reader_may_not_send(world):
    wrong = []
    for route, of in every_route():
        if not route.startswith("GET /staff/") or route in SPARSE:
            continue
        for name in allowed(route):
            answer = world.ask(name, route, of, world.things(route))
            wrong += [f"{name}: {route}: {form}" for form in offered(answer.text) if name not in allowed(form)]
    assert not wrong, "\n" + "\n".join(wrong)


@pytest.mark.slow
def test_an_object_of_another_course_is_not_reached_by_way_of_ones_own(world):
    """Whoever staffs a course names it, and somebody else's person, job or file below it."""
    wrong = []
    for route, of in every_route():
        names = re.findall(r"{(\w+)}", route)
        if len(names) < 2 or names[-1] in ("item", "form"):
            continue
        things = world.things(route) | {names[0]: world.elsewhere[names[0]]}
        for name in ("Teacher", "Stranger"):
            answer = world.ask(name, route, of, things)
            if answer.status_code not in (403, 404):
                wrong.append(f"{name}: {route}: {answer.status_code}")
    assert not wrong, "\n" + "\n".join(wrong)


class Inline(HTMLParser):
    """Collects what a strict Content-Security-Policy forbids."""

    def __init__(self) -> None:
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        names = dict(attrs)
        if (tag == "script" and not (names.get("src") or "").startswith("/static/")) or tag in (
            "style",
            "base",
            "object",
            "iframe",
        ):
            self.found.append(tag)
        self.found += [name for name in names if name == "style" or name.startswith(("on", "hx-on"))]
        self.found += [
            url
            for name, url in attrs
            if name in ("href", "src", "action") and re.match("javascript:|data:text|//", url or "")
        ]


def inline(html: str) -> list[str]:
    parser = Inline()
    parser.feed(html)
    return parser.found


def test_inline_code_is_seen():
    page = '<p onclick="x" style="y"><script>z</script><a href="javascript:w">'
    assert inline(page) == ["onclick", "style", "script", "javascript:w"]


@pytest.mark.slow
def test_who_may_gets_an_answer_and_no_page_has_inline_code(world):
    """Else the tests above would hold for ids of nothing."""
    wrong = []
    for route, of in every_route():
        if not route.startswith("GET ") or route in SPARSE:
            continue
        for name in allowed(route):
            answer = world.ask(name, route, of, world.things(route))
            if answer.status_code >= 400 and answer.status_code != 409:  # 409: not now
                wrong.append(f"{name}: {route}: {answer.status_code}")
            if "html" in answer.headers.get("content-type", "") and (found := inline(answer.text)):
                wrong.append(f"{route}: {found}")
            if "default-src 'none'" not in answer.headers["content-security-policy"]:
                wrong.append(f"{route}: no policy")
            if answer.headers["cache-control"] != "no-store" and ROUTES[route] != "public":
                wrong.append(f"{route}: may be kept")
    assert not wrong, "\n" + "\n".join(wrong)
