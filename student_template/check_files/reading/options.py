"""Reads which options are meant, one, several or all in an order: by letter, number, or words (`wording`)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from .languages import english
from .plain import digits, without_latex
from .wording import LED, MAX_LENGTH, REASON, by_text, each_its_own, folded, squeezed
from .words import Unreadable, quoted

MAX_CHOSEN = 50  # entries of a list or table: no question has as many options
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
_AROUND = re.compile(  # words around letters that change nothing
    r"\b(?:only|both|just|first|second(?:ly)?|third(?:ly)?|fourth|fifth|sixth|finally|lastly|next|last|as well as|"
    r"(?:the |my )?(?:correct |right )?(?:order|sequence)(?: is)?|step(?= \d)|options?|answers?|statements?|"
    r"(?:start|begin|end)(?:s|ing)? with|(?:do |does )?(?:hold|apply)(?: true)?|"
    r"(?:are|is)(?: the)?(?: only)? (?:true|right|correct)(?: ones?| answers?)?)\b"
)
_SURE = re.compile(  # of one letter
    r"^(?:(?:definitely|certainly|probably|maybe|surely|i'm (?:pretty |quite )?sure(?: that)?|(?:it )?must be|la|le|el|"
    r"der|die|das)\b"
    r"[\s,:]*)+|(?: is| are)?(?: the)? (?:right|correct|true)(?: ones?| answers?| options?)?[.!]?$",
    re.IGNORECASE,
)
_TRUE = "yes|true|right|correct|t|y|x|✓"
_FALSE = "no|not|false|wrong|incorrect|f|n|✗"
_SIGNS = str.maketrans("✔☑✅🗸✘☒❌✖", "✓✓✓✓✗✗✗✗", "\ufe0f")  # and no sign for "as a picture"
_EACH = re.compile(rf"\s*\(?([a-z]|\d{{1,2}})(?:[).:=\s-]+(?:is )?|(?=[✓✗]))({_TRUE}|{_FALSE})\s*", re.IGNORECASE)
_WORDS = re.compile(r"(?<![\w*.])[A-Za-z]{2,}(?![\w*.(])")
_RUN = re.compile(rf"\s*(?:only )?(?:the )?(first|last) ({'|'.join(_CARDINALS[1:])})(?: ones?)?\s*", re.IGNORECASE)
_REMARK = re.compile(r"\s*(?![A-Za-z]\s*\()([^()]+?)\s+\((?!.*\b(?:not|or|no|maybe)\b)([^()]*)\)\s*")
_NOT = re.compile(
    r"(?P<meant>.*?)(?:[,;]\s*(?:(?:and|but)\s+)?|\s+(?:and |but )?)not (?P<denied>[^.]*)\s*", re.IGNORECASE | re.DOTALL
)
_BUT = re.compile(r"\s*not (?P<denied>[^.]*?),? but (?P<meant>[^.]*)\s*", re.IGNORECASE)
_ALL_FALSE = re.compile(  # d and e are false
    r"\s*(?:only )?(?P<those>[a-z](?:(?:\s*[,;&]\s*|\s+)(?:and\s+)?[a-z])*)"
    r"(?: are| is|,)? (?:false|wrong|incorrect|not true|untrue)[.!]?\s*",
    re.IGNORECASE,
)
_BACKWARD = re.compile(r"[←⟵⇐]|<-")
_SIZES = re.compile(
    r"\b(?:(?P<up>least|smallest|lightest|light|fewest|increasing|rising)|most|largest|heaviest|heavy|decreasing|falling)\b"
)
_THROUGH = re.compile(r"\s*([a-z])\s+(?:through|thru|bis|hasta)\s+([a-z])\s*", re.IGNORECASE)


def read_one(answer: object, options: Mapping[str, str], prompt: str = "") -> str:
    """The id of the one option that is meant.

    Raises:
        Unreadable: none, or more than one.
    """
    if isinstance(answer, list):
        texts = [_text(entry) for entry in _entries(answer, options)]
        found = list(dict.fromkeys(read_one(text, options, prompt) for text in texts if text.strip()))
        if len(found) != 1:
            raise _count(found, options)
        return found[0]
    text = _text(answer)
    affirmed = _affirmed(text, options)
    if (meant := _one(text, options, prompt) or _one(affirmed, options, prompt)) is not None:
        return meant
    several = _ids(text, options)
    if several is not None and len(set(several)) > 1:
        raise _count(several, options)
    raise _unknown(text, options)


def _affirmed(text: str, options: Mapping[str, str], *, every: bool = False) -> str:
    """Return what is said to be meant, without letters that are said not to be: `c, not e`, `not e but c`.

    `every`: only where something is said of each option; of the others nobody knows.
    """
    told = english(text)
    said = _BUT.fullmatch(told) or _NOT.fullmatch(told)
    if said is None:
        return text
    right = _ids(said["meant"], options)
    wrong = _ids(re.sub(r"\bnot\b|\bor\b", " ", said["denied"]), options)
    if not right or not wrong:
        return text
    if set(right) & set(wrong) or (every and len({*right, *wrong}) < len(options)):
        raise _unknown(text, options)
    return said["meant"]


def read_several(answer: object, options: Mapping[str, str]) -> tuple[str, ...]:
    """The ids that are meant, each once, in the order of the question.

    Raises:
        Unreadable: something that is none of the options.
    """
    found = _true_ones(answer, options) if isinstance(answer, str) else None
    meant = _affirmed(answer, options, every=True) if isinstance(answer, str) else answer
    found = _sequence(meant, options) if found is None else found
    return tuple(name for name in options if name in found)


def _true_ones(text: str, options: Mapping[str, str]) -> list[str] | None:
    """The options that are said to be true where each is said to be true or false: `a: yes, b: no`; else None.

    Raises:
        Unreadable: `a-c`, which may be two letters or all from one to the other.
    """
    if (ends := re.fullmatch(r"\s*([a-z])\s*-\s*([a-z])\s*", digits(text), re.IGNORECASE)) and (
        abs(ord(ends[1].lower()) - ord(ends[2].lower())) > 1
    ):
        raise Unreadable(f"{quoted(text)} can be read in two ways. Write each letter, with commas between them.")
    known = {name.casefold(): name for name in options}
    if run := _THROUGH.fullmatch(text):
        names = list(known)
        first, last = (names.index(end.casefold()) if end.casefold() in known else -1 for end in run.groups())
        if 0 <= first < last:
            return [known[name] for name in names[first : last + 1]]
    if (only := _ALL_FALSE.fullmatch(english(_truths(text)))) and _ids(only["those"], options):
        raise _unknown(text, options)  # whether all others are true is not said
    said_true = _said_true(english(_truths(text)), options)
    if said_true is not None:
        return said_true
    text = re.sub(r"(?:\s+is)?\s+(?=[✓✗])", "", text.translate(_SIGNS))
    parts = [part for part in re.split(r"[,;\n]|\band\b", english(_truths(text))) if part.strip()]
    if len(parts) == 1:  # a=T b=F c=T
        parts = re.findall(r"\S+", text)
    said = [_EACH.fullmatch(part) for part in parts]
    if len(parts) < 2 or not all(one and one[1].casefold() in known for one in said):
        return None
    found = [known[one[1].casefold()] for one in said if one and re.fullmatch(_TRUE, one[2], re.IGNORECASE)]
    if not found or len({one[1].casefold() for one in said if one}) < len(said):
        raise _unknown(text, options)
    return found


def _said_true(text: str, options: Mapping[str, str]) -> list[str] | None:
    """The letters of `true: a, d; false: b`, of `a, d (b is false)`, of `a, d (m and v)` and of `all but b`; else None.

    Raises:
        Unreadable: a letter that is said to be true and false.
    """
    if but := re.fullmatch(
        r"\s*(?:all|every(?:thing| one)?)(?: of (?:them|these))?,? (?:except|but|besides|without)(?: for)? (.*)",
        text,
        re.DOTALL,
    ):
        wrong = _ids(but[1], options)
        return [name for name in options if name not in wrong] if wrong else None
    if run := _RUN.fullmatch(text):
        many = _CARDINALS.index(run[2].lower()) + 1
        names = list(options)
        return None if many >= len(names) else names[:many] if run[1].lower() == "first" else names[-many:]
    listed = re.fullmatch(
        r"\s*(?:the )?(?:(?:true|right|correct)(?: ones?| statements?| answers?)?(?: are| is)?)[\s:=]+([^()]*?)"
        r"(?:[;,.\n\s]+(?:the )?(?:false|wrong|incorrect)(?: ones?)?(?: are| is)?[\s:=]+([^()]*))?", text, re.IGNORECASE
    )  # fmt: skip
    others = re.fullmatch(  # a, e are false, the rest true
        r"\s*((?:[a-z][,;\s]+(?:and )?)+)(?:are |is )?(?:false|wrong|incorrect)[;,.\s]+(?:and )?"
        r"(?:(?:all )?(?:the )?(?:others?|rest))[,;\s]+(?:are |is )?(?:true|right|correct)\s*", text, re.IGNORECASE
    )  # fmt: skip
    if others and (wrong := _ids(others[1], options)):
        return [name for name in options if name not in wrong] or None
    listed = listed or re.fullmatch(  # a, c are true, b is false
        r"\s*((?:[a-z][,;\s]+(?:and )?)+)(?:are |is )?(?:true|right|correct)[;,.\s]+(?:and )?"
        r"([a-z](?:[,;\s]+(?:and )?[a-z])*|(?:the )?(?:others?|rest))[,;\s]+(?:are |is )?(?:false|wrong|incorrect)\s*",
        text, re.IGNORECASE,
    )  # fmt: skip
    behind = listed or re.fullmatch(r"([^()]*)\(([^()]*)\)\s*", text)
    right = _ids(behind[1], options) if behind else None
    if behind is None or right is None or (listed is None and len(right) < 2):
        return None
    denied = re.sub(r"\b(?:are|is|were)?\s*(?:false|wrong|incorrect|not true|not)\b", " ", behind[2] or "")
    wrong = _ids(denied, options) or []
    if wrong and (denied == behind[2] or set(wrong) & set(right)) and not listed:
        return None
    if set(wrong) & set(right):
        raise _unknown(text, options)
    return right


def _truths(text: str) -> str:
    text = re.sub(r"\b(?:ja|wahr|richtig|vrai|oui|sí|si|verdadero|correcto|juste)\b", "true", text, flags=re.IGNORECASE)
    return re.sub(r"\b(?:nein|falsch|faux|non|falso|incorrecto)\b", "false", text, flags=re.IGNORECASE)


def read_order(answer: object, options: Mapping[str, str], prompt: str = "") -> tuple[str, ...]:
    """All ids in the order that is meant.

    Raises:
        Unreadable: not each entry once.
    """
    sizes = _SIZES.search(prompt.lower())
    # `b < a` is read alike as sizes and as an order only where the least comes first
    against = r"(?<![-=])[>≥]" if sizes and sizes["up"] else r"[<≤](?!-)"
    if isinstance(answer, str) and sizes and re.search(against, answer):
        raise Unreadable("Signs such as < and > can be read in two ways here. Write the letters from first to last.")
    if isinstance(answer, str) and _BACKWARD.search(answer):
        raise Unreadable("Arrows to the left can be read in two ways. Write the letters from first to last.")
    found = _by_place(answer, options) or _sequence(answer, options)
    if sorted(found) != sorted(options):
        raise Unreadable(f"Put each of {', '.join(options)} once into your list, in your order.")
    return tuple(found)


def _by_place(answer: object, options: Mapping[str, str]) -> list[str] | None:
    """The order of `a=4 b=1 c=2`, where each letter has its place; None where it is not told so."""
    known = {name.casefold(): name for name in options}
    place = r"(?<![a-z])([a-z])(?:\s*[=:]\s*)?(\d+)(?=\D|$)"  # a=4, a: 4, a4
    pairs = re.findall(place, answer.casefold()) if isinstance(answer, str) else []
    left = re.sub(place, "", str(answer).casefold()).strip(" ,;.\n")
    places = {int(place): letter for letter, place in pairs}
    if re.sub(r"[\s,;]", "", left) or sorted(places) != list(range(1, len(options) + 1)):
        return None
    return [known[places[at]] for at in sorted(places)] if set(places.values()) == set(known) else None


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


def _one(text: str, options: Mapping[str, str], prompt: str = "") -> str | None:
    """The option that a text names by its letter, its number, its words, or letter and words that do not disagree."""
    if (by_name := _named(text, options)) is not None:
        return by_name
    if (by_words := by_text(text, options, (folded, squeezed))) is not None:
        return by_words
    if (remark := _REMARK.fullmatch(text)) and (name := by_text(remark[1], options)) is not None:
        return name if by_text(remark[2], options, (), prompt) in (None, name) else None  # 0.16 (12 steps)
    led = LED.sub("", english(text))
    if (reason := REASON.search(led)) and (name := _named(led[: reason.start()], options)) is not None:
        return name
    letter = re.match(
        r"\s*[(\[]?\s*([A-Za-z]|\d{1,3})\s*(?:[-=]>\s*|[→⇒]\s*|[)\].:,;=-]+\s*|\s+[(\u2013-]\s*)(?=\S)", led
    )
    name = _named(letter[1], options) if letter else None
    if letter is None or name is None:
        return by_text(re.sub(r" is wrong[.!]?\Z", "", text), options, (), prompt)
    return _with_text(text, name, letter[0], led[letter.end() :], options)


def _with_text(text: str, name: str, letter: str, rest: str, options: Mapping[str, str]) -> str | None:
    """The option of a letter with words behind it, which name no other one."""
    if _ids(rest, options) is not None or _ids(re.split(r"[,;&]|\band\b|\bbut\b", rest)[0], options) is not None:
        return None  # more letters
    other = by_text(rest.strip(" ()"), options)
    if name.isdigit() and re.search(r"[-=]", letter) and other != name and len(_WORDS.findall(rest)) < 3:
        return by_text(text, options)  # `1 - b1**t` is code, and no line 1
    if other is None and not re.search(r"[^\W\d_]{2}|\d", rest):
        return None  # `a, x`: another letter, of no option
    if other not in (None, name):
        raise Unreadable(f"{quoted(text)} names option {name} with the text of option {other}. Keep the one you mean.")
    return name


def _named(text: str, options: Mapping[str, str]) -> str | None:
    known = {name.casefold(): name for name in options}
    bare = _SURE.sub("", LED.sub("", english(digits(without_latex(text))))).strip(" ().:[]{}\"'`,;$*!?").casefold()
    if bare in known:
        return known[bare]
    ordinal = re.fullmatch(r"(?:the )?(?:0*(\d+)(?:st|nd|rd|th|\.0)?|([a-z]+))(?: line| one)?", bare)
    if ordinal and all(name.isdigit() for name in options):
        words = next((words for words in (_ORDINALS, _CARDINALS) if ordinal[2] in words), None)
        number = ordinal[1] or (str(words.index(ordinal[2]) + 1) if words else "")
        return known.get(number)
    return None


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
    text = LED.sub("", english(digits(text))).casefold().replace(")(", ") (")
    text = re.sub(r"(?<=\b[a-z])\.(?=[a-z]\b)", " ", _AROUND.sub(" ", text))
    text = re.sub(
        r"(?:->|=>|[\u2190-\u21ff\u2794-\u27be\u27f0-\u27ff<>≤≥·•∙⋅…»▶▷▸▹►▻]|\.{2,}|\b(?:and|then|plus|before)\b|[,;&+/|]|\\to|\\rightarrow)",
        " ",
        text,
    )
    text = re.sub(
        r"(?m)^\s*\d+(?:st|nd|rd|th)?\s*[.):=]?\s*(?=[a-z])|(?<=\s)\d+(?:st|nd|rd|th)?\s*[.):=]?\s*(?=[a-z]\b)",
        " ",
        text,
    )
    words = [word.strip("().:[]{}\"'`*-$") for word in text.split()]
    words = [word for word in words if word]
    if len(words) == 1 and words[0] not in known:
        word = words[0].replace("-", "")
        if len(word) == len(set(word)) and all(len(name) == 1 and name.isalpha() for name in known):
            words = list(word)
    return [known[word] for word in words] if words and all(word in known for word in words) else None


def _parts(text: str, options: Mapping[str, str]) -> list[str] | None:
    """Options' texts with a semicolon, a new line, an arrow or a comma between them, each another one."""
    for signs in (r"[;\n]|->|→", r"[;\n]|->|→|,(?!\d)|\band\b", r"[;\n]|(?<=[a-z)])\.\s+"):
        parts = [part for part in re.split(signs, text) if part.strip()]
        if len(parts) > len(options):
            continue
        found = [_one(part, options) for part in parts]
        if len(parts) > 1 and all(found) and len(set(found)) == len(found):
            return [name for name in found if name]
        if len(parts) > 1 and (by_word := each_its_own(parts, options)):
            return by_word
    return None


def _count(found: Sequence[str], options: Mapping[str, str]) -> Unreadable:
    if not found:
        return Unreadable(f"Choose from {', '.join(options)}.")
    return Unreadable(f"This asks for one answer, and you gave {len(found)}. Keep the one you mean.")


def _unknown(text: str, options: Mapping[str, str]) -> Unreadable:
    return Unreadable(f"{quoted(text)} is none of the options. Choose from {', '.join(options)}.")
