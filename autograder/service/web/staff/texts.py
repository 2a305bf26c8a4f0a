"""Free-text answers, which only a person can mark: by question, students unnamed, the same answer of several once."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.orm import Session

from autograder.service.outbox import passback_due
from autograder.service.rules.grades import Text
from autograder.service.store import reports
from autograder.service.store.grades import text_points
from autograder.service.store.locks import locked
from autograder.service.store.schema import AssignmentRow, ReportRow, TextMarkRow, UserRow, now
from autograder.service.store.standings import refresh, texts
from autograder.service.web.edge.access import Me, audit, not_found, staffed_assignment
from autograder.service.web.edge.forms import BadField, Fields, typed_number
from autograder.service.web.edge.security import ours
from autograder.service.web.edge.site import page, site

router = APIRouter(prefix="/staff/a/{assignment_id}/texts", include_in_schema=False)


@dataclass(frozen=True)
class Group:
    """One answer to one question, of everybody who gave it."""

    text: Text
    users: tuple[str, ...]
    report_id: str  # of one of them
    marks: tuple[float | None, ...]  # of each; None = waits

    @property
    def waits(self) -> bool:
        return None in self.marks


@dataclass(frozen=True)
class RubricRow:
    """A row of a text's rubric; `found`: its words that occur in the answer, a place to look."""

    points: float
    what: str
    found: str


@dataclass(frozen=True)
class TextContext:
    """The context of an answer: the question with its student's numbers, a sample answer, the rubric."""

    question: str
    answer: str
    sample: str
    rubric: tuple[RubricRow, ...]


@router.get("")
def questions(request: Request, actor: Me, assignment_id: str) -> Response:
    with site(request).store.reading() as db:
        asked = staffed_assignment(db, actor, assignment_id, "see")
        groups = _groups(db, asked)
    by_item: dict[str, list[Group]] = defaultdict(list)
    for group in groups:
        by_item[group.text.item].append(group)
    return page(request, "staff_texts.html", asked=asked, tab="texts", by_item=by_item)


@router.get("/{item}")
def answer(
    request: Request, actor: Me, assignment_id: str, item: str, *, digest: str = "", names: bool = False
) -> Response:
    """The one of this digest; or the first that waits; or the list of what is marked."""
    return _answer_page(request, actor, assignment_id, item, digest, names=names)


def _answer_page(
    request: Request,
    actor: Me,
    assignment_id: str,
    item: str,
    digest: str,
    *,
    names: bool,
    problem: str = "",
    status: int = 200,
    typed: dict[str, str] | None = None,
) -> Response:
    with site(request).store.reading() as db:
        asked = staffed_assignment(db, actor, assignment_id, "see")
        groups = [group for group in _groups(db, asked) if group.text.item == item]
        if not groups or (digest and digest not in {group.text.digest for group in groups}):
            raise not_found()
        waiting = [group for group in groups if group.waits]
        shown = next((group for group in groups if group.text.digest == digest), waiting[0] if waiting else None)
        values: dict[str, Any] = {"given": None, "seen": "", "text": None, "people": []}
        if shown is not None:
            values["text"] = _read(db, shown)
            values["after"] = _after(waiting, shown)
            marks = db.scalars(_marks(asked, shown)).all()
            values["given"] = next(iter(marks), None)
            values["seen"] = typed.get("seen", "") if typed and status == 422 else _seen(marks)
            if names:
                values["people"] = list(db.scalars(sa.select(UserRow.name).where(UserRow.id.in_(shown.users))))
    return page(
        request, "staff_text.html", status=status, asked=asked, tab="texts", item=item, shown=shown,
        groups=groups, waiting=len(waiting), names=names, problem=problem, typed=typed or {}, **values,
    )  # fmt: skip


