"""Free text: a person reads and marks it. Nothing here scores; staff get the rubric with what to look for."""

from __future__ import annotations

import re

from autograder.model import Item, TextKey
from autograder.quiz.say import BadKey, Malformed, Outcome, quoted

LONGEST = 20_000  # characters kept for the person who reads it: ten pages
SHORT = 4  # letters: words like "the" and "with" say nothing about a rubric point


def mark(item: Item, answer: object) -> Outcome:
    """Waits for a person, with the answer and the rubric beside it.

    Raises:
        Malformed: no text.
        BadKey: ours: a rubric whose points are not the item's.
    """
    key = item.key
    assert isinstance(key, TextKey)
    if not isinstance(answer, str):
        raise Malformed(f"This asks for a text, and your answer is {quoted(answer)}. Write it in quotes.")
    if abs(sum(points for points, _ in key.rubric) - item.points) > 1e-9:
        raise BadKey(f"The rubric of {item.id} does not add up to its {item.points:g} points.")
    return Outcome(
        "waiting",
        0.0,
        f"Waiting for a person, who can give up to {item.points:g} points. Until then it is not counted.",
        f"Answer to {item.id}:\n{answer[:LONGEST]}\n\n{_suggestion(key, answer)}",
    )


def _suggestion(key: TextKey, answer: str) -> str:
    """For each rubric point, which of its words occur in the answer: where to look, and no more than that."""
    said = _words(answer)
    lines = ["Words of the rubric that occur (a place to look, no mark):"]
    for points, what in key.rubric:
        wanted = list(dict.fromkeys(word for word in _listed(what) if len(word) >= SHORT))
        found = [word for word in wanted if word in said]
        lines.append(f"{points:g} · {what}: {', '.join(found) if found else 'none'}")
    return "\n".join(lines)


def _listed(text: str) -> list[str]:
    return re.findall(r"[^\W\d_]+", text[:LONGEST].casefold())


def _words(text: str) -> set[str]:
    return set(_listed(text))
