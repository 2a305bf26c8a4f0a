"""Signing in goes on with what was chosen, comes back to where it began, and works with an OpenID provider."""

from __future__ import annotations

import base64
import dataclasses
import json
import re
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
import sqlalchemy as sa
from course import RIGHT, csrf

from autograder.service.store.links import new_link
from autograder.service.store.schema import AuditRow, SessionRow, SubmissionRow, now
from autograder.service.web.edge.access import COOKIE


def link_for(service, name):
    with service.store.writing() as db:
        return new_link(db, service.people[name], "")


def end_sessions(service):
    with service.store.writing() as db:
        db.execute(sa.update(SessionRow).values(expires_at=now() - 1))


def submissions(service) -> list[tuple[str, bytes]]:
    with service.store.reading() as db:
        return [(one.user_id, one.upload) for one in db.query(SubmissionRow)]


def hand_in(client, service, token, **more):
    return client.post(
        f"/a/{service.assignment}/submissions",
        data={"csrf": token, "key": "k", **more},
        files={"file": ("optimizers.py", RIGHT)},
    )


def kept_fields(text: str) -> dict[str, str]:
    """The fields of the form that the page keeps, as a browser would send them."""
    import html

    fields = {name: html.unescape(value) for name, value in re.findall(r'<textarea[^>]* name="([^"]+)" readonly>\n(.*?)</textarea>', text, re.DOTALL)}  # fmt: skip
    return fields | dict(re.findall(r'<input type="hidden" name="(kept[.\w]*)" value="([^"]*)"', text))


# -------------------------------------------------------------------------------------------------- nothing is lost
@pytest.mark.parametrize("ended", ["expired", "signed out"])
def test_a_file_that_was_sent_after_the_session_ended_is_kept_and_sent_again(service, ended):
    ada = service.browser("Ada")
    token = csrf(ada)
    if ended == "expired":
        end_sessions(service)
    else:
        ada.post("/sign-out", data={"csrf": token})
    page = hand_in(ada, service, token)
    assert page.status_code == 401
    assert "optimizers.py" in page.text
    assert submissions(service) == []
    fields = kept_fields(page.text)
    assert base64.b64decode(fields["file.base64"]) == RIGHT
    ada.post(link_for(service, "Ada"))
    sent = ada.post(f"/a/{service.assignment}/submissions", data=fields)
    assert (sent.status_code, sent.url.path[:3]) == (200, "/s/")
    assert submissions(service) == [(service.people["Ada"], RIGHT)]


