"""A wheel built from the tree works elsewhere: all files are inside, and only one import name is taken."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
NEEDED = (
    "autograder/assignments/optimizers/assignment.toml",
    "autograder/assignments/optimizers/guest.py",
    "autograder/assignments/optimizers/data/iris.csv",
    "autograder/reference/updates.py",
    "autograder/student_template/tinytorch/__init__.py",
    "autograder/student_template/tinytorch/core/tensor.py",
    "autograder/guest/harness.py",
)
# Files that are read at run time; whatever of them the tree has must be in the wheel.
READ_AT_RUN_TIME = {".toml", ".j2", ".csv", ".json", ".css", ".svg", ".npz"}

pytestmark = pytest.mark.slow


def run(*command: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    done = subprocess.run([str(word) for word in command], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


@pytest.fixture(scope="module")
def tree(tmp_path_factory) -> Path:
    """What a commit of everything here would hold: no caches, no .venv, nothing that git ignores."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout: which files belong to the tree is unknown")
    copy = tmp_path_factory.mktemp("tree")
    names = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=ROOT).stdout.split("\0")
    for name in filter(None, names):
        if (ROOT / name).exists():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy / name, follow_symlinks=False)
    return copy


@pytest.fixture(scope="module")
def wheel(tree, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", out, tree, cwd=out)
    (built,) = out.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory) -> Path:
    """A fresh environment with the wheel in it; its libraries are lent by the one that runs the tests."""
    home = tmp_path_factory.mktemp("fresh") / "venv"
    run(sys.executable, "-m", "venv", home, cwd=home.parent)
    (home.parent / "before").write_text("\n".join(names_in(packages(home))), encoding="utf-8")
    run(home / "bin/python", "-m", "pip", "install", "--no-deps", "--no-index", wheel, cwd=home.parent)
    # A folder in a .pth file is searched last, and .pth files in it, such as that of the editable tree, are not read.
    (packages(home) / "lent.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return home


def packages(home: Path) -> Path:
    (found,) = home.glob("lib/python*/site-packages")
    return found


def test_a_wheel_holds_every_file_that_is_read_at_run_time(tree, wheel):
    inside = set(zipfile.ZipFile(wheel).namelist())
    assert set(NEEDED) <= inside
    for folder, where in (
        ("autograder", ""),
        ("reference", "autograder/"),
        ("assignments", "autograder/"),
        ("student_template", "autograder/"),
    ):
        there = {where + file.relative_to(tree).as_posix() for file in (tree / folder).rglob("*") if file.is_file()}
        wanted = {name for name in there if Path(name).suffix in READ_AT_RUN_TIME | {".py"}}
        assert wanted <= inside, "add the kind of file to package-data in pyproject.toml"


def names_in(folder: Path) -> set[str]:
    return {entry.name for entry in folder.iterdir() if entry.name != "__pycache__"}


def test_a_wheel_takes_one_name_in_site_packages(installed):
    before = set((installed.parent / "before").read_text(encoding="utf-8").split("\n"))
    brought = names_in(packages(installed)) - before - {"lent.pth"}
    assert {name for name in brought if not name.endswith(".dist-info")} == {"autograder"}


def test_a_wheel_installs_the_manual_page(installed):
    page = installed / "share" / "man" / "man1" / "gradmark.1"
    assert page.read_bytes() == (ROOT / "autograder" / "gradmark.1").read_bytes()


def test_the_installed_command_marks_a_submission_from_any_folder(installed, tmp_path):
    where = run(installed / "bin/python", "-c", "import autograder; print(autograder.__file__)", cwd=tmp_path).stdout
    assert str(installed) in where, "this would test the tree, not the wheel"
    script = "from autograder.assignment import load; a = load('optimizers'); print(a.model_solution, a.digest)"
    sample, digest = run(installed / "bin/python", "-c", script, cwd=tmp_path).stdout.split()
    assert str(installed) in sample
    # The sample is ours: where this machine can isolate nothing, it is run all the same.
    shown = run(installed / "bin/gradmark", "grade", sample, "--format", "json", "--sandbox", "process", cwd=tmp_path)
    (line,) = shown.stdout.splitlines()
    report = json.loads(line)
    assert report["status"] == "graded"
    assert report["assignment_digest"] == digest
    assert report["score"] == report["max_score"] > 0


def test_an_assignment_has_the_same_digest_in_the_tree_and_in_a_wheel(installed, tree, tmp_path):
    """Marks from here and from there can be compared: both were made of the same files."""
    script = "from autograder.assignment import load; print(load('optimizers').digest)"
    there = run(installed / "bin/python", "-c", script, cwd=tmp_path).stdout
    assert there == run(sys.executable, "-c", script, cwd=tree).stdout
