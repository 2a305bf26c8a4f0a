"""The handout: one text, as a page to read or print, and as a notebook with cells to fill in."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator

from autograder.model import Assignment, Item
from autograder.regenerate import figures
from autograder.regenerate.page import page, text
from autograder.render.markdown import handout_html
from autograder.strip import skeleton
from autograder.syntax import parse


def markdown(assignment: Assignment, seed: int, items: tuple[Item, ...]) -> str:
    """Return the handout: the task, the rubric, and how to hand in."""
    return text(
        "handout.md.j2",
        title=assignment.title,
        main=assignment.main,
        module=assignment.module,
        body=assignment.handout(seed).strip() or "\n\n".join(c.about for c in assignment.criteria),
        criteria=assignment.criteria,
        total=sum(c.points for c in assignment.criteria),
        quiz_points=sum(item.points for item in items),
        questions=len(items),
        quiz_counts=assignment.quiz_counts,
    ).decode()


def html(assignment: Assignment, seed: int, told: str) -> bytes:
    """The text as a page that needs nothing else."""
    names = {"title": assignment.title, "assignment": assignment.id, "digest": assignment.digest}
    return page("handout.html.j2", body=figures.in_page(assignment, seed, handout_html(told)), seed=seed, **names)


def notebook(assignment: Assignment, seed: int, told: str) -> bytes:
    """The text as a notebook (nbformat 4.5): a cell for each section, and one for each class of the skeleton.

    Cells have fixed ids, so that the same text gives the same bytes. Solutions are not marked for export: whoever
    adds a cell with a helper of their own has it handed in too.
    """
    drawn = figures.in_notebook(assignment, seed, told)
    cells = [_cell("markdown", part) for part in re.split(r"\n(?=## )", drawn.strip())]
    cells.append(_cell("markdown", f"## Your solution\n\nFill in these cells, the same as in `{assignment.main}`."))
    cells += [_cell("code", part) for part in _pieces(skeleton(assignment.model_solution.read_text(encoding="utf-8")))]
    cells.append(_cell("markdown", "## Check it\n\nThe same as `check.py` does, for the cells above: run those first."))
    cells.append(_cell("code", "import check\n\ncheck.cells(globals())"))
    for number, cell in enumerate(cells, start=1):
        cell["id"] = f"cell-{number}"
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    book = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return (json.dumps(book, indent=1, ensure_ascii=False, sort_keys=True) + "\n").encode()


def _cell(kind: str, source: str) -> dict[str, object]:
    cell: dict[str, object] = {
        "cell_type": kind,
        "metadata": {},
        "source": source.strip("\n").splitlines(keepends=True),
    }
    return cell | ({"execution_count": None, "outputs": []} if kind == "code" else {})


def _pieces(source: str) -> Iterator[str]:
    """Return the text before the first class or function, without the docstring of the file, then each of them."""
    lines = source.splitlines()
    body = parse(source).body
    if body and isinstance(body[0], ast.Expr):
        body = body[1:]
    begins = [_first_line(node) for node in body if isinstance(node, ast.ClassDef | ast.FunctionDef)]
    start = _first_line(body[0]) if body else 1
    for begin, end in zip([start, *begins], [*begins, len(lines) + 1], strict=True):
        if piece := "\n".join(lines[begin - 1 : end - 1]).strip("\n"):
            yield piece


def _first_line(node: ast.stmt) -> int:
    decorators = node.decorator_list if isinstance(node, ast.ClassDef | ast.FunctionDef) else []
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])
