"""Reads a number with a unit as people write them: "37.25 GiB", "4×10¹⁰ B", "1,12·10^11 bytes", "5 h 20 min", "ten".

A comma or point that can only be a decimal one is one, in the customs of all countries; where it can be both
("1,500"), it is read as here ("," between thousands, "." before decimals), and the other reading is kept beside it.
"""

from __future__ import annotations

import contextlib
import math
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from . import arithmetic, units
from .arithmetic import FUNCTIONS, finite
from .quantities import AGREEING, Quantity, agree, base_unit, divided
from .spelled import FOLD, LARGE, SCALES, SMALL
from .spelled import spelled as spelled_out
from .states import at_asked_step
from .tidy import tidied
from .words import Unreadable, amount, quoted

MAX_LENGTH = 400  # characters: a number, its working and a sentence why

_DIGITS = r"(?:\d{1,3}(?: \d{3})+(?!\d)(?:[.,]\d+)?|\d+(?:[.,'_]\d+)*|[.,]\d+)"
_NUMBER = re.compile(rf"{_DIGITS}\.?(?:[eE][+-]?\d{{1,4}}(?![A-Za-z0-9]))?")
_WORD = re.compile(r"log(?:10|2)(?=\()|[A-Za-zµμ]+|%")
_POWER_OF_E = re.compile(r"(?:(?<=[^A-Za-z0-9_.])|\A)e\s*(?=\^|\*\*)")
_LEAD = re.compile(
    r"(?:(?:extra|additional(?:ly)?|about|approx(?:imately)?|ca|circa|perhaps|maybe|probably|"
    r"roughly|around|nearly|almost|exactly|precisely|some|equals|equal to|"
    r"(?:(?:the |my )?(?:answer|result|solution|value|factor|ratio)(?: is| of)?|it is|it's|is)|by a factor of|"
    r"(?:it|that|this|one|we|you|i|they|there)(?:'s| is| are| needs?| takes?| gets?| costs?| makes?| requires?|"
    r"(?: would| will| can| may| must)(?: be| need| take))|"
    r"(?:it |θ |theta )?(?:(?:is |goes )?back|stays|remains|still|use|choose|take|set)"
    r"(?: (?:at|to|it to|lr|lr to))?(?= [-\d.])|"
    r"(?:it |this )?(?:converges|settles|tends|goes) (?:to|at|towards)|"
    r"in the (?:limit|end|long run)|eventually|the same|(?:after |in )?both steps|i\.e|"
    r"i(?:'d| would)? (?:think|guess|believe|say)(?: it(?:'s| is))?|"
    r"so|then|therefore|hence|thus|gives?|makes|needs?|takes?|"
    r"(?:(?:it|m|v) (?:is|gets) )?multiplied by|after|by a|by|a|an)\b[.,]?:?|"
    r"[~≈→]|->|times(?= [\d.])|[x×](?= ?[\d.]))\s*(?=\S)",
    re.IGNORECASE,
)
_MOST = re.compile(
    r"(?:≤|<=|at most|up to|no more than|not more than|max(?:imum|imal(?:ly)?)?\b\.?)\s*(?=\S)", re.IGNORECASE
)
_LEAST = re.compile(
    r"(?:≥|>=|at least|no less than|not less than|min(?:imum|imal(?:ly)?)?\b\.?)\s*(?=\S)", re.IGNORECASE
)
_SENTENCE = re.compile(  # Adam saves about 1.83 hours
    r"(?!.*\b(?:not|never|no|than|less|more|or)\b)(?:[A-Za-z]+ ){1,5}"
    r"(?:is|are|needs?|takes?|saves?|costs?|requires?|equals?|gives?|uses?)(?: about| only)? (?=[-~≈]? ?[\d.])"
)
_SO = re.compile(  # halve it, so 0.0005
    r"(?!.*\b(?:not|never|no|than|or|vs)\b)(?:(?:[A-Za-z]+(?: [1-9])?,? ){1,8}|[^=]*[A-Za-z], )"
    r"(?:so|thus|hence|therefore|giving|which gives) (?=[-~≈]? ?[\d.])"
)
_BESIDE = re.compile(r"(?:the )?(?:half|twice|double|triple|quadruple)(?: (?:the|of|that|it)\b.*)?", re.IGNORECASE)
_CHANGED = re.compile(r"\bYou (?:change|go|move) (?:to|from)\b")
_DIVERGES = re.compile(
    r"^(?:it |gd |sgd )?diverges?(?: (?:for|if|when|once|with|at))? (?=.*(?:>|≥|above|over|beyond))", re.IGNORECASE
)
_WHOLE = re.compile(  # 9.75 -> 10
    r"([\d.,]+)\s*(?:,|;|->|=>|→|≈|~|\bso\b|\bthus\b|\bhence\b|\btherefore\b|\brounded\b|\bup\b|\bdown\b|\bto\b|\bmeans\b|"
    r"\bi\.e\.|\s)+(\d+)\b(?![.,]\d)"
)
_STEP = re.compile(
    r"(?<!\w)(?:(?:from|at|after|in) )?(?:the )?(?:step|t|iteration)(?: number| no\.?)?\s*[=:≥]?\s*(?=\d)|"
    r"(?:after|at|from) (?=\d)",
    re.IGNORECASE,
)
_PAST = re.compile(
    r"^(?:[^\W\d]\w*\s*)?[<>≤≥]\s*|"
    r"^(?:above|below|beyond|past|over|at|from|(?:larger|greater|higher|bigger|more) than)\s+"
)
_LIMITED = re.compile(r"\b(?:above|below) a certain\b|\blimit\b", re.IGNORECASE)
_LABEL = re.compile(r"(?:[^\W\d_][^:=;,.]*?\d?\s*|\([^():]*\)\s*):\s+(?=[-+\d.(√~≈a-z])")  # "m and v: "
_TOTAL = re.compile(
    r".*[,;.]\s*(?:(?:so |and )?(?:in )?(?:total|together|sum|altogether|overall))\b\s*(?:is\b)?[:=]?\s*(?=\S*\d)",
    re.DOTALL,
)
_NAMED = re.compile(r"[^\W\d_]\w*\s*\d?\s*:\s+[-+]?\d")  # m: 52.15 GiB
_SYMBOLS = re.compile(r"\d\s*[-+*/^]\s*[α-λν-ωϵ]")
_CLOCK = re.compile(r"(\d{1,3}):([0-5]\d)")
_FACTOR = re.compile(r"[\d.,]+ ?(?:[x×](?![A-Za-z\d ])|times|-?fold)", re.IGNORECASE)
_STATEMENTS = re.compile(r"[;,.]\s+(?:(?:and|so|then) )?(?=[^;,=]*=)")
_STRICT = re.compile(
    r"(?:<|>|(?:less|more|fewer|greater|larger|smaller|higher|lower) than|under|over|below|above)", re.IGNORECASE
)
_ASKS_LEAST = re.compile(r"\b(?:smallest|fewest|lowest|minimum|least number|from which|at least\?)", re.IGNORECASE)
_ASKS_FACTOR = re.compile(r"\b(?:how many times|factor|multiple|fraction|times as)\b", re.IGNORECASE)
_ASKS_PERCENT = re.compile(r"\b(?:how many|what|which|in) per ?cent|\bpercentage|in %", re.IGNORECASE)
_SCALED = re.compile(r"\bhow many (thousand|million|billion|trillion)\b", re.IGNORECASE)

