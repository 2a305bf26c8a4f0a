"""Reads a roster: a CSV with a header, as a learning management system or a spreadsheet writes it."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.render.escape import one_line

MAX_BYTES = 5_000_000  # 50 000 students with long names
MAX_ID = 100  # characters: as quiz.toml allows
FORMULA = tuple("=+-@\t\r")  # a spreadsheet takes a cell that starts with one of these for a formula
RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))}  # on Windows
COLUMNS = {
    "first": ("first_name", "first name", "firstname"),
    "last": ("last_name", "last name", "lastname", "surname"),
}


class BadRoster(Exception):
    """The roster cannot be used; the message says which line and what to do, to the instructor."""


@dataclass(frozen=True)
class Student:
    """One line of the roster; `folder` is a name that any file system takes, and nobody else's."""

    id: str
    name: str
    folder: str


def read(path: Path) -> tuple[Student, ...]:
    """The students, in the roster's order.

    Raises:
        BadRoster: no table with a column `id`, or an id that is missing, twice there, or none.
        OSError: unreadable.
    """
    data = path.read_bytes()
    if len(data) > MAX_BYTES:
        raise BadRoster(f"{path.name} is larger than {MAX_BYTES // 10**6} MB: is it the roster?")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadRoster(f"{path.name} is not UTF-8 (byte {error.start}). Save it as “CSV UTF-8”.") from error
    return students(text, path.name)


def students(text: str, name: str = "the roster") -> tuple[Student, ...]:
    """The same, from text."""
    header_line = next((line for line in text.splitlines() if line.strip()), "")
    separator = max(",;\t", key=header_line.count)
    try:
        table = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True))
    except csv.Error as error:
        raise BadRoster(f"{name} is not a CSV: {error}. Are all quotation marks closed?") from error
    numbered = [(n, [cell.strip() for cell in row]) for n, row in enumerate(table, start=1) if any(map(str.strip, row))]
    if not numbered:
        raise BadRoster(f"{name} is empty. It needs a header with a column “id”, and a line for each student.")
    header = [cell.casefold() for cell in numbered[0][1]]
    if header.count("id") != 1:
        found = ", ".join(f"“{one_line(cell, 40)}”" for cell in header[:6])
        raise BadRoster(f"{name} needs one column “id” in its first line, which has: {found}.")
    read_ones = [_student(row, header, f"Line {line} of {name}") for line, row in numbered[1:]]
    if not read_ones:
        raise BadRoster(f"{name} has a header and no students.")
    return _without_clashes(read_ones, name)


def _student(row: Sequence[str], header: Sequence[str], where: str) -> Student:
    if len(row) > len(header):
        raise BadRoster(f"{where} has {len(row)} cells, the header {len(header)}. Put quotation marks around commas.")
    cells = dict(zip(header, row, strict=False))
    who = cells.get("id", "")
    if not who:
        raise BadRoster(f"{where} has no id.")
    if len(who) > MAX_ID or not who.isprintable():
        raise BadRoster(f"{where}: the id “{one_line(who, 40)}” is too long or has characters that cannot be seen.")
    if who.startswith(FORMULA):
        raise BadRoster(
            f"{where}: the id “{one_line(who, 40)}” starts with “{who[0]}”, which a spreadsheet takes for a formula. "
            "Write the id without it."
        )
    names = (next((cells[c] for c in known if cells.get(c)), "") for known in COLUMNS.values())
    return Student(who, one_line(" ".join(filter(None, names))), _folder(who))


def _folder(who: str) -> str:
    """The id itself where that is a plain name; else what is plain in it, and a part of its digest."""
    plain = re.sub(r"[^A-Za-z0-9_.@-]+", "-", who).strip(".-")
    if plain == who and plain.split(".")[0].casefold() not in RESERVED:
        return plain
    return f"{plain[:40] or 'student'}-{hashlib.sha256(who.encode()).hexdigest()[:8]}"


def _without_clashes(read_ones: Sequence[Student], name: str) -> tuple[Student, ...]:
    """Folders are told apart without case: many file systems do not know it."""
    seen: dict[str, str] = {}
    for one in read_ones:
        key = one.folder.casefold()
        if key in seen:
            other = "is there twice" if seen[key] == one.id else f"cannot be told from “{one_line(seen[key], 40)}”"
            raise BadRoster(f"{name}: the id “{one_line(one.id, 40)}” {other}. Every student needs an id of their own.")
        seen[key] = one.id
    return tuple(read_ones)


def cell(text: str) -> str:
    """A cell of a table that we write: no spreadsheet takes it for a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text
