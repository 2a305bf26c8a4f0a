"""Entries to put in order. Where several orders are right, the key says which entry must come before which."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Any

from autograder.model import Item, OrderKey
from autograder.quiz.kinds.choice import with_texts
from autograder.quiz.outcome import BadKey, Outcome
from autograder.reading.options import read_order


def asked(item: Item) -> dict[str, Any]:
    return {"options": [{"id": name, "text": text} for name, text in _key(item).entries.items()]}


def how(item: Item) -> str:
    return f'all {len(_key(item).entries)} letters in the right order, in the form ["x", "y", "z"]'


def right(item: Item) -> object:
    return list(_key(item).order)


def wrong(item: Item) -> Iterator[tuple[object, str]]:
    yield list(reversed(_key(item).order)), ""


def words(item: Item, answer: object) -> str:
    return with_texts(answer, _key(item).entries)


def mark(item: Item, answer: object) -> Outcome:
    """Credit by pairs: those in the right order less those in the wrong order, so that tossing coins gains nothing."""
    key = _key(item)
    if sorted(key.order) != sorted(key.entries) or len(key.order) < 2:
        raise BadKey(f"Item {item.id} orders other entries than it shows.")
    names = read_order(answer, key.entries, item.prompt)
    place = {name: at for at, name in enumerate(names)}
    pairs = [place[first] < place[then] for first, then in constraints(key)]
    fraction = max(0.0, (2 * sum(pairs) - len(pairs)) / len(pairs))
    if all(pairs):
        return Outcome("right", 1.0, "Right.")
    counted = f"{sum(pairs)} of {len(pairs)} pairs are in the right order."
    return Outcome("partial" if fraction > 0 else "wrong", fraction, counted)


def constraints(key: OrderKey) -> list[tuple[str, str]]:
    """The pairs of which the first must come before the second: all of the order, or those that follow from the key.

    Raises:
        BadKey: ours: the key's own order breaks one of them.
    """
    if not key.before:
        return list(combinations(key.order, 2))
    known = set(key.before)
    while more := {(a, d) for a, b in known for c, d in known if b == c} - known:
        known |= more
    if not known <= set(combinations(key.order, 2)):
        raise BadKey("The order of a key breaks its own constraints.")
    return [pair for pair in combinations(key.order, 2) if pair in known]


def _key(item: Item) -> OrderKey:
    assert isinstance(item.key, OrderKey)
    return item.key
