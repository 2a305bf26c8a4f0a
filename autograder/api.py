"""The functions for people who script: load, grade, verify, regenerate. The command is built on the same ones.

    from autograder.api import grade, load_assignment

    for report in grade("submissions/", "optimizers"):
        print(report.path, report.score, [d.misconception for d in report.diagnoses])

What this module exports is stable by SemVer: it changes only with a new major version, or with one that says so in
CHANGELOG.md. Everything else in the package may change with any release. docs/api.md has examples.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from autograder.assignment import BadAssignment
from autograder.batch import Batch, marking
from autograder.blame import AuthorFault
from autograder.course import named as _load
from autograder.crew import Crew, can_fork, cores
from autograder.intake import NothingToMark, find
from autograder.model import Assignment, CriterionMark, Diagnosis, ItemMark, Report
from autograder.regenerate import NotProven
from autograder.regenerate.run import CannotRegenerate, write
from autograder.sandbox import SandboxFailed, SandboxUnavailable
from autograder.verify import Proof, ProofCrew, ProofRow, prover
from autograder.verify import verify as _verify

__all__ = [
    "Assignment",
    "AuthorFault",
    "BadAssignment",
    "CannotRegenerate",
    "CriterionMark",
    "Diagnosis",
    "ItemMark",
    "NotProven",
    "NothingToMark",
    "Proof",
    "ProofRow",
    "Report",
    "SandboxFailed",
    "SandboxUnavailable",
    "grade",
    "load_assignment",
    "regenerate",
    "verify",
]

Asked = str | os.PathLike[str] | Assignment  # a shipped assignment's name, a folder, or one that is loaded
Paths = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]
Tell = Callable[[str], None]
Progress = Callable[[int, int], None]  # trials that are done, and how many there are


def load_assignment(name: str | os.PathLike[str]) -> Assignment:
    """Load a shipped assignment by its name, one of your own by its folder, or a course's by `course.toml:optimizers`.

    Raises:
        BadAssignment: there is none, or its parts contradict each other; one sentence with file and line.
    """
    return _load(name if isinstance(name, str) else str(Path(name).absolute()))


def grade(
    paths: Paths,
    assignment: Asked = "optimizers",
    *,
    seed: int | None = None,
    sandbox: str = "auto",
    jobs: int | None = None,
    tell: Tell = lambda message: None,
) -> Iterator[Report]:
    """Mark submissions, as `gradmark grade` does; yield the reports in the order in which they are finished.

    paths: what the command takes: files, notebooks, zips, folders of submissions. `report.path` says which it is.
    seed: draws the inputs; None derives it from each submission. jobs: how many at once; None is one for each core.
    tell: is called with sentences on what happens, such as the sandbox that is taken.

    A fault of ours is a report with the status `grader_error` and no marks.

    Raises:
        BadAssignment: there is no such assignment, or it contradicts itself.
        NothingToMark: there is nothing at these paths.
        SandboxUnavailable: nothing on this machine can isolate code.
    """
    asked = _loaded(assignment)
    several = [paths] if isinstance(paths, str | os.PathLike) else paths
    found = find([Path(path) for path in several], main=asked.main)
    with marking(sandbox, trusted=False, say=tell, jobs=jobs or cores(), several=len(found) > 1) as mark_all:
        for one in mark_all(found, Batch(asked, seed)):
            yield one.report


def verify(
    assignment: Asked = "optimizers",
    *,
    sandbox: str = "auto",
    jobs: int | None = None,
    tell: Tell = lambda message: None,
    progress: Progress = lambda done, total: None,
) -> Proof:
    """Run the proof that an assignment marks fairly, in that sandbox and in the others that this machine has.

    `proof.holds` says whether every statement does; `proof.rows` are the statements. progress: is called with how
    many trials of how many are done.

    Raises:
        BadAssignment: there is no such assignment, or it contradicts itself.
        SandboxUnavailable: nothing on this machine can isolate code.
    """
    from autograder.sandbox.choose import choose, others  # noqa: PLC0415 - to load an assignment needs none

    asked = _loaded(assignment)
    with choose(sandbox, say=tell) as tried:
        name = tried.name
    with ExitStack() as opened:
        crew: ProofCrew | None = None
        if (jobs or cores()) > 1 and can_fork():
            begin = partial(prover, asked, lambda: choose(name, say=lambda _: None))
            crew = opened.enter_context(Crew(begin, jobs or cores()))
        main = opened.enter_context(choose(name, say=lambda _: None))
        more = [opened.enter_context(other) for other in others(main.name)]
        return _verify(asked, main, more, crew=crew, progress=progress)


def regenerate(
    assignment: Asked,
    seed: int,
    out: str | os.PathLike[str],
    *,
    roster: str | os.PathLike[str] | None = None,
    secret: str | os.PathLike[str] | None = None,
    sandbox: str = "auto",
    jobs: int | None = None,
    tell: Tell = lambda message: None,
    progress: Progress = lambda done, total: None,
) -> Path:
    """Write an assignment anew, as `gradmark regenerate` does, and return the folder.

    roster: a CSV with a column `id`; every student then has a quiz of their own, drawn by the file `secret`, which is
    made if it is missing.

    Raises:
        BadAssignment: there is no such assignment, or it contradicts itself.
        NotProven: it does not verify; nothing was written.
        CannotRegenerate: roster, secret or target cannot be used; the message says what to do.
        SandboxUnavailable: nothing on this machine can isolate code.
    """
    asked = _loaded(assignment)
    where = Path(out).absolute()
    proof = write(
        asked,
        seed,
        where,
        None if roster is None else Path(roster),
        None if secret is None else Path(secret),
        prove=lambda: verify(asked, sandbox=sandbox, jobs=jobs, tell=tell, progress=progress),
        tell=tell,
    )
    if not proof.holds:
        raise NotProven(proof)
    return where


def _loaded(assignment: Asked) -> Assignment:
    return assignment if isinstance(assignment, Assignment) else load_assignment(assignment)
