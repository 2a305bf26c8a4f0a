"""Finds the option that a text means by its words, its code or its number: `lr = 0.2`, `SGD momentum`, `0.98**20`."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

from .languages import english
from .numbers import read as read_number
from .plain import digits, without_latex
from .words import Unreadable

NEAR = 1e-3  # of a number, within which it is an option's
LEAST_PART = 6  # characters of a line of code by which it is known
MAX_LENGTH = 1000  # characters that are looked at: the longest option has 200
MOST_KEPT = 1024  # texts: each answer is compared with the same few options
LED = re.compile(
    r"^\s*(?:(?:i(?:'d| would)? (?:think|choose|say|guess|believe|pick|take|go (?:with|for))|it is|it's|its|that is|"
    r"the line (?:with|that (?:has|says|reads))|(?:my |the )?(?:(?:right|correct|wrong) )?"
    r"(?:answers?|options?|choices?|statements?|lines?|rows?|number|no\.?|nr\.?))\b(?: is| are)?[\s:#=]*|"
    r"#\s*|l\.? ?(?=\d))+",
    re.IGNORECASE,
)
REASON = re.compile(r"(?:\s|,)+(?:because|since|should|must|needs|ought|has to)\b")
_EMPTY = frozenset(
    ("the", "a", "an", "with", "from", "of", "is", "it", "by", "at", "in", "on", "for", "to", "and", "that", "this")
)
_IDLE = frozenset(("they", "one", "does", "do", "will", "alone", "far", "clearly", "always", "them", "these", "answer"))
_PRONOUNS = frozenset(("neither", "both", "all"))
_ALL = frozenset(("all", "them", "these", "everything", "every", "any", "statements", "options"))
_ONLY = re.compile(r"only (\w+)|(\w+) only")
_DENIED = re.compile(r"\b(?:not|no|none|never|except|but|without|or|between)\b|n't")


def by_text(
    text: str, options: Mapping[str, str], ways: Sequence[Callable[[str], str]] = (), prompt: str = ""
) -> str | None:
    """The one option whose words, code or number a text is; words that only repeat the question say nothing."""
    for same in ways or (folded, squeezed, _special, _without_name, _its_number, _beginning):
        wanted = same(text)
        found = [name for name, option in options.items() if wanted and _match(same, wanted, option)]
        if len(found) == 1 and (same not in (_without_name, _its_number) or not _shared_numbers(text, options)):
            return found[0]
        if found:
            return None
    if ways:
        return None
    return (
        _by_value(text, options)
        or _by_each(text, options)
        or _by_call(text, options)
        or _by_part(text, options, prompt)
        or _by_numbers(text, options)
        or _by_line(text, options)
    )


def _match(same: Callable[[str], str], wanted: str, option: str) -> bool:
    if same is _beginning:
        known = len(wanted.split()) > 2 or wanted in _PRONOUNS
        return known and f"{folded(option)} ".startswith(f"{wanted} ")
    if same is _its_number and not re.fullmatch(r"(?:[\w ]+=\s*)?[-\d.,]+", option.strip()):
        return False
    return same(option) == wanted


def _beginning(text: str) -> str:
    words = folded(text)
    return re.sub(r" of (?:them|these|those|the two)$", "", words) if words.split(" ")[0] in _PRONOUNS else words


def folded(value: object) -> str:
    return _folded(shortened(value))


@lru_cache(MOST_KEPT)
def _folded(text: str) -> str:
    text = digits(without_latex(text)).replace("×", "x").replace("`", "").replace("'", "")
    return " ".join(text.casefold().split()).strip(' ,;:!"()').rstrip(".")


def shortened(value: object) -> str:
    return value[:MAX_LENGTH] if isinstance(value, str) else ""


def squeezed(text: object) -> str:
    """Code without its spaces."""
    return re.sub(r"\s+", "", folded(text)).replace("**", "^")


def _special(text: str) -> str:
    """`inf`, `-inf` and `nan` by their other names."""
    bare = re.sub(r"\b(?:np|numpy|math|torch)\.|^float\(|[()\"'`\s]", "", digits(without_latex(text)).casefold())
    bare = (
        re.sub("infinity|infty|\u221e", "inf", re.sub(r"^(?:minus|negative)", "-", bare)).replace("\\", "").lstrip("+")
    )
    bare = "nan" if bare == "notanumber" else bare
    return bare if bare in ("inf", "-inf", "nan") else ""


def _without_name(text: str) -> str:
    """The number alone: `0.2` of `lr = 0.2`, `0,20` and `1/5`."""
    value = re.sub(r"^[^=]*=", "", text, count=1).strip() if text.count("=") == 1 else text
    try:
        found = read_number(value)
    except Unreadable:
        return ""
    return f"{found[0].value:.9g} {found[0].unit or ''}".strip()


def _its_number(text: str) -> str:
    """The only number among words: `0.2` of `learning rate 0.2`."""
    found = re.findall(r"(?<![\w.,])[-+]?\d+(?:[.,]\d+)?(?![\w.,]*\d)", digits(shortened(text)))
    return f"{float(found[0].replace(',', '.')):g}" if len(found) == 1 and not _DENIED.search(text.lower()) else ""


def _shared_numbers(text: str, options: Mapping[str, str]) -> bool:
    """Return whether several options have the numbers of a text."""
    wanted = _numbers(text)
    return bool(wanted) and sum(wanted <= _numbers(option) for option in options.values()) > 1


def _numbers(text: str) -> set[float]:
    return set(_in_order(text))


def _in_order(text: str) -> list[float]:
    found = re.findall(r"(?<![\w.,])[-+]?\d+(?:[.,]\d+)?(?![\w.,]*\d)", digits(shortened(text)))
    return [float(number.replace(",", ".")) for number in found]


def _by_value(text: str, options: Mapping[str, str]) -> str | None:
    """The option whose number a text's is, computed or rounded: `0.98**20` and `0.668` for `0.6676`.

    None of the others may be near: they are what mistakes lead to.
    """
    values = {name: _value(option) for name, option in options.items()}
    typed = _value(text)
    if not math.isfinite(typed) or any(name.isdigit() for name in options):
        return None
    near = [name for name, value in values.items() if abs(value - typed) <= NEAR * abs(typed)]
    around = [name for name, value in values.items() if abs(value - typed) <= 20 * NEAR * abs(typed)]
    return near[0] if len(near) == len(around) == 1 else None


def _value(text: str) -> float:
    """A pure number, or what one is called by: inf, nan. NaN where there is none."""
    try:
        found = read_number(re.sub(r"^\s*[A-Za-z_]+\s*=", "", text))
    except Unreadable:
        return math.nan
    return found[0].value if len(found) == 1 and not found[0].unit else math.nan


def _by_numbers(text: str, options: Mapping[str, str]) -> str | None:
    """The one option that has these numbers in this order: `0.1 and 0.1018`."""
    typed = _in_order(text)
    if len(typed) < 2 or _DENIED.search(text.lower().replace("without", "")):
        return None
    found = [name for name, option in options.items() if _in_order(option) == typed]
    return found[0] if len(found) == 1 else None


def _by_line(text: str, options: Mapping[str, str]) -> str | None:
    """The one line of code that is named somewhere in a text: `eps inside the root, line 10`."""
    named = set(re.findall(r"\b(?:line|row) (?:no\.? |number )?(\d+)\b", english(shortened(text)).casefold()))
    only = named.pop() if len(named) == 1 and all(name.isdigit() for name in options) else None
    return only if only in options and not _DENIED.search(text.lower()) else None


def _by_each(text: str, options: Mapping[str, str]) -> str | None:
    """The one of `A only`, `B only` and `both` that is told by what A and B do: `SGD but not Adam`, `A yes, B no`."""
    words = {name: folded(option) for name, option in options.items()}
    only = {found[1] or found[2]: name for name, word in words.items() if (found := _ONLY.fullmatch(word))}
    whole = {word: name for name, word in words.items() if word in _PRONOUNS}
    told = re.sub(r"n['’]?t\b", " not", english(shortened(text)).casefold())
    if len(only) != 2 or re.search(r"\b(?:or|maybe|perhaps|neither|unsure|rather|first|before|after|than)\b|\?", told):
        return None
    does: dict[str, bool] = {}
    for clause in re.split(r"[,;]|\bbut\b|\bwhile\b|\bwhereas\b" + ("" if _DENIED.search(told) else r"|\band\b"), told):
        who = [one for one in only if re.search(rf"\b{one}\b", clause)]
        if len(who) != 1 or who[0] in does:
            return None
        does[who[0]] = not re.search(r"\b(?:not|no|never|fails?|cannot)\b", clause)
    if len(does) < 2:
        return None
    doing = [one for one, yes in does.items() if yes]
    return only[doing[0]] if len(doing) == 1 else whole.get("both" if doing else "neither")


def _by_call(text: str, options: Mapping[str, str]) -> str | None:
    """The option that is the same call, its arguments named or not: `StepLR(optimizer, 2, 0.5)`."""
    calls = {name: call for name, option in options.items() if (call := _call(option)) is not None}
    asked = _call(text)
    if asked is None or len(calls) < len(options):
        return None
    found = [name for name, call in calls.items() if call[0] == asked[0] and _same_arguments(asked[1], call[1])]
    return found[0] if len(found) == 1 else None


def _call(text: str) -> tuple[str, list[tuple[str, str]]] | None:
    """A call's name, and its arguments as (name or "", value); what stands for the optimizer is left out."""
    match = re.fullmatch(r"(?:\w+\s*=\s*)?([A-Za-z_]\w*)\s*\(([^()]*)\)", shortened(text).strip(" `.;"))
    if match is None:
        return None
    parts = [part.partition("=") if "=" in part else ("", "", part) for part in match[2].split(",") if part.strip()]
    arguments = [(name.strip().casefold(), value.strip()) for name, _, value in parts]
    if arguments and not arguments[0][0] and not re.match(r"[-+.\d]", arguments[0][1]):
        arguments = arguments[1:]
    return match[1].casefold(), arguments


