"""Two entries of one person become one: what one of them has is the other's, in every course, and nothing is lost.

Somebody who comes from a learning platform and stands in a roster under another id and address is two people at first.
What stays of the one who goes is a row of `users` with a name, so that the audit log still says who did what; erasing
the person erases it too.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy.orm import Session

from autograder.service.operate import CannotOperate
from autograder.service.store import regrades
from autograder.service.store.links import end_access
from autograder.service.store.locks import locked
from autograder.service.store.rows import count, note
from autograder.service.store.schema import (
    AssignmentRow,
    CommentRow,
    ExtensionRow,
    JobRow,
    LinkRow,
    MembershipRow,
    NoticeRow,
    PlatformUserRow,
    SheetRow,
    SubmissionRow,
    TextMarkRow,
    TokenRow,
    UserRow,
    new_id,
)
from autograder.service.store.standings import refresh, standings_of

ASIDE = 1_000_000  # where numbers of submissions wait until those below them are given anew


@dataclass
class Found:
    """Things of one person in one assignment that will be the other's."""

    asked: AssignmentRow
    submissions: int = 0
    own: int = 0  # submissions that the other has already
    points: tuple[float, float] | None = None  # of the one who goes: points, maximum
    own_points: tuple[float, float] | None = None
    extension: float | None = None
    own_extension: float | None = None
    draft: str = ""  # "moves", or "goes": the other has begun theirs
    text_marks: int = 0


@dataclass
class MergePlan:
    """The effects of a merge, for staff to read before it is done."""

    gone: UserRow
    stays: UserRow
    ids: tuple[str, ...]  # of the one who goes, in this course: the other is found by them from then on
    own_id: str
    identities: int  # at learning platforms
    courses: int  # further ones of the one who goes
    found: list[Found] = field(default_factory=list)


def preview(db: Session, course_id: str, gone_id: str, stays_id: str) -> MergePlan:
    """Return what merging these two would do.

    Raises:
        CannotOperate: a sentence on why they cannot be merged.
    """
    gone, stays = _both(db, gone_id, stays_id)
    member, own = db.get_one(MembershipRow, (course_id, gone_id)), db.get_one(MembershipRow, (course_id, stays_id))
    return MergePlan(
        gone, stays, (member.roster_id, *member.other_ids), own.roster_id,
        count(db, PlatformUserRow.user_id == gone_id), count(db, MembershipRow.user_id == gone_id) - 1,
        [_found(db, asked, gone_id, stays_id) for asked in _assignments(db, gone_id)],
    )  # fmt: skip


def _both(db: Session, gone_id: str, stays_id: str) -> tuple[UserRow, UserRow]:
    gone, stays = db.get_one(UserRow, gone_id), db.get_one(UserRow, stays_id)
    if gone_id == stays_id:
        raise CannotOperate("That is the same person. Choose the other entry of theirs.")
    for one in (gone, stays):
        if one.erased_at is not None or one.merged_id:
            raise CannotOperate(f"The data of {one.name or 'one of them'} is not there any more.")
        roles = db.scalars(sa.select(MembershipRow.role).where(MembershipRow.user_id == one.id)).all()
        if one.operator or any(role != "student" for role in roles):
            raise CannotOperate(
                f"{one.name or 'One of them'} is staff of a course: what staff did to others is on record under their "
                "own entry. Only students are merged."
            )
    for asked in _assignments(db, gone_id):
        if regrades.under_way(db, asked):
            raise CannotOperate(f"“{asked.title}” is being regraded. Apply or dismiss the regrade first.")
    return gone, stays


def _assignments(db: Session, user_id: str) -> list[AssignmentRow]:
    courses = sa.select(MembershipRow.course_id).where(MembershipRow.user_id == user_id)
    in_order = sa.select(AssignmentRow).where(AssignmentRow.course_id.in_(courses)).order_by(AssignmentRow.id)
    return list(db.scalars(in_order))


