"""A course.toml makes a term: each stage in its folder, with its own provided files, and marked as the course has it."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from autograder import authoring
from autograder.api import load_assignment
from autograder.assignment import HOME, BadAssignment
from autograder.course import read

ROOT = Path(__file__).resolve().parent.parent
COURSE = """title = "A term"

[[stages]]
assignment = "./descent"
due = 2026-10-05T23:59:00+02:00

[[stages]]
assignment = "./ascent"
due = 2026-10-19T23:59:00+02:00
"""


@pytest.fixture
def course(tmp_path):
    for name in ("descent", "ascent"):
        authoring.new(name, tmp_path)
    file = tmp_path / "course.toml"
    file.write_text(COURSE, encoding="utf-8")
    return file


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "NO_COLOR": "1", "TERM": "dumb", "COLUMNS": "200", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "autograder", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_the_stages_are_read_in_their_order(course):
    found = read(course)
    assert [(stage.number, stage.id, stage.folder) for stage in found.stages] == [
        (1, "descent", "01-descent"),
        (2, "ascent", "02-ascent"),
    ]
    assert [stage.due.isoformat() for stage in found.stages] == [
        "2026-10-05T23:59:00+02:00",
        "2026-10-19T23:59:00+02:00",
    ]


@pytest.mark.slow("it proves two assignments")
def test_one_command_makes_a_term_that_can_be_marked(course):
    done = run(course.parent, "regenerate", "course.toml", "--seed", "3", "--out", "autumn", "--sandbox", "process")
    assert done.returncode == 0, done.stderr
    for stage in ("01-descent", "02-ascent"):
        assert (course.parent / "autumn" / stage / "student.zip").exists()
    rows = list(csv.DictReader(io.StringIO((course.parent / "autumn" / "schedule.csv").read_text(encoding="utf-8"))))
    assert [(row["folder"], row["due"]) for row in rows] == [
        ("01-descent", "2026-10-05T23:59:00+02:00"),
        ("02-ascent", "2026-10-19T23:59:00+02:00"),
    ]
    marked = run(
        course.parent, "grade", "ascent/solution.py", "--assignment", "course.toml:ascent", "--sandbox", "process",
        "--edition", "autumn/02-ascent/staff",
    )  # fmt: skip
    assert marked.returncode == 0, marked.stderr
    assert "10" in marked.stdout


def test_a_stage_is_given_the_files_that_the_course_names(course):
    shutil.copytree(HOME / "foundations" / "provided" / "tinytorch", course.parent / "stage" / "tinytorch")
    tensor = course.parent / "stage" / "tinytorch" / "core" / "tensor.py"
    tensor.write_text(tensor.read_text() + "\nSTAGE = 2\n")
    course.write_text('title = "T"\n[[stages]]\nassignment = "foundations"\nprovided = "stage/tinytorch"\n')
    ours = load_assignment(f"{course}:foundations")
    assert ours.sources["tinytorch.core.tensor"].endswith("STAGE = 2\n")
    assert ours.digest != load_assignment("foundations").digest


@pytest.mark.parametrize(
    ("old", "new", "complaint", "line"),
    [
        ('assignment = "./ascent"', 'asignment = "./ascent"', "needs an `assignment`", 7),
        ('"./ascent"', '"./descent"', "'descent' is there twice", 7),
        ("due = 2026-10-19", "due = 2026-10-01", "due before descent", 7),
        ("due = 2026-10-19T23:59:00+02:00", "due = 2026-10-19", "write it as", 7),
        ("due = 2026-10-19T23:59:00+02:00", 'provided = "nowhere"', "provided folder 'nowhere'", 7),
        ("due = 2026-10-19", "dew = 2026-10-19", "has no `dew`", 7),
        ('title = "A term"', "titel = 3", "needs a `title`", 1),
        ('title = "A term"', "title = ", "cannot be read", 1),
        ('title = "A term"', 'title = "A term"\ntime_zone = "Berlin"', "'Berlin' is not a time zone", 1),
    ],
)
def test_a_mistake_in_the_course_is_a_sentence_with_its_line(course, old, new, complaint, line):
    text = course.read_text()
    assert text.count(old) == 1
    course.write_text(text.replace(old, new))
    with pytest.raises(BadAssignment, match=complaint) as caught:
        read(course)
    assert f"{course}, line {line}: " in str(caught.value)


def test_a_stage_that_is_not_there_and_a_whole_course_are_refused_where_one_assignment_is_needed(course):
    with pytest.raises(BadAssignment, match="no stage 'sideways'; there are descent, ascent"):
        load_assignment(f"{course}:sideways")
    done = run(course.parent, "verify", "course.toml")
    assert done.returncode == 2
    assert "name one of its stages" in done.stderr


def reports(*given: tuple[str, str, float]) -> str:
    told = [
        {
            "schema": "gradmark.report/1", "assignment": assignment, "status": "graded", "score": score, "max_score": 10,
            "submission": {"path": f"{who}.py", "known_as": [who]},
        }
        for assignment, who, score in given
    ]  # fmt: skip
    return "\n".join(map(json.dumps, told))


def test_a_course_has_a_gradebook_file_for_each_stage(course):
    (course.parent / "roster.csv").write_text("id,name\nada,Ada\nbob,Bob\n")
    lines = course.parent / "reports.jsonl"
    options = ["--for", "moodle", "--roster", "roster.csv", "--course", "course.toml", "--out", "books"]
    lines.write_text(reports(("descent", "ada", 7), ("ascent", "ada", 3), ("descent", "bob", 5)))
    done = run(course.parent, "gradebook", "reports.jsonl", *options)
    assert done.returncode == 0, done.stderr
    first, second = (
        (course.parent / "books" / f"{name}.csv").read_text("utf-8") for name in ("01-descent", "02-ascent")
    )
    assert ("7" in first, "5" in first, "3" in first, "3" in second, "7" in second) == (True, True, False, True, False)
    lines.write_text(reports(("descent", "ada", 7)))
    assert (
        "02-ascent: there are no reports of it yet" in run(course.parent, "gradebook", "reports.jsonl", *options).stderr
    )


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (reports(("sideways", "ada", 7)), "reports of 'sideways', which course.toml does not name"),
        ("\n\nnothing", "Line 3 of the reports is no report"),
        (reports(("ascent", "ada", 7)) + "\n\n" + reports(("descent", "ada", -7)), "Line 3 of the reports has a score"),
    ],
)
def test_reports_that_are_not_of_the_course_are_refused(course, text, complaint):
    (course.parent / "roster.csv").write_text("id,name\nada,Ada\n")
    (course.parent / "reports.jsonl").write_text(text)
    done = run(
        course.parent, "gradebook", "reports.jsonl", "--for", "moodle", "--roster", "roster.csv", "--out", "books",
        "--course", "course.toml",
    )  # fmt: skip
    assert done.returncode == 2
    assert complaint in " ".join(done.stderr.split())


@pytest.mark.slow
def test_a_course_is_packaged_stage_by_stage(course):
    done = run(course.parent, "package", "course.toml", "--for", "autolab", "--out", "packed")
    assert done.returncode == 0, done.stderr
    assert {path.name for path in (course.parent / "packed").iterdir()} == {"01-descent", "02-ascent", "schedule.csv"}


@pytest.mark.parametrize("name", ["course.toml", "course.toml:foundations"])
def test_a_package_of_a_stage_brings_the_files_that_the_course_names(course, name):
    """The assignment that a platform installs is the same one, to the digest."""
    shutil.copytree(HOME / "foundations" / "provided" / "tinytorch", course.parent / "stage" / "tinytorch")
    tensor = course.parent / "stage" / "tinytorch" / "core" / "tensor.py"
    tensor.write_text(tensor.read_text() + "\nSTAGE = 2\n")
    course.write_text('title = "T"\n[[stages]]\nassignment = "foundations"\nprovided = "stage/tinytorch"\n')
    done = run(course.parent, "package", name, "--for", "autolab", "--out", "packed")
    assert done.returncode == 0, done.stderr
    (wheel,) = (course.parent / "packed").rglob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(course.parent / "installed")
    code = "from autograder.assignment import load; a = load('foundations'); print(a.digest, 'STAGE = 2' in a.sources['tinytorch.core.tensor'])"
    loaded = subprocess.run(
        [sys.executable, "-P", "-c", code], cwd=course.parent, env={**os.environ, "PYTHONPATH": str(course.parent / "installed")},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert loaded.stdout.split() == [load_assignment(f"{course}:foundations").digest, "True"]
