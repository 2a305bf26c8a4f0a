r"""Parses a formula as students write it into a tree of a dozen known operations. Nothing is ever evaluated as code.

    θ − lr·m̂ / (√v̂ + ε)     theta - lr * m_hat / (sqrt(v_hat) + eps)     v ← β v + g     \theta(1-\text{lr}\,\lambda)

A tokenizer and a Pratt parser, bounded in length, depth and size before anything is computed. Multiplication may
be left out where it can be read in one way only: `2g`, `lr g`, `2(a+b)`, `lr(a+b)`, but not in `a/b c` or `g(t)`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from .plain import formula as plain_text
from .words import Unreadable, listed, quoted

MAX_LENGTH = 400  # characters: a whole AdamW step in words has 150
MAX_NODES = 150  # a whole AdamW step has 40
MAX_WHOLE = 600  # nodes of several statements put into each other
MAX_DEPTH = 40
MAX_STATEMENTS = 5  # m, v, both corrections, θ
FUNCTIONS = ("sqrt", "abs", "exp", "log", "ln", "sin", "cos", "square")
OF_TWO = {"pow": "^", "power": "^", "add": "+", "subtract": "-", "multiply": "*", "divide": "/"}  # NumPy's names
SYNONYMS = (  # what one thing is called in the notes, papers and libraries; used where one of a line is asked for
    ("lr", "alpha", "eta", "learningrate", "stepsize"),
    ("mu", "momentum", "beta"),
    ("beta1", "b1"),
    ("beta2", "b2"),
    ("eps", "epsilon"),
    ("lambda", "lam", "wd", "weightdecay", "decay"),
    ("g", "grad", "gradient", "gradl", "nablal"),
    ("theta", "w", "param", "p", "weight"),
    ("mhat", "mcorrected"),
    ("vhat", "vcorrected"),
    ("v", "s", "velocity", "vel"),
    ("t", "step", "stepcount"),
)
_TOKEN = re.compile(
    r"(?P<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+(?![A-Za-z_]))?)|(?P<name>[A-Za-z][A-Za-z0-9_]*)"
    r"|(?P<op>\*\*|[-+*/^()√|,])"
)
_ASSIGNED = re.compile(r"(-=|\+=|\*=|/=|:=|==|=|←|<-|→)")
_WHERE = re.compile(r"\b(where|with|wobei|mit|avec|où)\b")
_NAME = re.compile(
    r"^(?:(?:the|my|new|updated|next|answer|result|formula|update|step|theta|θ|w)\s*){1,3}:(?!=)\s*", re.IGNORECASE
)
_SPOKEN = {"minus": "-", "plus": "+", "times": "*", "divided by": "/"}
_INDEX = re.compile(r"(?<=.)(?:_?(prev|old|next|new)|_(t))$")  # of time


@dataclass(frozen=True)
class Node:
    """An operation and what it works on; for `number` and `symbol` its `text`."""

    op: str
    args: tuple[Node, ...] = ()
    text: str = ""


def parse(text: str, symbols: Iterable[str], functions: Sequence[str] = FUNCTIONS) -> Node:
    """The formula in `text` (what stands right of = or ←), in these symbols and their other spellings.

    Several statements are put into each other: `g = g + lam*theta; theta - lr*g`.

    Raises:
        Unreadable: too long, not a formula, or one that can be read in two ways.
    """
    if len(text) > MAX_LENGTH:
        raise Unreadable(f"Your formula is longer than {MAX_LENGTH} characters. Write one expression.")
    names = {plain(plain_text(name).replace(" ", "")): name for name in symbols}
    statements = [part for part in re.split(r"[;\n]", plain_text(_in_order(text, names))) if part.strip()]
    if not statements or len(statements) > MAX_STATEMENTS:
        raise Unreadable(f"Your formula {quoted(text)} has {len(statements)} statements. Write one expression.")
    known: dict[str, Node] = {}
    for statement in statements:
        left, augmented, right = _assigned(statement)
        own = {} if augmented else _own_name(left, right, names, known)
        node = _Parser(right, {**names, **own}, text, known, functions).whole()
        if not left.strip() and statement is not statements[-1]:
            raise Unreadable(f"Your formula {quoted(text)} has a statement that is used nowhere. Write one expression.")
        if augmented:
            node = Node(augmented, (_Parser(left, names, text, known).whole(), node))
        if _size(node) > MAX_WHOLE:
            raise Unreadable("Your formula is too long. Write one expression.")
        known |= {plain(target): node for target in (left.strip(), re.sub("_t$", "", left.strip())) if target}
    return node


def _own_name(left: str, right: str, names: Mapping[str, str], known: Mapping[str, Node]) -> dict[str, str]:
    """`buffer` of `buffer = mu*buffer + g` is the one symbol that is missing."""
    name, used = plain(left.strip()), {plain(word) for word in re.findall(r"[A-Za-z]\w*", right)}
    missing = {symbol for key, symbol in names.items() if key not in used}
    mine = bool(name) and name in used and name not in names and name not in known
    return {name: missing.pop()} if mine and len(missing) == 1 else {}


def _in_order(text: str, names: Collection[str]) -> str:
    """The statements with semicolons between them, each before its use; without comments and words of code."""
    text = re.sub(r"#[^\n]*", "", text.replace("`", " ")).strip().rstrip(".")
    text = _NAME.sub("", re.sub(r"^\s*(?:with|let) ([^:]*=[^:]*):\s*", r"\1; ", text))
    text = re.sub(r"\breturn\b", " ", re.sub(r"(?<=[A-Za-z\u0370-\u03ff])['\u2032\u2019]", "_prime", text))
    for word, sign in _SPOKEN.items():
        text = re.sub(rf"(?<=[\w)]) {word} (?=[\w(])", f" {sign} ", text)
    last, where, first = (
        (part.strip(" ,;") for part in _WHERE.split(text, 1)) if _WHERE.search(text) else (text, "", "")
    )
    if where and _ASSIGNED.search(first):
        text = f"{re.sub(' and ', ', ', first)}, {last}"
    parts = _between_commas(text)
    if not _ASSIGNED.search(parts[0]) and len(parts) > 1 and all(_names_a_part(part, names) for part in parts[1:]):
        parts = [*parts[1:], parts[0]]  # theta - lr*u, u = m_hat/(sqrt(v_hat) + eps)
    return ";".join(parts) if len(parts) > 1 and _ASSIGNED.search(text) and all(map(_is_statement, parts)) else text


def _names_a_part(text: str, names: Collection[str]) -> bool:
    """Return whether this gives a name to something: one that is no symbol of the question."""
    left, sign, _ = text.partition("=")
    return bool(sign) and re.fullmatch(r"\s*[^\W\d]\w*\s*", left) is not None and plain(left.strip()) not in names


def _between_commas(text: str) -> list[str]:
    """The parts between commas that stand in no parentheses."""
    parts, depth = [""], 0
    for letter in text:
        depth += (letter in "([{") - (letter in ")]}")
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return parts


def _is_statement(part: str) -> bool:
    """Return whether a part between commas is one: not the half of a decimal number."""
    return not re.match(r"\d", part) and bool(re.search(r"[A-Za-z\u0370-\u03ff]", part))


def written(node: Node, binding: int = 0) -> str:
    """A formula as it was read, with every product shown: `theta − lr·(g + lam·theta)`."""
    args = node.args
    if node.op in ("number", "symbol"):
        return node.text
    if node.op == "pi":
        return "π"
    if node.op == "negative":
        return _bracketed(f"−{written(args[0], 25)}", 15, binding)
    if node.op in _SHOWN:
        sign, own = _SHOWN[node.op]
        tighter = own + (node.op in ("-", "/"))
        left = written(args[0], own + (node.op == "^"))
        return _bracketed(f"{left}{sign}{written(args[1], tighter)}", own, binding)
    return f"{node.op}({', '.join(written(arg) for arg in args)})"


_SHOWN = {"+": (" + ", 10), "-": (" − ", 10), "*": ("·", 20), "/": ("/", 20), "^": ("^", 30)}


def _bracketed(text: str, own: int, binding: int) -> str:
    return f"({text})" if own < binding else text


def _size(node: Node) -> int:
    return 1 + sum(map(_size, node.args))


def _assigned(text: str) -> tuple[str, str, str]:
    """Left side, operation of an augmented assignment ("" if none), right side."""
    parts = _ASSIGNED.split(text)
    if len(parts) == 1:
        return "", "", text
    if len(parts) > 3:
        raise Unreadable("Your formula has more than one equals sign. Write only what stands on its right side.")
    operations = {"-=": "-", "+=": "+", "*=": "*", "/=": "/"}
    return parts[0], operations.get(parts[1], ""), parts[2]


def plain(name: str) -> str:
    """One spelling for each name: `m_hat`, `mhat` and `M_hat`… but m and M stay two."""
    name = name.replace("_", "").strip()
    return name.lower() if len(name) > 1 else name


class _Parser:
    """Holds the place in one formula."""

    def __init__(
        self,
        text: str,
        names: Mapping[str, str],
        shown: str,
        known: Mapping[str, Node],
        functions: Sequence[str] = FUNCTIONS,
    ) -> None:
        self.names, self.shown, self.known, self.functions = names, shown, known, functions
        self.times: dict[str, str] = {}  # symbol -> the index of time that it was written with
        self.at = self.nodes = self.depth = self.bars = 0
        self.tokens = self._tokens(self._decimal(text))

    def _decimal(self, text: str) -> str:
        """A decimal comma as a point, where no function takes two arguments."""
        if re.search(rf"\b(?:{'|'.join(OF_TWO)})\b", text):
            return text
        if re.search(r"(?<![\d.])[1-9]\d{0,2},\d{3}(?!\d)", text):
            raise self.trouble("a comma between digits can be read in two ways; write decimals with a point")
        return re.sub(r"(?<=\d),(?=\d)", ".", text)

    def _tokens(self, text: str) -> list[tuple[str, str]]:
        found, at = [], 0
        while at < len(text):
            if text[at].isspace():
                at += 1
                continue
            match = _TOKEN.match(text, at)
            if match is None:
                raise self.trouble(f"{quoted(text[at])} is no part of a formula here")
            found.append((str(match.lastgroup), match[0]))
            at = match.end()
        return found

    def whole(self) -> Node:
        node = self.expression(0)
        if self.at < len(self.tokens):
            raise self.trouble(f"it stops making sense at {quoted(self.tokens[self.at][1])}")
        return node

    def trouble(self, what: str) -> Unreadable:
        return Unreadable(f"Your formula {quoted(self.shown)} cannot be read: {what}.")

    def peek(self) -> tuple[str, str]:
        return self.tokens[self.at] if self.at < len(self.tokens) else ("end", "")

    def take(self) -> tuple[str, str]:
        token = self.peek()
        self.at += 1
        return token

    def expect(self, sign: str, what: str) -> None:
        if self.take()[1] != sign:
            raise self.trouble(what)

    def node(self, op: str, *args: Node, text: str = "") -> Node:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise self.trouble("it is too long; write one expression")
        return Node(op, args, text)

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.trouble("it is nested too deeply")

    def expression(self, least: int) -> Node:
        """An expression whose operators bind at least so strongly: + - 10, * / 20, a sign 25, ^ 30."""
        self.deeper()
        left, divided = self.operand(), False
        while (operator := self.operator()) and BINDING[operator] >= least:
            if operator == "implicit":
                if divided:
                    raise self.trouble("after a division it is not clear what is divided; write the * and parentheses")
                left = self.node("*", left, self.expression(21))
                continue
            self.take()
            divided = (divided and operator == "*") or operator == "/"
            right = self.expression(BINDING[operator] + (operator not in {"^", "**"}))
            left = self.node("^" if operator == "**" else operator, left, right)
        self.depth -= 1
        return left

    def operator(self) -> str:
        kind, text = self.peek()
        if kind == "op" and text in BINDING:
            return text
        return "implicit" if kind == "name" or text in {"(", "√"} or (text == "|" and not self.bars) else ""

    def operand(self) -> Node:
        kind, text = self.take()
        if kind == "number":
            return self.node("number", text=self.number(text))
        if kind == "name":
            return self.name(text)
        if text == "(":
            return self.closed(")")
        if text == "|":
            self.bars += 1
            inner = self.expression(0)
            self.expect("|", "a bar of an absolute value is not closed")
            self.bars -= 1
            return self.node("abs", inner)
        if text in {"-", "+"}:
            operand = self.expression(25)
            return self.node("negative", operand) if text == "-" else operand
        if text == "√":
            return self.node("sqrt", self.root())
        raise self.trouble(f"something is missing before {quoted(text)}" if text else "something is missing at its end")

    def closed(self, sign: str) -> Node:
        """Read an expression in parentheses; bars inside them are their own."""
        bars, self.bars = self.bars, 0
        inner = self.expression(0)
        self.bars = bars
        self.expect(sign, "a parenthesis is not closed")
        return inner

    def root(self) -> Node:
        """Return what a √ without parentheses covers: the next name, number or parenthesis, and no power after it."""
        self.deeper()
        operand = self.operand()
        self.depth -= 1
        if self.peek()[1] in {"^", "**"}:
            raise self.trouble("write parentheses to show whether the power is under the root")
        return operand

    def number(self, text: str) -> str:
        if len(text) > 25 or ("e" in text.lower() and abs(int(text.lower().split("e")[1])) > 30):
            raise self.trouble(f"the number {quoted(text)} is too long")
        if self.peek()[0] == "number":
            raise self.trouble("two numbers stand side by side")
        return text

    def name(self, text: str) -> Node:
        function = text.lower()
        if function in OF_TWO and self.peek()[1] == "(":
            return self.of_two(OF_TWO[function])
        if function in self.functions and plain(text) not in self.names:
            return self.function(function)
        if (local := self.known.get(plain(text))) is not None:
            return local
        symbol = self.resolve(text)
        if symbol is None and text == "e" and self.peek()[1] in {"^", "**"}:
            self.take()
            return self.node("exp", self.expression(30))
        if symbol is None and plain(text) == "pi":
            return self.node("pi")
        if symbol is None:
            raise Unreadable(
                f"{quoted(text)} in your formula is none of the symbols of this question. "
                f"Write it with {listed([f'`{name}`' for name in self.names.values()])}."
                if self.names
                else f"{quoted(text)} is not a number."
            )
        self.same_time(symbol, text)
        self.index(text)
        return self.node("symbol", text=symbol)

    def function(self, name: str) -> Node:
        bare = self.peek()[1] != "("
        if bare and name != "sqrt":
            raise self.trouble(f"{name} needs parentheses around what it is applied to")
        operand = self.root() if bare else self.operand()
        if name == "square":
            return self.node("^", operand, self.node("number", text="2"))
        return self.node({"ln": "log"}.get(name, name), operand)

    def of_two(self, op: str) -> Node:
        """`np.subtract(a, b)`."""
        self.take()
        bars, self.bars = self.bars, 0
        first = self.expression(0)
        self.expect(",", "a function of two things needs a comma between them")
        second = self.expression(0)
        self.bars = bars
        self.expect(")", "a parenthesis is not closed")
        return self.node(op, first, second)

    def index(self, text: str) -> None:
        """`g(t)` is g at time t where t is no number of the question, and unclear where it is."""
        following = [token for _, token in self.tokens[self.at : self.at + 5]]
        if following[:3] == ["(", "t", ")"]:
            if "t" in self.names:
                raise self.trouble(f"{quoted(text + '(t)')} can be a product or {text} at time t; write the *")
            self.at += 3

    def same_time(self, symbol: str, text: str) -> None:
        """Refuse x_t and x_{t−1} in one formula where the question has one x: they are two things."""
        index = _INDEX.search(text)
        time = (index[1] or index[2]) if index and plain(text) not in self.names else ""
        time = {"old": "prev", "new": "next"}.get(time, time)
        if time == "next":
            raise self.trouble(f"{quoted(text)} is what comes out of the step, and no symbol of this question")
        before = self.times.setdefault(symbol, time) or time
        if time and time != before:
            raise self.trouble(f"two different times of {symbol} stand in it; use the symbols of the question only")
        self.times[symbol] = before

    def resolve(self, text: str) -> str | None:
        """The symbol of the question that a name means, by its other spellings, if that is one only."""
        name = plain(text)
        bare = plain(_INDEX.sub("", text))
        for candidate in dict.fromkeys((name, bare)):
            if candidate in self.names:
                return self.names[candidate]
            for line in SYNONYMS:
                meant = [other for other in line if other in self.names]
                if candidate in line and len(meant) == 1:
                    return self.names[meant[0]]
        kept = [self.names[name + past] for past in ("prev", "old", "t") if name + past in self.names]
        return kept[0] if len(kept) == 1 else None


BINDING = {"+": 10, "-": 10, "*": 20, "/": 20, "implicit": 20, "^": 30, "**": 30}
