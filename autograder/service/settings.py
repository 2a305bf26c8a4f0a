"""Settings of an operator: the command's options, or environment variables in a container."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """One deployment. The web process and every worker are given the same `database`."""

    data: Path  # SQLite's file, the workers' secret, backups: one folder to look after
    database: str  # SQLAlchemy's URL
    public_url: str  # as browsers reach it, without a slash at the end; LTI platforms are told this
    direct: str = ""  # the same database past PgBouncer, for what needs a session of its own; "" = `database`
    # Folders of assignments beside the shipped ones, or a course.toml: the operator's, never uploaded.
    assignments: Path | None = None
    mail_from: str = ""  # the sender of mails with links and notices; "" = none are sent. Workers know the server
    proxies: str = ""  # addresses of reverse proxies whose X-Forwarded-For is believed, with commas between
    openid_issuer: str = ""  # people sign in there too; "" = nowhere else. Public: the web process needs no secret
    openid_client: str = ""
    openid_name: str = "your institution"  # as the button says: "Sign in with …"
    openid_trusts_emails: bool = False  # whether addresses that the provider does not call verified count
    metrics_token: str = field(default="", repr=False)  # who gives it reads /metrics; "" = this machine alone does

    @property
    def secure(self) -> bool:
        """Return whether browsers reach us by HTTPS: then cookies are for HTTPS only."""
        return self.public_url.startswith("https://")

    @property
    def openid(self) -> bool:
        """Return whether people can sign in with an OpenID provider."""
        return bool(self.openid_issuer and self.openid_client)

    @property
    def own_session(self) -> str:
        """The URL of a connection that is a session: migrations, pg_dump and LISTEN need one."""
        return self.direct or self.database

    @property
    def secret_file(self) -> Path:
        """The workers' secret: quiz variants derive from it, the LTI key is sealed with it. No web process reads it."""
        return self.data / "worker.secret"


def settings(
    data: Path | None = None, database: str = "", public_url: str = "", assignments: Path | None = None
) -> Settings:
    """Return the settings from the arguments, else from the environment (GRADMARK_DATA and so on), else the defaults.

    The rest is a deployment's, so only the environment tells of it: GRADMARK_DATABASE_DIRECT, GRADMARK_MAIL_FROM,
    GRADMARK_PROXIES, GRADMARK_OPENID_ISSUER and its like, and GRADMARK_METRICS_TOKEN.
    """
    folder = (data or Path(os.environ.get("GRADMARK_DATA", "gradmark-data"))).absolute()
    url = database or os.environ.get("GRADMARK_DATABASE", "") or f"sqlite:///{folder / 'gradmark.sqlite'}"
    own = assignments or (Path(given) if (given := os.environ.get("GRADMARK_ASSIGNMENTS")) else None)
    return Settings(
        data=folder,
        database=_with_driver(url),
        public_url=(public_url or os.environ.get("GRADMARK_URL", "") or "http://127.0.0.1:8000").rstrip("/"),
        direct=_with_driver(os.environ.get("GRADMARK_DATABASE_DIRECT", "")),
        assignments=own.absolute() if own else None,
        mail_from=os.environ.get("GRADMARK_MAIL_FROM", ""),
        proxies=os.environ.get("GRADMARK_PROXIES", ""),
        openid_issuer=os.environ.get("GRADMARK_OPENID_ISSUER", ""),
        openid_client=os.environ.get("GRADMARK_OPENID_CLIENT", ""),
        openid_name=os.environ.get("GRADMARK_OPENID_NAME", "") or Settings.openid_name,
        openid_trusts_emails=os.environ.get("GRADMARK_OPENID_EMAILS", "") == "all",
        metrics_token=os.environ.get("GRADMARK_METRICS_TOKEN", ""),
    )


def _with_driver(url: str) -> str:
    """`postgresql://` means psycopg 3, whatever SQLAlchemy's default is."""
    if url.startswith("postgresql+"):
        return url
    for plain in ("postgresql://", "postgres://"):
        if url.startswith(plain):
            return "postgresql+psycopg://" + url.removeprefix(plain)
    return url
