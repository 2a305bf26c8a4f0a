"""Loads an assignment: a folder with assignment.toml, and Python modules of plain functions beside it."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from autograder.model import Assignment, Criterion, Item, Tolerance

HOME = Path(__file__).parent / "assignments"


class BadAssignment(Exception):
    """The assignment's folder is missing something or contradicts itself; the message says what and where."""


def load(name: str) -> Assignment:
    """The shipped assignment of that name, or the one in the folder of that path.

    Raises:
        BadAssignment: when there is none, or it is incomplete.
    """
    folder = Path(name) if Path(name).name != name else HOME / name
    try:
        settings = tomllib.loads((folder / "assignment.toml").read_text())
    except FileNotFoundError as error:
        known = ", ".join(sorted(p.parent.name for p in HOME.glob("*/assignment.toml")))
        raise BadAssignment(f"There is no assignment {name!r}. Shipped: {known}; or give a folder's path.") from error
    except tomllib.TOMLDecodeError as error:
        raise BadAssignment(f"{folder / 'assignment.toml'} is not valid TOML: {error}") from error
    try:
        return _build(folder, settings)
    except KeyError as error:
        raise BadAssignment(f"{folder / 'assignment.toml'} lacks {error}.") from error


def _build(folder: Path, settings: Mapping[str, Any]) -> Assignment:
    package = _import_folder(folder)
    sources = {"gradmark_driver": (folder / settings["sources"]["driver"]).read_text()}
    if "provided" in settings["sources"]:
        sources |= dict(_provided(folder / settings["sources"]["provided"]))
    paths = {label: (folder / path).resolve() for label, path in settings["samples"].items()}
    return Assignment(
        id=folder.resolve().name,
        title=settings["title"],
        folder=folder,
        digest=_digest(folder, sources),
        main=settings["main"],
        module=settings["module"],
        sources=sources,
        driver="gradmark_driver",
        quantity=settings.get("quantity", "value"),
        criteria=tuple(Criterion(**row) for row in settings["rubric"]),
        tolerances={key: Tolerance(**row) for key, row in settings["tolerances"].items()},
        conventions=package.CONVENTIONS,
        misconceptions=package.MISCONCEPTIONS,
        samples=paths,
        template=(folder / settings["sources"]["template"]).resolve(),
        hands=tuple(sorted((folder / "hands").glob("*.py"))),
        model_solution=(folder / settings["sources"]["model_solution"]).resolve(),
        scenarios=package.scenarios,
        golden=package.golden,
        derive=package.derive,
        subject=package.subject,
        predict=package.predict,
        gates=getattr(package, "GATES", {}),
        explain=package.explain,
        charts=package.charts,
        plant=package.plant,
        rewrite=getattr(package, "rewrite", None),
        oracle=package.oracle,
        quiz=getattr(package, "quiz", _no_quiz),
        quiz_seed=settings.get("quiz", {}).get("seed", 1),
        handout=getattr(package, "handout", _no_handout),
        quiz_required=settings.get("quiz", {}).get("required", False),
    )


def _no_quiz(_seed: int) -> tuple[Item, ...]:
    return ()


def _no_handout(_seed: int) -> str:
    return ""


def _import_folder(folder: Path) -> ModuleType:
    """The folder as a package of its own name, so that its modules import each other with dots."""
    name = f"autograder.assignments.{folder.resolve().name}"
    if name in sys.modules and Path(str(sys.modules[name].__file__)).parent == folder:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(
        name, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    if spec is None or spec.loader is None or not (folder / "__init__.py").exists():
        raise BadAssignment(f"{folder} has no __init__.py.")
    for known in [known for known in sys.modules if known.startswith(name + ".")]:
        del sys.modules[known]  # of another folder of this name: its modules are not ours
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]  # half of it: once the folder is mended, it is read again
        raise
    return module


def _provided(folder: Path) -> Iterator[tuple[str, str]]:
    """Modules of the provided package: dotted name -> source."""
    for path in sorted(folder.rglob("*.py")):
        yield ".".join((folder.name, *path.relative_to(folder).with_suffix("").parts)), path.read_text()


def _digest(folder: Path, sources: Mapping[str, str]) -> str:
    """SHA-256 over everything that decides a mark: the folder's files, what the guest is given, the reference."""
    digest = hashlib.sha256()
    files = [p for p in sorted(folder.rglob("*")) if p.is_file() and "__pycache__" not in p.parts]
    files += sorted((Path(__file__).parent / "reference").glob("*.py"))
    for path in files:
        digest.update(path.name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    for name, source in sorted(sources.items()):
        digest.update(name.encode() + b"\0" + hashlib.sha256(source.encode()).digest())
    return digest.hexdigest()
