"""Reports on a terminal: one in full, many as a table. All as Rich `Text`: nothing is read as markup."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from autograder.render import (
    LATER,
    OF_CRITERIA,
    STATES,
    STATUSES,
    advice,
    has_score,
    is_marked,
    other_messages,
    parts,
    parts_told,
    places_in,
    points,
    source,
    subtotal,
    total,
    verdict,
    where,
    where_of,
)
from autograder.render.escape import one_line, visible

if TYPE_CHECKING:
    from collections.abc import Iterable

    from autograder.model import CriterionMark, Diagnosis, Exhibit, ItemMark, Report

NO_MARKS = {"not_gradable": "not gradable", "grader_error": "grader error"}
LONGEST_MESSAGE = 800  # characters: ten lines of a terminal, the rest is on the page


# ------------------------------------------------------------------------------------------------- one report
def report_view(report: Report) -> RenderableType:
    """One report in full: the verdict, the ideas, the marks, and the numbers to check by hand."""
    parts: list[RenderableType] = [_head(report)]
    parts += [_idea(diagnosis, report) for diagnosis in report.diagnoses]
    if report.status == "graded":
        parts.append(_marks(report))
    parts += [_quiz(report)] if report.quiz and is_marked(report) else []
    parts += [_exhibit(exhibit) for exhibit in report.exhibits]
    if report.remarks:
        parts.append(_remarks(report.remarks))
    parts.append(_foot(report))
    return Group(*parts)


def _head(report: Report) -> RenderableType:
    head = Text.assemble((one_line(report.path), "bold"), "  ", (_score(report), "bold " + _score_colour(report)))
    lines = [head, Text(verdict(report))]
    if told := parts_told(report):
        lines.append(Text(told))
    if report.message:
        lines.append(Text(visible(report.message, LONGEST_MESSAGE)))
    if advice(report):
        lines.append(Text(advice(report), "bright_black"))
    return Padding(Group(*lines), (0, 0, 1, 0))


def _idea(diagnosis: Diagnosis, report: Report) -> RenderableType:
    titles = {mark.id: mark.title for mark in report.criteria}
    about = one_line(titles.get(diagnosis.criterion, diagnosis.criterion))
    if place := where_of(report, diagnosis):
        about += f", {place}"
    body = Text.assemble(
        (one_line(diagnosis.title), "bold"), (f"  ({about})\n", "bright_black"), visible(diagnosis.hint)
    )
    if diagnosis.try_this:
        body.append("\nTry this: ", "bold").append(visible(diagnosis.try_this))
    return Padding(_bullet(Text("➜", "bold magenta"), body), (0, 0, 1, 0))


def _bullet(bullet: Text, body: Text) -> RenderableType:
    """`body` with every line indented behind its `bullet`."""
    grid = Table.grid(padding=(0, 1))
    grid.add_column(width=1)
    grid.add_column()
    grid.add_row(bullet, body)
    return grid


def _marks(report: Report) -> RenderableType:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_footer=True)
    score, maximum = subtotal(report.criteria)
    table.add_column("", Text("code" if len(parts(report)) > 1 else "total", "bold"), no_wrap=True)
    table.add_column("criterion", ratio=1)
    table.add_column("marks", Text(_of(score, maximum), "bold"), justify="right", no_wrap=True)
    for mark in report.criteria:
        table.add_row(_status(mark.status), _criterion(report, mark), _of(mark.score, mark.max_score))
    return table


def _quiz(report: Report) -> RenderableType:
    """The quiz in a table of its own, and below it what code and quiz make together where both count."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_footer=True)
    footer = Text(f"{_of(*subtotal(report.quiz))}\n{_of(*total(report))}", "bold")
    named = "quiz\ntotal" if report.quiz_counts else "quiz\ntotal (code)"
    table.add_column("", Text(named, "bold"), no_wrap=True)
    table.add_column("quiz", ratio=1)
    table.add_column("marks", footer, justify="right", no_wrap=True)
    for item in report.quiz:
        table.add_row(_status(item.status), _item(item), _of(item.score, item.max_score))
    return table


def _criterion(report: Report, mark: CriterionMark) -> Text:
    """A row's title, the student's own lines that it is about with their notes, and its other messages."""
    cell = Text(one_line(mark.title))
    for place in places_in(report, mark.id):
        cell.append(f"\n{where(place)}  ", "bright_black").append(source(place), "bold")
        if place.note:
            cell.append("\n" + visible(place.note, LONGEST_MESSAGE), "bright_black")
    for message in other_messages(report, mark):
        cell.append("\n" + visible(message, LONGEST_MESSAGE), "bright_black")
    return cell


