"""Loads an assignment: a folder with assignment.toml, and Python modules of plain functions beside it."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from autograder.assignment import settings
from autograder.assignment.checks import must_agree, must_drive, must_export, must_leave_out, must_name, must_parse
from autograder.assignment.faults import BadAssignment
from autograder.assignment.returns import guarded
from autograder.assignment.settings import PACKAGE, AssignmentSettings
from autograder.blame import AuthorFault, told
from autograder.model import IN_A_GUEST, Array, Assignment, Chart, Item, Scenario

__all__ = ["HOME", "STAGED", "BadAssignment", "load"]

HOME = PACKAGE / "assignments"
STAGED = PACKAGE / "staged"  # in a package of a course's stage: the files that it gives, by assignment
DRIVER = f"{IN_A_GUEST}driver"
_one_at_a_time = threading.RLock()  # a folder that two threads import at once would be two packages of one name
STATE = "__gradmark_state__"  # of a package: which state of its files it was imported from


def load(name: str, *, provided: Path | None = None) -> Assignment:
    """The shipped assignment of that name, or the one in the folder of that path.

    provided: a package that submissions run beside, instead of the one that assignment.toml names.

    Raises:
        BadAssignment: when there is none, it is incomplete, or its parts contradict each other.
    """
    shipped = Path(name).name == name
    folder = HOME / name if shipped else Path(name)
    if shipped and provided is None:
        provided = next((STAGED / name).glob("*"), None)
    try:
        read = settings.read(folder)
    except (FileNotFoundError, NotADirectoryError) as error:
        known = ", ".join(sorted(p.parent.name for p in HOME.glob("*/assignment.toml")))
        raise BadAssignment(f"There is no assignment {name!r}. Shipped: {known}; or give a folder's path.") from error
    try:
        with _one_at_a_time:
            assignment = _build(folder, read, provided)
            must_agree(assignment)
    except AuthorFault as error:
        raise error if isinstance(error, BadAssignment) else BadAssignment(str(error)) from error
    return assignment


def _build(folder: Path, given: AssignmentSettings, provided: Path | None) -> Assignment:
    criteria, tolerances = given.criteria(), given.tolerances()
    files = dict(_given_files(given, provided))
    template, model_solution = given.path("template", "sources"), given.path("model_solution", "sources")
    samples = {label: given.path(label, "samples") for label in given.get(dict, "samples", default={})}
    for file in (template, model_solution, *samples.values()):
        must_parse(file)
    must_leave_out(model_solution)
    package = _import_folder(folder)
    must_export(package, folder)
    must_name(given)
    if "quiz" in given.table and not hasattr(package, "quiz"):
        raise given.problem("there is a table [quiz], and __init__.py exports no function `quiz`.", "quiz")
    sources = {name: path.read_text(encoding="utf-8") for name, path in files.items()}

    def own(name: str, otherwise: Callable[..., Any] = _no_quiz) -> Callable[..., Any]:
        return guarded(name, getattr(package, name, otherwise), folder)

    return Assignment(
        id=folder.resolve().name,
        title=given.get(str, "title"),
        folder=folder,
        digest=_digest(folder, sources),
        main=given.get(str, "main"),
        module=given.get(str, "module"),
        sources=sources,
        files={name.removesuffix(".__init__"): path for name, path in files.items()},
        driver=DRIVER,
        quantity=given.get(str, "quantity", default="value"),
        criteria=criteria,
        tolerances=tolerances,
        conventions=tuple(package.CONVENTIONS),
        misconceptions=tuple(package.MISCONCEPTIONS),
        samples=samples,
        template=template,
        hands=tuple(sorted((folder / "hands").glob("*.py"))),
        model_solution=model_solution,
        scenarios=own("scenarios"),
        golden=own("golden"),
        derive=own("derive", _nothing_derived),
        subject=own("subject"),
        predict=own("predict"),
        quantities=own("quantities", _no_quantities),
        gates=getattr(package, "GATES", {}),
        explain=own("explain"),
        charts=own("charts"),
        plant=own("plant"),
        rewrite=own("rewrite") if hasattr(package, "rewrite") else None,
        oracle=own("oracle"),
        quiz=own("quiz", _no_quiz),
        key_again=own("key_again", _no_key),
        quiz_seed=given.count("seed", "quiz", 1),
        handout=own("handout", _no_handout),
        figures=own("figures", _no_figures),
        quiz_counts=given.get(bool, "counts", "quiz", optional=True),
        provided=provided,
        check_where=bool(given.get(bool, "where", "check", optional=True)),
    )


def _nothing_derived(_scenario: Scenario, _arrays: Mapping[str, Array]) -> dict[str, Array]:
    return {}


def _no_quantities(_subject: str) -> None:
    return None


def _no_quiz(_seed: int) -> tuple[Item, ...]:
    return ()


def _no_key(_item: Item) -> None:
    """A key that nothing but the assignment's own code computes."""


