"""Shared parts of otter-grader and nbgrader: the notebook that they start from, and marking it outside every kernel.

Both would run a submission in a Jupyter kernel, beside the tests and as the user who grades, and believe what
that kernel says. Our plugins keep the submission out of the kernel: gradmark marks the notebook in its sandbox, and the
platform is told the result.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from autograder.adapters import common
from autograder.adapters.packing import INNER, template
from autograder.assignment import BadAssignment
from autograder.batch import mark, opening
from autograder.model import Assignment, Report
from autograder.publish import say
from autograder.regenerate.figures import in_notebook
from autograder.regenerate.home import student
from autograder.sandbox import SandboxUnavailable
from autograder.sandbox.landlock import checked_version

HELPERS = ("check.py", "check_files/")  # of what students are given; the package they import is found by its name
NotebookCell = dict[str, object]


class NotJudged(Exception):
    """The grader failed. Raised through the platform, which then records no mark: never a zero."""


# ----------------------------------------------------------------------------------------------------- marking
def judged(path: Path, assignment: Assignment, *, seed: int | None, sandbox: str, private: Sequence[Path]) -> Report:
    """Marks the notebook at `path`; where only another uid isolates it, `private` paths are closed to that uid.

    Raises:
        NotJudged: the grader failed.
        SandboxUnavailable: nothing here isolates a submission.
    """
    with opening(_quickest() if sandbox == "auto" else sandbox, trusted=False, say=say) as opened:
        ready = opened.result()
        if not ready.isolated:
            say("the submission runs without isolation: it can read what this user can read")
        if ready.name == "process":
            common.shut(INNER, *private)
        one = mark(path, assignment, ready, seed)
    if one.report.status == "grader_error":
        raise NotJudged(f"gradmark failed on {path.name}, and nothing was marked") from one.trouble
    return one.report


def _quickest() -> str:
    """Each notebook opens a sandbox of its own here: 0.15 s with Landlock, 2.7 s where containers are tried first."""
    try:
        checked_version()
    except SandboxUnavailable:
        return "auto"
    return "landlock"


# ---------------------------------------------------------------------------------------------------- notebook
def pieces(assignment: Assignment) -> list[str]:
    """The model solution with its marked regions, a piece for each cell: definitions stand two blank lines apart."""
    source = assignment.model_solution.read_text(encoding="utf-8")
    return [piece.strip("\n") for piece in re.split(r"\n\n\n(?=class |def |@)", source)]


def introduction(assignment: Assignment) -> list[str]:
    """Return the handout, one piece for each section."""
    seed = assignment.quiz_seed
    told = in_notebook(assignment, seed, assignment.handout(seed).strip())
    return [f"# {assignment.title}", *(part for part in re.split(r"\n(?=## )", "\n" + told) if part.strip())]


def beside(assignment: Assignment) -> dict[str, bytes]:
    """The files beside the notebook: the public experiments, what cells import, and `rows.py` for the tests.

    Raises:
        BadAssignment: a notebook has no place for the answers to a quiz that is required.
    """
    if assignment.quiz_counts:
        raise BadAssignment(
            f"The quiz of {assignment.id} counts, and a notebook holds no answers: take counts = true out from under "
            "[quiz], and give the quiz elsewhere (gradmark export)."
        )
    imported = f"{assignment.module.split('.')[0]}/"
    given = student(assignment, assignment.quiz_seed, None, asked=False)
    files = {name: data for name, data in given.items() if name.startswith((*HELPERS, imported))}
    return files | {"rows.py": template("rows.py")}


def cell(kind: str, source: str, **metadata: object) -> NotebookCell:
    made: NotebookCell = {"cell_type": kind, "metadata": metadata, "source": source.strip("\n")}
    return made | ({"execution_count": None, "outputs": []} if kind == "code" else {})


def book(cells: Sequence[NotebookCell]) -> bytes:
    """A notebook; its cells' ids are fixed, so that the same content gives the same bytes."""
    numbered = [{**one, "id": f"cell-{number}"} for number, one in enumerate(cells, start=1)]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    whole = {"cells": numbered, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return (json.dumps(whole, indent=1, ensure_ascii=False) + "\n").encode()


def check_yourself() -> Iterator[NotebookCell]:
    told = "## Check it\n\nThis plays public experiments on the cells above, and shows the first number that is off."
    yield cell("markdown", f"{told} The experiments that mark you are of the same kinds, with other numbers.")
    yield cell("code", "import check\n\ncheck.cells(globals())")
