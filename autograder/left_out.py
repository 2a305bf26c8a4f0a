"""Says which statements of a submission the guest left out: failed trials, and imports of what is not there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from autograder.model import LeftOut

MOST_TOLD = 5  # trials: a notebook may have thirty
LONGEST = 60  # characters of a quoted line


def remarks(left_out: Sequence[LeftOut], source: str) -> Iterator[str]:
    """Sentences in the second person; `source` is the submission's text."""
    lines = source.split("\n")  # as Python counts them
    imports = [one for one in left_out if one.is_import and one.line <= len(lines)]
    trials = [one for one in left_out if not one.is_import and one.line <= len(lines)]
    if imports:
        told = ", ".join(f"`{_quoted(lines[one.line - 1])}` in line {one.line}" for one in imports[:MOST_TOLD])
        yield (
            f"The grader has only Python, NumPy and the provided tinytorch, so these imports were skipped: {told}. "
            "That costs only what needs them."
        )
    for one in trials[:MOST_TOLD]:
        why = f"{one.type}: {one.message}".rstrip(": ") if one.type else "an earlier one took too long"
        why = "it took too long" if one.type == "TookTooLong" else why
        yield (
            f"Line {one.line} (`{_quoted(lines[one.line - 1])}`) was left out ({why}). It stands outside your classes "
            'and costs nothing by itself; put trials under `if __name__ == "__main__":`.'
        )
    if len(trials) > MOST_TOLD:
        yield f"{len(trials) - MOST_TOLD} more statements outside your classes were left out."


def _quoted(line: str) -> str:
    text = " ".join(line.split()).replace("`", "'")
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
