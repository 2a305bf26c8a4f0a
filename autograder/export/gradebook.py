"""Reports as a CSV file that a gradebook imports, from that gradebook's own export or from any roster.

A report belongs to the person whose id or name its submission goes by: `ada/optimizers.py`, `ada.zip`, a platform's
download. What matches nobody, or several, is said, and the rest is written; nobody gets somebody else's marks.
A report that ended in a grader error is an empty cell, because our faults are never a zero.
"""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from autograder.columns import ids_end, is_canvas
from autograder.columns import plain as titled
from autograder.roster import PLACEHOLDERS, Person, Roster, is_formula, owners, split_name

Part = Literal["total", "code", "quiz"]
SCHEMA = "gradmark.report/1"
MOST_TOLD = 20  # reports or people named in one sentence


class BadGradebook(Exception):
    """The reports or the roster cannot be used; the message says which line, and what to do."""


@dataclass(frozen=True)
class Grade:
    """One report, as far as a gradebook cares."""

    path: str
    assignment: str
    score: float | None  # None: the grader failed
    max_score: float
    known_as: tuple[str, ...] = ()  # ids and names of who handed it in, the surest first
    refused: bool = False  # its quiz was handed in and could not be marked
    broken: bool = False  # its code could not be imported
    waits: bool = False  # answers wait for a person, and count as 0 until then


@dataclass(frozen=True)
class Written:
    """A gradebook's file, and what staff must know of it."""

    text: str
    remarks: tuple[str, ...] = ()


def gradebook(platform: str, reports: str, roster: Roster, column: str = "", part: Part = "total") -> Written:
    """The file: a row for each person of the roster, in its order. `column` names the assignment there.

    Raises:
        BadGradebook: a line of the reports cannot be read, or the platform's export lacks what its import asks for.
    """
    grades = read_reports(reports, part)
    grades_by_person, remarks = assign(roster, grades)
    total = max(grade.max_score for grade in grades)
    sheet = GradebookInput(roster, grades_by_person, column, grades[0].assignment, total, part)
    rows, more = SHEETS[platform](sheet)
    return Written(plain(rows), (*roster.remarks, *remarks, *more))


def by_assignment(reports: str) -> dict[str, str]:
    """The reports of each assignment; lines of others are empty, so that each line keeps its number.

    Raises:
        BadGradebook: a line is no report.
    """
    lines = reports.split("\n")  # nothing else ends a line of JSON
    names = [_assignment_of(number, line) if line.strip() else "" for number, line in enumerate(lines, start=1)]
    kept = {name: zip(lines, names, strict=True) for name in names if name}
    return {name: "\n".join(line if of == name else "" for line, of in pairs) for name, pairs in kept.items()}


