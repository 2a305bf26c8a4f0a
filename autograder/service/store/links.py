"""Sign-in links and tokens of the API: only their readers know them. The database holds their hashes."""

from __future__ import annotations

import hashlib
import secrets

import sqlalchemy as sa
from sqlalchemy.orm import Session

from autograder.service.store.rows import added
from autograder.service.store.schema import LinkRow, SessionRow, TokenRow, now

PREFIX = "gradmark_"  # by which programs that look for lost secrets know a token
LINK_SECONDS = 7 * 86_400.0  # of a link that somebody hands over


def hashed(token: str) -> str:
    """Return the hash that the database keeps of a token: reading it lets nobody use the token."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def new_link(db: Session, user_id: str, public_url: str, *, seconds: float = LINK_SECONDS) -> str:
    """A link that signs its bearer in as this user, once."""
    token = secrets.token_urlsafe(24)
    db.add(LinkRow(token_hash=hashed(token), user_id=user_id, expires_at=now() + seconds))
    return f"{public_url}/sign-in/{token}"


def new_token(db: Session, user_id: str, name: str, days: int, *, read_only: bool = False) -> tuple[TokenRow, str]:
    """A token that may do what this user may, or look at it; and what to show of it, once."""
    secret = PREFIX + secrets.token_urlsafe(32)
    expires = now() + days * 86_400
    token = TokenRow(token_hash=hashed(secret), user_id=user_id, name=name, read_only=read_only, expires_at=expires)
    return added(db, token), secret


def end_sessions(db: Session, user_id: str) -> None:
    """Signs out every browser, and uses up links that nobody has used: one of them may be in the wrong hands."""
    db.execute(sa.delete(SessionRow).where(SessionRow.user_id == user_id))
    db.execute(sa.update(LinkRow).where(LinkRow.user_id == user_id, LinkRow.used_at.is_(None)).values(used_at=now()))


def end_access(db: Session, user_id: str) -> None:
    """The same with tokens, before somebody may do more: whoever could act for them so far is not to do that too."""
    end_sessions(db, user_id)
    db.execute(
        sa.update(TokenRow).where(TokenRow.user_id == user_id, TokenRow.revoked_at.is_(None)).values(revoked_at=now())
    )
