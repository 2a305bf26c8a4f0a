"""Holds the parts of an assignment against each other, before anything runs: rows, experiments, misconceptions."""

from __future__ import annotations

import ast
import keyword
import re
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from autograder.assignment.faults import BadAssignment
from autograder.assignment.returns import mismatch, promised
from autograder.assignment.settings import AssignmentSettings
from autograder.blame import blaming
from autograder.model import IN_A_GUEST, Assignment, Misconception, Scenario
from autograder.strip import BadRegion, regions, skeleton
from autograder.syntax import parse

NEEDED = (
    "CONVENTIONS", "MISCONCEPTIONS", "charts", "explain", "golden", "oracle", "plant", "predict", "scenarios",
    "subject",
)  # fmt: skip
OFFERED = (
    "derive",
    "figures",
    "handout",
    "key_again",
    "quantities",
    "quiz",
    "rewrite",
)  # functions that may be missing
CONSTANTS = {  # -> the field of Assignment that has its type, and the file that usually holds it
    "CONVENTIONS": ("conventions", "golden.py"),
    "MISCONCEPTIONS": ("misconceptions", "misconceptions.py"),
    "GATES": ("gates", "misconceptions.py"),
}
TAKEN = frozenset({"numpy"})
AT_MOST = 5  # names in one sentence


def must_export(package: object, folder: Path) -> None:
    """Look for every name that an assignment's package must have.

    Raises:
        BadAssignment: one is missing, or is not a function.
    """
    for name in NEEDED:
        value = getattr(package, name, None)
        if value is None or (name not in CONSTANTS and not callable(value)):
            kind = "a tuple" if name in CONSTANTS else "a function"
            raise BadAssignment(
                f"{folder / '__init__.py'}, line 1: the assignment has no `{name}`; export {kind} of that name."
            )
    for name in OFFERED:
        if not callable(getattr(package, name, len)):
            raise BadAssignment(f"{folder / '__init__.py'}, line 1: `{name}` must be a function, or not be there.")
    for name, (field, file) in CONSTANTS.items():
        if hasattr(package, name) and (sentence := mismatch(getattr(package, name), promised(field), name)):
            where = folder / file if (folder / file).exists() else folder / "__init__.py"
            raise BadAssignment(f"{where}, line 1: {sentence}.")


def must_name(given: AssignmentSettings) -> None:
    """Look at what submissions are called.

    Raises:
        BadAssignment: the file is not a plain name, or the module cannot be imported by that name.
    """
    main, module = given.get(str, "main"), given.get(str, "module")
    if not re.fullmatch(r"[\w-][\w. -]*\.py", main):
        raise given.problem(f"`main` must be the name of a Python file without a folder, not {main!r}.", "", "main")
    parts = module.split(".")
    usable = all(part.isidentifier() and not keyword.iskeyword(part) for part in parts)
    if not usable or parts[0] in TAKEN | sys.stdlib_module_names or parts[0].startswith(IN_A_GUEST):
        raise given.problem(f"`module` must be a Python name that no other module has, not {module!r}.", "", "module")


