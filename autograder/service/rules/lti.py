"""Checks of an LTI 1.3 launch on plain values: sender, receiver, purpose and person.

Signatures are no part of it: claims come here only after theirs has been verified.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

CLAIM = "https://purl.imsglobal.org/spec/lti/claim/"
ENDPOINT = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
SETTINGS = "https://purl.imsglobal.org/spec/lti-dl/claim/deep_linking_settings"
SCORE = "https://purl.imsglobal.org/spec/lti-ags/scope/score"
RESOURCE_LINK = "LtiResourceLinkRequest"
DEEP_LINKING = "LtiDeepLinkingRequest"
VERSION = "1.3.0"

# Roles in the course decide; being a teacher or an administrator somewhere else in the institution makes nobody staff.
IN_COURSE = "http://purl.imsglobal.org/vocab/lis/v2/membership"
TEST_USER = (
    "http://purl.imsglobal.org/vocab/lti/system/person#TestUser"  # LTI 1.3 Core, A.2.4: in Canvas the student view
)
STAFF = ("Instructor", "ContentDeveloper", "Administrator")
HOST = re.compile(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?")  # no names and passwords, nothing that CSP reads
LOOPBACK = ("localhost", "127.0.0.1", "::1")

Role = Literal["staff", "student"]
Fault = Literal["platform", "ours", "course", "early", "late", "test"]


class LaunchRefused(Exception):
    """A launch that is not one: `whose` fault it is decides what its reader is told to do, `why` is for the log too."""

    def __init__(self, whose: Fault, why: str) -> None:
        super().__init__(why)
        self.whose, self.why = whose, why


@dataclass(frozen=True)
class Known:
    """A platform, as its operator registered it."""

    issuer: str
    client_id: str
    deployments: Sequence[str]
    origin: str = ""  # scheme and host of its token endpoint: where it may have us send grades without HTTPS


@dataclass(frozen=True)
class Message:
    """A launch whose every part we need is there and is what it must be."""

    kind: str  # RESOURCE_LINK or DEEP_LINKING
    deployment: str
    context: str
    context_title: str
    link: str  # "" when a link is only about to be made
    subject: str
    role: Role
    name: str
    email: str
    sourced_id: str  # the registrar's id of the person
    target: str
    assignment: str  # the id that the link names, as a parameter or in its address; ""
    line_item: str
    scopes: tuple[str, ...]
    settings: Mapping[str, Any]  # of deep linking


def kept(said: Message) -> dict[str, Any]:
    """Return a message as JSON, for the time in which staff choose the course that it is about."""
    return asdict(said)


def again(kept: Mapping[str, Any]) -> Message:
    return Message(**{**kept, "scopes": tuple(kept["scopes"])})


def message(claims: Mapping[str, Any], known: Known, *, nonce: str, target: str, public_url: str) -> Message:
    """Reads verified claims. `nonce` and `target` are those of the login that this must answer.

    Raises:
        LaunchRefused: something is missing, not ours, or not of this login.
    """
    _addressed(claims, known, nonce)
    kind = claims.get(CLAIM + "message_type")
    if kind not in (RESOURCE_LINK, DEEP_LINKING):
        raise LaunchRefused(
            "platform", f"it sent a message of the type {kind!r}, and gradmark knows {RESOURCE_LINK} only"
        )
    if claims.get(CLAIM + "version") != VERSION:
        raise LaunchRefused("platform", f"it speaks LTI {claims.get(CLAIM + 'version')!r}, and gradmark LTI {VERSION}")
    deployment = _text(claims.get(CLAIM + "deployment_id"), "deployment_id")
    if deployment not in known.deployments:
        raise LaunchRefused("platform", f"its deployment {deployment!r} is not registered here")
    context = claims.get(CLAIM + "context")
    context_id = _text(context.get("id") if isinstance(context, Mapping) else None, "context.id")
    launched = _launched(claims, kind, target, public_url)
    link = claims.get(CLAIM + "resource_link") if kind == RESOURCE_LINK else None
    if kind == RESOURCE_LINK:
        link = _text(link.get("id") if isinstance(link, Mapping) else None, "resource_link.id")
    line_item, scopes = _grades(claims.get(ENDPOINT), known.origin)
    lis = claims.get(CLAIM + "lis")
    return Message(
        kind=kind,
        deployment=deployment,
        context=context_id,
        context_title=_said(context.get("title") if isinstance(context, Mapping) else ""),
        link=link or "",
        subject=_text(claims.get("sub"), "sub"),
        role=role(claims.get(CLAIM + "roles")),
        name=_said(claims.get("name"))
        or f"{_said(claims.get('given_name'))} {_said(claims.get('family_name'))}".strip(),
        email="" if claims.get("email_verified") is False else _said(claims.get("email")).lower(),
        sourced_id=_said(lis.get("person_sourcedid") if isinstance(lis, Mapping) else "")[:100],
        target=launched,
        assignment=_assignment(claims.get(CLAIM + "custom"), launched, public_url),
        line_item=line_item,
        scopes=scopes,
        settings=_settings(claims.get(SETTINGS), known.origin) if kind == DEEP_LINKING else {},
    )


def role(roles: object) -> Role:
    """Return somebody's role in the course.

    Raises:
        LaunchRefused: nothing that we know, or nobody: the platform's test student.
    """
    if isinstance(roles, list) and TEST_USER in roles:
        raise LaunchRefused("test", "it is the platform's test student")
    here = [_in_course(said) for said in roles if isinstance(said, str)] if isinstance(roles, list) else []
    if any(name in STAFF for name in here):
        return "staff"
    if "Learner" in here:
        return "student"
    raise LaunchRefused("course", "you are neither a student nor a member of staff of this course there")


def _in_course(said: str) -> str:
    """`Instructor` of `…membership#Instructor`, of `…membership/Instructor#Grader` and of the short form."""
    if said.startswith(IN_COURSE + "#"):
        return said.removeprefix(IN_COURSE + "#")
    if said.startswith(IN_COURSE + "/"):
        return said.removeprefix(IN_COURSE + "/").partition("#")[0]
    return said if ":" not in said else ""


# -------------------------------------------------------------------------------------------------- addresses
def is_address(url: object) -> bool:
    """Return whether an operator may register this address: HTTPS, or this very machine."""
    if not isinstance(url, str):
        return False
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    if not HOST.fullmatch(parts.netloc) or parts.fragment or not (url.isascii() and url.isprintable()) or " " in url:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)


def origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def is_ours(url: str, public_url: str) -> bool:
    return url == public_url or url.startswith(public_url + "/")


def scores_address(line_item: str) -> str:
    """Return the address for a line item's scores: on some platforms its path has a query behind it, which stays."""
    parts = urlsplit(line_item)
    return urlunsplit(parts._replace(path=parts.path.rstrip("/") + "/scores"))


