"""Reads which options are meant: letters in any spelling, the text of an option in their place, rows of a table."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable, Mapping, Sequence

from .languages import english
from .numbers import read as read_number
from .plain import digits, without_latex
from .words import Unreadable, listed, quoted

MAX_CHOSEN = 50  # entries of a list or table: no question has as many options
NEAR = 1e-3  # of a number, within which it is an option's
LEAST_PART = 6  # characters of a line of code by which it is known
MAX_LENGTH = 1000  # characters that are looked at: the longest option has 200
_ORDINALS = [
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "eleventh",
    "twelfth",
]
_CARDINALS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
_LED = re.compile(
    r"^\s*(?:(?:i think|i choose|i say|it is|it's|its|that is|(?:my |the )?(?:(?:right|correct|wrong) )?"
    r"(?:answers?|options?|choices?|statements?|lines?|number|no\.?|nr\.?))\b(?: is| are)?[\s:#]*|#\s*|l(?=\d))+",
    re.IGNORECASE,
)
_REASON = re.compile(r"(?:\s|,)+(?:because|since|should|must|needs|ought|has to)\b")
_AROUND = re.compile(  # words around letters that change nothing
    r"\b(?:only|both|just|first|finally|lastly|next|last|options?|answers?|statements?|"
    r"(?:are|is)(?: the)?(?: only)? (?:true|right|correct)(?: ones?| answers?)?)\b"
)
_EMPTY = frozenset(
    ("the", "a", "an", "with", "from", "of", "is", "it", "by", "at", "in", "on", "for", "to", "and", "that", "this")
)
_ALL = frozenset(("all", "them", "these", "everything", "every", "any", "statements", "options"))
_DENIED = re.compile(r"\b(?:not|no|none|never|except|but|without|or|between)\b|n't")
_SIZES = re.compile(
    r"\b(?:least|most|smallest|largest|lightest|heaviest|light|heavy|fewest|increasing|decreasing|rising|falling)\b"
)


def read_one(answer: object, options: Mapping[str, str]) -> str:
    """The id of the one option that is meant.

    Raises:
        Unreadable: none, or more than one.
    """
    if isinstance(answer, list):
        texts = [_text(entry) for entry in _entries(answer, options)]
        found = list(dict.fromkeys(read_one(text, options) for text in texts if text.strip()))
        if len(found) != 1:
            raise _count(found, options)
        return found[0]
    text = _text(answer)
    if (meant := _one(text, options)) is not None:
        return meant
    several = _ids(text, options)
    if several is not None and len(set(several)) > 1:
        raise _count(several, options)
    raise _unknown(text, options)


def read_several(answer: object, options: Mapping[str, str]) -> tuple[str, ...]:
    """The ids that are meant, each once, in the order of the question.

    Raises:
        Unreadable: something that is none of the options.
    """
    found = _sequence(answer, options)
    return tuple(name for name in options if name in found)


def read_order(answer: object, options: Mapping[str, str], prompt: str = "") -> tuple[str, ...]:
    """All ids in the order that is meant.

    Raises:
        Unreadable: not each entry once.
    """
    if isinstance(answer, str) and re.search(r"(?<![-=])>|<(?!-)", answer) and _SIZES.search(prompt.lower()):
        raise Unreadable("Signs such as < and > can be read in two ways here. Write the letters from first to last.")
    found = _sequence(answer, options)
    if sorted(found) != sorted(options):
        raise Unreadable(f"Put each of {', '.join(options)} once into your list, in your order.")
    return tuple(found)


def read_table(answer: object, rows: Sequence[str], columns: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """The column meant for each row, and a sentence for each entry that cannot be read. A row given twice is not given.

    Raises:
        Unreadable: no table, or one in which no row can be read.
    """
    if isinstance(answer, list) and len(answer) == len(rows):
        answer = dict(zip(rows, answer, strict=True))
    if isinstance(answer, str):
        answer = _written_table(answer, rows)
    if not isinstance(answer, dict):
        raise Unreadable(f"This asks for a table with a line for each row, and your answer is {quoted(answer)}.")
    known = {key: row for row in rows for key in (_row_key(row, rows), _squeezed(row))}
    given: dict[str, str] = {}
    told, seen = [], set()
    for name, value in list(answer.items())[:MAX_CHOSEN]:
        row = known.get(_row_key(str(name), rows), known.get(_squeezed(name)))
        if row is None:
            told.append(f"There is no row {quoted(name)} here.")
        elif row in seen:
            told.append(f"{row} is answered twice.")
            given.pop(row, None)
        elif (column := _column(value, columns)) is not None:
            given[row] = column
        elif value != "":
            told.append(f"{row}: {quoted(value)} is not one of {listed(list(columns))}.")
        seen.add(row)
    if not given:
        raise Unreadable(" ".join(told[:5]) or "No row of the table is filled in.")
    return given, told[:5]


# --------------------------------------------------------------------------------------------------------- letters
def _text(answer: object) -> str:
    if isinstance(answer, (int, float)) and not isinstance(answer, bool) and abs(answer) < 10**6:
        return f"{answer:g}"
    if not isinstance(answer, str):
        raise Unreadable(f'Your answer is {quoted(answer)}. Write the letter of an option in quotes, like "b".')
    return answer[:MAX_LENGTH]


def _entries(answer: list[object], options: Mapping[str, str]) -> list[object]:
    if len(answer) > MAX_CHOSEN:
        raise Unreadable(f"Your answer has {len(answer)} entries. Choose from {', '.join(options)}.")
    return answer


def _one(text: str, options: Mapping[str, str]) -> str | None:
    """The option that a text names by its letter, its number, its words, or letter and words that do not disagree."""
    if (by_name := _named(text, options)) is not None:
        return by_name
    if (by_words := _by_text(text, options, (_folded, _squeezed))) is not None:
        return by_words
    led = _LED.sub("", english(text))
    if (reason := _REASON.search(led)) and (name := _named(led[: reason.start()], options)) is not None:
        return name
    letter = re.match(r"\s*[(\[]?\s*([A-Za-z]|\d{1,3})\s*(?:[)\].:,;=-]+\s*|\s+[(\u2013-]\s*)(?=\S)", led)
    name = _named(letter[1], options) if letter else None
    if letter is None or name is None:
        return _by_text(text, options)
    return _with_text(text, name, letter[0], led[letter.end() :], options)


def _with_text(text: str, name: str, letter: str, rest: str, options: Mapping[str, str]) -> str | None:
    """The option of a letter with words behind it, which name no other one."""
    if _ids(rest, options) is not None:  # more letters
        return None
    other = _by_text(rest.strip(" ()"), options)
    if name.isdigit() and re.search(r"[-=]", letter) and other != name:
        return _by_text(text, options)  # `1 - b1**t` is code, and no line 1
    if other not in (None, name):
        raise Unreadable(f"{quoted(text)} names option {name} with the text of option {other}. Keep the one you mean.")
    return name


def _named(text: str, options: Mapping[str, str]) -> str | None:
    known = {name.casefold(): name for name in options}
    bare = _LED.sub("", english(digits(without_latex(text)))).strip(" ().:[]{}\"'`,;$*").casefold()
    if bare in known:
        return known[bare]
    ordinal = re.fullmatch(r"(?:the )?(?:0*(\d+)(?:st|nd|rd|th|\.0)?|([a-z]+))(?: line| one)?", bare)
    if ordinal and all(name.isdigit() for name in options):
        words = next((words for words in (_ORDINALS, _CARDINALS) if ordinal[2] in words), None)
        number = ordinal[1] or (str(words.index(ordinal[2]) + 1) if words else "")
        return known.get(number)
    return None


def _by_text(text: str, options: Mapping[str, str], ways: Sequence[Callable[[str], str]] = ()) -> str | None:
    """The one option whose words, code or number a text is."""
    for same in ways or (_folded, _squeezed, _special, _without_name, _its_number, _beginning):
        wanted = same(text)
        found = [name for name, option in options.items() if wanted and _match(same, wanted, option)]
        if len(found) == 1 and (same not in (_without_name, _its_number) or not _shared_numbers(text, options)):
            return found[0]
        if found:
            return None
    return None if ways else _by_value(text, options) or _by_call(text, options) or _by_part(text, options)


def _shared_numbers(text: str, options: Mapping[str, str]) -> bool:
    """Return whether several options have the numbers of a text."""
    wanted = _numbers(text)
    return bool(wanted) and sum(wanted <= _numbers(option) for option in options.values()) > 1


def _numbers(text: str) -> set[float]:
    found = re.findall(r"(?<![\w.,])[-+]?\d+(?:[.,]\d+)?(?![\w.,]*\d)", digits(_shortened(text)))
    return {float(number.replace(",", ".")) for number in found}


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
    match = re.fullmatch(r"(?:\w+\s*=\s*)?([A-Za-z_]\w*)\s*\(([^()]*)\)", _shortened(text).strip(" `.;"))
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


def _by_part(text: str, options: Mapping[str, str]) -> str | None:
    """The one option that has all the words and settings of a text: `Adam` and `Adam with lr 0.5` of `Adam, lr = 0.5`.

    Of lines of code it is a part as it stands. A text that denies something names nothing.
    """
    if all(name.isdigit() for name in options):
        part = _squeezed(text)
        found = [name for name, line in options.items() if len(part) >= LEAST_PART and part in _squeezed(line)]
        return found[0] if len(found) == 1 and re.search(r"[^\w.]", part) else None
    led = _LED.sub("", english(_shortened(text)))
    reason = _REASON.search(led)
    said = _tokens(led[: reason.start()] if reason else led)
    if _DENIED.search(_folded(text)):
        return None
    for wanted in (said, said - {"only", "just"}):
        found = [name for name, option in options.items() if wanted <= _tokens(option)]
        if len(found) == 1 and not wanted <= _ALL and any(len(word) > 2 for word in wanted):
            return found[0]
    return None


def _tokens(text: str) -> set[str]:
    """The words of a text, each number with the word before it (`lr=0.5`), without words that say nothing."""
    text = re.sub(r"\b(?:instead|rather than|in lieu)(?: of)?\b", "in place of", text, flags=re.IGNORECASE)
    bare = re.sub(r"[()\[\]{}`,;:]+(?!\d)", " ", re.sub(r"(?<=\w)-(?=\w)", " ", _folded(text)))
    found = set()
    for word, number in re.findall(r"(-?[a-z_µα-ωϵ]\w*)(?:\s*[= ]\s*([-+]?\d*[.,]?\d+))?|[-+]?\d*[.,]?\d+", bare):
        found |= {word} if not number else {word, f"{word}={float(number.replace(',', '.')):g}"}
    numbers = len(re.findall(r"(?<![\w.,])[-+]?\d*[.,]?\d+", bare))
    alone = numbers - sum("=" in one for one in found)
    return (found - _EMPTY - {""}) | ({"#"} if alone > 0 else set())


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


def _special(text: str) -> str:
    """`inf`, `-inf` and `nan` by their other names."""
    bare = re.sub(r"\b(?:np|numpy|math|torch)\.|^float\(|[()\"'`\s]", "", digits(without_latex(text)).casefold())
    bare = (
        re.sub("infinity|infty|\u221e", "inf", re.sub(r"^(?:minus|negative)", "-", bare)).replace("\\", "").lstrip("+")
    )
    bare = "nan" if bare == "notanumber" else bare
    return bare if bare in ("inf", "-inf", "nan") else ""


def _match(same: Callable[[str], str], wanted: str, option: str) -> bool:
    if same is _beginning:
        return len(wanted.split()) > 2 and f"{_folded(option)} ".startswith(f"{wanted} ")
    if same is _its_number and not re.fullmatch(r"(?:[\w ]+=\s*)?[-\d.,]+", option.strip()):
        return False
    return same(option) == wanted


def _folded(value: object) -> str:
    text = digits(without_latex(_shortened(value))).replace("×", "x").replace("`", "").replace("'", "")
    return " ".join(text.casefold().split()).strip(' ,;:!"()').rstrip(".")


def _shortened(value: object) -> str:
    return value[:MAX_LENGTH] if isinstance(value, str) else ""


def _squeezed(text: object) -> str:
    """Code without its spaces."""
    return re.sub(r"\s+", "", _folded(text)).replace("**", "^")


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
    found = re.findall(r"(?<![\w.,])[-+]?\d+(?:[.,]\d+)?(?![\w.,]*\d)", digits(_shortened(text)))
    return f"{float(found[0].replace(',', '.')):g}" if len(found) == 1 and not _DENIED.search(text.lower()) else ""


def _beginning(text: str) -> str:
    return _folded(text)


def _sequence(answer: object, options: Mapping[str, str]) -> list[str]:
    """The ids in an answer: ["b", "c"], "b, c", "(b) and (c)", "bc", "b → c", 7, or the options' texts."""
    if isinstance(answer, list):
        found = []
        for entry in _entries(answer, options):
            if isinstance(entry, str) and not entry.strip():
                continue
            name = _one(_text(entry), options)
            if name is None:
                several = _ids(_text(entry), options) if len(answer) == 1 else None
                if several is None:
                    raise _unknown(_text(entry), options)
                found += several
            else:
                found.append(name)
    else:
        text = _text(answer)
        ids = _ids(text, options)
        one = None if ids else _one(text, options)
        parts = None if ids or one else _parts(text, options)
        found = ids or ([one] if one else None) or parts or []
        if not found and text.strip().casefold() in ("all", "all of them", "all of these"):
            found = list(options)
        if not found:
            raise _unknown(text, options)
    if not found:
        raise Unreadable(f"Choose from {', '.join(options)}.")
    return found