_UP = "longer more larger higher greater bigger"
_DOWN = "less shorter fewer smaller lower slower"
_TOO = re.compile(r"^too (?:(small|short|little|low|weak)|large|long|big|high|much)\b", re.IGNORECASE)
_AS_LONG = re.compile(r"(?:as|so) [a-z]+\b[^\d,;.]*", re.IGNORECASE)
_OF_THAT = re.compile(r"(?:the|of|that)\b[^\d,;.]*", re.IGNORECASE)
_EXTRA = re.compile(
    r"(?:in total|total|altogether|overall|together|all in all|in all|of (?:memory|ram|vram|state|gpu memory)|memory|"
    r"rounded(?! (?:up|down))(?: off)?(?: to \d+ (?:decimals?|digits|places|decimal places|significant figures))?|"
    r"(?:v?ram)|again|more|extra|additional(?:ly)?|needed|required|approx(?:imately|\.)?|or so|roughly|long)\b",
    re.IGNORECASE,
)
_UNCOUNTED = re.compile(
    r"^,?\s*\(?(?:not counting|not including|excluding|without|w/o)"
    r"(?:(?:,| and| or|/)?\s?(?:the|parameters|params|weights|gradients|activations)\b)+\)?",
    re.IGNORECASE,
)
_PER = re.compile(r"(?:/|per|on each|on every|on one|for each|for every|each|a)\s*([A-Za-z]+)\b", re.IGNORECASE)
_BECAUSE = re.compile(r"[\s,;.(:-]*\b(?:because|since|as|so|due to)\b", re.IGNORECASE)
_FOR = re.compile(r"[\s,;.(:-]*\b(?:given|by|from|using|for|with|if|when|at|on|in)\b", re.IGNORECASE)
_TIMES_SYMBOL = r"[*×]?\s*(?:{})(?!\w|\s*[*/^(+-])"
_OF_TIME = re.compile(_TIMES_SYMBOL.format(r"[tT]|[tT]_\w+"))  # 1.2 t_SGD
_OF_RATE = re.compile(_TIMES_SYMBOL.format("lr|eta|alpha|[αη]"))  # 10 lr, where a multiple is asked for
_OF_STATE = re.compile(
    r"\s*(?:(?:optimizer |adam )?state|moments?)\Z|"
    r"\s*(?:of|for|in|as)\s+(?:(?:the|optimizer|adam|state|states|moment|moments|buffers?|m|v|and|both|its|"
    r"memory|parameters|weights|each|alone|momentum|velocity|gpu|ram|used|needed|model|arrays?)\b['s]*\s*)+\Z",
    re.IGNORECASE,
)
_MOMENTS = re.compile(r"\s*(?:just |only )?m (?:and|&|\+) v\s*", re.IGNORECASE)
_LISTED = re.compile(r"(?:[,;]\s*[-+]?[\d.]+)+\s*")
_HEDGE = re.compile(
    r"\bthen (?=[-\d.])|\b(?:or|either|maybe|perhaps|between|not|vs|to|and|plus|minus|times)\b|±|\+/-", re.IGNORECASE
)


