"""Copies an assignment into a folder that needs nothing outside: what it imports and is given comes along.

Right solutions by others (hands/) stay behind: `gradmark verify` makes some from the copy's own model solution, so that
the copy can ask for more than they answer.
"""

from __future__ import annotations

import ast
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from autograder.assignment.settings import FILE, PACKAGE
from autograder.model import Assignment
from autograder.syntax import parse

REFERENCE = "autograder.reference"  # the package whose modules come along as the folder's own `reference`
LEFT = shutil.ignore_patterns("__pycache__", "hands")


def copy(source: Assignment, folder: Path) -> None:
    """Fill `folder`, which is there and empty."""
    shutil.copytree(source.folder.resolve(), folder, dirs_exist_ok=True, ignore=LEFT)
    moved = dict(_given(source, folder))
    for module in _imported(folder):
        _bring(module, folder)
    for path in sorted(folder.rglob("*.py")):
        if "provided" not in path.parts:
            path.write_text(_with_own_imports(path.read_text(encoding="utf-8"), path, folder), encoding="utf-8")
    settings = folder / FILE
    settings.write_text(_with_own_paths(settings.read_text(encoding="utf-8"), source, moved), encoding="utf-8")


# ----------------------------------------------------------------------------------------------------- given files
def _given(source: Assignment, folder: Path) -> Iterator[tuple[Path, str]]:
    """Copies what lies outside the assignment's folder; yields each file or folder and its new relative path."""
    home = source.folder.resolve()
    for path, name in ((source.model_solution, "solution.py"), (source.template, "template.py")):
        if not path.is_relative_to(home):
            new = name if not path.is_relative_to(_reference()) else f"reference/{path.name}"
            (folder / new).parent.mkdir(exist_ok=True)
            shutil.copyfile(path, folder / new)
            yield path, new
    packages = {path.parents[name.count(".") - 1] for name, path in source.files.items() if "." in name}
    for package in packages:
        top = next(parent for parent in (package, *package.parents) if not (parent.parent / "__init__.py").exists())
        if not top.is_relative_to(home):
            shutil.copytree(top, folder / "provided" / top.name, ignore=LEFT, dirs_exist_ok=True)
            yield top, f"provided/{top.name}"


def _reference() -> Path:
    return (PACKAGE / "reference").resolve()


def _with_own_paths(text: str, source: Assignment, moved: Mapping[Path, str]) -> str:
    """The settings' text, with the new place of every path that led out of the folder."""

    def new(match: re.Match[str]) -> str:
        named = match[1].removeprefix("gradmark:")
        base = PACKAGE if named != match[1] else source.folder
        return f'"{moved.get((base / named).resolve(), match[1])}"'

    return re.sub(r'"((?:gradmark:|\.\./)[^"\n]*)"', new, text)


# ----------------------------------------------------------------------------------------------------- own imports
def _imported(folder: Path) -> set[str]:
    """The modules of the reference that these files import, and those that they import in turn."""
    found: set[str] = set()
    waiting = list(folder.rglob("*.py"))
    while waiting:
        for module in _modules(waiting.pop()) - found:
            found.add(module)
            path = _place(module)
            waiting.append(path / "__init__.py" if path.is_dir() else path)
    return found


def _modules(path: Path) -> set[str]:
    """Names below the reference, such as `updates` and `recorded.record`, and the packages on the way."""
    found: set[str] = set()
    for node in ast.walk(parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and (node.module + ".").startswith(REFERENCE + "."):
            inside = node.module.removeprefix(REFERENCE).removeprefix(".")
            found |= {inside} if inside and not _place(inside).is_dir() else set()
            names = (f"{inside}.{alias.name}".removeprefix(".") for alias in node.names)
            found |= {name for name in names if _place(name).exists()}
    return found | {name.rpartition(".")[0] for name in found if "." in name}


def _place(module: str) -> Path:
    path = PACKAGE / "reference" / Path(*module.split("."))
    return path if path.is_dir() else path.with_suffix(".py")


def _bring(module: str, folder: Path) -> None:
    """Copies a module of the reference; of a package everything, because data lies beside its modules."""
    own, place = folder / "reference", _place(module)
    own.mkdir(exist_ok=True)
    shutil.copyfile(PACKAGE / "reference" / "__init__.py", own / "__init__.py")
    if place.is_dir():
        shutil.copytree(place, own / place.name, ignore=LEFT, dirs_exist_ok=True)
    elif "." not in module:
        shutil.copyfile(place, own / place.name)


def _with_own_imports(text: str, path: Path, folder: Path) -> str:
    """`from autograder.reference…` becomes an import from the folder's own `reference`."""
    depth = len(path.relative_to(folder).parts)
    inside = path.is_relative_to(folder / "reference")
    start = "." * (depth - 1 if inside else depth)

    def new(match: re.Match[str]) -> str:
        below = match[1].removeprefix(".")
        if inside:
            return f"from {start}{below} import"
        return f"from {start}reference{match[1]} import"

    return re.sub(rf"^from {re.escape(REFERENCE)}((?:\.\w+)*) import", new, text, flags=re.MULTILINE)
