"""GitHub Actions: a workflow for the staff's own repository, annotations, and the job's summary.

    python -m autograder.adapters.github PATH [--assignment ID] [--seed N] [--sandbox NAME]

The workflow marks a student's repository from outside. One that lives inside it could be edited by its student, and
everything that it installs could be read: reference, misconceptions and keys.
"""

from __future__ import annotations

import html
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from autograder.adapters import common
from autograder.adapters.packing import Package, payload, template
from autograder.model import Assignment, Place, Report
from autograder.render import is_marked, points, total


def package(assignment: Assignment) -> Package:
    values = {"assignment": assignment.id, "title": assignment.title, "main": assignment.main}
    files = {f"gradmark/{name}": data for name, data in payload(assignment).items()} | {
        ".github/workflows/gradmark.yml": template("github/gradmark.yml", **values)
    }
    told = (
        "Copy both folders into a private repository of the staff (students who can read it read the answers), and add "
        "the secret SUBMISSIONS_TOKEN, which may read the students' repositories."
    )
    return Package(files, told)


def commands(report: Report, file: str) -> Iterator[str]:
    """Workflow commands, a line each."""
    score, maximum = total(report)
    if report.status != "graded":
        kind = "error" if report.status == "not_gradable" else "warning"
        yield _command(kind, file, report.status.replace("_", " "), common.heading(report))
    if not is_marked(report):
        return
    for row in common.rows(report):
        if not row.passed and (row.quiz or report.status == "graded"):
            for place in row.places or (None,):
                yield _command("error", file, common.of(row), row.text, place)
    yield _command("notice", file, f"{points(score)} / {points(maximum)}", common.heading(report))


def _command(kind: str, file: str, title: str, message: str, place: Place | None = None) -> str:
    """One command, at a place where there is one; a notebook's file has no lines that a cell's could be."""
    lines = f",line={place.line},endLine={place.end_line}" if place and place.cell is None else ""
    return f"::{kind} file={_property(file)}{lines},title={_property(title)}::{_data(message)}"


def _data(text: str) -> str:
    """A line break would end the command, and what follows could be another one."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def summary(report: Report) -> str:
    """Markdown for the job's summary. Longer text stands in `pre`, where Markdown is not read."""
    score, maximum = total(report)
    lines = [f"## {markdown(report.assignment)}: {points(score)} / {points(maximum)}", "", _pre(common.heading(report))]
    rows = common.rows(report)
    if rows:
        lines += ["", "| criterion | marks |", "|---|---|"]
        lines += [f"| {markdown(row.title)} | {points(row.score)} / {points(row.max_score)} |" for row in rows]
    for row in rows:
        if not row.passed and row.text:
            lines += ["", f"### {markdown(common.of(row))}", "", _pre(row.text)]
    return "\n".join(lines) + "\n"


def markdown(text: str) -> str:
    """Plain text for one line of Markdown: nothing in it is markup, link, mention or HTML."""
    escaped = re.sub(r"([\\`*_{}\[\]()#+.!|~-])", r"\\\1", html.escape(text, quote=False))
    return escaped.replace("@", "&#64;")


def _pre(text: str) -> str:
    return f"<pre>{html.escape(text, quote=False)}</pre>"


def main() -> int:
    assignment, report = common.asked("Marks a submission; prints annotations and adds to the job's summary.")
    for line in commands(report, assignment.main):
        print(line)
    if place := os.environ.get("GITHUB_STEP_SUMMARY"):
        with Path(place).open("a", encoding="utf-8") as file:
            file.write(summary(report))
    return common.status(report)


if __name__ == "__main__":
    sys.exit(main())
