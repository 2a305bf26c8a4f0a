"""Runs `gradmark regenerate`: check before the long proof, prove, write, and say what comes next."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from autograder.edition import SECRET
from autograder.model import Assignment
from autograder.quiz.variants import BadSecret, read_secret
from autograder.regenerate import Occupied, check_free, contents, open_secret, place, students_of
from autograder.regenerate.roster import Student
from autograder.roster import BadRoster, read
from autograder.verify import Proof


class CannotRegenerate(Exception):
    """The request cannot be carried out; the message tells the instructor why."""


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
        given = _given(assignment, out, roster, secret, tell)
        proof = prove()
        if proof.holds:
            more = {"roster": given.roster, "secret": given.secret} if given else {}
            place(contents(assignment, seed, proof, given.variants if given else None, **more), out)
            tell(_next(out, given))
    except OSError as error:
        raise CannotRegenerate(f"{error.filename} cannot be used: {error.strerror}.") from error
    except (BadRoster, BadSecret, Occupied) as error:
        raise CannotRegenerate(str(error)) from error
    return proof


@dataclass(frozen=True)
class _Given:
    """Write the roster's part: everyone's variant, and the copy for the staff folder."""

    variants: dict[Student, int]
    roster: bytes
    secret: bytes


def _given(
    assignment: Assignment, out: Path, roster: Path | None, secret: Path | None, tell: Callable[[str], None]
) -> _Given | None:
    if roster is None:
        if secret is not None:
            raise CannotRegenerate("A secret is of use with --roster only: without it everybody gets the same quiz.")
        return None
    if secret is not None and secret.absolute().is_relative_to(out.absolute()):
        raise CannotRegenerate(f"{secret} lies in {out}, which is handed out. Keep the secret somewhere else.")
    people = read(roster)
    for remark in people.remarks:
        tell(remark)
    value = _secret(out, secret, tell)
    if not assignment.quiz(assignment.quiz_seed):
        tell(f"{assignment.id} has no quiz: the roster changes nothing")
    return _Given(students_of(people, value), roster.read_bytes(), value)


def _secret(out: Path, secret: Path | None, tell: Callable[[str], None]) -> bytes:
    """The secret in that file, or the one that the staff folder keeps; made where there is none."""
    if secret is None:
        kept = out / "staff" / SECRET
        if kept.exists():
            return read_secret(kept)
        tell(f"MADE A NEW SECRET, kept in {kept}: without it nobody's variant can be made or marked again.")
        return secrets.token_hex(32).encode()
    value, made = open_secret(secret)
    if made:
        tell(f"MADE A NEW SECRET: {secret}. Keep it: without it nobody's variant can be made or marked again.")
    elif secret.stat().st_mode & 0o077:
        tell(f"{secret} can be read by other users of this machine: chmod 600 it")
    return value


def _next(out: Path, given: _Given | None) -> str:
    """Return how to mark what was handed out."""
    told = f"{len(given.variants)} students have variants of their own; " if given else ""
    return f"{told}mark with: gradmark grade SUBMISSIONS --edition {out / 'staff'} (which is for staff alone)"
