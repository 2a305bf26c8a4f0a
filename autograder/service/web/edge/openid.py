"""Sign-in by OpenID Connect: the code flow with PKCE, as a public client, so that the web process holds no secret.

What the flow has to remember (state, nonce, verifier) lies in a cookie of the browser that began it, for ten minutes.
Authlib builds the requests and checks the claims of the ID token; joserfc checks its signature.
"""

from __future__ import annotations

import hmac
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from authlib.common.security import generate_token
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from authlib.oidc.discovery import OpenIDProviderMetadata, get_well_known_url
from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import RedirectResponse, Response
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from autograder.service import outgoing
from autograder.service.settings import Settings
from autograder.service.store.rows import THERE
from autograder.service.store.schema import UserRow
from autograder.service.web.edge import rates
from autograder.service.web.edge.access import audit
from autograder.service.web.edge.signing_in import ask_page, begin_session, next_page
from autograder.service.web.edge.site import Site, cookie, give_cookie, site

SECONDS = 10.0  # for one answer of the provider
FLOW_SECONDS = 600  # to sign in there
LEEWAY_SECONDS = 60  # between its clock and ours
KEPT_SECONDS = 3600.0  # its metadata and keys: keys that were changed are fetched again at once
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"]
COOKIE = "gradmark_openid"
REMEMBERED = ("state", "nonce", "verifier")  # letters and digits each

router = APIRouter(include_in_schema=False)


class SignInRefused(Exception):
    """Nobody was signed in; the message tells the person why and what to do."""


@dataclass(frozen=True)
class Provider:
    """The provider's metadata and keys, as they were at `at`."""

    metadata: Mapping[str, Any]
    keys: KeySet
    at: float


@router.get("/openid")
def begin(request: Request) -> Response:
    """Send the browser to the provider."""
    rates.spend(request, rates.LAUNCHES, rates.address(request))
    here = site(request).settings
    if not here.openid:
        raise HTTPException(404, "This service has no OpenID provider. Use another way to sign in.")
    try:
        provider = _provider(request)
    except SignInRefused as refused:
        return _told(request, refused)
    flow = dict(zip(REMEMBERED, (generate_token(48) for _ in REMEMBERED), strict=True))
    where = prepare_grant_uri(
        provider.metadata["authorization_endpoint"],
        here.openid_client,
        "code",
        redirect_uri=_return_address(here),
        scope="openid email profile",
        state=flow["state"],
        nonce=flow["nonce"],
        code_challenge=create_s256_code_challenge(flow["verifier"]),
        code_challenge_method="S256",
    )
    response = RedirectResponse(where, 303)
    give_cookie(request, response, COOKIE, ".".join(flow.values()), FLOW_SECONDS)
    return response


@router.get("/openid/return")
def finish(request: Request) -> Response:
    """Sign in whoever the provider says this is."""
    response: Response = RedirectResponse(next_page(request), 303)
    try:
        claims = _claims(request)
        _sign_in(request, claims, response)
    except SignInRefused as refused:
        rates.spend(request, rates.BAD_LINKS, rates.address(request))
        response = _told(request, refused)
    give_cookie(request, response, COOKIE, "", 0)
    return response


def _claims(request: Request) -> CodeIDToken:
    """Return the claims of a valid ID token for the flow that this browser began.

    Raises:
        SignInRefused: there is none.
    """
    here, sent, flow = site(request).settings, request.query_params, _flow(request)
    if flow is None or not hmac.compare_digest(sent.get("state", "").encode(), flow["state"].encode()):
        raise SignInRefused("This sign-in was not begun in this browser, or more than ten minutes ago. Try again.")
    if sent.get("iss", here.openid_issuer) != here.openid_issuer:
        raise SignInRefused(f"The answer came from another provider than {here.openid_name}. Try again.")
    if "code" not in sent:
        raise SignInRefused(
            f"{here.openid_name} did not sign you in ({sent.get('error', 'no reason given')[:80]}). Try again."
        )
    provider = _provider(request)
    token = _ask(
        "POST",
        provider.metadata["token_endpoint"],
        data={
            "grant_type": "authorization_code",
            "code": sent["code"],
            "redirect_uri": _return_address(here),
            "client_id": here.openid_client,
            "code_verifier": flow["verifier"],
        },
    )
    claims = _verified(request, str(token.get("id_token", "")), flow["nonce"], token.get("access_token"))
    if "email" not in claims and "userinfo_endpoint" in provider.metadata:  # as the standard has it: only there
        bearer = {"Authorization": f"Bearer {token.get('access_token', '')}"}
        told = _ask("GET", provider.metadata["userinfo_endpoint"], headers=bearer)
        if told.get("sub") == claims["sub"]:
            claims.update({name: told[name] for name in ("email", "email_verified") if name in told})
    return claims


