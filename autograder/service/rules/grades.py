"""Which submission counts, and for how many points: late ones lose, free text adds what a person gave."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field

from autograder.service.rules.policy import Policy, kept
from autograder.service.rules.weights import share


@dataclass(frozen=True)
class MarkedSubmission:
    """A submission with a report."""

    submission_id: str
    number: int
    made_at: float
    late_seconds: float
    score: float  # of the report
    max_score: float  # free-text answers included, whether a person has marked them or not
    texts: float = 0.0  # points that people gave to its free-text answers
    whole: bool = field(default=True, compare=False)  # False: its code cannot be used, and its quiz alone was marked
    decided: bool = field(default=False, compare=False)  # a person gave points of it


@dataclass(frozen=True)
class Text:
    """A free answer of a report that a person marks, as the database keeps it."""

    item: str
    title: str
    digest: str  # of the answer
    points: float  # at most, as its question has them: people mark it by these
    worth: float | None = None  # what these count for by the course's points; None: the same

    def share(self, given: float) -> float:
        return given if self.worth is None else share(given, self.points, self.worth)


@dataclass(frozen=True)
class Override:
    """Points of a row as a person decided them, and why."""

    points: float
    reason: str


@dataclass(frozen=True)
class Standing:
    """A student's standing in an assignment: the submission that counts, and its points after lateness."""

    counting: MarkedSubmission
    points: float
    max_points: float
    submissions: int  # whose code was marked
    first_id: str  # of these, or else of those with a marked quiz, the earliest
    latest_id: str


def earned(policy: Policy, one: MarkedSubmission) -> float:
    return round((one.score + one.texts) * kept(policy, one.late_seconds, one.made_at), 2)


def _merit(policy: Policy, one: MarkedSubmission) -> tuple[float, float]:
    """Return the sort key that decides which submission counts: points as shown, then what rounding hides."""
    return earned(policy, one), one.score + one.texts


def standing(policy: Policy, marked: Iterable[MarkedSubmission]) -> Standing | None:
    """None when nothing is marked. Of equals the earlier one counts; the latest is the latest whose code was marked."""
    every = sorted(marked, key=lambda one: one.number)
    if not every:
        return None
    whole = [one for one in every if one.whole]
    last = [one for one in every if one.whole or one.decided] or every
    counting = last[-1] if policy.counts == "latest" else max(every, key=lambda one: _merit(policy, one))
    points, most = earned(policy, counting), counting.max_score
    return Standing(counting, points, most, len(whole), last[0].submission_id, last[-1].submission_id)


def answer_digest(answer: str) -> str:
    """Return the digest by which an answer that is handed in again is recognised; outer white space is ignored."""
    return hashlib.sha256(answer.strip().encode()).hexdigest()
