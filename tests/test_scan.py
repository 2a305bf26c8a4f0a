"""Statements of a cell are found by its text alone: where Python finds them, in linear time, whatever the text is."""

from __future__ import annotations

import ast
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.intake.cells import tidy
from autograder.intake.scan import logical_lines, statements

ROOT = Path(__file__).resolve().parent.parent
# Python of many hands: ours, students' and what students' looks like.
WRITTEN = sorted([*ROOT.glob("autograder/*/*.py"), *ROOT.glob("assignments/*/*/*.py"), *ROOT.glob("tests/*.py")])[::7]


def tidied(*cells: str) -> str:
    return "\n".join(edit.text for edit in tidy(cells, trusted=False))


@pytest.mark.parametrize("file", WRITTEN, ids=lambda file: str(file.relative_to(ROOT)))
def test_statements_begin_and_end_where_python_says(file):
    source = file.read_text(encoding="utf-8")
    expected = [
        (min([n.lineno, *(d.lineno for d in getattr(n, "decorator_list", ()))]) - 1, n.end_lineno - 1)
        for n in ast.parse(source).body
    ]
    found = [(lines[0].first, lines[-1].last) for lines in statements(source)]
    joined = [span for span in expected if span[0] in {first for first, _ in found}]  # `a; b` is one of ours
    assert found == joined
    assert len(found) > len(expected) / 2


@pytest.mark.parametrize("file", WRITTEN[::3], ids=lambda file: str(file.relative_to(ROOT)))
def test_every_line_that_is_not_blank_belongs_to_one_logical_line(file):
    source = file.read_text(encoding="utf-8")
    spans = [range(line.first, line.last + 1) for line in logical_lines(source)]
    covered = [n for span in spans for n in span]
    assert covered == sorted({*covered})
    rest = [text for n, text in enumerate(source.split("\n")) if n not in {*covered}]
    assert all(not text.strip() or text.strip().startswith("#") for text in rest)


SLOW = [
    "(",
    "'''",
    '"',
    "\\",
    "a. ",
    "a .",
    "for ",
    "as ",
    " ",
    "\t",
    "x = {",
    "f'{",
    "?",
    "%",
    "=",
    "@",
    "\\\n",
    "if x:\n ",
    "#|",
    "\n",
]


@pytest.mark.slow
@pytest.mark.parametrize("piece", SLOW)
def test_no_text_makes_the_scan_slow_or_deep(piece):
    cell = "x" + piece * (250_000 // len(piece))
    began = time.process_time()
    tidied(cell, "y = " + cell, "for " + cell)
    assert time.process_time() - began < 5  # 0.3 s at most when measured; a quadratic search takes minutes


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [*SLOW, "a", "1", "\nclass A", ":", "def f", "import ", "from ", "b", ".", ",", ";", "%%", "!"]
        ),
        max_size=40,
    )
)
def test_no_text_breaks_the_scan_and_every_line_stays_on_its_line(pieces):
    cell = "".join(pieces)
    before, after = cell.split("\n"), tidied(cell).split("\n")
    assert len(before) == len(after)
    assert all(old in new for old, new in zip(before, after, strict=True))
