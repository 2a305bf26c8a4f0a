"""nbgrader itself: assignment, autograde and feedback in a course folder, with marks from outside every kernel."""

from __future__ import annotations

import json
import shutil
import sqlite3
from pathlib import Path

import pytest
from platforms import SAMPLES, Environment, by_row, filled, ours, platforms

from autograder.adapters import nbgrader, packing
from autograder.assignment import load

__all__ = ["platforms"]
ASSIGNMENT = load("optimizers")


def test_the_source_notebook_has_a_cell_for_each_row_and_the_schema_of_nbgrader():
    cells = json.loads(nbgrader.package(ASSIGNMENT).files["source/optimizers/optimizers.ipynb"])["cells"]
    marked = [c["metadata"]["nbgrader"] for c in cells if c["metadata"].get("nbgrader", {}).get("grade")]
    assert [(m["grade_id"], m["points"]) for m in marked] == [(c.id, c.points) for c in ASSIGNMENT.criteria]
    assert all(m["schema_version"] == 3 and m["locked"] for m in marked)


# --------------------------------------------------------------------------------------------------- the real thing
FORGED = """
import pathlib, rows
pathlib.Path({marker!r}).touch()
rows.test = lambda *_: None                    # every test cell passes
"""
DELETED = {"sgd", "state"}  # test cells that one student's notebook lacks


@pytest.fixture(scope="module")
def course(platforms: Environment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course with four submissions, autograded, with feedback."""
    folder = tmp_path_factory.mktemp("course")
    packing.write(nbgrader.package(ASSIGNMENT), folder)
    platforms.run("nbgrader", "generate_assignment", "optimizers", cwd=folder)
    released = folder / "release" / "optimizers" / "optimizers.ipynb"
    forged = FORGED.format(marker=str(folder / "ran"))
    hand_in(folder, "ada", filled(released, SAMPLES["model solution"].read_text()))
    hand_in(folder, "bob", filled(released, SAMPLES["momentum as an average"].read_text()))
    hand_in(folder, "eve", filled(released, SAMPLES["bare template"].read_text(), first=forged))
    book = json.loads(filled(released, SAMPLES["model solution"].read_text()))
    book["cells"] = [c for c in book["cells"] if c["metadata"].get("nbgrader", {}).get("grade_id") not in DELETED]
    hand_in(folder, "dan", json.dumps(book))
    platforms.run("nbgrader", "autograde", "optimizers", cwd=folder)
    platforms.run("nbgrader", "generate_feedback", "optimizers", cwd=folder)
    return folder


def hand_in(course: Path, student: str, notebook: str) -> None:
    folder = course / "submitted" / student / "optimizers"
    folder.mkdir(parents=True)
    (folder / "optimizers.ipynb").write_text(notebook)


def submitted(course: Path, student: str) -> Path:
    return course / "submitted" / student / "optimizers" / "optimizers.ipynb"


def scores(course: Path, student: str) -> dict[str, float | None]:
    """As they are in the gradebook: by an independent reader."""
    with sqlite3.connect(course / "gradebook.db") as database:
        rows = database.execute(
            "select base_cell.name, grade.auto_score from grade join base_cell on base_cell.id = grade.cell_id "
            "join submitted_notebook on submitted_notebook.id = grade.notebook_id "
            "join submitted_assignment on submitted_assignment.id = submitted_notebook.assignment_id "
            "where submitted_assignment.student_id = ?",
            [student],
        ).fetchall()
    database.close()
    return dict(rows)


@pytest.mark.platforms
@pytest.mark.parametrize("student", ["ada", "bob", "eve"])
def test_the_gradebook_has_our_points(course, student):
    report = ours(submitted(course, student))
    assert scores(course, student) == by_row(report)
    assert (report.score == 100) == (student == "ada")


@pytest.mark.platforms
def test_feedback_says_which_idea_is_wrong(course):
    page = (course / "feedback" / "bob" / "optimizers" / "optimizers.html").read_text()
    (idea,) = ours(submitted(course, "bob")).diagnoses
    assert idea.title in page
    assert "Score: 83.67 / 100.0" in page


@pytest.mark.platforms
def test_deleting_test_cells_changes_nothing(course):
    assert sum(scores(course, "dan").values()) == 100
    assert scores(course, "dan").keys() == scores(course, "ada").keys()


@pytest.mark.platforms
def test_patching_the_checks_in_the_kernel_gains_nothing(platforms, course, tmp_path):
    """nbgrader alone gives this notebook every point: that is the control."""
    assert not (course / "ran").exists()
    assert sum(scores(course, "eve").values()) == 0
    alone = tmp_path / "alone"
    shutil.copytree(course, alone, ignore=shutil.ignore_patterns("autograded", "feedback"))
    config = (alone / "nbgrader_config.py").read_text()
    assert config.count("autograder.adapters.nbgrader_execute.Gradmark") == 1
    config = config.replace("autograder.adapters.nbgrader_execute.Gradmark", "nbgrader.preprocessors.Execute")
    (alone / "nbgrader_config.py").write_text(config)
    platforms.run("nbgrader", "autograde", "optimizers", "--student", "eve", cwd=alone)
    assert sum(scores(alone, "eve").values()) == 100
    assert (course / "ran").exists()
    (course / "ran").unlink()


@pytest.mark.platforms
def test_a_failing_grader_records_no_score(platforms, course, tmp_path):
    folder = tmp_path / "broken"
    shutil.copytree(course, folder, ignore=shutil.ignore_patterns("autograded", "feedback"))
    with (folder / "nbgrader_config.py").open("a") as config:
        config.write('c.Gradmark.assignments = {"optimizers": "no-such"}\n')
    hand_in(folder, "fay", submitted(course, "ada").read_text())
    platforms.run("nbgrader", "autograde", "optimizers", "--student", "fay", cwd=folder, ok=False)
    assert set(scores(folder, "fay").values()) == {None}
    assert not (folder / "autograded" / "fay" / "optimizers").exists()


@pytest.mark.platforms
def test_the_course_s_other_assignments_run_as_before(platforms, course, tmp_path):
    folder = tmp_path / "mixed"
    shutil.copytree(course, folder, ignore=shutil.ignore_patterns("autograded", "feedback", "gradebook.db"))
    shutil.copytree(folder / "source" / "optimizers", folder / "source" / "ps1")
    platforms.run("nbgrader", "generate_assignment", "ps1", cwd=folder)
    theirs = folder / "submitted" / "ada" / "ps1"
    theirs.mkdir(parents=True)
    shutil.copy(submitted(folder, "ada"), theirs / "optimizers.ipynb")
    platforms.run("nbgrader", "autograde", "ps1", cwd=folder)
    book = json.loads((folder / "autograded" / "ada" / "ps1" / "optimizers.ipynb").read_text())
    ran = [c for c in book["cells"] if c["cell_type"] == "code" and c["execution_count"]]
    assert len(ran) == sum(c["cell_type"] == "code" for c in book["cells"])  # our preprocessor numbers test cells only
