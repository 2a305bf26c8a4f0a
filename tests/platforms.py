"""The real otter-grader and nbgrader, in an environment of their own: 700 MB that the other tests do without.

Made once for each lock and kept in pytest's cache. Only `make platforms` (pytest -m platforms) asks for it; elsewhere
its tests are skipped, saying so.
"""

from __future__ import annotations

import ast
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from autograder import __version__
from autograder.adapters.packing import wheel
from autograder.assignment import load
from autograder.batch import mark, opening
from autograder.model import Report

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements" / "platforms.txt"
SECONDS = 300  # for one command: on a busy machine a first import of otter took half a minute
SAMPLES = load("optimizers").samples


@dataclass(frozen=True)
class Environment:
    folder: Path

    def run(self, *command: str, cwd: Path, ok: bool = True) -> str:
        """Runs a command of this environment, as somebody does who has activated it; what it said."""
        path = f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
        done = subprocess.run(
            [self.folder / "bin" / command[0], *command[1:]],
            cwd=cwd, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=SECONDS, check=False,
            env={**os.environ, "PATH": path, "HOME": str(self.folder), "JUPYTER_PLATFORM_DIRS": "1"},
        )  # fmt: skip
        assert (done.returncode == 0) == ok, done.stdout[-4000:]
        return done.stdout


@pytest.fixture(scope="session")
def platforms(request: pytest.FixtureRequest) -> Environment:
    if "platforms" not in request.config.getoption("-m"):
        pytest.skip("the real otter-grader and nbgrader need an environment of 700 MB: make platforms")
    key = hashlib.sha256(LOCK.read_bytes() + sys.version.encode()).hexdigest()[:16]
    assert request.config.cache is not None
    folder = request.config.cache.mkdir(f"platforms-{key}").resolve()
    if not (folder / "complete").exists():
        _run(sys.executable, "-m", "venv", "--clear", str(folder))
        python, pinned = (
            str(folder / "bin/python"),
            ("--quiet", "--require-hashes", "--only-binary", ":all:", "-r", str(LOCK)),
        )
        if uv := shutil.which("uv"):
            _run(uv, "pip", "install", "--python", python, *pinned)
        else:
            _run(python, "-m", "pip", "install", "--no-compile", *pinned)
        (folder / "complete").touch()
    packed = folder / f"gradmark-{__version__}-py3-none-any.whl"
    packed.write_bytes(wheel(load("optimizers")))
    ours_alone = ("--quiet", "--no-deps", "--no-index", "--force-reinstall")
    _run(str(folder / "bin/python"), "-m", "pip", "install", *ours_alone, str(packed))
    return Environment(folder)


def _run(*command: str) -> None:
    done = subprocess.run(command, text=True, capture_output=True, timeout=900, check=False)
    assert done.returncode == 0, done.stderr[-4000:]


# ------------------------------------------------------------------------------------------------- submissions
def filled(notebook: Path, source: str, *, first: str = "") -> str:
    """The student's notebook with each class as in `source`, and a cell of their own at the top."""
    book: dict[str, Any] = json.loads(notebook.read_text())
    body = ast.parse(source).body
    classes = {n.name: ast.get_source_segment(source, n) for n in body if isinstance(n, ast.ClassDef)}
    helpers = [str(ast.get_source_segment(source, n)) for n in body if isinstance(n, ast.FunctionDef)]
    for cell in book["cells"]:
        text = "".join(cell["source"])
        if cell["cell_type"] == "code" and text.startswith("class "):
            name = text.partition("(")[0].partition(":")[0].split()[1]
            cell["source"] = "\n\n\n".join([*helpers, str(classes[name])])
            helpers = []
    if first:
        own = {"cell_type": "code", "metadata": {}, "source": first, "execution_count": None, "outputs": []}
        book["cells"].insert(0, own | ({"id": "own"} if "id" in book["cells"][0] else {}))
    return json.dumps(book)


def ours(submission: Path) -> Report:
    """What `gradmark grade` says about the same file."""
    with opening("auto", trusted=False, say=lambda _: None) as opened:
        return mark(submission, load("optimizers"), opened.result(), None).report


def by_row(report: Report) -> Mapping[str, float]:
    return {c.id: round(c.score, 2) for c in report.criteria}
