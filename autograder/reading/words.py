"""Shared parts of the readers: the refusal, and answers, amounts and lists in sentences."""

from __future__ import annotations

import math

MAX_QUOTED = 60  # characters of an answer in a message: an honest number or formula, and no room for an essay


class Unreadable(Exception):
    """An answer that has no reading, or more than one; the message tells its author why, and how to write it."""


def is_empty(value: object) -> bool:
    """Return whether nothing was answered: "", [], {}, or a list or table of nothing but these."""
    if value is None:
        return True
    if isinstance(value, str):
        return not value.strip()
    if isinstance(value, (list, tuple)):
        return all(isinstance(entry, str) and not entry.strip() for entry in value)
    if isinstance(value, dict):
        return all(isinstance(entry, str) and not entry.strip() for entry in value.values())
    return False


def quoted(answer: object) -> str:
    """An answer on one line and short, fit to stand in a sentence (renderers escape it once more)."""
    if not isinstance(answer, str):
        return _kind(answer)
    line = " ".join(answer[: 4 * MAX_QUOTED].split()).replace("`", "'")
    line = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in line)
    return f"“{line}”" if len(line) <= MAX_QUOTED else f"“{line[: MAX_QUOTED - 1]}…”"


def as_typed(answer: object) -> str:
    """An answer of any shape as a text: lists with commas, tables in lines."""
    if isinstance(answer, str):
        return answer
    if isinstance(answer, (list, tuple)):
        return ", ".join(one if isinstance(one, str) else _bare(one) for one in answer)
    if isinstance(answer, dict):
        return "\n".join(f"{name}: {one if isinstance(one, str) else _bare(one)}" for name, one in answer.items())
    return "" if answer is None else _bare(answer)


def _bare(answer: object) -> str:
    return _kind(answer).strip("“”")


def _kind(answer: object) -> str:
    """A TOML value that is not text; a number of endless digits is not spelled out."""
    if isinstance(answer, bool):
        return f"“{str(answer).lower()}”"
    if isinstance(answer, int) and answer.bit_length() > MAX_QUOTED:
        return "a number of very many digits"
    if isinstance(answer, (int, float)):
        return f"“{answer}”"
    if isinstance(answer, (list, tuple)):
        return "a list"
    return "a table" if isinstance(answer, dict) else "a date or time"


def amount(value: float, unit: str = "", figures: int = 4) -> str:
    """`37.25 GiB`, `4e10 B`: so many figures, with an exponent only where zeros would have to be counted."""
    if value and not -4 <= math.floor(math.log10(abs(value))) < 9:
        text = f"{value:.{figures}g}".replace("e+", "e")
    else:
        text = f"{value:.{max(0, figures - 1 - (math.floor(math.log10(abs(value))) if value else 0))}f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
    return f"{text} {unit}".strip().replace("-", "−")


def listed(names: list[str]) -> str:
    """`a, b or c`."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