def _assignment_of(number: int, line: str) -> str:
    try:
        return str(json.loads(line)["assignment"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise BadGradebook(f"Line {number} of the reports is no report of gradmark: {error}") from error


# ------------------------------------------------------------------------------------------------------- reading
def read_reports(text: str, part: Part = "total") -> list[Grade]:
    """The JSON lines of `gradmark grade --format json`."""
    grades = [_grade(number, line, part) for number, line in enumerate(text.split("\n"), start=1) if line.strip()]
    if not grades:
        raise BadGradebook("There are no reports in this file. `gradmark grade --format json` writes them.")
    if len({grade.assignment for grade in grades}) > 1:
        raise BadGradebook("These reports are of several assignments: name their course.toml with --course.")
    if len(mosts := {grade.max_score for grade in grades if grade.score is not None}) > 1:
        told = " and ".join(f"{most:g}" for most in sorted(mosts))
        raise BadGradebook(f"These reports are out of different maxima ({told}). Mark them all alike: with --edition.")
    return grades


def _grade(number: int, line: str, part: Part) -> Grade:
    try:
        told = json.loads(line)
        if told["schema"] != SCHEMA:
            raise BadGradebook(f"Line {number} of the reports is {told['schema']!r}, which is not {SCHEMA}.")
        marks = _part(number, told, part)
        failed = [told["status"]] if part != "quiz" else []
        failed += [item["status"] for item in told.get("quiz", ()) if part == "quiz" or _quiz_counts(told)]
        score = None if "grader_error" in failed else float(marks["score"])
        who = tuple(str(key) for key in told["submission"].get("known_as", ()))
        refused = any(one["state"] == "refused" for one in told.get("parts", ()))
        path, most = str(told["submission"]["path"]), float(marks["max_score"])
        broken = told["status"] == "not_gradable" and part != "quiz"
        counting = part == "quiz" or (part == "total" and _quiz_counts(told))
        waits = counting and any(item["status"] == "waiting" for item in told.get("quiz", ()))
        grade = Grade(path, str(told["assignment"]), score, most, who, refused, broken, waits)
    except (ValueError, ArithmeticError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise BadGradebook(f"Line {number} of the reports is no report of gradmark: {error}") from error
    if not math.isfinite(grade.max_score) or (score is not None and not 0 <= score < math.inf):
        raise BadGradebook(f"Line {number} of the reports has a score that cannot be: {marks['score']}.")
    return grade


def _quiz_counts(told: Mapping[str, Any]) -> bool:
    parts = told.get("parts")
    return not isinstance(parts, list) or any(one["id"] == "quiz" and one["counts"] for one in parts)


def _part(number: int, told: Mapping[str, Any], part: Part) -> Mapping[str, Any]:
    if part == "total":
        return told
    parts = told.get("parts")
    found = [one for one in parts if one["id"] == part] if isinstance(parts, list) else []
    if not found:
        raise BadGradebook(
            f"Line {number} of the reports has no {part}. Mark with --edition, so that everybody's is there."
        )
    return dict(found[0])


def named(id: str, name: str, email: str = "", section: str = "") -> Person:  # noqa: A002
    """A person whose name is one text."""
    first, last = split_name(name)
    return Person(id, name, email, section, first, last, ids=(id,))


# ------------------------------------------------------------------------------------------------------ who is who
def assign(roster: Roster, grades: Iterable[Grade]) -> tuple[dict[Person, Grade | None], list[str]]:
    """Each person's report, None without one; and sentences about reports that are nobody's or several people's."""
    found: dict[Person, Grade | None] = dict.fromkeys(roster.people)
    unplaced: list[tuple[Grade, tuple[Person, ...]]] = []
    twice: dict[Person, list[Grade]] = {}
    for grade in grades:
        who = owners(roster, grade.known_as, grade.path)
        if len(who) != 1:
            unplaced.append((grade, who))
        elif found[who[0]] is None:
            found[who[0]] = grade
        else:
            twice.setdefault(who[0], [grade for grade in [found[who[0]]] if grade]).append(grade)
    for person in twice:
        found[person] = None
    remarks = []
    if nobody := [grade.path for grade, who in unplaced if not who]:
        remarks.append(
            f"These reports match nobody on the roster and are not in the file: {_listed(nobody)}. Put each submission "
            "into a folder that is called like its student's id, or complete the roster."
        )
    remarks += [
        f"The report of “{grade.path}” could be {' or '.join(person.id for person in who)}, and is not in the file."
        for grade, who in unplaced
        if who
    ]
    remarks += [
        f"There are {len(theirs)} reports for {person.id}, so none is in the file: keep the one that counts "
        f"({_listed(grade.path for grade in theirs)})."
        for person, theirs in twice.items()
    ]
    remarks += _of_marks(found)
    if without := [person.id for person, grade in found.items() if grade is None and person not in twice]:
        remarks.append(f"Nothing is marked for these, and their cells are empty: {_listed(without)}.")
    return found, remarks


def _of_marks(found: Mapping[Person, Grade | None]) -> Iterator[str]:
    """Sentences about reports whose points are not the whole truth."""
    grades = {person.id: grade for person, grade in found.items() if grade is not None}
    if failed := [name for name, grade in grades.items() if grade.score is None]:
        yield f"The grader failed on these, and their cells are empty: {_listed(failed)}. Mark them again."
    if refused := [name for name, grade in grades.items() if grade.refused]:
        yield f"The quiz of these was handed in and not marked; their reports say why: {_listed(refused)}."
    if broken := [name for name, grade in grades.items() if grade.broken]:
        told = (
            f"The code of these could not be imported and has 0 points: {_listed(broken)}. Their reports say what to "
        )
        yield told + "mend; mark them again when they have handed in anew."
    if waiting := [name for name, grade in grades.items() if grade.waits]:
        yield f"Answers of these wait for a person, and have 0 points here until then: {_listed(waiting)}."


def _listed(names: Iterable[str]) -> str:
    every = list(names)
    return ", ".join(every[:MOST_TOLD]) + (f" and {len(every) - MOST_TOLD} more" if len(every) > MOST_TOLD else "")


# ------------------------------------------------------------------------------------------------------- writing
Rows = Iterable[Sequence[object]]
Marked = Sequence[tuple[Person, Grade | None]]


@dataclass(frozen=True)
class GradebookInput:
    """The input of a gradebook."""

    roster: Roster
    grades: Mapping[Person, Grade | None]
    column: str  # "" = the assignment's id, or the column of the export that is called like it
    assignment: str
    total: float
    part: Part = "total"

    @property
    def title(self) -> str:
        """Return the name of the column: the quiz alone has one of its own, beside that of the code."""
        return self.column or (f"{self.assignment} quiz" if self.part == "quiz" else self.assignment)

    @property
    def header(self) -> tuple[str, ...]:
        return self.roster.table.header

    def cell(self, row: int, at: int) -> str:
        cells = self.roster.table.rows[row]
        return cells[at] if at < len(cells) else ""

    def columns(self, *titles: str) -> list[int]:
        """Return the export's columns with these titles."""
        return [at for title in titles for at, cell in enumerate(self.header) if titled(cell) == title]

    def place(self, pattern: str) -> int | None:
        """The export's column of this assignment: the pattern takes off what the platform adds to its name.

        Raises:
            BadGradebook: several columns are called so.
        """
        names = {at: titled(match[1]) for at, cell in enumerate(self.header) if (match := re.fullmatch(pattern, cell))}
        exact = [at for at, name in names.items() if name == titled(self.title)]
        near = [at for at, name in names.items() if titled(self.title) in name and not self.column]
        near = [at for at in near if self.part != "code" or "quiz" not in names[at].split()]
        whole = [at for at in names if titled(self.header[at]) == titled(self.title)]  # with what the platform adds
        places = whole or exact or near
        if len(places) > 1:
            told = ", ".join(f"“{self.header[at]}”" for at in places)
            raise BadGradebook(
                f"Several columns of the roster are called like “{self.title}”: {told}. Say which: --column."
            )
        return places[0] if places else None


def written(platform: Literal["canvas", "moodle", "nbgrader"], rows: Marked, column: str, total: float) -> str:
    """The same for grades whose owners are known. `total`: what the assignment is out of."""
    if platform == "canvas":
        return plain(_canvas_new(rows, column, total))
    if platform == "moodle":
        return plain(_moodle_new(rows, column))
    return plain(_nbgrader(rows, column, total))


def _canvas(sheet: GradebookInput) -> tuple[Rows, list[str]]:
    """From Canvas's own export: its columns of ids, and the assignment's own column, by which Canvas knows it again."""
    place = sheet.place(r"(.*?)\s*\(\d+\)\s*")
    remarks = title_warning(sheet.title if place is None else sheet.header[place])
    if not is_canvas(sheet.header):
        return _canvas_new(list(sheet.grades.items()), sheet.title, sheet.total), remarks
    ids = range(ids_end(sheet.header))
    title = sheet.title if place is None else sheet.header[place]
    rows: list[Sequence[object]] = [[sheet.header[at] for at in ids] + [title]]
    known = {person.row for person in sheet.grades}
    most: object = sheet.total
    for number, cells in enumerate(sheet.roster.table.rows):
        if number not in known and titled(cells[0]) in PLACEHOLDERS and "poi" in titled(cells[0]):
            most = sheet.cell(number, place) if place is not None else sheet.total
            if place is not None and not _same(most, sheet.total):
                remarks.append(_other_maximum("Canvas", most, sheet.total))
    rows.append(["    Points Possible", *[""] * (len(ids) - 1), most])
    rows += [[*(sheet.cell(p.row, at) for at in ids), _score(grade)] for p, grade in sheet.grades.items()]
    if place is None:
        remarks.append(f"The export has no column for “{title}”: Canvas will make a new assignment of that name.")
    return rows, remarks


def title_warning(title: str) -> list[str]:
    """Canvas takes columns whose names end like its own totals for these, and does not import them."""
    if not re.search(r"\bFinal\b|\bCurrent (?:Score|Grade|Points)\b", title, re.IGNORECASE):
        return []
    told = f"The title “{title}” has a word of Canvas's own total columns (Final Score, Current Grade): "
    return [told + "Canvas may skip the column. Give the assignment another title."]


def _canvas_new(rows: Marked, column: str, total: float) -> Rows:
    yield "Student", "ID", "SIS User ID", "SIS Login ID", "Section", column
    yield "Points Possible", "", "", "", "", total
    for person, grade in rows:
        name = ", ".join(part for part in (person.last, person.first) if part)
        yield name, person.platform_id, person.id, person.login, person.section, _score(grade)


def _moodle(sheet: GradebookInput) -> tuple[Rows, list[str]]:
    """The grading worksheet as it was, with grades in it; or a table for the import of grades."""
    grade_at = sheet.columns("grade", "bewertung", "note", "calificacion")
    most_at = sheet.columns("maximum grade", "bestwertung", "hochste bewertung", "note maximale", "calificacion maxima")
    if not (grade_at and most_at):
        return _moodle_new(list(sheet.grades.items()), sheet.title), []
    mosts = {sheet.cell(person.row, most_at[0]) for person in sheet.grades}
    remarks = [_other_maximum("Moodle", most, sheet.total) for most in sorted(mosts) if not _same(most, sheet.total)]
    return _filled(sheet, {grade_at[0]: _score}), remarks


def _moodle_new(rows: Marked, column: str) -> Rows:
    yield "First name", "Last name", "ID number", "Email address", column
    for person, grade in rows:
        number = "" if person.id in (person.email, person.login, person.platform_id) else person.id
        yield person.first, person.last, number, person.email, _score(grade)


def _blackboard(sheet: GradebookInput) -> tuple[Rows, list[str]]:
    place = sheet.place(r"(.*?)\s*\[[^\]]*\].*\|\s*\d+\s*")
    ids = sheet.columns("last name", "first name", "username", "student id")
    if place is None or not sheet.columns("username"):
        raise BadGradebook(
            f"Blackboard imports into a column that is there: make one called “{sheet.title}”, download the gradebook "
            "(Work Offline, Download), and give that file as --roster."
        )
    most = re.search(r"Total Pts: ([\d.,]+)", sheet.header[place])
    remarks = [_other_maximum("Blackboard", most[1], sheet.total)] if most and not _same(most[1], sheet.total) else []
    header = [sheet.header[at] for at in (*ids, place)]
    rows = [[*(sheet.cell(p.row, at) for at in ids), _score(grade)] for p, grade in sheet.grades.items()]
    return [header, *rows], remarks


def _brightspace(sheet: GradebookInput) -> tuple[Rows, list[str]]:
    """Ids with Brightspace's `#`, the grade item's points, and its mark at the end of each line."""
    place = sheet.place(r"(.*?) Points Grade(?:\s*<.*>)?")
    ids = sheet.columns("orgdefinedid", "username")
    title = f"{sheet.title} Points Grade" if place is None else sheet.header[place]
    remarks = []
    most = re.search(r"MaxPoints:([\d.,]+)", title)
    if most and not _same(most[1], sheet.total):
        remarks.append(_other_maximum("Brightspace", most[1], sheet.total))
    if place is None:
        remarks.append(f"Make a numeric grade item “{sheet.title}” in Brightspace before you import.")
    header = [sheet.header[at] for at in ids] or ["OrgDefinedId"]
    rows: list[Sequence[object]] = [[*header, title, "End-of-Line Indicator"]]
    for person, grade in sheet.grades.items():
        who = [sheet.cell(person.row, at) for at in ids] or [f"#{person.id}"]
        rows.append([*who, _score(grade), "#"])
    return rows, remarks


def _gradescope(sheet: GradebookInput) -> tuple[Rows, list[str]]:
    score_at, most_at = sheet.columns("total score"), sheet.columns("max points")
    if score_at and most_at:
        return _filled(sheet, {score_at[0]: _score, most_at[0]: lambda _: sheet.total}), []
    rows: list[Sequence[object]] = [("First Name", "Last Name", "SID", "Email", "Total Score", "Max Points")]
    for person, grade in sheet.grades.items():
        rows.append((person.first, person.last, person.id, person.email, _score(grade), sheet.total))
    return rows, []


def _github(sheet: GradebookInput) -> tuple[Rows, list[str]]:
    """GitHub Classroom imports no grades: its roster, with points beside it."""
    rows: list[Sequence[object]] = [(*sheet.header, "score", "max_score")]
    for person, grade in sheet.grades.items():
        rows.append((*(sheet.cell(person.row, at) for at in range(len(sheet.header))), _score(grade), sheet.total))
    return rows, ["GitHub Classroom imports no grades: this is its roster with the points beside it."]


def _nbgrader_sheet(sheet: GradebookInput) -> tuple[Rows, list[str]]:
    return _nbgrader(list(sheet.grades.items()), sheet.title, sheet.total), []


def _nbgrader(rows: Marked, column: str, total: float) -> Rows:
    """Its own export's header; like there, who handed in nothing has 0."""
    yield (
        "assignment", "duedate", "timestamp", "student_id", "last_name", "first_name", "email",
        "raw_score", "late_submission_penalty", "score", "max_score",
    )  # fmt: skip
    for person, grade in rows:
        score = 0.0 if grade is None else _score(grade)
        names = person.id, person.last, person.first, person.email
        yield column, "", "", *names, score, 0.0, score, total


SHEETS: Mapping[str, Callable[[GradebookInput], tuple[Rows, list[str]]]] = {
    "canvas": _canvas,
    "moodle": _moodle,
    "blackboard": _blackboard,
    "brightspace": _brightspace,
    "gradescope": _gradescope,
    "github": _github,
    "nbgrader": _nbgrader_sheet,
}


def _filled(
    sheet: GradebookInput, values: Mapping[int, Callable[[Grade | None], object]]
) -> Iterator[Sequence[object]]:
    """The export as it is, with values in some columns of the rows of those who have a grade."""
    yield sheet.header
    grades = {row: grade for person, grade in sheet.grades.items() for row in (person.row, *person.more_rows)}
    for row in range(len(sheet.roster.table.rows)):
        grade = grades.get(row)
        yield [
            values[at](grade) if at in values and grade is not None else sheet.cell(row, at)
            for at in range(len(sheet.header))
        ]


def _same(most: object, total: float) -> bool:
    try:
        return float(str(most).replace(",", ".")) == total
    except ValueError:
        return True  # a cell that is no number says nothing about the maximum


def _other_maximum(platform: str, most: object, total: float) -> str:
    return f"{platform} has {most} points for this column, the reports are out of {total:g}: change that there."


def _score(grade: Grade | None) -> float | str:
    return "" if grade is None or grade.score is None else grade.score


def plain(rows: Rows) -> str:
    """A table as CSV. RFC 4180: lines end in CRLF, and what needs quotes has them."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream)
    for row in rows:
        writer.writerow([f"{cell:.10g}" if isinstance(cell, float) else harmless(str(cell)) for cell in row])
    return stream.getvalue()


def harmless(cell: str) -> str:
    """Text that a spreadsheet shows and does not run: an apostrophe in front of what looks like a formula."""
    return "'" + cell if cell.strip() != "-" and is_formula(cell) else cell
