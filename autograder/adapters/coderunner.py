"""Moodle CodeRunner: a combinator template grader, and what it runs on the Jobe server.

    python -m autograder.adapters.coderunner ASSIGNMENT < SUBMISSION

Other questions run on the same Jobe server, and their authors are students too: so gradmark is shut to Jobe's users,
and one command, which reads a submission from stdin and no file, may become root for them.
"""

from __future__ import annotations

import argparse
import html
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from autograder.adapters import common
from autograder.adapters.packing import Package, payload, template
from autograder.assignment import load
from autograder.model import Assignment, Report
from autograder.publish import say
from autograder.render import points, total

SECONDS = (
    200  # the template's own clock; set CodeRunner's time limit to 240 s. Two boots that fail and all runs take 195 s
)
LONGEST = 1_000_000  # bytes of a submission that are read: more than intake takes of a file


def package(assignment: Assignment) -> Package:
    values = {"assignment": assignment.id, "seconds": SECONDS}
    files = {f"jobe/{name}": data for name, data in payload(assignment).items()} | {
        "jobe/grade": template("coderunner/grade", **values),
        "jobe/setup.sh": template("coderunner/setup.sh", **values),
        "template.py": template("coderunner/template.py", **values),
    }
    told = (
        "Run jobe/setup.sh as root on the Jobe server. In Moodle: a python3 question, customised, Is combinator, "
        "grader “Template grader”, time limit 240 s, memory limit 0, template.py as its template."
    )
    return Package(files, told)


def results(report: Report) -> dict[str, Any]:
    """A report as the JSON of a combinator template grader; text is escaped here, CodeRunner shows it as HTML."""
    score, maximum = total(report)
    table: list[list[Any]] = [["iscorrect", "Criterion", "Marks", "Why"]]
    for row in common.rows(report):
        marks = f"{points(row.score)} / {points(row.max_score)}"
        share = row.score / row.max_score if row.max_score else 1.0
        table.append([share, html.escape(row.title), marks, _pre("" if row.passed else row.text)])
    return {
        "fraction": score / maximum if maximum else 0.0,
        "prologuehtml": _pre(common.heading(report)),
        "testresults": table if len(table) > 1 else [],
        "columnformats": ["%h", "%s", "%h"],  # one for each column but the tick
        "showdifferences": False,
    }


def _pre(text: str) -> str:
    return f"<pre>{html.escape(text)}</pre>" if text else ""


def main() -> int:
    parser = argparse.ArgumentParser(description="Marks the submission on stdin; prints CodeRunner's JSON.")
    parser.add_argument("assignment")
    assignment = load(parser.parse_args().assignment)
    with tempfile.TemporaryDirectory() as folder:  # 0700: nobody else's while it is there
        file = Path(folder) / assignment.main
        file.write_bytes(sys.stdin.buffer.read(LONGEST))
        report = common.shown(file, assignment)
    if report.status == "grader_error":  # without JSON CodeRunner marks nothing
        say(common.heading(report))
    else:
        print(json.dumps(results(report), allow_nan=False))
    return common.status(report)


if __name__ == "__main__":
    sys.exit(main())
