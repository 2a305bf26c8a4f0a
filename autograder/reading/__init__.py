"""Reads what students type into quiz answers: how an answer is understood, or why it cannot be read.

It knows no keys and needs nothing but the standard library (Python 3.10), so that the form, `check.py` at home and the
grader read alike. A question is what a student sees: `kind`, `prompt`, and `options`, `rows` and `columns`, `symbols`
or `unit` as its kind has them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from . import formulas, numbers, options, tables
from .words import Unreadable, amount, as_typed, is_empty, listed, quoted

__all__ = ["Unreadable", "amount", "as_typed", "is_empty", "listed", "problem", "quoted", "read_as"]

Question = Mapping[str, Any]


def read_as(question: Question, answer: object) -> str:
    """Return how an answer is read, in words, whether it is right or not: "7.4506 GiB".

    Raises:
        Unreadable: it has no reading, or more than one; the message says how to write it.
    """
    return _READERS[question["kind"]](question, answer)


def _number(question: Question, answer: object) -> str:
    unit = question.get("unit", "")
    return numbers.shown(numbers.read(answer, question["prompt"]), unit if isinstance(unit, str) else "")


def _formula(question: Question, answer: object) -> str:
    if not isinstance(answer, str):
        raise Unreadable('This asks for a formula. Write it in quotes, like "theta - lr * g".')
    return formulas.written(formulas.parse(answer, question["symbols"]))


def _option(question: Question, answer: object) -> str:
    return options.read_one(answer, texts(question), question["prompt"])


def _options(question: Question, answer: object) -> str:
    return ", ".join(options.read_several(answer, texts(question)))


def _order(question: Question, answer: object) -> str:
    return ", ".join(options.read_order(answer, texts(question), question["prompt"]))


def _table(question: Question, answer: object) -> str:
    given, messages = tables.read_table(answer, question["rows"], question["columns"])
    if messages:
        raise Unreadable(" ".join(messages))
    return "; ".join(f"{row}: {column}" for row, column in given.items())


def _text(_question: Question, answer: object) -> str:
    if not isinstance(answer, str):
        raise Unreadable(f"This asks for a text, and your answer is {quoted(answer)}. Write it in quotes.")
    return "a text for a person"


_READERS: Mapping[str, Callable[[Question, object], str]] = {
    "numeric": _number,
    "prediction": _number,
    "formula": _formula,
    "choice": _option,
    "line": _option,
    "multiple": _options,
    "ordering": _order,
    "matrix": _table,
    "text": _text,
}


def problem(question: Question, answer: object) -> str:
    """Why an answer cannot be read; "" where it can be, or is empty."""
    if is_empty(answer):
        return ""
    try:
        read_as(question, answer)
    except Unreadable as error:
        return str(error)
    return ""


def texts(question: Question) -> dict[str, str]:
    """The options of a question by id."""
    return {option["id"]: option["text"] for option in question["options"]}
