"""The audit log as sentences, with filters: of a course for its instructors, of the whole service for operators."""

from __future__ import annotations

import datetime as dt
import re
import tomllib
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

import sqlalchemy as sa
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from markupsafe import Markup, escape
from sqlalchemy.orm import Session

from autograder.service.rules import zones
from autograder.service.store.schema import (
    AssignmentRow,
    AuditRow,
    CourseRow,
    RegradeRow,
    SubmissionRow,
    UserRow,
    VersionRow,
)
from autograder.service.web.edge.access import Actor, Me, operates, staffs
from autograder.service.web.edge.forms import BadField
from autograder.service.web.edge.site import ROLE_NAMES, page, site
from autograder.service.web.staff.settings import LABELS

ROWS = 100  # of one page
FILTERS = ("who", "what", "since", "until")


@cache
def words(table: Literal["groups", "sentences"]) -> dict[str, str]:
    """Return a table of audit.toml: filters by the first word of an action, or sentences by action."""
    told = tomllib.loads(Path(__file__).with_name("audit.toml").read_text(encoding="utf-8"))
    return dict(told[table])


router = APIRouter(include_in_schema=False)


@router.get("/staff/c/{course_id}/audit")
def course_log(
    request: Request, actor: Me, course_id: str, before: Annotated[int | None, Query(ge=0, lt=2**62)] = None
) -> Response:
    """The events of one course."""
    staffs(actor, course_id, "own")
    with site(request).store.reading() as db:
        course = db.get_one(CourseRow, course_id)
    return _log(request, actor, before, course)


@router.get("/operator/audit")
def service_log(request: Request, actor: Me, before: Annotated[int | None, Query(ge=0, lt=2**62)] = None) -> Response:
    """The events of the whole service."""
    operates(actor)
    return _log(request, actor, before, None)


def _log(request: Request, actor: Actor, before: int | None, course: CourseRow | None) -> Response:
    wanted = {name: request.query_params.get(name, "").strip()[:200] for name in FILTERS}
    zone, problem = course.time_zone if course else zones.UTC, ""
    try:
        conditions = _conditions(wanted, zone)
    except BadField as error:
        problem, conditions = str(error), []
    if course is not None:
        conditions.append(AuditRow.course_id == course.id)
    if before is not None:
        conditions.append(AuditRow.id < before)
    with site(request).store.reading() as db:
        rows = db.execute(
            sa.select(AuditRow, UserRow.name, CourseRow.title)
            .outerjoin(UserRow, UserRow.id == AuditRow.actor_id)
            .outerjoin(CourseRow, CourseRow.id == AuditRow.course_id)
            .where(*conditions)
            .order_by(AuditRow.id.desc())
            .limit(ROWS + 1)
        ).all()
        told = sentences(db, actor, [entry for entry, _, _ in rows[:ROWS]], zone)
    return page(
        request, "audit.html", status=422 if problem else 200, course=course, problem=problem, wanted=wanted,
        kept={name: value for name, value in wanted.items() if value}, groups=words("groups"),
        rows=[(entry, who, title, told[entry.id]) for entry, who, title in rows[:ROWS]],
        further=rows[ROWS - 1][0].id if len(rows) > ROWS else None, first=before is None,
        where=f"/staff/c/{course.id}/audit" if course else "/operator/audit",
    )  # fmt: skip


def _conditions(wanted: Mapping[str, str], zone: str) -> list[sa.ColumnElement[bool]]:
    """Raises: BadField: a day that is none."""
    found: list[sa.ColumnElement[bool]] = []
    if who := wanted["who"]:
        found.append(UserRow.name.icontains(who, autoescape=True) | (UserRow.email == who.lower()))
    if wanted["what"] in words("groups"):
        found.append(sa.or_(*(AuditRow.action.startswith(f"{wanted['what']}{end}") for end in (".", "s."))))
    if since := wanted["since"]:
        found.append(AuditRow.at >= _day(since, zone))
    if until := wanted["until"]:
        found.append(AuditRow.at < zones.days_after(_day(until, zone), 1, zone))
    return found


def _day(text: str, zone: str) -> float:
    try:
        return zones.seconds(dt.datetime.combine(dt.date.fromisoformat(text), dt.time()), zone)
    except (ValueError, OverflowError, zones.NoSuchTime) as error:
        raise BadField(f"“{text[:40]}” is not a day. Write it as 2026-11-30.") from error


# ---------------------------------------------------------------------------------------------------- as sentences
def sentences(db: Session, actor: Actor, entries: Sequence[AuditRow], zone: str) -> dict[int, Markup]:
    """Return what each entry says, after the name of who did it, by the entry's id; objects are links."""
    names = _names(db, actor, entries)
    return {entry.id: _sentence(entry, names, zone) for entry in entries}


def _sentence(entry: AuditRow, names: Mapping[str, Markup], zone: str) -> Markup:
    form = words("sentences").get(entry.action)
    it = names.get(entry.object_id) or escape(entry.object_id)
    if form is None:
        return Markup("did {}{}").format(entry.action, Markup(" to {}").format(it) if entry.object_id else "")
    values = {name: _value(name, value, names, zone) for name, value in entry.detail.items()}
    values |= {"it": it or Markup("something"), "changes": _changes(entry.detail, names, zone)}
    return _filled(form, {name: value for name, value in values.items() if value})


def _filled(form: str, values: Mapping[str, Markup]) -> Markup:
    """Return the form with its values; bracketed parts of which one is unknown are left out."""

    def part(found: re.Match[str]) -> str:
        inner = found[1]
        return inner if all(name in values for name in re.findall(r"{(\w+)}", inner)) else ""

    kept = re.sub(r"\[([^\]]*)\]", part, form)
    return Markup("").join(
        values.get(piece[1:-1], Markup("something")) if piece.startswith("{") else escape(piece)
        for piece in re.split(r"({\w+})", kept)
    )


