"""The order of people in lists: by family name. Browsers sort further by the reader's own locale."""

from __future__ import annotations

import re
import unicodedata

# Words that begin a family name: "Emma van den Berg" is a van den Berg.
PARTICLES = frozenset(
    {
        "aan", "af", "al", "ap", "av", "bin", "da", "das", "de", "del", "della", "den", "der", "di", "do", "dos", "du",
        "el", "ibn", "la", "le", "lo", "op", "ten", "ter", "van", "vom", "von", "zu", "zum", "zur",
    }
)  # fmt: skip


def family_first(name: str) -> str:
    """Return `van den Berg, Emma` of `Emma van den Berg`; a name with a comma is taken as it stands."""
    words = name.split()
    if "," in name or len(words) < 2:
        return " ".join(words)
    start = len(words) - 1
    while start > 1 and words[start - 1].casefold() in PARTICLES:
        start -= 1
    return f"{' '.join(words[start:])}, {' '.join(words[:start])}"


def sort_key(name: str) -> tuple[str, str]:
    """Return the key of a list by family name: letters before their accents, and no difference by case."""
    told = family_first(name).casefold()
    plain = "".join(letter for letter in unicodedata.normalize("NFKD", told) if not unicodedata.combining(letter))
    return plain, told


def natural(text: str) -> list[tuple[int, int, str]]:
    """Return the key by which `Group 9` comes before `Group 10`."""
    parts = re.split(r"(\d+)", text.casefold())
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts if part]
