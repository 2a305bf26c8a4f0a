"""Writes an assignment anew from a seed: what students get, what staff keep, and the proof that it marks fairly.

    student/  student.zip  handout.html  handout.ipynb  quiz.html       for students
    students/<id>/quiz.toml, quiz.html                                  with a roster: instead of one quiz for all
    staff/                                                              for nobody else

The same assignment, seed, roster and secret give the same bytes; nothing here looks at a clock or a locale.
"""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from autograder import edition
from autograder.model import Assignment
from autograder.quiz import that_counts
from autograder.quiz.variants import read_secret, seed_for
from autograder.regenerate import handout, quiz, staff
from autograder.regenerate.folder import Occupied, check_free, place, with_manifest
from autograder.regenerate.home import student
from autograder.regenerate.roster import Student, students
from autograder.roster import Roster
from autograder.verify import Proof
from autograder.zips import zipped

__all__ = [
    "NotProven",
    "Occupied",
    "check_free",
    "contents",
    "for_student",
    "open_secret",
    "place",
    "students_of",
]


class NotProven(Exception):
    """The assignment does not verify: nobody may be marked with it. `proof` says what fails."""

    def __init__(self, proof: Proof) -> None:
        failing = [f"{row.section}: {row.name} ({row.said})" for row in proof.rows if not row.holds]
        why = f"does not verify: {'; '.join(failing)}" if failing else "is not the one that this proof is of"
        super().__init__(f"{proof.assignment} {why}")
        self.proof = proof


def contents(
    assignment: Assignment,
    seed: int,
    proof: Proof,
    given: Mapping[Student, int] | None = None,
    *,
    roster: bytes | None = None,
    secret: bytes | None = None,
) -> dict[str, bytes]:
    """Every file by its path; `given` says which variant of the quiz each student on the roster has.

    `roster` and `secret` are kept for staff as they are, so that `gradmark grade --edition` marks what was handed out.

    Raises:
        NotProven: the proof does not hold, or is another assignment's.
    """
    if not proof.holds or proof.digest != assignment.digest:
        raise NotProven(proof)
    assignment = that_counts(assignment)
    items = assignment.quiz(seed)
    shared = not given and bool(items)
    told = handout.markdown(assignment, seed, items)
    inside = for_student(assignment, seed, shared=shared)
    files = {f"student/{name}": content for name, content in inside.items()}
    files["student.zip"] = zipped(((f"{assignment.id}/{name}", inside[name]) for name in sorted(inside)), stored=True)
    files["handout.html"] = handout.html(assignment, seed, told)
    files["handout.ipynb"] = handout.notebook(assignment, seed, told)
    if shared:
        files["quiz.html"] = quiz.paper(assignment.title, seed, items)
    kept = staff.staff(assignment, seed, items, proof) | edition.files(assignment, seed, roster, secret)
    if given and items:
        own, keys = _own(assignment, given)
        files |= own
        kept |= keys
    files |= {f"staff/{name}": content for name, content in kept.items()}
    return with_manifest(files, assignment=assignment.id, digest=assignment.digest, seed=seed)


def for_student(assignment: Assignment, seed: int, *, shared: bool = True) -> dict[str, bytes]:
    """The student's folder; `shared`: with the quiz of that seed, where there is one, for everybody."""
    items = assignment.quiz(seed)
    sheet = quiz.sheet(assignment.title, seed, items) if items and shared else None
    return student(assignment, seed, sheet, quiz.questions(seed, items), asked=bool(items))


def _own(assignment: Assignment, given: Mapping[Student, int]) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """Each student's own quiz, and the keys for staff."""
    own, keys = {}, {"variants.csv": staff.variants(given)}
    for one, seed in given.items():
        items, owner = assignment.quiz(seed), quiz.Owner(one.id, one.name)
        own[f"students/{one.folder}/quiz.toml"] = quiz.sheet(assignment.title, seed, items, owner)
        own[f"students/{one.folder}/questions.json"] = quiz.questions(seed, items)
        own[f"students/{one.folder}/quiz.html"] = quiz.paper(assignment.title, seed, items, owner)
        keys[f"keys/{one.folder}.html"] = quiz.key_page(assignment.title, seed, items, owner)
    return own, keys


def students_of(roster: Roster, secret: bytes) -> dict[Student, int]:
    """The variant of each student.

    Raises:
        BadRoster: as `regenerate.roster.students`.
    """
    return {one: seed_for(secret, one.id) for one in students(roster.people)}


def open_secret(path: Path) -> tuple[bytes, bool]:
    """The secret in that file, and whether it was made just now: 32 random bytes, for their owner alone.

    An empty file is none: whoever made it was killed, or found the disk full. Of several at once, one makes it.

    Raises:
        BadSecret: it is too short.
        OSError: it can be neither read nor made.
    """
    made = False
    if not path.exists() or not path.stat().st_size:
        with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+", encoding="ascii") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            if made := not file.read(1):
                file.write(secrets.token_hex(32) + "\n")
    return read_secret(path), made