def _value(name: str, value: Any, names: Mapping[str, Markup], zone: str) -> Markup:
    if name == "due_at" and isinstance(value, int | float):
        return escape(zones.in_words(value, zone))
    if isinstance(value, list):
        return Markup(", ").join(names.get(str(one)) or escape(one) for one in value)
    if isinstance(value, str):
        return names.get(value) or escape(ROLE_NAMES.get(value, value) if name in ("role", "from", "to") else value)
    return escape(f"{value:g}" if isinstance(value, float) else value)


def _changes(detail: Mapping[str, Any], names: Mapping[str, Markup], zone: str) -> Markup:
    """Return `role: student → TA; section: Mon → Tue`, or `due_at: …` where only the new values are kept."""
    before, after = detail.get("before"), detail.get("after", detail.get("changed"))
    if not isinstance(after, dict):
        return Markup("")
    had = before if isinstance(before, dict) else {}
    moved = [name for name in after if name not in had or had[name] != after[name]]
    return Markup("; ").join(
        Markup("{}: {}{}").format(
            LABELS.get(name, name.replace("_", " ")),
            f"{_plain(name, had[name], names, zone)} → " if name in had else "",
            _plain(name, after[name], names, zone),
        )
        for name in moved
    )


def _rows_in(detail: Mapping[str, Any]) -> Iterable[str]:
    """Return the rows whose points a change of settings names."""
    for values in detail.values():
        points = values.get("points") if isinstance(values, dict) else None
        yield from (f"criterion:{row}" for row in points) if isinstance(points, dict) else ()


def _plain(name: str, value: Any, names: Mapping[str, Markup], zone: str) -> str:
    if value is None or value == "":
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):  # points of rows
        rows = [(names.get(f"criterion:{row}", escape(row)).unescape(), f"{one:g}") for row, one in value.items()]
        return ", ".join(f"{title} {points}" for title, points in rows) or "those of the edition"
    if name.endswith("_at"):
        return zones.in_words(float(value), zone)
    if not isinstance(value, str):
        return f"{value:g}"
    return value.replace("_", " ") if name.startswith("show_") else ROLE_NAMES.get(value, value)  # at_once


def _names(db: Session, actor: Actor, entries: Sequence[AuditRow]) -> dict[str, Markup]:
    """Return people, courses, assignments, submissions and regrades that these entries name, by id.

    They are links where this person staffs the course.
    """
    ids: set[str] = set()
    course_of: dict[str, str | None] = {}
    for entry in entries:
        mentioned = {entry.object_id, *_strings(entry.detail.values()), *_rows_in(entry.detail)} - {""}
        ids |= mentioned
        course_of |= dict.fromkeys(mentioned, entry.course_id)
    found = _row_names(db, ids, {entry.course_id for entry in entries})
    for id_, name in db.execute(sa.select(UserRow.id, UserRow.name).where(UserRow.id.in_(ids))):
        who = name or "(no name)"
        place = course_of[id_]
        found[id_] = _link(actor, place, f"/staff/c/{place}/people/{id_}", who)
    for id_, title in db.execute(sa.select(CourseRow.id, CourseRow.title).where(CourseRow.id.in_(ids))):
        found[id_] = escape(f"“{title}”")
    for id_, title in db.execute(sa.select(AssignmentRow.id, AssignmentRow.title).where(AssignmentRow.id.in_(ids))):
        found[id_] = _link(actor, course_of[id_], f"/staff/a/{id_}", title)
    submissions = (
        sa.select(SubmissionRow.id, SubmissionRow.number, UserRow.name, AssignmentRow.title)
        .join(UserRow, UserRow.id == SubmissionRow.user_id)
        .join(AssignmentRow, AssignmentRow.id == SubmissionRow.assignment_id)
        .where(SubmissionRow.id.in_(ids))
    )
    for id_, number, name, title in db.execute(submissions):
        words = f"submission {number} of {name or '(no name)'} to {title}"
        found[id_] = _link(actor, course_of[id_], f"/staff/s/{id_}", words)
    regraded = sa.select(RegradeRow.id, AssignmentRow.id, AssignmentRow.title).join(
        AssignmentRow, AssignmentRow.id == RegradeRow.assignment_id
    )
    for id_, assignment, title in db.execute(regraded.where(RegradeRow.id.in_(ids))):
        found[id_] = _link(actor, course_of[id_], f"/staff/a/{assignment}/regrade", title)
    return found


def _row_names(db: Session, ids: Collection[str], courses: Collection[str | None]) -> dict[str, Markup]:
    """Return the titles of rubric rows, and questions by their names, as decisions about points call them."""
    found = {id_: escape(f"question {id_.partition(':')[2]}") for id_ in ids if id_.startswith("item:")}
    if not any(id_.startswith("criterion:") for id_ in ids):
        return found
    asked = sa.select(VersionRow.about).join(AssignmentRow, AssignmentRow.version_id == VersionRow.id)
    for about in db.scalars(asked.where(AssignmentRow.course_id.in_([one for one in courses if one]))):
        found |= {f"criterion:{one['id']}": escape(one["title"]) for one in about.get("criteria", ())}
    return found


def _link(actor: Actor, course_id: str | None, address: str, words: str) -> Markup:
    if not course_id or not actor.may("see", course_id):
        return escape(words)
    return Markup('<a href="{}">{}</a>').format(address, words)


def _strings(values: Iterable[Any]) -> Iterable[str]:
    for value in values:
        if isinstance(value, str):
            yield value
        elif isinstance(value, list):
            yield from (one for one in value if isinstance(one, str))
