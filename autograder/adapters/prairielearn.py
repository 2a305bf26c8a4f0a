"""PrairieLearn: an image for its external grader, and what runs in it.

    python -m autograder.adapters.prairielearn ASSIGNMENT [--root /grade]

The seed is the variant's, so that a student who asks for another variant gets other experiments. What the
submission printed is dropped: everything in results.json, and the container's output, may reach the student.
"""

from __future__ import annotations

import argparse
import base64
import json
import sys
import uuid
from pathlib import Path
from typing import Any

from autograder.adapters import common
from autograder.adapters.packing import Package, payload, template
from autograder.assignment import load
from autograder.batch import failed
from autograder.model import Assignment, Report
from autograder.render import has_score, pictures, total

SECONDS = 280  # the question's info.json says 300; two boots that fail and all runs take 195 s
MAX_BYTES = 1_000_000  # of results.json: PrairieLearn takes 1 MB


def package(assignment: Assignment) -> Package:
    image = f"gradmark-{assignment.id}"
    quiz = bool(assignment.quiz(assignment.quiz_seed))
    values = {"title": assignment.title, "main": assignment.main, "image": image, "quiz": quiz}
    # the same for the same assignment: PrairieLearn knows a question by it
    known_by = str(uuid.uuid5(uuid.NAMESPACE_URL, f"gradmark:{assignment.id}"))
    files = {f"image/{name}": data for name, data in payload(assignment).items()} | {
        "image/Dockerfile": template("prairielearn/Dockerfile"),
        "image/entrypoint": template("prairielearn/entrypoint", assignment=assignment.id, seconds=SECONDS),
        "image/failed.json": json.dumps(results(failed(assignment))).encode(),
        "question/info.json": template("prairielearn/info.json", uuid=known_by, **values),
        "question/question.html": template("prairielearn/question.html", **values),
    }
    return Package(files, f"Build image/ as {image}, push it, and copy question/ into your course's questions.")


def results(report: Report) -> dict[str, Any]:
    """A report as results.json, with pictures as far as they fit."""
    failed = report.status == "grader_error"
    if failed or (report.status == "not_gradable" and not has_score(report)):  # costs no attempt there either
        return {"gradable": False, "format_errors": [common.heading(report) if failed else common.message(report)]}
    score, maximum = total(report)
    made: dict[str, Any] = {
        "gradable": True,
        "score": score / maximum if maximum else 0.0,
        "message": common.heading(report),
        "tests": [
            # points on every one: a single test without them takes the badges from all
            {"name": row.title, "points": row.score, "max_points": row.max_score, "output": row.text}
            for row in common.rows(report)
        ],
        "images": [],
    }
    for chart in report.charts:
        picture = {
            "label": chart.title,
            "url": "data:image/svg+xml;base64," + base64.b64encode(pictures.on_paper(chart).encode()).decode(),
        }
        if len(json.dumps(made)) + len(json.dumps(picture)) < MAX_BYTES:
            made["images"].append(picture)
    return made


def seed(data: dict[str, Any]) -> int:
    """The variant's own, so that `gradmark grade --seed` can be given it; from its text where it is no such number."""
    given = data.get("variant_seed")
    if isinstance(given, int) and given >= 0:
        return given
    return common.seed_of("prairielearn", given)


def main() -> int:
    parser = argparse.ArgumentParser(description="Marks the submission in PrairieLearn's container.")
    parser.add_argument("assignment")
    parser.add_argument("--root", type=Path, default=Path("/grade"))
    given = parser.parse_args()
    root: Path = given.root
    (root / "results").mkdir(exist_ok=True)
    common.shut(*(root / name for name in ("data", "tests", "serverFilesCourse", "student", "results")))
    data = json.loads((root / "data/data.json").read_text(encoding="utf-8"))
    assignment = load(given.assignment)
    report = common.shown(root / "student", assignment, seed(data))
    common.put(root / "results/results.json", results(report))
    return common.status(report)


if __name__ == "__main__":
    sys.exit(main())
