"""nbgrader: a course folder with the source notebook, and the configuration that lets gradmark mark.

What runs inside nbgrader is in nbgrader_execute.py: only that module imports nbgrader.
"""

from __future__ import annotations

from autograder.adapters.notebooks import NotebookCell, beside, book, cell, check_yourself, introduction, pieces
from autograder.adapters.packing import Package, template
from autograder.model import Assignment, Criterion
from autograder.render import points

SCHEMA = 3  # of nbgrader's cell metadata


def package(assignment: Assignment) -> Package:
    """A course folder; its `source/` and the lines of its configuration also fit into an existing course.

    Raises:
        BadAssignment: a notebook cannot hold this assignment.
    """
    cells = [cell("markdown", part) for part in introduction(assignment)]
    for number, part in enumerate(pieces(assignment), start=1):
        writable = "BEGIN SOLUTION" in part
        cells.append(
            cell("code", part, nbgrader=_metadata(f"solution-{number}", solution=writable, locked=not writable))
        )
    cells += check_yourself()
    cells += [part for criterion in assignment.criteria for part in _test(criterion)]
    source = f"source/{assignment.id}"
    files = {f"{source}/{name}": data for name, data in beside(assignment).items()}
    files[f"{source}/{assignment.id}.ipynb"] = book(cells)
    for name in ("nbgrader_config.py", "README.md"):
        files[name] = template(f"nbgrader/{name}", id=assignment.id)
    told = f"There: nbgrader generate_assignment {assignment.id}. README.md has the rest."
    if assignment.provided is not None:
        told += (
            f" This stage is given files of its own: in nbgrader_config.py, write path/to/course.toml:{assignment.id} "
            "for what gradmark calls it, so that submissions run beside them."
        )
    return Package(files, told)


def _test(row: Criterion) -> list[NotebookCell]:
    metadata = _metadata(row.id, grade=True, locked=True) | {"points": row.points}
    return [
        cell("markdown", f"### {row.title} ({points(row.points)} points)\n\n{row.about}"),
        cell("code", f'import rows\n\nrows.test("{row.id}", globals())', nbgrader=metadata),
    ]


def _metadata(name: str, *, grade: bool = False, solution: bool = False, locked: bool = False) -> dict[str, object]:
    told = {"grade": grade, "solution": solution, "locked": locked, "task": False}
    return {"schema_version": SCHEMA, "grade_id": name, **told}
