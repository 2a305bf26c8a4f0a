"""Signing in and out, sessions, tokens, forms and limits: who gets in, and what a stolen or foreign thing is good for."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import os
import subprocess
import sys

import pytest
import sqlalchemy as sa
from acting import mailbox  # noqa: F401 - a fixture
from course import csrf, serving
from fastapi.testclient import TestClient
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse

from autograder.service.store.links import hashed
from autograder.service.store.schema import AuditRow, JobRow, LinkRow, SessionRow, TokenRow, UserRow, now
from autograder.service.web.app import create_app
from autograder.service.web.edge import rates
from autograder.service.web.edge.access import COOKIE
from autograder.service.web.edge.security import MOST_FORM, MOST_UPLOAD, Capped
from autograder.service.web.edge.signing_in import new_link
from autograder.service.worker import mailing


def link_for(service, name: str, **more) -> str:
    with service.store.writing() as db:
        return new_link(db, service.people[name], "", **more)


def actions(service) -> list[str]:
    with service.store.reading() as db:
        return list(db.scalars(sa.select(AuditRow.action).order_by(AuditRow.id)))


# ------------------------------------------------------------------------------------------------- links, sessions
def test_a_link_signs_in_once(service):
    link, client = link_for(service, "Ada"), service.browser()
    assert "signs you in once" in client.get(link).text
    assert client.post(link, follow_redirects=False).status_code == 303
    again = service.browser().post(link)
    assert again.status_code == 403
    assert "has been used" in again.text
    assert actions(service) == ["session.begun", "link.refused"]


def test_a_link_expires(service):
    assert service.browser().post(link_for(service, "Ada", seconds=-1)).status_code == 403


def test_no_link_and_no_session_lies_in_the_database_in_clear(service):
    link = link_for(service, "Ada")
    client = service.browser()
    client.post(link)
    with service.store.reading() as db:
        stored = [db.query(LinkRow).one().token_hash, db.query(SessionRow).one().token_hash]
    assert link.rpartition("/")[2] not in stored
    assert client.cookies[COOKIE] not in stored


def test_signing_in_again_ends_what_this_browser_was_before(service):
    client = service.browser("Ada")
    before = client.cookies[COOKIE]
    client.post(link_for(service, "Bob"))
    assert client.cookies[COOKIE] != before
    stolen = service.browser()
    stolen.cookies.set(COOKIE, before)
    assert stolen.get("/tokens", follow_redirects=False).headers["location"] == "/sign-in?next=%2Ftokens"


def test_who_signs_in_again_may_send_the_form_that_was_open_and_nobody_else(service):
    """A platform's launch signs in anew, while code is pasted into a page in another tab."""
    client, form = service.browser("Ada"), {"code": "x = 1"}
    form["csrf"] = csrf(client)
    client.post(link_for(service, "Ada"))
    sent = client.post(f"/a/{service.assignment}/submissions", data=form)
    assert (sent.status_code, sent.url.path[:3]) == (200, "/s/")
    client.post(link_for(service, "Bob"))
    assert client.post(f"/a/{service.assignment}/submissions", data=form).status_code == 403


def test_a_session_expires(service):
    client = service.browser("Ada")
    assert client.get("/tokens").status_code == 200
    with service.store.writing() as db:
        db.execute(sa.update(SessionRow).values(expires_at=now() - 1))
    assert client.get("/tokens", follow_redirects=False).status_code == 303
    part = client.get("/tokens", headers={"hx-request": "true"}, follow_redirects=False)
    assert part.status_code == 401, "the sign-in page is no part of another one"