def _item(item: ItemMark) -> Text:
    cell = Text(one_line(item.title or item.id))
    if item.title:
        cell.append(f"  {one_line(item.id)}", "bright_black")
    if item.message:
        cell.append("\n" + visible(item.message, LONGEST_MESSAGE), "bright_black")
    return cell


def _status(status: str) -> Text:
    glyph, words, colour = STATUSES.get(status, ("•", one_line(status), ""))
    return Text(f"{glyph} {words}", colour)


def _exhibit(exhibit: Exhibit) -> RenderableType:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column(one_line(exhibit.axis + exhibit.place))
    for name in ("expected", "found", "ratio"):
        table.add_column(name, justify="right")
    for step, expected, found, ratio in exhibit.rows:
        parted = expected != found
        found_cell = Text(("≠ " if parted else "") + one_line(found), "bold red" if parted else "")
        table.add_row(Text(one_line(step)), Text(one_line(expected)), found_cell, Text(one_line(ratio)))
    setup = ", ".join(one_line(line) for line in exhibit.setup)
    lines: list[RenderableType] = [Text.assemble(("Check it by hand: ", "bold"), one_line(exhibit.title))]
    lines += [Text(setup, "bright_black")] if setup else []
    lines.append(table)
    lines += [Text(visible(exhibit.comment, LONGEST_MESSAGE))] if exhibit.comment else []
    return Padding(Group(*lines), (0, 0, 1, 0))


def _remarks(remarks: tuple[str, ...]) -> RenderableType:
    lines: list[RenderableType] = [Text("Remarks (they cost nothing)", "bold")]
    lines += [_bullet(Text("•"), Text(visible(remark, LONGEST_MESSAGE))) for remark in remarks]
    return Padding(Group(*lines), (0, 0, 1, 0))


def _foot(report: Report) -> Text:
    used = [f"{one_line(name)} {one_line(version)}" for name, version in report.versions.items()]
    facts = [
        f"{one_line(report.assignment)} {report.assignment_digest[:12]}",
        f"seed {report.seed}",
        *([f"sandbox {one_line(report.sandbox)}"] if report.sandbox else []),
        f"{report.seconds:.2f} s",
        *used,
    ]
    return Text(" · ".join(facts), "bright_black")


# ----------------------------------------------------------------------------------------------- many reports
def summary(reports: Iterable[Report]) -> RenderableType:
    """One line per report. Charts, exhibits, remarks and log are not looked at: drop them to save memory."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("submission", overflow="fold")
    table.add_column("score", justify="right", no_wrap=True)
    table.add_column("criteria", no_wrap=True)
    table.add_column("what to look at", ratio=1)
    for report in reports:
        glyphs = Text()
        for mark in report.criteria:
            glyph, _, colour = OF_CRITERIA[mark.status]
            glyphs.append(glyph, colour)
        score = Text(_score(report), _score_colour(report))
        table.add_row(Text(one_line(report.path)), score, glyphs, _look_at(report))
    legend = "   ".join(f"{glyph} {words}" for glyph, words, _ in OF_CRITERIA.values())
    return Group(table, Text(legend, "bright_black"))


def _look_at(report: Report) -> Text:
    told = _look_at_code(report)
    for part in parts(report)[1:] if is_marked(report) else ():
        if part.state in ("refused", "not_handed_in"):
            said = STATES[part.state].replace(" (see below)", "")
        elif part.counts and part.score < part.max_score and part.state != "not_marked":
            said = f"{points(part.score)} of {points(part.max_score)}{LATER.get(part.state, '')}"
        else:
            continue
        told.append(("\n" if told else "") + f"quiz: {said}", "magenta")
    return told


def _look_at_code(report: Report) -> Text:
    if report.status != "graded":
        return Text(one_line(report.message) or verdict(report))
    if report.diagnoses:
        return Text("\n".join(_titled(one.title, where_of(report, one)) for one in report.diagnoses))
    wrong = [
        _titled(mark.title, "; ".join(map(where, places_in(report, mark.id))))
        for mark in report.criteria
        if mark.status != "passed"
    ]
    return Text(", ".join(wrong) if len(wrong) <= 3 else f"{', '.join(wrong[:3])} and {len(wrong) - 3} more")


def _titled(title: str, place: str) -> str:
    return one_line(title) + (f" ({place})" if place else "")


def _score(report: Report) -> str:
    if not has_score(report):
        return NO_MARKS[report.status]
    return _of(*total(report))


def _of(score: float, maximum: float) -> str:
    return f"{points(score)} / {points(maximum)}"


def _score_colour(report: Report) -> str:
    score, maximum = total(report)
    if not has_score(report):
        return "magenta" if report.status == "grader_error" else "red"
    return "green" if score == maximum else "yellow" if score * 2 >= maximum else "red"
