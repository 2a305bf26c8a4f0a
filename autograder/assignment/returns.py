"""Holds what an author's functions return against model.py's types: a wrong value is a sentence with file and line."""

from __future__ import annotations

import numbers
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import fields, is_dataclass
from functools import cache, wraps
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import numpy as np

from autograder.blame import AuthorFault, blaming, place
from autograder.kinds import in_floats, with_kinds
from autograder.model import Assignment, Chart, Hypotheses

PLAIN: Mapping[Any, tuple[tuple[type, ...], str]] = {
    str: ((str,), "a text"),
    bool: ((bool, np.bool_), "True or False"),
    int: ((numbers.Integral,), "a whole number"),
    float: ((numbers.Real,), "a number"),
    type(None): ((type(None),), "None"),
}
FREE = frozenset({"plant", "rewrite"})  # their exceptions say that nobody wrote a misconception down; verify tells them


def guarded(name: str, function: Callable[..., Any], folder: Path) -> Callable[..., Any]:
    """Return the author's function of that name, which raises AuthorFault for an exception and for a wrong result."""
    kind = _returned(name)

    @wraps(function)
    def checked(*args: Any) -> Any:
        if name in FREE:
            value = function(*args)
        else:
            with blaming(folder, f"{name}()"):
                value = function(*args)
        if sentence := mismatch(value, kind, "it") or _misfit(name, value, args):
            raise AuthorFault(f"{place(function, folder)}: {name}() returns a wrong value: {sentence}.")
        return AFTERWARDS[name](value) if name in AFTERWARDS else value

    return checked


AFTERWARDS: Mapping[str, Callable[[Any], Any]] = {  # whole numbers and truth values become float64 with a kind
    "golden": lambda answers: {name: with_kinds(answer) for name, answer in answers.items()},
    "predict": lambda predicted: [in_floats(arrays) for arrays in predicted],
}


def promised(field: str) -> Any:
    """The type that model.Assignment promises for a field."""
    return get_type_hints(Assignment)[field]


@cache
def _returned(name: str) -> Any:
    """The type that model.Assignment promises for this function's result."""
    kind = promised(name)
    if get_origin(kind) in (Union, UnionType):
        kind = next(part for part in get_args(kind) if get_origin(part) is FUNCTION)
    return get_args(kind)[1]


FUNCTION = get_origin(Callable[..., Any])


# ----------------------------------------------------------------------------------------------------- its type
def mismatch(value: Any, kind: Any, at: str) -> str:
    """Return in words where a value is not of a type, and "" when it is.

    kind: a type of model.py: a plain one, a union, a literal, a tuple, sequence or mapping, an array, a dataclass.
    at: what the value is called in the sentence.
    """
    origin, args = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return _of_no_kind(value, args, at)
    if kind is Any or _is_single(origin) or kind in PLAIN:
        fits, must = _single(value, kind, origin, args)
        return "" if fits else _wrong(value, must, at)
    return _fields(value, kind, at) if is_dataclass(kind) else _collected(value, origin, args, at)


def _is_single(origin: Any) -> bool:
    return origin is Literal or origin is np.ndarray or origin is FUNCTION


def _single(value: Any, kind: Any, origin: Any, args: Sequence[Any]) -> tuple[bool, str]:
    """Return whether a value that has no parts fits, and in words what it must be."""
    if kind in PLAIN:
        classes, must = PLAIN[kind]
        return isinstance(value, classes) and (kind is bool or not isinstance(value, bool)), must
    if origin is Literal:
        return value in args, "one of " + ", ".join(map(repr, args))
    if origin is np.ndarray:
        return isinstance(value, np.ndarray) and value.dtype.kind in "fiub", "a NumPy array of numbers"
    return kind is Any or callable(value), "a function"


def _of_no_kind(value: Any, kinds: Sequence[Any], at: str) -> str:
    if type(value) in kinds and type(value) in PLAIN:
        return ""  # quickly, without a sentence on each of the others
    found = [mismatch(value, kind, at) for kind in kinds]
    if not all(found):
        return ""
    if own := [said for said, kind in zip(found, kinds, strict=True) if isinstance(kind, type) and type(value) is kind]:
        return own[0]  # of that class, and what is wrong lies inside
    return _wrong(value, " or ".join(PLAIN[k][1] if k in PLAIN else getattr(k, "__name__", str(k)) for k in kinds), at)


