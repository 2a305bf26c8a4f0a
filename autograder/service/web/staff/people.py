"""A course's people: the roster and its import, roles, sections, sign-in links, extensions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Depends, File, HTTPException, Request, UploadFile
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.orm import Session

from autograder.export.gradebook import plain
from autograder.roster import decoded
from autograder.service.operate import CannotOperate
from autograder.service.operate.people import erase
from autograder.service.rules import roster
from autograder.service.store.grades import points_of
from autograder.service.store.links import end_access, new_link
from autograder.service.store.rows import STUDENTS, THERE, added, count, members
from autograder.service.store.schema import (
    AssignmentRow,
    CourseRow,
    ExtensionRow,
    MembershipRow,
    PlatformUserRow,
    ReportRow,
    SubmissionRow,
    UserRow,
)
from autograder.service.store.standings import standings_of
from autograder.service.web.edge.access import Actor, Me, audit, known, not_found, staffs
from autograder.service.web.edge.forms import Fields, time_field, typed_line
from autograder.service.web.edge.security import ours
from autograder.service.web.edge.site import attachment, page, site
from autograder.service.web.staff.groups import moved, named
from autograder.service.web.student.groups import catch_up

ROLES = ("student", "observer", "ta", "staff")  # each may do what the ones before it may, and more

MOST_SHOWN = 50  # submissions of one person to one assignment

router = APIRouter(prefix="/staff/c/{course_id}", include_in_schema=False)


@router.get("/roster")
def people(
    request: Request, actor: Me, course_id: str, section: str = "", role: str = "", who: str = "", done: str = ""
) -> Response:
    staffs(actor, course_id, "see")
    with site(request).store.reading() as db:
        everybody = _everybody(db, course_id)
        course = db.get_one(CourseRow, course_id)
    wanted = who.strip().casefold()
    shown = [
        (user, member)
        for user, member in everybody
        if (not section or member.section == section)
        and (not role or role == ("dropped" if member.dropped else member.role))
        and (not wanted or any(wanted in (text or "").casefold() for text in (user.name, user.email, member.roster_id)))
    ]
    sections = sorted({member.section for _, member in everybody if member.section})
    asked = {"section": section, "role": role, "who": who}
    return page(
        request,
        "staff_people.html",
        course=course,
        shown=shown,
        count=len(everybody),
        grouped=any(member.group_name for _, member in everybody),
        sections=sections,
        asked=asked,
        done=done,
    )


def _everybody(db: Session, course_id: str) -> list[tuple[UserRow, MembershipRow]]:
    """Return staff first, who may do most before the others."""
    return sorted(members(db, course_id), key=lambda row: -ROLES.index(row[1].role))


# ------------------------------------------------------------------------------------------------------ the roster
@router.get("/roster/import")
def ask_roster(request: Request, actor: Me, course_id: str) -> Response:
    staffs(actor, course_id, "run")
    return _form(request, course_id)


def _form(request: Request, course_id: str, *, text: str = "", problem: str = "") -> Response:
    with site(request).store.reading() as db:
        course = db.get_one(CourseRow, course_id)
    status = 422 if problem else 200
    return page(request, "staff_roster.html", status=status, course=course, text=text, problem=problem, plan=None)


@router.post("/roster/import", dependencies=[Depends(ours)])
def preview_roster(
    request: Request, actor: Me, course_id: str, typed: Fields, file: Annotated[UploadFile | None, File()] = None
) -> Response:
    """Show what the roster would change. Nothing is stored: the preview's form carries the text."""
    staffs(actor, course_id, "run")
    text, encoding = typed.get("text", ""), "utf-8"
    try:
        if file is not None and file.size:
            text, encoding = decoded(file.file.read(roster.MOST_BYTES + 1))
        rows, remarks = roster.read(text), roster.remarks(text, encoding)
    except roster.BadRoster as error:
        return _form(request, course_id, text=text[: roster.MOST_BYTES], problem=str(error))
    with site(request).store.reading() as db:
        plan = _plan(db, actor, course_id, rows)
        course = db.get_one(CourseRow, course_id)
    return page(request, "staff_roster.html", course=course, text=text, problem="", plan=plan, remarks=remarks)


