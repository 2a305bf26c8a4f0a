"""The students of a roster, each with a folder of their own."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from autograder.roster import BadRoster, Person, is_formula

RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))}  # on Windows


@dataclass(frozen=True)
class Student:
    """One line of the roster; `folder` is a name that any file system takes, and nobody else's."""

    id: str
    name: str
    folder: str


def students(people: Iterable[Person]) -> tuple[Student, ...]:
    """The students, in the roster's order.

    Raises:
        BadRoster: two whose folders some file systems cannot tell apart.
    """
    made = tuple(Student(person.id, person.name, _folder(person.id)) for person in people)
    seen: dict[str, str] = {}
    for one in made:
        other = seen.setdefault(one.folder.casefold(), one.id)
        if other != one.id:
            raise BadRoster(f"The ids “{one.id}” and “{other}” cannot be told apart in the names of folders.")
    return made


def _folder(who: str) -> str:
    """The id itself where that is a plain name; else what is plain in it, and a part of its digest."""
    plain = re.sub(r"[^A-Za-z0-9_.@-]+", "-", who).strip(".-")
    if plain == who and plain.split(".")[0].casefold() not in RESERVED:
        return plain
    return f"{plain[:40] or 'student'}-{hashlib.sha256(who.encode()).hexdigest()[:8]}"


def cell(text: str) -> str:
    """A cell of a table that we write: no spreadsheet takes it for a formula."""
    return f"'{text}" if is_formula(text) else text