def _ids(text: str, options: Mapping[str, str]) -> list[str] | None:
    """The ids that a text consists of and of nothing else; None if it has other words."""
    known = {name.casefold(): name for name in options}
    text = _LED.sub("", english(digits(text))).casefold().replace(")(", ") (")
    text = _AROUND.sub(" ", text)
    text = re.sub(r"(?:->|=>|[→>⇒<←⟶➝]|\b(?:and|then|und|plus)\b|[,;&+/|]|\\to|\\rightarrow)", " ", text)
    text = re.sub(r"(?m)^\s*\d+\s*[.):=]\s*(?=[a-z])|(?<=\s)\d+\s*[.):=]\s*(?=[a-z]\b)", " ", text)
    words = [word.strip("().:[]{}\"'`*-$") for word in text.split()]
    words = [word for word in words if word]
    if len(words) == 1 and words[0] not in known:
        word = words[0].replace("-", "")
        if len(word) == len(set(word)) and all(len(name) == 1 and name.isalpha() for name in known):
            words = list(word)
    return [known[word] for word in words] if words and all(word in known for word in words) else None


def _parts(text: str, options: Mapping[str, str]) -> list[str] | None:
    """Options' texts with a semicolon, a new line, an arrow or a comma between them, each another one."""
    for signs in (r"[;\n]|->|→", r"[;\n]|->|→|,(?!\d)|\band\b"):
        parts = [part for part in re.split(signs, text) if part.strip()]
        found = [_one(part, options) for part in parts]
        if len(parts) > 1 and all(found) and len(set(found)) == len(found):
            return [name for name in found if name]
    return None


