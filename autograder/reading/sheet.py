r"""Reads quiz.toml: as TOML, and where it is not quite that, entry by entry, so that one slip costs no other answer.

    rate = c               a text without its quotation marks, or with curly ones
    state = 104.3 GiB      a number with its unit
    step = "\theta - lr"   LaTeX, whose \t would be a tab in TOML
    why = "first line      a text over several lines, quotation marks inside, brackets left open
    second line"

An entry that is there twice, with two answers, has no answer. Nothing here is evaluated.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .plain import COMMANDS, GREEK
from .words import Unreadable, as_typed, is_empty, quoted

MAX_DOTS = 100  # in a line: tomllib takes quadratic time for a.a.a… (here 0.4 s at worst)
OWNER = ("variant", "student")  # the lines that say whose quiz it is
TWICE = "It is answered twice in your quiz.toml, with two answers. Keep the one you mean."

_KEY = r"""(?:"[^"\n]*"|'[^'\n]*'|[A-Za-z0-9_-]+)"""
_ENTRY = re.compile(rf"[ \t]*({_KEY})(?:[ \t]*\.[ \t]*({_KEY}|[“„][^”“\n]*[”“]))?[ \t]*([=:])(.*)", re.DOTALL)
_LOOSE = re.compile(r"\w+(?:[-_]\w+)+|\d+")  # a name that nobody writes before a colon in a sentence
_BETWEEN = re.compile(r"# (?:-{10}|\d+\. )")  # what stands between two questions of a quiz.toml that was handed out
_ENDS = re.compile(r"\s*(?:#|\[\w+\]\s*$)")
_TOKEN = re.compile(
    r"""\"{3}(?:[^"\\]|\\[\s\S]|"(?!""))*\"{3}|'{3}[\s\S]*?'{3}|"(?:[^"\\\n]|\\[^\n])*"|'[^'\n]*'|\#[^\n]*"""
)
_ESCAPE = re.compile(r"\\(?:[\\\"]|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|\r?\n|([A-Za-z]*))")
_LATEX = {"frac", "tfrac", "bar", "tilde", "text", "textrm", "textbf", *GREEK.values(), *COMMANDS} - {"nu"}
_QUOTES = "\"'“”„‟«»‹›‘’‚`"
_CLOSED = re.compile(rf"([{_QUOTES}])(.*?)[{_QUOTES}]\s*(?:#.*)?", re.DOTALL)


@dataclass(frozen=True)
class Sheet:
    """The entries of a quiz.toml. `mended`: the names of those that were read although they are not TOML."""

    table: Mapping[str, Any]
    mended: tuple[str, ...] = ()
    twice: Mapping[str, str] = field(default_factory=dict)  # name -> both answers
    fault: str = ""  # what TOML's reader says

    @property
    def answers(self) -> Any:
        """The table of answers, however its heading is spelt, with what stands above it; else all but OWNER's."""
        rest = {name: value for name, value in self.table.items() if name not in OWNER}
        for name, value in rest.items():
            heading, inner = name, value
            while isinstance(inner, dict) and len(inner) == 1 and isinstance(inner[one := next(iter(inner))], dict):
                heading, inner = f"{heading}.{one}", inner[one]
            close = difflib.get_close_matches(heading.strip().casefold()[:20], ["answers"], cutoff=0.7)
            if close and isinstance(inner, dict):
                return {other: answer for other, answer in rest.items() if other != name} | inner
            if name == "answers":
                return inner
        return rest


def decoded(data: bytes) -> str:
    """The text of a file in the encoding of the editor that saved it: UTF-8, UTF-16 with its mark, or Windows-1252."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def read(text: str) -> Sheet:
    """The entries of a quiz.toml, at the top or in a table of answers.

    Raises:
        Unreadable: it has text and no entries.
        ModuleNotFoundError: before Python 3.11 there is no reader of TOML.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    try:
        if not any(line.count(".") > MAX_DOTS for line in text.split("\n") if not line.lstrip().startswith("#")):
            return Sheet(_parsed(text))
        fault = "a line with very many points"
    except ValueError as error:  # tomllib's own, and numbers of thousands of digits
        fault = str(error) if "(at " in str(error) else "a number with too many digits"
    except RecursionError:
        fault = "brackets in brackets, very deep"
    if (table := _json(text)) is not None:
        return Sheet(table)
    return _by_entries(text, fault)


def _parsed(text: str) -> dict[str, Any]:
    import tomllib  # noqa: PLC0415 - check.py runs on Python 3.10 as well, and says what it lacks there

    return tomllib.loads(_with_latex(text))


