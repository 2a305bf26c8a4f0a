"""Settings of an assignment: when it is due, the late deduction, what is shown. Previews whose marks change."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.orm import Session

from autograder.service.outbox import passbacks_due
from autograder.service.rules import policy as policies
from autograder.service.rules import regrading as rules
from autograder.service.rules import zones
from autograder.service.rules.weights import QUIZ, Row, rubric
from autograder.service.store import regrades
from autograder.service.store.grades import ByReport, Judged, extensions, judged_by, weigh, with_quiz
from autograder.service.store.locks import locked
from autograder.service.store.rows import STUDENTS, THERE, members, version_of
from autograder.service.store.schema import AssignmentRow, CourseRow, NoticeRow, now
from autograder.service.store.standings import refresh, standings
from autograder.service.web.edge.access import Me, audit, staffed_assignment
from autograder.service.web.edge.forms import (
    BadField,
    Fields,
    time_field,
    typed_count,
    typed_line,
    typed_number,
    typed_time,
)
from autograder.service.web.edge.security import ours
from autograder.service.web.edge.site import page, site
from autograder.service.web.staff.regrade import people
from autograder.service.web.student.submitting import judge_lateness

SHOW = ("at_once", "after_due", "never")
LABELS = {  # of the form, and of the sentences that refuse what was typed into it
    "opens_at": "Opens",
    "due_at": "Due",
    "grace_minutes": "Grace period",
    "late_days": "Late days",
    "late_percent_per_day": "Late deduction",
    "limit": "Submission limit",
    "window_minutes": "Time window",
    "counts": "Which submission counts",
    "release_at": "Released not before",
    "show_marks": "Marks",
    "show_hints": "Hints, numbers and pictures",
    "show_quiz": "Points of the quiz, and which answers were right",
}
DECIDING = {  # what decides which submission counts and for how much, as a notice calls it
    "due_at": "the due time",
    "grace_minutes": "the time of grace",
    "late_percent_per_day": "the late deduction",
    "counts": "which submission counts",
    "time_zone": "the time zone",
    "points": "the rubric",
}
LATENESS = {"due_at", "grace_minutes"}  # what decides how late a submission is
REGRADING = (
    "A regrade is under way. It uses the current rules to decide which submission counts. Apply or dismiss it before "
    "you change when it is due, the late deduction, which submission counts or the points of the rubric."
)
MOST_ROWS = 200  # of a preview
MOST_POINTS = 1000.0  # of a row

router = APIRouter(prefix="/staff/a/{assignment_id}/settings", include_in_schema=False)


@router.get("")
def settings(request: Request, actor: Me, assignment_id: str, *, saved: bool = False) -> Response:
    with site(request).store.reading() as db:
        asked = staffed_assignment(db, actor, assignment_id, "see")
        rows = _rubric(db, asked)
    return _form(request, asked, rows, _as_typed(asked.title, policies.from_json(asked.policy), rows), saved=saved)


def _rubric(db: Session, asked: AssignmentRow) -> list[Row]:
    """Return the rows of the edition in use, by the points of this course; empty until it is proven."""
    version = version_of(db, asked)
    return rubric(version.about, policies.from_json(asked.policy).points) if version else []


def _form(
    request: Request,
    asked: AssignmentRow,
    rows: Sequence[Row],
    typed: Mapping[str, str],
    problems: Sequence[str] = (),
    *,
    saved: bool = False,
) -> Response:
    return page(
        request, "staff_settings.html", status=422 if problems else 200, asked=asked, tab="settings",
        rows=rows, typed=typed, problems=problems, labels=LABELS, saved=saved,
    )  # fmt: skip


@router.post("", dependencies=[Depends(ours)])
def save_settings(request: Request, actor: Me, assignment_id: str, typed: Fields) -> Response:
    """Save them. Where marks would change, show whose first: they are saved once that has been seen."""
    store = site(request).store
    if "seen" not in typed:  # who only looks holds up nobody that writes
        with store.reading() as db:
            asked = staffed_assignment(db, actor, assignment_id, "run")
            wanted = _wanted(db, asked, typed)
        if wanted.foreseen is None or wanted.foreseen.changes:
            return _not_saved(request, asked, typed, wanted)
    with store.writing() as db:
        asked = locked(db, staffed_assignment(db, actor, assignment_id, "run").id)  # no extension is given meanwhile
        wanted = _wanted(db, asked, typed)
        preview = wanted.foreseen.changes if wanted.foreseen else []
        agreed = not preview or typed.get("seen") == _seen(preview)
        if wanted.chosen is not None and wanted.foreseen is not None and agreed:
            asked.title = typed_line(typed, "title")
            adopt(request, db, actor, asked, wanted.chosen, wanted.foreseen)
            return RedirectResponse(f"/staff/a/{asked.id}/settings?saved=1", 303)
    return _not_saved(request, asked, typed, wanted)


@dataclass
class Foreseen:
    """The marks of everybody by a policy that does not hold yet."""

    changes: list[rules.MarkChange]  # whose points change, those who lose most first
    standings: Judged | None = None  # of everybody; None: nothing is judged anew
    sums: ByReport = field(default_factory=dict)  # by its points


@dataclass(frozen=True)
class _Wanted:
    """A filled form and its effect, which is None where it cannot be saved."""

    rows: list[Row]
    problems: list[str]
    chosen: policies.Policy | None
    foreseen: Foreseen | None


def _wanted(db: Session, asked: AssignmentRow, typed: dict[str, str]) -> _Wanted:
    rows = _rubric(db, asked)
    problems, chosen = _policy(typed, db.get_one(CourseRow, asked.course_id).time_zone, rows)
    if not typed_line(typed, "title"):
        problems.append("The assignment needs a title.")
    if chosen is not None and regrades.under_way(db, asked) and _changed(asked, chosen):
        problems.append(REGRADING)
    possible = chosen if not problems and not typed.get("back") else None
    return _Wanted(rows, problems, chosen, foresee(db, asked, possible) if possible is not None else None)


def _not_saved(request: Request, asked: AssignmentRow, typed: dict[str, str], wanted: _Wanted) -> Response:
    """The preview of what was asked for, or the form as it was typed."""
    known = _as_typed(asked.title, policies.from_json(asked.policy), wanted.rows)
    again = {name: typed.get(name, "") for name in known} | {"time_zone": known["time_zone"]}
    if wanted.foreseen is None:
        return _form(request, asked, wanted.rows, again, wanted.problems)
    return _preview_page(request, asked, again, wanted.foreseen.changes, overtaken="seen" in typed)


def _preview_page(
    request: Request,
    asked: AssignmentRow,
    typed: Mapping[str, str],
    preview: Sequence[rules.MarkChange],
    *,
    overtaken: bool,
) -> Response:
    shown = preview[:MOST_ROWS]
    with site(request).store.reading() as db:
        names = people(db, asked, [change.user_id for change in shown])
    ways = [change.way for change in preview]
    return page(
        request, "staff_settings_preview.html", asked=asked, tab="settings", typed=typed, rows=shown, people=names,
        ups=ways.count("up"), downs=ways.count("down"), stays=ways.count("same"), seen=_seen(preview),
        overtaken=overtaken, most=MOST_ROWS,
    )  # fmt: skip


def _seen(preview: Sequence[rules.MarkChange]) -> str:
    """Return what stands for exactly these changes, so that what was looked at is what is saved."""
    told = [(change.user_id, change.old, change.new, change.rescaled) for change in preview]
    return hashlib.sha256(repr(sorted(told)).encode()).hexdigest()


def foresee(db: Session, asked: AssignmentRow, chosen: policies.Policy) -> Foreseen:
    """Return what would change by this policy."""
    if not _changed(asked, chosen):
        return Foreseen([])
    found = Foreseen([])
    found.standings = judged_by(db, asked, chosen, sums=found.sums)
    every = rules.changes(standings(db, asked), found.standings)
    found.changes = [change for change in every if change.by or change.rescaled]
    return found


def adopt(
    request: Request, db: Session, actor: Me, asked: AssignmentRow, chosen: policies.Policy, foreseen: Foreseen
) -> None:
    """Let a policy hold: judge everybody anew, and tell students and platforms what it changes."""
    before, asked.policy = policies.from_json(asked.policy), policies.to_json(chosen)
    changed = {key: value for key, value in asked.policy.items() if getattr(before, key) != value}
    audit(db, actor, "assignment.policy", asked.id, asked.course_id, changed=changed, marks=len(foreseen.changes))
    if changed.keys() & LATENESS:
        judge_lateness(db, asked)
    if "points" in changed:
        quiz = before.points.get(QUIZ) != chosen.points.get(QUIZ)
        weigh(db, asked, foreseen.sums, quiz=quiz)
    refresh(db, asked, ideas=False, known=foreseen.standings)
    passbacks_due(db, site(request).queue, asked)
    _tell(db, asked, before, chosen, foreseen.changes)


def _tell(
    db: Session,
    asked: AssignmentRow,
    before: policies.Policy,
    after: policies.Policy,
    preview: Sequence[rules.MarkChange],
) -> None:
    what = [name for key, name in DECIDING.items() if getattr(before, key) != getattr(after, key)]
    moved = {change.user_id: change for change in preview}
    due = _due_moved(db, asked, before, after) if asked.open else {}
    extended, quiz = extensions(db, asked), asked.id in with_quiz(db, [asked])
    for user in [*moved, *(due.keys() - moved.keys())]:
        change = moved.get(user)
        told = [f"It is now {due[user]}."] if user in due else []
        if change is not None:
            points = policies.points_shown(after, now(), policies.due_for(after, extended.get(user)), quiz=quiz)
            told.append(rules.policy_notice(change, what, points=points))
        text = f"{asked.title}: {' '.join(told)}"
        if change is None:
            tell_due(db, asked, user, text)
        else:
            about = {"submission_id": _counting(change), "course_id": asked.course_id}
            db.add(NoticeRow(user_id=user, kind="changed", text=text, **about))


def tell_due(db: Session, asked: AssignmentRow, user: str, text: str) -> None:
    """Tell a student their due time. What was told of this assignment before is no longer true, and goes."""
    key = f"due-time:{asked.id}"
    db.execute(sa.delete(NoticeRow).where(NoticeRow.user_id == user, NoticeRow.key == key))
    db.add(NoticeRow(user_id=user, course_id=asked.course_id, kind="extended", text=text, key=key))


def _counting(change: rules.MarkChange | None) -> str | None:
    standing = (change.after or change.before) if change else None
    return standing.counting.submission_id if standing else None


def _due_moved(db: Session, asked: AssignmentRow, before: policies.Policy, after: policies.Policy) -> dict[str, str]:
    """Return the students of the course whose own due time changes, with the new one in words."""
    if before.due_at == after.due_at:
        return {}
    extended = extensions(db, asked)
    moved = {}
    for user, _ in members(db, asked.course_id, *STUDENTS, THERE):
        own = policies.due_for(after, extended.get(user.id))
        if own != policies.due_for(before, extended.get(user.id)):
            moved[user.id] = f"due on {zones.in_words(own, after.time_zone)}" if own else "without a due time"
    return moved


def _changed(asked: AssignmentRow, chosen: policies.Policy) -> bool:
    """Return whether another submission may count by this policy, or the same one for other points."""
    now_used = policies.from_json(asked.policy)
    return any(getattr(now_used, name) != getattr(chosen, name) for name in DECIDING)


def _as_typed(title: str, policy: policies.Policy, rows: Sequence[Row]) -> dict[str, str]:
    """The fields of the form, as texts."""
    numbers = ("grace_minutes", "late_percent_per_day", "late_days", "limit", "window_minutes")
    return {
        "title": title,
        "time_zone": policy.time_zone,
        "opens_at": time_field(policy.opens_at, policy.time_zone),
        "due_at": time_field(policy.due_at, policy.time_zone),
        "release_at": time_field(policy.release_at, policy.time_zone),
        **{name: f"{getattr(policy, name):g}" for name in numbers},
        **{name: getattr(policy, name) for name in ("counts", "show_marks", "show_hints", "show_quiz")},
        **{f"points.{row.id}": f"{row.points:g}" for row in rows},
        "groups": "1" if policy.groups else "",
    }


def _policy(typed: dict[str, str], zone: str, rows: Sequence[Row]) -> tuple[list[str], policies.Policy | None]:
    """All that is wrong with the fields; or the policy."""
    readers: dict[str, Callable[[str, str], Any]] = {
        "opens_at": lambda text, label: typed_time(text, label, zone),
        "due_at": lambda text, label: typed_time(text, label, zone),
        "grace_minutes": typed_number,
        "late_days": lambda text, label: typed_count(text, label, most=1000),
        "late_percent_per_day": lambda text, label: typed_number(text, label, most=100),
        "limit": typed_count,
        "window_minutes": lambda text, label: typed_number(text, label, least=1, most=1e6),
        "counts": lambda text, label: _one_of(text, ("best", "latest"), label),
        "release_at": lambda text, label: typed_time(text, label, zone),
        "show_marks": lambda text, label: _one_of(text, SHOW, label),
        "show_hints": lambda text, label: _one_of(text, SHOW, label),
        "show_quiz": lambda text, label: _one_of(text, SHOW, label),
    }
    problems: list[str] = []
    values: dict[str, Any] = {}
    for name, read in readers.items():
        try:
            values[name] = read(typed.get(name, ""), LABELS[name])
        except BadField as error:
            problems.append(str(error))
    points = _points(typed, rows, problems)
    if problems:
        return problems, None
    try:
        return [], policies.checked(
            policies.Policy(**values, time_zone=zone, points=points, groups=typed.get("groups") == "1")
        )
    except policies.BadPolicy as error:
        return [str(error)], None


def _points(typed: Mapping[str, str], rows: Sequence[Row], problems: list[str]) -> dict[str, float]:
    """Return the points that differ from the edition's; an empty field takes them back."""
    found = {}
    for row in rows:
        text = typed.get(f"points.{row.id}", f"{row.points}").strip() or f"{row.own}"
        try:
            found[row.id] = round(typed_number(text, f"Points of “{row.title}”", most=MOST_POINTS), 2)
        except BadField as error:
            problems.append(str(error))
    if rows and not problems and not any(found.values()):
        problems.append("Every row of the rubric has 0 points. Give at least one row points.")
    return {row.id: found[row.id] for row in rows if found.get(row.id, row.own) != row.own}


def _one_of(text: str, known: tuple[str, ...], label: str) -> str:
    if text not in known:
        raise BadField(f"{label}: choose one from the list.")
    return text
