"""A quiz as Moodle XML: a category for the quiz, and one inside for each place that has several variants."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from xml.etree import ElementTree as ET

from autograder.export.html import hints, inline, paragraphs, plain
from autograder.export.questions import BYTES, BankQuestion, Number, QuestionPool, decimal, numbers, rubric
from autograder.model import ChoiceKey, Item, MatrixKey, NumericKey, OrderKey, TextKey

TYPES = {
    NumericKey: "numerical",
    ChoiceKey: "multichoice",
    OrderKey: "ordering",
    MatrixKey: "matching",
    TextKey: "essay",
}


def write(_id: str, title: str, pools: Sequence[QuestionPool]) -> bytes:
    root = ET.Element("quiz")
    for one in in_categories(title, pools):
        if isinstance(one, str):
            _category(root, one)
        else:
            _question(root, one)
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'.encode()


def in_categories(title: str, pools: Sequence[QuestionPool]) -> Iterator[str | BankQuestion]:
    """Yield the questions, and before them the path of the category of a question bank that they belong to."""
    home = "$course$/top/" + _segment(title)
    yield home
    for pool in pools:
        several = len(pool.questions) > 1
        yield from [f"{home}/{_segment(pool.title)}"] * several
        yield from pool.questions
        yield from [home] * several


def _segment(name: str) -> str:
    return plain(name).replace("/", "//")  # a single one would begin another category


def _category(root: ET.Element, path: str) -> None:
    _text(ET.SubElement(root, "question", type="category"), "category", path)


def _question(root: ET.Element, question: BankQuestion) -> None:
    item = question.item
    element = ET.SubElement(root, "question", type=TYPES[type(item.key)])
    _text(element, "name", f"{plain(item.title)} ({question.name})")
    _html(element, "questiontext", paragraphs(_prompt(item)))
    _html(element, "generalfeedback", paragraphs(item.solution))
    _value(element, "defaultgrade", f"{item.points:g}")
    _value(element, "penalty", "0")
    _value(element, "hidden", "0")
    _value(element, "idnumber", question.ident)
    match item.key:
        case NumericKey():
            _numerical(element, item.key)
        case ChoiceKey():
            _multichoice(element, item.key, line=item.kind == "line")
        case OrderKey():
            _ordering(element, item.key)
        case MatrixKey():
            _matching(element, item.key)
        case TextKey():
            _essay(element, item.key)


def _prompt(item: Item) -> str:
    """The prompt, with the unit that is meant when none is written."""
    if isinstance(item.key, NumericKey) and item.key.unit:
        return f"{item.prompt}\n\n(A number alone is taken as {item.key.unit}.)"
    return item.prompt


def _numerical(element: ET.Element, key: NumericKey) -> None:
    """The right number first: the first answer that fits decides."""
    right, wrong = numbers(key)
    for number, fraction in [(right, "100"), *((number, "0") for number in wrong)]:
        _number(element, number, fraction)
    if key.unit:
        units = ET.SubElement(element, "units")
        for unit, multiplier in _units(key.unit):
            one = ET.SubElement(units, "unit")
            _value(one, "multiplier", decimal(multiplier))
            _value(one, "unit_name", unit)
    _value(element, "unitgradingtype", "0")
    _value(element, "unitpenalty", "0.1")
    _value(element, "showunits", "0" if key.unit else "3")  # 0: typed behind the number, and optional; 3: none
    _value(element, "unitsleft", "0")


def _number(element: ET.Element, number: Number, fraction: str) -> None:
    answer = ET.SubElement(element, "answer", fraction=fraction, format="moodle_auto_format")
    _value(answer, "text", decimal(number.value))
    _html(answer, "feedback", paragraphs(number.hint))
    _value(answer, "tolerance", decimal(number.tolerance))


def _units(unit: str) -> list[tuple[str, Decimal]]:
    """The key's unit, then others that measure the same: how many of them make one of the key's."""
    others = [name for name in BYTES if name != unit] if unit in BYTES else []
    return [(unit, Decimal(1))] + [(name, Decimal(BYTES[unit]) / Decimal(BYTES[name])) for name in others]


def _multichoice(element: ET.Element, key: ChoiceKey, *, line: bool) -> None:
    rights = sum(option.right for option in key.options)
    _value(element, "single", "false" if key.several else "true")
    _value(element, "shuffleanswers", "false" if line else "true")  # lines of code have an order
    _value(element, "answernumbering", "abc")
    for option in key.options:
        answer = ET.SubElement(element, "answer", fraction=fraction(key, rights, right=option.right), format="html")
        _value(answer, "text", inline(option.text))
        _html(answer, "feedback", paragraphs(option.hint))


def fraction(key: ChoiceKey, rights: int, *, right: bool) -> str:
    """Percent for taking an option: wrong ones cost what right ones bring, and Moodle ends at 0 as we do.

    Five decimals: Moodle knows thirds only as 33.33333.
    """
    if not key.several:
        return "100" if right else "0"
    return decimal(Decimal(f"{(100 if right else -100) / rights:.5f}"))


def _ordering(element: ET.Element, key: OrderKey) -> None:
    for name, value in (
        ("layouttype", "VERTICAL"),
        ("selecttype", "ALL"),
        ("selectcount", "0"),
        ("gradingtype", "RELATIVE_ALL_PREVIOUS_AND_NEXT"),  # credit for each pair in the right order, as ours
        ("showgrading", "HIDE"),
        ("numberingstyle", "none"),
    ):
        _value(element, name, value)
    for place, entry in enumerate(key.order, start=1):
        answer = ET.SubElement(element, "answer", fraction=str(place), format="html")
        _value(answer, "text", inline(key.entries[entry]))


def _matching(element: ET.Element, key: MatrixKey) -> None:
    said = hints((f"{row}, {column}", hint) for (row, column), hint in key.hints.items())
    _value(element, "shuffleanswers", "false")
    for name, text in (("correctfeedback", ""), ("partiallycorrectfeedback", said), ("incorrectfeedback", said)):
        _html(element, name, text)
    for row, column in pairs(key):
        pair = ET.SubElement(element, "subquestion", format="html")
        _value(pair, "text", inline(row))
        _text(pair, "answer", plain(column))


def pairs(key: MatrixKey) -> list[tuple[str, str]]:
    """Return each row with its column; columns that are no row's stand beside ""."""
    unused = [column for column in key.columns if column not in key.right.values()]
    return [*((row, key.right[row]) for row in key.rows), *(("", column) for column in unused)]


def _essay(element: ET.Element, key: TextKey) -> None:
    for name, value in (("responseformat", "editor"), ("responserequired", "0"), ("responsefieldlines", "10")):
        _value(element, name, value)
    _value(element, "attachments", "0")
    _html(element, "graderinfo", paragraphs(f"{rubric(key)}\n\nA good answer: {key.sample}"))
    _html(element, "responsetemplate", "")


def _html(parent: ET.Element, tag: str, html: str) -> None:
    _value(ET.SubElement(parent, tag, format="html"), "text", html)


def _text(parent: ET.Element, tag: str, text: str) -> None:
    _value(ET.SubElement(parent, tag), "text", text)


def _value(parent: ET.Element, tag: str, text: str) -> None:
    ET.SubElement(parent, tag).text = text