def _with_latex(text: str) -> str:
    r"""The same with `\theta` in quotation marks as `\\theta`; what else TOML knows, as `\n`, stays."""
    return _TOKEN.sub(lambda m: _ESCAPE.sub(_escaped, m[0]) if m[0][0] == '"' else m[0], text)


def _escaped(match: re.Match[str]) -> str:
    word = match[1]
    if word is None or (word and word[0] in "btnfr" and word not in _LATEX):
        return match[0]
    return "\\" + match[0]


def _json(text: str) -> dict[str, Any] | None:
    if not text.lstrip().startswith("{"):
        return None
    try:
        table = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return table if isinstance(table, dict) else None


# ---------------------------------------------------------------------------------------------------------- by entry
def _by_entries(text: str, fault: str) -> Sheet:
    table: dict[str, Any] = {}
    mended: list[str] = []
    twice: dict[str, str] = {}
    for name, row, lines in _entries(text.split("\n")):
        value, sound = _value(lines)
        if not sound:
            mended.append(name)
        place, key = (table.setdefault(name, {}), row) if row else (table, name)
        other = place.get(key, "") if isinstance(place, dict) else place
        if is_empty(value) or other == value:
            table.setdefault(name, value)
        elif is_empty(other) and isinstance(place, dict):
            place[key] = value
        else:
            twice[name] = f"{as_typed(other)}, or {as_typed(value)}"
    if not table and text.strip():
        raise Unreadable(
            f"Your quiz.toml is not valid TOML: {quoted(fault)}. Each question is answered once, in the form "
            '`name = "answer"`, with quotes around text.'
        )
    return Sheet(table, tuple(dict.fromkeys(mended)), twice, fault)


def _entries(lines: Sequence[str]) -> Iterator[tuple[str, str, list[str]]]:
    """Name, row of a table ("" without one), and the lines of the answer: up to the next entry or comment."""
    at = 0
    while at < len(lines):
        start = _start(lines[at])
        at += 1
        if start is None:
            continue
        name, row, first = start
        answer, closing = [first], first.strip()[:3] if first.strip()[:3] in ('"""', "'''") else ""
        end = at
        if closing and closing not in first.strip()[3:]:
            until = next((n for n in range(at, len(lines)) if _BETWEEN.match(lines[n])), len(lines))
            end = next((n + 1 for n in range(at, until) if closing in lines[n]), at)
        answer += lines[at:end]
        at = end
        inside = first.strip()[:1] in _QUOTES and not _CLOSED.fullmatch(first.strip())  # of a text
        while at < len(lines) and not _ENDS.match(lines[at]) and _start(lines[at], inside=inside) is None:
            answer.append(lines[at])
            at += 1
        yield name, row, answer


def _start(line: str, *, inside: bool = False) -> tuple[str, str, str] | None:
    """Name, row and the rest of an entry's first line; `inside` a text only a name as questions have it begins one."""
    match = _ENTRY.fullmatch(line)
    if match is None:
        return None
    name, row = match[1].strip("\"'"), (match[2] or "").strip("\"'“”„")
    sure = match[3] == "=", _LOOSE.fullmatch(name) is not None
    return (name, row, match[4]) if (all(sure) if inside else any(sure)) else None


def _value(lines: Sequence[str]) -> tuple[Any, bool]:
    """The answer in these lines, and whether it is TOML."""
    for some in (lines[:1], lines):
        typed = "\n".join(some).strip()
        if typed and max(line.count(".") for line in some) <= MAX_DOTS:
            try:
                return _parsed(f"it = {typed}")["it"], True
            except (ValueError, RecursionError, KeyError):
                continue
    return _typed("\n".join(lines).strip()), False


def _typed(text: str) -> Any:
    """An answer that is not TOML: without the quotation marks, brackets and comment around it."""
    if closed := _CLOSED.fullmatch(text):
        inner = closed[2]
        twice = inner[:1] in _QUOTES and inner[-1:] in _QUOTES  # ""1.2"": typed in the middle of the empty pair
        return _unescaped(inner.strip(f"{_QUOTES} ") if twice else inner)
    if text[:1] not in _QUOTES:
        text = re.sub(r"(?:^|\s)#[^\n]*", "", text).strip()
    if text.startswith("["):
        return [one for part in text.strip("[] \n").split(",") if (one := part.strip(f"{_QUOTES} \n"))]
    return _unescaped(text.strip(f"{_QUOTES} \n"))


def _unescaped(text: str) -> str:
    return text.replace('\\"', '"').replace("\\\\", "\\").strip()
