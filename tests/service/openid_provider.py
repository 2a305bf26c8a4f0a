"""An OpenID provider for tests, made of Authlib's own server: the code flow for one public client, PKCE required.

`python openid_provider.py PORT PEOPLE`: PEOPLE is JSON, claims by `sub`. Whoever posts a `sub` is signed in as that.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from dataclasses import dataclass

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import AuthorizationCodeMixin, ClientMixin, grants
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core import UserInfo
from authlib.oidc.core.grants import OpenIDCode
from flask import Flask, jsonify, request
from joserfc.jwk import RSAKey

PORT, PEOPLE = int(sys.argv[1]), json.loads(sys.argv[2])
ISSUER, CLIENT = f"http://127.0.0.1:{PORT}", "gradmark"
KEY = RSAKey.generate_key(2048, {"kid": "1", "use": "sig", "alg": "RS256"})
AT_USERINFO = {"grace", "mallory"}  # their address is told at the userinfo endpoint alone
app, codes, tokens = Flask(__name__), {}, {}


@dataclass
class Code(AuthorizationCodeMixin):
    code: str
    redirect_uri: str
    scope: str
    nonce: str
    sub: str
    code_challenge: str
    code_challenge_method: str

    def get_redirect_uri(self):
        return self.redirect_uri

    def get_scope(self):
        return self.scope

    def get_nonce(self):
        return self.nonce

    def get_auth_time(self):
        return int(time.time())

    def get_acr(self):
        return None

    def get_amr(self):
        return None


class PublicClient(ClientMixin):
    def get_client_id(self):
        return CLIENT

    def get_allowed_scope(self, scope):
        return scope

    def check_redirect_uri(self, redirect_uri):
        return redirect_uri.endswith("/openid/return")

    def check_endpoint_auth_method(self, method, endpoint):
        return method == "none"

    def check_response_type(self, response_type):
        return response_type == "code"

    def check_grant_type(self, grant_type):
        return grant_type == "authorization_code"


class CodeGrant(grants.AuthorizationCodeGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ("none",)

    def save_authorization_code(self, code, request):
        sent = request.payload.data
        codes[code] = Code(code, sent["redirect_uri"], sent["scope"], sent["nonce"], request.user, sent["code_challenge"], sent["code_challenge_method"])  # fmt: skip

    def query_authorization_code(self, code, client):
        return codes.get(code)

    def delete_authorization_code(self, authorization_code):
        del codes[authorization_code.code]

    def authenticate_user(self, authorization_code):
        return authorization_code.sub


class IdentityToken(OpenIDCode):
    def exists_nonce(self, nonce, request):
        return False

    def get_jwt_config(self, grant, client=None):
        return {"key": KEY.as_dict(private=True), "alg": "RS256", "iss": ISSUER, "exp": 300}

    def generate_user_info(self, user, scope):
        return UserInfo(sub=user, **({} if user in AT_USERINFO else PEOPLE[user]))


server = AuthorizationServer(app, query_client=lambda id_: PublicClient() if id_ == CLIENT else None, save_token=lambda token, request: tokens.update({token["access_token"]: request.user}))  # fmt: skip
server.register_grant(CodeGrant, [CodeChallenge(required=True), IdentityToken(require_nonce=True)])


@app.get("/.well-known/openid-configuration")
def metadata():
    return jsonify(
        issuer=ISSUER,
        authorization_endpoint=f"{ISSUER}/authorize",
        token_endpoint=f"{ISSUER}/token",
        jwks_uri=f"{ISSUER}/jwks",
        userinfo_endpoint=f"{ISSUER}/userinfo",
    )


@app.get("/jwks")
def jwks():
    return jsonify(keys=[KEY.as_dict(private=False)])


@app.get("/userinfo")
def userinfo():
    sub = tokens[request.headers["Authorization"].removeprefix("Bearer ")]
    return jsonify(sub="somebody else" if sub == "mallory" else sub, **PEOPLE[sub])


@app.get("/authorize")
def ask():
    return '<!doctype html><title>Example University</title><form method="post"><label>Name <input name="sub"></label><button>Continue</button></form>'


@app.post("/authorize")
def authorize():
    return server.create_authorization_response(grant_user=request.form["sub"])


@app.post("/token")
def token():
    return server.create_token_response()


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # Authlib's, about parts of Authlib
    app.run("127.0.0.1", PORT)
