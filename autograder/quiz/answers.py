"""Reads quiz.toml: bounded text in, answers by item id out. What is wrong with it is told to its author."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from autograder.model import Item
from autograder.reading import Unreadable, is_empty, quoted, sheet

MAX_BYTES = 64_000  # as intake has it: answers to a dozen questions, essays included
MAX_ENTRIES = 200  # a quiz has a dozen
MAX_STUDENT = 100  # characters of an id
MAX_TOLD = 5  # entries in one sentence
_BY_NUMBER = re.compile(r"(?:q|question|item|answer|no|nr|number)?[-_ .]*0*([1-9]\d?)")


@dataclass(frozen=True)
class Answers:
    """The answers of one student: entries that are not empty, as TOML gave them."""

    variant: int | None
    student: str
    entries: Mapping[str, object]
    mended: tuple[str, ...] = ()  # names of entries that were read although they are not TOML
    twice: Mapping[str, str] = field(default_factory=dict)  # name -> both of its answers
    fault: str = ""  # what TOML's reader says


def read(data: bytes) -> Answers:
    """The answers in these bytes.

    Raises:
        Unreadable: nothing like quiz.toml.
    """
    found = _read(data)
    entries = found.answers
    if not isinstance(entries, dict):
        raise Unreadable("In your quiz.toml, `answers` is not a table. Start your answers with the line `[answers]`.")
    if len(entries) > MAX_ENTRIES:
        raise Unreadable(f"Your quiz.toml has more than {MAX_ENTRIES} entries. Keep one line for each question.")
    owner = {name: found.table.get(name, entries.get(name)) for name in sheet.OWNER}
    filled = {name: value for name, value in entries.items() if name not in sheet.OWNER and not is_empty(value)}
    variant, student = _variant(owner["variant"]), _student("" if owner["student"] is None else owner["student"])
    return Answers(variant, student, filled, found.mended, found.twice, found.fault)


def fitted(items: Sequence[Item], answers: Answers) -> Answers:
    """The same with the ids of items: `race_rates` and `Race-Rates` are race-rates, and `5` is the fifth question."""
    ids = [item.id for item in items]
    names = {name: _meant(name, ids) for name in (*answers.entries, *answers.twice)}
    taken = set(ids) & set(names)
    others = [meant for name, meant in names.items() if meant != name]
    names = {
        name: name if meant in taken or others.count(meant) > 1 else meant for name, meant in names.items()
    }  # nothing is guessed where two entries could be one answer
    return replace(
        answers,
        entries={names[name]: value for name, value in answers.entries.items()},
        mended=tuple(names.get(name, name) for name in answers.mended),
        twice={names[name]: both for name, both in answers.twice.items()},
    )


def _meant(name: str, ids: Sequence[str]) -> str:
    folded = re.sub(r"[\s_\u2010-\u2015-]+", "-", name.strip().casefold())
    if folded in ids:
        return folded
    number = _BY_NUMBER.fullmatch(name.strip().casefold())
    return ids[int(number[1]) - 1] if number and int(number[1]) <= len(ids) else name


def unknown(items: Sequence[Item], answers: Answers) -> str:
    """The entries that belong to no item, quoted, with the item they look like; "" when there are none."""
    ids = [item.id for item in items]
    told = []
    for name in [name for name in answers.entries if name not in ids][:MAX_TOLD]:
        like = difflib.get_close_matches(name[:80], ids, n=1)
        told.append(quoted(name) + (f" (did you mean {like[0]}?)" if like else ""))
    return ", ".join(told)


def _read(data: bytes) -> sheet.Sheet:
    if len(data) > MAX_BYTES:
        raise Unreadable(f"Your quiz.toml is larger than {MAX_BYTES // 1000} kB. Shorten your answers.")
    try:
        return sheet.read(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise Unreadable("Your quiz.toml is not UTF-8 text. Save it as UTF-8 and hand in again.") from error


def _variant(value: object) -> int | None:
    if value is None or value == "":
        return None
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63:
        return value
    if isinstance(value, str) and (
        number := re.match(r"\s*([0-9]{1,18})\b(?![.,])", value)
    ):  # and what stands behind it
        return int(number[1])
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