@router.post("/{item}", dependencies=[Depends(ours)])
def mark(request: Request, actor: Me, assignment_id: str, item: str, typed: Fields) -> Response:
    """The points of an answer, for everybody who gave it; then the next."""
    digest, names = typed.get("digest", ""), bool(typed.get("names"))
    with site(request).store.writing() as db:
        asked = locked(db, staffed_assignment(db, actor, assignment_id, "mark").id)  # one person marks at a time
        groups = [group for group in _groups(db, asked) if (group.text.item, group.text.digest) == (item, digest)]
        if not groups:
            raise not_found()
        group = groups[0]
        known, problem, status = db.scalars(_marks(asked, group)).all(), "", 200
        try:
            points = round(typed_number(typed.get("points", ""), "Points", most=group.text.points), 2)
        except BadField as error:
            problem, status = str(error), 422
        else:
            comment = typed.get("comment", "").strip()[:4000]
            if known and typed.get("seen", "") != _seen(known) and _given(known) != {(points, comment)}:
                problem, status = _overtaken(group, known[0]), 409
            else:
                _store(db, actor.id, asked, group, known, points, comment)
                audit(db, actor, "text.marked", item, asked.course_id, answer=digest[:12], points=points,
                      users=list(group.users))  # fmt: skip
                refresh(db, asked, group.users)
                for user in group.users:
                    passback_due(db, site(request).queue, asked, user)
    if problem:
        return _answer_page(
            request, actor, assignment_id, item, digest, names=names, problem=problem, status=status, typed=typed
        )
    return RedirectResponse(f"/staff/a/{assignment_id}/texts/{item}{'?names=1' if names else ''}", 303)


def _store(
    db: Session, by: str, asked: AssignmentRow, group: Group, known: Sequence[TextMarkRow], points: float, comment: str
) -> None:
    marked = {mark.user_id: mark for mark in known}
    for user in group.users:
        mark = marked.get(user) or TextMarkRow(
            assignment_id=asked.id, user_id=user, item_id=group.text.item, answer_digest=group.text.digest
        )
        mark.points, mark.comment, mark.by_id, mark.made_at = points, comment, by, now()
        db.add(mark)


def _given(marks: Sequence[TextMarkRow]) -> set[tuple[float, str]]:
    return {(mark.points, mark.comment) for mark in marks}


def _seen(marks: Sequence[TextMarkRow]) -> str:
    """Stands for the marks that a form was made with; "" for none."""
    return hashlib.sha256(repr(sorted(_given(marks))).encode()).hexdigest() if marks else ""


def _overtaken(group: Group, mark: TextMarkRow) -> str:
    comment = f" and the comment “{mark.comment}”" if mark.comment else ""
    return (
        f"Somebody has marked this answer since you opened it, with {mark.points:g} of {group.text.points:g} points"
        f"{comment}. Nothing of yours was saved, and it stands below: save it again if it is to count instead."
    )


def _marks(asked: AssignmentRow, group: Group) -> sa.Select[TextMarkRow]:
    return sa.select(TextMarkRow).where(
        TextMarkRow.assignment_id == asked.id,
        TextMarkRow.item_id == group.text.item,
        TextMarkRow.answer_digest == group.text.digest,
        TextMarkRow.user_id.in_(group.users),
    )


def _groups(db: Session, asked: AssignmentRow) -> list[Group]:
    """Every answer that matters, the oldest first."""
    every = texts(db, asked)
    given = text_points(db, asked, answers={text.digest for _, _, text in every})
    found: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)  # (item, digest) -> user -> report
    first: dict[tuple[str, str], Text] = {}
    for user, report, text in every:
        first.setdefault((text.item, text.digest), text)
        found[text.item, text.digest].setdefault(user, report)
    return [
        Group(
            first[key],
            tuple(users),
            next(iter(users.values())),
            tuple(given.get((user, *key)) for user in users),
        )
        for key, users in found.items()
    ]


def _after(waiting: Sequence[Group], shown: Group) -> Group | None:
    """Return the answer to go on with, where this one is left for later: the next that waits, then the first."""
    others = [group for group in waiting if group is not shown]
    places = [place for place, group in enumerate(waiting) if group is shown]
    return others[places[0] % len(others)] if others and places else next(iter(others), None)


def _read(db: Session, group: Group) -> TextContext:
    """The answer with what the worker wrote for who marks it."""
    verdict = reports.unpack(db.get_one(ReportRow, group.report_id).body)
    item = next(one for one in verdict.quiz if one.id == group.text.item)
    assert item.awaited is not None
    for_staff = item.for_staff.removeprefix(f"Answer to {item.id}:\n{item.awaited.answer}")
    question, sample = (item.detail.prompt, item.detail.right) if item.detail else ("", "")
    return TextContext(question, item.awaited.answer, sample, rubric(for_staff))


def rubric(for_staff: str) -> tuple[RubricRow, ...]:
    """Return the rows of a rubric as quiz.kinds.text writes them: `0.5 · what it asks for: words, that occur`."""
    rows = re.findall(r"^(\d+(?:\.\d+)?) · (.*): ([^:\n]*)$", for_staff, re.MULTILINE)
    return tuple(RubricRow(float(points), what, "" if found == "none" else found) for points, what, found in rows)
