"""Our RSA keys for LTI: the public halves lie in the open, the private ones sealed with the workers' secret.

Neither the database alone nor the web process can sign. The newest key signs; the one before it stays published for
messages that are under way.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass
from typing import Any

import jwt
import sqlalchemy as sa
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from autograder.service.store.rows import added
from autograder.service.store.schema import JobRow, KeyRow, new_id
from autograder.service.worker.context import Context

BITS = 2048  # the least that LTI takes, and platforms verify one for every grade
KEPT = 2  # published at a time


class SealedElsewhere(Exception):
    """The key was sealed with another secret than this worker's: ours, and a new key mends it."""


@dataclass(frozen=True)
class SigningKey:
    id: str
    private: rsa.RSAPrivateKey

    def sign(self, claims: dict[str, Any]) -> str:
        return jwt.encode(claims, self.private, algorithm="RS256", headers={"kid": self.id})


def make(context: Context, job: JobRow) -> dict[str, Any]:
    """The job of the first key, and of a new one: it is made once, however often the job is started."""
    if not job.payload.get("new"):
        return {"key": newest(context).id}
    return {"key": _make(context, job.id).id}


def newest(context: Context) -> SigningKey:
    """The key that signs, made when there is none.

    Raises:
        SealedElsewhere: it was made by workers with another secret.
    """
    with context.store.reading() as db:
        key = db.scalar(sa.select(KeyRow).order_by(KeyRow.made_at.desc()).limit(1))
    if key is None:
        return _make(context, new_id())
    return _opened(context, key)


def _opened(context: Context, key: KeyRow) -> SigningKey:
    try:
        opened = _seal(context).decrypt(key.sealed)
    except InvalidToken as error:
        raise SealedElsewhere(
            "The LTI key was sealed with another secret than this worker's. Give all workers the same secret, "
            "or have a new key made on the page of the platforms."
        ) from error
    private = serialization.load_pem_private_key(opened, password=None)
    assert isinstance(private, rsa.RSAPrivateKey)
    return SigningKey(key.id, private)


def _make(context: Context, id_: str) -> SigningKey:
    private = rsa.generate_private_key(public_exponent=65537, key_size=BITS)
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = RSAAlgorithm.to_jwk(private.public_key(), as_dict=True)
    with context.store.writing() as db:
        if (there := db.get(KeyRow, id_)) is not None:
            return _opened(context, there)
        public |= {"kid": id_, "alg": "RS256", "use": "sig"}
        added(db, KeyRow(id=id_, public=public, sealed=_seal(context).encrypt(pem)))
        for old in db.scalars(sa.select(KeyRow).order_by(KeyRow.made_at.desc()).offset(KEPT)):
            db.delete(old)
    return SigningKey(id_, private)


def _seal(context: Context) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(hmac.new(context.secret, b"gradmark lti key", hashlib.sha256).digest()))
