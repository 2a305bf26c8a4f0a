"""The kinds of quiz questions, a file each: how one is asked, read and marked, and its right and wrong answers.

To add a kind: its key in `model.py`, a file here with these functions, and its line in `KINDS`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from autograder.model import ChoiceKey, FormulaKey, Item, MatrixKey, NumericKey, OrderKey, TextKey
from autograder.quiz.kinds import choice, formula, matrix, numeric, ordering, text
from autograder.quiz.outcome import Outcome


class Kind(Protocol):
    """The functions that each file of this folder has."""

    def asked(self, item: Item) -> dict[str, Any]:
        """Return what a student sees of a question beside its words: options, rows, symbols. Nothing of its key."""

    def how(self, item: Item) -> str:
        """Return how to write an answer into quiz.toml."""

    def mark(self, item: Item, answer: object) -> Outcome:
        """Mark one answer, as TOML gave it.

        Raises:
            Unreadable: it has no reading.
            BadKey: ours.
        """

    def right(self, item: Item) -> object:
        """An answer that deserves full marks, as quiz.toml has it (of a text: that waits for them)."""

    def wrong(self, item: Item) -> Iterator[tuple[object, str]]:
        """Each wrong answer that the key knows, as quiz.toml has it, with the hint that it must get ("" for none)."""

    def words(self, item: Item, answer: object) -> str:
        """An answer as people read it, a line for each part."""


KINDS: Mapping[type, Kind] = {
    NumericKey: numeric,
    ChoiceKey: choice,
    OrderKey: ordering,
    MatrixKey: matrix,
    FormulaKey: formula,
    TextKey: text,
}


def kind(item: Item) -> Kind:
    """The file of an item's kind."""
    return KINDS[type(item.key)]


def asked(item: Item) -> dict[str, Any]:
    """A question as its student may see it, and as `autograder.reading` takes it: nothing here is its key."""
    words = {name: getattr(item, name) for name in ("id", "kind", "title", "prompt", "points")}
    return words | kind(item).asked(item)


def how(item: Item) -> str:
    return kind(item).how(item)


def right_answer(item: Item) -> object:
    return kind(item).right(item)


def wrong_answers(item: Item) -> Iterator[tuple[object, str]]:
    return kind(item).wrong(item)


def in_words(item: Item, answer: object) -> str:
    """An answer to an item as people read it; what does not fit the item as it was written."""
    return kind(item).words(item, answer)


def right_words(item: Item) -> str:
    """The right answer as people read it, a line for each part."""
    return in_words(item, right_answer(item))
