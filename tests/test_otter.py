"""otter-grader itself: assign makes the zip, run gives our points, and its kernel never sees a submission."""

from __future__ import annotations

import json
import shutil
import stat
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import require
from platforms import SAMPLES, Environment, by_row, filled, ours, platforms

from autograder.adapters import notebooks, otter, packing
from autograder.assignment import BadAssignment, load
from autograder.batch import mark, opening

__all__ = ["platforms"]
ASSIGNMENT = load("optimizers")


# ------------------------------------------------------------------------------------- without otter: what is made
def test_the_notebook_asks_the_rubric_and_tests_nothing_secret():
    files = otter.package(ASSIGNMENT).files
    cells = json.loads(files["optimizers.ipynb"])["cells"]
    asked = [c["source"] for c in cells if c["source"].startswith("# BEGIN QUESTION")]
    assert [text.split("\n")[1] for text in asked] == [f"name: {c.id}" for c in ASSIGNMENT.criteria]
    tests = [c["source"] for c in cells if "rows.test(" in c["source"]]
    assert tests == [f'import rows\nrows.test("{c.id}", globals())' for c in ASSIGNMENT.criteria]


def test_the_same_assignment_gives_the_same_bytes():
    assert otter.package(ASSIGNMENT) == otter.package(ASSIGNMENT)


def test_a_required_quiz_is_refused_with_what_to_do():
    with pytest.raises(BadAssignment, match="counts = true"):
        otter.package(replace(ASSIGNMENT, quiz_counts=True))


