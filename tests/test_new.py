"""`gradmark new` makes an assignment that holds, and docs/authoring.md can be followed to the letter."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from conftest import require

from autograder import authoring, pipeline
from autograder.assignment import load
from autograder.model import Submission
from autograder.sandbox.landlock import LandlockSandbox

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "authoring.md").read_text(encoding="utf-8")
PLAIN = {"COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb", "PYTHONPATH": str(ROOT)}
COMMAND = f"{shlex.quote(sys.executable)} -m autograder"


@dataclass(frozen=True)
class Change:
    """A ```diff block: the folder made last, and the file that the text before it names last."""

    folder: str
    file: str
    lines: tuple[str, ...]

    def apply(self, folder: Path) -> None:
        path = folder / self.folder / self.file
        text = path.read_text(encoding="utf-8")
        old, new = (self._without(mark) for mark in "+-")
        assert text.count(old) == 1, f"{self.file} holds {text.count(old)} times, not once:\n{old}"
        path.write_text(text.replace(old, new), encoding="utf-8")

    def _without(self, mark: str) -> str:
        return "".join(line[1:] + "\n" for line in self.lines if not line.startswith(mark))


@dataclass(frozen=True)
class Typed:
    """A line for the shell, and what the page says it prints."""

    command: str
    printed: tuple[str, ...]

    def run(self, folder: Path) -> str:
        command = self.command.replace("gradmark ", COMMAND + " ")
        done = subprocess.run(
            ["/bin/sh", "-c", command],
            cwd=folder,
            env={**os.environ, **PLAIN},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        return done.stdout + done.stderr


def steps(page: str) -> list[Change | Typed]:
    """What the page has its reader do, in order."""
    found: list[Change | Typed] = []
    at, folder, file = 0, "", ""
    for block in re.finditer(r"^```(\w+)\n(.*?)^```", page, re.MULTILINE | re.DOTALL):
        lines = block[2].splitlines()
        if block[1] == "diff":
            file = [file, *re.findall(r"`([\w/]+\.(?:py|toml))`", page[at : block.start()])][-1]
            found.append(Change(folder, file, tuple(lines)))
        elif block[1] == "console":
            for line in lines:
                if line.startswith("$ "):
                    found.append(Typed(line[2:], ()))
                    folder = [folder, *re.findall(r"^\$ gradmark new (\w+)", line)][-1]
                else:
                    last = found.pop()
                    assert isinstance(last, Typed)
                    found.append(Typed(last.command, (*last.printed, line)))
        at = block.end()
    return found


def one_space(text: str) -> str:
    return " ".join(text.split())


def missing(step: Typed, output: str) -> list[str]:
    """What the page says is printed, and is not; tables may be set wider or narrower."""
    return [line for line in step.printed if one_space(line) not in one_space(output)]


GROWN = "## 6. A class more"
PARTS = {"from the smallest": PAGE.partition(GROWN)[0], "a class more": "".join(PAGE.partition(GROWN)[1:])}


@pytest.mark.slow("the page proves an assignment six times, and plants mistakes into a large one")
@pytest.mark.parametrize(("part", "changes", "proofs"), [("from the smallest", 5, 6), ("a class more", 16, 1)])
def test_the_page_can_be_followed_to_the_letter(tmp_path, part, changes, proofs):
    done = steps(PARTS[part])
    assert sum(isinstance(step, Change) for step in done) == changes
    assert sum("gradmark verify" in step.command for step in done if isinstance(step, Typed)) == proofs
    for step in done:
        if isinstance(step, Change):
            step.apply(tmp_path)
        else:
            output = step.run(tmp_path)
            assert step.printed, step.command
            assert missing(step, output) == [], f"$ {step.command}\n{output}"


@pytest.mark.slow("it marks with a copy of the optimizers assignment")
def test_the_class_of_the_page_is_marked_for_what_it_does(tmp_path):
    """A right class gets everything; one that is wrong in a way that the page does not name loses its row alone."""
    require("landlock")
    authoring.new("steeper", tmp_path, "optimizers")
    for step in steps(PARTS["a class more"]):
        if isinstance(step, Change):
            step.apply(tmp_path)
    grown = load(str(tmp_path / "steeper"))
    source = grown.model_solution.read_text(encoding="utf-8")
    wrong = source.replace("(np.sqrt(self.v[i]) + self.eps)", "np.sqrt(self.v[i] + self.eps)")
    assert wrong != source
    with LandlockSandbox() as sandbox:
        reports = [
            pipeline.grade(Submission("s", {grown.main: text.encode()}, ""), grown, sandbox, 5)
            for text in (source, wrong)
        ]
    lost = [[row.id for row in report.criteria if row.status != "passed"] for report in reports]
    assert lost == [[], ["rmsprop"]]


@pytest.mark.slow("it proves an assignment")
def test_a_step_left_out_is_noticed(tmp_path):
    """A misconception that nobody planted: the page's promise does not come true without its third block."""
    authoring.new("descent", tmp_path)
    golden, misconceptions, _ = [step for step in steps(PAGE) if isinstance(step, Change)][:3]
    golden.apply(tmp_path)
    misconceptions.apply(tmp_path)
    promised = next(step for step in steps(PAGE) if isinstance(step, Typed) and "✓  lr-squared" in step.printed)
    assert "✓  lr-squared" in missing(promised, promised.run(tmp_path))


def test_a_block_that_fits_nowhere_is_noticed(tmp_path):
    (tmp_path / "golden.py").write_text("x = 1\n", encoding="utf-8")
    with pytest.raises(AssertionError, match=r"golden\.py holds 0 times"):
        Change("", "golden.py", (" y = 1", "+z = 1")).apply(tmp_path)


def test_the_tables_of_the_page_name_every_file_of_the_folder(tmp_path):
    folder = authoring.new("descent", tmp_path)
    named = set(re.findall(r"^\| `([\w./]+)` \|", PAGE, re.MULTILINE))
    there = {
        path.name + "/" * path.is_dir() for path in folder.iterdir() if path.name not in ("__init__.py", "__pycache__")
    }
    assert named == there


def test_two_folders_of_one_name_are_two_assignments_and_an_edit_counts_at_once(tmp_path, monkeypatch):
    """Their modules have the same names; and the edit keeps the size of a file that has just been compiled."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    for place in ("one", "other"):
        authoring.new("descent", tmp_path / place)
    scenarios = tmp_path / "other" / "descent" / "scenarios.py"
    scenarios.write_text(scenarios.read_text().replace('"one-step"', '"smallest"'), encoding="utf-8")
    first = [load(str(tmp_path / place / "descent")).scenarios(1)[0].id for place in ("one", "other", "one")]
    assert first == ["one-step", "smallest", "one-step"]


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("Descent", "lower-case letters"),
        ("../descent", "lower-case letters"),
        ("", "lower-case letters"),
        ("a" * 41, "lower-case letters"),
        ("json", "module that submissions import"),
        ("numpy", "module that submissions import"),
        ("optimizers", "comes with gradmark"),
    ],
)
def test_a_name_that_cannot_be_used_makes_nothing(tmp_path, name, complaint):
    with pytest.raises(authoring.CannotCreate, match=complaint):
        authoring.new(name, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_is_left_alone(tmp_path):
    (tmp_path / "descent").mkdir()
    (tmp_path / "descent" / "work.txt").write_text("mine")
    done = subprocess.run(
        [sys.executable, "-m", "autograder", "new", "descent"],
        cwd=tmp_path,
        env={**os.environ, **PLAIN},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "is there already" in done.stderr
    assert [path.name for path in (tmp_path / "descent").iterdir()] == ["work.txt"]


def test_a_place_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(authoring.CannotCreate, match="Choose another place"):
        authoring.new("descent", tmp_path / "file")


@pytest.mark.slow("it marks twice in a sandbox")
def test_a_look_at_some_misconceptions_is_no_proof(tmp_path):
    authoring.new("descent", tmp_path)
    done = Typed("gradmark verify ./descent --only uphill", ()).run(tmp_path)
    assert "Nothing of what was tried fails: a look at 1 of the misconceptions, and no proof." in one_space(done)
    assert "marks fairly" not in done
    assert "without-lr" not in done
    assert "no misconception 'down'" in one_space(Typed("gradmark verify ./descent --only down", ()).run(tmp_path))
