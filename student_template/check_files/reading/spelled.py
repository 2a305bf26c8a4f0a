"""Reads numbers in English words: `one hundred and four`, `two point three one`, `five and a half`, `six fifths`."""

from __future__ import annotations

import re

_ONES = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
SMALL = {name: float(n) for n, name in enumerate(_ONES)} | {name: 10.0 * n for n, name in enumerate(_TENS, start=2)}
LARGE = {"thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12}
SCALES = LARGE | {"k": 1e3, "mio": 1e6, "mn": 1e6, "bn": 1e9, "mrd": 1e9}
PARTS = {"half": 2.0, "halves": 2.0, "third": 3.0, "quarter": 4.0, "fifth": 5.0, "tenth": 10.0, "hundredth": 100.0}
PARTS |= {f"{name}s": part for name, part in PARTS.items() if not name.endswith("s")}
FOLD = {"twice": 2.0, "double": 2.0, "thrice": 3.0, "triple": 3.0}


def spelled(text: str) -> tuple[float, str] | None:
    """A number in words at the beginning of a text, and what follows; None if there is none."""
    if negative := re.match(r"(?:minus|negative) (?=[a-z])", text, re.IGNORECASE):
        found = spelled(text[negative.end() :])
        return None if found is None else (-found[0], found[1])
    words = list(re.finditer(r"[A-Za-z]+", text))
    if not words or words[0].start() != 0:
        return None
    total = part = 0.0
    end, seen, at = 0, False, 0
    for at, match in enumerate(words):
        word = "one" if at == 0 and match[0].lower() in ("a", "an") else match[0].lower()
        if text[end : match.start()].strip(" -"):
            break
        if word in SMALL:
            if seen and not _goes_on(part, SMALL[word]):
                return None  # `four twenty sixteen`
            part, seen = part + SMALL[word], True
        elif word == "hundred":
            part, seen = (part or 1.0) * 100, True
        elif word in LARGE and seen:
            total, part = total + part * LARGE[word], 0.0
        elif word in PARTS and (seen or at == 0):
            return ((total + part) if seen else 1.0) / PARTS[word], text[match.end() :]
        else:
            return _ended(text, words[at:], total + part, end) if seen else None
        end = match.end()
    return (total + part, text[end:]) if seen else None


def _goes_on(part: float, more: float) -> bool:
    """Return whether a number in words may go on with this one: `twenty` with `two`, `hundred` with all below it."""
    below = part % 100
    return more > 0 and (below == 0 or (below >= 20 and below % 10 == 0 and more < 10))


def _ended(text: str, words: list[re.Match[str]], value: float, end: int) -> tuple[float, str] | None:
    """The number in words that ends before these: `and a half`, `point two five million`, or no part of it."""
    word = words[0][0].lower()
    if word == "and":
        after = text[words[0].end() :]
        if after.lower().startswith(" a half"):
            return value + 0.5, after[len(" a half") :]
        more = spelled(after.strip()) if len(words) > 1 and words[1][0].lower() in SMALL and value >= 100 else None
        return (value + more[0], more[1]) if more else (value, text[end:])
    decimals = _decimals(words[1:]) if word == "point" else None
    if decimals is None:
        return value, text[end:]
    value, end = value + float(f"0.{decimals[0]}"), words[decimals[1]].end()
    scale = re.match(rf" ({'|'.join(LARGE)})\b", text[end:], re.IGNORECASE)
    return (value * LARGE[scale[1].lower()], text[end + scale.end() :]) if scale else (value, text[end:])


def _decimals(words: list[re.Match[str]]) -> tuple[str, int] | None:
    """The digits after `point`, one by one or as a number below a hundred, and how many words they are."""
    values: list[int] = []
    for word in words:
        value = SMALL.get("zero" if word[0].lower() == "oh" else word[0].lower())
        if value is None or (
            values and (value > 9 or values[0] > 9) and not (len(values) == 1 and values[0] > 19 > value * 2)
        ):
            break
        values.append(int(value))
    if not values:
        return None
    return (str(sum(values)) if values[0] > 19 else "".join(map(str, values))), len(values)
