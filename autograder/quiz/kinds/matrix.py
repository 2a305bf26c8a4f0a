"""Tables: one column for each row. Credit by row."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from autograder.model import Item, MatrixKey
from autograder.quiz.outcome import BadKey, Outcome
from autograder.reading import as_typed
from autograder.reading.tables import read_table

MAX_SENTENCES = 5  # about what could not be read


def asked(item: Item) -> dict[str, Any]:
    return {"rows": list(_key(item).rows), "columns": list(_key(item).columns)}


def how(item: Item) -> str:
    return "for each row one of: " + ", ".join(f'"{column}"' for column in _key(item).columns)


def right(item: Item) -> object:
    return {row: _key(item).right[row] for row in _key(item).rows}


def wrong(item: Item) -> Iterator[tuple[object, str]]:
    key = _key(item)
    for row, column in key.right.items():
        for other in key.columns:
            if other != column:
                yield {**key.right, row: other}, key.hints.get((row, other), "")


def words(item: Item, answer: object) -> str:
    return as_typed(answer)


def mark(item: Item, answer: object) -> Outcome:
    key = _key(item)
    if set(key.right) != set(key.rows) or not set(key.right.values()) <= set(key.columns) or not key.rows:
        raise BadKey(f"Item {item.id} has a row without a right column.")
    given, messages = read_table(answer, key.rows, key.columns)
    for row, column in given.items():
        if column != key.right[row]:
            messages.append(f"{row}: {key.hints.get((row, column), 'not right.')}")
    right_rows = sum(column == key.right[row] for row, column in given.items())
    if right_rows == len(key.rows):
        return Outcome("right", 1.0, " ".join(["Right.", *messages[:MAX_SENTENCES]]))
    counted = f"{right_rows} of {len(key.rows)} rows are right."
    return Outcome("partial" if right_rows else "wrong", right_rows / len(key.rows), " ".join([counted, *messages]))


def _key(item: Item) -> MatrixKey:
    assert isinstance(item.key, MatrixKey)
    return item.key