def _same_arguments(given: Sequence[tuple[str, str]], wanted: Sequence[tuple[str, str]]) -> bool:
    """Return whether every argument that is given is one of those, by its name, or by its place."""
    by_name = dict(wanted)
    places = [(name or wanted[at][0] if at < len(wanted) else name, value) for at, (name, value) in enumerate(given)]
    return bool(given) and all(name in by_name and _equal(value, by_name[name]) for name, value in places)


def _equal(one: str, other: str) -> bool:
    try:
        return float(one) == float(other)
    except ValueError:
        return one == other


def _stems(prompt: str) -> set[str]:
    """The words of a question, with and without an `s`: `decays` repeats `decay`."""
    words = _tokens(prompt)
    return words | {f"{word}s" for word in words} | {word.removesuffix("s") for word in words}


def _by_part(text: str, options: Mapping[str, str], prompt: str = "") -> str | None:
    """The one option that has all the words and settings of a text: `Adam` and `Adam with lr 0.5` of `Adam, lr = 0.5`.

    Of lines of code it is a part as it stands. A text that denies something names nothing.
    """
    if all(name.isdigit() for name in options):
        part = squeezed(LED.sub("", text))
        found = [name for name, line in options.items() if len(part) >= LEAST_PART and part in squeezed(line)]
        return found[0] if len(found) == 1 and re.search(r"[^\w.]", part) else None
    led = LED.sub("", english(shortened(text)))
    reason = REASON.search(led)
    led = led[: reason.start()] if reason else led
    if not any("equal" in option for option in options.values()):
        led = re.sub(r"\bequal(?:ly)?(?: much)?\b", "same", led, flags=re.IGNORECASE)
    said = _tokens(led)
    if _DENIED.search(folded(led)):
        return None
    tokens = {name: _tokens(option) for name, option in options.items()}
    idle = {word for word in said if not any(word in those for those in tokens.values())} & (_IDLE | _stems(prompt))
    for wanted in (said, said - {"only", "just"}, said - idle, said - idle - {"only", "just"}):
        found = [name for name, those in tokens.items() if wanted <= those]
        if len(found) == 1 and not wanted <= _ALL and any(len(word) > 2 for word in wanted):
            others = {number for name, option in options.items() if name != found[0] for number in _numbers(option)}
            strange = _numbers(text) - _numbers(options[found[0]])
            alone = "#" in said and not _numbers(text) & _numbers(f"{options[found[0]]} {prompt}")
            return None if strange & others or alone else found[0]  # `12 steps` is not the option with `150 steps`
    numbers = _numbers(text)
    words = {word for word in said if "=" not in word} - {"#"}  # `Adam 0.5` of `Adam, lr = 0.5`
    found = [name for name, those in tokens.items() if words <= those and numbers <= _numbers(options[name])]
    if len(found) == 1 and numbers and not re.search(r"[(=]", text) and any(len(word) > 2 for word in words):
        return found[0]
    return None