@router.post("/roster/apply", dependencies=[Depends(ours)])
def apply_roster(request: Request, actor: Me, course_id: str, typed: Fields) -> Response:
    staffs(actor, course_id, "run")
    text = typed.get("text", "")
    with site(request).store.writing() as db:
        # Two people who import at once do so one after the other.
        course = db.get_one(CourseRow, course_id, with_for_update=True)
        try:
            plan = _plan(db, actor, course_id, roster.read(text))
        except roster.BadRoster as error:
            raise HTTPException(422, str(error)) from error
        if plan.conflicts:
            return page(
                request, "staff_roster.html", status=422, course=course, text=text, problem="", plan=plan, remarks=()
            )
        dropped = plan.missing if typed.get("drop") else ()
        _apply(db, course_id, plan, dropped)
        _catch_up(request, db, course_id, plan)
        audit(
            db,
            actor,
            "roster.imported",
            course_id,
            course_id,
            new=len(plan.new),
            changed=len(plan.changed),
            dropped=len(dropped),
        )
    told = f"{len(plan.new)}-{len(plan.changed)}-{len(dropped)}"
    return RedirectResponse(f"/staff/c/{course_id}/roster?done={told}", 303)


def _plan(db: Session, actor: Actor, course_id: str, rows: Sequence[roster.MemberRow]) -> roster.ImportPlan:
    there = _members(db, actor, course_id)
    addresses = {row.email for row in rows if row.email} - {member.email for member in there}
    return roster.plan(rows, there, set(db.scalars(sa.select(UserRow.email).where(UserRow.email.in_(addresses)))))


def _members(db: Session, actor: Actor, course_id: str) -> list[roster.Member]:
    foreign = shared(db, actor)
    called: dict[str, set[str]] = {}  # by their platforms
    for user, subject in db.execute(sa.select(PlatformUserRow.user_id, PlatformUserRow.subject)):
        called.setdefault(user, set()).add(subject[:100])
    return [
        roster.Member(
            user.id,
            member.roster_id,
            user.name,
            user.email or "",
            member.section,
            "erased" if user.erased_at is not None else member.role,
            member.dropped,
            others=tuple(member.other_ids),
            placeholder=member.roster_id in called.get(user.id, ()),
            shared=user.id in foreign,
            group=member.group_name,
        )
        for user, member in _everybody(db, course_id)
    ]


def _apply(db: Session, course_id: str, plan: roster.ImportPlan, dropped: tuple[roster.Member, ...]) -> None:
    users = {user.id: (user, member) for user, member in _everybody(db, course_id)}
    for change in plan.changed:
        user, member = users[change.member.user_id]
        user.name = change.columns.get("name", ("", user.name))[1]
        user.email = change.columns["email"][1] if "email" in change.columns else user.email
        member.section = change.columns.get("section", ("", member.section))[1]
        member.group_name = change.columns.get("group", ("", member.group_name))[1]
        member.dropped = False if "state" in change.columns else member.dropped
        further = [id_ for id_ in change.row.others if id_ not in (member.roster_id, *member.other_ids)]
        if "id" in change.columns:
            member.drawn_as = member.quiz_id
            further.append(member.roster_id)
            member.roster_id = change.row.id
        member.other_ids = [*member.other_ids, *further]
    for one in dropped:
        users[one.user_id][1].dropped = True
    emails = [row.email for row in plan.new if row.email]
    elsewhere = {user.email: user for user in db.scalars(sa.select(UserRow).where(UserRow.email.in_(emails)))}
    for row in plan.new:
        new = elsewhere.get(row.email) if row.email else None  # somebody who is in another course of this service
        new = new or added(db, UserRow(name=row.name or row.id, email=row.email or None))
        db.add(
            MembershipRow(
                course_id=course_id,
                user_id=new.id,
                role="student",
                roster_id=row.id,
                section=row.section,
                group_name=row.group,
                other_ids=list(row.others),
            )
        )


def _catch_up(request: Request, db: Session, course_id: str, plan: roster.ImportPlan) -> None:
    """Give whoever came into a group what it has handed in."""
    db.flush()
    ids = {row.id for row in plan.new if row.group}
    new = db.scalars(
        sa.select(MembershipRow.user_id).where(MembershipRow.course_id == course_id, MembershipRow.roster_id.in_(ids))
    ).all()
    for user_id in [*new, *(change.member.user_id for change in plan.changed if "group" in change.columns)]:
        catch_up(db, site(request).queue, course_id, user_id)


