"""Reads a number with a unit as people write them: "37.25 GiB", "4e10 bytes", "4×10¹⁰ B", "3.16x", "−0.5".

A decimal comma is not guessed at: "1,5" gets a sentence, "40,000" is forty thousand.
"""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass

from autograder.quiz import units
from autograder.quiz.say import Malformed, quoted

MAX_LENGTH = 120  # characters: thirty times "40 GB"
MAX_POWER = 400  # beyond it every power of ten is an infinity, or nothing

_GROUPED = r"[1-9]\d{0,2}(?:[ ,_'’]\d{3})+(?!\d)"
_PLAIN = rf"(?:(?:{_GROUPED}|\d+)(?:\.\d*)?|\.\d+)"
_POWER = r"(?P<base>2|10)\s*(?:\^|\*\*)\s*\(?(?P<power>[+-]?\d{1,4})\)?"
_NUMBER = re.compile(
    rf"(?P<sign>[+-]?)\s*(?:(?:(?P<mantissa>{_PLAIN})\s*[x*·]\s*)?{_POWER}"
    rf"|(?P<plain>{_PLAIN})(?:e(?P<exponent>[+-]?\d{{1,4}}))?(?:\s*/\s*(?P<below>{_PLAIN}))?)"
    r"\s*(?P<word>thousand|million|billion|trillion)?\s*(?P<unit>.*)",
    re.IGNORECASE,
)
_COMMA = re.compile(r"[+-]?\d+(?:\.\d{3})*,\d+")
_WORDS = {"": 1.0, "thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12}
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", "0123456789+-")
_MINUS = str.maketrans(dict.fromkeys("−–—‒﹣－", "-") | {"×": "x", "✕": "x", "⋅": "·", "∙": "·"})


@dataclass(frozen=True)
class Quantity:
    """A number as it was read."""

    value: float
    unit: str | None  # as units.find spells it; None when none was written
    grouped: bool = False  # a comma was read as one between thousands


def parse(answer: object) -> Quantity:
    """The number in an answer.

    Raises:
        Malformed: there is none, or it can be read in two ways.
    """
    if isinstance(answer, list) and len(answer) == 1:
        answer = answer[0]
    if isinstance(answer, int | float) and not isinstance(answer, bool):
        return Quantity(_finite(answer), None)
    if not isinstance(answer, str):
        raise Malformed(f'This asks for a number, and your answer is {quoted(answer)}. Write it like "37.25 GiB".')
    if len(answer) > MAX_LENGTH:
        raise Malformed("This asks for one number with its unit; your answer is much longer than that.")
    text = _normal(answer)
    match = _NUMBER.fullmatch(text)
    if _COMMA.match(text) and (match is None or not match["plain"] or match["unit"].startswith(",")):
        raise Malformed(
            f'{quoted(answer)} can be read in two ways. Write decimals with a point ("1.5"); commas stand only between '
            'thousands ("1,500").'
        )
    if match is None:
        raise Malformed(f'{quoted(answer)} is not a number that can be marked. Write it like "37.25 GiB" or "-0.5".')
    return Quantity(_value(match), _unit(match["unit"], answer), "," in text)


def _normal(answer: str) -> str:
    """ASCII where a number can be: digits of all scripts, minus signs, superscripts as powers, spaces."""
    text = re.sub("[⁺⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+", lambda m: "^" + m[0].translate(_SUPERSCRIPTS), answer)
    if any(unicodedata.category(c) == "No" for c in text):  # ½ would become 1/2, and 3½ then 31/2
        raise Malformed(f"Write {quoted(answer)} with ordinary digits and a decimal point.")
    text = "".join(str(unicodedata.decimal(c, c)) if not c.isascii() else c for c in text)
    text = unicodedata.normalize("NFKC", text.translate(_MINUS)).translate(_MINUS)
    text = " ".join(text.split()).rsplit("=", maxsplit=1)[-1]  # "θ₂ = 0.81": what follows is the answer
    return text.strip().lstrip("~≈").strip().rstrip(".").replace("\N{GREEK SMALL LETTER MU}", "µ")


def _value(match: re.Match[str]) -> float:
    sign = -1.0 if match["sign"] == "-" else 1.0
    try:
        if match["base"]:
            power = int(match["power"])
            if abs(power) > MAX_POWER:
                raise OverflowError
            size = _float(match["mantissa"] or "1") * float(match["base"]) ** power
        else:
            size = _float(match["plain"] + ("e" + match["exponent"] if match["exponent"] else ""))
            size /= _float(match["below"] or "1")
    except (OverflowError, ZeroDivisionError):  # too large, or 1/0: told below
        size = math.inf
    return _finite(sign * size * _WORDS[(match["word"] or "").lower()])


def _float(text: str) -> float:
    return float(re.sub("[ ,_'’]", "", text))


def _finite(value: float) -> float:
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise Malformed("Your answer is not a finite number. Write it in digits.")
    return number


def _unit(text: str, answer: str) -> str | None:
    name = text.strip()
    if not name:
        return None
    found = units.find("unit" if name.lower() in ("time unit", "time units") else name)
    if found is None:
        raise Malformed(
            f"{quoted(text)} in {quoted(answer)} is not a unit that is known here. Write one number and one unit, "
            'like "37.25 GiB", "40 GB", "4e10 bytes", "12 hours" or "3.16x".'
        )
    return found