def test_a_session_that_is_used_goes_on_to_the_end_of_a_term(service):
    """Without mail each new link is staff's work: nobody needs one every two weeks."""
    day, ada = 86_400, service.browser("Ada")

    def ends_after(made: float, expires: float) -> float:
        """Days, of a session made so many days ago that would have ended in so many, once a page was asked."""
        with service.store.writing() as db:
            db.execute(sa.update(SessionRow).values(made_at=now() - made * day, expires_at=now() + expires * day))
        assert ada.get("/").status_code == 200
        with service.store.reading() as db:
            return round((db.scalars(sa.select(SessionRow.expires_at)).one() - now()) / day, 2)

    assert ends_after(12, 2) == 14
    assert ends_after(0.5, 13.5) == 13.5, "written down once a day"
    assert ends_after(190, 3) == 10
    assert ends_after(199.5, 0.4) == 0.4

    @contextlib.contextmanager
    def full():
        raise sa.exc.OperationalError("UPDATE", {}, Exception("database or disk is full"))
        yield

    with service.store.writing() as db:
        db.execute(sa.update(SessionRow).values(made_at=now(), expires_at=now() + day))
    service.app.state.site.store.writing = full
    assert ada.get("/").status_code == 200, "where nothing can be written, whoever reads goes on reading"


def test_signing_out_ends_the_session_and_not_only_the_cookie(service):
    client = service.browser("Ada")
    kept = client.cookies[COOKIE]
    assert client.post("/sign-out", data={"csrf": csrf(client)}, follow_redirects=False).status_code == 303
    client.cookies.set(COOKIE, kept)
    assert client.get("/tokens", follow_redirects=False).status_code == 303


def test_signing_out_everywhere_ends_other_browsers_and_open_links_of_this_person_alone(service):
    here, there, other = service.browser("Ada"), service.browser("Ada"), service.browser("Bob")
    link = link_for(service, "Ada")
    assert "on 2 browsers" in here.get("/tokens").text
    here.post("/sign-out-everywhere", data={"csrf": csrf(here)})
    assert there.get("/tokens", follow_redirects=False).status_code == 303
    assert service.browser().post(link).status_code == 403
    assert other.get("/tokens").status_code == 200


def test_an_erased_person_is_nobody(service):
    client, link = service.browser("Ada"), link_for(service, "Ada")
    with service.store.writing() as db:
        db.get_one(UserRow, service.people["Ada"]).erased_at = now()
    assert client.get("/tokens", follow_redirects=False).status_code == 303
    signed = service.browser()
    signed.post(link)
    assert signed.get("/tokens", follow_redirects=False).status_code == 303


@pytest.mark.parametrize(
    ("url", "name", "flags"),
    [
        ("http://testserver", COOKIE, {"httponly", "samesite=lax", "path=/"}),
        ("https://testserver", f"__Host-{COOKIE}", {"httponly", "samesite=lax", "path=/", "secure"}),
    ],
)
def test_the_cookie_is_as_closed_as_the_address_allows(service, url, name, flags):
    service.settings = dataclasses.replace(service.settings, public_url=url)
    signed = service.browser().post(link_for(service, "Ada"), follow_redirects=False)
    cookie = signed.headers["set-cookie"].lower().split("; ")
    assert cookie[0].startswith(f"{name.lower()}=")
    assert flags <= set(cookie)
    assert ("secure" in cookie) == url.startswith("https")
    assert not any(part.startswith("domain=") for part in cookie)
    assert ("strict-transport-security" in signed.headers) == url.startswith("https")


def test_who_tries_links_without_end_has_to_wait_and_a_good_link_does_not(service):
    client, limit = service.browser(), rates.BAD_LINKS.amount
    codes = [client.post(f"/sign-in/guess-{number}").status_code for number in range(limit + 1)]
    assert codes == [403] * limit + [429]
    refused = client.post("/sign-in/another")
    assert 0 < int(refused.headers["retry-after"]) <= rates.BAD_LINKS.get_expiry()
    assert "Too many requests" in refused.text
    assert client.post(link_for(service, "Ada"), follow_redirects=False).status_code == 303
    assert actions(service).count("link.refused") == limit


def test_only_a_named_proxy_is_believed_about_addresses():
    class Asked:
        def __init__(self, host):
            self.client = type("Client", (), {"host": host})
            self.headers = {"x-forwarded-for": "192.0.2.1"}

    assert rates.address(Asked("203.0.113.9")) == "203.0.113.9"
    assert (
        rates.address(Asked("2001:db8:1:2:3:4:5:6")) == rates.address(Asked("2001:db8:1:2::1")) == "2001:db8:1:2::/64"
    )


# ------------------------------------------------------------------------------------------------- links by mail


def with_mail(service):
    service.settings = dataclasses.replace(service.settings, mail_from="gradmark@example.org")
    service.context.settings = service.settings