def with_query(url: str, values: Mapping[str, str]) -> str:
    parts = urlsplit(url)
    return urlunsplit(
        parts._replace(query=urlencode([*parse_qsl(parts.query, keep_blank_values=True), *values.items()]))
    )


# ------------------------------------------------------------------------------------------------------ claims
def _addressed(claims: Mapping[str, Any], known: Known, nonce: str) -> None:
    """From this platform, to us, and the answer to our question."""
    if claims.get("iss") != known.issuer:
        raise LaunchRefused("platform", "its message names another issuer than its registration")
    to = claims.get("aud")
    audience = [to] if isinstance(to, str) else to if isinstance(to, list) else []
    if known.client_id not in audience:
        raise LaunchRefused("platform", "its message is addressed to another tool")
    azp = claims.get("azp")
    if (len(audience) > 1 or azp is not None) and azp != known.client_id:
        raise LaunchRefused("platform", "its message is addressed to several tools, and another one is to act on it")
    if claims.get("nonce") != nonce:
        raise LaunchRefused("late", "the message answers another login than yours")


def _launched(claims: Mapping[str, Any], kind: str, target: str, public_url: str) -> str:
    launched = claims.get(CLAIM + "target_link_uri")
    if kind == DEEP_LINKING and launched is None:
        return target  # deep linking has no such claim in the specification; platforms differ
    if launched != target or not is_ours(target, public_url):
        raise LaunchRefused("platform", "its link leads elsewhere than the login said")
    return target


def _assignment(custom: object, target: str, public_url: str) -> str:
    """The id in the custom parameter `assignment`, or in a target such as /a/{id}."""
    named = custom.get("assignment") if isinstance(custom, Mapping) else None
    if isinstance(named, str) and named:
        return _said(named)
    path = re.split("[?#]", target.removeprefix(public_url), maxsplit=1)[0]
    return path.removeprefix("/a/") if path.startswith("/a/") else ""


def _grades(claim: object, origin_: str) -> tuple[str, tuple[str, ...]]:
    """Return the address for grades and its scopes; "" where the platform wants none."""
    if not isinstance(claim, Mapping):
        return "", ()
    scopes = claim.get("scope")
    line_item = claim.get("lineitem")
    if not isinstance(line_item, str) or not isinstance(scopes, list):
        return "", ()
    _reachable(line_item, origin_, "line item")
    return line_item, tuple(scope for scope in scopes if isinstance(scope, str))


def _settings(claim: object, origin_: str) -> Mapping[str, Any]:
    settings = claim if isinstance(claim, Mapping) else {}
    back = settings.get("deep_link_return_url")
    if not isinstance(back, str):
        raise LaunchRefused("platform", "its message says not where the chosen assignment is to be sent")
    _reachable(back, origin_, "return address")
    accepted = settings.get("accept_types")
    if not isinstance(accepted, list) or "ltiResourceLink" not in accepted:
        raise LaunchRefused("platform", "it takes no links to assignments at this place")
    return {"return": back, **({"data": settings["data"]} if isinstance(settings.get("data"), str) else {})}


def _reachable(url: str, origin_: str, what: str) -> None:
    """A platform elsewhere does not make us call machines beside ours."""
    if not is_address(url) or (urlsplit(url).scheme != "https" and origin(url) != origin_):
        raise LaunchRefused("platform", f"its {what} is no address with HTTPS")


def _text(value: object, what: str) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= 255 or value != _storable(value):
        raise LaunchRefused("platform", f"its message lacks {what}")
    return value


def _said(value: object) -> str:
    """Return a person's name, or "" without one: no reason to refuse anybody."""
    return " ".join(_storable(value).split())[:200] if isinstance(value, str) else ""


def _storable(text: str) -> str:
    """JSON may hold halves of letters and NUL, which databases refuse."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()
