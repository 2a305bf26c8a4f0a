"""Reads a course's roster and says what importing it would change: nothing is deleted, and an id never changes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from autograder.roster import BadRoster, people_in, problems

__all__ = ["BadRoster", "ImportPlan", "Member", "MemberChange", "MemberRow", "plan", "read"]

MOST_BYTES = 900_000  # ten thousand students; a form's field may have a million
MOST_ID = 100
FORMULA = tuple("=+-@")  # what a spreadsheet runs, should this id ever be exported by somebody else


@dataclass(frozen=True)
class MemberRow:
    line: int
    id: str
    name: str = ""
    email: str = ""  # lower case
    section: str = ""
    group: str = ""
    problem: str = ""  # with its id, as the reader of rosters says it: damaged, or of an odd width
    others: tuple[str, ...] = ()  # further ids of the line


@dataclass(frozen=True)
class Member:
    """Somebody who is in the course already."""

    user_id: str
    id: str
    name: str
    email: str
    section: str
    role: str  # "student", "staff", or "erased"
    dropped: bool
    others: tuple[str, ...] = ()  # further ids that they are known by
    placeholder: bool = False  # their id is a learning platform's: they came from there before any roster had them
    shared: bool = False  # with courses of others: their name and address are not ours to change
    group: str = ""


@dataclass(frozen=True)
class MemberChange:
    """The changes that a row makes to a member: column -> (before, after)."""

    row: MemberRow
    member: Member
    columns: Mapping[str, tuple[str, str]]


@dataclass(frozen=True)
class ImportPlan:
    """The effect of an import. With conflicts it does nothing."""

    new: tuple[MemberRow, ...] = ()
    changed: tuple[MemberChange, ...] = ()
    same: int = 0
    missing: tuple[Member, ...] = ()  # students of the course who are not in the file
    conflicts: tuple[str, ...] = field(default=())
    kept: tuple[Member, ...] = ()  # whose name or address is another one here, and stays: others have them too


def read(text: str) -> tuple[MemberRow, ...]:
    """The rows of a CSV with a header, separated by commas, semicolons or tabs.

    Raises:
        BadRoster: a sentence for staff.
    """
    if len(text.encode("utf-8", "replace")) > MOST_BYTES:
        raise BadRoster(f"This is longer than {MOST_BYTES:,} bytes. Import the roster in parts.")
    found = people_in(text)
    wrong: dict[int, str] = {}
    for line, problem in problems(found.people):
        wrong.setdefault(line, problem)
    return tuple(
        MemberRow(
            person.line, person.id, person.name, person.email[:320], person.section, person.group,
            wrong.get(person.line, ""),
            tuple(id_ for id_ in person.ids if id_ not in (person.id, person.email) and "@" not in id_),
        )
        for person in found.people
    )  # fmt: skip


def remarks(text: str, encoding: str = "utf-8") -> tuple[str, ...]:
    """Return what staff should know of a file: its code page, and rows that are no students.

    Raises:
        BadRoster: a sentence for staff.
    """
    return people_in(text, "the file", encoding).remarks


def plan(rows: Sequence[MemberRow], members: Sequence[Member], elsewhere: Collection[str] = ()) -> ImportPlan:
    """Matches rows with members: by any id of either, or by the address of who came from a learning platform before.

    An e-mail address that says otherwise is a conflict for a person to solve.

    `elsewhere`: addresses of people of other courses. Who is new here may be one of them; who is here is not.
    """
    by_id = {member.id: member for member in members}
    by_email = {member.email: member for member in members if member.email}
    who = {row.line: _members(row, members, by_id, by_email) for row in rows}
    conflicts = _conflicts(rows, by_id, by_email, who, elsewhere)
    new = tuple(row for row in rows if not who[row.line])
    matched = [(row, who[row.line][0]) for row in rows if who[row.line]]
    changes = [MemberChange(row, member, _differences(row, member)) for row, member in matched]
    changed = tuple(change for change in changes if change.columns)
    given = {member.user_id for _, member in matched}
    missing = tuple(m for m in members if m.role == "student" and not m.dropped and m.user_id not in given)
    kept = tuple(member for row, member in matched if member.shared and _renamed(row, member))
    return ImportPlan(new, changed, len(changes) - len(changed), missing, conflicts, kept)


def _members(
    row: MemberRow, members: Sequence[Member], by_id: Mapping[str, Member], by_email: Mapping[str, Member]
) -> list[Member]:
    """The members whom a row may be: none, one, or several, who are for a person to tell apart."""
    if row.id in by_id:
        return [by_id[row.id]]
    ids = {row.id, *row.others} - {""}
    if known := [member for member in members if ids & {member.id, *member.others}]:
        return known
    holder = by_email.get(row.email) if row.email else None
    return [holder] if holder is not None and holder.placeholder and holder.role == "student" else []


# ------------------------------------------------------------------------------------------------------- judging
def _conflicts(
    rows: Sequence[MemberRow], by_id: Mapping[str, Member], by_email: Mapping[str, Member],
    who: Mapping[int, Sequence[Member]], elsewhere: Collection[str],
) -> tuple[str, ...]:  # fmt: skip
    ids, emails = Counter(row.id for row in rows), Counter(row.email for row in rows if row.email)
    cased = {known.casefold(): known for known in by_id}
    told = []
    for row in rows:
        member = next(iter(who[row.line]), None)
        problem = _with_id(row, member, ids[row.id], cased.get(row.id.casefold(), row.id))
        problem = problem or row.problem or _several(who[row.line])
        if not problem and row.email:
            problem = _with_email(row, member, emails[row.email], by_email.get(row.email), elsewhere)
        told += [f"Line {row.line}: {problem}"] if problem else []
    return tuple(told)


def _several(found: Sequence[Member]) -> str:
    if len(found) < 2:
        return ""
    shown = " and ".join(f"{member.name or member.id} (“{member.id}”)" for member in found)
    return f"its ids belong to {shown}. If they are one person, merge them, on the page of either."


def _with_id(row: MemberRow, member: Member | None, times: int, known: str) -> str:
    if not row.id:
        return "it has no id."
    if len(row.id) > MOST_ID or not row.id.isprintable() or row.id.startswith(FORMULA):
        shown = row.id[:40]
        return f"the id “{shown}” is too long, has characters that cannot be seen, or begins like a formula."
    if times > 1:
        return f"the id “{row.id}” is there {times} times."
    if member is None and known != row.id:
        return f"“{row.id}” and “{known}”, who is in the course, differ only in case."
    if member is not None and member.role == "erased":
        return f"the data of the person with the id “{row.id}” was erased. Take this line out."
    return ""


def _with_email(
    row: MemberRow, member: Member | None, times: int, holder: Member | None, elsewhere: Collection[str]
) -> str:
    name, at, host = row.email.partition("@")
    if not (name and at and host) or " " in row.email:
        return f"“{row.email}” is not an e-mail address."
    if times > 1:
        return f"the address {row.email} is there {times} times."
    if holder is not None and holder != member:
        told = (
            f"{row.email} is {holder.name or holder.id} here, with the id “{holder.id}”. An id never changes, "
            "because it decides the quiz: write that id, or another address."
        )
        both = f" If that is the person with the id “{row.id}”, merge them, on the page of either." if member else ""
        return told + both
    if member is not None and not member.shared and row.email in elsewhere:
        return f"{row.email} is somebody else's, in another course here."
    return ""


def _differences(row: MemberRow, member: Member) -> dict[str, tuple[str, str]]:
    """Return what the file changes. A missing column or an empty cell changes nothing."""
    found = {} if member.shared else _renamed(row, member)
    if row.section and row.section != member.section:
        found["section"] = (member.section, row.section)
    if row.group and row.group != member.group:
        found["group"] = (member.group, row.group)
    if member.placeholder and row.id != member.id and row.id not in member.others:
        found["id"] = (member.id, row.id)
    if further := [id_ for id_ in row.others if id_ not in (member.id, *member.others)]:
        found["further ids"] = (", ".join(member.others), ", ".join([*member.others, *further]))
    if member.dropped:
        found["state"] = ("dropped", "back in the course")
    return found


def _renamed(row: MemberRow, member: Member) -> dict[str, tuple[str, str]]:
    both = (("name", member.name, row.name), ("email", member.email, row.email))
    return {column: (before, after) for column, before, after in both if after and after != before}