def _flow(request: Request) -> dict[str, str] | None:
    values = cookie(request, COOKIE).split(".")
    return dict(zip(REMEMBERED, values, strict=True)) if len(values) == len(REMEMBERED) else None


def _verified(request: Request, id_token: str, nonce: str, access_token: object) -> CodeIDToken:
    """Check signature and claims; a key that we don't know is looked for once more at the provider."""
    here = site(request).settings
    wanted = {"iss": here.openid_issuer, "aud": here.openid_client}
    options = {name: {"essential": True, "value": value} for name, value in wanted.items()}
    params = {"nonce": nonce, "client_id": here.openid_client, "access_token": access_token}
    for fresh in (False, True):
        provider = _provider(request, fresh=fresh)
        try:
            read = jwt.decode(id_token, provider.keys, algorithms=ALGORITHMS)
            claims = CodeIDToken(read.claims, read.header, options, params)
            claims.validate(now=int(time.time()), leeway=LEEWAY_SECONDS)
        except (JoseError, ValueError) as error:
            why = error
        else:
            return claims
    raise SignInRefused(f"What {here.openid_name} says about you cannot be trusted. Tell the operator: {why}.")


def _sign_in(request: Request, claims: CodeIDToken, response: Response) -> None:
    """Begin a session of the person with the address in the claims.

    Raises:
        SignInRefused: the address is missing, not verified, or nobody's here.
    """
    here, email = site(request).settings, claims.get("email")
    if not isinstance(email, str) or not email:
        raise SignInRefused(f"{here.openid_name} does not tell your e-mail address. Use another way to sign in.")
    if claims.get("email_verified") is not True and not here.openid_trusts_emails:
        raise SignInRefused(
            f"{here.openid_name} has not verified your address {email[:320]}. Verify it there, and try again."
        )
    with site(request).store.writing() as db:
        wanted = UserRow.email == email.replace("\0", "").strip().lower()
        user = db.scalar(sa.select(UserRow).where(wanted, THERE))
        if user is None:
            audit(db, None, "openid.refused", address=rates.address(request))
        else:
            begin_session(request, db, user.id, response)
    if user is None:
        raise SignInRefused(
            f"No course here knows the address {email[:320]}. Ask your instructor to add it to the roster."
        )


# ------------------------------------------------------------------------------------------------------ the provider
def _provider(request: Request, *, fresh: bool = False) -> Provider:
    """Return what is known of the provider, asked again after an hour, or at once with `fresh`.

    Raises:
        SignInRefused: it does not answer, or with something else.
    """
    known: Provider | None = getattr(request.app.state, "openid", None)
    if known is None or fresh or time.monotonic() > known.at + KEPT_SECONDS:
        known = request.app.state.openid = _discovered(site(request))
    return known


def _discovered(of: Site) -> Provider:
    issuer, name = of.settings.openid_issuer, of.settings.openid_name
    metadata = OpenIDProviderMetadata(_ask("GET", get_well_known_url(issuer, external=True)))
    if (
        metadata.get("issuer") != issuer
        or not {"authorization_endpoint", "token_endpoint", "jwks_uri"} <= metadata.keys()
    ):
        raise SignInRefused(
            f"{name} is set up wrongly: it is not the issuer {issuer}. Tell the operator of this service."
        )
    try:
        keys = KeySet.import_key_set(_ask("GET", metadata["jwks_uri"]))  # type: ignore[arg-type]
    except (JoseError, ValueError, KeyError, TypeError) as error:
        raise SignInRefused(f"The keys of {name} cannot be read. Tell the operator of this service.") from error
    return Provider(metadata, keys, time.monotonic())


def _ask(method: str, url: str, **sent: Any) -> dict[str, Any]:
    """Raises: SignInRefused: no answer that is JSON and good."""
    told = "The sign-in provider does not answer as it should. Try again in a moment, or use another way to sign in."
    try:
        answer = outgoing.ask(method, url, seconds=SECONDS, **sent)
        read = json.loads(answer.body)
    except (outgoing.Unreachable, ValueError) as error:
        raise SignInRefused(told) from error
    if not answer.good or not isinstance(read, dict):
        raise SignInRefused(told)
    return read


def _return_address(here: Settings) -> str:
    return f"{here.public_url}/openid/return"


def _told(request: Request, refused: SignInRefused) -> Response:
    return ask_page(request, status=403, refused=str(refused))
