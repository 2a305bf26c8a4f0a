"""Effects of a regrade: by student, by criterion, and who keeps which mark."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from autograder.service.rules.grades import MarkedSubmission, Standing, earned
from autograder.service.rules.policy import Policy, kept
from autograder.service.rules.statistics import PartMark

Way = Literal["up", "down", "same"]
EDGES = (5.0, 10.0, 20.0)  # points by which marks change, for the table of how many change by how much


@dataclass(frozen=True)
class MarkChange:
    """A student's points now, and if every new report counted. None: nothing of theirs is marked."""

    user_id: str
    before: Standing | None
    after: Standing | None

    @property
    def old(self) -> float:
        return self.before.points if self.before else 0.0

    @property
    def new(self) -> float:
        return self.after.points if self.after else 0.0

    @property
    def by(self) -> float:
        """Points, after lateness and with free text."""
        return round(self.new - self.old, 2)

    @property
    def rescaled(self) -> bool:
        """Return whether the mark is out of another maximum."""
        sides = (self.before, self.after)
        return len({one.max_points for one in sides if one}) > 1

    @property
    def way(self) -> Way:
        return "up" if self.by > 0 else "down" if self.by < 0 else "same"

    def taken(self, *, lowering: bool) -> bool:
        """Return whether the new reports replace this student's old ones: all or none, so that they are never mixed."""
        return lowering or self.by >= 0


@dataclass(frozen=True)
class Shift:
    """The change of one part of the report, for those whose counting report has it before and after."""

    id: str
    title: str
    up: int
    down: int
    same: int
    mean: float  # points


def changes(before: Mapping[str, Standing], after: Mapping[str, Standing]) -> list[MarkChange]:
    """Return the changes of everyone with marks; those who lose most come first, then those who gain."""
    found = [MarkChange(user, before.get(user), after.get(user)) for user in before.keys() | after.keys()]
    return sorted(found, key=lambda change: (change.by >= 0, -abs(change.by), change.user_id))


def bands(found: Iterable[MarkChange]) -> list[tuple[str, int]]:
    """Return how many marks change by how much, from the largest fall to the largest rise; empty ends are left out."""
    counts = Counter(_band(change.by) for change in found)
    return [(_told(band), counts[band]) for band in range(min(counts), max(counts) + 1)] if counts else []


def _band(by: float) -> int:
    """0 = unchanged, ±1 = by less than the first edge, and so on."""
    far = (by != 0) + sum(abs(by) >= edge for edge in EDGES)
    return far if by > 0 else -far


def _told(band: int) -> str:
    if not band:
        return "unchanged"
    way, far = ("up" if band > 0 else "down"), abs(band)
    if far == 1:
        return f"less than {EDGES[0]:g} points {way}"
    if far > len(EDGES):
        return f"{EDGES[-1]:g} points or more {way}"
    return f"{EDGES[far - 2]:g} to {EDGES[far - 1]:g} points {way}"


def shifts(pairs: Iterable[tuple[Sequence[PartMark], Sequence[PartMark]]]) -> list[Shift]:
    """`pairs`: the parts of each student's counting report before and after. What nobody has in both is left out."""
    moved: dict[str, list[float]] = {}
    titles: dict[str, str] = {}
    for old, new in pairs:
        had = {part.id: part.score for part in old}
        for part in new:
            if part.id in had:
                titles[part.id] = part.title
                moved.setdefault(part.id, []).append(round(part.score - had[part.id], 2))
    return [
        Shift(
            id_,
            titles[id_],
            sum(by > 0 for by in all_),
            sum(by < 0 for by in all_),
            sum(by == 0 for by in all_),
            round(sum(all_) / len(all_), 2),
        )
        for id_, all_ in moved.items()
    ]


def notice(title: str, change: MarkChange, *, points: bool) -> str:
    """Return the notice to a student whose mark changes; `points`: whether they may see their points."""
    now = f"{change.new:g} of {change.after.max_points:g} points" if change.after else "no points"
    had = f"{change.old:g} points" if change.before else "nothing"
    return (
        f"{title}: what you handed in was marked again with a corrected edition of the assignment. "
        + (f"You had {had} and now have {now}. " if points else "Your mark has changed; it is not shown now. ")
        + "Your earlier report is kept; ask your instructor if this looks wrong."
    )


def policy_notice(change: MarkChange, changed: Sequence[str], *, points: bool) -> str:
    """Return what tells a student that a new policy changes their mark; `changed`: its parts in words."""
    why = " and ".join(filter(None, (", ".join(changed[:-1]), changed[-1]))) if changed else "the settings"
    verb = "were" if len(changed) > 1 else "was"
    why = f"{why[0].upper()}{why[1:]} {verb} changed."
    if not points:
        return f"{why} Your mark changes by that; it is not shown now."
    most = [standing.max_points for standing in (change.before, change.after) if standing]
    had, has = (f" of {most[0]:g}", f" of {most[-1]:g}") if len(set(most)) > 1 else ("", "")
    return f"{why} You had {change.old:g}{had} points and now have {change.new:g}{has}."


def can_matter(
    policy: Policy, one: MarkedSubmission | None, late_seconds: float, made_at: float, full: float, best: float
) -> bool:
    """Return whether marking a submission again can change anything for a student with `best` points by new reports.

    Not if neither its present report (`one`) nor a perfect one, `full` points, would count before what is there.
    """
    if policy.counts == "latest":
        return True
    most = round(full * kept(policy, late_seconds, made_at), 2)
    return max(most, earned(policy, one) if one else 0.0) > best
