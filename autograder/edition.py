"""One edition of an assignment, as staff keep it: the seed of its quiz, who has which variant, and the secret.

`gradmark regenerate` writes it into its staff folder, and `gradmark grade --edition` takes that folder: what was handed
out is what is marked.

    staff/edition.json   assignment, digest, seed, whether the quiz counts
    staff/roster.csv     with a roster: the file as it was given, so that no id is lost
    staff/secret         with a roster: from it and the ids come the variants
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

from autograder.model import Assignment
from autograder.quiz import that_counts
from autograder.quiz.variants import BadSecret, read_secret
from autograder.roster import BadRoster, Roster
from autograder.roster import read as read_roster

SCHEMA = "gradmark.edition/1"
NAME, ROSTER, SECRET = "edition.json", "roster.csv", "secret"


class BadEdition(Exception):
    """The folder is no edition, or not of this assignment; the message says what to do, to staff."""


@dataclass(frozen=True)
class Edition:
    assignment: str
    digest: str
    seed: int
    roster: Roster | None = None
    secret: bytes | None = None

    def of(self, assignment: Assignment) -> Assignment:
        """The assignment as this edition marks it: its quiz is the one that was handed out, and it counts.

        Raises:
            BadEdition: it is another assignment's.
        """
        if assignment.id != self.assignment:
            raise BadEdition(f"This edition is of {self.assignment}, not of {assignment.id}: give --assignment.")
        return that_counts(replace(assignment, quiz_seed=self.seed))


def files(assignment: Assignment, seed: int, roster: bytes | None, secret: bytes | None) -> dict[str, bytes]:
    """Name in the staff folder -> content."""
    told = {"schema": SCHEMA, "assignment": assignment.id, "digest": assignment.digest, "seed": seed}
    made = {NAME: (json.dumps(told, indent=1) + "\n").encode()}
    return made | ({ROSTER: roster} if roster else {}) | ({SECRET: secret + b"\n"} if secret else {})


def kept_in(folder: Path) -> dict[str, bytes]:
    """The files of an edition that can be read, as they are: what a package carries along."""
    inside = _inside(folder)
    return {name: (inside / name).read_bytes() for name in (NAME, ROSTER, SECRET) if (inside / name).exists()}


def _inside(folder: Path) -> Path:
    return folder if (folder / NAME).exists() else folder / "staff"


def read(folder: Path) -> Edition:
    """The edition in a staff folder, or in the folder around it.

    Raises:
        BadEdition: there is none, or a part of it cannot be used.
    """
    inside = _inside(folder)
    try:
        told = json.loads((inside / NAME).read_bytes())
        if told.get("schema") != SCHEMA:
            raise BadEdition(f"{inside / NAME} is {told.get('schema')!r}, which is not {SCHEMA}.")
        roster = read_roster(inside / ROSTER) if (inside / ROSTER).exists() else None
        secret = read_secret(inside / SECRET) if (inside / SECRET).exists() else None
        if roster and secret is None:
            raise BadEdition(f"{inside} has a roster and no {SECRET}: without it nobody's variant is known.")
        return Edition(str(told["assignment"]), str(told["digest"]), int(told["seed"]), roster, secret)
    except FileNotFoundError as error:
        raise BadEdition(f"{folder} is no edition: give the staff folder that `gradmark regenerate` wrote.") from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError, BadRoster, BadSecret) as error:
        raise BadEdition(f"{inside} cannot be read as an edition: {error}") from error
