"""Marks a number with a unit, to the significant figures that its item asks for.

The rule: an answer is right when it lies within half a unit of the key's last figure, in the unit in which the
student wrote it, and no known wrong answer lies nearer. So every correct rounding to at least that many figures
is right, in every unit, and an answer with more figures must still be that close.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from autograder.model import Item, NumericKey, Wrong
from autograder.quiz import units
from autograder.quiz.numbers import Quantity, parse
from autograder.quiz.say import BadKey, Malformed, Outcome, amount

WITHOUT_UNIT = 0.5  # of the points: the number is right, and knowing of what is the other half of the question
LEAST_MEMORY_FIGURES = 3  # MB and MiB differ by 4.9 %, kB and KiB by 2.4 %; two figures allow 5 %, three 0.5 %
ROUNDING = 1e-9  # relative: what double arithmetic on either side may add to half a unit
RIGHT = "Right."


@dataclass(frozen=True)
class Own:
    """A number that is the student's own: their earlier answer, or what it leads to here, in the key's unit."""

    value: float
    right: bool  # whether the earlier answer was right, rounding aside


def mark(item: Item, answer: object, own: Own | None = None) -> Outcome:
    """How an answer does; `own` is what the student's own earlier answer leads to.

    Raises:
        Malformed: it is no number, or measures something else.
        BadKey: ours.
    """
    key = item.key
    assert isinstance(key, NumericKey)
    unit = _key_unit(key)
    found = parse(answer)
    bare = found.unit is None and not units.is_pure(unit)
    for written in _readings(found, unit):
        if _is_right(key, unit, written, found.value):
            return _right(item, unit, bare=bare)
    written = _readings(found, unit)[-1]
    if own is not None and item.follow is not None and near(found.value, _in(own.value, unit, written), key.figures):
        if own.right and not _known_wrong(key, unit, written, found.value):  # they carried a rounding on
            return _right(item, unit, bare=bare)
        if not own.right:
            whole = WITHOUT_UNIT if bare and not asks_for(item, unit) else 1.0
            fraction = whole * min(max(item.follow.fraction, 0.0), 1.0)
            return Outcome("follow_through", fraction, _followed(item, fraction))
    return Outcome("wrong", 0.0, _why_wrong(key, unit, written, found, bare=bare))


def own_value(item: Item, answer: object) -> Own | None:
    """What a student answered to an item, in its key's unit, when that is a number of the right kind."""
    assert isinstance(item.key, NumericKey)
    try:
        outcome, found = mark(item, answer), parse(answer)
    except Malformed:
        return None
    unit = _key_unit(item.key)
    return Own(_in(found.value, _readings(found, unit)[-1], unit), outcome.status != "wrong")


def near(value: float, wanted: float, figures: int) -> bool:
    """Within half a unit of the last of `figures` significant figures of `wanted` (of 0: as if it were 1)."""
    place = math.floor(math.log10(abs(wanted))) if wanted else 0
    half = 0.5 * 10.0 ** (place - figures + 1)
    return abs(value - wanted) <= half * (1 + ROUNDING) + abs(wanted) * ROUNDING


def asks_for(item: Item, unit: str) -> bool:
    """Whether the question names the unit to answer in ("in GiB", "how many GiB"), so that a bare number has one."""
    return re.search(rf"\b(?:in|many|of)\s+`?{re.escape(unit)}\b", item.prompt) is not None


def _key_unit(key: NumericKey) -> str:
    unit = units.find(key.unit)
    if unit is None or not math.isfinite(key.value) or key.figures < 1:
        raise BadKey(f"A numeric key has the value {key.value}, unit {key.unit!r} and {key.figures} figures.")
    if key.figures < LEAST_MEMORY_FIGURES and units.same_kind(unit, "B"):
        raise BadKey(f"A key in {unit} needs {LEAST_MEMORY_FIGURES} figures: fewer cannot tell GB from GiB.")
    return unit