def _found(db: Session, asked: AssignmentRow, gone_id: str, stays_id: str) -> Found:
    def number(table: type[SubmissionRow | TextMarkRow], user: str) -> int:
        return count(db, table.assignment_id == asked.id, table.user_id == user)

    def points(user: str) -> tuple[float, float] | None:
        has = standings_of(db, user, [asked]).get(asked.id)
        return (has.points, has.max_points) if has else None

    def extended(user: str) -> float | None:
        row = db.get(ExtensionRow, (asked.id, user))
        return row.due_at if row else None

    sheet, own = (db.get(SheetRow, (asked.id, user)) for user in (gone_id, stays_id))
    draft = ("moves" if draft_moves(sheet, own) else "goes") if _begun(sheet) else ""
    return Found(
        asked, number(SubmissionRow, gone_id), number(SubmissionRow, stays_id), points(gone_id), points(stays_id),
        extended(gone_id), extended(stays_id), draft, number(TextMarkRow, gone_id),
    )  # fmt: skip


def merge(db: Session, gone_id: str, stays_id: str, by_id: str | None = None) -> list[AssignmentRow]:
    """Make these two one person; return the assignments in which marks may change: whoever calls judges lateness there.

    Raises:
        CannotOperate: a sentence on why they cannot be merged.
    """
    gone, stays = _both(db, gone_id, stays_id)
    every = [locked(db, asked.id) for asked in _assignments(db, gone_id)]
    end_access(db, gone_id)  # whoever held a key to this entry has none to the other
    for asked in every:
        _move(db, asked, gone_id, stays_id)
    for member in db.scalars(sa.select(MembershipRow).where(MembershipRow.user_id == gone_id)).all():
        _join(db, member, stays_id)
        note(db, by_id, "member.merged", stays_id, member.course_id, entry=gone_id, name=gone.name)
    _rest(db, gone, stays)
    db.flush()
    for asked in every:
        refresh(db, asked, [gone_id, stays_id])
    return every


def _join(db: Session, member: MembershipRow, stays_id: str) -> None:
    """Put the one who stays where the other was; both ids find them."""
    own = db.get(MembershipRow, (member.course_id, stays_id))
    db.delete(member)
    db.flush()
    if own is None:
        own = MembershipRow(
            course_id=member.course_id, user_id=stays_id, role="student", roster_id=member.roster_id,
            drawn_as=member.drawn_as, other_ids=[], dropped=member.dropped, section="",
        )  # fmt: skip
        db.add(own)
    further = (member.roster_id, *member.other_ids)
    own.other_ids = [*own.other_ids, *(id_ for id_ in further if id_ not in (own.roster_id, *own.other_ids))]
    own.section = own.section or member.section
    own.dropped = own.dropped and member.dropped


def _move(db: Session, asked: AssignmentRow, gone_id: str, stays_id: str) -> None:
    """Move what was handed in, marked, given and begun in an assignment."""
    _sheets(db, asked, gone_id, stays_id)
    extension, own = (db.get(ExtensionRow, (asked.id, user)) for user in (gone_id, stays_id))
    if extension is not None and own is not None:
        own.due_at = max(own.due_at, extension.due_at)
        own.reason = "; ".join(filter(None, (own.reason, extension.reason)))[:1000]
        db.delete(extension)
    marks = _marks(db, asked, stays_id)
    for mark, row in _marks(db, asked, gone_id).items():
        if mark in marks:  # the same text has a mark already
            db.delete(row)
    db.flush()
    for table in (ExtensionRow, TextMarkRow):
        of_them = table.assignment_id == asked.id, table.user_id == gone_id
        db.execute(sa.update(table).where(*of_them).values(user_id=stays_id))