def test_a_kept_form_is_nobody_elses_and_no_other_site_can_send_one(service):
    ada = service.browser("Ada")
    token = csrf(ada)
    end_sessions(service)
    fields = kept_fields(hand_in(ada, service, token).text)
    ada.post(link_for(service, "Bob"))
    address = f"/a/{service.assignment}/submissions"
    assert ada.post(address, data=fields).status_code == 403, "Bob signed in, and Ada's form is hers"
    fresh = service.browser("Ada")
    assert fresh.post(address, data=fields).status_code == 403, "another browser lacks the word"
    ada.post(link_for(service, "Ada"))
    assert ada.post(address, data=fields, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert ada.post(address, data={**fields, "kept": ""}).status_code == 403
    assert submissions(service) == []


def test_an_open_page_learns_who_is_signed_in_now(service):
    ada = service.browser("Ada")
    told = ada.get("/session").json()
    assert told == {"user": service.people["Ada"], "name": "Ada", "csrf": csrf(ada)}
    end_sessions(service)
    assert ada.get("/session", follow_redirects=False).status_code == 401


# ------------------------------------------------------------------------------------------------- where it leads to
def test_signing_in_leads_to_the_page_that_was_wanted(service):
    client = service.browser()
    asked = client.get(f"/a/{service.assignment}?before=3")
    assert asked.url.path == "/sign-in"
    signed = client.post(link_for(service, "Ada"), follow_redirects=False)
    assert signed.headers["location"] == f"/a/{service.assignment}?before=3"


@pytest.mark.parametrize("wanted", ["//evil.example", "/\\evil.example", "https://evil.example", "/%0d%0ax: y\r\n", "javascript:1", "x" * 501])  # fmt: skip
def test_signing_in_leads_to_no_other_site(service, wanted):
    client = service.browser()
    client.get("/sign-in", params={"next": wanted})
    assert client.post(link_for(service, "Ada"), follow_redirects=False).headers["location"] in ("/", "/%0d%0ax:%20y")
    client = service.browser()
    client.cookies.set("gradmark_next", wanted.encode("ascii", "ignore").decode().replace("\r\n", ""))
    location = client.post(link_for(service, "Ada"), follow_redirects=False).headers["location"]
    assert not re.match(r"//|/\\|\w+:", location)


def test_the_page_that_asks_always_offers_a_way(service):
    client = service.browser()
    page = client.get("/sign-in").text
    assert "Sign in with this link" in page
    assert "Send me a link" not in page
    link = "https://elsewhere.example" + link_for(service, "Ada")
    assert client.post("/sign-in", data={"link": f" {link} "}, follow_redirects=False).status_code == 303
    assert client.get("/tokens").status_code == 200
    used = service.browser().post("/sign-in", data={"link": link})
    assert used.status_code == 403
    assert "has been used or has expired" in used.text
    assert "Sign in with this link" in used.text


# ---------------------------------------------------------------------------------------------------- OpenID Connect
@pytest.fixture(scope="module")
def provider():
    """A real OpenID provider in a process of its own; people sign in there with the `sub` that they type."""
    claims = {
        "ada": {"email": "Ada@example.org", "email_verified": True},
        "bob": {"email": "bob@example.org", "email_verified": False},
        "eve": {"email": "eve@example.org", "email_verified": True},
        "nobody": {},
        "grace": {"email": "ada@example.org", "email_verified": True},
        "mallory": {"email": "ada@example.org", "email_verified": True},
    }
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, str(Path(__file__).with_name("openid_provider.py")), str(port), json.dumps(claims)]
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    issuer = f"http://127.0.0.1:{port}"
    try:
        for _ in range(200):
            try:
                httpx2.get(f"{issuer}/.well-known/openid-configuration")
                break
            except httpx2.TransportError:
                assert running.poll() is None, "the provider ended"
                time.sleep(0.1)
        yield issuer
    finally:
        running.terminate()
        running.wait()


@pytest.fixture
def with_openid(service, provider):
    service.settings = dataclasses.replace(
        service.settings, openid_issuer=provider, openid_client="gradmark", openid_name="Example University"
    )
    return service


def signed_in_there(client, sub: str) -> str:
    """Begin here, sign in at the provider, and return the address that it sends the browser back to."""
    where = client.get("/openid", follow_redirects=False).headers["location"]
    back = httpx2.post(where, data={"sub": sub}, follow_redirects=False)
    assert back.status_code in (302, 303), back.text
    return back.headers["location"]


def test_who_signs_in_with_the_provider_goes_on_where_they_wanted(with_openid):
    client = with_openid.browser()
    page = client.get(f"/a/{with_openid.assignment}")
    assert "Sign in with Example University" in page.text
    signed = client.get(signed_in_there(client, "ada"), follow_redirects=False)
    assert (signed.status_code, signed.headers["location"]) == (303, f"/a/{with_openid.assignment}")
    assert client.get("/session").json()["user"] == with_openid.people["Ada"]


def test_an_address_that_only_the_userinfo_endpoint_tells_counts(with_openid):
    client = with_openid.browser()
    assert client.get(signed_in_there(client, "grace"), follow_redirects=False).status_code == 303
    assert client.get("/session").json()["user"] == with_openid.people["Ada"]


def test_the_web_process_is_a_public_client_with_pkce(with_openid):
    """The code is bound to the browser by a verifier whose hash went ahead; there is no secret to send."""
    client = with_openid.browser()
    sent = parse_qs(urlsplit(client.get("/openid", follow_redirects=False).headers["location"]).query)
    assert sent["code_challenge_method"] == ["S256"]
    assert sent["response_type"] == ["code"]
    verifier = client.cookies["gradmark_openid"].split(".")[2]
    assert verifier not in json.dumps(sent)
    assert not any("secret" in field.name for field in dataclasses.fields(with_openid.settings))


