"""Reads a quiz form into the shapes of quiz.toml, without keys, and limits its length.

A question is what worker/sheets.py makes of an item. Its fields are called q1, q1.1, q1.2, … by its number: the name of
an item can tell too much.
"""

from __future__ import annotations

import json
import math
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

MOST_IN_LINE = 400  # characters of a number or formula: a whole AdamW step in words has 150
MOST_IN_TEXT = 8_000  # of a free text that asks for a few sentences: four pages
MOST_BYTES = 60_000  # of all answers together: a grader reads 64 000

Question = Mapping[str, Any]
Given = Mapping[str, Sequence[str]]  # the fields of a form, by name


class Misfit(Exception):
    """A form with options that its questions do not have; the message says what to do."""


MISFIT = (
    "This form does not fit your questions: they have changed since you opened the page, or something changed the form "
    "on its way. Load the page again; what was saved before is still there."
)


def answered(questions: Sequence[Question], given: Given) -> dict[str, Any]:
    """The answers by item; what is left empty is not among them, and fields of no question are not looked at.

    Raises:
        Misfit: an option that is not there.
    """
    answers = {question["id"]: answer(question, number, given) for number, question in enumerate(questions, start=1)}
    return {item: one for item, one in answers.items() if _filled(one)}


def answer(question: Question, number: int, given: Given) -> Any:
    """The answer to one question, as quiz.toml has it: "" (or a list or table of nothing else) when it is empty.

    Raises:
        Misfit: as above.
    """
    name = f"q{number}"
    match question["kind"]:
        case "multiple":
            taken = _options(given.get(name, ()), question["options"])
            return [option["id"] for option in question["options"] if option["id"] in taken]
        case "choice" | "line":
            return "".join(_options(given.get(name, ())[:1], question["options"]))
        case "ordering":
            places = range(1, len(question["options"]) + 1)
            return ["".join(_options(given.get(f"{name}.{at}", ())[:1], question["options"])) for at in places]
        case "matrix":
            rows = {row: _column(question, given.get(f"{name}.{at}", ())) for at, row in enumerate(question["rows"], 1)}
            return {row: column for row, column in rows.items() if column}
    return _clean("".join(given.get(name, ())[:1]))


def problem(questions: Sequence[Question], answers: Mapping[str, Any]) -> str:
    """Why these answers are not taken, for their author; "" when they are."""
    for number, question in enumerate(questions, start=1):
        text = answers.get(question["id"], "")
        most = MOST_IN_TEXT if question["kind"] == "text" else MOST_IN_LINE
        if isinstance(text, str) and len(text) > most:
            return f"Your answer to question {number} has {len(text)} characters; {most} is the most. Shorten it."
    if len(as_toml(answers)) > MOST_BYTES:
        return f"Your answers together are longer than {MOST_BYTES // 1000} kB. Shorten the longest."
    return ""


def as_toml(answers: Mapping[str, Any]) -> bytes:
    """The answers as the quiz.toml that a student would have written: whatever JSON holds becomes TOML."""
    lines = [f"{_toml(item)} = {_toml(one)}" for item, one in answers.items()]
    return ("\n".join(["[answers]", *lines]) + "\n").encode("utf-8", "replace")


def _options(given: Sequence[str], options: Sequence[Mapping[str, str]]) -> set[str]:
    taken = {one for one in given if one}
    if not taken <= {option["id"] for option in options}:
        raise Misfit(MISFIT)
    return taken


def _column(question: Question, given: Sequence[str]) -> str:
    """The column whose number was given; columns are long texts."""
    columns = {str(at): column for at, column in enumerate(question["columns"], start=1)} | {"": ""}
    chosen = columns.get("".join(given[:1]))
    if chosen is None:
        raise Misfit(MISFIT)
    return str(chosen)


def _clean(text: str) -> str:
    """Return the text as a keyboard can type it: forms send CR LF, and pasted texts hold other invisible characters."""
    lines = text.replace("\r\n", "\n")
    return "".join(char for char in lines if char in "\n\t" or unicodedata.category(char) not in ("Cc", "Cs"))


def _filled(one: Any) -> bool:
    if isinstance(one, str):
        return bool(one.strip())
    return any(one)


def _toml(value: object) -> str:
    match value:
        case dict():
            return "{ " + ", ".join(f"{_toml(str(name))} = {_toml(inner)}" for name, inner in value.items()) + " }"
        case list():
            return "[" + ", ".join(map(_toml, value)) + "]"
        case bool() | int():
            return json.dumps(value)
        case float() if math.isfinite(value):
            return json.dumps(value)
    # JSON's texts are TOML's but for DEL and pairs of surrogates; readers of quiz.toml allow few points in a line
    text = json.dumps("" if value is None else str(value), ensure_ascii=False)
    return text.replace("\x7f", "\\u007f").replace(".", "\\u002e")
