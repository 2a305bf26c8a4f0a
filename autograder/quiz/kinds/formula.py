"""Formulas: any expression that computes the same is right.

Equal means equal in value: at eight points drawn at random where the key is real, to 40 digits. Formulas built
from these operations are analytic, so two that differ agree only on a set of measure zero; no rewriting is needed
that could run forever or fail to find a proof. Time is bounded by the size of the tree and of the numbers in it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from random import Random
from threading import Lock
from typing import Any

from autograder.model import FormulaKey, Item
from autograder.quiz.outcome import BadKey, Outcome
from autograder.reading import Unreadable, as_typed
from autograder.reading.formulas import Node, parse, plain

POINTS = 8
DIGITS = 60  # computed with
AGREEING = 40  # compared: the difference leaves 20 digits to cancellation
TRIES = 400  # to find points where the key is real; roots and powers of negative numbers are not
MAX_BITS = 20_000  # of a value's binary exponent: 10^6000
MAX_POWER = 10_000  # an exponent of 9**5000 costs mpmath 12 s
FRACTIONS = frozenset(("beta", "beta1", "beta2", "b1", "b2", "mu", "momentum", "gamma"))  # between 0 and 1
POSITIVE = frozenset(
    (
        "lr",
        "alpha",
        "eta",
        "learningrate",
        "eps",
        "epsilon",
        "lambda",
        "lam",
        "wd",
        "weightdecay",
        "t",
        "n",
        "k",
        "vhat",
    )
)
Point = Mapping[str, Any]  # symbol -> mpf


class Undefined(Exception):
    """No real number of sensible size comes out."""


def asked(item: Item) -> dict[str, Any]:
    return {"symbols": dict(_key(item).symbols)}


def how(item: Item) -> str:
    return f"a formula in {', '.join(_key(item).symbols)}"


def right(item: Item) -> object:
    return _key(item).expression


def wrong(item: Item) -> Iterator[tuple[object, str]]:
    yield from ((str(one.value), one.hint) for one in _key(item).wrong)


def words(item: Item, answer: object) -> str:
    return as_typed(answer)


def mark(item: Item, answer: object) -> Outcome:
    """Mark a formula.

    Raises:
        Unreadable: no formula in this item's symbols.
        BadKey: ours.
    """
    key = _key(item)
    if not isinstance(answer, str):
        raise Unreadable('This asks for a formula. Write it in quotes, like "theta - lr * g".')
    theirs = parse(answer, key.symbols)
    points, expected = _points(key)
    try:
        found = [evaluate(theirs, point) for point in points]
    except Undefined:
        found = None
    if found is not None and same(found, expected):
        return Outcome("right", 1.0, "Right.")
    for known in key.wrong:
        if _agrees(_key_node(key, str(known.value)), theirs, points):
            return Outcome("wrong", 0.0, known.hint)
    if found is None:
        return Outcome(
            "wrong", 0.0, "Your formula has no value for some numbers where the right one has: look at its roots, "
            "powers and divisions.",
        )  # fmt: skip
    return Outcome(
        "wrong", 0.0, _off_by_a_factor(found, expected) or "This computes something else than what is asked."
    )


def same(some: Sequence[Any], others: Sequence[Any]) -> bool:
    """Return whether the values agree at every point."""
    tolerance = _context().mpf(10) ** -AGREEING
    return all(abs(a - b) <= tolerance * max(abs(a), abs(b)) for a, b in zip(some, others, strict=True))


def evaluate(node: Node, point: Point) -> Any:
    """The value of a formula at a point, as an mpf.

    Raises:
        Undefined: it has none there, or one beyond all bounds.
    """
    m = _context()
    if node.op == "number":
        return m.mpf(node.text)
    if node.op == "symbol":
        return point[node.text]
    if node.op == "pi":
        return +m.pi
    values = [evaluate(arg, point) for arg in node.args]
    if node.op == "^" and abs(values[1]) > MAX_POWER:
        raise Undefined
    if node.op in {"exp", "sin", "cos"} and abs(values[0]) > MAX_POWER:
        raise Undefined
    try:
        value = OPERATIONS[node.op](m, *values)
    except (ZeroDivisionError, ValueError, OverflowError) as error:  # mpmath: 1/0, log 0
        raise Undefined from error
    if not isinstance(value, m.mpf) or not m.isfinite(value) or (value and abs(m.mag(value)) > MAX_BITS):
        raise Undefined
    return value


OPERATIONS: Mapping[str, Any] = {
    "+": lambda _, a, b: a + b,
    "-": lambda _, a, b: a - b,
    "*": lambda _, a, b: a * b,
    "/": lambda _, a, b: a / b,
    "^": lambda _, a, b: a**b,
    "negative": lambda _, a: -a,
    "sqrt": lambda m, a: m.sqrt(a),
    "abs": lambda _, a: abs(a),
    "exp": lambda m, a: m.exp(a),
    "log": lambda m, a: m.log(a),
    "sin": lambda m, a: m.sin(a),
    "cos": lambda m, a: m.cos(a),
}


_ONE = Lock()  # two threads that begin together would have a context each, whose numbers are not each other's


def _context() -> Any:
    with _ONE:
        return _made_context()


@cache
def _made_context() -> Any:
    """A context of our own: mpmath's global one may be changed by anybody, and this one never is."""
    from mpmath import MPContext  # noqa: PLC0415 - for formulas only

    context = MPContext()
    context.dps = DIGITS
    return context


