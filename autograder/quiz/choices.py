"""Marks choices, orders and tables. Choosing at random, everything or nothing gains nothing where it can be helped."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from itertools import combinations

from autograder.model import ChoiceKey, Item, MatrixKey, Option, OrderKey
from autograder.quiz.say import BadKey, Malformed, Outcome, listed, quoted

MAX_CHOSEN = 50  # entries of a list or table: no question has as many options
MAX_TOLD = 5  # sentences about what could not be read


def mark_choice(item: Item, answer: object) -> Outcome:
    """One option, or several: right ones taken, less wrong ones taken, never below 0.

    A wrong one costs what a right one brings, and more where there are so few wrong ones that taking all would pay.

    Raises:
        Malformed: no option of this item, or several where one was asked.
        BadKey: ours.
    """
    key = item.key
    assert isinstance(key, ChoiceKey)
    right = {o.id for o in key.options if o.right}
    if not right or (len(right) > 1 and not key.several):
        raise BadKey(f"Item {item.id} has {len(right)} right options.")
    chosen = _chosen(answer, [o.id for o in key.options])
    taken = [o for o in key.options if o.id in chosen]
    if key.several:
        return _several(key, right, taken)
    if len(taken) > 1:
        raise Malformed(f"This asks for one answer, and you gave {len(taken)}. Keep the one you mean.")
    if taken[0].right:
        return Outcome("right", 1.0, f"Right. {taken[0].hint}".strip())
    return Outcome("wrong", 0.0, taken[0].hint or "This is not right.")


def _several(key: ChoiceKey, right: set[str], taken: list[Option]) -> Outcome:
    good = [o for o in taken if o.right]
    bad = [o for o in taken if not o.right]
    price = max(1 / len(right), 1 / max(len(key.options) - len(right), 1))
    fraction = max(0.0, len(good) / len(right) - price * len(bad))
    hints = " ".join(f"({o.id}) {o.hint}" for o in bad if o.hint)
    if not bad and len(good) == len(right):
        return Outcome("right", 1.0, "Right.")
    told = f"Of what you took {len(good)} {'is' if len(good) == 1 else 'are'} right and {len(bad)} not"
    missing = "" if len(good) == len(right) else "; not everything that is right is among it"
    return Outcome("partial" if fraction > 0 else "wrong", fraction, f"{told}{missing}. {hints}".strip())


def mark_order(item: Item, answer: object) -> Outcome:
    """Credit by pairs: those in the right order less those in the wrong order, so that tossing coins gains nothing.

    Raises:
        Malformed: not each entry once.
    """
    key = item.key
    assert isinstance(key, OrderKey)
    if sorted(key.order) != sorted(key.entries) or len(key.order) < 2:
        raise BadKey(f"Item {item.id} orders other entries than it shows.")
    names = _listed_ids(answer, list(key.entries))
    if sorted(names) != sorted(key.entries):
        raise Malformed(f"Put each of {', '.join(key.entries)} once into your list, in your order.")
    place = {name: at for at, name in enumerate(key.order)}
    pairs = [place[first] < place[then] for first, then in combinations(names, 2)]
    fraction = max(0.0, (2 * sum(pairs) - len(pairs)) / len(pairs))
    if all(pairs):
        return Outcome("right", 1.0, "Right.")
    told = f"{sum(pairs)} of {len(pairs)} pairs are in the right order."
    return Outcome("partial" if fraction > 0 else "wrong", fraction, told)


def mark_matrix(item: Item, answer: object) -> Outcome:
    """Credit by row.

    Raises:
        Malformed: no table, or one in which no row can be read.
    """
    key = item.key
    assert isinstance(key, MatrixKey)
    if set(key.right) != set(key.rows) or not set(key.right.values()) <= set(key.columns) or not key.rows:
        raise BadKey(f"Item {item.id} has a row without a right column.")
    if not isinstance(answer, dict):
        raise Malformed(f"This asks for a table with a line for each row, and your answer is {quoted(answer)}.")
    given, told = _rows(key, answer)
    if not given:
        raise Malformed(" ".join(told[:MAX_TOLD]) or "No row of the table is filled in.")
    for row, column in given.items():
        if column != key.right[row]:
            told.append(f"{row}: {key.hints.get((row, column), 'not right.')}")
    right = sum(column == key.right[row] for row, column in given.items())
    if right == len(key.rows):
        return Outcome("right", 1.0, " ".join(["Right.", *told[:MAX_TOLD]]))
    counted = f"{right} of {len(key.rows)} rows are right."
    return Outcome("partial" if right else "wrong", right / len(key.rows), " ".join([counted, *told]))


def _rows(key: MatrixKey, answer: Mapping[str, object]) -> tuple[dict[str, str], list[str]]:
    """The column given for each row, and what could not be read. A row that is given twice is not given."""
    rows, columns = {_folded(row): row for row in key.rows}, {_folded(column): column for column in key.columns}
    given: dict[str, str] = {}
    told, seen = [], set()
    for name, value in list(answer.items())[:MAX_CHOSEN]:
        row, column = rows.get(_folded(name)), columns.get(_folded(value)) if isinstance(value, str) else None
        if row is None:
            told.append(f"There is no row {quoted(name)} here.")
        elif row in seen:
            told.append(f"{row} is answered twice.")
            given.pop(row, None)
        elif column is not None:
            given[row] = column
        elif value != "":
            told.append(f"{row}: {quoted(value)} is not one of {listed(list(key.columns))}.")
        seen.add(row)
    return given, told[:MAX_TOLD]


def _folded(text: str) -> str:
    text = unicodedata.normalize("NFKC", text[:200]).replace("×", "x").replace("−", "-").replace("`", "")
    return " ".join(text.casefold().split())


def _chosen(answer: object, ids: list[str]) -> set[str]:
    names = set(_listed_ids(answer, ids))
    if not names:
        raise Malformed(f"Choose from {', '.join(ids)}.")
    return names


def _listed_ids(answer: object, ids: list[str]) -> list[str]:
    """The option ids in an answer: "b", "(b)", "b, c", ["b", "c"], 7 or "line 7"."""
    entries = answer if isinstance(answer, list) else re.split(r"[,;\s]+", _without_line(answer))
    if len(entries) > MAX_CHOSEN:
        raise Malformed(f"Your answer has {len(entries)} entries. Choose from {', '.join(ids)}.")
    known = {name.casefold(): name for name in ids}
    found = []
    for entry in entries:
        name = _without_line(entry).strip(" ().:[]\"'").casefold()
        if name and name not in known:
            raise Malformed(f"{quoted(entry)} is none of the options. Choose from {', '.join(ids)}.")
        found += [known[name]] if name else []
    return found


def _without_line(entry: object) -> str:
    if isinstance(entry, int) and not isinstance(entry, bool) and abs(entry) < 10**6:
        return str(entry)
    if not isinstance(entry, str):
        raise Malformed(f'Your answer is {quoted(entry)}. Write the letter of an option in quotes, like "b".')
    return re.sub(r"^\s*lines?\s+(?=\d)", "", entry[:1000], flags=re.IGNORECASE)
