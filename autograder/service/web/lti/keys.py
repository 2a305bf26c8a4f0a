"""Verifies that a platform signed a message, by the keys at the address that its operator gave, and by no others."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import Any

import jwt

from autograder.service.outgoing import Unreachable, ask
from autograder.service.rules.lti import Known, LaunchRefused
from autograder.service.store import Store
from autograder.service.store.schema import PlatformRow, now

ALGORITHM = (
    "RS256"  # LTI's own; one that the sender of a message may choose could be `none`, or HS256 with a public key
)
LEEWAY_SECONDS = 60  # between two machines' clocks
FRESH_SECONDS = 3600.0  # a key that a platform has withdrawn is good for at most so long
PAUSE_SECONDS = 30.0  # between two requests for keys: launches with made-up keys are no way to have us call a platform
FETCH_SECONDS = 10.0

log = logging.getLogger(__name__)


def verified(store: Store, platform: PlatformRow, known: Known, token: str) -> dict[str, Any]:
    """The claims of a message that this platform signed, for us, and not too long ago.

    Raises:
        LaunchRefused: anything else.
    """
    try:
        header = jwt.get_unverified_header(token)
    except jwt.InvalidTokenError as error:
        raise LaunchRefused("platform", "its message is no signed token") from error
    if header.get("alg") != ALGORITHM:
        raise LaunchRefused("platform", f"its message is signed by {header.get('alg')!r}, and has to be by {ALGORITHM}")
    kid = header.get("kid")
    if not kid or not isinstance(kid, str):
        raise LaunchRefused("platform", "its message does not say which key it is signed with")
    key = _key(store, platform, kid)
    try:
        return jwt.decode(
            token,
            key,
            algorithms=[ALGORITHM],
            audience=known.client_id,
            issuer=known.issuer,
            leeway=LEEWAY_SECONDS,
            options={"require": ["iss", "aud", "exp", "iat", "nonce"]},
        )
    except jwt.ExpiredSignatureError as error:
        raise LaunchRefused("late", "the platform's message has expired") from error
    except jwt.ImmatureSignatureError as error:
        raise LaunchRefused("platform", "its message is from the future: one of our clocks is wrong") from error
    except jwt.InvalidTokenError as error:
        raise LaunchRefused("platform", f"its message cannot be trusted ({error})") from error


def _key(store: Store, platform: PlatformRow, kid: str) -> jwt.PyJWK:
    """The platform's key of that name; its set is asked for when ours is old, or does not have it."""
    age = now() - (platform.keys_at or 0.0)
    entry = _entry(platform.key_set, kid) if age < FRESH_SECONDS else None
    if entry is None and age > PAUSE_SECONDS:
        entry = _entry(_fetched(store, platform), kid)
    if entry is None:
        raise LaunchRefused("platform", "its message is signed with a key that its key set does not have")
    try:
        return jwt.PyJWK(entry, algorithm=ALGORITHM)
    except (jwt.PyJWTError, ValueError, TypeError) as error:
        raise LaunchRefused(
            "platform", "its key set has something else than an RSA key under the name of this one"
        ) from error


def _entry(key_set: Mapping[str, Any], kid: str) -> dict[str, Any] | None:
    keys = key_set.get("keys")
    named = [key for key in keys if isinstance(key, dict) and key.get("kid") == kid] if isinstance(keys, list) else []
    return next((key for key in named if key.get("kty") == "RSA" and key.get("use", "sig") == "sig"), None)


def _fetched(store: Store, platform: PlatformRow) -> Mapping[str, Any]:
    """The set as it is now; every process knows it then. Of many who want it at once, one asks the platform."""
    with store.writing() as db:
        current = db.get_one(PlatformRow, platform.id, with_for_update=True)
        if current.keys_at != platform.keys_at:
            return current.key_set
        current.keys_at = now()
    key_set: dict[str, Any] = {}
    try:
        key_set = _get(platform.jwks_url)
    finally:  # one that does not answer is left alone for a while, too
        with store.writing() as db:
            db.get_one(PlatformRow, platform.id, with_for_update=True).key_set = key_set
    return key_set


def _get(url: str) -> dict[str, Any]:
    try:
        answer = ask("GET", url, seconds=FETCH_SECONDS, headers={"Accept": "application/json"})
    except Unreachable as error:
        log.warning("no keys: %s", error)
        raise LaunchRefused("ours", f"the platform's keys at {url} cannot be read now") from error
    if not answer.good:
        raise LaunchRefused("ours", f"the platform's keys are not at {url}: it answers {answer.status}")
    try:
        key_set = json.loads(answer.body)
    except (ValueError, RecursionError) as error:
        raise LaunchRefused("ours", f"what lies at {url} is no set of keys") from error
    return key_set if isinstance(key_set, dict) else {}
