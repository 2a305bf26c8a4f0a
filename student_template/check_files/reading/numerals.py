"""Puts German, French and Spanish numbers of several words into digits: `einhundertzwölf`, `quatre-vingt-seize`.

The names of 0 to 999 are made by the rules of each language and looked up without spaces and hyphens; thousands are two
of these. Single words as `zwölf` stay words: `un` and `eine` are articles too.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

_NAMES = """
null eins zwei drei vier funf sechs sieben acht neun zehn elf zwolf dreizehn vierzehn funfzehn sechzehn siebzehn achtzehn neunzehn
zwanzig dreissig vierzig funfzig sechzig siebzig achtzig neunzig
zero un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize dixsept dixhuit dixneuf
vingt trente quarante cinquante soixante septante quatrevingt nonante
cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciseis diecisiete dieciocho diecinueve
veinte treinta cuarenta cincuenta sesenta setenta ochenta noventa
ciento doscientos trescientos cuatrocientos quinientos seiscientos setecientos ochocientos novecientos
"""  # noqa: E501 - 0 to 19, tens and hundreds of each language
_GERMAN, _GERMAN_TENS, _FRENCH, _FRENCH_TENS, _SPANISH, _SPANISH_TENS, _SPANISH_HUNDREDS = (
    line.split() for line in _NAMES.strip().splitlines()
)
_RUN = re.compile(r"[^\W\d_]+(?:(?:-| )[^\W\d_]+)*")
_THOUSANDS = re.compile(r"(.*?)(?:tausend|mille|mil)(.*)")
MOST_WORDS = 9  # neuf cent quatre-vingt-dix-neuf mille neuf cent …, and no long search


def in_digits(text: str) -> str:
    """The text with its numbers of several words in digits; the longest that begins at a word counts."""
    return _RUN.sub(lambda run: _run(run[0]), text)


def _run(text: str) -> str:
    words = list(re.finditer(r"[^\W\d_]+", text))
    made, at, done = "", 0, 0
    while at < len(words):
        for end in range(min(len(words), at + MOST_WORDS), at, -1):
            whole = text[words[at].start() : words[end - 1].end()]
            if (value := _value(_squeezed(whole))) is not None:
                made += text[done : words[at].start()] + str(value)
                at, done = end, words[end - 1].end()
                break
        else:
            at += 1
    return made + text[done:]


def _squeezed(text: str) -> str:
    """The letters alone, without accents; `fuenf` as `funf`."""
    flat = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in flat if c.isalpha()).replace("fuenf", "funf").replace("zwoelf", "zwolf")


def _value(name: str) -> int | None:
    if (value := _compounds().get(name)) is not None:
        return value
    parts = _THOUSANDS.fullmatch(name)
    if parts is None or not (parts[1] or parts[2]):
        return None
    before = _below_thousand(parts[1]) if parts[1] else 1
    after = _below_thousand(parts[2].removeprefix("und") or "null")
    return None if before is None or after is None else before * 1000 + after


def _below_thousand(name: str) -> int | None:
    singles = {**{w: n for words in (_GERMAN, _FRENCH, _SPANISH) for n, w in enumerate(words)}, "ein": 1}
    tens = {w: 10 * n for words in (_GERMAN_TENS, _FRENCH_TENS, _SPANISH_TENS) for n, w in enumerate(words, start=2)}
    hundreds = {"hundert": 100, "cent": 100, "cien": 100}
    return _compounds().get(name, {**singles, **tens, **hundreds}.get(name))


@cache
def _compounds() -> dict[str, int]:
    """Name -> number of those up to 999 that consist of several words, or of several in one."""
    found = {name: n for n in range(21, 1000) for names in (_german, _french, _spanish) for name in names(n)}
    single = {*_GERMAN_TENS, *_FRENCH_TENS, *_SPANISH_TENS, "cent", "cien", "hundert"} - {"quatrevingt"}
    found |= {"dixsept": 17, "dixhuit": 18, "dixneuf": 19}
    return {name: n for name, n in found.items() if name not in single}


def _german(n: int) -> list[str]:
    if n >= 100:
        rests = _german(n % 100) if n % 100 else [""]
        heads = ["ein", ""] if n < 200 else [_GERMAN[n // 100]]
        return [f"{head}hundert{und}{rest}" for head in heads for rest in rests for und in ("", "und" if rest else "")]
    if n < 20:
        return ["eins", "ein"] if n == 1 else [_GERMAN[n]]
    ten, one = _GERMAN_TENS[n // 10 - 2], "ein" if n % 10 == 1 else _GERMAN[n % 10]
    return [f"{one}und{ten}" if n % 10 else ten]


def _french(n: int) -> list[str]:
    if n >= 100:
        head = "" if n < 200 else _FRENCH[n // 100]
        rests = _french(n % 100) if n % 100 else ["", "s"]
        return [f"{head}cent{rest}" for rest in rests]
    if n < 20:
        return [_FRENCH[n]]
    tens, one = n // 10, n % 10
    joined = _joined(_FRENCH_TENS[tens - 2], one)
    if tens in (7, 9):
        joined += _joined(_FRENCH_TENS[tens - 3], 10 + one)
    return [*joined, "quatrevingts"] if n == 80 else joined


def _joined(ten: str, one: int) -> list[str]:
    return [ten] if not one else [ten + _FRENCH[one], *([f"{ten}et{_FRENCH[one]}"] if one in (1, 11) else [])]


def _spanish(n: int) -> list[str]:
    if n >= 100:
        head = _SPANISH_HUNDREDS[n // 100 - 1]
        return [head + rest for rest in _spanish(n % 100)] if n % 100 else [head]
    if n < 20:
        return ["uno", "un"] if n == 1 else [_SPANISH[n]]
    ten, one = _SPANISH_TENS[n // 10 - 2], n % 10
    if not one:
        return [ten]
    return [f"{head}{end}" for head in (f"{ten}y", *(["veinti"] if n < 30 else [])) for end in _spanish(one)]
