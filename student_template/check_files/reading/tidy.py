"""Puts the answer to a question for a number into one form: signs, words, times of day and units as they are read."""

from __future__ import annotations

import re

from . import units
from .languages import english
from .numerals import in_digits
from .plain import digits, without_latex
from .spelled import PARTS, SMALL
from .words import Unreadable, quoted

_PRINTED = re.compile(r"(?:tensor|array|Tensor|float32|float64|Parameter)\(\s*\[*([^()\[\],]+)\]*\s*(?:,[^()]*)?\)")


def tidied(answer: str) -> str:
    answer = _ROUNDED_UP.sub(r"ceil(\1)", re.sub(r"^\s*\*\*(?!\*)(.*[^*\s])\s*\*\*\s*$", r"\1", answer))  # bold
    text = digits(without_latex(re.sub(r"(?<=[^\W\d_])[₀-₉ₜ]+", "", answer)))
    text = _FROM.sub("from ", re.sub(r"\bbeim (?=\d|step)", "at ", english(_in_words(text))))
    if any(ord(c) > 127 and c.isnumeric() for c in text):
        raise Unreadable(f"Write {quoted(answer)} with ordinary digits and a decimal point.")
    text = re.sub("[✕⨯]", "×", text)
    text = _ORNAMENTS.sub("", text)
    text = re.sub(r"(?<=[\d) ])\[([A-Za-z%]+)\]$", r" \1", text)  # 37.25 [GiB]
    text = re.sub(r"^([+-]?0)[·⋅∙](?=\d)", r"\1.", text)  # as the British print a decimal point
    text = re.sub("[·⋅∙∗]", "*", text)
    text = re.sub(rf"(?<=[\d)]) ?[*×] ?(?=(?:{'|'.join(filter(None, units.MEMORY))})$)", " ", text)  # 37.25 * GiB
    if re.search(r"[x×] ?10-\d|^[-+]?10-\d+$", text):
        raise Unreadable(f"{quoted(answer)} can be read in two ways. Write a power of ten like 1.5e-3.")
    text = re.sub(r"\b(?:np|numpy|math|torch)\.(?=[a-z])", "", text.replace("**", "^").replace("÷", "/"))
    text = re.sub(r"\^\s*\{([^{}]*)\}", r"^(\1)", text)
    text = _PRINTED.sub(r"\1", text)
    text = re.sub(r"\bpow\(([^(),]+),\s*([^(),]+)\)", r"((\1)^(\2))", text)
    text = re.sub(r"\)\s*\((?=[-+*/^.\d\s√]+\))", ")*(", text)  # (1-0.25)(1+0.2)
    text = re.sub(r"(\d) (?:arrays?|buffers?|copies|moments?|tensors?) ?[*×x] ?(?=[\d.])", r"\1 * ", text)
    text = _times_in_words(text)
    if re.search(r"%\s*[*×/]\s*[\d.(]|[\d.)]\s*[*×/]\s*[\d.,]+\s*%|^1(?:00 ?%)?\s*[-+]\s*[\d.,]+\s*%$", text):
        text = re.sub(r"(\d+(?:[.,]\d+)?)\s*%", r"(\1/100)", text)  # 75% * 120%
    text = re.sub(r"(?<=\d)k(?![A-Za-z])", "e3", text)
    text = re.sub(r"(?<=\d) [eE] ?(?=[-+]\d)|(?<=\d)[eE] (?=[-+]\d)", "e", text)
    text = re.sub(r"\bto the (?:power (?:of )?)?|\b(?:hoch|puissance|elevado a(?: la)?)\b", " ^ ", text)
    text = re.sub(r"\^ *(?:minus|negative) (\w+)", r"^ -\1", text)
    text = re.sub(r"\b([a-z]+) +\^ *(-?)([a-z]+|\d+)\b", _power_in_words, text)
    text = re.sub(r"\b(?:minus|less) (?=[\d.])", "-", text) if re.match(r"(?:minus|less) [\d.]", text) else text
    text = re.sub(r"\b(?:minus|negative) (?=[\d.])", "-", text)
    text = re.sub(r"\b(?:one|a|an|um) (?=[~≈]? ?\d)|\bum (?=[a-z]+ ?%)", "", text)  # un 20 % más, um 20 % größer
    text = re.sub(r"\b(halfs?|quarters?|thirds?|fifths?|tenths?) (?:of )?(?:an?|one) (?=[a-z])", r"\1 ", text)
    text = _clocks(text)
    text = re.sub(r"(\d+) ?h ?([0-5]?\d)(?:m|min)?(?![\w.]|\s*m)", r"\1 h \2 min", text)
    text = re.sub(r"\b(\d+) hours? ([0-5]\d)$", r"\1 h \2 min", text)
    text = re.sub(
        r"\b(?:par|pro|por|je|sur chaque) (?=gpu|device|card|machine|step|param)", "per ", text, flags=re.IGNORECASE
    )
    text = re.sub(r"\b(?:the )?(\d+)(?:st|nd|rd|th)\b", r"\1", text)
    text = re.sub(r"<=|=<", "≤", re.sub(r">=|=>", "≥", text))
    text = re.sub(r"\b(ln|log|exp|sqrt) (\d+(?:\.\d+)?)(?![\w.,^(])", r"\1(\2)", text)  # ln 5
    text = _roots(text)
    text = re.sub(r"(\d+) ?// ?(\d+)", lambda m: str(int(m[1]) // int(m[2])) if int(m[2]) else m[0], text)
    text = re.sub(r"\b(?:bytes?|B|s|sec|min) ?(?:/|per) ?(?:[KMGT]i?B|h|hour|min)\b", "", text)  # (2^30 bytes/GiB)
    text = text.strip("\"'“”„«»*_ \t\n")
    text = re.sub(r"(\d+) and (?:(?:a|one) )?half\b", r"(\1+1/2)", " ".join(text.split()).rstrip(".!;, …"))
    text = re.sub(r"^(hours?|days?|weeks?) and (?:an? )?half\b", r"1.5 \1", text)  # hora y media
    text = re.sub(r"(\d+) and (?:a|one) (third|quarter)\b", lambda m: f"({m[1]}+1/{PARTS[m[2]]:g})", text)
    text = re.sub(r"(\d+) and three quarters\b", r"(\1+3/4)", text)
    if whole := re.fullmatch(r"[(\[]([^()\[\]]*)[)\]]", text):
        text = whole[1].strip()
    unit_first = re.fullmatch(r"([A-Za-z]{1,12}) ([\d.,' ]+)", text)  # "GiB 104.3"
    return f"{unit_first[2]} {unit_first[1]}" if unit_first and units.find(unit_first[1]) in units.MEMORY else text


_ORNAMENTS = re.compile(
    r"[\s\u2600-\u2714\u2719-\u274b\u2753-\u27bf\u2b50\U0001f300-\U0001faff\ufe0f]+\Z"
)  # ✓ 👍, no cross
_ROUNDED_UP = re.compile(
    r"\s*=?\s*(?:ROUNDUP|AUFRUNDEN|ARRONDI\.SUP|REDONDEAR\.MAS|CEILING|OBERGRENZE|PLAFOND)\((.*?)\s*[;,]\s*[01]\)\s*",
    re.IGNORECASE,
)  # in a spreadsheet
_FROM = re.compile(
    r"^\s*(?:ab|desde|a partir del?|à partir d[eu]|dès)\s+(?:el |dem |le )?(?=\d|t\b|[A-Za-zé]+ ?[=\d])", re.IGNORECASE
)
_HALVES = re.compile(r"\b(\w+)einhalb(?=\b)", re.IGNORECASE)  # fünfeinhalb


def _clocks(text: str) -> str:
    """`5 h 20 min 30 s` of `5:20:30` and `5h20m30s`, `5 h 20 min` of `5:20 hours`."""
    text = re.sub(r"\b(\d+) ?h ?(\d+) ?(?:m|min|') ?(\d+) ?(?:s|sec|\"|'')(?!\w)", r"\1 h \2 min \3 s", text)
    text = re.sub(r"\b(\d+):([0-5]\d):([0-5]\d)(?: ?h)?\b", r"\1 h \2 min \3 s", text)
    return re.sub(r"\b(\d+):([0-5]\d) ?(?:h|hrs?|hours?)\b", r"\1 h \2 min", text)


def _times_in_words(text: str) -> str:
    """`2 * 26.08` of `two times 26.08` and of `twice 26.08`."""
    text = re.sub(r"\b(?:twice|double) (?=[\d.])", "2 * ", text, flags=re.IGNORECASE)
    text = re.sub(r"(?<=\d) times (?=[\d.(])", " * ", text, flags=re.IGNORECASE)
    words = "|".join(SMALL)
    return re.sub(rf"\b({words}) times (?=[\d.(])", lambda m: f"{SMALL[m[1].lower()]:g} * ", text, flags=re.IGNORECASE)


def _roots(text: str) -> str:
    """`10*sqrt(2)` of `10 sqrt 2`, `sqrt(200)` of `the square root of 200` or `root 200`, `4/100` of `4 hundredths`."""
    words = "|".join(SMALL)
    text = re.sub(rf"\b(\d+) ({'|'.join(PARTS)})(?=$|\s*[=,;)])", lambda m: f"{m[1]}/{PARTS[m[2]]:g}", text)
    text = re.sub(
        rf"\b(?:the )?(?:square )?root (?:of )?({words}|\d+(?:\.\d+)?)(?![\w.])",
        lambda m: f"sqrt({SMALL.get(m[1].lower(), m[1])})",
        text,
        flags=re.IGNORECASE,
    )
    text = re.sub(rf"\b({words}) times (?=sqrt\(|√)", lambda m: f"{SMALL[m[1].lower()]:g}*", text, flags=re.IGNORECASE)
    return re.sub(r"(?<=\d)(?: times)? ?(?=sqrt\()|(?<=\d)(?: times)? (?=√)", "*", text)


def _in_words(text: str) -> str:
    """The text with numbers of several words, or with a half in one word, in digits."""
    return in_digits(_HALVES.sub(_and_a_half, text))


def _and_a_half(match: re.Match[str]) -> str:
    value = SMALL.get(english(match[1]).lower())
    return match[0] if value is None else f"{value + 0.5:g}"


def _power_in_words(match: re.Match[str]) -> str:
    """`10^(-3)` for `ten ^ -three`; what is no number stays."""
    base, power = (str(int(SMALL[w.lower()])) if w.lower() in SMALL else w for w in (match[1], match[3]))
    return f"{base}^({match[2]}{power})" if base.isdigit() and power.isdigit() else match[0]