def _readings(found: Quantity, unit: str) -> list[str]:
    """The units that the number may be in: as written; a bare one is pure where that can be, or in the key's."""
    if found.unit is None:
        return ["", unit] if units.is_pure(unit) and unit else [unit]
    if not units.same_kind(found.unit, unit):
        asked = f"an amount in {unit}" if not units.is_pure(unit) else "a number without a unit of memory or time"
        raise Malformed(f"You wrote an answer in {found.unit or 'no unit'}, and this asks for {asked}.")
    return [found.unit]


def _in(value: float, source: str, target: str) -> float:
    return units.convert(value, source, target)


def _is_right(key: NumericKey, unit: str, written: str, value: float) -> bool:
    wanted = _in(key.value, unit, written)
    return near(value, wanted, key.figures) and not _near_wrong(key, unit, written, value, wanted)


def _near_wrong(key: NumericKey, unit: str, written: str, value: float, wanted: float) -> bool:
    """Whether a known wrong answer is nearer than `wanted`: no tolerance is wide enough to make it right."""
    return any(abs(value - _in(float(w.value), unit, written)) < abs(value - wanted) for w in key.wrong)


def _right(item: Item, unit: str, *, bare: bool) -> Outcome:
    if not bare:
        return Outcome("right", 1.0, RIGHT)
    if asks_for(item, unit):
        return Outcome("right", 1.0, f"Right, read as {unit}, which the question asks for.")
    return Outcome(
        "partial",
        WITHOUT_UNIT,
        f"The number is right if you mean {unit}, but you wrote no unit. Say what you count, because GB (10⁹ bytes) "
        "and GiB (2³⁰ bytes) are different answers."
        if units.twins(unit)
        else f"The number is right if you mean {unit}, but you wrote no unit.",
    )


def _followed(item: Item, fraction: float) -> str:
    assert item.follow is not None
    earned = "full marks" if fraction == 1 else f"{fraction:.0%} of the marks"
    return (
        f"This is not the right value, but it follows correctly from your own answer to {item.follow.item}: "
        f"you get {earned} for going on from it. Mend that answer first, then this one."
    )


def _why_wrong(key: NumericKey, unit: str, written: str, found: Quantity, *, bare: bool) -> str:
    if matching := _known_wrong(key, unit, written, found.value):
        return min(matching, key=lambda w: abs(found.value - _in(float(w.value), unit, written))).hint
    if mixed := _mixed_units(key, unit, written, found.value, bare=bare):
        return mixed
    if key.value and near(-found.value, _in(key.value, unit, written), key.figures):
        return "The size is right, the sign is not."
    read = f" Your answer was read as {amount(found.value, '' if bare else written, 6)}."
    return "This is not right." + (read if found.grouped else "")


def _known_wrong(key: NumericKey, unit: str, written: str, value: float) -> list[Wrong]:
    return [w for w in key.wrong if near(value, _in(float(w.value), unit, written), key.figures)]


def _mixed_units(key: NumericKey, unit: str, written: str, value: float, *, bare: bool) -> str:
    """The number would be right with another unit beside it: says so, with the number in both."""
    for other in dict.fromkeys([*units.twins(written), unit]):
        if other != written and near(value, _in(key.value, unit, other), key.figures):
            number, converted = amount(value, "", 6), amount(_in(value, written, other), other, max(key.figures, 4))
            wrote = f"you wrote no unit, and it was read as {written}" if bare else f"you wrote {written}"
            return (
                f"{number} is right as a number of {other}, but {wrote}: {number} {written} is {converted}. "
                + _difference(written, other)
            )
    return ""


def _difference(one: str, other: str) -> str:
    if one.endswith("bit") != other.endswith("bit"):
        return "B stands for bytes, b and bit for bits; a byte has 8."
    decimal, binary = sorted((one, other), key=lambda unit: "i" in unit)
    sizes = [amount(_in(1.0, u, "B"), "", 10) for u in (decimal, binary)]
    return f"1 {decimal} is {sizes[0]} bytes, 1 {binary} is {sizes[1]}." if decimal != binary else ""
