"""Reads a course's roster and says what importing it would change: nothing is deleted, and an id never changes."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

MOST_BYTES = 900_000  # ten thousand students; a form's field may have a million
MOST_ID = 100
FORMULA = tuple("=+-@")  # what a spreadsheet runs, should this id ever be exported by somebody else
COLUMNS = {  # names of columns as learning platforms write them, without case
    "id": ("sis user id", "id", "student_id", "student id", "id number", "username"),  # the id of Canvas is its own
    "name": ("name", "student", "full name"),
    "first": ("first_name", "first name", "firstname"),
    "last": ("last_name", "last name", "lastname", "surname"),
    "email": ("email", "email address", "e-mail"),
    "section": ("section", "group"),
}
NOBODY = ("", "points possible", "student, test")  # rows of Canvas's gradebook


class BadRoster(Exception):
    """The text is no roster; the message tells staff what to do."""


@dataclass(frozen=True)
class Row:
    line: int
    id: str
    name: str = ""
    email: str = ""  # lower case
    section: str = ""


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
    shared: bool = False  # with courses of others: their name and address are not ours to change


@dataclass(frozen=True)
class Change:
    """What a row changes of a member: column -> (before, after)."""

    row: Row
    member: Member
    columns: Mapping[str, tuple[str, str]]


@dataclass(frozen=True)
class Plan:
    """What an import would do. With conflicts it does nothing."""

    new: tuple[Row, ...] = ()
    changed: tuple[Change, ...] = ()
    same: int = 0
    missing: tuple[Member, ...] = ()  # students of the course who are not in the file
    conflicts: tuple[str, ...] = field(default=())
    kept: tuple[Member, ...] = ()  # whose name or address is another one here, and stays: others have them too


def read(text: str) -> tuple[Row, ...]:
    """The rows of a CSV with a header, separated by commas, semicolons or tabs.

    Raises:
        BadRoster: a sentence for staff.
    """
    if len(text.encode("utf-8", "replace")) > MOST_BYTES:
        raise BadRoster(f"This is longer than {MOST_BYTES:,} bytes. Import the roster in parts.")
    text = text.removeprefix("\ufeff").replace("\0", "")
    text = re.sub(r"\A\s*\"?sep=.\"?[ \t]*\r?\n", "\n", text)  # a line that Excel writes for itself
    header = next((line for line in text.splitlines() if line.strip()), "")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=header.count), strict=True)
    numbered: list[tuple[int, list[str]]] = []
    try:
        for cells in reader:
            numbered += [(reader.line_num, [cell.strip() for cell in cells])] if any(map(str.strip, cells)) else []
    except csv.Error as error:
        raise BadRoster(f"Line {reader.line_num} cannot be read ({error}). Are all quotation marks closed?") from error
    if not numbered:
        raise BadRoster("The roster is empty. It needs a line of column names, and a line for each student.")
    place = _columns(numbered[0][1])
    rows = tuple(_row(line, cells, place) for line, cells in numbered[1:])
    if "sis user id" in map(str.casefold, numbered[0][1]):
        rows = tuple(row for row in rows if row.id or row.name.casefold() not in NOBODY)
    if not rows:
        raise BadRoster("The roster has a line of column names and no students below it.")
    return rows


def plan(rows: Sequence[Row], members: Sequence[Member], elsewhere: Collection[str] = ()) -> Plan:
    """Matches rows with members by id. An e-mail address that says otherwise is a conflict for a person to solve.

    `elsewhere`: addresses of people of other courses. Who is new here may be one of them; who is here is not.
    """
    by_id = {member.id: member for member in members}
    by_email = {member.email: member for member in members if member.email}
    conflicts = _conflicts(rows, by_id, by_email, elsewhere)
    new = tuple(row for row in rows if row.id not in by_id)
    matched = [(row, by_id[row.id]) for row in rows if row.id in by_id]
    changes = [Change(row, member, _differences(row, member)) for row, member in matched]
    changed = tuple(change for change in changes if change.columns)
    given = {row.id for row in rows}
    missing = tuple(m for m in members if m.role == "student" and not m.dropped and m.id not in given)
    kept = tuple(member for row, member in matched if member.shared and _renamed(row, member))
    return Plan(new, changed, len(changes) - len(changed), missing, conflicts, kept)


# ------------------------------------------------------------------------------------------------------- reading
def _columns(header: Sequence[str]) -> dict[str, int]:
    found = [cell.casefold() for cell in header]
    place = {
        ours: next(found.index(name) for name in names if name in found)
        for ours, names in COLUMNS.items()
        if any(name in found for name in names)
    }
    if "id" not in place:
        raise BadRoster(
            f"No column of the first line is called “id”; it has: {', '.join(header[:8]) or 'nothing'}. "
            "The id is what your institution calls a student by; it decides the variant of the quiz."
        )
    return place


def _row(line: int, cells: Sequence[str], place: Mapping[str, int]) -> Row:
    told = {name: " ".join(cells[at].split()) if at < len(cells) else "" for name, at in place.items()}
    name = told.get("name", "") or " ".join(filter(None, (told.get("first", ""), told.get("last", ""))))
    return Row(line, told["id"], name[:200], told.get("email", "").lower()[:320], told.get("section", "")[:100])


# ------------------------------------------------------------------------------------------------------- judging
def _conflicts(
    rows: Sequence[Row], by_id: Mapping[str, Member], by_email: Mapping[str, Member], elsewhere: Collection[str]
) -> tuple[str, ...]:
    ids, emails = Counter(row.id for row in rows), Counter(row.email for row in rows if row.email)
    cased = {known.casefold(): known for known in by_id}
    told = []
    for row in rows:
        member = by_id.get(row.id)
        problem = _with_id(row, member, ids[row.id], cased.get(row.id.casefold(), row.id))
        if not problem and row.email:
            problem = _with_email(row, member, emails[row.email], by_email.get(row.email), elsewhere)
        told += [f"Line {row.line}: {problem}"] if problem else []
    return tuple(told)


def _with_id(row: Row, member: Member | None, times: int, known: str) -> str:
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


def _with_email(row: Row, member: Member | None, times: int, holder: Member | None, elsewhere: Collection[str]) -> str:
    name, at, host = row.email.partition("@")
    if not (name and at and host) or " " in row.email:
        return f"“{row.email}” is no e-mail address."
    if times > 1:
        return f"the address {row.email} is there {times} times."
    if holder is not None and holder.id != row.id:
        return (
            f"{row.email} is {holder.name or holder.id} here, with the id “{holder.id}”. An id never changes, "
            "because it decides the quiz: write that id, or another address."
        )
    if member is not None and not member.shared and row.email in elsewhere:
        return f"{row.email} is somebody else's, in another course here."
    return ""


def _differences(row: Row, member: Member) -> dict[str, tuple[str, str]]:
    """What the file says otherwise. A column that it lacks, or an empty cell, says nothing."""
    found = {} if member.shared else _renamed(row, member)
    if row.section and row.section != member.section:
        found["section"] = (member.section, row.section)
    if member.dropped:
        found["state"] = ("dropped", "back in the course")
    return found


def _renamed(row: Row, member: Member) -> dict[str, tuple[str, str]]:
    both = (("name", member.name, row.name), ("email", member.email, row.email))
    return {column: (before, after) for column, before, after in both if after and after != before}
