"""Marking again, for staff: begin, watch, look at who changes and by how much, then apply or dismiss."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Depends, HTTPException, Query, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.orm import Session

from autograder.export.gradebook import plain
from autograder.service.outbox import passback_due
from autograder.service.queue import Queue, rescued
from autograder.service.rules import policy as policies
from autograder.service.rules import regrading as rules
from autograder.service.rules.weights import QUIZ, rubric
from autograder.service.store import regrades
from autograder.service.store.locks import locked
from autograder.service.store.rows import added, version_of
from autograder.service.store.schema import AssignmentRow, JobRow, MembershipRow, RegradeRow, UserRow, VersionRow, now
from autograder.service.store.standings import refresh
from autograder.service.web.edge.access import Actor, Me, audit, not_found, staffed_assignment
from autograder.service.web.edge.forms import Fields
from autograder.service.web.edge.security import ours
from autograder.service.web.edge.site import attachment, page, site

ROWS = 500  # students on the page; the CSV has all
SHOWN = {
    "changed": "whose mark changes",
    "up": "whose mark rises",
    "down": "whose mark falls",
    "same": "whose mark stays",
    "all": "everybody",
}

router = APIRouter(prefix="/staff/a/{assignment_id}/regrade", include_in_schema=False)


@dataclass(frozen=True)
class Preview:
    """The effect of applying a regrade."""

    changes: Sequence[rules.MarkChange]
    full: tuple[float, float]  # points of the two editions' rubrics
    same: bool  # the folder holds the edition that is in use

    def of(self, way: str) -> list[rules.MarkChange]:
        every = {"all": True, "changed": None}
        return [c for c in self.changes if every.get(way) or c.way == way or (way == "changed" and c.way != "same")]

    @property
    def falls(self) -> str:
        """Stands for exactly these falls: what lowers marks is applied as it was looked at, or not at all."""
        told = "".join(f"{change.user_id} {change.old} {change.new}\n" for change in self.of("down"))
        return hashlib.sha256(told.encode()).hexdigest()


# ------------------------------------------------------------------------------------------------------- looking
@router.get("")
def look(
    request: Request, actor: Me, assignment_id: str, *, show: Annotated[str, Query(max_length=10)] = "changed"
) -> Response:
    return _page(request, actor, assignment_id, show if show in SHOWN else "changed")


def _page(
    request: Request,
    actor: Actor,
    assignment_id: str,
    show: str = "changed",
    *,
    problem: str = "",
    typed: dict[str, str] | None = None,
    status: int = 200,
) -> Response:
    with site(request).store.reading() as db:
        asked = staffed_assignment(db, actor, assignment_id, "see")
        values = _standing(db, asked)
        preview = values["preview"]
        if preview is not None:
            rows = preview.of(show)[:ROWS]
            values |= {
                "rows": rows,
                "people": people(db, asked, [change.user_id for change in rows]),
                "bands": rules.bands(preview.changes),
                "shifts": regrades.shifts(db, asked, values["version"].digest, preview.changes),
                "unmarked": _unmarked(db, values["regrade"]),
            }
        past = db.execute(
            sa.select(RegradeRow, UserRow.name)
            .outerjoin(UserRow, UserRow.id == RegradeRow.by_id)
            .where(RegradeRow.assignment_id == asked.id, RegradeRow.state.not_in(regrades.UNDER_WAY))
            .order_by(RegradeRow.made_at.desc())
            .limit(20)
        ).all()
    return page(
        request, "regrade.html", status=status, asked=asked, tab="regrade", show=show, shown=SHOWN, past=past,
        problem=problem, typed=typed or {}, most_rows=ROWS, **values,
    )  # fmt: skip


def _standing(db: Session, asked: AssignmentRow, *, looked_at: bool = True) -> dict[str, Any]:
    """The newest regrade and how far it is; `looked_at`: with a preview, once all is marked that it began with."""
    regrade = regrades.latest(db, asked)
    if regrade is None or regrade.state in ("applied", "dismissed"):
        return {"regrade": None, "preview": None, "job": None, "progress": None, "version": None, "done": True}
    job = db.scalar(sa.select(JobRow).where(regrades.jobs_of(regrade, "regrade")))
    progress = regrades.progress(db, regrade) if regrade.state == "running" else None
    version = db.get(VersionRow, regrade.version_id) if regrade.version_id else None
    done = progress is not None and not progress.waiting
    return {
        "regrade": regrade,
        "job": job,
        "progress": progress,
        "version": version,
        "done": done or regrade.state not in regrades.UNDER_WAY,
        "preview": preview_of(db, asked, version) if done and version and looked_at else None,
    }


def preview_of(db: Session, asked: AssignmentRow, version: VersionRow) -> Preview:
    return Preview(
        regrades.changes(db, asked, version.digest),
        (_full(version_of(db, asked), asked), _full(version, asked)),
        version.id == asked.version_id,
    )


def _full(version: VersionRow | None, asked: AssignmentRow) -> float:
    rows = rubric(version.about, policies.from_json(asked.policy).points) if version else []
    return float(sum(row.points for row in rows if row.id != QUIZ))


def people(db: Session, asked: AssignmentRow, users: Sequence[str]) -> dict[str, tuple[str, str, str]]:
    """Name, id on the roster and section."""
    rows = db.execute(
        sa.select(UserRow.id, UserRow.name, MembershipRow.roster_id, MembershipRow.section)
        .join(MembershipRow, (MembershipRow.user_id == UserRow.id) & (MembershipRow.course_id == asked.course_id))
        .where(UserRow.id.in_(users))
    )
    found = {id_: (name, roster, section) for id_, name, roster, section in rows}
    return {user: found.get(user, ("somebody who left", "", "")) for user in users}


def _unmarked(db: Session, regrade: RegradeRow) -> list[str]:
    """Submissions whose marking again failed, which is ours."""
    wanted = sa.and_(regrades.jobs_of(regrade, "remark"), JobRow.state == "parked")
    return [id_ for id_ in db.scalars(sa.select(JobRow.submission_id).where(wanted).limit(50)) if id_]


@router.get("/progress")
def progress(request: Request, actor: Me, assignment_id: str) -> Response:
    """The part of the page that keeps itself up to date; when there is more to see, the page loads again."""
    with site(request).store.reading() as db:
        asked = staffed_assignment(db, actor, assignment_id, "see")
        values = _standing(db, asked, looked_at=False)
    response = page(request, "_regrade_progress.html", asked=asked, **values)
    if values["done"]:
        response.headers["HX-Refresh"] = "true"
    return response


@router.get("/preview.csv")
def as_csv(request: Request, actor: Me, assignment_id: str) -> Response:
    with site(request).store.reading() as db:
        asked = staffed_assignment(db, actor, assignment_id, "see")
        preview = _standing(db, asked)["preview"]
        if preview is None:
            raise HTTPException(
                409, "There is no preview now: a regrade is still at work, or was applied or dismissed."
            )
        known = people(db, asked, [change.user_id for change in preview.changes])
    table: list[tuple[object, ...]] = [
        ("id", "name", "section", "points_before", "points_after", "change", "counting_before", "counting_after")
    ]
    for change in preview.changes:
        name, roster, section = known[change.user_id]
        table.append((roster, name, section, *_cells(change)))
    return attachment(plain(table), "regrade.csv", "text/csv; charset=utf-8")


def _cells(change: rules.MarkChange) -> list[str | float]:
    """Points, and the numbers of the submissions that count; empty where nothing does."""
    sides = (change.before, change.after)
    points = [side.points if side else "" for side in sides]
    return [*points, change.by, *(side.counting.number if side else "" for side in sides)]


# ------------------------------------------------------------------------------------------------------ deciding
@router.post("", dependencies=[Depends(ours)])
def start(request: Request, actor: Me, assignment_id: str) -> Response:
    with site(request).store.writing() as db:
        begin(db, site(request).queue, actor, staffed_assignment(db, actor, assignment_id, "run"))
    return RedirectResponse(f"/staff/a/{assignment_id}/regrade", 303)


def begin(db: Session, queue: Queue, actor: Actor, asked: AssignmentRow) -> RegradeRow:
    """Raises: HTTPException: 409, with a sentence for staff."""
    asked = locked(db, asked.id)
    if asked.version_id is None:
        raise HTTPException(409, "Nothing has been marked yet: this assignment's first edition is not proven.")
    if regrades.under_way(db, asked) is not None:
        raise HTTPException(409, "A regrade of this assignment is under way. Apply or dismiss it before the next one.")
    regrade = added(db, RegradeRow(assignment_id=asked.id, by_id=actor.id))
    queue.put(db, "regrade", "slow", course_id=asked.course_id, regrade_id=regrade.id, payload={"regrade": regrade.id})
    audit(db, actor, "regrade.begun", regrade.id, asked.course_id)
    return regrade


@router.post("/{regrade_id}/apply", dependencies=[Depends(ours)])
def apply(request: Request, actor: Me, assignment_id: str, regrade_id: str, typed: Fields) -> Response:
    lowering = typed.get("lowering") == "lower"
    problem = ""
    with site(request).store.writing() as db:
        asked = locked(db, staffed_assignment(db, actor, assignment_id, "run").id)  # from the look to the end
        if lowering and not typed.get("understood"):
            problem = "Tick that you want marks to go down, or let everybody keep the better mark. Nothing was changed."
        elif lowering and typed.get("falls") != _falls_now(db, asked):
            problem = "Since you looked, whose mark falls has changed. Look at the list again. Nothing was changed."
        else:
            applied(db, site(request).queue, actor, asked, regrade_id, lowering=lowering)
    if problem:
        return _page(request, actor, assignment_id, problem=problem, typed=typed, status=422)
    return RedirectResponse(f"/staff/a/{assignment_id}/regrade", 303)


def _falls_now(db: Session, asked: AssignmentRow) -> str:
    preview = _standing(db, asked)["preview"]
    return preview.falls if preview else ""


def applied(
    db: Session, queue: Queue, actor: Actor, asked: AssignmentRow, regrade_id: str, *, lowering: bool
) -> list[rules.MarkChange]:
    """Lets the new reports count; whoever keeps a better old one does so unless `lowering`. Returns whose mark changes.

    Raises:
        HTTPException: 404, or 409 with a sentence for staff.
    """
    asked = locked(db, asked.id)
    regrade = _of(db, asked, regrade_id)
    if regrade.state != "running" or regrades.progress(db, regrade).waiting:
        raise HTTPException(409, "This regrade cannot be applied: it is still at work, or was applied or dismissed.")
    version = db.get_one(VersionRow, regrade.version_id)
    found = regrades.changes(db, asked, version.digest)
    regrade.state, regrade.lowering, regrade.applied_at = "applied", lowering, now()
    asked.version_id = version.id
    changed = regrades.settle(db, asked, version, lowering=lowering)
    rescued(db, asked.id)
    for handed_in in regrades.left_out(db, asked, regrade, version.digest):
        queue.put(db, **regrades.remark(asked, regrade, handed_in, late=True))
    for change in changed:
        passback_due(db, queue, asked, change.user_id)
    ways = [change.way for change in changed]
    audit(
        db, actor, "regrade.applied", regrade.id, asked.course_id, digest=version.digest, lowering=lowering,
        up=ways.count("up"), down=ways.count("down"),
        kept=sum(change.way == "down" for change in found) - ways.count("down"),
    )  # fmt: skip
    return changed


@router.post("/{regrade_id}/dismiss", dependencies=[Depends(ours)])
def dismiss(request: Request, actor: Me, assignment_id: str, regrade_id: str) -> Response:
    with site(request).store.writing() as db:
        asked = locked(db, staffed_assignment(db, actor, assignment_id, "run").id)
        regrade = _of(db, asked, regrade_id)
        if regrade.state == "applied":
            raise HTTPException(409, "This regrade has been applied. Another one with the earlier edition undoes it.")
        regrade.state = "dismissed"
        db.execute(
            sa.update(JobRow)
            .where(JobRow.payload["regrade"].as_string() == regrade.id, JobRow.state.in_(("queued", "parked")))
            .values(state="superseded", finished_at=now())
        )
        refresh(db, asked)
        audit(db, actor, "regrade.dismissed", regrade.id, asked.course_id)
    return RedirectResponse(f"/staff/a/{assignment_id}/regrade", 303)


def _of(db: Session, asked: AssignmentRow, regrade_id: str) -> RegradeRow:
    regrade = db.get(RegradeRow, regrade_id, with_for_update=True)
    if regrade is None or regrade.assignment_id != asked.id:
        raise not_found()
    return regrade
