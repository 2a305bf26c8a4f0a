"""Autolab: an assessment to install, its autograder and Tango's image, and what `make` runs on Tango's machine.

    python -m autograder.adapters.autolab ASSIGNMENT HANDIN

Autolab reads the last line of stdout, so stdout is ours alone: what the submission printed is dropped. The line
before it is what the page of formatted feedback shows. Tango runs `make` as an ordinary user, from whom goldens
must be hidden as well, because a submission could otherwise be that user: the image lets this one command become root.
"""

from __future__ import annotations

import argparse
import io
import json
import re
import sys
import tarfile
from pathlib import Path

from autograder.adapters import common
from autograder.adapters.packing import Package, payload, template
from autograder.assignment import load
from autograder.batch import failed
from autograder.model import Assignment, Report
from autograder.render import subtotal, total
from autograder.zips import mode

SECONDS = 280  # two boots that fail and all runs take 195 s
TIMEOUT = 300  # of the assessment's autograder, in seconds


def package(assignment: Assignment) -> Package:
    values = {"assignment": assignment.id, "main": assignment.main, "seconds": SECONDS}
    name, archive = installed_name(assignment.id), f"{Path(assignment.main).stem}.zip"
    unmarked = failed(assignment)
    quiz = {"quiz": unmarked.quiz_points} if assignment.quiz_counts else {}
    problems = {c.id: c.points for c in assignment.criteria} | quiz
    handin = archive if quiz else assignment.main
    autograder = {
        "autograde-Makefile": template("autolab/Makefile", **values),
        "autograde.tar": _tar({"failed.txt": lines(unmarked, assignment).encode()}),
    }
    settings = template(
        "autolab/assessment.yml",
        called=name,
        title=assignment.title,
        handin=handin,
        problems={problem: f"{most:g}" for problem, most in problems.items()},
        timeout=TIMEOUT,
        image=f"gradmark-{assignment.id}",
    )
    inside = {f"{name}.yml": settings, **autograder}
    files = {
        f"{name}.tar": _tar({f"{name}/{file}": data for file, data in inside.items()}, folder=name),
        **autograder,
        **{f"image/{name}": data for name, data in payload(assignment).items()},
        "image/grade": template("autolab/grade", **values),
        "image/Dockerfile": template("autolab/Dockerfile"),
    }
    told = (
        f"Build image/ as gradmark-{assignment.id} for Tango, and install {name}.tar in Autolab (Install Assessment, "
        f"from a tarball): it sets the problems, the timeout of {TIMEOUT} s and the handin's name, {handin}. "
        f"Where students hand in a zip of {assignment.main} and their quiz.toml that name is {archive}. An assessment "
        "that is there already takes autograde-Makefile and autograde.tar."
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


def installed_name(assignment: str) -> str:
    """Return the name of the assessment: Autolab takes lower-case letters and digits that begin with a letter."""
    bare = re.sub(r"[^a-z0-9]", "", assignment.lower())
    return bare if bare[:1].isalpha() else f"a{bare}"


def _tar(files: dict[str, bytes], folder: str = "") -> bytes:
    """A tar file; `folder` first of all as an entry of its own, by which Autolab's importer knows the assessment."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        if folder:
            root = tarfile.TarInfo(folder)
            root.type, root.mode = tarfile.DIRTYPE, 0o755
            archive.addfile(root)
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
    report = common.shown(handin, assignment)
    print(lines(report, assignment), end="", flush=True)
    return common.status(report)


if __name__ == "__main__":
    sys.exit(main())
