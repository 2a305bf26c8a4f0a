"""Decides whose fault an exception is: the author's of an assignment, or the student's.

On our side of the wall an exception out of an assignment's functions is always its author's: no student's code runs
there. Inside the sandbox anything may be forged, and a wrong return value raises in the driver as well. So pipeline.py
replays the experiments that a submission fails with the model solution: what fails there as well is the author's fault.
"""

from __future__ import annotations

import ast
import inspect
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from autograder.model import Assignment, Check, Conduct, Fault, Finding, Observation, Scenario
from autograder.syntax import parse

MOST_TOLD = 500  # characters of an exception's own message


class AuthorFault(Exception):
    """A fault of an assignment's author: no mark comes of it. The message is one sentence with file and line."""


# ----------------------------------------------------------------------------------------------- on our side
@contextmanager
def blaming(folder: Path, doing: str) -> Iterator[None]:
    """Turns an exception that passes through a file of this folder into an AuthorFault that names file and line."""
    try:
        yield
    except AuthorFault:
        raise
    except (Exception, SystemExit) as error:
        if sentence := told(error, folder, doing):
            raise AuthorFault(sentence) from error
        raise


def told(error: BaseException, folder: Path, doing: str) -> str:
    """The exception as a sentence to the author, with their file and line; "" when it is not from their folder."""
    home = folder.resolve()
    if isinstance(error, SyntaxError) and error.filename and Path(error.filename).resolve().is_relative_to(home):
        return f"{error.filename}, line {error.lineno or 1}: {error.msg}."
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename[:1] != "<"]
    inside = [frame for frame in frames if Path(frame.filename).resolve().is_relative_to(home)]
    if not inside:
        return ""
    last = inside[-1]
    message = " ".join(f"{type(error).__name__}: {error}".split())[:MOST_TOLD].removesuffix(": ")
    return f"{last.filename}, line {last.lineno}: {doing} raised {message} (`{last.line}`)."