def _count(found: Sequence[str], options: Mapping[str, str]) -> Unreadable:
    if not found:
        return Unreadable(f"Choose from {', '.join(options)}.")
    return Unreadable(f"This asks for one answer, and you gave {len(found)}. Keep the one you mean.")


def _unknown(text: str, options: Mapping[str, str]) -> Unreadable:
    return Unreadable(f"{quoted(text)} is none of the options. Choose from {', '.join(options)}.")


# ---------------------------------------------------------------------------------------------------------- tables
def _column(value: object, columns: Sequence[str]) -> str | None:
    """The one column that is meant: its text, or the same multiple (`0.2*lr`, `lr`, `0.2` for `0.2 × lr`)."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        value = repr(value)[:MAX_LENGTH] if isinstance(value, float) else str(value) if abs(value) < 10**9 else ""
    if not isinstance(value, str):
        return None
    wanted = _folded(value)
    exact = [column for column in columns if _folded(column) == wanted]
    if not exact:
        exact = [column for column in columns if _interval(column) == _interval(value)]
    if not exact and (multiple := _multiple(english(wanted))):
        exact = [column for column in columns if _same_multiple(multiple, _multiple(_folded(column)))]
        if len(exact) > 1:  # `1.0` is 1, where there is an x too
            exact = [column for column in exact if (_multiple(_folded(column)) or multiple)[1] == multiple[1]]
    if not exact and any(len(word) > 2 and word != "the" for word in _words(value)):
        exact = [column for column in columns if _words(value) <= _words(column)]  # `ramp` for `on the ramp`
    return exact[0] if len(exact) == 1 else None


def _interval(text: str) -> str:
    """A column without its spaces, and with one name for infinity: `[0; +inf)` for `[0, ∞)`."""
    return re.sub(r"\+?(?:infinity|infty|inf|∞)", "inf", _squeezed(text).replace("\\", "")).replace(";", ",")


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", _folded(text)))


def _row_key(name: str, rows: Sequence[str]) -> str:
    """A row's name without what all rows have in front: `21` of `t = 21` and `t=21`."""
    heads = {row.partition("=")[0].strip() for row in rows}
    head = _folded(heads.pop()) if len(heads) == 1 and all("=" in row for row in rows) else ""
    return re.sub(rf"^{re.escape(head)}\s*[=:]?\s*", "", _folded(name)) if head else _squeezed(name)