# ---------------------------------------------------------------------------------------------------------- links
def shared(db: Session, actor: Actor) -> set[str]:
    """Return people beyond the rights of this member of staff: operators, and people of courses that others staff.

    Whoever holds a person's link is that person, everywhere. So staff make no links for these, do not rename them, and
    do not make them staff: others may hold their links.
    """
    if actor.operator:
        return set()
    elsewhere = sa.select(MembershipRow.user_id).where(MembershipRow.course_id.not_in(actor.runs))
    return set(db.scalars(elsewhere)) | set(db.scalars(sa.select(UserRow.id).where(UserRow.operator)))


@router.post("/links", dependencies=[Depends(ours)])
def all_links(request: Request, actor: Me, course_id: str) -> Response:
    """A new link for each student, as a table for a mail merge. Shown once: nobody can look it up later."""
    staffs(actor, course_id, "run")
    table = [("id", "name", "email", "section", "link")]
    with site(request).store.writing() as db:
        foreign = shared(db, actor)
        for user, member in members(db, course_id, *STUDENTS, THERE):
            link = "" if user.id in foreign else new_link(db, user.id, site(request).settings.public_url)
            table.append((member.roster_id, user.name, user.email or "", member.section, link))
        audit(db, actor, "links.made", course_id, course_id, count=sum(bool(link) for *_, link in table[1:]))
    return attachment(plain(table), "links.csv", "text/csv")


@router.post("/people/{user_id}/link", dependencies=[Depends(ours)])
def one_link(request: Request, actor: Me, course_id: str, user_id: str) -> Response:
    staffs(actor, course_id, "run")
    with site(request).store.writing() as db:
        user, _ = person_of(db, course_id, user_id)
        if user_id in shared(db, actor):
            raise HTTPException(403, "This person is in other courses too, or runs the service: ask an operator.")
        link = new_link(db, user_id, site(request).settings.public_url)
        audit(db, actor, "link.made", user_id, course_id)
    back = f"/staff/c/{course_id}/people/{user_id}"
    return page(request, "staff_link.html", link=link, person=user, back=back, where=user.name)


# ------------------------------------------------------------------------------------------------------ one person
@router.get("/people/{user_id}")
def person(request: Request, actor: Me, course_id: str, user_id: str) -> Response:
    staffs(actor, course_id, "see")
    return person_page(request, actor, course_id, user_id)


def person_of(db: Session, course_id: str, user_id: str) -> tuple[UserRow, MembershipRow]:
    return db.get_one(UserRow, user_id), known(db, MembershipRow, (course_id, user_id))


def person_page(
    request: Request,
    actor: Actor,
    course_id: str,
    user_id: str,
    *,
    problem: str = "",
    typed: dict[str, str] | None = None,
) -> Response:
    with site(request).store.reading() as db:
        user, member = person_of(db, course_id, user_id)
        rows = db.execute(
            sa.select(AssignmentRow, ExtensionRow)
            .outerjoin(
                ExtensionRow, (ExtensionRow.assignment_id == AssignmentRow.id) & (ExtensionRow.user_id == user_id)
            )
            .where(AssignmentRow.course_id == course_id)
            .order_by(AssignmentRow.made_at)
        ).all()
        handed_in = _handed_in(db, course_id, user_id)
        points: dict[str, float] = {}
        for asked, _ in rows:
            points |= points_of(db, asked, [row["id"] for row in handed_in.get(asked.id, ())])
        values: dict[str, Any] = {
            "course": db.get_one(CourseRow, course_id),
            "linkable": actor.may("run", course_id) and user_id not in shared(db, actor) and user.erased_at is None,
            "standings": standings_of(db, user_id, [asked for asked, _ in rows]),
            "handed_in": handed_in,
            "points": points,
        }
    return page(
        request,
        "staff_person.html",
        status=422 if problem else 200,
        user=user,
        member=member,
        rows=rows,
        roles=ROLES,
        time_field=time_field,
        problem=problem,
        typed=typed or {},
        most=MOST_SHOWN,
        **values,
    )


