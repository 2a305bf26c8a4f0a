"""Computes arithmetic without symbols: every operation is one of a dozen, and every value is bounded."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from .formulas import Node, parse
from .words import Unreadable

MAX_POWER = 400  # beyond it every power of ten is an infinity, or nothing
FUNCTIONS = ("sqrt", "exp", "log", "ln", "abs", "log10", "log2")


def value(expression: str) -> float:
    """The value of an expression.

    Raises:
        ArithmeticError, ValueError, Unreadable: it has none: 1/0, log 0, 10^5000, an exponent of 999.
    """
    return finite(_evaluate(parse(expression, (), FUNCTIONS)))


def _evaluate(node: Node) -> float:
    """The value of arithmetic without symbols.

    Raises:
        ArithmeticError, ValueError: it has none.
    """
    if node.op == "number":
        return float(node.text)
    values = [_evaluate(arg) for arg in node.args]
    if node.op == "^":
        if abs(values[1]) > MAX_POWER or (values[0] < 0 and values[1] != int(values[1])):
            raise ValueError
        return float(values[0] ** values[1])
    return float(_OPERATIONS[node.op](*values))


_OPERATIONS: Mapping[str, Callable[..., float]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "negative": lambda a: -a,
    "sqrt": math.sqrt,
    "abs": abs,
    "exp": math.exp,
    "log": math.log,
    "log10": math.log10,
    "log2": math.log2,
    "pi": lambda: math.pi,
}


def finite(value: float) -> float:
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise Unreadable("Your answer is not a finite number. Write it in digits.")
    return number