def each_its_own(parts: Sequence[str], options: Mapping[str, str]) -> list[str] | None:
    """The options of parts such as `forward, loss, backward`: the one way to give each part its own option, or None.

    An option may be a part's if it has all its words; those that begin with it go before others.
    """
    tokens = {name: _tokens(option) | _symbols(option) for name, option in options.items()}
    said = [(_tokens(part) | _symbols(part)) - {"#"} for part in parts]
    able = [[name for name, those in tokens.items() if words and words <= those] for words in said]
    first = [
        [name for name in names if folded(options[name]).startswith(folded(part))]
        for part, names in zip(parts, able, strict=True)
    ]
    begun = [start if len(start) == 1 else names for start, names in zip(first, able, strict=True)]
    return _settled(begun) or _settled(able)


def _settled(able: Sequence[Sequence[str]]) -> list[str] | None:
    """The one way to give each its own of the names that it may have; None where there is none."""
    while any(len(names) == 1 for names in able) and not all(len(names) == 1 for names in able):
        taken = {names[0] for names in able if len(names) == 1}
        left = [names if len(names) == 1 else [name for name in names if name not in taken] for names in able]
        if left == able:
            return None
        able = left
    found = [names[0] for names in able if len(names) == 1]
    return found if len(found) == len(able) == len(set(found)) else None


def _symbols(text: str) -> set[str]:
    """The symbols of a text, which are words of one letter: `m` of `the first moments m`."""
    return set(re.findall(r"(?<!\w)[a-z](?!\w)", text.casefold())) - {"a"}


def _tokens(text: str) -> set[str]:
    """The words of a text, each number with the word before it (`lr=0.5`), without words that say nothing."""
    text = re.sub(r"\b(?:instead|rather than|in lieu)(?: of)?\b", "in place of", text, flags=re.IGNORECASE)
    bare = re.sub(r"[()\[\]{}`,;:]+(?!\d)", " ", re.sub(r"(?<=\w)-(?=\w)", " ", folded(text)))
    found = set()
    for word, number in re.findall(r"(-?[a-z_µα-ωϵ]\w*)(?:\s*[= ]\s*([-+]?\d*[.,]?\d+))?|[-+]?\d*[.,]?\d+", bare):
        found |= {word} if not number else {word, f"{word}={float(number.replace(',', '.')):g}"}
    numbers = len(re.findall(r"(?<![\w.,])[-+]?\d*[.,]?\d+", bare))
    alone = numbers - sum("=" in one for one in found)
    return (found - _EMPTY - {""}) | ({"#"} if alone > 0 else set())
