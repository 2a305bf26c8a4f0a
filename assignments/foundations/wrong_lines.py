"""Listings of one function with one wrong line: the model solution with a misconception planted."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from textwrap import dedent

from .planted import plant

OWNERS = {
    "softmax": "class Softmax(",
    "log": "def log_softmax(",
    "mse": "class MSELoss(",
    "cross": "class CrossEntropyLoss(",
}
MARKS = ("### BEGIN SOLUTION", "### END SOLUTION", "# TODO", '"""')


@cache
def listing(name: str) -> tuple[Sequence[str], int]:
    """The lines of the function that holds this misconception, and the number of the wrong one, from 1."""
    source = (Path(__file__).parent / "solution.py").read_text(encoding="utf-8")
    head = OWNERS[name.partition("-")[0]]
    right, wrong = _body(source, head), _body(plant(source, name), head)
    numbers = [n for n, (a, b) in enumerate(zip(right, wrong, strict=True), start=1) if a != b]
    assert len(numbers) == 1, f"{name} changes {len(numbers)} lines: it makes no question about one"
    return wrong, numbers[0]


def _body(source: str, head: str) -> list[str]:
    """The function's own lines, without docstring and marks."""
    block = source.partition(head)[2].partition("\n\n\n")[0].splitlines()
    kept = [line.rstrip() for line in block[1:] if line.strip() and not line.strip().startswith(MARKS)]
    return dedent("\n".join(kept)).splitlines()
