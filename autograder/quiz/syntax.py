r"""Parses a formula as students write it into a tree of a dozen known operations. Nothing is ever evaluated as code.

    θ − lr·m̂ / (√v̂ + ε)     theta - lr * m_hat / (sqrt(v_hat) + eps)     v ← β v + g     (1-β₁^t)⁻¹

A tokenizer and a Pratt parser, bounded in length, depth and size before anything is computed. Multiplication may
be left out where it can be read in one way only: `2g`, `lr g`, `2(a+b)`, but neither `a/b c` nor `f(x)`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from autograder.quiz.say import Malformed, listed, quoted

MAX_LENGTH = 400  # characters: a whole AdamW step in words has 150
MAX_NODES = 150  # a whole AdamW step has 40
MAX_DEPTH = 40
FUNCTIONS = ("sqrt", "abs", "exp", "log", "ln", "sin", "cos")
GREEK = {
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "eps", "ϵ": "eps", "ζ": "zeta", "η": "eta",
    "θ": "theta", "ϑ": "theta", "κ": "kappa", "λ": "lambda", "μ": "mu", "µ": "mu", "ν": "nu", "π": "pi",
    "ρ": "rho", "σ": "sigma", "τ": "tau", "φ": "phi", "ϕ": "phi", "ω": "omega", "Δ": "Delta", "∇": "nabla",
}  # fmt: skip
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
    ("t", "step", "stepcount"),
)
_SUB = str.maketrans("₀₁₂₃₄₅₆₇₈₉ₜₖₙ₋₊", "0123456789tkn-+")
_SUPER = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹ᵗⁿᵏ⁻⁺⁽⁾", "0123456789tnk-+()")
_TOKEN = re.compile(
    r"(?P<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+(?![A-Za-z_]))?)|(?P<name>[A-Za-z][A-Za-z0-9_]*)|(?P<op>\*\*|[-+*/^()√])"
)


@dataclass(frozen=True)
class Node:
    """An operation and what it works on; for `number` and `symbol` its `text`."""

    op: str
    args: tuple[Node, ...] = ()
    text: str = ""


def parse(text: str, symbols: Iterable[str]) -> Node:
    """The formula in `text` (what stands right of = or ←), in these symbols and their other spellings.

    Raises:
        Malformed: too long, not a formula, or one that can be read in two ways.
    """
    if len(text) > MAX_LENGTH:
        raise Malformed(f"Your formula is longer than {MAX_LENGTH} characters. Write one expression.")
    names = {plain(_ascii(name).replace(" ", "")): name for name in symbols}
    left, augmented, right = _assigned(_ascii(text))
    node = _Parser(right, names, text).whole()
    if augmented:
        target = _Parser(left, names, text).whole()
        node = Node(augmented, (target, node))
    return node


def _ascii(text: str) -> str:
    """The same formula in ASCII: Greek by name, hats as _hat, subscripts in the name, superscripts as powers."""
    text = text.replace("∇L", " grad ")
    text = re.sub("[⁰¹²³⁴⁵⁶⁷⁸⁹ᵗⁿᵏ⁻⁺⁽⁾]+", lambda m: f"^({m[0].translate(_SUPER)})", text)
    text = re.sub("[₀₁₂₃₄₅₆₇₈₉ₜₖₙ₋₊]+", lambda m: f"_{{{m[0].translate(_SUB)}}} ", text)
    text = unicodedata.normalize("NFKD", text)
    text = re.sub("(.)\u0302", r"\1_hat", text)
    text = re.sub(r"_[({]\s*t\s*-\s*1\s*[)}]", "_prev", text)
    text = re.sub(r"_\{\s*(\w+)\s*\}", r"_\1", text)
    # a Greek letter is a name of its own, which goes on with digits and subscripts only
    text = re.sub(f"([{''.join(GREEK)}])(?![0-9_])", r"\1 ", text)
    text = re.sub(f"[{''.join(GREEK)}]", lambda m: f" {GREEK[m[0]]}", text)
    text = re.sub("[−–—‒]", "-", text)
    text = re.sub("[×·⋅∙∗]", "*", text)
    return text.replace("÷", "/").replace("{", "(").replace("}", ")").replace("[", "(").replace("]", ")")


def _assigned(text: str) -> tuple[str, str, str]:
    """Left side, operation of an augmented assignment ("" if none), right side."""
    parts = re.split(r"(-=|\+=|\*=|/=|:=|=|←|<-)", text)
    if len(parts) == 1:
        return "", "", text
    if len(parts) > 3:
        raise Malformed("Your formula has more than one equals sign. Write only what stands on its right side.")
    operations = {"-=": "-", "+=": "+", "*=": "*", "/=": "/"}
    return parts[0], operations.get(parts[1], ""), parts[2]


def plain(name: str) -> str:
    """One spelling for each name: `m_hat`, `mhat` and `M_hat`… but m and M stay two."""
    name = name.replace("_", "")
    return name.lower() if len(name) > 1 else name


class _Parser:
    """Holds the place in one formula."""

    def __init__(self, text: str, names: Mapping[str, str], shown: str) -> None:
        self.names, self.shown = names, shown
        self.tokens = self._tokens(text)
        self.at = self.nodes = self.depth = 0

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

    def trouble(self, what: str) -> Malformed:
        return Malformed(f"Your formula {quoted(self.shown)} cannot be read: {what}.")

    def peek(self) -> tuple[str, str]:
        return self.tokens[self.at] if self.at < len(self.tokens) else ("end", "")

    def take(self) -> tuple[str, str]:
        token = self.peek()
        self.at += 1
        return token

    def node(self, op: str, *args: Node, text: str = "") -> Node:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise self.trouble("it is too long; write one expression")
        return Node(op, args, text)

    def expression(self, least: int) -> Node:
        """An expression whose operators bind at least so strongly: + - 10, * / 20, a sign 25, ^ 30."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.trouble("it is nested too deeply")
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
        return "implicit" if kind == "name" or text in {"(", "√"} else ""

    def operand(self) -> Node:
        kind, text = self.take()
        if kind == "number":
            return self.node("number", text=self.number(text))
        if kind == "name":
            return self.name(text)
        if text == "(":
            inner = self.expression(0)
            if self.take()[1] != ")":
                raise self.trouble("a parenthesis is not closed")
            return inner
        if text in {"-", "+"}:
            operand = self.expression(25)
            return self.node("negative", operand) if text == "-" else operand
        if text == "√":
            return self.node("sqrt", self.root())
        raise self.trouble(f"something is missing before {quoted(text)}" if text else "something is missing at its end")

    def root(self) -> Node:
        """What a √ without parentheses covers: the next name, number or parenthesis, and no power after it."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.trouble("it is nested too deeply")
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
        if text.lower() in FUNCTIONS and plain(text) not in self.names:
            if self.peek()[1] != "(":
                if text.lower() != "sqrt":
                    raise self.trouble(f"{text} needs parentheses around what it is applied to")
                return self.node("sqrt", self.root())
            return self.node({"ln": "log"}.get(text.lower(), text.lower()), self.operand())
        symbol = self.resolve(text)
        if symbol is None and plain(text) == "pi":
            return self.node("pi")
        if symbol is None:
            raise Malformed(
                f"{quoted(text)} in your formula is none of the symbols of this question. "
                f"Write it with {listed([f'`{name}`' for name in self.names.values()])}."
            )
        if self.peek()[1] == "(":
            raise self.trouble(f"{quoted(text)} is no function; if you mean a product, write the *")
        return self.node("symbol", text=symbol)

    def resolve(self, text: str) -> str | None:
        """The symbol of the question that a name means, by its other spellings, if that is one only."""
        name = plain(text)
        bare = plain(re.sub(r"(?<=.)(_?prev|_?old|_t)$", "", text))
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
