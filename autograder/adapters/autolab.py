"""Autolab: the Makefile and tar file of an autograder, and what `make` runs on Tango's machine.

    python -m autograder.adapters.autolab ASSIGNMENT HANDIN

Autolab reads the last line of stdout, so stdout is ours alone: what the submission printed is dropped. The line
before it is what the page of formatted feedback shows. Tango runs `make` as an ordinary user, from whom goldens
must be hidden as well, because a submission could otherwise be that user: the image lets this one command become root.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
import tarfile
from pathlib import Path

from autograder.adapters import common
from autograder.adapters.packing import Package, mode, payload, template
from autograder.assignment import load
from autograder.batch import failed
from autograder.model import Assignment, Report
from autograder.render import subtotal, total

SECONDS = 280  # set 300 in Autolab's autograder settings; two boots that fail and all runs take 195 s


def package(assignment: Assignment) -> Package:
    values = {"assignment": assignment.id, "main": assignment.main, "seconds": SECONDS}
    inside = {"failed.txt": lines(failed(assignment), assignment).encode()}
    files = {
        "autograde-Makefile": template("autolab/Makefile", **values),
        "autograde.tar": _tar(inside),
        **{f"image/{name}": data for name, data in payload(assignment).items()},
        "image/grade": template("autolab/grade", **values),
        "image/Dockerfile": template("autolab/Dockerfile"),
    }
    problems = ", ".join(f"{c.id} ({c.points:g})" for c in assignment.criteria)
    told = (
        f"Build image/ as Tango's autograding image; upload autograde-Makefile and autograde.tar; set the handin's "
        f"name to {assignment.main} (to {Path(assignment.main).stem}.zip where students hand in a zip of it and their "
        f"quiz.toml), the timeout to 300 s, and these problems: {problems}."
    )
    return Package(files, told)


def lines(report: Report, assignment: Assignment) -> str:
    """The last lines of stdout: feedback, then scores. A failure of ours has no scores, so that none is entered."""
    if report.status == "grader_error":
        return common.heading(report) + "\n"
    score, _ = total(report)
    marks = {row.id: row.score for row in common.rows(report) if row.id in {c.id for c in assignment.criteria}}
    if report.quiz_counts:  # whatever was handed in, so that everybody has the same problems
        marks["quiz"] = subtotal(report.quiz)[0]
    scores = {c.id: 0.0 for c in assignment.criteria} | marks
    feedback = {
        "_presentation": "semantic",
        "stages": ["Marks"],
        "Marks": {
            row.title: {"passed": row.passed, "hint": "" if row.passed else row.text} for row in common.rows(report)
        }
        or {"Submission": {"passed": False, "hint": common.heading(report)}},
    }
    said = common.heading(report)
    return "\n".join([said, json.dumps(feedback), json.dumps({"scores": scores, "scoreboard": [score]})]) + "\n"


def _tar(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(data), mode(data)
            archive.addfile(entry, io.BytesIO(data))
    return packed.getvalue()


def main() -> int:
    parser = argparse.ArgumentParser(description="Marks the handin where Autolab's autograder runs.")
    parser.add_argument("assignment")
    parser.add_argument("handin", type=Path)
    given = parser.parse_args()
    packed = given.handin.with_suffix(".zip")
    handin = given.handin if given.handin.exists() or not packed.exists() else packed
    common.shut(handin, Path.cwd())
    assignment = load(given.assignment)
    report = common.held_back(common.marked(handin, assignment, None).report, common.policy(assignment))
    print(lines(report, assignment), end="", flush=True)
    return 3 if report.status == "grader_error" else 0  # as `gradmark grade` says it


if __name__ == "__main__":
    sys.exit(main())
