"""Guesses in which code page a text of names was written: the one in which its letters look like names."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

TABLES = ("cp1252", "cp850", "mac_roman", "cp852", "cp1250")  # of spreadsheets in Western and Central Europe
ZIPS = ("cp437", "cp1252", "cp850", "cp852", "cp1250")  # of zip programs on Windows, the standard's own first
_QUOTES = frozenset("’‘“”„–—…«» ")


def decoded(data: bytes, pages: Sequence[str]) -> tuple[str, str]:
    """The text and its encoding: UTF-8 where it can be, else the first of the pages that gives the most letters."""
    try:
        return data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        texts = [(data.decode(page, "replace"), page) for page in pages]
        return max(texts, key=lambda one: _letters(one[0]))  # of equals, the first


def _letters(text: str) -> int:
    """Return how many letters beyond ASCII stand where a name has them, less all others."""
    return sum(_fits(text[at - 1 : at], c) for at, c in enumerate(text) if not c.isascii())


def _fits(before: str, letter: str) -> int:
    if letter in _QUOTES:
        return 0
    if letter in "ªº°":  # of a number, as in Nº and 2ª
        return 1 if before in "Nn" or before.isdigit() else -1
    if letter == "ƒ" or not unicodedata.name(letter, "").startswith("LATIN"):
        return -1
    return -1 if letter.isupper() and before.islower() else 1
