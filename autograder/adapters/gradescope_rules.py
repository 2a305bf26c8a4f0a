"""Rules from Gradescope's metadata of a submission: seed, lateness, attempts. They use no clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from autograder import lateness
from autograder.adapters import common
from autograder.adapters.common import PackagePolicy
from autograder.render import rounded
from autograder.roster import Roster

NONE, CHANGE = timedelta(0), timedelta(hours=1)  # by so much clocks are changed at most, in summer and in autumn


def seed(metadata: Mapping[str, Any]) -> int | None:
    """The same for a submission whenever it is marked; None in a trial run without metadata."""
    return common.seed_of("gradescope", metadata["assignment"]["id"], metadata["id"]) if metadata else None


def student(metadata: Mapping[str, Any], roster: Roster) -> str:
    """The id on the roster of who submits; "" for a group, and for who is not on it."""
    found = {
        person.id
        for user in metadata.get("users") or ()
        for person in roster.find([str(user.get("email") or ""), str(user.get("name") or "")])
    }
    return found.pop() if len(found) == 1 else ""


def days_late(metadata: Mapping[str, Any]) -> int:
    """Late days begun by the submission; of a group, the latest due date of its people counts."""
    own = [(user.get("assignment") or {}).get("due_date") for user in metadata.get("users") or ()]
    dates = [due for due in own if due] or [(metadata.get("assignment") or {}).get("due_date")]
    if not dates[0]:
        return 0
    due, at = max(map(datetime.fromisoformat, dates)), datetime.fromisoformat(metadata["created_at"])
    if at <= due:
        return 0
    if abs((at.utcoffset() or NONE) - (due.utcoffset() or NONE)) <= CHANGE:  # both on the course's clock
        due, at = due.replace(tzinfo=UTC), at.replace(tzinfo=UTC)
    start = due.timestamp()
    return max(1, lateness.days(start, at.timestamp(), lambda days: start + days * lateness.DAY))


def attempts(metadata: Mapping[str, Any], settings: PackagePolicy) -> list[datetime]:
    """Return the times at which this student's submissions were marked, within the window that ends with this one."""
    if not metadata:
        return []
    now = datetime.fromisoformat(metadata["created_at"])
    times = [datetime.fromisoformat(time) for time in _counted(valid(metadata))]
    return [time for time in times if timedelta(0) <= now - time < timedelta(hours=settings.attempts_hours)]


def kept(metadata: Mapping[str, Any]) -> float:
    """The last valid score: what is not the student's fault costs nothing."""
    earlier = valid(metadata)
    return rounded(float(earlier[-1].get("score") or 0)) if earlier else 0.0


def valid(metadata: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [s for s in metadata.get("previous_submissions") or () if not s.get("autograder_error")]


def _counted(earlier: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the times that our latest results recorded, plus later ones. Without results, each submission counts."""
    for at in range(len(earlier) - 1, -1, -1):
        state = ((earlier[at].get("results") or {}).get("extra_data") or {}).get("gradmark")
        if state:
            return [*state["attempts"], *(s["submission_time"] for s in earlier[at + 1 :])]
    return [s["submission_time"] for s in earlier]