def _no_figures(_seed: int) -> tuple[Chart, ...]:
    return ()


def _no_handout(_seed: int) -> str:
    return ""


def _import_folder(folder: Path) -> ModuleType:
    """The folder as a package of its own name, so that its modules import each other with dots.

    It is imported again when a file of it has changed. Nothing compiled is kept of a folder that an author may be
    editing: Python would take it for fresh after any edit that keeps a file's size, within the second of the last one.
    """
    name, state = f"autograder.assignments.{folder.resolve().name}", _state(folder)
    known = sys.modules.get(name)
    if (
        known is not None
        and Path(str(known.__file__)).parent == folder
        and known.__dict__.setdefault(STATE, state) == state
    ):
        return known
    spec = importlib.util.spec_from_file_location(
        name, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    if spec is None or spec.loader is None or not (folder / "__init__.py").exists():
        raise BadAssignment(f"{folder} has no __init__.py.")
    for below in [below for below in sys.modules if below.startswith(name + ".")]:
        del sys.modules[below]  # of another folder of this name, or of an earlier state of this one
    importlib.invalidate_caches()
    module = importlib.util.module_from_spec(spec)
    setattr(module, STATE, state)
    sys.modules[name] = module
    keeps_none, sys.dont_write_bytecode = sys.dont_write_bytecode, sys.dont_write_bytecode or folder.parent != HOME
    try:
        spec.loader.exec_module(module)
    except BaseException as error:
        del sys.modules[name]  # half of it: once the folder is mended, it is read again
        if not isinstance(error, Exception | SystemExit):
            raise
        sentence = told(error, folder, "importing the assignment")
        otherwise = f"{folder / '__init__.py'}, line 1: importing it raised {type(error).__name__}: {error}."
        raise BadAssignment(sentence or otherwise) from error
    finally:
        sys.dont_write_bytecode = keeps_none
    return module


def _state(folder: Path) -> str:
    """Stands for what the folder's modules hold, and for what they may have read."""
    aside = {"hands", "samples", "__pycache__"}
    files = [p for p in sorted(folder.rglob("*")) if p.is_file() and not aside & set(p.relative_to(folder).parts)]
    return hashlib.sha256(b"".join(hashlib.sha256(p.read_bytes()).digest() for p in files)).hexdigest()


def _given_files(given: AssignmentSettings, provided: Path | None) -> Iterator[tuple[str, Path]]:
    """Modules that the guest is given beside the submission: dotted name -> file."""
    driver = given.path("driver", "sources")
    must_drive(driver)
    yield DRIVER, driver
    if provided is not None or given.get(dict, "sources").get("provided") is not None:
        folder = provided or given.path("provided", "sources", folder=True)
        for path in sorted(folder.rglob("*.py")):
            must_parse(path)
            yield ".".join((folder.name, *path.relative_to(folder).with_suffix("").parts)), path


def _digest(folder: Path, sources: Mapping[str, str]) -> str:
    """SHA-256 over everything that decides a mark: the folder's files, what the guest is given, the reference."""
    digest = hashlib.sha256()
    files = [p for p in sorted(folder.rglob("*")) if p.is_file() and "__pycache__" not in p.parts]
    files += sorted((PACKAGE / "reference").glob("*.py"))
    for path in files:
        digest.update(path.name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    for name, source in sorted(sources.items()):
        digest.update(name.encode() + b"\0" + hashlib.sha256(source.encode()).digest())
    return digest.hexdigest()