def test_who_asks_for_a_link_gets_it_by_mail(service, mailbox):  # noqa: F811
    with_mail(service)
    client = service.browser()
    assert 'type="email"' in client.get("/sign-in").text
    assert client.post("/sign-in", data={"email": " ADA@example.org"}).status_code == 200
    with service.store.reading() as db:
        job = db.query(JobRow).one()
        assert db.query(LinkRow).count() == 0, "the link lies nowhere before it is sent"
        assert (job.kind, job.user_id, job.payload) == ("mail", service.people["Ada"], {})
    assert service.work() == ["mail"]
    [(sender, to, text)] = mailbox
    assert (sender, to) == ("gradmark@example.org", ["ada@example.org"])
    link = next(line for line in text.splitlines() if line.startswith("http://testserver/sign-in/"))
    with service.store.reading() as db:
        assert db.query(LinkRow).one().token_hash != link.rpartition("/")[2]
        assert db.query(JobRow).one().result == {"sent": True}
    assert client.post(link, follow_redirects=False).status_code == 303


def test_asking_tells_nobody_who_is_here(service):
    with_mail(service)
    answers = [service.browser().post("/sign-in", data={"email": email}) for email in ("ada@example.org", "x@y.z")]
    assert answers[0].text == answers[1].text
    assert {answer.status_code for answer in answers} == {200}


def test_one_person_gets_few_mails_and_learns_nothing_from_it(service):
    with_mail(service)
    client = service.browser()
    answers = {client.post("/sign-in", data={"email": "ada@example.org"}).text for _ in range(5)}
    assert len(answers) == 1
    with service.store.reading() as db:
        assert db.query(JobRow).count() == 3


def test_without_mail_the_page_says_whom_to_ask(service):
    client = service.browser()
    assert "ask your instructor" in client.get("/sign-in").text
    assert client.post("/sign-in", data={"email": "ada@example.org"}).status_code == 404


def test_a_mail_that_cannot_be_sent_is_parked_and_seen(service, monkeypatch):
    with_mail(service)
    monkeypatch.setenv("GRADMARK_SMTP_URL", "ftp://nowhere")
    service.browser().post("/sign-in", data={"email": "ada@example.org"})
    assert service.work() == ["mail"] * (1 + len(mailing.RETRY_SECONDS))
    with service.store.reading() as db:
        job = db.query(JobRow).one()
        assert job.state == "parked"
        assert "GRADMARK_SMTP_URL is no address of a mail server" in job.error


def test_an_address_with_what_no_database_takes_is_nobodys(postgres, tmp_path):
    with serving(tmp_path, postgres.database()) as service:
        service.settings = dataclasses.replace(service.settings, mail_from="gradmark@example.org")
        with service.browser() as client:
            assert client.post("/sign-in", data={"email": "ada\0@example.org"}).status_code == 200


# ---------------------------------------------------------------------------------------------- whose form this is
@pytest.mark.parametrize("given", [{}, {"csrf": ""}, {"csrf": "é"}, {"csrf": "x" * 32}])
def test_a_form_without_this_sessions_token_is_refused(service, given):
    client = service.browser("Ada")
    assert client.post("/sign-out-everywhere", data=given).status_code == 403
    theirs = csrf(service.browser("Bob"))
    assert client.post("/sign-out-everywhere", data={"csrf": theirs}).status_code == 403


FROM = {
    "another site": ({"Sec-Fetch-Site": "cross-site"}, 403),
    "a neighbour": ({"Sec-Fetch-Site": "same-site"}, 403),
    "another site, told by an old browser": ({"Origin": "https://evil.example"}, 403),
    "a sandboxed frame": ({"Origin": "null"}, 403),
    "here": ({"Sec-Fetch-Site": "same-origin", "Origin": "http://testserver"}, 303),
    "here, told by an old browser": ({"Origin": "http://testserver"}, 303),
    "a program": ({}, 303),
}


