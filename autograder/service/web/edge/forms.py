"""Reads forms: texts, times and numbers, or a sentence that says what is wrong with them."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from typing import Annotated

from fastapi import Depends, Request

from autograder.service.rules import zones

LATEST = 4_102_444_800.0  # the year 2100: whatever is later was typed wrongly


class BadField(Exception):
    """A field holds something else than it asks for; the message says which field, and what to write."""


async def fields(request: Request) -> dict[str, str]:
    """Dependency: the texts of this form by name; files are not among them."""
    form = await request.form()
    return {name: value.replace("\0", "") for name, value in form.items() if isinstance(value, str)}


Fields = Annotated[dict[str, str], Depends(fields)]


def typed_time(text: str, label: str, zone: str) -> float | None:
    """Return the seconds since the epoch of a datetime-local field, in this time zone; None when it is empty.

    Raises:
        BadField: no such time.
    """
    if not text.strip():
        return None
    try:
        at = zones.seconds(dt.datetime.fromisoformat(text.strip()).replace(tzinfo=None), zone)
    except zones.NoSuchTime as error:
        raise BadField(f"{label}: {error}. Choose another time.") from error
    except (ValueError, OverflowError) as error:
        told = f"{label}: “{text[:40]}” is not a time. Write it as 2026-11-30 18:00, in {zone}."
        raise BadField(told) from error
    if not 0 <= at < LATEST:
        raise BadField(f"{label}: the year has to be in this century.")
    return at


def time_field(at: float | None, zone: str) -> str:
    """Return the same time as a datetime-local field holds it, to the minute."""
    return "" if at is None else zones.local(at, zone).replace(tzinfo=None).isoformat(timespec="minutes")


def typed_line(typed: Mapping[str, str], name: str, most: int = 200) -> str:
    """Return a field on one line, cut to so many characters."""
    return " ".join(typed.get(name, "").split())[:most]


def typed_zone(text: str) -> str:
    """Raises: BadField: no time zone that a course can have."""
    if not zones.is_zone(zone := text.strip()):
        raise BadField(f"“{zone[:60]}” is not a time zone. Choose one of the list, such as Europe/Berlin.")
    return zone


def typed_number(text: str, label: str, *, least: float = 0.0, most: float = 1e6) -> float:
    """Raises: BadField: no number, or not one of this range."""
    try:
        value = float(text.strip().replace(",", "."))
    except ValueError as error:
        raise BadField(f"{label}: “{text[:40]}” is not a number.") from error
    if not (math.isfinite(value) and least <= value <= most):
        raise BadField(f"{label}: enter a number between {least:g} and {most:g}, not {text.strip()[:40]}.")
    return value


def typed_count(text: str, label: str, *, most: int = 100_000) -> int:
    """Raises: BadField: no whole number of this range."""
    value = typed_number(text, label, most=most)
    if value != int(value):
        raise BadField(f"{label}: enter a whole number, not {text.strip()[:40]}.")
    return int(value)