def _written_table(text: str, rows: Sequence[str]) -> object:
    """A table that is written as a text: `row: column, row: column`, or the columns in the order of the rows."""
    names = {key: row for row in rows for key in (_row_key(row, rows), _folded(row))}
    alone = "|".join(re.escape(name).replace(r"\ ", r"\s*") for name in sorted(names, key=len, reverse=True))
    start = re.compile(rf"(?:^|[,;\n|]|\band\b)\s*({alone})\s*(?:->|=>|[:=→⇒|\t]|\bis\b|(?<=\d)\s)\s*", re.IGNORECASE)
    text = digits(text[:MAX_LENGTH])
    starts = list(start.finditer(text))
    found: dict[str, str] = {}
    for this, following in itertools.zip_longest(starts, starts[1:]):
        row = names.get(_folded(this[1]), names.get(_row_key(this[1], rows), ""))
        if row in found:
            return text  # twice
        found[row] = text[this.end() : following.start() if following else None].strip(" ,;\n")
    if found:
        return found
    parts = [part for part in re.split(r"[;\n]", text) if part.strip()]
    parts = re.split(r",(?!\d)", text) if len(parts) == 1 else parts
    return dict(zip(rows, parts, strict=True)) if len(parts) == len(rows) > 1 else text


def _multiple(text: str) -> tuple[float, str] | None:
    """`0.2 x lr` and `lr x 0.2` as (0.2, "lr"), `3 x` as (3, ""), `lr` as (1, "lr"); None for other texts."""
    text = re.sub(r"\b(?:eta|alpha|learning rate)\b|η|α", "lr", re.sub(r"^(?:about|≈|~|by)\s*", "", text))
    text = re.sub(r"^(lr)\s*[x*·]\s*([\d.,/]+)$", r"\2 x \1", text)
    text = re.sub(r"^(?:twice|double)\b", "2 x", text)
    match = re.fullmatch(r"(?:([\d.,/]+)\s*)?(?:(?:[x*·]|times)?\s*([a-z]{1,3}))?\s*(?:[x*·]|times)?", text)
    if match is None or not (match[1] or match[2]) or (not match[1] and match[2] == "x"):
        return None
    try:
        value = read_number(match[1])[0].value if match[1] else 1.0
    except Unreadable:
        return None
    return value, "" if match[2] in (None, "x") else match[2]


SIZE = ("p", "n", "w")  # what the parameters take, where multiples of that are asked for


def _same_multiple(one: tuple[float, str], other: tuple[float, str] | None) -> bool:
    same = other is not None and abs(one[0] - other[0]) <= 1e-9 * abs(other[0])
    return other is not None and same and (one[1] in ("", other[1]) or (not other[1] and one[1] in SIZE))
