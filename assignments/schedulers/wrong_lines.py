"""Listings of a scheduler with one wrong line: the model solution with a misconception planted, cut to get_lr()."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from autograder.reference import schedulers_solution

from .planted import plant

SHOWN = (
    "step-ahead", "step-fraction", "step-remainder", "step-times", "step-one-minus", "warmup-squared",
    "warmup-too-long", "cosine-whole", "cosine-degrees", "cosine-floor-ignored", "cosine-of-the-whole",
    "cosine-over-the-whole",
)  # fmt: skip
MARKS = ("### BEGIN SOLUTION", "### END SOLUTION", "# TODO", '"""')
Listing = Sequence[str]


@cache
def _source() -> str:
    return Path(schedulers_solution.__file__).read_text()


def _listing(source: str, name: str) -> Listing:
    """The lines of that class's get_lr(), without docstring and marks."""
    body = source.partition(f"class {name}(")[2].partition("    def get_lr(self):\n")[2]
    kept = ["def get_lr(self):"]
    for line in body.splitlines():
        if line and not line.startswith("        "):
            break
        if line.strip() and not line.strip().startswith(MARKS):
            kept.append(line[4:])
    return kept


def _changed(name: str) -> tuple[Listing, int, str]:
    """The listing with that misconception, the number of its wrong line (from 1), and what should stand there."""
    owner = "StepLR" if name.startswith("step-") else "WarmupCosine"
    right, wrong = _listing(_source(), owner), _listing(plant(_source(), name), owner)
    numbers = [n for n, (a, b) in enumerate(zip(right, wrong, strict=True), start=1) if a != b]
    assert len(numbers) == 1, f"{name} changes {len(numbers)} lines of get_lr(): it makes no question about one"
    return wrong, numbers[0], right[numbers[0] - 1]


def numbered(listing: Listing) -> str:
    return "\n".join(f"{number:2}  {line}" for number, line in enumerate(listing, start=1))


@cache
def listings() -> Mapping[str, tuple[Listing, int, str]]:
    """All listings, by misconception."""
    return {name: _changed(name) for name in SHOWN}
