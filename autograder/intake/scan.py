"""Splits a notebook cell into statements by looking at its text, without parsing Python.

Parsing is the sandbox's: `ast.parse` recurses, and a stranger's million brackets would take our process with
them. One pass over tokens is enough to know strings, brackets and continued lines, hence where statements
start; and where IPython would see a magic, which is only there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_BLANK = re.compile(r"[ \t\f]*+(?:#[^\n]*+)?(?:\n|\Z)")
_INDENT = re.compile(r"[ \t\f]*+")
_MAGIC = re.compile(
    r"""[ \t]*+
    (?: [%!?]                                   # %matplotlib inline, !pip install, ?help
      | [\w.*%]++\?{1,2}[ \t]*+(?=\n|\Z)        # np.array?
      | [\w.,*\ \[\]]++=[ \t]*+(?:!|%{1,2}\w)   # files = !ls
    )
    (?:[^\\\n]|\\.)*+ \\?                       # to the end of the line, and of those it continues on
    """,
    re.VERBOSE | re.DOTALL,
)
_TOKEN = re.compile(
    r"""(?P<comment>\#[^\n]*+)
      | (?P<triple>\"{3}|'{3})
      | (?P<string>"[^"\\\n]*+(?:\\.[^"\\\n]*+)*+"?+ | '[^'\\\n]*+(?:\\.[^'\\\n]*+)*+'?+)
      | (?P<open>[(\[{])
      | (?P<close>[)\]}])
      | (?P<join>\\\n)
      | (?P<end>\n)
      | (?P<plain>[^#"'()\[\]{}\\\n]++ | \\)""",
    re.VERBOSE | re.DOTALL,
)
_CLOSING = {
    '"""': re.compile(r'[^"\\]*+(?:(?:\\.|"(?!""))[^"\\]*+)*+"""', re.DOTALL),
    "'''": re.compile(r"[^'\\]*+(?:(?:\\.|'(?!''))[^'\\]*+)*+'''", re.DOTALL),
}
_BRACES = re.compile(r"\{([^{}]*)\}")
_CLAUSE = re.compile(r"(?:else|elif|except|finally)\b")


@dataclass(frozen=True)
class LogicalLine:
    """A logical line: physical lines first to last (from 0); code without comments and string contents."""

    first: int
    last: int
    indent: int
    code: str
    magic: bool = False


Statement = Sequence[LogicalLine]  # at top level: its first line is not indented, the others are its block and clauses


def statements(text: str) -> Sequence[Statement]:
    """Top-level statements, each with its decorators, block and clauses."""
    found: list[list[LogicalLine]] = []
    for line in logical_lines(text):
        attached = line.indent > 0 or (_CLAUSE.match(line.code) and not line.magic)
        decorated = bool(found) and found[-1][-1].indent == 0 and found[-1][-1].code.startswith("@")
        if found and (attached or decorated):
            found[-1].append(line)
        else:
            found.append([line])
    return found


def logical_lines(text: str) -> Iterator[LogicalLine]:
    at = number = 0
    while at < len(text):
        if blank := _BLANK.match(text, at):
            at, number = blank.end(), number + 1
            continue
        indent = len(text[at : start.end()]) if (start := _INDENT.match(text, at)) else 0
        magic = _MAGIC.match(text, at)
        end, code = (magic.end(), magic.group().strip()) if magic else _code(text, at)
        last = number + text.count("\n", at, end)
        yield LogicalLine(number, last, indent, code, magic=bool(magic))
        at, number = end + 1, last + 1


def _code(text: str, at: int) -> tuple[int, str]:
    """Return the end (the newline) of the logical line that starts at `at`, and its code."""
    parts: list[str] = []
    depth = 0
    while at < len(text) and (token := _TOKEN.match(text, at)):
        kind, value, at = token.lastgroup, token.group(), token.end()
        if kind == "end" and depth == 0:
            return at - 1, _collapsed(parts)
        if kind == "triple":
            closing = _CLOSING[value].match(text, at)
            end = closing.end() if closing else len(text)
            value, at = text[at:end], end
        depth = max(0, depth + (kind == "open") - (kind == "close"))
        parts.append(_shown(kind, value, parts))
    return at, _collapsed(parts)


def _collapsed(parts: Sequence[str]) -> str:
    """One space where there were many and none around dots, so that no pattern searches for long."""
    return " ".join("".join(parts).split()).replace(" .", ".").replace(". ", ".")


def _shown(kind: str | None, value: str, before: Sequence[str]) -> str:
    if kind in ("triple", "string"):  # an f-string mentions names, which decide what depends on what
        formatted = before and re.search(r"\b[rR]?[fF][rR]?\Z", before[-1])
        return '""' + "".join(f" {inner} " for inner in _BRACES.findall(value)) if formatted else '""'
    return " " if kind in ("comment", "join", "end") else value