def _handed_in(db: Session, course_id: str, user_id: str) -> dict[str, list[sa.RowMapping]]:
    """Return the latest submissions of a person by assignment id, the newest first."""
    one = SubmissionRow
    asked = sa.select(AssignmentRow.id).where(AssignmentRow.course_id == course_id)
    found: dict[str, list[sa.RowMapping]] = {}
    for row in db.execute(
        sa.select(
            one.id, one.assignment_id, one.number, one.practice, one.made_at, one.state, one.late_seconds,
            ReportRow.score, ReportRow.max_score,
        )
        .outerjoin(ReportRow, ReportRow.id == one.report_id)
        .where(one.user_id == user_id, one.assignment_id.in_(asked))
        .order_by(one.made_at.desc())
    ).mappings():  # fmt: skip
        if len(found.setdefault(row["assignment_id"], [])) < MOST_SHOWN:
            found[row["assignment_id"]].append(row)
    return found


@router.post("/people/{user_id}", dependencies=[Depends(ours)])
def change_person(request: Request, actor: Me, course_id: str, user_id: str, typed: Fields) -> Response:
    """Role, section, and whether they are still in the course."""
    staffs(actor, course_id, "run")
    role, dropped = typed.get("role", ""), bool(typed.get("dropped"))
    if role not in ROLES:
        return person_page(request, actor, course_id, user_id, problem="Choose a role of the list.")
    if user_id == actor.id and (role != "staff" or dropped):
        told = "You cannot take your own rights away: another instructor can."
        return person_page(request, actor, course_id, user_id, problem=told)
    with site(request).store.writing() as db:
        _, member = person_of(db, course_id, user_id)
        before = _place(member)
        rises = _rank(role, dropped) > _rank(member.role, member.dropped)
        refused = rises and user_id in shared(db, actor)
        if not refused:
            if rises and actor.operator:
                end_access(db, user_id)  # staff of another course may hold a link of their student's
            member.role, member.dropped = role, dropped
            member.section = typed_line(typed, "section", 100)
            audit(db, actor, "member.changed", user_id, course_id, before=before, after=_place(member))
            if (name := named(typed.get("group", ""))) != member.group_name:
                moved(request, db, actor, member, name)
    if refused:
        told = "This person is in other courses too, or runs the service: only an operator gives them this role."
        return person_page(request, actor, course_id, user_id, problem=told)
    return RedirectResponse(f"/staff/c/{course_id}/people/{user_id}", 303)


def _place(member: MembershipRow) -> dict[str, Any]:
    return {"role": member.role, "section": member.section, "dropped": member.dropped}


def _rank(role: str, dropped: bool) -> int:  # noqa: FBT001 - a column and a checkbox
    return 0 if dropped else ROLES.index(role)


@router.get("/people/{user_id}/erase")
def ask_to_erase(request: Request, actor: Me, course_id: str, user_id: str) -> Response:
    staffs(actor, course_id, "run")
    return _erase_page(request, actor, course_id, user_id)


def _erase_page(request: Request, actor: Actor, course_id: str, user_id: str, problem: str = "") -> Response:
    with site(request).store.reading() as db:
        user, member = person_of(db, course_id, user_id)
        if user_id in shared(db, actor) or user.erased_at is not None:
            raise not_found()
        course = db.get_one(CourseRow, course_id)
        handed_in = count(db, SubmissionRow.user_id == user_id)
    status = 422 if problem else 200
    return page(
        request,
        "staff_erase.html",
        status=status,
        course=course,
        user=user,
        member=member,
        count=handed_in,
        problem=problem,
    )


@router.post("/people/{user_id}/erase", dependencies=[Depends(ours)])
def erase_person(request: Request, actor: Me, course_id: str, user_id: str, typed: Fields) -> Response:
    """For good, where whoever asks has typed whom."""
    staffs(actor, course_id, "run")
    with site(request).store.writing() as db:
        user, member = person_of(db, course_id, user_id)
        if user_id in shared(db, actor) or user.erased_at is not None:
            raise not_found()
        meant = typed.get("id", "").strip() == member.roster_id
        if meant:
            audit(db, actor, "user.erasure_asked", user_id, course_id)
    if not meant:
        return _erase_page(request, actor, course_id, user_id, "Nothing was erased: that is not this person's id.")
    try:
        erase(site(request).store, user_id)
    except CannotOperate as error:
        raise HTTPException(409, str(error)) from error
    return RedirectResponse(f"/staff/c/{course_id}/roster", 303)