@pytest.fixture(scope="module")
def beside(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("beside")
    packing.write(packing.Package(notebooks.beside(ASSIGNMENT), ""), folder)
    return folder


@pytest.mark.parametrize("label", ["model solution", "momentum as an average", "bare template"])
def test_a_students_test_cell_says_of_its_row_what_the_public_experiments_say(beside, label):
    cell = "".join(
        f"\ntry:\n    rows.test({c.id!r}, globals())\nexcept AssertionError as e:\n    print({c.id!r}, e)"
        for c in ASSIGNMENT.criteria
    )
    code = SAMPLES[label].read_text() + "\nimport rows" + cell
    done = subprocess.run([sys.executable, "-c", code], cwd=beside, capture_output=True, text=True, check=True)
    told = {line.split()[0]: line.split()[1] for line in done.stdout.splitlines()}
    wrong = {row for row, mark in told.items() if mark != "…"}  # "later": cannot be told before another row is right
    every = {c.id for c in ASSIGNMENT.criteria}
    assert wrong == {"model solution": set(), "bare template": every, "momentum as an average": {"momentum"}}[label]
    assert bool(told) == (label != "model solution")


@pytest.mark.slow
def test_where_only_another_uid_isolates_what_is_private_is_closed(tmp_path, monkeypatch):
    require("root")
    package, private = tmp_path / "package", tmp_path / "course"
    for folder in (package, private):
        folder.mkdir(mode=0o755)
    monkeypatch.setattr(notebooks, "INNER", package)
    submission = SAMPLES["momentum as an average"]
    report = notebooks.judged(submission, ASSIGNMENT, seed=7, sandbox="process", private=[private])
    assert [stat.S_IMODE(folder.stat().st_mode) for folder in (package, private)] == [0o700, 0o700]
    with opening("auto", trusted=False, say=lambda _: None) as opened:
        assert by_row(report) == by_row(mark(submission, ASSIGNMENT, opened.result(), 7).report)


# --------------------------------------------------------------------------------------------------- the real thing
@pytest.fixture(scope="module")
def dist(platforms: Environment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `otter assign` makes; it grades the model solution with our plugin on the way."""
    folder = tmp_path_factory.mktemp("otter")
    packing.write(otter.package(ASSIGNMENT), folder)
    said = platforms.run("otter", "assign", "optimizers.ipynb", "dist", "-v", cwd=folder)
    assert "All autograder tests passed" in said
    return folder / "dist"


def run(
    platforms: Environment, dist: Path, submission: Path, *, plugin: bool = True, ok: bool = True
) -> dict[str, object]:
    """`otter run`: its results.json. Without the plugin as control: what otter alone believes."""
    (archive,) = (dist / "autograder").glob("*.zip")
    if not plugin:
        archive = _without_plugin(archive, submission.with_suffix(".control.zip"))
    out = submission.parent / "out"
    out.mkdir(exist_ok=True)
    platforms.run(
        "otter", "run", str(submission), "-a", str(archive), "-o", str(out), "--no-logo", cwd=submission.parent, ok=ok
    )
    return json.loads((out / "results.json").read_text()) if ok else {}


def _without_plugin(archive: Path, copy: Path) -> Path:
    with zipfile.ZipFile(archive) as source, zipfile.ZipFile(copy, "w") as target:
        for entry in source.infolist():
            data = source.read(entry)
            if entry.filename == "otter_config.json":
                data = json.dumps(json.loads(data) | {"plugins": []}).encode()
            target.writestr(entry, data)
    return copy


def scores(results: dict[str, object]) -> dict[str, float]:
    return {test["name"]: test["score"] for test in results["tests"] if "score" in test}  # type: ignore[attr-defined]


@pytest.mark.platforms
def test_otter_run_gives_our_points(platforms, dist, tmp_path):
    """A submission with one mistake is enough: `otter assign` has run the model solution, and found that all is right."""
    source = SAMPLES["momentum as an average"].read_text()
    submission = tmp_path / "optimizers.ipynb"
    submission.write_text(filled(dist / "student" / "optimizers.ipynb", source))
    results = run(platforms, dist, submission)
    report = ours(submission)
    assert scores(results) == by_row(report)
    assert report.diagnoses
    told = {test["name"]: test for test in results["tests"]}
    assert all(test["visibility"] == "visible" for test in told.values())
    for idea in report.diagnoses:
        assert idea.hint[:40] in told[idea.criterion]["output"]


@pytest.mark.platforms
def test_students_see_no_solution_and_no_answers(dist):
    student = dist / "student"
    source = (student / "optimizers.ipynb").read_text()
    assert "SOLUTION" not in source
    assert "PROMPT" not in source
    assert source.count("raise NotImplementedError(") == SAMPLES["bare template"].read_text().count(
        "raise NotImplementedError("
    )
    assert not [p for p in student.rglob("*") if p.suffix in {".whl", ".toml"}]


FORGED = """
import pathlib, rows, otter
pathlib.Path({marker!r}).touch()
rows.test = lambda *_: None                    # every test cell passes
otter.Notebook.check = lambda *_, **__: None
"""


@pytest.mark.platforms
def test_patched_checks_and_files_handed_in_beside_the_notebook_gain_nothing_and_are_not_run(platforms, dist, tmp_path):
    """Otter alone gives this notebook every point, unpickles its log and imports from its folder: that is the control."""
    ran, imported, unpickled = markers = [tmp_path / name for name in ("ran", "imported", "unpickled")]
    (tmp_path / "dill.py").write_text(f"open({str(imported)!r}, 'w')\n")
    (tmp_path / ".OTTER_LOG").write_bytes(b"cposix\nsystem\n(S'touch " + str(unpickled).encode() + b"'\ntR.")
    notebook, template = tmp_path / "optimizers.ipynb", SAMPLES["bare template"].read_text()
    notebook.write_text(filled(dist / "student" / "optimizers.ipynb", template, first=FORGED.format(marker=str(ran))))
    submission = tmp_path / "handed-in.zip"
    with zipfile.ZipFile(submission, "w") as archive:
        for name in ("optimizers.ipynb", "dill.py", ".OTTER_LOG"):
            archive.write(tmp_path / name, name)
    assert sum(scores(run(platforms, dist, submission, plugin=False)).values()) == 100
    for marker in markers:
        marker.unlink()
    got = scores(run(platforms, dist, submission))
    assert got == by_row(ours(notebook))
    assert sum(got.values()) == 0
    assert not [marker for marker in markers if marker.exists()]


@pytest.mark.platforms
def test_what_cannot_be_imported_is_told_why(platforms, dist, tmp_path):
    submission = tmp_path / "optimizers.ipynb"
    right = filled(
        dist / "student" / "optimizers.ipynb", SAMPLES["model solution"].read_text(), first="class Broken(:\n    pass"
    )
    submission.write_text(right)
    results = run(platforms, dist, submission)
    assert sum(scores(results).values()) == 0
    assert "could not be marked" in results["output"]
    assert ours(submission).message.split("\n")[0] in results["output"]


@pytest.mark.platforms
def test_a_failing_grader_gives_no_zero(platforms, dist, tmp_path):
    submission = tmp_path / "optimizers.ipynb"
    shutil.copy(dist / "student" / "optimizers.ipynb", submission)
    (archive,) = (dist / "autograder").glob("*.zip")
    broken = tmp_path / "broken"
    (broken / "autograder").mkdir(parents=True)
    with zipfile.ZipFile(archive) as source, zipfile.ZipFile(broken / "autograder" / "a.zip", "w") as target:
        for entry in source.infolist():
            target.writestr(
                entry, source.read(entry).replace(b'"assignment": "optimizers"', b'"assignment": "no-such"')
            )
    run(platforms, broken, submission, ok=False)
    assert not (tmp_path / "out" / "results.json").exists()
