"""Reads quiz.toml: bounded TOML in, answers by item id out. What is wrong with it is told to its author."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from autograder.model import Item
from autograder.reading import Unreadable, is_empty, quoted

MAX_BYTES = 64_000  # as intake has it: answers to a dozen questions, essays included
MAX_ENTRIES = 200  # a quiz has a dozen
MAX_DOTS = 100  # in a line that is no comment: tomllib takes quadratic time for a.a.a… (here 0.4 s at worst)
MAX_STUDENT = 100  # characters of an id


@dataclass(frozen=True)
class Answers:
    """The answers of one student: entries that are not empty, as TOML gave them."""

    variant: int | None
    student: str
    entries: Mapping[str, object]


def read(data: bytes) -> Answers:
    """The answers in these bytes.

    Raises:
        Unreadable: no TOML, or not of the shape that quiz.toml has.
    """
    table = _parsed(data)
    entries = table.get("answers", {k: v for k, v in table.items() if k not in ("variant", "student")})
    if not isinstance(entries, dict):
        raise Unreadable("In your quiz.toml, `answers` is not a table. Start your answers with the line `[answers]`.")
    if len(entries) > MAX_ENTRIES:
        raise Unreadable(f"Your quiz.toml has more than {MAX_ENTRIES} entries. Keep one line for each question.")
    filled = {name: value for name, value in entries.items() if not is_empty(value)}
    return Answers(_variant(table.get("variant")), _student(table.get("student", "")), filled)


def unknown(items: Sequence[Item], answers: Answers) -> str:
    """The entries that belong to no item, quoted, with the item they look like; "" when there are none."""
    ids = [item.id for item in items]
    told = []
    for name in [name for name in answers.entries if name not in ids][:5]:
        like = difflib.get_close_matches(name[:80], ids, n=1)
        told.append(quoted(name) + (f" (did you mean {like[0]}?)" if like else ""))
    return ", ".join(told)


def _parsed(data: bytes) -> dict[str, Any]:
    if len(data) > MAX_BYTES:
        raise Unreadable(f"Your quiz.toml is larger than {MAX_BYTES // 1000} kB. Shorten your answers.")
    try:
        text = data.decode("utf-8-sig").replace("\r\n", "\n")
        if any(line.count(".") > MAX_DOTS for line in text.split("\n") if not line.lstrip().startswith("#")):
            raise Unreadable(
                f'Your quiz.toml has more than {MAX_DOTS} points in one line. Break long texts: """ on both sides '
                "lets an answer have several lines."
            )
        return tomllib.loads(text)
    except UnicodeDecodeError as error:
        raise Unreadable("Your quiz.toml is not UTF-8 text. Save it as UTF-8 and hand in again.") from error
    except RecursionError as error:
        raise Unreadable("Your quiz.toml is nested too deeply. An answer is a text, a list or one table.") from error
    except ValueError as error:  # tomllib's own, and numbers of thousands of digits
        said = str(error) if isinstance(error, tomllib.TOMLDecodeError) else "a number with too many digits"
        raise Unreadable(
            f"Your quiz.toml is not valid TOML: {quoted(said)}. Each question is answered once, in the form "
            '`name = "answer"`, with quotes around text.'
        ) from error


def _variant(value: object) -> int | None:
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63:
        return value
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,18}", value.strip()):
        return int(value)
    raise Unreadable(
        f"In your quiz.toml, `variant` is {quoted(value)}, which is not a whole number. "
        "Copy the line `variant = …` from the quiz.toml that you were given."
    )


def _student(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63:
        value = str(value)
    if not isinstance(value, str) or len(value) > MAX_STUDENT or not value.isprintable():
        raise Unreadable(
            "In your quiz.toml, `student` is not an id. Copy the line from the quiz.toml that you were given."
        )
    return value.strip()