@pytest.mark.parametrize(
    ("sub", "told"),
    [
        ("bob", "has not verified your address bob@example.org"),
        ("eve", "No course here knows the address eve@example.org"),
        ("nobody", "does not tell your e-mail address"),
        ("mallory", "does not tell your e-mail address"),  # what is told of somebody else
    ],
)
def test_who_is_not_known_here_is_told_why_and_is_offered_another_way(with_openid, sub, told):
    client = with_openid.browser()
    refused = client.get(signed_in_there(client, sub))
    assert refused.status_code == 403
    assert told in refused.text
    assert "Sign in with this link" in refused.text
    assert COOKIE not in client.cookies


def test_addresses_that_are_not_called_verified_count_where_the_operator_says_so(with_openid):
    with_openid.settings = dataclasses.replace(with_openid.settings, openid_trusts_emails=True)
    client = with_openid.browser()
    assert client.get(signed_in_there(client, "bob"), follow_redirects=False).status_code == 303


def _another_browser(service, _client, back):
    return service.browser().get(back)


def _another_state(_service, client, back):
    return client.get(re.sub(r"state=[^&]+", "state=guessed", back))


def _another_nonce(_service, client, back):
    state, _, verifier = client.cookies["gradmark_openid"].split(".")
    client.cookies.clear()
    client.cookies.set("gradmark_openid", f"{state}.another.{verifier}")
    return client.get(back)


def _twice(_service, client, back):
    cookie = client.cookies["gradmark_openid"]
    assert client.get(back, follow_redirects=False).status_code == 303
    client.cookies.clear()
    client.cookies.set("gradmark_openid", cookie)
    return client.get(back)


def _another_verifier(_service, client, back):
    """Who stole a code has no verifier; the provider refuses what is not the one whose hash went ahead."""
    state, nonce, _ = client.cookies["gradmark_openid"].split(".")
    client.cookies.clear()
    client.cookies.set("gradmark_openid", f"{state}.{nonce}.{'x' * 48}")
    return client.get(back)


def _another_issuer(_service, client, back):
    return client.get(f"{back}&iss=https%3A%2F%2Fevil.example")


def _said_no(_service, client, back):
    return client.get(re.sub(r"code=[^&]+", "error=access_denied", back))


@pytest.mark.parametrize(
    "attack", [_another_browser, _another_state, _another_nonce, _another_verifier, _twice, _another_issuer, _said_no]
)
def test_an_answer_that_is_not_to_this_browsers_question_signs_nobody_in(with_openid, attack):
    client = with_openid.browser()
    refused = attack(with_openid, client, signed_in_there(client, "ada"))
    assert refused.status_code == 403
    assert "Sign in with Example University" in refused.text


def test_a_token_for_another_client_signs_nobody_in(with_openid):
    """The provider's token is for `gradmark`; this service calls itself otherwise when it reads it."""
    client = with_openid.browser()
    back = signed_in_there(client, "ada")
    site = with_openid.app.state.site
    with_openid.app.state.site = dataclasses.replace(
        site, settings=dataclasses.replace(site.settings, openid_client="another")
    )
    assert client.get(back).status_code == 403
    assert COOKIE not in client.cookies


def test_a_provider_that_is_away_or_another_one_is_told_calmly(with_openid, provider):
    for issuer, told in (("http://127.0.0.1:9", "does not answer as it should"), (f"{provider}/", "is set up wrongly")):
        with_openid.settings = dataclasses.replace(with_openid.settings, openid_issuer=issuer)
        vars(with_openid).pop("app", None)
        refused = with_openid.browser().get("/openid")
        assert refused.status_code == 403
        assert told in refused.text
    with with_openid.store.reading() as db:
        assert "session.begun" not in {one.action for one in db.query(AuditRow)}


def test_a_kept_file_that_is_damaged_is_refused(service):
    ada = service.browser("Ada")
    sent = {"csrf": csrf(ada), "file.name": "optimizers.py", "file.base64": "é!"}
    refused = ada.post(f"/a/{service.assignment}/submissions", data=sent)
    assert (refused.status_code, submissions(service)) == (422, [])
