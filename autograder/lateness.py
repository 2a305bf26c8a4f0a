"""The one rule of lateness: a late day is begun as soon as it begins, and ends at the due time's hour."""

from __future__ import annotations

from collections.abc import Callable

DAY = 86_400.0  # seconds; a day in which the clocks change has an hour more or less


def days(due_at: float, at: float, days_after: Callable[[int], float]) -> int:
    """Return the late days begun at `at`. Times are seconds; `days_after(n)` is the due time's hour n days later."""
    if at <= due_at:
        return 0
    begun = max(1, int((at - due_at) // DAY) - 1)  # at most this many are over for certain
    while days_after(begun) < at:
        begun += 1
    return begun


def kept(late_days: int, per_day: float) -> float:
    """Return the fraction of the points that so many days leave; `per_day` is the fraction that each costs."""
    return max(0.0, 1.0 - late_days * per_day)
