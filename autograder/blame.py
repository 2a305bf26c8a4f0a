"""Decides whose fault an exception is: the author's of an assignment, or the student's.

On our side of the wall an exception out of an assignment's functions is always its author's: no student's code runs
there. Inside the sandbox anything may be forged, and a wrong return value raises in the driver as well, so an exception
there is only suspected to be the author's; pipeline.py replays that experiment with the model solution to find out.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from autograder.model import Assignment, Check, Conduct, Fault, Observation, Scenario

UNUSABLE = "Unusable"  # what was recorded is not an array of numbers: the submission's, and no exception


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
    except Exception as error:
        if sentence := told(error, folder, doing):
            raise AuthorFault(sentence) from error
        raise


def told(error: BaseException, folder: Path, doing: str) -> str:
    """The exception as a sentence to the author, with their file and line; "" when it is not from their folder."""
    home = folder.resolve()
    if isinstance(error, SyntaxError) and error.filename and Path(error.filename).resolve().is_relative_to(home):
        return f"{error.filename}, line {error.lineno or 1}: {error.msg}."
    inside = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename[:1] != "<" and Path(frame.filename).resolve().is_relative_to(home)
    ]
    if not inside:
        return ""
    last = inside[-1]
    return f"{last.filename}, line {last.lineno}: {doing} raised {type(error).__name__}: {error} (`{last.line}`)."


def must_answer(assignment: Assignment, scenarios: Sequence[Scenario], golden: Mapping[str, Observation]) -> None:
    """Hold what the checks read against what the golden answers have.

    Raises:
        AuthorFault: something is missing there.
    """
    for scenario in scenarios:
        if scenario.id not in golden:
            raise AuthorFault(f"{assignment.folder}: golden() has no answer for experiment {scenario.id!r}.")
        for check in scenario.checks:
            _must_have(assignment, scenario, check, golden[scenario.id])


def _must_have(assignment: Assignment, scenario: Scenario, check: Check, golden: Observation) -> None:
    facts = (*((check.fact,) if check.fact else ()), *check.requires)
    arrays = (*check.arrays, *(check.relation[:1] if check.relation else ()))
    for kind, names, known in (("array", arrays, golden.arrays), ("fact", facts, golden.facts)):
        if missing := [name for name in names if name not in known]:
            raise AuthorFault(
                f"{assignment.folder}: check {check.id!r} of experiment {scenario.id!r} reads the {kind} "
                f"{missing[0]!r}, which golden() and derive() do not give."
            )


# --------------------------------------------------------------------------------------------- in the sandbox
def suspects(
    assignment: Assignment, scenarios: Sequence[Scenario], conduct: Conduct, observations: Mapping[str, Observation]
) -> tuple[Scenario, ...]:
    """The experiments to replay with the model solution: what went wrong there may be the author's fault.

    One is enough where the exception came before any was played.
    """
    if not conduct.imported:
        return tuple(scenarios[:1]) if _foreign(assignment, conduct.import_fault) else ()
    return tuple(s for s in scenarios if s.id in observations and _foreign(assignment, observations[s.id].fault))


def _foreign(assignment: Assignment, fault: Fault | None) -> bool:
    """The innermost frame is not in the submission, but in what the assignment put beside it, or nowhere."""
    return fault is not None and fault.type != UNUSABLE and fault.origin != assignment.module


def convict(assignment: Assignment, conduct: Conduct, observations: Mapping[str, Observation]) -> None:
    """Judge the replay with the model solution: an exception there as well is the author's fault.

    Raises:
        AuthorFault: with the author's file and line.
    """
    if conduct.import_fault is not None:
        raise AuthorFault(sentence(assignment, conduct.import_fault, "the driver and the model solution are loaded"))
    for seen in observations.values():
        if seen.fault is not None and seen.fault.type != UNUSABLE:
            raise AuthorFault(sentence(assignment, seen.fault, f"experiment {seen.scenario!r} is played"))


def sentence(assignment: Assignment, fault: Fault, doing: str) -> str:
    """A fault of the model solution's run as one sentence to the author."""
    if fault.origin in assignment.files:
        file, line = assignment.files[fault.origin], fault.origin_line
    else:
        file, line = assignment.model_solution, fault.line
    return f"{file}, line {line}: while {doing}, the model solution too raised {fault.type}: {fault.message}."
