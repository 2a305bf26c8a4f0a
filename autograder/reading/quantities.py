"""Amounts with a unit: whether two are the same, each rounded, and one divided by another."""

from __future__ import annotations

from dataclasses import dataclass

from . import units
from .arithmetic import finite

AGREEING = 0.01  # of the larger: two amounts of one answer that are one, each rounded; GB and GiB differ by 0.07


@dataclass(frozen=True)
class Quantity:
    """A number as it was read."""

    value: float
    unit: str | None  # as units.find spells it, "" for a count; None when none was written
    otherwise: float | None = None  # the value if its one comma or point is read the other way


def divided(size: Quantity, by: Quantity) -> Quantity | None:
    """An amount divided by a number: bytes by 1024³ are GiB. None where the other is an amount of its own."""
    powers = [(base, n) for base in (1024, 1000) for n in range(1, 6) if by.value == base**n]
    if not by.value or size.unit is None:
        return None
    if powers and size.unit in units.MEMORY:
        (base, steps), value = powers[0], size.value / by.value
        if by.unit in units.MEMORY:  # … ÷ 1024³ GiB
            return Quantity(finite(value), by.unit)
        unit = units.larger(size.unit, base, steps)
        return Quantity(finite(value), unit) if unit and not by.unit else None
    return Quantity(finite(size.value / by.value), size.unit) if not by.unit else None


def base_unit(unit: str) -> str:
    return {"memory": "B", "time": "s", "number": ""}[units.kind(unit)]


def agree(one: Quantity, other: Quantity) -> bool:
    """Return whether two rounded amounts are equal; a bare one may be in the other's unit, or in bytes or seconds."""
    if one.unit is None and other.unit is not None:
        one, other = other, one
    if one.unit is None or other.unit is None:
        sizes = [(one.value, other.value)]
        if one.unit is not None:
            sizes.append((units.convert(one.value, one.unit, base_unit(one.unit)), other.value))
    elif units.same_kind(one.unit, other.unit):
        sizes = [(one.value, units.convert(other.value, other.unit, one.unit))]
    else:
        return False
    return any(abs(a - b) <= AGREEING * max(abs(a), abs(b)) for a, b in sizes)
