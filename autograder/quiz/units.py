"""Units, by pint on a small registry of our own: bytes and bits, time, counts.

Pint's own registry takes 0.15 s to build and knows 1500 names, of which some would misread an answer; this one
takes 2 ms and knows only what a quiz about training asks for. Decimal and binary prefixes are different prefixes.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pint import UnitRegistry

DEFINITIONS = """
milli- = 1e-3 = m-
micro- = 1e-6 = µ- = u-
nano- = 1e-9 = n-
kilo- = 1e3 = k- = K-
mega- = 1e6 = M-
giga- = 1e9 = G-
tera- = 1e12 = T-
peta- = 1e15 = P-
kibi- = 2**10 = Ki-
mebi- = 2**20 = Mi-
gibi- = 2**30 = Gi-
tebi- = 2**40 = Ti-
pebi- = 2**50 = Pi-
bit = [information]
byte = 8 * bit = B
second = [time] = s = sec
minute = 60 * second = min
hour = 60 * minute = h = hr
day = 24 * hour = d
count = [] = unit
percent = 0.01
step = count
epoch = count
GPU = count
parameter = count = _ = param
"""
PURE = {"x": "", "times": "", "fold": "", "-fold": "", "%": "percent"}  # after a pure number
LONGEST = 24  # characters of a unit: "gibibytes" has nine
_MEMORY = re.compile(r"([kmgtp])(i?)(b|bytes?|bits?)", re.IGNORECASE)
_BITS = re.compile(r"[KMGTP]i?b|.*[Bb][Ii][Tt][Ss]?")  # a capital prefix and a small b is how bits are written


@cache
def _registry() -> UnitRegistry[float]:
    from pint import UnitRegistry  # noqa: PLC0415 - 0.25 s, for quizzes only

    registry: UnitRegistry[float] = UnitRegistry(None)
    registry.load_definitions(DEFINITIONS.strip().splitlines())
    return registry


@cache
def find(name: str) -> str | None:
    """The unit that somebody means by `name`, as the registry spells it; "" for a pure number, None if unknown.

    Case does not matter where it cannot mislead: "gib" and "GIB" are GiB. "Gb" stays gigabit.
    """
    from pint import UndefinedUnitError  # noqa: PLC0415

    if name == "":
        return ""
    if name.lower() in PURE:
        return PURE[name.lower()]
    if not re.fullmatch(rf"[^\W\d_]{{1,{LONGEST}}}", name):
        return None
    if memory := _MEMORY.fullmatch(name):
        prefix = memory[1].upper() if memory[2] or memory[1] not in "kK" else "k"
        name = prefix + memory[2].lower() + ("bit" if _BITS.fullmatch(name) else "B")
    for spelling in (name, name.lower(), name.upper()):
        try:
            return f"{_registry().parse_units(spelling):~}" or ""
        except UndefinedUnitError:
            continue
    return None


def convert(value: float, source: str, target: str) -> float:
    """`value` in other units of the same kind."""
    if source == target:
        return value
    return float(_registry().Quantity(value, source).to(target).magnitude)


def same_kind(one: str, other: str) -> bool:
    """Whether both measure the same: memory, time, or counts and pure numbers."""
    if one == other:
        return True
    units = _registry()
    return bool(units.Unit(one).dimensionality == units.Unit(other).dimensionality)


def is_pure(unit: str) -> bool:
    return same_kind(unit, "")


def twins(unit: str) -> list[str]:
    """The units that this one is mistaken for: binary for decimal prefixes and back, bits for bytes."""
    match = re.fullmatch(r"([kKMGTP])(i?)(B|bit)", unit)
    if match is None:
        return []
    other = match[1].upper() + "i" if not match[2] else match[1].replace("K", "k")
    return [other + match[3], match[1] + match[2] + ("bit" if match[3] == "B" else "B")]
