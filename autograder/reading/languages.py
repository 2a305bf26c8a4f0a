"""Puts German, French and Spanish words of short answers into English: `höchstens 1,2-mal so lange`, `20 % más`."""

from __future__ import annotations

import json
import re
from pathlib import Path

# What is said -> how German, French and Spanish say it. Longer phrases are looked for first.
_PHRASES = json.loads(Path(__file__).with_name("languages.json").read_text(encoding="utf-8"))
_ENGLISH = {word.casefold(): english for english, words in _PHRASES.items() for word in words}
_WORD = re.compile(
    r"(?<![\w\\])(?:" + "|".join(re.escape(word) for word in sorted(_ENGLISH, key=len, reverse=True)) + r")(?![\w(=])",
    re.IGNORECASE,
)
_TIMES = re.compile(r"(?<=[\d.,])\s*-?(?:mal|fois|fach(?:e[nrs]?)?)\b", re.IGNORECASE)
_FOLD = re.compile(r"\b(?:das )?(\w+)(?:mal|fache?)\b", re.IGNORECASE)  # zehnmal, das Zehnfache
_AND = re.compile(r"(?<=\w) y (?=\w)")  # Spanish; `y` alone may be a symbol


def english(text: str) -> str:
    """The text with its German, French and Spanish words in English; all other words stay."""
    text = _AND.sub(" and ", _FOLD.sub(_fold, _TIMES.sub(" times", text.replace("’", "'").replace("ß", "ss"))))
    return _WORD.sub(lambda match: _ENGLISH[match[0].casefold()], text)


def _fold(match: re.Match[str]) -> str:
    number = _ENGLISH.get(match[1].casefold())
    return f"{number} times" if number else match[0]