if TYPE_CHECKING:
    Found = tuple[list[str], int, float | None]  # parts of arithmetic, the place after them, its other reading


def read(answer: object, prompt: str = "") -> tuple[Quantity, ...]:
    """The amount in an answer, in each way in which the answer states it: "112 GB (104.3 GiB)" has two that agree.

    `prompt` is the question: "20 % longer" is the factor 1.2 where a factor is asked for.

    Raises:
        Unreadable: there is none, it can be read in two ways, or two amounts contradict each other.
    """
    if isinstance(answer, list) and len(answer) == 1:
        answer = answer[0]
    if isinstance(answer, (int, float)) and not isinstance(answer, bool):
        return (Quantity(finite(answer), None),)
    if not isinstance(answer, str):
        raise Unreadable(f'This asks for a number, and your answer is {quoted(answer)}. Write it like "37.25 GiB".')
    if len(answer) > MAX_LENGTH:
        raise Unreadable("This asks for one number with its unit; your answer is much longer than that.")
    reader = _Reader(answer, prompt)
    found = reader.sides(reader.of_clock(tidied(at_asked_step(answer, prompt))))
    return tuple(_rescaled(one, prompt) for one in found)


def shown(found: tuple[Quantity, ...], unit: str = "") -> str:
    """`7.4506 GiB`: how an answer was read; `unit` is what a bare number is taken to be in."""
    main = found[0]
    told = amount(main.value, main.unit if main.unit is not None else unit, 6)
    if main.otherwise is not None and abs(main.otherwise) < abs(main.value):
        told += f" (if you mean {amount(main.otherwise, main.unit or '', 6)}, write a point)"
    return told


def _rescaled(found: Quantity, prompt: str) -> Quantity:
    """`20 billion` where the question asks how many billion: 20."""
    scale = _SCALED.search(prompt)
    if scale is None or abs(found.value) < LARGE[scale[1].lower()] / 1000:
        return found
    return replace(found, value=found.value / LARGE[scale[1].lower()])


