"""Groups that hand in together: who is in which, as staff edit it."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.orm import Session

from autograder.service.rules import names
from autograder.service.rules import policy as policies
from autograder.service.store.rows import STUDENTS, THERE, members
from autograder.service.store.schema import AssignmentRow, CourseRow, MembershipRow, UserRow
from autograder.service.web.edge.access import Actor, Me, audit, staffs
from autograder.service.web.edge.forms import Fields
from autograder.service.web.edge.security import ours
from autograder.service.web.edge.site import page, site
from autograder.service.web.student.groups import MOST, catch_up

ROWS = 300  # students on one page, each with a field
LONGEST = 100  # characters of a group's name

router = APIRouter(prefix="/staff/c/{course_id}/groups", include_in_schema=False)


@router.get("")
def groups(request: Request, actor: Me, course_id: str, who: str = "", section: str = "", saved: str = "") -> Response:
    staffs(actor, course_id, "see")
    return _page(request, course_id, {"who": who, "section": section}, saved=saved)


def _page(request: Request, course_id: str, asked: dict[str, str], *, saved: str = "") -> Response:
    with site(request).store.reading() as db:
        course = db.get_one(CourseRow, course_id)
        students = members(db, course_id, *STUDENTS, THERE)
        every = db.scalars(sa.select(AssignmentRow).where(AssignmentRow.course_id == course_id)).all()
    found: dict[str, list[UserRow]] = defaultdict(list)
    for user, member in students:
        if member.group_name:
            found[member.group_name].append(user)
    wanted = asked["who"].strip().casefold()
    matching = [
        (user, member)
        for user, member in students
        if asked["section"] in ("", member.section)
        and (not wanted or any(wanted in (text or "").casefold() for text in (user.name, user.email, member.roster_id)))
    ]
    told = saved.split("-")
    values: dict[str, Any] = {
        "groups": dict(sorted(found.items(), key=lambda group: names.natural(group[0]))),
        "alone": sum(not member.group_name for _, member in students),
        "assignments": [one for one in every if policies.from_json(one.policy).groups],
        "sections": sorted({member.section for _, member in students if member.section}),
        "saved": told if len(told) == 2 and all(one.isdigit() for one in told) else None,
    }
    return page(
        request, "staff_groups.html", course=course, asked=asked, shown=matching[:ROWS], matching=len(matching),
        count=len(students), most=MOST, typed={}, problem="", **values,
    )  # fmt: skip


@router.post("", dependencies=[Depends(ours)])
def change_groups(request: Request, actor: Me, course_id: str, typed: Fields) -> Response:
    staffs(actor, course_id, "run")
    changed = given = 0
    with site(request).store.writing() as db:
        db.get_one(CourseRow, course_id, with_for_update=True)  # two people who edit groups do so one after the other
        for user, member in members(db, course_id, *STUDENTS, THERE):
            field = f"group.{user.id}"
            if field in typed and (name := named(typed[field])) != member.group_name:
                given += moved(request, db, actor, member, name)
                changed += 1
    kept = {name: typed[name] for name in ("who", "section") if typed.get(name)}
    where = str(request.url_for("groups", course_id=course_id).include_query_params(saved=f"{changed}-{given}", **kept))
    return RedirectResponse(where, 303)


def named(text: str) -> str:
    return " ".join(text.split())[:LONGEST]


def moved(request: Request, db: Session, actor: Actor, member: MembershipRow, name: str) -> int:
    """Put somebody into a group, or with "" into none; return how many submissions of the group they get."""
    before, member.group_name = member.group_name, name
    changes = {"before": {"group": before}, "after": {"group": name}}
    audit(db, actor, "member.grouped", member.user_id, member.course_id, **changes)
    db.flush()
    return catch_up(db, site(request).queue, member.course_id, member.user_id)
