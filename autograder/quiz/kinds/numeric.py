"""Numbers with a unit, marked to the significant figures that their item asks for.

The rule: an answer is right when it lies within half a unit of the key's last figure, in the unit in which the
student wrote it, and no known wrong answer lies nearer. So every correct rounding to at least that many figures
is right, in every unit, and an answer with more figures must still be that close.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from autograder.model import Item, NumericKey, Wrong
from autograder.quiz.outcome import BadKey, Outcome
from autograder.reading import Unreadable, amount, as_typed, quoted, units
from autograder.reading.numbers import read
from autograder.reading.quantities import Quantity

WITHOUT_UNIT = 0.5  # of the points: the number is right, and knowing of what is the other half of the question
LEAST_MEMORY_FIGURES = 3  # MB and MiB differ by 4.9 %, kB and KiB by 2.4 %; two figures allow 5 %, three 0.5 %
ROUNDING = 1e-9  # relative: what double arithmetic on either side may add to half a unit
RIGHT = "Right."
EXACT = ".15g"  # digits: what a double holds, so that nothing but the marking decides


@dataclass(frozen=True)
class Own:
    """A number that is the student's own: their earlier answer, or what it leads to here, in the key's unit."""

    value: float
    right: bool  # whether the earlier answer was right, rounding aside


def asked(item: Item) -> dict[str, Any]:
    """`unit`: the unit that the question names, else whether there is one to be given."""
    unit = _key_unit(_key(item))
    return {"unit": unit if unit and names_unit(item.prompt, unit) else bool(unit)}


def how(item: Item) -> str:
    return "a number with its unit" if _key(item).unit else "a number"


def right(item: Item) -> object:
    return f"{_key(item).value:{EXACT}} {_key(item).unit}".strip()


def wrong(item: Item) -> Iterator[tuple[object, str]]:
    yield from ((f"{float(one.value):{EXACT}} {_key(item).unit}".strip(), one.hint) for one in _key(item).wrong)


def words(item: Item, answer: object) -> str:
    """One figure more than is asked for, so that everybody sees which way it was rounded."""
    number, _, unit = as_typed(answer).partition(" ")
    return amount(float(number), unit, _key(item).figures + 1) if answer == right(item) else as_typed(answer)


def mark(item: Item, answer: object, own: Own | None = None) -> Outcome:
    """Mark an answer; `own` follows from the student's own earlier answer.

    Raises:
        Unreadable: it is no number, can be read in two ways, or measures something else.
        BadKey: ours.
    """
    key = _key(item)
    unit = _key_unit(key)
    found = read(answer, item.prompt)
    bare = all(one.unit is None for one in found) and not units.is_pure(unit)
    readings = [(one, written) for one in found for written in _readings(one, unit)]
    if any(_is_right(key, unit, written, one.value) for one, written in readings):
        return _right(item, unit, bare=bare)
    for one, written in readings:
        if one.otherwise is None or not _is_right(key, unit, written, one.otherwise):
            continue
        safe = not units.same_kind(unit, "B") or "i" in written
        if safe and not _known_wrong(key, unit, written, one.value):
            # Nobody is wrong by a thousand and has every digit right; of memory, GB for MB is just that.
            return replace(_right(item, unit, bare=bare), message=f"Right, read as {amount(one.otherwise, '', 6)}.")
        raise Unreadable(
            f"{quoted(answer)} can be read in two ways. Write decimals with a point, and thousands as 1500."
        )
    main, written = readings[-1] if len(found) == 1 else readings[0]
    return _not_right(item, main, written, own, bare=bare)


def _not_right(item: Item, main: Quantity, written: str, own: Own | None, *, bare: bool) -> Outcome:
    """An answer that is not the key: it may follow from the student's own earlier answer."""
    key = _key(item)
    unit = _key_unit(key)
    if own is not None and item.follow is not None and near(main.value, _in(own.value, unit, written), key.figures):
        if own.right and not _known_wrong(key, unit, written, main.value):  # they carried a rounding on
            return _right(item, unit, bare=bare)
        if not own.right:
            whole = WITHOUT_UNIT if bare and not names_unit(item.prompt, unit) else 1.0
            fraction = whole * min(max(item.follow.fraction, 0.0), 1.0)
            return Outcome("follow_through", fraction, _followed(item, fraction))
    return Outcome("wrong", 0.0, _why_wrong(key, unit, written, main, bare=bare))