@pytest.mark.parametrize("place", FROM)
def test_a_form_of_another_site_is_refused_also_when_it_signs_in(service, place):
    """Whoever makes you sign in as somebody else reads what you then hand in."""
    headers, code = FROM[place]
    assert service.browser().post(link_for(service, "Ada"), headers=headers, follow_redirects=False).status_code == code
    client = service.browser("Ada")
    sent = client.post("/sign-out", data={"csrf": csrf(client)}, headers=headers, follow_redirects=False)
    assert sent.status_code == code


def test_nobody_sends_forms_without_end(service):
    client = service.browser("Ada")
    sent = {"csrf": csrf(client), "name": ""}
    limit = rates.FORMS.amount
    client.app.state.rates._window.hit(rates.FORMS, service.people["Ada"], cost=limit - 1)  # noqa: SLF001
    assert client.post("/tokens", data=sent).status_code == 422
    refused = client.post("/tokens", data=sent)
    assert (refused.status_code, refused.headers["retry-after"].isdecimal()) == (429, True)


# ------------------------------------------------------------------------------------------------------- tokens
def test_a_token_is_shown_once_and_can_be_revoked(service):
    client = service.browser("Ada")
    made = client.post("/tokens", data={"csrf": csrf(client), "name": "my editor", "days": "30"}).text
    token = made.partition('class="secret">')[2].partition("<")[0]
    assert token.startswith("gradmark_")
    assert token not in client.get("/tokens").text
    with service.store.reading() as db:
        stored = db.query(TokenRow).one()
        assert token not in (stored.token_hash, stored.name)
    program = TestClient(create_app(service.settings), headers={"Authorization": f"Bearer {token}"})
    assert program.get("/api/v1/me").json()["name"] == "Ada"
    bob = service.browser("Bob")
    assert bob.post(f"/tokens/{stored.id}/revoke", data={"csrf": csrf(bob)}).status_code == 404
    client.post(f"/tokens/{stored.id}/revoke", data={"csrf": csrf(client)})
    assert program.get("/api/v1/me").status_code == 401
    assert [one for one in actions(service) if "token" in one] == ["token.made", "token.revoked"]


def test_a_token_that_is_no_good_is_told_so(service):
    client = service.browser("Ada")
    for sent in ({"name": " "}, {"name": "x", "days": "1000"}):
        refused = client.post("/tokens", data={"csrf": csrf(client), **sent})
        assert (refused.status_code, 'role="alert"' in refused.text) == (422, True)


def test_a_session_that_a_platform_opened_makes_no_token(service):
    """It reaches one course; a token reaches all of them."""
    client = service.browser("Ada")
    with service.store.writing() as db:
        db.execute(sa.update(SessionRow).values(course_id=service.course))
    assert "Make a token" not in client.get("/tokens").text
    assert client.post("/tokens", data={"csrf": csrf(client), "name": "x", "days": "7"}).status_code == 403


# ------------------------------------------------------------------------------------------------------- bodies
def test_what_is_too_large_is_refused_before_it_is_read(service):
    client = service.browser("Ada")
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for headers, most in ((form, MOST_FORM), ({"Content-Type": "multipart/form-data; boundary=x"}, MOST_UPLOAD)):
        sent = client.post("/tokens", content=b"", headers=headers | {"Content-Length": str(most + 1)})
        assert (sent.status_code, "the most that is taken" in sent.text) == (413, True)
        assert 'href="/"' in sent.text, "a way back"
        assert sent.headers["x-content-type-options"] == "nosniff"
    api = client.post("/api/v1/x/submissions", content=b"", headers={"Content-Length": str(MOST_UPLOAD + 1)})
    assert (api.status_code, "<html" in api.text) == (413, False)


@pytest.mark.parametrize("path", ["/nowhere", "/sign-out", "/s/nothing"])
def test_who_asks_for_what_is_no_page_reads_sentences_of_ours(service, path):
    """`/sign-out` is where a form goes: somebody loads it again from their history."""
    shown = service.browser("Ada").get(path)
    assert shown.status_code in (404, 405)
    assert "Not Found" not in shown.text
    assert "Method" not in shown.text
    assert "Go to your courses" in shown.text


