"""Gradescope: the zip to upload, and what `run_autograder` does in its container.

    python -m autograder.adapters.gradescope ASSIGNMENT [--root /autograder]

Visible rows by default: a single hidden one would hide the total. What the submission printed goes to stdout,
which Gradescope shows to staff only. Seed and rules come from the submission's metadata and from no clock, so that
"Regrade all" gives the same answer.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from autograder import edition, lateness
from autograder.adapters import common
from autograder.adapters import gradescope_rules as rules
from autograder.adapters.common import PackagePolicy, ResultRow
from autograder.adapters.packing import Package, payload, template
from autograder.assignment import load
from autograder.batch import failed
from autograder.model import WHOLE_QUIZ, Assignment, Report
from autograder.render import parts, rounded, total
from autograder.render.escape import visible
from autograder.zips import zipped

SECONDS = 540  # of Gradescope's 600; two boots that fail and all runs take 195 s
EDITION = "edition"  # the folder of an edition in the package: readable by root alone, as all of `source`
RELEASED = ("after_due_date", "after_published")  # then a quiz row is shown when nothing more is taken
Results = dict[str, Any]


def package(assignment: Assignment, kept: Mapping[str, bytes] | None = None) -> Package:
    """The package; `kept`: the files of an edition, whose quiz then counts and is each student's own."""
    settings = common.policy(assignment)
    source = payload(assignment) | {
        "setup.sh": template("gradescope/setup.sh"),
        "run_autograder": template("gradescope/run_autograder", assignment=assignment.id, seconds=SECONDS),
        "failed.json": json.dumps(results(failed(assignment), settings, {})).encode(),
    }
    source |= {f"{EDITION}/{name}": data for name, data in (kept or {}).items()}
    told = "Upload autograder.zip as the autograder; or build the Dockerfile beside it and name the image."
    if "hidden" in (settings.visibility, *settings.rows.values()):
        told += " Mind that a hidden row hides the total from students: after_published shows both later."
    return Package({"autograder.zip": zipped(source.items()), "Dockerfile": template("gradescope/Dockerfile")}, told)


def results(report: Report, settings: PackagePolicy, metadata: Mapping[str, Any]) -> Results:
    """A report as results.json."""
    score, maximum = total(report)
    withheld = replace(report, quiz=()) if _withholds_quiz(report, settings) else report
    said = [common.heading(withheld)]
    counted = [time.isoformat() for time in rules.attempts(metadata, settings)]
    if report.status == "grader_error":
        score = rules.kept(metadata)
    else:
        if (days := rules.days_late(metadata)) and settings.late_per_day:
            score = rounded(score * lateness.kept(days, settings.late_per_day))
            said.append(f"Handed in {days} day{'s' * (days > 1)} late: {settings.late_per_day:.0%} less for each.")
        if report.status == "graded" and "created_at" in metadata:
            counted.append(metadata["created_at"])
    state = {"status": report.status, "seed": report.seed, "digest": report.digest, "attempts": counted}
    made: Results = {
        "score": score,
        "execution_time": round(report.seconds, 3),
        "output": "\n\n".join(said),
        "output_format": "text",
        "test_output_format": "text",
        "test_name_format": "text",
        "visibility": settings.visibility,
        "extra_data": {"gradmark": state},
        "tests": [_test(row, settings) for row in common.rows(report, answers=settings.quiz in RELEASED)],
    }
    if settings.leaderboard and report.status == "graded":
        code = rounded(sum(part.score for part in parts(report) if part.counts and part.id == "code"))
        told = {True: code, False: score}[_withholds_quiz(report, settings)]  # others see it while answers are taken
        made["leaderboard"] = [{"name": "score", "value": told}, {"name": "of", "value": maximum}]
    return made


def _withholds_quiz(report: Report, settings: PackagePolicy) -> bool:
    """Return whether answers were marked whose rows Gradescope shows later: then no text tells their sum before."""
    return settings.quiz != "visible" and any(item.id != WHOLE_QUIZ for item in report.quiz)


def _test(row: ResultRow, settings: PackagePolicy) -> Results:
    test: Results = {"name": row.title, "score": row.score, "max_score": row.max_score, "output": row.text}
    test["status"] = "passed" if row.passed else "failed"
    if row.id in settings.rows:
        test["visibility"] = settings.rows[row.id]
    elif row.quiz and row.id != WHOLE_QUIZ:
        test["visibility"] = settings.quiz
    return test


def limited(metadata: Mapping[str, Any], settings: PackagePolicy) -> Results | None:
    """The latest results again, when there have been enough attempts; None when this one may be marked."""
    used = rules.attempts(metadata, settings)
    if not settings.attempts or len(used) < settings.attempts:
        return None
    again = min(used) + timedelta(hours=settings.attempts_hours)
    earlier = rules.valid(metadata)
    state = {"status": "limited", "attempts": [time.isoformat() for time in used]}
    said = (
        f"This submission was not marked: {settings.attempts} in {settings.attempts_hours:g} hours are, and yours have "
        f"been. Your last valid score stays. Hand in again after {again.isoformat(' ', 'minutes')}."
    )
    blank: Results = {"score": rules.kept(metadata), "tests": []}
    return {**blank, **(earlier[-1].get("results") or {}), "output": said, "extra_data": {"gradmark": state}}


def main() -> int:
    parser = argparse.ArgumentParser(description="Marks the submission in Gradescope's container.")
    parser.add_argument("assignment")
    parser.add_argument("--root", type=Path, default=Path("/autograder"))
    given = parser.parse_args()
    root: Path = given.root
    file = root / "submission_metadata.json"
    common.shut(root / "source", root / "submission", root / "results", file)
    assignment, kept = load(given.assignment), None
    if (root / "source" / EDITION).exists():
        kept = edition.read(root / "source" / EDITION)
        assignment = kept.of(assignment)
    settings = common.policy(assignment)
    metadata = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    made = limited(metadata, settings)
    status = 0
    if made is None:
        who = rules.student(metadata, kept.roster) if kept and kept.roster else ""
        secret = kept.secret if kept else None
        seed = rules.seed(metadata)
        report = common.marked(root / "submission", assignment, seed, secret=secret, student=who).report
        print("What the submission printed (for staff only):", visible(report.log, len(report.log)), sep="\n")
        made = results(report, settings, metadata)
        status = common.status(report)
    common.put(root / "results/results.json", made)
    return status


if __name__ == "__main__":
    sys.exit(main())
