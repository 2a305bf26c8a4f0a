"""otter-grader: the notebook for `otter assign`, and the plugin that marks in place of otter's kernel.

Otter calls a plugin's methods by name, so that this module needs no otter to be imported. `before_grading`, its first
hook, marks the submission and then empties its folder: otter would unpickle the log that students may hand in, and its
kernel would import their `otter.py`. The kernel gets an empty notebook, and `after_grading` puts our points in place of
what that kernel found.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

from autograder.adapters import common
from autograder.adapters.notebooks import (
    NotebookCell,
    NotJudged,
    beside,
    book,
    cell,
    check_yourself,
    introduction,
    judged,
    pieces,
)
from autograder.adapters.packing import Package, payload, template
from autograder.assignment import load
from autograder.model import Assignment, Criterion
from autograder.render import points
from autograder.strip import regions

PLUGIN = "autograder.adapters.otter.Plugin"
IN_IMAGE = "/autograder/source/files"  # where otter puts what `autograder_files` names


# ------------------------------------------------------------------------------------------------ what staff get
def package(assignment: Assignment) -> Package:
    """The folder to run `otter assign` in.

    Raises:
        BadAssignment: a notebook cannot hold this assignment, or [platforms] is wrong.
    """
    packed, given = payload(assignment), beside(assignment)
    wheel = next(name for name in packed if name.endswith(".whl"))
    locked = [line.rstrip("\\ ") for line in packed["requirements.txt"].decode().splitlines() if "==" in line]
    values = {
        "id": assignment.id,
        "plugin": PLUGIN,
        "notebook": f"{assignment.id}.ipynb",
        "wheel": wheel,
        "files": sorted({name.split("/")[0] for name in given}),
        "requirements": [json.dumps(line) for line in (*locked, f"{IN_IMAGE}/{wheel}")],
        "visibility": common.policy(assignment).visibility,
    }
    cells = [cell("raw", template("otter/config.yaml", **values).decode())]
    cells += [cell("markdown", part) for part in introduction(assignment)]
    cells += [cell("code", _with_prompts(part)) for part in pieces(assignment)]
    cells += [part for criterion in assignment.criteria for part in _question(criterion)]
    files = {
        f"{assignment.id}.ipynb": book([*cells, *check_yourself()]),
        "README.md": template("otter/README.md", **values),
    }
    return Package(
        files | {wheel: packed[wheel]} | given,
        f"There: otter assign {assignment.id}.ipynb dist. README.md has the rest.",
    )


def _with_prompts(source: str) -> str:
    """Our marks in otter's way of writing them, each with the line that students find in its place."""
    lines = source.splitlines()
    for region in regions(source):
        prompt = f"raise NotImplementedError({json.dumps(region.todo, ensure_ascii=False)})"
        lines[region.begin] = f"{region.indent}# BEGIN SOLUTION NO PROMPT"
        ends = ("# END SOLUTION", '""" # BEGIN PROMPT', prompt, '"""; # END PROMPT')
        lines[region.end] = "\n".join(region.indent + line for line in ends)
    return "\n".join(lines)


def _question(row: Criterion) -> list[NotebookCell]:
    return [
        cell("raw", f"# BEGIN QUESTION\nname: {row.id}\npoints: {row.points:g}"),
        cell("markdown", f"### {row.title} ({points(row.points)} points)\n\n{row.about}"),
        cell("raw", "# BEGIN TESTS"),
        cell("code", f'import rows\nrows.test("{row.id}", globals())'),
        cell("raw", "# END TESTS"),
        cell("raw", "# END QUESTION"),
    ]


# --------------------------------------------------------------------------------------------------- the plugin
class Plugin:
    """Otter's hooks. Configured by `assignment`, and if need be `visibility`, `sandbox` and `seed`."""

    def __init__(self, submission_path: str, submission_metadata: object, plugin_config: dict[str, Any]) -> None:
        self._submission = Path(submission_path)
        self._config = plugin_config

    def before_grading(self, config: object) -> None:
        root = self._submission.parent.parent
        self._report = judged(
            self._submission,
            load(self._config["assignment"]),
            seed=self._config.get("seed"),
            sandbox=self._config.get("sandbox", "auto"),
            private=[root],
        )
        _clear(self._submission, root / "source" / "tests")

    def after_grading(self, results: Any) -> None:
        if results.catastrophic_error is not None:
            raise NotJudged("otter's kernel could not run an empty notebook: its environment is broken")
        rows = {row.id: row for row in common.rows(self._report)}
        for name, question in results.results.items():
            (only,) = question.test_case_results
            row = rows.get(name)
            only.passed, only.message = (row.passed, row.text) if row else (False, "")
            only.message = only.message if self._report.status == "graded" else common.message(self._report)
            question.update_score(row.score if row else 0)
        visibility = self._config.get("visibility", "visible")
        if visibility == "visible" or self._report.status != "graded":
            results.set_output(common.heading(self._report))
        if visibility == "hidden":
            results.hide_everything()


def _clear(submission: Path, tests: Path) -> None:
    """Leaves an empty submission and fresh tests where the kernel will run; nothing is followed out of there."""
    for entry in os.scandir(submission.parent):
        if entry.is_dir(follow_symlinks=False):
            shutil.rmtree(entry.path)
        else:
            Path(entry.path).unlink()
    submission.write_bytes(book([]) if submission.suffix == ".ipynb" else b"")
    shutil.copytree(tests, submission.parent / "tests")