class _Reader:
    """One answer, for sentences about it, and its question."""

    def __init__(self, answer: str, prompt: str) -> None:
        self.answer, self.prompt = answer, re.sub(r"Give (?:at least|a whole).*", "", prompt)
        self.whole_number = "Give a whole number" in prompt
        asked = re.search(r"\b(?:in|how many) ([a-z]+)\b", prompt)
        self.asked_unit = units.find(asked[1]) if asked else None

    def trouble(self, why: str) -> Unreadable:
        return Unreadable(f"{quoted(self.answer)} {why}")

    def of_clock(self, text: str) -> str:
        """`6 h 40 min` of `6:40`, where hours are asked for."""
        clock = _CLOCK.fullmatch(text) if self.asked_unit == "hour" else None
        return f"{clock[1]} h {clock[2]} min" if clock else text

    def sides(self, text: str) -> tuple[Quantity, ...]:
        """Return the parts between equals signs: names and working on the left, the answer at the end."""
        text = self.last_statement(text)
        if _BESIDE.fullmatch(text) and _CHANGED.search(self.prompt):
            raise self.trouble("says how many times as much. Write the number itself.")
        text = _SENTENCE.sub("", _TOTAL.sub("", text), count=1) if _SENTENCE.match(text) else _TOTAL.sub("", text)
        text = self.without_words(_SO.sub("", text, count=1))
        if len(_NAMED.findall(re.split(r"[=→]", text)[-1])) > 1:
            raise self.trouble("names several amounts. Write the one that is asked for alone.")
        if not _ASKS_LEAST.search(self.prompt):
            text = re.sub(r"^[A-Za-z_][\w/ ]*≤\s*(?=[\d.])", "", text)  # t_Adam ≤ 1.2 t_SGD
        text = re.sub(r"\(\s*(?:=|≈|≃|i\.e\.,?)\s*", "(", text)
        parts = [
            part.strip()
            for part in re.split(r"(?<=\S)\s*(?:=|≈|≃|→|->|\bi\.e\.,?|\b(?:that|which) (?:is|equals),?)\s*(?=\S)", text)
        ]
        found = self.whole(parts[-1].lstrip("= "))
        for part in parts[:-1]:
            if len(_NAMED.findall(part)) > 1 or _SYMBOLS.search(part):  # 1 - β₁, whose value stands behind
                continue
            if units.find(part) and part:
                raise self.trouble("names a unit before the equals sign. Write one number and one unit after it.")
            try:
                found += self.whole(part)
            except Unreadable:  # a name such as θ, or working in symbols
                continue
        return self.agreeing(found)

    def without_words(self, text: str) -> str:
        """An answer without what only repeats the question: `step` where a step is asked for, `>` of a limit."""
        if self.whole_number:
            text = self.rounded(text)
        if re.search(r"\bstep t\b|\b(?:which step|after how many)\b", self.prompt):
            text = re.sub(
                r"(?<=\d) (?:on|onwards?|(?:and|or) (?:later|after|up|above|beyond|onwards?|on))$",
                "",
                _STEP.sub("", text, count=1),
            )
        if "How far" in self.prompt:
            text = re.sub(r"^(?:(?:it )?moves? by|step size(?: is| of)?:?) (?=[-\d.])", "", text)
        if _LIMITED.search(self.prompt):
            text = _DIVERGES.sub("", text)
            text = _PAST.sub("", text)
        return text

    def last_statement(self, text: str) -> str:
        """`16*5e9/2^30 = 74.5 GiB` of `2+2+4+8 = 16 bytes; 16*5e9/2^30 = 74.5 GiB`: what goes on with a result."""
        first, *others = _STATEMENTS.split(text)
        for statement in others:
            result = re.search(r"=\s*([\d.]+)[^=]*\Z", first)
            if result is None or not re.search(rf"(?<![\d.]){re.escape(result[1])}(?![\d.]).*=", statement):
                return text
            first = statement
        return first if others else text

    def agreeing(self, found: tuple[Quantity, ...]) -> tuple[Quantity, ...]:
        for other in found[1:]:
            near = abs(found[0].value - other.value) < 1
            if self.whole_number and near and found[0].value % 1 == 0 != other.value % 1:
                continue  # ln(0.02)/ln(0.8) -> 18
            counts = self.whole_number and found[0].value != other.value
            if not agree(found[0], other) or (counts and found[0].value % 1 == other.value % 1 == 0):
                raise self.trouble(
                    f"has two different amounts, {shown(found[:1])} and {shown((other,))}. Keep the one you mean."
                )
        return found

    def whole(self, text: str) -> tuple[Quantity, ...]:
        """One side: what leads in, the amount, what it is said to be, and an explanation."""
        text = self.without_lead(_LABEL.sub("", text, count=1))
        found, rest = self.leading(text)
        found, rest = self.summed(found, rest)
        while follow := re.match(r"\s*(?:\(\s*(?P<inside>[^()]*)\)|(?:,?\s*or|/)\s+(?P<after>\S.*))\s*", rest):
            inside = follow["inside"] if follow["inside"] is not None else follow["after"]
            try:
                other = (
                    ()
                    if self.only_factor(inside) or _MOMENTS.fullmatch(inside)
                    else self.whole(re.sub(r"^\s*(?:=|or|i\.e\.)\s*", "", inside))
                )
            except Unreadable:
                if follow["inside"] is None or self.contradicts(found, inside):
                    raise self.trouble("has more than one reading. Write one number and one unit.") from None
                other = ()
            found, rest = self.agreeing((*found, *other)), rest[follow.end() :]
        self.explained(found, rest)
        return found

    def only_factor(self, text: str) -> bool:
        """Return whether this tells a factor, `4x` of `0.2 (4x)`, where none is asked for."""
        return not _ASKS_FACTOR.search(self.prompt) and _FACTOR.match(text) is not None

    def rounded(self, text: str) -> str:
        """The whole number of `65*12/80 = 9.75 → 10` and of `ceil(9.75)`."""
        if (ceiling := re.fullmatch(r"(?:.*=\s*)?(?:ceil\s*\((.*)\)|⌈(.*)⌉)", text)) is not None:
            (found,), rest = self.leading(ceiling[1] or ceiling[2])
            return text if rest.strip() or found.unit else str(math.ceil(found.value - AGREEING / 100))
        *working, last = re.split(r"(?<![<>=])=(?!>)", text)
        found_last = _WHOLE.match(last.strip())
        if found_last is None or abs(self.plain(found_last[1]) - int(found_last[2])) >= 1:
            return text
        for part in working:  # 780/80 = 9.75, so 10
            with contextlib.suppress(Unreadable):
                self.agreeing((Quantity(self.plain(found_last[1]), None), *self.whole(part.strip())))
        return last.strip()[found_last.start(2) :]

    def plain(self, text: str) -> float:
        return float(self.decimal(text.strip(",."))[0])

    def summed(self, found: tuple[Quantity, ...], rest: str) -> tuple[tuple[Quantity, ...], str]:
        """`52.2 GiB + 104.3 GiB`, `3 × 52.2 GiB`, `4 bytes * 14e9`: amounts with units that are reckoned with."""
        found, rest = self.multiplied(found, rest)
        while found[0].unit and (sign := re.match(r"\s*([+-]) (?=[\d.])", rest)):
            (more,), after = self.multiplied(*self.leading(rest[sign.end() :]))
            if not more.unit or not units.same_kind(more.unit, found[0].unit):
                break
            size = units.convert(more.value, more.unit, found[0].unit)
            found = (Quantity(found[0].value + (size if sign[1] == "+" else -size), found[0].unit),)
            rest = after
        return found, rest

    def multiplied(self, found: tuple[Quantity, ...], rest: str) -> tuple[tuple[Quantity, ...], str]:
        """`4 bytes * 14e9`, `14e9 × 4 B ÷ 1024³`, `48 GB/4`: an amount with a unit, times and by numbers."""
        size = found[0]
        while size.unit and (sign := re.match(r"\s*([*×/])\s*(?=[\d.(√])", rest)):
            factor, after = self.factor(rest[sign.end() :])
            if sign[1] == "/":
                divided = self.divided(size, factor, rest[sign.end() :])
                if divided is None:  # 104.3 GiB / 112 GB: the same, said twice
                    break
                size = divided
            elif factor.unit and not (size.unit == "B" and re.search(r"\d ?B\s*[*×]", self.answer)):
                break
            else:
                billions = 1e9 if factor.unit else 1.0  # 14B * 12 bytes
                size = Quantity(finite(size.value * factor.value * billions), factor.unit or size.unit)
            rest = after
        return (size, *found[1:]), rest

    def divided(self, size: Quantity, factor: Quantity, text: str) -> Quantity | None:
        """An amount divided; in the unit that the question names, where the divisor is what that has of this one."""
        if _SCALED.search(self.prompt) and (each := re.match(r"([\d.]+) ?(?:B|bytes?)\b", text)):
            return Quantity(finite(units.convert(size.value, str(size.unit), "B") / float(each[1])), "")  # 80 GB / 16 B
        target = self.asked_unit
        whole = target in units.TIME and size.unit in units.TIME and factor.unit is None
        if whole and factor.value == units.convert(1.0, str(target), str(size.unit)):  # 6600 s / 3600
            return Quantity(finite(size.value / factor.value), target)
        return divided(size, factor)

    def factor(self, text: str) -> tuple[Quantity, str]:
        """One number with its power and its unit, up to the next sign of a product, and what follows."""
        depth = end = 0
        for end, letter in enumerate(text):
            depth += (letter == "(") - (letter == ")")
            sign = letter in "*×/" or (letter in "+-" and text[end - 1] == " ")
            if depth < 0 or (depth == 0 and end and sign and text[end - 1] != "^"):
                break
        else:
            end = len(text)
        (size,), rest = self.leading(text[:end])
        return size, rest + text[end:]

    def without_lead(self, text: str) -> str:
        asks_least = _ASKS_LEAST.search(self.prompt) is not None
        for _ in range(6):
            if bound := (_LEAST if asks_least else _MOST).match(text) or _LEAD.match(text):
                text = text[bound.end() :]
        if _STRICT.match(text) or _MOST.match(text) or _LEAST.match(text):
            raise self.trouble("is a bound and not a number. Write the number alone.")
        return text

    def leading(self, text: str) -> tuple[tuple[Quantity, ...], str]:
        """The amount at the beginning of a text with its unit, and what follows."""
        if fold := re.match(rf"({'|'.join(FOLD)}|[a-z]+(?=-?fold\b))(?:-?fold)?\b", text, re.IGNORECASE):
            value = FOLD.get(fold[1].lower(), SMALL.get(fold[1].lower()))
            if value is not None:
                size, rest = self.relative(Quantity(value, ""), text[fold.end() :].strip(), percent=False)
                return (size,), rest
        size, rest = self.number(text)
        size, rest = self.unit(size, rest)
        if size.unit in units.TIME:
            size, rest = self.compound(size, rest)
        return (size,), rest

    # ------------------------------------------------------------------------------------------------ the number
    def number(self, text: str) -> tuple[Quantity, str]:
        if re.match(r"[+-]?0[xob][0-9a-f]", text, re.IGNORECASE):
            raise self.trouble("is not a decimal number.")
        if spelled := spelled_out(text):
            return Quantity(finite(spelled[0]), None), spelled[1]
        mixed = re.match(r"([+-]?)\s?(\d+) (\d+)/(\d+)(?![\d.,])", text)
        if mixed and 0 < int(mixed[3]) < int(mixed[4]):
            size = int(mixed[2]) + int(mixed[3]) / int(mixed[4])
            return Quantity(finite(-size if mixed[1] == "-" else size), None), text[mixed.end() :]
        expression, rest, otherwise, count = self.expression(text)
        value = self.value(expression)
        return Quantity(value, None, otherwise if count == 1 else None), rest

    def expression(self, text: str) -> tuple[str, str, float | None, int]:
        """The arithmetic at the beginning, what follows, its last number's other reading, and how many it has."""
        parts: list[str] = []
        at, depth, count, otherwise = 0, 0, 0, None
        used, end = 0, 0  # how many parts, and of how much text, the arithmetic may end with
        while at < len(text):
            wanting = not parts or parts[-1] in "+-*/^(√" or parts[-1] in FUNCTIONS
            found = self.operand(text, at) if wanting else self.operator(text, at, depth)
            if found is None:
                break
            more, at, other = found
            if more and more[0][0].isdigit():
                count, otherwise = count + 1, other
            parts += more
            depth += (more == ["("]) - (more == [")"])
            complete = bool(parts) and (parts[-1][0].isdigit() or parts[-1] == ")")
            if depth == 0 and complete:
                used, end = len(parts), at
        if used == 0:
            raise self.trouble('is not a number that can be marked. Write it like "37.25 GiB" or "-0.5".')
        self.refuse_range(parts[:used])
        if otherwise is not None and parts[0] == "-":
            otherwise = -otherwise
        return " ".join(parts[:used]), text[end:], otherwise, count

    def operand(self, text: str, at: int) -> Found | None:
        """A number, a function, a sign or an opening parenthesis."""
        if text[at] == " ":
            return [], at + 1, None
        if _POWER_OF_E.match(text, at):
            return ["e"], at + 1, None
        if number := _NUMBER.match(text, at):
            size, other = self.decimal(number[0])
            return [size], number.end(), other
        word = _WORD.match(text, at)
        if word and word[0].lower() in FUNCTIONS:
            return [word[0].lower()], word.end(), None
        return ([text[at]], at + 1, None) if text[at] in "(√+-" else None

    def operator(self, text: str, at: int, depth: int) -> Found | None:
        """Read what may follow a number: an operator, `x` before another number, `billion`, a closing parenthesis."""
        if text[at] == " ":
            return [], at + 1, None
        if text[at] == "√":  # 10√10
            return ["*"], at, None
        word = _WORD.match(text, at)
        if word and word[0].lower() in SCALES:
            return ["*", repr(SCALES[word[0].lower()])], word.end(), None
        if re.match(r"[x×]\s*[\d(.√+-]", text[at : at + 9], re.IGNORECASE):
            return ["*"], at + 1, None
        return ([text[at]], at + 1, None) if text[at] in "+-*/^" or (text[at] == ")" and depth) else None

    def refuse_range(self, parts: list[str]) -> None:
        """`100-110` is from here to there, and `1-0.9` is arithmetic."""
        plain = len(parts) == 3 and parts[1] == "-" and parts[0][0].isdigit() and parts[2][0].isdigit()
        if plain and float(parts[0]) < float(parts[2]):
            raise self.trouble("can be read as a range. Write one number.")

    def decimal(self, text: str) -> tuple[str, float | None]:
        """Digits with a point before decimals, and the other value that they may be meant to be."""
        mantissa, e, exponent = text.lower().partition("e")
        body = mantissa.rstrip(".")
        signs = re.findall(r"[.,]", body)
        spaced = re.search(r"[ '_]", body) is not None
        otherwise = None
        point = ""
        if len(set(signs)) == 2:
            point = signs[-1]
            if signs.count(point) > 1:
                raise self.trouble("has more than one decimal separator.")
        elif len(signs) == 1 and (spaced or not re.fullmatch(r"[1-9]\d{0,2}[.,]\d{3}", body)):
            point = signs[0]
        elif len(signs) == 1:
            point = "." if signs[0] == "." else ""
            if not e:
                otherwise = float(re.sub("[.,]", "" if point else ".", body))
        whole, _, below = body.rpartition(point) if point else (body, "", "")
        self.grouped(whole)
        size = f"{re.sub('[^0-9]', '', whole) or '0'}.{below or '0'}"
        return (f"{size}e{exponent}" if e else size), otherwise

    def grouped(self, whole: str) -> None:
        """Groups of thousands have three digits, after one to three; India groups by two before the last three."""
        separators = set(re.findall("[^0-9]", whole))
        if not separators:
            return
        mark = re.escape(next(iter(separators)))
        indian = r"|\d{1,2}(?:,\d\d)+,\d{3}"
        if len(separators) > 1 or not re.fullmatch(rf"\d{{1,3}}(?:{mark}\d{{3}})+{indian}", whole):
            raise self.trouble('has separators that are no thousands. Write decimals with a point ("1.5").')

    def value(self, expression: str) -> float:
        try:
            return arithmetic.value(expression)
        except (ArithmeticError, ValueError, Unreadable) as error:
            raise self.trouble("has no finite value that can be marked.") from error

    # -------------------------------------------------------------------------------------------------- the unit
    def unit(self, size: Quantity, rest: str) -> tuple[Quantity, str]:
        text = rest.lstrip(" -")
        if ratio := re.match(r"(?::|to|in)\s*1\b(?![.,]?\d)", text):
            return replace(size, unit=""), text[ratio.end() :]
        of = _OF_RATE if "multiple" in self.prompt else _OF_TIME
        text = self.without_other(text)
        symbol = of.match(text) if _ASKS_FACTOR.search(self.prompt) else None
        if times := symbol or re.match(r"(?:times|fold|[x×*])(?![A-Za-z0-9])", text, re.IGNORECASE):
            return self.relative(replace(size, unit=""), text[times.end() :].strip(), percent=False)
        if percent := re.match(r"(?:%|per ?cent\b|pct\b|percentage points?\b)", text, re.IGNORECASE):
            return self.relative(replace(size, unit="%"), text[percent.end() :].strip(), percent=True)
        many = "|$" if _SCALED.search(self.prompt) else ""
        if scaled := re.match(rf"(?P<scale>[BMG])\s*(?:(?:parameters?|params?|weights)\b{many})", text):
            size = replace(size, value=size.value * {"B": 1e9, "M": 1e6, "G": 1e9}[scaled["scale"]], unit="")
            return size, self.without_extra(text[scaled.end() :])
        name = re.match(r"time units?\b|[A-Za-zµ\u03bc]+(?:[- ]?(?:bytes?|bits?)\b)?", text, re.IGNORECASE)
        found = None if name is None else "" if name[0].lower().startswith("time unit") else units.find(name[0])
        if name and found is not None:
            return replace(size, unit=found), self.without_extra(text[name.end() :])
        if name and not any(cue.match(text) for cue in (_BECAUSE, _FOR, _EXTRA, _HEDGE, _PER)):
            raise self.trouble(
                f"ends with {quoted(text)}, which is not a unit that is known here. Write one number and one unit, "
                'like "37.25 GiB", "40 GB", "4e10 bytes", "12 hours" or "3.16x".'
            )
        return size, self.without_extra(text if text != rest.lstrip(" -") else rest)

    def without_other(self, text: str) -> str:
        """`of SGD's time` is left out, where the question asks for a fraction of that."""
        of = re.match(r"of (?=[A-Z])", text) if _ASKS_FACTOR.search(self.prompt) else None
        other = self.of_other(text[of.end() :]) if of else None
        if of and other:
            return text[of.end() + other.end() :]
        that = re.match(r"of (?:it|that|the)\b[^\d,;.]*", text) if _ASKS_FACTOR.search(self.prompt) else None
        return text[that.end() :] if that else text

    def without_extra(self, rest: str) -> str:
        """Return the rest without words that change nothing: `per GPU` where that is asked for, `in total`, `more`."""
        text = rest.strip()
        if (per := _PER.match(text)) and units.find(per[1]) == "":
            noun = per[1].lower().rstrip("s")
            if not re.search(rf"\b(?:per|each|every|one|an?|single) {noun}\b", self.prompt, re.IGNORECASE):
                raise self.trouble(f"is for one {noun}, which is not what is asked.")
            text = text[per.end() :].strip()
        if (saved := re.match(r"(?:saved|faster|less|quicker|shorter)\b", text)) and re.search(
            r"\bsaves?\b", self.prompt
        ):
            text = text[saved.end() :].strip()
        if re.search(r"\b(?:per|each|every|on one)\b", self.prompt):
            text = re.sub(r"^each\b", "", text).strip()
        if _ASKS_LEAST.search(self.prompt):
            text = re.sub(r"^or more$", "", text)
        if after := re.search(r"\bafter step (\d)\b", self.prompt):
            words = rf"(?:{after[1]}|{[*SMALL][int(after[1])]})"
            text = re.sub(rf"^after (?:the )?(?:step {words}|{words} steps?)(?=\W|$)", "", text).strip()
        if re.search(r"\bnot (?:counted|asked)\b", self.prompt):
            text = _UNCOUNTED.sub("", text)
        for _ in range(3):
            if word := _EXTRA.match(text):
                text = text[word.end() :].strip()
        return text

    def relative(self, size: Quantity, rest: str, *, percent: bool) -> tuple[Quantity, str]:
        """`20 % longer`, `10 times as long`, `5 times smaller`: a factor where one is asked for."""
        rest = _TOO.sub(lambda m: "smaller" if m[1] else "larger", rest)
        word = re.match(r"[a-z]+", rest, re.IGNORECASE)
        how = word[0].lower() if word else ""
        up = how in _UP.split() or (how == "faster" and how in self.prompt)
        down = how in _DOWN.split() and not re.search(rf"\b{how}\b", self.prompt)
        if not up and not down:
            if how in ("faster", *_DOWN.split()):
                raise self.trouble("can be read in two ways. Write the number that is asked for alone.")
            asked = _ASKS_FACTOR.search(self.prompt) or _ASKS_PERCENT.search(self.prompt)
            as_long = _AS_LONG.match(rest) or ((_OF_THAT.match(rest) or self.of_other(rest)) if asked else None)
            return size, rest[as_long.end() :] if as_long else rest
        rest = re.sub(r"^(?:time\b)?\s*(?:than\b[^\d,;]*)?", "", rest[len(how) :].strip())
        if not percent:
            if down and not _ASKS_FACTOR.search(self.prompt):
                raise self.trouble("can be read in two ways. Write the number that is asked for alone.")
            return (replace(size, value=finite(1 / size.value if size.value else math.inf)) if down else size), rest
        if _ASKS_PERCENT.search(self.prompt):
            return size, rest
        if not _ASKS_FACTOR.search(self.prompt):
            raise self.trouble("can be read in two ways. Write the number that is asked for alone.")
        return Quantity(1 + (-size.value if down else size.value) / 100, ""), rest

    def of_other(self, rest: str) -> re.Match[str] | None:
        """`SGD's` of `1.04 times SGD's`, where the question asks for a fraction of what that one has."""
        name = re.match(r"([A-Z]\w+)(?:'s)?\b[^\d,;.]*", rest)
        asked = name and re.search(rf"\b(?:fraction of|as long as a step of) {name[1]}\b", self.prompt)
        return name if asked else None

    def compound(self, size: Quantity, rest: str) -> tuple[Quantity, str]:
        """`5 h 20 min`, `1 day, 3 hours and 5 minutes`: each part in a smaller unit than the one before."""
        last = str(size.unit)
        if half := re.match(r"\s*and (?:an? )?half\b", rest):  # une heure et demie
            return replace(size, value=size.value + math.copysign(0.5, size.value)), rest[half.end() :]
        if spelled := re.match(r"\s*(?:,|and|,\s*and)?\s*(?=[A-Za-z])", rest):
            number = spelled_out(rest[spelled.end() :])
            rest = rest if number is None else f" {number[0]:g} {number[1].strip()}"
        while part := re.match(r"\s*(?:,|and|,\s*and)?\s*(\d+(?:[.,]\d+)?)\s*([A-Za-zµ]+)\b", rest, re.IGNORECASE):
            unit = "min" if part[2] == "m" and last == "hour" else units.find(part[2])
            if unit not in units.TIME or units.TIME[unit] >= units.TIME[last]:
                break
            more = units.convert(float(part[1].replace(",", ".")), unit, str(size.unit))
            size = Quantity(size.value + math.copysign(more, size.value), size.unit)
            last, rest = unit, rest[part.end() :]
        return size, rest

    # ---------------------------------------------------------------------------------------------- what follows
    def explained(self, found: tuple[Quantity, ...], rest: str) -> None:
        """Accept a reason after the amount, and nothing that changes it."""
        text = rest.strip()
        if not text or _BECAUSE.match(text) or _OF_STATE.match(text):
            return
        if other := re.fullmatch(rf"[,;]\s*([+-]?{_DIGITS})", text):
            self.agreeing(
                (found[0], Quantity(self.plain(other[1].lstrip("+-")) * (-1 if "-" in other[1] else 1), None))
            )
        if _LISTED.fullmatch(text) and len(re.findall(r"[,;]", text)) > 1:
            raise self.trouble("names several amounts. Write the one that is asked for alone.")
        weak = _FOR.match(text)
        separated = weak or re.match(r"[,;(]\s*|[.:-]+\s+", text)
        if separated is None or self.contradicts(found, text[separated.end() :], any_amount=weak is not None):
            raise self.trouble(f"goes on with {quoted(text)}, which cannot be read. Write one number and one unit.")

    def contradicts(self, found: tuple[Quantity, ...], text: str, *, any_amount: bool = False) -> bool:
        """Return whether an explanation holds another amount of about the answer's size, or begins with an operator."""
        if _HEDGE.search(text) or re.match(r"\s*[-+*/^×]", text):
            return True
        for number in _NUMBER.finditer(text):
            try:
                other, _ = self.leading(text[number.start() :])
            except Unreadable:
                continue
            if other[0].unit is None or found[0].unit is None or not units.same_kind(other[0].unit, found[0].unit):
                continue
            base = [
                abs(units.convert(one.value, str(one.unit), base_unit(str(one.unit)))) for one in (found[0], other[0])
            ]
            if min(base) * 100 > max(base) and (any_amount or not agree(found[0], other[0])):
                return True
        return False
