"""Resources of every request, and rendering of pages from templates."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, cast

from fastapi import Request
from fastapi.responses import HTMLResponse, Response
from jinja2 import Environment, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from autograder.render.html import environment
from autograder.service.queue import Queue
from autograder.service.rules import names, zones
from autograder.service.settings import Settings
from autograder.service.store import Store
from autograder.service.store.schema import now

SameSite = Literal["lax", "strict"]
STATIC = Path(__file__).parent.parent / "static"
ROLE_NAMES = {"student": "student", "staff": "instructor", "ta": "TA", "observer": "observer"}
REPORT_CSS = Path(str(files("autograder.render") / "templates" / "report.css"))  # the look of a report is the site's


@dataclass(frozen=True)
class Site:
    settings: Settings
    store: Store
    queue: Queue


def site(request: Request) -> Site:
    return cast("Site", request.app.state.site)


def page(request: Request, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """A whole page, or with a template named `_…` the part of one that HTMX puts in its place."""
    actor, needs, title = (getattr(request.state, name, None) for name in ("actor", "needs", "course_title"))
    known = {"request": request, "actor": actor, "of_tabs": needs, "course_title": title, **values}
    return HTMLResponse(_environment().get_template(template).render(known), status_code=status)


def part(request: Request, template: str, **values: Any) -> Markup:
    """A template of ours as HTML for inside of a page."""
    return Markup(bytes(page(request, template, **values).body).decode())  # noqa: S704 - the template escapes


def attachment(body: bytes | str, name: str, kind: str = "application/octet-stream") -> Response:
    """A file to keep: a browser shows it as no page, whatever is in it."""
    return Response(body, media_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})


def cookie_name(request: Request, name: str) -> str:
    """Return a cookie's full name; with HTTPS, browsers enforce that it belongs to this host and travels encrypted."""
    return f"__Host-{name}" if site(request).settings.secure else name


def cookie(request: Request, name: str) -> str:
    """Return what a cookie of ours holds; "" where the browser sent none."""
    return request.cookies.get(cookie_name(request, name), "")


def give_cookie(
    request: Request, response: Response, name: str, value: str, seconds: float, samesite: SameSite = "lax"
) -> None:
    """Have the browser keep a value for so long, where no script reads it; for 0 seconds it forgets it."""
    secure, full = site(request).settings.secure, cookie_name(request, name)
    response.set_cookie(full, value, max_age=int(seconds), httponly=True, secure=secure, samesite=samesite)


STATE_WORDS = {  # of submissions and reports, the same for students and staff
    "queued": "waiting",
    "running": "being marked",
    "graded": "marked",
    "not_gradable": "could not be marked",
    "superseded": "replaced by a newer one",
    "parked": "the grader failed",
}


@cache
def _environment() -> Environment:
    made = environment("autograder.service.web")
    made.filters.update(day=day, day_text=day_text, span=span, away=away, state=STATE_WORDS.__getitem__)
    made.globals.update(asset=asset, role_names=ROLE_NAMES, family_first=names.family_first)
    return made


@cache
def asset(name: str) -> str:
    """The address of a static file, which changes with its bytes: browsers may keep it for ever."""
    file = REPORT_CSS if name == "report.css" else STATIC / name
    return f"/static/{name}?v={hashlib.sha256(file.read_bytes()).hexdigest()[:12]}"


@pass_context
def day(context: Context, at: float | None, zone: str = "") -> str:
    """Return `Sat 21 Nov 2026, 10:52 CET` as a `<time>`, in the time zone of the page's course."""
    if at is None:
        return "–"
    exact = dt.datetime.fromtimestamp(at, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return Markup('<time datetime="{}">{}</time>').format(exact, day_text(context, at, zone))


@pass_context
def day_text(context: Context, at: float | None, zone: str = "") -> str:
    """Return the same without an element, for places that hold text only."""
    if at is None:
        return "–"
    return zones.in_words(at, zone or _zone(context))


def _zone(context: Context) -> str:
    """Return the time zone of the course that a page is about; UTC where it is about none."""
    if course := context.get("course"):
        return str(course.time_zone)
    asked = context.get("asked")
    policy = getattr(asked, "policy", None)  # on the page of a course, `asked` are many
    return str(policy.get("time_zone", zones.UTC)) if isinstance(policy, dict) else zones.UTC


def away(at: float) -> str:
    """Return `in 3 days` or `2 h ago`."""
    seconds = at - now()
    return f"in {span(seconds)}" if seconds >= 0 else f"{span(-seconds)} ago"


def span(seconds: float) -> str:
    """Return `3 s`, `4 min`, `2 h`, `5 days`: never more than there is, so that nobody counts on what they lack."""
    for unit, size, upto in (("s", 1, 120), ("min", 60, 2 * 3600), ("h", 3600, 2 * 86400)):
        if seconds < upto:
            return f"{max(1, int(seconds // size))} {unit}"
    return f"{int(seconds // 86400)} days"