def own_value(item: Item, answer: object) -> Own | None:
    """Return a student's answer in the unit of the key, if it is a number of the right kind."""
    try:
        outcome, found = mark(item, answer), read(answer, item.prompt)[0]
    except Unreadable:
        return None
    unit = _key_unit(_key(item))
    return Own(_in(found.value, _readings(found, unit)[-1], unit), outcome.status != "wrong")


def near(value: float, wanted: float, figures: int) -> bool:
    """Within half a unit of the last of `figures` significant figures of `wanted` (of 0: as if it were 1)."""
    place = math.floor(math.log10(abs(wanted))) if wanted else 0
    half = 0.5 * 10.0 ** (place - figures + 1)
    return abs(value - wanted) <= half * (1 + ROUNDING) + abs(wanted) * ROUNDING


def names_unit(prompt: str, unit: str) -> bool:
    """Return whether a question names its answer's unit ("in GiB", "how many hours"): then a bare number has one."""
    named = re.findall(r"\b(?:in|many|of)\s+`?([A-Za-zµ]+)\b", prompt)
    return unit in [units.find(name) for name in named]


def _key(item: Item) -> NumericKey:
    assert isinstance(item.key, NumericKey)
    return item.key


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
        raise Unreadable(f"You wrote an answer in {found.unit or 'no unit'}, and this asks for {asked}.")
    return [found.unit]


def _in(value: float, source: str, target: str) -> float:
    return units.convert(value, source, target)


def _is_right(key: NumericKey, unit: str, written: str, value: float) -> bool:
    wanted = _in(key.value, unit, written)
    return near(value, wanted, key.figures) and not _near_wrong(key, unit, written, value, wanted)


def _near_wrong(key: NumericKey, unit: str, written: str, value: float, wanted: float) -> bool:
    """Return whether a known wrong answer is nearer than `wanted`: no tolerance is wide enough to make it right."""
    return any(abs(value - _in(float(w.value), unit, written)) < abs(value - wanted) for w in key.wrong)


def _right(item: Item, unit: str, *, bare: bool) -> Outcome:
    if not bare:
        return Outcome("right", 1.0, RIGHT)
    if names_unit(item.prompt, unit):
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
        return "This is not right. Look at the sign."
    shown = f" Your answer was read as {amount(found.value, '' if bare else written, 6)}."
    return "This is not right." + (shown if found.otherwise is not None else "")


def _known_wrong(key: NumericKey, unit: str, written: str, value: float) -> list[Wrong]:
    return [w for w in key.wrong if near(value, _in(float(w.value), unit, written), key.figures)]


def _mixed_units(key: NumericKey, unit: str, written: str, value: float, *, bare: bool) -> str:
    """A sentence about units where the number would be right with another one beside it. The key stays unsaid."""
    for other in dict.fromkeys([*units.twins(written), unit]):
        if other != written and near(value, _in(key.value, unit, other), key.figures):
            wrote = f"you wrote no unit, and your answer was read in {written}" if bare else f"you wrote {written}"
            return f"Look at the unit: {wrote}. {_difference(written, other)}".strip()
    return ""


def _difference(one: str, other: str) -> str:
    if not units.same_kind(one, "B"):
        return ""
    if one.endswith("bit") != other.endswith("bit"):
        return "B stands for bytes, b and bit for bits; a byte has 8."
    decimal, binary = sorted((one, other), key=lambda unit: "i" in unit)
    sizes = [amount(_in(1.0, u, "B"), "", 10) for u in (decimal, binary)]
    return f"1 {decimal} is {sizes[0]} bytes, 1 {binary} is {sizes[1]}." if decimal != binary else ""