def place(function: Callable[..., object], folder: Path) -> str:
    """Return file and line where an author's function begins."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    return f"{code.co_filename}, line {code.co_firstlineno}" if code else f"{folder / '__init__.py'}, line 1"


def must_answer(assignment: Assignment, scenarios: Sequence[Scenario], golden: Mapping[str, Observation]) -> None:
    """Hold what the checks read against what the golden answers have.

    Raises:
        AuthorFault: something is missing there.
    """
    for scenario in scenarios:
        if scenario.id not in golden:
            raise AuthorFault(
                f"{place(assignment.golden, assignment.folder)}: golden() has no answer for experiment {scenario.id!r}."
            )
        for check in scenario.checks:
            _must_have(assignment, scenario, check, golden[scenario.id])


def _must_have(assignment: Assignment, scenario: Scenario, check: Check, golden: Observation) -> None:
    where = place(assignment.golden, assignment.folder)
    for kind, names, known in (
        ("array", _arrays(check), golden.arrays),
        ("fact", _facts(check), golden.facts),
    ):
        if missing := [name for name in names if name not in known]:
            raise AuthorFault(
                f"{where}: check {check.id!r} of experiment {scenario.id!r} reads the {kind} "
                f"{missing[0]!r}, which golden() and derive() do not give."
            )
    for name in _arrays(check):
        array = golden.arrays[name]
        if not array.size or not array.ndim or not np.isfinite(array).all():
            raise AuthorFault(
                f"{where}: golden() gives {name!r} of experiment {scenario.id!r} with the shape "
                f"{array.shape}{'' if np.isfinite(array).all() else ' and values that are not finite'}; check "
                f"{check.id!r} needs at least one row, and finite numbers."
            )


def _arrays(check: Check) -> tuple[str, ...]:
    return (*check.arrays, *(check.relation or ()), *check.controls, *(name for runs in check.decoys for name in runs))


def _facts(check: Check) -> tuple[str, ...]:
    return (*((check.fact,) if check.fact else ()), *check.requires)


# --------------------------------------------------------------------------------------------- in the sandbox
def is_suspect(assignment: Assignment, conduct: Conduct) -> bool:
    """Return whether a submission that was not imported failed outside its own file: its author may not be to blame."""
    fault = conduct.import_fault
    return fault is None or fault.origin != assignment.module


def convict(
    assignment: Assignment,
    scenarios: Sequence[Scenario],
    golden: Mapping[str, Observation],
    conduct: Conduct,
    observations: Mapping[str, Observation],
) -> None:
    """Judge the replay with the model solution: what goes wrong there as well is the author's fault.

    golden, observations: with derived arrays, as they are compared.

    Raises:
        AuthorFault: with the author's file and line.
    """
    if conduct.import_fault is not None:
        raise AuthorFault(sentence(assignment, conduct.import_fault, "the driver and the model solution are loaded"))
    for scenario in scenarios:
        seen = observations.get(scenario.id)
        if seen is None:
            if conduct.end in ENDED_BY_ITSELF:
                raise AuthorFault(_no_record(assignment, scenario, f"the process ends ({conduct.detail})"))
            return  # the submission left no time for the rest
        if seen.fault is not None:
            raise AuthorFault(sentence(assignment, seen.fault, f"experiment {scenario.id!r} is played"))
        if missing := _missing(scenario, golden[scenario.id], seen):
            raise AuthorFault(_no_record(assignment, scenario, missing))


ENDED_BY_ITSELF = frozenset({"exited", "crashed", "protocol"})  # the others may come of a submission that used time up


def _missing(scenario: Scenario, golden: Observation, seen: Observation) -> str:
    """Return in words the first thing that a check reads and that is not recorded as it must be, or ""."""
    for check in scenario.checks:
        for name in _arrays(check):
            if name not in seen.arrays:
                shape = seen.unfit.get(name)
                recorded = f"recorded with the shape {shape}" if shape else "not recorded"
                right = golden.arrays[name].shape
                return (
                    f"the array {name!r}, which check {check.id!r} reads, is {recorded}; golden() has the shape {right}"
                )
            if (rows := len(seen.arrays[name])) < (needed := len(golden.arrays[name])):
                return f"{rows} rows of {name!r} are recorded, and golden() has {needed}"
        for name in _facts(check):
            if name not in seen.facts:
                return f"the fact {name!r}, which check {check.id!r} reads, is not recorded"
    return ""


def _no_record(assignment: Assignment, scenario: Scenario, what: str) -> str:
    tree = parse(assignment.sources[assignment.driver])
    lines = [n.lineno for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == "play"]
    where = f"{assignment.files[assignment.driver]}, line {lines[0] if lines else 1}"
    return f"{where}: when experiment {scenario.id!r} is played with the model solution, {what}."


def disagreement(assignment: Assignment, finding: Finding) -> str:
    """A check that the model solution fails as well, as one sentence to the author."""
    differs, reason = finding.difference, ""
    if finding.misfit:
        reason = f" (a student would read: {finding.misfit.rstrip('.')})"
    elif differs is not None:
        number = f"{differs.array}[{', '.join(map(str, (differs.step, *differs.index)))}]"
        reason = f" ({number} is {differs.found:.9g}, and golden() has {differs.expected:.9g})"
    return (
        f"{assignment.model_solution}, line 1: the model solution too fails check {finding.check.id!r} of experiment "
        f"{finding.scenario!r}{reason}: it, the driver or golden() is wrong. `gradmark verify` says what else fails."
    )


def sentence(assignment: Assignment, fault: Fault, doing: str) -> str:
    """A fault of the model solution's run as one sentence to the author."""
    if fault.origin in assignment.files:
        file, line = assignment.files[fault.origin], fault.origin_line
    else:
        file, line = assignment.model_solution, fault.line
    return f"{file}, line {line or 1}: while {doing}, the model solution too raised {fault.type}: {fault.message}."
