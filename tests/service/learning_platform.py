"""A learning platform to test against: LTI 1.3 as its specifications say it, over HTTP, and none of our code.

1EdTech Security Framework 1.0 (sections 4 and 5), LTI 1.3 Core and Assignment and Grade Services 2.0. It checks what
reaches it and refuses what the specifications forbid; a test reads what it took, and may tell it to fail.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import html
import json
import secrets
import socket
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx2
import jwt
import uvicorn
from cryptography.hazmat.primitives.asymmetric import rsa
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse
from jwt.algorithms import RSAAlgorithm

LTI = "https://purl.imsglobal.org/spec/lti/claim/"
DEEP = "https://purl.imsglobal.org/spec/lti-dl/claim/"
AGS = "https://purl.imsglobal.org/spec/lti-ags/"
ROLE = "http://purl.imsglobal.org/vocab/lis/v2/membership#"
MADE = [rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(3)]  # slow to make


@dataclass
class Person:
    """Somebody on the platform."""

    sub: str
    roles: list[str]
    claims: dict[str, Any] = field(default_factory=dict)


@dataclass
class Key:
    kid: str
    private: rsa.RSAPrivateKey

    @property
    def public(self) -> dict[str, Any]:
        jwk = RSAAlgorithm.to_jwk(self.private.public_key(), as_dict=True)
        return {"kty": "RSA", "n": jwk["n"], "e": jwk["e"], "kid": self.kid, "alg": "RS256", "use": "sig"}


@dataclass
class LearningPlatform:
    """One course of one platform, with one tool in it."""

    url: str = ""
    tool: str = ""  # the tool's public address
    client_id: str = "client-1"
    deployment: str = "deployment-1"
    context: str = "course-at-the-platform"
    people: dict[str, Person] = field(default_factory=dict)
    keys: list[Key] = field(default_factory=lambda: [Key("key-1", MADE[0])])
    line_item: str = "/courses/7/line_items/3?type_id=9"  # a query, as Moodle's have
    wants_grades: bool = True
    failing: list[int] = field(default_factory=list)  # what the next requests for scores are answered with
    token_seconds: int | str = 3600  # a text: what no platform should say
    # what it was asked, and what it took
    scores: list[dict[str, Any]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    tokens: dict[str, tuple[str, float]] = field(default_factory=dict)  # scope and end of each
    key_requests: int = 0
    jtis: set[str] = field(default_factory=set)
    targets: dict[str, str] = field(default_factory=dict)  # where each link leads
    answer: Callable[[dict[str, Any]], str] = field(init=False)  # makes a token of claims: an attack puts its own here

    def __post_init__(self) -> None:
        self.answer = self.sign

    # ---------------------------------------------------------------------------------- what a browser is given
    def login(self, person: str, link: str = "link-1", target: str = "", **more: str) -> dict[str, str]:
        """What a click on the link sends to the tool's login address."""
        self.targets[link] = target or self.tool + "/"
        return {
            "iss": self.url,
            "login_hint": person,
            "target_link_uri": self.targets[link],
            "lti_message_hint": link,
            "client_id": self.client_id,
            "lti_deployment_id": self.deployment,
        } | more

    def claims(self, person: str, nonce: str, link: str) -> dict[str, Any]:
        """LTI 1.3 Core, section 5.3 and 5.4."""
        at = int(time.time())
        who = self.people[person]
        message: dict[str, Any] = {
            "iss": self.url,
            "aud": self.client_id,
            "sub": who.sub,
            "iat": at,
            "exp": at + 300,
            "nonce": nonce,
            LTI + "deployment_id": self.deployment,
            LTI + "version": "1.3.0",
            LTI + "roles": who.roles,
            LTI + "context": {"id": self.context, "title": "Systems", "type": []},
        }
        if link == "deep":
            message[LTI + "message_type"] = "LtiDeepLinkingRequest"
            message[DEEP + "deep_linking_settings"] = {
                "deep_link_return_url": self.url + "/deep",
                "accept_types": ["ltiResourceLink"],
                "accept_presentation_document_targets": ["window"],
                "data": "what the platform must get back",
            }
        else:
            message[LTI + "message_type"] = "LtiResourceLinkRequest"
            message[LTI + "resource_link"] = {"id": link, "title": "Optimizers"}
            message[LTI + "target_link_uri"] = self.targets[link]
        if self.wants_grades:
            message[AGS + "claim/endpoint"] = {
                "scope": [AGS + "scope/score"],
                "lineitem": self.url + self.line_item,
            }
        return message | who.claims

    def sign(self, claims: dict[str, Any]) -> str:
        return jwt.encode(claims, self.keys[-1].private, algorithm="RS256", headers={"kid": self.keys[-1].kid})

    # ---------------------------------------------------------------------------------------- what it answers
    def app(self) -> FastAPI:
        app = FastAPI()
        app.get("/jwks")(self._jwks)
        app.get("/authorize")(self._authorize)
        app.post("/token")(self._token)
        app.post("/courses/7/line_items/{number}/scores")(self._score)
        app.post("/deep")(self._deep)
        return app

    def _jwks(self) -> JSONResponse:
        self.key_requests += 1
        return JSONResponse({"keys": [key.public for key in self.keys]})

    def _authorize(self, request: Request) -> HTMLResponse:
        """Security Framework 5.1.1.2: what a tool has to ask, to the letter."""
        asked = request.query_params
        must = {
            "scope": "openid",
            "response_type": "id_token",
            "response_mode": "form_post",
            "prompt": "none",
            "client_id": self.client_id,
            "redirect_uri": self.tool + "/lti/launch",
        }
        wrong = {name: asked.get(name) for name, value in must.items() if asked.get(name) != value}
        missing = [name for name in ("state", "nonce", "login_hint", "lti_message_hint") if not asked.get(name)]
        if wrong or missing:
            self.refused.append(f"authorize: wrong {wrong}, missing {missing}")
            return HTMLResponse(self.refused[-1], 400)
        claims = self.claims(asked["login_hint"], asked["nonce"], asked["lti_message_hint"])
        return self.form(asked["redirect_uri"], id_token=self.answer(claims), state=asked["state"])

    @staticmethod
    def form(action: str, **values: str) -> HTMLResponse:
        fields = "".join(f'<input type="hidden" name="{n}" value="{html.escape(v)}">' for n, v in values.items())
        page = f'<form id="f" method="post" action="{html.escape(action)}">{fields}</form>'
        return HTMLResponse(page + "<script>document.getElementById('f').submit()</script>")

    async def _token(self, request: Request) -> JSONResponse:
        """Security Framework 4.1: client credentials with a signed assertion, verified by the tool's own key set."""
        form = await request.form()
        try:
            assert form["grant_type"] == "client_credentials"
            assert form["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
            assertion = str(form["client_assertion"])
            async with httpx2.AsyncClient(verify=False) as client:
                published = (await client.get(self.tool + "/lti/jwks.json")).json()["keys"]
            kid = jwt.get_unverified_header(assertion)["kid"]
            (key,) = [jwt.PyJWK(key) for key in published if key["kid"] == kid]
            claims = jwt.decode(
                assertion,
                key,
                algorithms=["RS256"],
                audience=self.url + "/token",
                issuer=self.client_id,
                options={"require": ["iss", "sub", "aud", "iat", "exp", "jti"]},
            )
            assert claims["sub"] == self.client_id
            assert claims["exp"] - claims["iat"] <= 3600
            assert claims["jti"] not in self.jtis, "an assertion used twice"
            self.jtis.add(claims["jti"])
            scopes = str(form["scope"]).split()
            assert set(scopes) <= {AGS + "scope/score"}
        except (AssertionError, KeyError, ValueError, jwt.PyJWTError) as error:
            self.refused.append(f"token: {error!r}")
            return JSONResponse({"error": "invalid_client"}, 400)
        token = secrets.token_urlsafe(16)
        lasts = self.token_seconds if isinstance(self.token_seconds, int) else 0
        self.tokens[token] = (" ".join(scopes), time.time() + lasts)
        return JSONResponse(
            {"access_token": token, "token_type": "bearer", "expires_in": self.token_seconds, "scope": form["scope"]}
        )

    async def _score(self, request: Request, number: int) -> PlainTextResponse:
        """AGS 2.0, section 3.4: the score service."""
        if self.failing:
            return PlainTextResponse("told to fail", self.failing.pop(0))
        _, _, token = request.headers.get("authorization", "").partition(" ")
        scope, until = self.tokens.get(token, ("", 0.0))
        path, _, query = self.line_item.partition("?")
        media_type = request.headers.get("content-type")
        score = json.loads(await request.body())
        wrong = self._wrong(score)
        before = [_instant(one["timestamp"]) for one in self.scores if one["userId"] == score.get("userId")]
        for status, refused, why in (
            (401, time.time() > until, "no token of ours, or it has expired"),
            (403, AGS + "scope/score" not in scope.split(), "not a scope for scores"),
            (404, f"/courses/7/line_items/{number}" != path, "no such line item"),
            (400, request.url.query != query, "the line item's query is lost"),
            (415, media_type != "application/vnd.ims.lis.v1.score+json", "not a score's media type"),
            (400, wrong != "", wrong),
            (409, not wrong and any(_instant(score["timestamp"]) <= at for at in before), "not newer than the last"),
        ):
            if refused:
                self.refused.append(f"score: {why}")
                return PlainTextResponse(why, status)
        self.scores.append(score)
        return PlainTextResponse("", 204)

    def _wrong(self, score: dict[str, Any]) -> str:
        try:
            at = _instant(score["timestamp"])
            assert at.tzinfo is not None, "a timestamp needs its zone"
            assert "." in score["timestamp"], "a timestamp needs fractions of a second"
            assert score["userId"] in {one.sub for one in self.people.values()}, "nobody of this course"
            assert score["activityProgress"] in {"Initialized", "Started", "InProgress", "Submitted", "Completed"}
            assert score["gradingProgress"] in {"FullyGraded", "Pending", "PendingManual", "Failed", "NotReady"}
            if "scoreGiven" in score or score["gradingProgress"] != "Pending":
                assert isinstance(score["scoreGiven"], int | float)
                assert score["scoreGiven"] >= 0
                assert score["scoreMaximum"] > 0
            assert isinstance(score.get("comment", ""), str)
            known = {"userId", "scoreGiven", "scoreMaximum", "timestamp", "comment"}
            assert set(score) <= known | {"activityProgress", "gradingProgress"}, "fields that AGS does not have"
        except (AssertionError, KeyError, ValueError) as error:
            return repr(error)
        return ""

    async def _deep(self, request: Request) -> JSONResponse:
        """Deep Linking 2.0: the tool's answer, verified by its key set; the platform shows what it would place."""
        token = str((await request.form())["JWT"])
        async with httpx2.AsyncClient(verify=False) as client:
            published = (await client.get(self.tool + "/lti/jwks.json")).json()["keys"]
        kid = jwt.get_unverified_header(token)["kid"]
        (key,) = [jwt.PyJWK(key) for key in published if key["kid"] == kid]
        claims = jwt.decode(
            token,
            key,
            algorithms=["RS256"],
            audience=self.url,
            issuer=self.client_id,
            options={"require": ["iss", "aud", "exp", "iat", "nonce"]},
        )
        assert claims[LTI + "message_type"] == "LtiDeepLinkingResponse"
        assert claims[LTI + "version"] == "1.3.0"
        assert claims[LTI + "deployment_id"] == self.deployment
        assert claims[DEEP + "data"] == "what the platform must get back"
        return JSONResponse(claims[DEEP + "content_items"])


def _instant(timestamp: str) -> dt.datetime:
    return dt.datetime.fromisoformat(timestamp)


def person(role: str, **claims: Any) -> Person:
    """Somebody with this role in the course. Subjects are opaque, as platforms' are."""
    return Person(str(uuid.uuid4()), [ROLE + role], claims)


@contextlib.contextmanager
def listening(make_app):
    """Runs the application that `make_app` makes for an address, in a thread, at that address."""
    with socket.socket() as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{held.getsockname()[1]}"
        server = uvicorn.Server(uvicorn.Config(make_app(url), log_level="error", ws="none"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [held]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            yield url
        finally:
            server.should_exit = True
            thread.join(10)
