"""Reports as a CSV file that a gradebook imports: Canvas, Moodle, nbgrader.

A report belongs to the student of the roster whose id stands in its path: `ada/optimizers.py`, `ada.zip`,
`lovelace_ada_4711_optimizers.py`. What cannot be told apart is refused; nobody gets somebody else's marks.
A report that ended in a grader error is an empty cell, because our faults are never a zero.
"""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Platform = Literal["canvas", "moodle", "nbgrader"]
SCHEMA = "gradmark.report/1"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # how a cell starts that a spreadsheet would run

NAMES = {  # columns of rosters as they are found (nbgrader, Canvas and Moodle exports), without case
    "id": ("sis user id", "id", "student_id", "student id", "id number", "username"),  # the id of Canvas is its own
    "name": ("name", "student"),
    "first": ("first_name", "first name"),
    "last": ("last_name", "last name"),
    "email": ("email", "email address"),
    "platform_id": ("lms_user_id", "canvas id"),
    "login": ("login", "sis login id"),
    "section": ("section",),
}


class BadGradebook(Exception):
    """The reports or the roster cannot be used; the message says which line, and what to do."""


@dataclass(frozen=True)
class Student:
    id: str
    first: str = ""
    last: str = ""
    email: str = ""
    platform_id: str = ""
    login: str = ""
    section: str = ""


@dataclass(frozen=True)
class Grade:
    """One report, as far as a gradebook cares."""

    path: str
    assignment: str
    score: float | None  # None: the grader failed
    max_score: float


def gradebook(platform: Platform, reports: str, roster: str, column: str = "") -> str:
    """The CSV text: a row for each student of the roster, in its order. `column` names the assignment there.

    Raises:
        BadGradebook: when a line cannot be read, or a report belongs to nobody or to several.
    """
    grades = read_reports(reports)
    students = read_roster(roster)
    rows = [(student, grade) for student, grade in assign(students, grades).items()]
    total = max((grade.max_score for grade in grades if grade.score is not None), default=0.0)
    return written(platform, rows, column or grades[0].assignment, total)


def written(platform: Platform, rows: Marked, column: str, total: float) -> str:
    """The same for grades whose owners are known. `total`: what the assignment is out of."""
    if platform == "canvas":
        return plain(_canvas(rows, column, total))
    if platform == "moodle":
        return plain(_moodle(rows, column))
    return plain(_nbgrader(rows, column, total))


# ------------------------------------------------------------------------------------------------------- reading
def read_reports(text: str) -> list[Grade]:
    """The JSON lines of `gradmark grade --format json`."""
    grades = [_grade(number, line) for number, line in enumerate(text.splitlines(), start=1) if line.strip()]
    if not grades:
        raise BadGradebook("There are no reports in this file. `gradmark grade --format json` writes them.")
    if len({grade.assignment for grade in grades}) > 1:
        raise BadGradebook("These reports are of several assignments: make one file for each.")
    return grades


def _grade(number: int, line: str) -> Grade:
    try:
        told = json.loads(line)
        if told["schema"] != SCHEMA:
            raise BadGradebook(f"Line {number} of the reports is {told['schema']!r}, which is not {SCHEMA}.")
        failed = [told["status"], *(item["status"] for item in told.get("quiz", ()))]
        score = None if "grader_error" in failed else float(told["score"])
        grade = Grade(str(told["submission"]["path"]), str(told["assignment"]), score, float(told["max_score"]))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise BadGradebook(f"Line {number} of the reports is no report of gradmark: {error}") from error
    if not math.isfinite(grade.max_score) or (score is not None and not 0 <= score < math.inf):
        raise BadGradebook(f"Line {number} of the reports has a score that cannot be: {told['score']}.")
    return grade


def read_roster(text: str) -> list[Student]:
    """A CSV file with a header; which columns are known is in NAMES, and only an id is needed."""
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""))
    found = {name.strip().casefold(): name for name in reader.fieldnames or [] if name}
    known = {ours: found[theirs] for ours, names in NAMES.items() for theirs in reversed(names) if theirs in found}
    if {"sis user id", "id"} <= found.keys():
        known["platform_id"] = found["id"]
    if "id" not in known:
        raise BadGradebook(f"The roster has no column with ids. Call it one of: {', '.join(NAMES['id'])}.")
    students = [_student({ours: (row[name] or "").strip() for ours, name in known.items()}) for row in reader]
    students = [student for student in students if student.id]
    twice = {s.id for s in students if sum(o.id.casefold() == s.id.casefold() for o in students) > 1}
    if twice:
        raise BadGradebook(f"The roster has these ids more than once: {', '.join(sorted(twice))}.")
    return students


