"""A submission's code: highlighted, with what the report says beside its lines, and compared with another one."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import Response
from markupsafe import Markup
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers.python import PythonLexer
from sqlalchemy.orm import Session

from autograder.intake import read_upload
from autograder.model import Report
from autograder.render.escape import visible
from autograder.service.store.rows import theirs, version_of
from autograder.service.store.schema import AssignmentRow, CourseRow, SubmissionRow, UserRow
from autograder.service.web.edge.access import Me, audit, not_found, submission_for
from autograder.service.web.edge.site import attachment, page, site
from autograder.service.web.student.comments import comments
from autograder.service.web.student.telling import Telling, told

MOST_CHARACTERS = 200_000  # of one file: ten times the longest honest one; more would keep a browser busy
MOST_OTHERS = 100  # submissions to compare with
CONTEXT = 3  # lines around a change
_LEXER = PythonLexer(stripnl=False, ensurenl=False)
_FORMATTER = HtmlFormatter(nowrap=True, classprefix="code-")
_NAMED_LINE = re.compile(r"(?:\(| in )line (\d+)(?:: | \()`")  # as faults are told: compare.tell, pipeline

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True)
class Note:
    """A sentence of the report about lines `line` to `end_line` of the code."""

    line: int
    end_line: int
    title: str
    text: str
    criterion: str = ""
    hint: str = ""  # of the idea, below what is said of the lines


@dataclass(frozen=True)
class CodeLine:
    """A line of code as HTML. In a comparison `sign` is "+" or "−" where it changed."""

    number: int | None
    html: Markup
    marked: bool = False
    notes: tuple[Note, ...] = ()
    sign: str = ""
    before: int | None = None  # its number in the submission compared with
    gap: bool = False  # lines that are the same were left out before this one


# -------------------------------------------------------------------------------------------------------- the pages
@router.get("/s/{submission_id}/code")
def code(
    request: Request, actor: Me, submission_id: str, against: Annotated[str, Query(alias="with", max_length=40)] = ""
) -> Response:
    """The code of a submission; `with` names another one of the same student and assignment to compare it with."""
    with site(request).store.reading() as db:
        found, asked = submission_for(db, actor, submission_id)
        staff = asked.course_id in actor.staff
        report = told(db, found, asked, staff=staff)
        others = _others(db, found)
        other = next((one for one in others if one.id == against), None)
        if against and other is None:
            raise not_found()
        main = _main(db, asked)
        source, problem, cells = source_of(found, main)
        before = source_of(db.get_one(SubmissionRow, other.id), main)[0] if other else ""
        values: dict[str, Any] = {
            "course": db.get_one(CourseRow, asked.course_id),
            "owner": db.get_one(UserRow, found.user_id),
        }
        seen = report.seen.report if report.seen else None
        said = [one for one in comments(db, found, seen) if one.line]
    notes = (
        *(notes_of(seen, cells) if seen else ()),
        *(Note(one.line, one.line, f"{one.author or 'Comment'}:", one.text) for one in said),
    )
    shown = list(compared(before, source)) if other else list(annotated(source, notes))
    return page(
        request, "code.html", told=report, submission=found, asked=asked, staff=staff, lines=shown, notes=notes,
        problem=problem, other=other, others=others, **values,
    )  # fmt: skip


@router.get("/s/{submission_id}/file")
def file(request: Request, actor: Me, submission_id: str) -> Response:
    """The file as it was received: a download, never shown as a page, whatever it is."""
    with site(request).store.writing() as db:
        found, asked = submission_for(db, actor, submission_id)
        if found.upload is None:
            raise HTTPException(410, "This file has been erased.")
        if found.user_id != actor.id:
            audit(db, actor, "upload.downloaded", found.id, asked.course_id)
    suffix = found.name.rpartition(".")[2].lower()
    name = f"submission-{found.number}" + (f".{suffix}" if suffix in ("py", "ipynb", "zip") else "")
    return attachment(found.upload, name)


def _others(db: Session, found: SubmissionRow) -> Sequence[sa.Row[str, int, float]]:
    """Other submissions of this student to this assignment, newest first."""
    return db.execute(
        sa.select(SubmissionRow.id, SubmissionRow.number, SubmissionRow.made_at)
        .where(
            *theirs(found.assignment_id, found.user_id),
            SubmissionRow.id != found.id,
            SubmissionRow.upload.is_not(None),
        )
        .order_by(SubmissionRow.number.desc())
        .limit(MOST_OTHERS)
    ).all()


def _main(db: Session, asked: AssignmentRow) -> str:
    version = version_of(db, asked)
    return version.about["main"] if version else "optimizers.py"


# ------------------------------------------------------------------------------------------------ the code and notes
Cells = Sequence[tuple[int, int]]  # where the cells of a notebook begin, as a Submission has them


def source_of(submission: SubmissionRow, main: str) -> tuple[str, str, Cells]:
    """The code that is marked, with invisible characters written out, "" and its cells; or "" and why there is none."""
    if submission.upload is None:
        return "", "This file has been erased.", ()
    found = read_upload(submission.name, submission.upload, main=main)
    if found.problem:
        return "", found.problem, ()
    text = found.files[main].decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
    return visible(text, MOST_CHARACTERS), "", found.cells


def notes_of(report: Report, cells: Cells = ()) -> tuple[Note, ...]:
    """Return the report's sentences about lines: places of mistakes first, then lines at which the code stopped.

    Cells of a notebook are shown joined, so a line of a cell is counted from where the cell begins.
    """
    titles = {mark.id: mark.title for mark in report.criteria}
    hints = {one.criterion: one for one in report.diagnoses}
    above, notes = {cell: line for line, cell in cells}, []
    for place in report.places:
        if place.cell is not None and place.cell not in above:
            continue
        start = place.line + (0 if place.cell is None else above[place.cell])
        hint = hints.get(place.criterion)
        title = hint.title if hint else titles.get(place.criterion, "Look here")
        end, hinted = start + place.end_line - place.line, hint.hint if hint else ""
        notes.append(Note(start, end, title, place.note or hinted, place.criterion, hinted if place.note else ""))
    return (*notes, *_stops(report))


def _stops(report: Report) -> Iterator[Note]:
    """The lines that messages name, each once, with the rows that they cost."""
    said: dict[int, list[tuple[str, str]]] = {}
    messages = [("", report.message), *((mark.title, one) for mark in report.criteria for one in mark.messages)]
    for title, message in messages:
        if named := _NAMED_LINE.search(message):
            said.setdefault(int(named[1]), []).append((title, message))
    for line, told_there in sorted(said.items()):
        rows = list(dict.fromkeys(title for title, _ in told_there if title))
        yield Note(line, line, ", ".join(rows) or "Your file could not be imported", told_there[0][1])


# --------------------------------------------------------------------------------------------------- lines as HTML
def highlighted(source: str) -> list[Markup]:
    """Each line of Python as HTML, its tokens in classes `code-…`; everything in it is escaped."""
    return [Markup(line) for line in highlight(source, _LEXER, _FORMATTER).split("\n")]  # noqa: S704 - Pygments escapes


def annotated(source: str, notes: Sequence[Note]) -> Iterator[CodeLine]:
    """All lines; a note stands below the last line that it is about."""
    marked = {line for note in notes for line in range(note.line, note.end_line + 1)}
    below: Mapping[int, tuple[Note, ...]] = {
        line: tuple(note for note in notes if note.end_line == line) for line in {note.end_line for note in notes}
    }
    for number, html in enumerate(highlighted(source) if source else [], start=1):
        yield CodeLine(number, html, number in marked, below.get(number, ()))


def compared(before: str, after: str) -> Iterator[CodeLine]:
    """The lines that changed, with some around them: removed ones first, in the place of what came instead."""
    old, new = before.split("\n"), after.split("\n")
    old_html, new_html = highlighted(before), highlighted(after)
    groups = difflib.SequenceMatcher(None, old, new, autojunk=False).get_grouped_opcodes(CONTEXT)
    for index, group in enumerate(groups):
        fresh = index > 0 or group[0][1] > 0
        for tag, start, end, from_, to in group:
            if tag == "equal":
                pairs = zip(range(start, end), range(from_, to), strict=True)
                changed = [CodeLine(b + 1, new_html[b], before=a + 1) for a, b in pairs]
            else:
                removed = [CodeLine(None, old_html[a], sign="−", before=a + 1) for a in range(start, end)]
                changed = [*removed, *(CodeLine(b + 1, new_html[b], sign="+") for b in range(from_, to))]
            for line in changed:
                yield CodeLine(line.number, line.html, sign=line.sign, before=line.before, gap=fresh)
                fresh = False


def has_notes(report: Telling) -> bool:
    """Return whether the code page has something to say about lines."""
    return bool(report.seen and (report.seen.report.places or any(_stops(report.seen.report))))
