"""Free text: a person reads and marks it. Nothing here scores; staff get the rubric with what to look for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from autograder.model import Item, TextKey
from autograder.quiz.outcome import BadKey, Outcome
from autograder.reading import Unreadable, as_typed, quoted

LONGEST = 20_000  # characters kept for the person who reads it: ten pages
SHORT = 4  # letters: words like "the" and "with" say nothing about a rubric point


def asked(item: Item) -> dict[str, Any]:
    return {}


def how(item: Item) -> str:
    return 'a few sentences; """ on both sides lets an answer have several lines. A person reads it.'


def right(item: Item) -> object:
    return _key(item).sample


def wrong(item: Item) -> Iterator[tuple[object, str]]:
    yield from ()


def words(item: Item, answer: object) -> str:
    return as_typed(answer)[:LONGEST]


def mark(item: Item, answer: object) -> Outcome:
    key = _key(item)
    if not isinstance(answer, str):
        raise Unreadable(f"This asks for a text, and your answer is {quoted(answer)}. Write it in quotes.")
    if abs(sum(points for points, _ in key.rubric) - item.points) > 1e-9:
        raise BadKey(f"The rubric of {item.id} does not add up to its {item.points:g} points.")
    return Outcome(
        "waiting",
        0.0,
        f"Waiting for a person, who can give up to {item.points:g} points. Until then it is not counted.",
        f"Answer to {item.id}:\n{answer[:LONGEST]}\n\n{_suggestion(key, answer)}",
    )


def _key(item: Item) -> TextKey:
    assert isinstance(item.key, TextKey)
    return item.key


def _suggestion(key: TextKey, answer: str) -> str:
    """For each rubric point, which of its words occur in the answer: where to look, and no more than that."""
    occurring = set(_words(answer))
    lines = ["Words of the rubric that occur (a place to look, no mark):"]
    for points, what in key.rubric:
        wanted = list(dict.fromkeys(word for word in _words(what) if len(word) >= SHORT))
        found = [word for word in wanted if word in occurring]
        lines.append(f"{points:g} · {what}: {', '.join(found) if found else 'none'}")
    return "\n".join(lines)


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W\d_]+", text[:LONGEST].casefold())