SENDERS = {  # who sends a file of 5 MB, and what is said of it
    "nobody": ({}, "/a/{}/submissions", 413),
    "an old session": ({COOKIE: "old"}, "/a/{}/submissions", 413),
    "a session": ({COOKIE: "good"}, "/a/{}/submissions", 403),  # the form has no token
    "a program without a token": ({}, "/api/v1/assignments/{}/submissions", 401),
    "a program where no file is asked for": ({}, "/api/v1/regrades/{}/apply", 413),
}


@pytest.mark.parametrize("sender", SENDERS)
@pytest.mark.parametrize("length", ["told", "not told"])
def test_no_file_is_read_before_its_sender_is_known(service, sender, length):
    """Forms are read before anybody looks who sent them, and anybody may send many at once."""
    cookies, where, code = SENDERS[sender]
    with service.store.writing() as db:
        for name, until in (("good", now() + 60), ("old", now() - 60)):
            db.add(SessionRow(token_hash=hashed(name), user_id=service.people["Ada"], csrf="c", expires_at=until))
    client = service.browser()
    client.cookies.update(cookies)
    part = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.py"\r\n\r\n' + b"#" * 50_000
    body = iter([part, *[b"#" * 50_000] * 98, b"\r\n--x--\r\n"])
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    if length == "told":
        headers["Content-Length"] = str(len(part) + 98 * 50_000 + 9)
    answer = client.post(where.format(service.assignment), content=body, headers=headers, follow_redirects=False)
    assert answer.status_code == code
    if code == 413:
        assert "Sign in" in answer.text or "/api/" in where


def test_a_body_that_does_not_say_how_large_it_is_is_cut_off(service):
    read = 0

    def endless():
        nonlocal read
        while read < 100 * MOST_FORM:
            read += 65_536
            yield b"x" * 65_536

    sent = service.browser("Ada").post(
        "/tokens", content=endless(), headers={"Content-Type": "application/x-www-form-urlencoded"}
    )
    assert sent.status_code == 413


@pytest.mark.parametrize("kind", ["fields", "files"])
def test_a_form_of_very_many_parts_is_refused(service, kind):
    client = service.browser("Ada")
    many = {f"f{number}": "x" for number in range(1100)}
    sent = client.post("/tokens", data=many) if kind == "fields" else client.post("/tokens", files=many)
    assert sent.status_code == 400


@pytest.mark.parametrize("charset", ["utf-7", "idna", "punycode", "raw_unicode_escape"])
@pytest.mark.parametrize("path", ["/lti/login", "/lti/launch", "/sign-in", "/tokens"])
def test_a_form_in_an_encoding_that_makes_halves_of_letters_is_refused(service, path, charset):
    """Half a letter fits into no database and no address; some encodings fail in a way that nobody expects."""
    client = service.browser("Ada", raise_server_exceptions=False)
    for text in ("+2AA-", "\\ud800", "xn--999999999"):
        body = f'--x\r\nContent-Disposition: form-data; name="iss"\r\n\r\n{text}\r\n--x--\r\n'
        kind = {"Content-Type": f"multipart/form-data; boundary=x; charset={charset}"}
        sent = client.post(path, content=body, headers=kind)
        assert (sent.status_code, "UTF-8" in sent.text) == (415, True)
    kind = {"Content-Type": 'multipart/form-data; boundary=x; charset="UTF-8"'}
    assert client.post("/lti/login", content="--x--\r\n", headers=kind).status_code == 403


def capped(receive, *, seconds):
    """What an application behind `Capped` reads, told as a status."""
    answer = []

    async def app(scope, receive, send):
        try:
            while (await receive()).get("more_body"):
                pass
            await PlainTextResponse("read")(scope, receive, send)
        except HTTPException as error:
            await PlainTextResponse("", error.status_code)(scope, receive, send)

    async def send(message):
        answer.append(message)

    scope = {"type": "http", "method": "POST", "path": "/", "headers": []}
    asyncio.run(Capped(app, seconds=seconds)(scope, receive, send))
    return answer[0]["status"]


def test_a_body_that_drips_is_given_up():
    drops = iter(range(100))

    async def dripping():
        await asyncio.sleep(0.02)
        return {"type": "http.request", "body": b"x", "more_body": next(drops, None) is not None}

    async def prompt():
        return {"type": "http.request", "body": b"x", "more_body": False}

    assert capped(dripping, seconds=0.1) == 408
    assert capped(prompt, seconds=0.1) == 200


