"""Finds the number of one step where an answer tells several: `θ₁ = 0.7, θ₂ = 0.693`, `step 1: 2; step 2: 3`, `2 → 3`.

The last step that is told must be the one that the question asks for; else nothing is chosen here.
"""

from __future__ import annotations

import re

from .plain import digits, without_latex
from .words import Unreadable, quoted

_ASKED = re.compile(r"\bafter step (\d)\b")
_START = re.compile(r"\b(?:θ|theta|w|starts? at|moved from)\s*(?:=|at)?\s*([-−+]?[\d.]+)")
_ONE = re.compile(r"(?:(?:after\s+)?(?:the\s+)?step\s*|(?:θ|theta)\s*_?\s*)(\d)\s*[:=]")
_BELOW = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
_VALUE = r"[-−+]?(?:\d+(?:[.,]\d+)?|[.,]\d+)"
_INDEX = (
    r"(?:after\s+|nach\s+|après\s+)?(?:(?:the\s+)?(?:step|schritt|pas|étape|iteration|t|k|n)\s*[=#]?\s*|"
    r"(?!step)[^\W\d_]{1,5}\s*(?:_\s*\{?|\^\s*\{?\(|[\[({])?\s*)?"
)
_LABELLED = re.compile(
    rf"\s*{_INDEX}(?P<at>\d)\s*[\])}}]*\s*(?:[:=)]|→|->|is\b)\s*(?P<value>[^,;:\n=→]*\d|[^;:\n]*\d)\s*"
)
_NAMED = re.compile(rf"\s*(?P<name>[^\W\d_]{{1,8}})\s*[:=]\s*(?P<value>{_VALUE})\s*")
_BETWEEN = (
    r"\s*(?:[;\n]|,(?!\d)|,\s+|\band then\b|\bthen\b|\band\b|\s(?=[^\W\d_]\S*\s*=)|(?<=\d)\s(?=step \d\s*:)|\.\s|"
    r"(?<=\d)\s+(?=\d\)))\s*"
)
_THEN = re.compile(r"\s*(?:→|⟶|⇒|->|=>|,?\s*\b(?:and\s+)?then\b)\s*")


def at_asked_step(answer: str, prompt: str) -> str:
    """The part of an answer that is about the step asked for; all of it where it tells of no other step.

    Raises:
        Unreadable: it tells of an earlier step alone.
    """
    asked = _ASKED.search(prompt)
    if asked is None:
        return answer
    text = digits(without_latex(answer)).translate(_BELOW).strip(" .")
    only = _ONE.match(text) if len(re.split(_BETWEEN, text)) == 1 else None
    if only and int(only[1]) < int(asked[1]) and _LABELLED.fullmatch(text):
        raise Unreadable(f"{quoted(answer)} tells of step {only[1]}, and step {asked[1]} is asked for.")
    return _of_labels(text, int(asked[1])) or _of_names(text) or _of_chain(text, int(asked[1]), prompt) or answer


def _of_labels(text: str, asked: int) -> str:
    parts = [part for part in re.split(_BETWEEN, text) if part.strip()]
    own = [part for part in parts if re.match(r"\s*(?:θ|theta)", part, re.IGNORECASE)]
    parts = own if own and all(map(_LABELLED.fullmatch, parts)) else parts  # v₂ = 0.4, θ₂ = −0.804
    told = [_LABELLED.fullmatch(part) for part in parts]
    if (len(parts) < 2 and not own) or not all(told):
        return ""
    values = {int(one["at"]): one["value"].strip() for one in told if one}
    return values[asked] if len(values) == len(parts) and max(values) == asked else ""


def _of_names(text: str) -> str:
    """The value of θ among those of other names: `v = 1.1, theta = -1.01`."""
    told = [_NAMED.fullmatch(part) for part in re.split(_BETWEEN, text) if part.strip()]
    if len(told) < 2 or not all(told):
        return ""
    own = [one["value"] for one in told if one and one["name"].casefold() in ("θ", "theta")]
    return own[0] if len(own) == 1 else ""


def _of_chain(text: str, asked: int, prompt: str) -> str:
    """The last of as many numbers as there are steps, the start before them or not."""
    values = _THEN.split(re.sub(r"^first\s+", "", text, flags=re.IGNORECASE))
    if not all(re.fullmatch(_VALUE, value) for value in values):
        return ""
    start = _START.search(prompt)
    begun = start is not None and len(values) == asked + 1 and _number(values[0]) == _number(start[1].rstrip("."))
    return values[-1] if len(values) > 1 and (len(values) == asked or begun) else ""


def _number(text: str) -> float:
    return float(text.replace("−", "-").replace(",", "."))
