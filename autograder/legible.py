"""Guesses in which code page a text of names was written: the one in which its letters look like names."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import pairwise

TABLES = ("cp1252", "cp850", "mac_roman", "cp852", "cp1250")  # of spreadsheets in Western and Central Europe
WORLD = ("iso8859_2", "cp1254", "cp1251", "cp1253", "koi8_r", "gb18030", "big5", "cp932", "euc_kr")  # and elsewhere
ZIPS = ("cp437", "cp1252", "cp850", "cp852", "cp1250")  # of zip programs on Windows, the standard's own first
_QUOTES = frozenset("’‘“”„–—…«» ")
_NUMBERS = frozenset("ªº°")  # of a number, as in Nº and 2ª
# With a letter beyond ASCII, or such a sign alone; looked for where a word begins, and not at each of its letters.
_WORD = re.compile(r"(?:(?<![^\W\d_])[^\W\d_]*)?[^\x00-\x7f][^\W\d_]*")
_SYLLABLES = ("HANGUL", "CJK", "HIRAGANA", "KATAKANA")
_MIXED = {"CJK", "HIRAGANA", "KATAKANA"}  # the scripts that a Japanese word has together


def decoded(data: bytes, pages: Sequence[str], known: Callable[[str], int] = lambda _: 0) -> tuple[str, str]:
    """The text and its encoding: UTF-8 where it can be, else the first of the pages that gives the most letters.

    `known` counts the words of a text that were expected there, which say more than any letters.
    """
    try:
        return data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        texts = [(text, page) for page in pages if (text := _strict(data, page)) is not None]
        texts = texts or [(data.decode(pages[0], "replace"), pages[0])]
        return max(texts, key=lambda one: (known(one[0]), _letters(one[0])))  # of equals, the first


def _strict(data: bytes, page: str) -> str | None:
    """The text, None where it cannot be in this page of many bytes; in one of single bytes, strange ones count less."""
    try:
        return data.decode(page, "strict" if page in ("gb18030", "big5", "cp932", "euc_kr") else "replace")
    except UnicodeDecodeError:
        return None


def _letters(text: str) -> int:
    """Return how many letters beyond ASCII stand where a name has them, less all others."""
    return sum(_fits(word[0], text[word.start() - 1 : word.start()]) for word in _WORD.finditer(text))


def _fits(word: str, before: str) -> int:
    """Count the letters beyond ASCII of a word, against it where they cannot be a name's."""
    if numbers := _NUMBERS & {*word}:
        return sum(
            1 if (word[word.index(c) - 1 : word.index(c)] or before) in [*"Nn0123456789"] else -1 for c in numbers
        )
    scripts = {_script(c) for c in word if c not in _QUOTES and not (c.isascii() and not c.isalpha())}
    if not scripts:
        return 0
    beyond = [c for c in word if not c.isascii() and c not in _QUOTES]
    if scripts <= {"LATIN"}:
        crowded = len(word) > 3 and 5 * len(beyond) > 4 * len(word)  # no name is of nothing but accents
        return -len(beyond) if crowded else sum(_stands(word, at, before) for at in range(len(word)))
    if len(scripts) > 1 and not scripts <= _MIXED:
        return -len(beyond)
    if scripts & {*_SYLLABLES}:
        return 2 * len(beyond)  # as many bytes
    shouting = sum(one.islower() and other.isupper() for one, other in pairwise(word))
    return len(beyond) - 2 * shouting if scripts <= {"CYRILLIC", "GREEK"} else -len(beyond)


def _stands(word: str, at: int, before: str) -> int:
    letter = word[at]
    if letter.isascii() or letter in _QUOTES:
        return 0
    left = word[at - 1] if at else before
    return -1 if letter == "ƒ" or (letter.isupper() and left.islower()) else 1


@lru_cache(maxsize=10_000)
def _script(letter: str) -> str:
    return unicodedata.name(letter, "NONE").split()[0]