def _marks(db: Session, asked: AssignmentRow, user_id: str) -> dict[tuple[str, str], TextMarkRow]:
    rows = db.scalars(
        sa.select(TextMarkRow).where(TextMarkRow.assignment_id == asked.id, TextMarkRow.user_id == user_id)
    )
    return {(row.item_id, row.answer_digest): row for row in rows}


def _sheets(db: Session, asked: AssignmentRow, gone_id: str, stays_id: str) -> None:
    """Join submissions and quiz. Each answer stays one to the quiz that it was given to, whose variant may differ."""
    drawn = {user: _drawn_as(db, asked, user) for user in (gone_id, stays_id)}
    sheet, own = (db.get(SheetRow, (asked.id, user)) for user in (gone_id, stays_id))
    _renumber(db, asked, drawn, gone_id, stays_id)
    if sheet is None:
        return
    if own is not None and not draft_moves(sheet, own):
        db.delete(sheet)
        return
    if own is not None:
        db.delete(own)
        db.flush()
    of_them = SheetRow.assignment_id == asked.id, SheetRow.user_id == gone_id
    db.execute(sa.update(SheetRow).where(*of_them).values(user_id=stays_id, drawn_as=drawn[gone_id]))


def draft_moves(sheet: SheetRow | None, own: SheetRow | None) -> bool:
    """Return whether the draft of the one who goes replaces the other's: only one that nobody has begun to fill in."""
    return _begun(sheet) and not _begun(own)


def _begun(sheet: SheetRow | None) -> bool:
    return sheet is not None and any(sheet.answers.values())


def _drawn_as(db: Session, asked: AssignmentRow, user_id: str) -> str:
    sheet, member = db.get(SheetRow, (asked.id, user_id)), db.get(MembershipRow, (asked.course_id, user_id))
    return (sheet.drawn_as if sheet else "") or (member.quiz_id if member else "")


def _renumber(db: Session, asked: AssignmentRow, drawn: dict[str, str], gone_id: str, stays_id: str) -> None:
    """Count what both have handed in as one person's, in the order of time."""
    rows = db.scalars(
        sa.select(SubmissionRow)
        .where(SubmissionRow.assignment_id == asked.id, SubmissionRow.user_id.in_((gone_id, stays_id)))
        .order_by(SubmissionRow.made_at, SubmissionRow.number)
        .with_for_update()
    ).all()
    keys = {row.idempotency_key for row in rows if row.user_id == stays_id}
    for number, row in enumerate(rows, start=1):
        row.number = ASIDE + number  # an old number may be the new one of another
        row.drawn_as = row.drawn_as or drawn[row.user_id]
        if row.user_id == gone_id:
            row.idempotency_key = new_id() if row.idempotency_key in keys else row.idempotency_key
            row.user_id = stays_id
    db.flush()
    for number, row in enumerate(rows, start=1):
        row.number = number
    db.flush()


def _rest(db: Session, gone: UserRow, stays: UserRow) -> None:
    """Move what belongs to no course: identities at platforms, notices, waiting jobs, the address and the name."""
    told = set(db.scalars(sa.select(NoticeRow.key).where(NoticeRow.user_id == stays.id, NoticeRow.key.is_not(None))))
    db.execute(sa.delete(NoticeRow).where(NoticeRow.user_id == gone.id, NoticeRow.key.in_(told)))
    for table in (LinkRow, TokenRow):
        db.execute(sa.delete(table).where(table.user_id == gone.id))
    for moved in (NoticeRow, JobRow, PlatformUserRow):
        db.execute(sa.update(moved).where(moved.user_id == gone.id).values(user_id=stays.id))
    db.execute(sa.update(CommentRow).where(CommentRow.author_id == gone.id).values(author_id=stays.id))
    db.execute(sa.update(UserRow).where(UserRow.merged_id == gone.id).values(merged_id=stays.id))
    email, gone.email, gone.merged_id = gone.email, None, stays.id
    db.flush()
    stays.email, stays.name = stays.email or email, stays.name or gone.name
