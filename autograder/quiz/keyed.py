"""Answers that a key knows, written as students write them into quiz.toml: for proofs, tests and staff's keys."""

from __future__ import annotations

from collections.abc import Iterator

from autograder.model import ChoiceKey, FormulaKey, Item, MatrixKey, NumericKey, OrderKey, TextKey

EXACT = ".15g"  # digits: what a double holds, so that nothing but the marking decides


def right_answer(item: Item) -> object:
    """An answer that deserves full marks (of a text: that waits for them)."""
    match item.key:
        case NumericKey(value=value, unit=unit):
            return f"{value:{EXACT}} {unit}".strip()
        case ChoiceKey(options=options, several=several):
            right = [o.id for o in options if o.right]
            return right if several else right[0]
        case OrderKey(order=order):
            return list(order)
        case MatrixKey(right=columns):
            return dict(columns)
        case FormulaKey(expression=expression):
            return expression
        case TextKey(sample=sample):
            return sample


def wrong_answers(item: Item) -> Iterator[tuple[object, str]]:
    """Each wrong answer that the key knows, with the hint that it must get."""
    match item.key:
        case NumericKey(unit=unit, wrong=wrong):
            yield from ((f"{float(one.value):{EXACT}} {unit}".strip(), one.hint) for one in wrong)
        case FormulaKey(wrong=wrong):
            yield from ((str(one.value), one.hint) for one in wrong)
        case ChoiceKey(options=options, several=several):
            yield from (([o.id] if several else o.id, o.hint) for o in options if not o.right)
        case OrderKey(order=order):
            yield list(reversed(order)), ""
        case MatrixKey(right=right, hints=hints):
            yield from (({**right, row: column}, hint) for (row, column), hint in hints.items())
        case TextKey():
            return