def _key(item: Item) -> FormulaKey:
    assert isinstance(item.key, FormulaKey)
    return item.key


def _points(key: FormulaKey) -> tuple[list[Point], list[Any]]:
    """Points where the key is real, the same ones every time, and its values there.

    Signs are drawn too, so that √(g²) is not g; where the key forbids one, another point is drawn.
    """
    node = _key_node(key, key.expression)
    digest = hashlib.sha256(f"{key.expression}|{sorted(key.symbols)}".encode()).digest()
    random = Random(digest)  # noqa: S311 - reproducible on purpose
    points: list[Point] = []
    values: list[Any] = []
    for _ in range(TRIES):
        point = {name: _drawn(random, plain(name)) for name in key.symbols}
        try:
            values.append(evaluate(node, point))
        except Undefined:
            continue
        points.append(point)
        if len(points) == POINTS:
            return points, values
    raise BadKey(f"The formula {key.expression!r} is hardly anywhere real.")


def _drawn(random: Random, name: str) -> Any:
    """A number of 30 digits between 0.1 and 2.1: powers of them stay in bounds.

    Its sign is drawn as well, unless the name says that it has none: √(v / (1 − β₂ᵗ)) is real for v < 0 and β₂ > 1
    too, where √v / √(1 − β₂ᵗ) is not, and nobody means that.
    """
    m = _context()
    if name in FRACTIONS:
        return m.mpf(random.randrange(5 * 10**28, 95 * 10**28)) / 10**30
    size = m.mpf(random.randrange(10**29, 21 * 10**29)) / 10**30
    return size if name in POSITIVE or random.random() < 0.75 else -size


def _key_node(key: FormulaKey, expression: str) -> Node:
    try:
        return parse(expression, key.symbols)
    except Unreadable as error:
        raise BadKey(f"The formula {expression!r} of a key cannot be read: {error}") from error


def _agrees(node: Node, theirs: Node, points: Sequence[Point]) -> bool:
    """Return whether two formulas agree wherever both have a value, at two points or more."""
    values, others = [], []
    for point in points:
        try:
            pair = evaluate(node, point), evaluate(theirs, point)
        except Undefined:
            continue
        values.append(pair[0])
        others.append(pair[1])
    return len(values) > 1 and same(values, others)


def _off_by_a_factor(found: Sequence[Any], right: Sequence[Any]) -> str:
    """A sentence when the formula is the right one times a number, "" otherwise."""
    if any(value == 0 for value in right):
        return ""
    ratios = [a / b for a, b in zip(found, right, strict=True)]
    if not same(ratios, [ratios[0]] * len(ratios)) or ratios[0] == 0:
        return ""
    if same(ratios[:1], [_context().mpf(-1)]):
        return "This is the right formula with the wrong sign."
    return f"This is {float(ratios[0]):.4g} times the right formula: look for a factor too much or too few."