def must_drive(driver: Path) -> None:
    """Read the driver without running it: it belongs in the sandbox.

    Raises:
        BadAssignment: it is not Python, or does not define play().
    """
    tree = must_parse(driver)
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    names |= {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    if "play" not in names:
        raise BadAssignment(f"{driver}, line 1: the driver has no function `play(module, spec, arrays, record)`.")


def must_parse(file: Path) -> ast.Module:
    """The file's syntax tree.

    Raises:
        BadAssignment: it is not Python.
    """
    try:
        return parse(file.read_text(encoding="utf-8"))
    except SyntaxError as error:
        raise BadAssignment(f"{file}, line {error.lineno or 1}: {error.msg}.") from error
    except (UnicodeDecodeError, ValueError) as error:
        raise BadAssignment(f"{file} is not Python in UTF-8: {error}.") from error


def must_leave_out(model_solution: Path) -> None:
    """Look at the marks around what students are to write: without them a template would hold the solution.

    Raises:
        BadAssignment: there is none, or they do not fit together.
    """
    try:
        marked = regions(source := model_solution.read_text(encoding="utf-8"))
        skeleton(source)
    except BadRegion as error:
        line = re.search(r"(?i:line) (\d+)", str(error))
        raise BadAssignment(f"{model_solution}, line {line[1] if line else 1}: {error}") from error
    if not marked:
        raise BadAssignment(
            f"{model_solution}, line 1: nothing is marked with `### BEGIN SOLUTION` and `### END SOLUTION`, so "
            "that students would be given all of it."
        )


def must_agree(assignment: Assignment) -> None:
    """Hold experiments, rubric, tolerances, misconceptions and conventions against each other.

    Raises:
        BadAssignment: they contradict each other.
        AuthorFault: scenarios() or subject() raises an exception.
    """
    with blaming(assignment.folder, "drawing the experiments"):
        scenarios = assignment.scenarios(assignment.quiz_seed)
        subjects = {assignment.subject(s) for s in scenarios}
    _experiments(assignment, scenarios)
    groups = subjects | {s.group for s in scenarios}
    for convention in assignment.conventions:
        _must_be_one_of(assignment, convention.group, groups, f"convention {convention.id!r} is about")
    _unique(assignment, (m.id for m in assignment.misconceptions), "misconceptions", "misconceptions.py")
    rows = {c.id for c in assignment.criteria}
    places = {s.id for s in scenarios}
    for m in assignment.misconceptions:
        _must_be_one_of(assignment, m.criterion, rows, f"misconception {m.id!r} names the rubric row", at=m.id)
        _reach(assignment, m, groups, places)


def _experiments(assignment: Assignment, scenarios: Sequence[Scenario]) -> None:
    rows, used = [c.id for c in assignment.criteria], set()
    _unique(assignment, (s.id for s in scenarios), "experiments", "scenarios.py")
    for scenario in scenarios:
        _unique(assignment, (c.id for c in scenario.checks), f"checks in experiment {scenario.id!r}", "scenarios.py")
        for check in scenario.checks:
            about = f"check {check.id!r} of experiment {scenario.id!r}"
            _must_be_one_of(assignment, check.criterion, rows, f"{about} names the rubric row")
            _must_be_one_of(assignment, check.tolerance, assignment.tolerances, f"{about} names the tolerance")
            used.add(check.criterion)
    for row in rows:
        if row not in used:
            raise BadAssignment(
                f"{_where(assignment, row)}: no experiment has a check on the rubric row {row!r}: nobody could earn it."
            )


def _reach(assignment: Assignment, m: Misconception, groups: set[str], places: set[str]) -> None:
    """A misconception must be recognisable: by a rule's changes, or by facts of experiments that there are."""
    for group in m.groups:
        _must_be_one_of(assignment, group, groups, f"misconception {m.id!r} is about", at=m.id)
    for place in (*m.facts, *m.implies):
        name = place.partition(":")[0]
        _must_be_one_of(assignment, name, places, f"misconception {m.id!r} is told by the experiment", at=m.id)


def _must_be_one_of(assignment: Assignment, name: str, known: Iterable[str], about: str, *, at: str = "") -> None:
    known = list(known)
    if name not in known:
        listed = ", ".join(sorted(known)[:AT_MOST]) + (" …" if len(known) > AT_MOST else "")
        where = _where(assignment, name, at, first="misconceptions.py" if at else "scenarios.py")
        raise BadAssignment(f"{where}: {about} {name!r}, which does not exist. There are: {listed}.")


def _unique(assignment: Assignment, names: Iterable[str], what: str, file: str) -> None:
    for name, count in Counter(names).items():
        if count > 1:
            raise BadAssignment(
                f"{_where(assignment, name, first=file)}: there are {count} {what} with the id {name!r}."
            )


def _where(assignment: Assignment, *names: str, first: str = "") -> str:
    """The file and line that hold one of these texts; the first name that stands anywhere counts."""
    files = sorted(assignment.folder.glob("*.py"), key=lambda p: (p.name != first, p.name))
    for name in filter(None, names):
        for file in files:
            lines = [n.lineno for n in ast.walk(must_parse(file)) if isinstance(n, ast.Constant) and n.value == name]
            if lines:
                return f"{file}, line {max(lines)}"
        settings = (assignment.folder / "assignment.toml").read_text(encoding="utf-8").splitlines()
        for number, line in enumerate(settings, start=1):
            if f'"{name}"' in line:
                return f"{assignment.folder / 'assignment.toml'}, line {number}"
    return str(assignment.folder)
