"""Items as every platform can ask them: formulas become choices, numbers get a tolerance, variants become pools."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from autograder.model import ChoiceKey, FormulaKey, Item, NumericKey, Option, TextKey

BYTES = {  # how many bytes: what Moodle may be told of other units for the same answer
    "B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12,
    "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40,
}  # fmt: skip
LETTERS = "abcdefghijklmnopqrstuvwxyz"


class CannotExport(Exception):
    """These items cannot become one quiz elsewhere; the message says which and what to do."""


@dataclass(frozen=True)
class BankQuestion:
    """One item of one variant, known by an identifier that depends on nothing but assignment, seed and item."""

    ident: str
    name: str
    item: Item


@dataclass(frozen=True)
class QuestionPool:
    """Questions that may stand in for each other: a platform draws one for each student."""

    ident: str
    title: str
    points: float
    questions: tuple[BankQuestion, ...]


@dataclass(frozen=True)
class Number:
    """A number that an answer may be, and how far off it may be."""

    value: Decimal
    tolerance: Decimal
    hint: str = ""


def pools(assignment: str, variants: Mapping[int, Sequence[Item]]) -> list[QuestionPool]:
    """One pool for each place in the quiz. Identical questions of several variants are asked once.

    Items are grouped by their id where all variants have the same ids, by their place otherwise.

    Raises:
        CannotExport: no items at all, or variants of unequal length or points.
    """
    quizzes = {seed: list(items) for seed, items in variants.items()}
    first = next(iter(quizzes.values()), [])
    if not first:
        raise CannotExport("This assignment has no quiz: its package exports no `quiz(seed)` that gives items.")
    if all({i.id for i in quiz} == {i.id for i in first} for quiz in quizzes.values()):
        rank = {item.id: n for n, item in enumerate(first)}
        quizzes = {seed: sorted(quiz, key=lambda item: rank[item.id]) for seed, quiz in quizzes.items()}
    for seed, quiz in quizzes.items():
        if [i.points for i in quiz] != [i.points for i in first]:
            raise CannotExport(
                f"Variant {seed} has other points than variant {next(iter(quizzes))}, place by place, so that a draw "
                "would not be fair. Export them one by one (--variants 1), or give the items of one place equal points."
            )
    return [
        _pool(assignment, place, [(seed, quiz[place]) for seed, quiz in quizzes.items()]) for place in range(len(first))
    ]


def _pool(assignment: str, place: int, asked: Iterable[tuple[int, Item]]) -> QuestionPool:
    kept: list[BankQuestion] = []
    for seed, item in asked:
        as_asked = portable(item, seed)
        if all(question.item != as_asked for question in kept):
            ident = "g" + _hash(f"{assignment}/{seed}/{item.id}")[:31]
            kept.append(BankQuestion(ident, f"{item.id}-{seed}", as_asked))
    one = kept[0].item
    title = f"{place + 1:02d} {one.title}"  # platforms sort by name
    return QuestionPool(
        "p" + _hash(f"{assignment}/{place}/{[q.ident for q in kept]}")[:31], title, one.points, tuple(kept)
    )


def portable(item: Item, seed: int) -> Item:
    """The item as any platform can ask it: without formulas and follow-through, lines of code with their numbers."""
    item = replace(item, follow=None)
    if isinstance(item.key, FormulaKey):
        key = _expressions(item.key, f"{seed}/{item.id}")
        asked = "Choose the expression that is equivalent." if isinstance(key, ChoiceKey) else "A person reads it."
        return replace(item, key=key, prompt=f"{item.prompt}\n\n({asked})")
    if item.kind == "line" and isinstance(item.key, ChoiceKey):
        numbered = [replace(option, text=f"{option.id}: {_code(option.text)}") for option in item.key.options]
        return replace(item, key=replace(item.key, options=tuple(numbered)))
    return item


def _code(text: str) -> str:
    return text if "`" in text else f"`{text}`"


def _expressions(key: FormulaKey, salt: str) -> ChoiceKey | TextKey:
    """A choice between the right expression and the wrong ones, in an order that only the seed decides."""
    if not key.wrong:
        return TextKey(((1.0, f"is equivalent to {key.expression}"),), key.expression)
    texts = [(key.expression, True, "")] + [(str(wrong.value), False, wrong.hint) for wrong in key.wrong]
    texts.sort(key=lambda text: _hash(f"{salt}/{text[0]}"))
    options = [Option(LETTERS[n], f"`{text}`", right, hint) for n, (text, right, hint) in enumerate(texts)]
    return ChoiceKey(tuple(options))


def numbers(key: NumericKey) -> tuple[Number, list[Number]]:
    """The right number and the wrong ones with a reason, each right to the same significant figures."""
    right = _number(key.value, key.figures, "")
    return right, [_number(float(wrong.value), key.figures, wrong.hint) for wrong in key.wrong]


def _number(value: float, figures: int, hint: str) -> Number:
    exact = Decimal(repr(float(value)))
    if not exact.is_finite():
        raise CannotExport(f"{value} is no number that anybody could answer: the item's key is at fault.")
    # Half a unit in the last figure asked for: what rounding to these figures may cost. Of 0, as if it were 1.
    place = exact.adjusted() if exact else 0
    return Number(exact, Decimal(5).scaleb(place - figures), hint)


def decimal(number: Decimal) -> str:
    """Digits and a point only: GIFT knows no exponents, and neither do students."""
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def rubric(key: TextKey) -> str:
    return "\n".join(f"{points:g} points: {what}" for points, what in key.rubric)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
