"""Which variant of the quiz is whose: a seed from the course's secret and the student's id, and the check of it."""

from __future__ import annotations

import hashlib
import hmac
import os
import unicodedata
from collections.abc import Mapping
from pathlib import Path

from autograder.quiz.answers import Answers
from autograder.reading import Unreadable, quoted

PURPOSE = b"gradmark quiz variant\0"  # keeps these numbers apart from anything else made from the same secret
LEAST_SECRET = 16  # bytes: shorter ones can be guessed by trying, and with the secret every variant can be made
COPY = "Copy the lines `variant` and `student` from the quiz.toml that you were given, and hand in again."


class BadSecret(Exception):
    """Ours: the secret that the course set cannot be used; the message says why."""


def seed_for(secret: bytes, student: str) -> int:
    """The variant of a student on a roster: HMAC-SHA256, 48 bits, so that JSON readers keep the number whole."""
    return int.from_bytes(hmac.new(secret, PURPOSE + _name(student), hashlib.sha256).digest()[:6], "big")


def _name(student: str) -> bytes:
    """An id however it was typed: composed letters, nothing around it."""
    return unicodedata.normalize("NFC", student.strip()).encode("utf-8", "surrogatepass")


def read_secret(path: Path) -> bytes:
    """The secret in a file, without the white space around it.

    Raises:
        BadSecret: too short.
        OSError: unreadable.
    """
    return _strong(path.read_bytes().strip(), str(path))


def secret_from(environment: Mapping[str, str] = os.environ) -> bytes | None:
    """The course's secret: GRADMARK_SECRET, or the file that GRADMARK_SECRET_FILE names; None where neither is set.

    Raises:
        BadSecret, OSError: it is set and cannot be used: marking with no secret instead would be a silent change.
    """
    if given := environment.get("GRADMARK_SECRET"):
        return _strong(given.strip().encode(), "GRADMARK_SECRET")
    if path := environment.get("GRADMARK_SECRET_FILE"):
        return read_secret(Path(path))
    return None


def _strong(secret: bytes, where: str) -> bytes:
    if len(secret) < LEAST_SECRET:
        raise BadSecret(f"The secret in {where} is shorter than {LEAST_SECRET} bytes, which can be guessed.")
    return secret


def check(answers: Answers, default: int, secret: bytes | None, known: str = "") -> int:
    """The seed of the quiz that these answers belong to.

    Without a secret there is one variant for all, `default`. With one, the student's id decides: the one that is
    `known`, or else the one that the answers name.

    Raises:
        Unreadable: variant and student do not go together, told to the student.
    """
    if secret is None:
        if answers.variant not in (None, default):
            raise Unreadable(
                f"Your quiz.toml is for variant {answers.variant}, and this assignment has variant {default} for "
                "everybody, so your answers belong to other questions. If you were given that quiz.toml, "
                f"tell your instructor: the grader does not know about variants. Otherwise: {COPY}"
            )
        return default
    if known and answers.student and _name(answers.student) != _name(known):
        raise Unreadable(
            f"Your quiz.toml is of student {quoted(answers.student)}, and you are {quoted(known)}: it answers somebody "
            "else's questions. Answer your own, and hand in again."
        )
    student = known or answers.student
    if not student:
        raise Unreadable(f"Your quiz.toml does not say whose it is: every student has a variant of their own. {COPY}")
    own = seed_for(secret, student)
    if answers.variant not in (None, own):
        raise Unreadable(
            f"Your quiz.toml has variant {answers.variant}, which is not the variant of {student}. "
            f"{COPY} If they are as you were given them, tell your instructor."
        )
    return own