def _fields(value: Any, kind: Any, at: str) -> str:
    if not isinstance(value, kind):
        return _wrong(value, f"a {kind.__name__}", at)
    parts = (mismatch(getattr(value, name), hint, f"{at}.{name}") for name, hint in _hints(kind))
    return next(filter(None, parts), "")


@cache
def _hints(kind: Any) -> tuple[tuple[str, Any], ...]:
    hints = get_type_hints(kind)
    return tuple((f.name, hints[f.name]) for f in fields(kind))


def _collected(value: Any, origin: Any, args: Sequence[Any], at: str) -> str:
    if origin is frozenset:
        fits = isinstance(value, Collection) and not isinstance(value, str)
        return "" if fits else _wrong(value, "a set", at)
    if issubclass(origin, Mapping):
        if not isinstance(value, Mapping):
            return _wrong(value, "a dictionary", at)
        pairs = [(key, args[0], f"a key of {at}") for key in value]
        pairs += [(part, args[1], f"{at}[{key!r}]") for key, part in value.items()]
    elif not isinstance(value, Sequence) or isinstance(value, str | bytes):
        return _wrong(value, "a tuple", at)
    elif origin is tuple and args[-1] is not Ellipsis:
        if len(value) != len(args):
            return f"{at} has {len(value)} parts and must have {len(args)}"
        pairs = [(part, kind, f"{at}[{n}]") for n, (part, kind) in enumerate(zip(value, args, strict=True))]
    elif args[0] in PLAIN and all(type(part) is args[0] for part in value):
        return ""  # the usual case, quickly: thousands of numbers of a chart
    else:
        pairs = [(part, args[0], f"{at}[{n}]") for n, part in enumerate(value)]
    return next(filter(None, (mismatch(*pair) for pair in pairs)), "")


def _wrong(value: Any, must: str, at: str) -> str:
    shown = repr(value) if isinstance(value, str | int | float | None) else f"a {type(value).__name__}"
    return f"{at} is {shown[:60]} and must be {must}"


# -------------------------------------------------------------------------------------------------- beyond its type
def _misfit(name: str, value: Any, args: Sequence[Any]) -> str:
    """Return in words what a type cannot say about a result, and "" when it fits."""
    if name == "predict":
        return _predicted(value, args[1], args[2])
    if name == "scenarios":
        return next(filter(None, (_not_json(s.spec, f"the spec of experiment {s.id!r}") for s in value)), "")
    if name in ("charts", "figures"):
        return next(filter(None, map(_drawable, value)), "")
    return ""


def _not_json(value: Any, at: str) -> str:
    """Return in words what of an experiment's spec cannot be sent to the driver as JSON."""
    if value is None or isinstance(value, str | int | float):
        return ""
    if isinstance(value, list | tuple):
        return next(filter(None, (_not_json(one, at) for one in value)), "")
    if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        return next(filter(None, (_not_json(one, f"{key!r} in {at}") for key, one in value.items())), "")
    return f"{at} holds {value!r}; only texts, Python's own numbers, lists and tables with texts as keys can be sent"


def _predicted(value: Sequence[Mapping[str, Any]], scenarios: Sequence[Any], hypotheses: Hypotheses) -> str:
    if len(value) != len(scenarios):
        return f"it has {len(value)} parts for {len(scenarios)} experiments"
    for scenario, arrays in zip(scenarios, value, strict=True):
        for key, array in arrays.items():
            if not array.ndim or len(array) != len(hypotheses):
                return (
                    f"{key!r} of experiment {scenario.id!r} has the shape {array.shape} and needs one row for each "
                    f"of {len(hypotheses)} hypotheses"
                )
    return ""


def _drawable(chart: Chart) -> str:
    uneven = [s for s in chart.series if len(s.x) != len(s.y)]
    return f"in chart {chart.id!r} a series has {len(uneven[0].x)} x and {len(uneven[0].y)} y" if uneven else ""
