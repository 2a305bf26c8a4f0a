"""The parts that all item templates share: drawing from a seed, keeping wrong answers apart, building items.

A template is a function from a Draw to an Item without id and points: quiz.py gives both, points by slot, so that
all items of a slot are worth the same. Where the drawn numbers make two answers coincide it raises Degenerate,
and quiz.py draws again.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from random import Random
from string import ascii_lowercase
from typing import TypeVar

from autograder.model import (
    ChoiceKey,
    Follow,
    Item,
    ItemKind,
    MatrixKey,
    NumericKey,
    Option,
    OrderKey,
    TextKey,
    Wrong,
)

from .misconceptions import MISCONCEPTIONS

T = TypeVar("T")
HINTS: Mapping[str, str] = {m.id: m.hint for m in MISCONCEPTIONS}
NOISE = 1e-12  # of the largest number in an answer: a thousand roundings of double arithmetic
PLURAL = {"hour": "hours"}
Said = tuple[str, str]  # an option's text, and its hint


class Degenerate(Exception):
    """The numbers drawn make answers coincide: draw others."""


class Draw:
    """Choices from a key. Only `random()` is used: it alone is promised to stay the same in later Pythons."""

    def __init__(self, *key: object) -> None:
        self._random = Random(" ".join(map(str, key)))  # noqa: S311 - reproducible on purpose, no secret

    def pick(self, values: Sequence[T]) -> T:
        return values[int(self._random.random() * len(values))]

    def shuffled(self, values: Iterable[T]) -> list[T]:
        return sorted(values, key=lambda _: self._random.random())

    def some(self, values: Iterable[T], count: int) -> list[T]:
        return self.shuffled(values)[:count]


Make = Callable[[Draw], Item]


# ------------------------------------------------------------------------------------------------------- numbers
def apart(a: float, b: float, figures: int) -> bool:
    """Return whether answers rounded to so many figures cannot be taken for each other.

    An accepted answer may be off by half a unit of the last figure, at most 0.5·10^(1 − figures) of it; twice that
    keeps two of them apart, three times leaves a margin.
    """
    return abs(a - b) > 1.5 * 10.0 ** (1 - figures) * max(abs(a), abs(b))


def without_noise(value: float, size: float) -> float:
    """A number without what rounding left in its last digits: −5.55e-17 among numbers of size 1 is 0."""
    if not math.isfinite(value) or abs(value) < NOISE * size:
        return value if not math.isfinite(value) else 0.0
    return float(f"{value:.12g}")


def distinct(value: float, candidates: Iterable[tuple[float, str]], figures: int, least: int) -> tuple[Wrong, ...]:
    """The wrong answers that differ from the key and from each other.

    Raises:
        Degenerate: fewer than `least` do, or the key itself is no number one can be near to.
    """
    if not math.isfinite(value) or value == 0:
        raise Degenerate
    kept: list[Wrong] = []
    for number, hint in candidates:
        number += 0.0  # −0 becomes 0
        others = [value, *(float(wrong.value) for wrong in kept)]
        if math.isfinite(number) and all(apart(number, other, figures) for other in others):
            kept.append(Wrong(float(number), hint))
    if len(kept) < least:
        raise Degenerate
    return tuple(kept)


def numeric(
    idea: str,
    title: str,
    prompt: str,
    value: float,
    wrong: Iterable[tuple[float, str]],
    solution: str,
    *,
    unit: str = "",
    figures: int = 3,
    kind: ItemKind = "numeric",
    follow: Follow | None = None,
    least: int = 2,
    whole: bool = False,
) -> Item:
    """A number; the wrong answers stand in the order of interest, and later ones too near to earlier ones go."""
    wrong = list(wrong)
    size = max([abs(value), *(abs(number) for number, _ in wrong if math.isfinite(number))])
    value, *others = (without_noise(number, size) for number in (value, *(number for number, _ in wrong)))
    wrong = [(number, hint) for number, (_, hint) in zip(others, wrong, strict=True)]
    key = NumericKey(value, unit, figures, distinct(value, wrong, figures, least))
    precise = "Give a whole number" if whole else f"Give at least {figures} significant figures"
    asked = f"{prompt}\n\n{precise}{f', in {PLURAL.get(unit, unit)}' if unit else ''}."
    return Item("", kind, idea, title, asked, 0, key, solution, follow)


# ------------------------------------------------------------------------------------------------------- options
def choice(draw: Draw, idea: str, title: str, prompt: str, right: Said, wrong: Sequence[Said], solution: str) -> Item:
    """One right option among others, shuffled by the seed."""
    return _options(draw, "choice", idea, title, prompt, [right], wrong, solution)


def multiple(
    draw: Draw, idea: str, title: str, prompt: str, right: Sequence[Said], wrong: Sequence[Said], solution: str
) -> Item:
    """Several right options."""
    prompt += "\n\nSelect all that apply. A wrong choice cancels a right one."
    return _options(draw, "multiple", idea, title, prompt, right, wrong, solution)


def _options(
    draw: Draw,
    kind: ItemKind,
    idea: str,
    title: str,
    prompt: str,
    right: Sequence[Said],
    wrong: Sequence[Said],
    solution: str,
) -> Item:
    texts = [text for text, _ in (*right, *wrong)]
    if len(set(texts)) < len(texts):
        raise Degenerate
    mixed = draw.shuffled([*((said, True) for said in right), *((said, False) for said in wrong)])
    options = tuple(
        Option(letter, text, is_right, hint)
        for letter, ((text, hint), is_right) in zip(ascii_lowercase, mixed, strict=False)
    )
    return Item("", kind, idea, title, prompt, 0, ChoiceKey(options, kind == "multiple"), solution)


# -------------------------------------------------------------------------------------- orders, tables, free text
def ordering(
    draw: Draw,
    idea: str,
    title: str,
    prompt: str,
    steps: Sequence[str],
    solution: str,
    before: Sequence[tuple[str, str]] = (),
) -> Item:
    """Entries shown in an order that is not the right one. `before`: which must precede which, where several do."""
    shown = draw.shuffled(steps)
    if shown == list(steps):
        shown = shown[1:] + shown[:1]
    entries = dict(zip(ascii_lowercase, shown, strict=False))
    letters = {text: letter for letter, text in entries.items()}
    pairs = tuple((letters[first], letters[then]) for first, then in before)
    key = OrderKey(entries, tuple(letters[text] for text in steps), pairs)
    return Item("", "ordering", idea, title, prompt, 0, key, solution)


def matrix(
    draw: Draw,
    idea: str,
    title: str,
    prompt: str,
    right: Mapping[str, str],
    why: Mapping[str, str],
    columns: Sequence[str],
    solution: str,
) -> Item:
    """One column for each row; `why` says for each row what makes its column the right one."""
    rows = tuple(draw.shuffled(right))
    hints = {(row, column): why[row] for row in rows for column in columns if column != right[row]}
    key = MatrixKey(rows, tuple(columns), {row: right[row] for row in rows}, hints)
    return Item("", "matrix", idea, title, prompt, 0, key, solution)


def free_text(idea: str, title: str, prompt: str, rubric: Sequence[tuple[float, str]], sample: str) -> Item:
    """Goes to a person. The sample is the solution."""
    asked = f"{prompt}\n\nA few sentences are enough; a person reads them."
    return Item("", "text", idea, title, asked, 0, TextKey(tuple(rubric), sample), sample)


def listed(values: Iterable[float]) -> str:
    """Numbers in a row, as a prompt shows them."""
    return ", ".join(f"{value:g}".replace("-", "−") for value in values)
