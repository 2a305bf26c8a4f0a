"""Decisions of an assignment's staff: due time, limits, the cost of lateness, and what is shown when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal

from autograder import lateness
from autograder.service.rules import zones
from autograder.service.rules.weights import Points

When = Literal["at_once", "after_due", "never"]


@dataclass(frozen=True)
class Policy:
    """Times are seconds since the epoch; None = no such limit."""

    opens_at: float | None = None
    due_at: float | None = None
    grace_minutes: float = 5.0  # after the due time, for slow uploads: not late
    late_percent_per_day: float = 10.0  # of the points earned, for each day begun
    late_days: int = 0  # so many days late are still taken
    limit: int = 20  # so many submissions in any window of `window_minutes`; 0 = no limit
    window_minutes: float = 60.0
    counts: Literal["best", "latest"] = "best"
    show_marks: When = "at_once"
    show_hints: When = "at_once"
    time_zone: str = zones.UTC  # the course's: a late day ends at the due time's hour there
    show_quiz: When = "after_due"  # its points, which answers were right, and why: before, they could be passed on
    groups: bool = False  # what one member of a group hands in counts for all of them
    points: Points = field(default_factory=dict)  # of rows, where they are not the edition's
    release_at: float | None = None  # what is shown "after_due" waits for this too

    @property
    def tells_quiz_at_once(self) -> bool:
        waits = self.due_at is not None or self.release_at is not None
        return self.show_quiz == "at_once" or (self.show_quiz == "after_due" and not waits)


class BadPolicy(Exception):
    """A policy that contradicts itself; the message tells staff what to change."""


@dataclass(frozen=True)
class Past:
    """An earlier submission, as far as limits ask."""

    made_at: float
    state: str


@dataclass(frozen=True)
class Admission:
    """The answer to a hand-in: taken or not. `why` is for the student; `next_at` is when the next one will be taken."""

    admitted: bool
    why: str = ""
    late_seconds: float = 0.0
    next_at: float | None = None
    left: int | None = None  # further ones within the window, this one included


FREE = ("not_gradable", "superseded", "parked")  # cost no attempt: nothing was marked


def from_json(data: Mapping[str, Any]) -> Policy:
    known = {one.name for one in fields(Policy)}
    return Policy(**{name: value for name, value in data.items() if name in known})


def to_json(policy: Policy) -> dict[str, Any]:
    return asdict(policy)


def checked(policy: Policy) -> Policy:
    """The policy itself.

    Raises:
        BadPolicy: a sentence for staff.
    """
    if policy.opens_at is not None and policy.due_at is not None and policy.due_at <= policy.opens_at:
        raise BadPolicy("The assignment would be due before it opens. Set the due time after the opening time.")
    if not 0 <= policy.late_percent_per_day <= 100:
        raise BadPolicy("The late deduction has to be between 0 and 100 percent a day.")
    if policy.late_days < 0 or policy.grace_minutes < 0 or policy.limit < 0 or policy.window_minutes <= 0:
        raise BadPolicy("Days, minutes and limits cannot be negative, and a time window cannot be empty.")
    return policy


def _window(policy: Policy) -> str:
    return "hour" if policy.window_minutes == 60 else f"{policy.window_minutes:g} minutes"


def admit(policy: Policy, past: Sequence[Past], at: float, *, due_at: float | None) -> Admission:
    """Judges a submission received `at`. `due_at` is this student's: the policy's, or their extension."""
    if policy.opens_at is not None and at < policy.opens_at:
        return Admission(admitted=False, why="This assignment is not open yet.", next_at=policy.opens_at)
    late = late_seconds(policy, at, due_at)
    if late and due_at is not None and at > zones.days_after(due_at, policy.late_days, policy.time_zone):
        return Admission(admitted=False, why="This assignment is closed: its due time is over.", late_seconds=late)
    if not policy.limit:
        return Admission(admitted=True, late_seconds=late)
    window = policy.window_minutes * 60
    counted = sorted(one.made_at for one in past if one.state not in FREE and one.made_at > at - window)
    left = policy.limit - len(counted)
    if left > 0:
        return Admission(admitted=True, late_seconds=late, left=left)
    return Admission(
        admitted=False,
        why=f"You've used {len(counted)} of {policy.limit} submissions in the last {_window(policy)}.",
        late_seconds=late,
        next_at=counted[-policy.limit] + window,
        left=0,
    )


def due_for(policy: Policy, extension: float | None) -> float | None:
    """Return the due time of a student with this extension, which never takes time away."""
    return policy.due_at if policy.due_at is None or extension is None else max(policy.due_at, extension)


def late_seconds(policy: Policy, at: float, due_at: float | None) -> float:
    """0 within the grace, then all of it from the due time on."""
    return at - due_at if due_at is not None and at > due_at + policy.grace_minutes * 60 else 0.0


def days_late(policy: Policy, late_seconds: float, at: float) -> int:
    """Return the late days begun by a submission made `at`; each ends at the same time of day as the due time."""
    if late_seconds <= 0:
        return 0
    due_at = at - late_seconds
    return lateness.days(due_at, at, lambda days: zones.days_after(due_at, days, policy.time_zone))


def kept(policy: Policy, late_seconds: float, at: float) -> float:
    """Return the fraction of the points that lateness leaves to a submission made `at`."""
    return lateness.kept(days_late(policy, late_seconds, at), policy.late_percent_per_day / 100)


def closes_at(policy: Policy, due_at: float | None) -> float | None:
    """Return the time after which nothing is taken."""
    if due_at is None:
        return None
    return max(due_at + policy.grace_minutes * 60, zones.days_after(due_at, policy.late_days, policy.time_zone))


def shows_at(policy: Policy, due_at: float | None) -> float | None:
    """Return the time after which is shown what is shown "after_due": nothing more is taken, and it is released.

    None: it is shown at once.
    """
    times = (closes_at(policy, due_at), policy.release_at)
    return max((time for time in times if time is not None), default=None)


def shown(when: When, at: float, shows_at: float | None) -> bool:
    return when == "at_once" or (when == "after_due" and (shows_at is None or at > shows_at))


def quiz_counted(policy: Policy, at: float, due_at: float | None) -> bool:
    """Return whether sums may include the quiz: a sum that rises with a right answer tells which one is right."""
    shows = shows_at(policy, due_at)
    return shown(policy.show_quiz, at, shows) or (shows is not None and at > shows)


def points_shown(policy: Policy, at: float, due_at: float | None, *, quiz: bool) -> bool:
    """Return whether a student may see their points; `quiz`: whether these include a quiz."""
    marks = shown(policy.show_marks, at, shows_at(policy, due_at))
    return marks and (not quiz or quiz_counted(policy, at, due_at))