# ------------------------------------------------------------------------------------ what browsers may do with it
def test_static_files_are_kept_by_browsers_and_nothing_else_is(service):
    client = service.browser("Ada")
    css = client.get("/static/site.css")
    assert css.headers["cache-control"] == "public, no-cache"
    assert client.get("/static/site.css", headers={"If-None-Match": css.headers["etag"]}).status_code == 304
    assert "immutable" in client.get("/static/site.css?v=1").headers["cache-control"]
    for path in ("/tokens", "/sign-in", "/nowhere", "/openapi.json", "/api/v1/me"):
        assert client.get(path).headers["cache-control"] == "no-store", path


def test_static_files_are_sent_small_and_no_page_is_whose_length_could_tell_a_token(service):
    client = service.browser("Ada")
    assert client.get("/static/htmx.min.js").headers["content-encoding"] == "gzip"
    assert "content-encoding" not in client.get("/tokens").headers


def test_what_fails_on_our_side_is_told_as_ours_and_shows_nothing_of_it(service):
    client = service.browser("Ada", raise_server_exceptions=False)

    @client.app.get("/broken", include_in_schema=False)
    def broken():
        raise RuntimeError("secret detail")

    answer = client.get("/broken")
    assert answer.status_code == 500
    assert "our side" in answer.text
    assert "secret detail" not in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_an_error_of_the_database_does_not_say_what_it_was_asked_for(service):
    """It is logged, and staff read it where a job failed."""
    with service.store.engine.connect() as connection, pytest.raises(sa.exc.OperationalError) as raised:
        connection.execute(sa.text("SELECT 1 FROM nowhere WHERE email = :email"), {"email": "ada@example.org"})
    assert "nowhere" in str(raised.value)
    assert "ada@example.org" not in str(raised.value)


def test_when_all_connections_are_taken_the_answer_is_to_try_again(service):
    client = service.browser("Ada", raise_server_exceptions=False)
    pool = client.app.state.site.store.engine.pool
    pool._timeout = 0.1  # noqa: SLF001 - 30 s is long for a test
    with contextlib.ExitStack() as held:
        for _ in range(pool.size() + pool._max_overflow):  # noqa: SLF001
            held.enter_context(contextlib.closing(pool.connect()))
        assert client.post("/sign-in/guess").status_code == 503


def test_no_redirect_is_made_of_the_host_that_a_request_claims(service):
    answer = service.browser("Ada").get("/tokens/", headers={"Host": "evil.example"}, follow_redirects=False)
    assert "evil.example" not in answer.headers.get("location", "")


# --------------------------------------------------------------------------------------------- what the web knows
@pytest.mark.slow
def test_the_web_process_has_no_keys_no_secret_and_no_sandbox(tmp_path):
    """In a process of its own, without a secret, a Docker host, or the modules that know answers."""
    code = """
import json, sys
from pathlib import Path
from fastapi.testclient import TestClient
from autograder.service.settings import Settings
from autograder.service.store.migrate import migrate
from autograder.service.web.app import create_app
data = Path(sys.argv[1])
settings = Settings(data, f"sqlite:///{data / 'gradmark.sqlite'}", "http://testserver")
migrate(settings.database)
(data / "worker.secret").symlink_to("/proc/self/nothing")  # whoever opens it fails
code = TestClient(create_app(settings)).get("/sign-in").status_code
known = [name for name in sys.modules if name.startswith("autograder.")]
print(json.dumps([code, known]))
"""
    told = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        env={name: value for name, value in os.environ.items() if name not in ("DOCKER_HOST", "GRADMARK_SECRET")},
        capture_output=True,
        text=True,
        check=True,
    )
    code, known = json.loads(told.stdout.splitlines()[-1])
    assert code == 200
    keyless = (
        "assignments",
        "assignment",
        "quiz",
        "pipeline",
        "sandbox",
        "reference",
        "verify",
        "service.worker",
    )  # intake is there: it reads bytes within bounds and holds no key, and shows students the code that was marked
    assert not [name for name in known if name.removeprefix("autograder.").startswith(keyless)]
    assert "autograder.service.web.app" in known
