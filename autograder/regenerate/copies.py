"""Copies modules of ours for students, with all that they import: at home runs the very code that marks."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

from autograder.model import IN_A_GUEST
from autograder.syntax import parse

OURS = Path(__file__).parents[1]  # the package `autograder`


def copies(modules: Iterable[str]) -> dict[str, bytes]:
    """Path -> content, as `autograder/judge/compare.py`, of these modules and of those of ours that they import."""
    found: dict[str, bytes] = {}
    waiting = list(modules)
    while waiting:
        name = waiting.pop()
        path = _file(name)
        if path is None or (key := path.relative_to(OURS.parent).as_posix()) in found:
            continue
        found[key] = path.read_bytes()
        package = name.rpartition(".")[0]
        waiting += [*_imported(parse(found[key].decode())), *([package] if package else [])]
    return dict(sorted(found.items()))


def _file(name: str) -> Path | None:
    """The file of a module or package of ours; None where the name is of something inside one."""
    path = OURS.parent.joinpath(*name.split("."))
    return next((file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file()), None)


def _imported(tree: ast.AST) -> Iterator[str]:
    """The dotted names of ours that a module imports when it runs, wherever in it."""
    for node in _that_run(tree):
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith(IN_A_GUEST):
            yield f"{OURS.name}.guest.{str(node.module).removeprefix(IN_A_GUEST)}"
        elif isinstance(node, ast.ImportFrom) and str(node.module).split(".")[0] == OURS.name:
            yield str(node.module)
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _that_run(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes below this one, without what is for type checkers only."""
    for child in ast.iter_child_nodes(node):
        if not (isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING"):
            yield child
            yield from _that_run(child)
