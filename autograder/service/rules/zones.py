"""Local times of a course: its IANA time zone decides what people type and read, and when a late day ends."""

from __future__ import annotations

import datetime as dt
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

UTC = "UTC"
LAST = 253_000_000_000.0  # seconds since the epoch in the year 9987: beyond, local times cannot be computed


class NoSuchTime(Exception):
    """The clocks skip this local time; the message says when, for staff."""


@cache
def names() -> tuple[str, ...]:
    """Return the zones to choose from, such as `Europe/Berlin`; UTC first."""
    places = {
        name
        for name in available_timezones()
        if "/" in name and not name.startswith(("Etc/", "SystemV/", "posix/", "right/"))
    }
    return (UTC, *sorted(places))


def is_zone(name: str) -> bool:
    """Return whether a course can have this time zone."""
    return name in names()


def local(at: float, zone: str) -> dt.datetime:
    """Return the local time at `at` seconds since the epoch."""
    return dt.datetime.fromtimestamp(at, ZoneInfo(zone))


def abbreviation(at: float, zone: str) -> str:
    """Return how the zone is called at that time: `CET`, `CEST`, `UTC`, or its offset where it has no letters."""
    name = local(at, zone).strftime("%Z")
    return f"UTC{name[:3]}{':' + name[3:] if name[3:] else ''}" if name[:1] in "+-" else name


def in_words(at: float, zone: str) -> str:
    """Return `Sat 21 Nov 2026, 10:52 CET`."""
    return f"{local(at, zone):%a %-d %b %Y, %H:%M} {abbreviation(at, zone)}"


def seconds(naive: dt.datetime, zone: str) -> float:
    """Return the seconds since the epoch of a local time. Of two equal ones (clocks set back) it is the first.

    Raises:
        NoSuchTime: the clocks are set forward over it.
    """
    at = naive.replace(tzinfo=ZoneInfo(zone)).timestamp()
    if local(at, zone).replace(tzinfo=None) != naive:
        raise NoSuchTime(f"{naive:%Y-%m-%d %H:%M} does not exist in {zone}: the clocks are set forward then")
    return at


def days_after(at: float, days: int, zone: str) -> float:
    """Return the same time of day so many days later, also over a change of the clock."""
    if at + (days + 1) * 86_400.0 > LAST:
        return at + days * 86_400.0
    later = local(at, zone).replace(tzinfo=None) + dt.timedelta(days=days)
    return later.replace(tzinfo=ZoneInfo(zone)).timestamp()