def _student(row: Mapping[str, str]) -> Student:
    first, last = row.get("first", ""), row.get("last", "")
    if not (first or last):
        first, last = _split(row.get("name", ""))
    rest = {key: row.get(key, "") for key in ("email", "platform_id", "login", "section")}
    return Student(row.get("id", ""), first.strip(), last.strip(), **rest)


def named(id: str, name: str, email: str = "", section: str = "") -> Student:  # noqa: A002
    """A student whose name is one text."""
    first, last = _split(name)
    return Student(id, first, last, email, section=section)


def _split(name: str) -> tuple[str, str]:
    """First and last name of `Lovelace, Ada` or `Ada Lovelace`."""
    last, _, first = name.partition(",") if "," in name else name.rpartition(" ")[::-1]
    return first.strip(), last.strip()


def assign(students: Sequence[Student], grades: Iterable[Grade]) -> dict[Student, Grade | None]:
    """Whose report is whose; None for a student without one."""
    found: dict[Student, Grade | None] = dict.fromkeys(students)
    for grade in grades:
        owners = _owners(students, grade.path)
        if len(owners) != 1:
            whom = "nobody" if not owners else " and ".join(student.id for student in owners)
            raise BadGradebook(
                f"The report of {grade.path!r} belongs to {whom} on the roster. Put each submission into a folder "
                "that is called like its student's id, mark again, or take this line out."
            )
        if found[owners[0]] is not None:
            raise BadGradebook(f"There are two reports for {owners[0].id}: keep the one that counts.")
        found[owners[0]] = grade
    return found


def _owners(students: Iterable[Student], path: str) -> list[Student]:
    """Students whose id is a name in the path, the nearest to the file first; else a part of the file's name."""
    names = [re.sub(r"\.(py|ipynb|zip)$", "", part).casefold() for part in re.split(r"[/\\]", path)]
    for name in reversed(names):
        exact = [student for student in students if student.id.casefold() == name]
        if exact:
            return exact
    parts = set(re.split(r"_", names[-1]))
    return [student for student in students if student.id.casefold() in parts]


# ------------------------------------------------------------------------------------------------------- writing
Rows = Iterable[Sequence[object]]
Marked = Sequence[tuple[Student, Grade | None]]


def _canvas(rows: Marked, column: str, total: float) -> Rows:
    yield "Student", "ID", "SIS User ID", "SIS Login ID", "Section", column
    yield "Points Possible", "", "", "", "", total
    for student, grade in rows:
        name = ", ".join(part for part in (student.last, student.first) if part)
        yield name, student.platform_id, student.id, student.login, student.section, _score(grade)


def _moodle(rows: Marked, column: str) -> Rows:
    yield "First name", "Last name", "ID number", "Email address", column
    for student, grade in rows:
        yield student.first, student.last, student.id, student.email, _score(grade)


def _nbgrader(rows: Marked, column: str, total: float) -> Rows:
    """Its own export's header; like there, who handed in nothing has 0."""
    yield (
        "assignment", "duedate", "timestamp", "student_id", "last_name", "first_name", "email",
        "raw_score", "late_submission_penalty", "score", "max_score",
    )  # fmt: skip
    for student, grade in rows:
        score = 0.0 if grade is None else _score(grade)
        names = student.id, student.last, student.first, student.email
        yield column, "", "", *names, score, 0.0, score, total


def _score(grade: Grade | None) -> float | str:
    return "" if grade is None or grade.score is None else grade.score


def plain(rows: Rows) -> str:
    """A table as CSV. RFC 4180: lines end in CRLF, and what needs quotes has them."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream)
    for row in rows:
        writer.writerow([f"{cell:g}" if isinstance(cell, float) else harmless(str(cell)) for cell in row])
    return stream.getvalue()


def harmless(cell: str) -> str:
    """Text that a spreadsheet shows and does not run: an apostrophe in front of what looks like a formula."""
    return "'" + cell if cell.lstrip(" ").startswith(_FORMULA) else cell
