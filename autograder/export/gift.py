"""A quiz as GIFT, Moodle's plain-text format, which other platforms read too. One question is one paragraph."""

from __future__ import annotations

from collections.abc import Sequence

from autograder.export.html import hints, inline, paragraphs, plain
from autograder.export.moodle import fraction, in_categories, pairs
from autograder.export.questions import BankQuestion, QuestionPool, decimal, numbers, rubric
from autograder.model import ChoiceKey, Item, MatrixKey, NumericKey, OrderKey, TextKey

_CONTROL = str.maketrans({char: "\\" + char for char in "\\~=#{}:"} | {"\n": "\\n"})


def write(_id: str, title: str, pools: Sequence[QuestionPool]) -> bytes:
    lines = [f"$CATEGORY: {one}" if isinstance(one, str) else _question(one) for one in in_categories(title, pools)]
    return ("\n\n".join(lines) + "\n").encode()


def _question(question: BankQuestion) -> str:
    item = question.item
    name = escaped(f"{plain(item.title)} ({question.name})")
    answers = "".join(
        f"\n\t{line}" for line in [*_answers(item), "####" + _rich(paragraphs(_feedback(item)) + _said(item))]
    )
    # The id stands in a comment, where Moodle looks for it.
    return f"// [id:{question.ident}]\n::{name}::{_rich(paragraphs(_prompt(item)))}{{{_sign(item)}{answers}\n}}"


def _prompt(item: Item) -> str:
    if isinstance(item.key, NumericKey) and item.key.unit:
        return f"{item.prompt}\n\n(Give the number in {item.key.unit}, without the unit.)"
    if isinstance(item.key, OrderKey):
        return f"{item.prompt}\n\n(Say for each which place it has; 1 comes first.)"
    return item.prompt


def _sign(item: Item) -> str:
    return "#" if isinstance(item.key, NumericKey) else ""


def _answers(item: Item) -> list[str]:
    match item.key:
        case NumericKey() as key:
            right, wrong = numbers(key)
            weighed = [("100", right), *(("0", number) for number in wrong)]
            return [f"=%{w}%{decimal(n.value)}:{decimal(n.tolerance)}{_hint(n.hint)}" for w, n in weighed]
        case ChoiceKey() as key:
            rights = sum(option.right for option in key.options)
            return [_weight(key, rights, right=o.right) + _rich(inline(o.text)) + _hint(o.hint) for o in key.options]
        case OrderKey() as key:
            return [f"={_rich(inline(key.entries[id_]))} -> {key.order.index(id_) + 1}" for id_ in key.entries]
        case MatrixKey() as key:
            return [f"={_rich(inline(row)) if row else ''} -> {escaped(plain(column))}" for row, column in pairs(key)]
    return []


def _weight(key: ChoiceKey, rights: int, *, right: bool) -> str:
    if key.several:
        return f"~%{fraction(key, rights, right=right)}%"
    return "=" if right else "~"


def _feedback(item: Item) -> str:
    """The solution; with it the rubric, which has no place of its own."""
    return f"{item.solution}\n\n{rubric(item.key)}" if isinstance(item.key, TextKey) else item.solution


def _said(item: Item) -> str:
    """Hints for pairs, which matching has no place for."""
    if not isinstance(item.key, MatrixKey):
        return ""
    return hints((f"{row}, {column}", hint) for (row, column), hint in item.key.hints.items())


def _hint(text: str) -> str:
    return "#" + _rich(paragraphs(text)) if text else ""


def _rich(html: str) -> str:
    """Said to be HTML each time, so that a text which begins with "[" or "%" is taken for what it is."""
    return "[html]" + escaped(html)


def escaped(text: str) -> str:
    """Control characters and line ends written out. Moodle's own stand-ins for them (&&058;) are taken apart."""
    return text.replace("&&0", "& &0").translate(_CONTROL)
