"""Reads tables: for each row the column that is meant, as a table, a list in the order of the rows, or a text."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

from .languages import english
from .numbers import read as read_number
from .plain import digits
from .spelled import SMALL
from .wording import MAX_LENGTH, each_its_own, folded, squeezed
from .words import Unreadable, listed, quoted

MAX_ROWS = 50  # of a table that are looked at: no question has as many
SIZE = ("p", "n", "w")  # what the parameters take, where multiples of that are asked for


def read_table(answer: object, rows: Sequence[str], columns: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """The column meant for each row, and a sentence for each entry that cannot be read. A row given twice is not given.

    Raises:
        Unreadable: no table, or one in which no row can be read.
    """
    if isinstance(answer, list) and len(answer) == len(rows):
        answer = dict(zip(rows, answer, strict=True))
    if isinstance(answer, str):
        answer = _written_table(answer, rows)
    if not isinstance(answer, dict):
        raise Unreadable(f"This asks for a table with a line for each row, and your answer is {quoted(answer)}.")
    known = {key: row for row in rows for key in (_row_key(row, rows), squeezed(row))}
    names = [str(name) for name in list(answer)[:MAX_ROWS]]
    short = dict(zip(names, each_its_own(names, {row: row for row in rows}) or [], strict=False))  # sgd, momentum
    given: dict[str, str] = {}
    told, seen = [], set()
    for name, value in list(answer.items())[:MAX_ROWS]:
        row = known.get(_row_key(str(name), rows), known.get(squeezed(name), short.get(str(name))))
        if row is None:
            told.append(f"There is no row {quoted(name)} here.")
        elif row in seen:
            told.append(f"{row} is answered twice.")
            given.pop(row, None)
        elif (column := _column(value, columns)) is not None:
            given[row] = column
        elif value != "":
            told.append(f"{row}: {quoted(value)} is not one of {listed(list(columns))}.")
        seen.add(row)
    if not given:
        raise Unreadable(" ".join(told[:5]) or "No row of the table is filled in.")
    return given, told[:5]


def _column(value: object, columns: Sequence[str]) -> str | None:
    """The one column that is meant: its text, or the same multiple (`0.2*lr`, `lr`, `0.2` for `0.2 × lr`)."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        value = repr(value)[:MAX_LENGTH] if isinstance(value, float) else str(value) if abs(value) < 10**9 else ""
    if not isinstance(value, str):
        return None
    wanted = folded(value)
    exact = [column for column in columns if folded(column) == wanted]
    if not exact:
        exact = [column for column in columns if _interval(column) == _interval(value)]
    if not exact and (multiple := _multiple("1 x" if wanted == "once" else english(wanted))):
        exact = [column for column in columns if _same_multiple(multiple, _multiple(folded(column)))]
        if len(exact) > 1:  # `1.0` is 1, where there is an x too
            exact = [column for column in exact if (_multiple(folded(column)) or multiple)[1] == multiple[1]]
    if not exact and any(len(word) > 2 and word != "the" for word in _words(value)):
        exact = [column for column in columns if _words(value) <= _words(column)]  # `ramp` for `on the ramp`
    return exact[0] if len(exact) == 1 else None


def _interval(text: str) -> str:
    """A column without its spaces, and with one name for infinity: `[0; +inf)` for `[0, ∞)`."""
    return re.sub(r"\+?(?:infinity|infty|inf|∞)", "inf", squeezed(text).replace("\\", "")).replace(";", ",")


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", folded(text)))


def _row_key(name: str, rows: Sequence[str]) -> str:
    """A row's name without what all rows have in front: `21` of `t = 21` and `t=21`."""
    heads = {row.partition("=")[0].strip() for row in rows}
    head = folded(heads.pop()) if len(heads) == 1 and all("=" in row for row in rows) else ""
    return re.sub(rf"^{re.escape(head)}\s*[=:]?\s*", "", folded(name)) if head else squeezed(name)


def _written_table(text: str, rows: Sequence[str]) -> object:
    """A table that is written as a text: `row: column, row: column`, or the columns in the order of the rows."""
    names = {key: row for row in rows for key in (_row_key(row, rows), folded(row))}
    alone = "|".join(re.escape(name).replace(r"\ ", r"\s*") for name in sorted(names, key=len, reverse=True))
    signs = r"(?:->|=>|[:=→⇒|\t]|\bis\b|\s[-–—]\s|(?<=\d)\s)"
    start = re.compile(rf"(?:^|[,;\n|]|\band\b)\s*({alone})\s*{signs}\s*", re.IGNORECASE)
    text = digits(text[:MAX_LENGTH])
    parts = [part.strip() for part in re.split(r"[,;\n]", text) if part.strip()]
    pairs = [re.fullmatch(r"(.*[^\W\d])\s+(\d+ ?[x×]?|[x×] ?\d+)", part) for part in parts]
    if len(parts) == len(rows) and all(pairs):  # Adam 3x, SGD 1x
        return {pair[1]: pair[2] for pair in pairs if pair}
    starts = list(start.finditer(text))
    found: dict[str, str] = {}
    for this, following in itertools.zip_longest(starts, starts[1:]):
        row = names.get(folded(this[1]), names.get(_row_key(this[1], rows), ""))
        if row in found:
            return text  # twice
        found[row] = text[this.end() : following.start() if following else None].strip(" ,;\n")
    if found:
        return found
    parts = [part for part in re.split(r"[;\n]", text) if part.strip()]
    for comma in (r",(?!\d)", ","):  # `0,5, 0, 1, x` and `3,1,2,3`
        parts = re.split(comma, text) if len(parts) in (1, 2) and len(parts) != len(rows) else parts
    return dict(zip(rows, parts, strict=True)) if len(parts) == len(rows) > 1 else text


def _multiple(text: str) -> tuple[float, str] | None:
    """`0.2 x lr` and `lr x 0.2` as (0.2, "lr"), `3 x` as (3, ""), `lr` as (1, "lr"); None for other texts."""
    text = re.sub(r"\b(?:eta|alpha|learning rate)\b|η|α", "lr", re.sub(r"^(?:about|≈|~|by)\s*", "", text))
    text = re.sub(r"^(lr)\s*[x*·]\s*([\d.,/]+)$", r"\2 x \1", text)
    text = re.sub(r"\s*(?:the )?(?:params?|parameters?|weights?)\Z", "", re.sub(r"^(?:twice|double)\b", "2 x", text))
    if (word := text.split(" ")[0]) in SMALL:
        text = f"{SMALL[word]:g}{text[len(word) :]}"
    match = re.fullmatch(r"(?:([\d.,/]+)\s*)?(?:(?:[x*·]|times)?\s*([a-z]{1,3}))?\s*(?:[x*·]|times)?", text)
    if match is None or not (match[1] or match[2]) or (not match[1] and match[2] == "x"):
        return None
    try:
        value = read_number(match[1])[0].value if match[1] else 1.0
    except Unreadable:
        return None
    return value, "" if match[2] in (None, "x") else match[2]


def _same_multiple(one: tuple[float, str], other: tuple[float, str] | None) -> bool:
    same = other is not None and abs(one[0] - other[0]) <= 1e-9 * abs(other[0])
    return other is not None and same and (one[1] in ("", other[1]) or (not other[1] and one[1] in SIZE))
