"""Makes what students receive from a model solution: the marked regions give way to their TODO.

    # TODO: set the gradient of every parameter to None
    ### BEGIN SOLUTION                    (or `# BEGIN SOLUTION`)
    …
    ### END SOLUTION

becomes the TODO line and `raise NotImplementedError("TODO: set the gradient …")`, so that a bare template
imports, says what is missing where, and earns nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from autograder.syntax import parse

BEGIN = re.compile(r"\s*#(?:##)? BEGIN SOLUTION\s*")
END = re.compile(r"\s*#(?:##)? END SOLUTION\s*")
TODO = re.compile(r"\s*# (TODO: .*\S)\s*")


class BadRegion(Exception):
    """The model solution's marks do not fit together; the message says where, and what to write there."""


@dataclass(frozen=True)
class Region:
    """One solution: lines[begin] and lines[end] are its marks, `todo` is what stands before it."""

    begin: int
    end: int
    indent: str
    todo: str


def skeleton(source: str) -> str:
    """The source without its solutions.

    Raises:
        BadRegion: a mark without its partner, a region without a TODO or outside a function.
    """
    lines = source.splitlines()
    kept: list[str] = []
    at = 0
    for region in regions(source):
        kept += lines[at : region.begin]
        kept.append(f"{region.indent}raise NotImplementedError({_quoted(region.todo)})")
        at = region.end + 1
    text = "\n".join([*kept, *lines[at:]]) + "\n"
    _must_parse(text)
    return text


def regions(source: str) -> tuple[Region, ...]:
    """The marked solutions, in order."""
    lines = source.splitlines()
    found = []
    begin: int | None = None
    for number, line in enumerate(lines):
        if BEGIN.fullmatch(line):
            if begin is not None:
                raise BadRegion(f"Line {number + 1} begins a solution inside that of line {begin + 1}; end that first.")
            begin = number
        elif END.fullmatch(line):
            if begin is None:
                raise BadRegion(f"Line {number + 1} ends a solution that has no `### BEGIN SOLUTION` above it.")
            found.append(_region(lines, begin, number))
            begin = None
    if begin is not None:
        raise BadRegion(f"The solution of line {begin + 1} has no `### END SOLUTION` below it.")
    return tuple(found)


def _region(lines: Sequence[str], begin: int, end: int) -> Region:
    mark = lines[begin]
    indent = mark[: len(mark) - len(mark.lstrip())]
    todo = TODO.fullmatch(lines[begin - 1]) if begin else None
    if todo is None:
        raise BadRegion(f"Put a line `# TODO: …` right before line {begin + 1}: it tells students what to write.")
    if not indent:
        raise BadRegion(f"The solution of line {begin + 1} is outside a function: a template raises on import.")
    return Region(begin, end, indent, todo.group(1))


def _quoted(text: str) -> str:
    """A Python literal, in double quotes like the rest of the file."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _must_parse(text: str) -> None:
    try:
        parse(text)
    except SyntaxError as error:
        raise BadRegion(
            f"Without its solutions the file is no valid Python ({error.msg}, its line {error.lineno}): "
            "a region must hold whole statements, as deep as its marks are indented."
        ) from error
