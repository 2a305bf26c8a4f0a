"""What `gradmark regenerate` does, in order: look before the long proof, prove, write, and say what comes next."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from autograder.model import Assignment
from autograder.quiz.variants import BadSecret
from autograder.regenerate import BadRoster, Occupied, check_free, contents, open_secret, place, read, students_of
from autograder.regenerate.roster import Student
from autograder.verify import Proof


class CannotRegenerate(Exception):
    """What was asked for cannot be done; the message tells the instructor why."""


def write(
    assignment: Assignment,
    seed: int,
    out: Path,
    roster: Path | None,
    secret: Path | None,
    *,
    prove: Callable[[], Proof],
    tell: Callable[[str], None],
) -> Proof:
    """Write the assignment into `out` when it verifies, and return the proof; nothing is written otherwise.

    Raises:
        CannotRegenerate: the roster, the secret or the target is not usable.
        SandboxUnavailable: nothing to run the proof in.
    """
    try:
        check_free(out)
        given = _variants(assignment, out, roster, secret, tell)
        proof = prove()
        if proof.holds:
            place(contents(assignment, seed, proof, given), out)
            tell(_next(assignment, seed, given, secret))
    except (BadRoster, BadSecret, Occupied, OSError) as error:
        raise CannotRegenerate(str(error)) from error
    return proof


def _variants(
    assignment: Assignment, out: Path, roster: Path | None, secret: Path | None, tell: Callable[[str], None]
) -> dict[Student, int] | None:
    if roster is None:
        if secret is not None:
            raise CannotRegenerate("A secret is of use with --roster only: without it everybody gets the same quiz.")
        return None
    if secret is None:
        raise CannotRegenerate(
            "With --roster give --secret FILE: from it and the ids come the variants. It is made when it is missing; "
            "keep it, and keep it from students."
        )
    if secret.absolute().is_relative_to(out):
        raise CannotRegenerate(f"{secret} lies in {out}, which is handed out. Keep the secret somewhere else.")
    students = read(roster)
    value, made = open_secret(secret)
    if made:
        tell(f"MADE A NEW SECRET: {secret}. Keep it: without it nobody's variant can be made or marked again.")
    elif secret.stat().st_mode & 0o077:
        tell(f"{secret} can be read by other users of this machine: chmod 600 it")
    if not assignment.quiz(assignment.quiz_seed):
        tell(f"{assignment.id} has no quiz: the roster changes nothing")
    return students_of(students, value)


def _next(assignment: Assignment, seed: int, given: dict[Student, int] | None, secret: Path | None) -> str:
    """What must be set so that this quiz, and no other, is the one that is marked."""
    if given:
        told = f"{len(given)} students have variants of their own"
        return f"{told}. Where they are marked, set GRADMARK_SECRET_FILE={secret}"
    if seed != assignment.quiz_seed and assignment.quiz(seed):
        return f"so that this quiz is the one that is marked, write seed = {seed} under [quiz] in assignment.toml"
    return "students get student.zip and the handout; staff/ is for nobody else"
