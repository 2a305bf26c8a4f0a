"""Holds what an author's functions return against model.py's types: a wrong value is a sentence with file and line."""

from __future__ import annotations

import numbers
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import cache, lru_cache, wraps
from itertools import repeat
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

    return lru_cache(MOST_KEPT)(checked) if name in ASKED_OFTEN else checked


ASKED_OFTEN = frozenset({"subject"})  # of the same experiments, a thousand times for each submission
MOST_KEPT = 1024


AFTERWARDS: Mapping[str, Callable[[Any], Any]] = {
    # Whole numbers and truth values become float64 with a kind.
    "golden": lambda answers: {name: with_kinds(answer) for name, answer in answers.items()},
    "predict": lambda predicted: [in_floats(arrays) for arrays in predicted],
    # NumPy's floats become Python's: what is compared with them would be no truth value that JSON knows.
    "oracle": lambda told: [(name, float(distance)) for name, distance in told],
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
@dataclass(frozen=True)
class Mismatch:
    """A part of a value that is not of its type. The sentence: `before`, what the value is called, `after`, `said`."""

    said: str
    before: str = ""
    after: str = ""

    def inside(self, step: str) -> Mismatch:
        """The same of a value whose part this is: `step` leads to the part, as `.name` or `[3]`."""
        return replace(self, after=step + self.after)


TypeCheck = Callable[[Any], Mismatch | None]


def mismatch(value: Any, kind: Any, at: str) -> str:
    """Return in words where a value is not of a type, and "" when it is.

    kind: a type of model.py: a plain one, a union, a literal, a tuple, sequence or mapping, an array, a dataclass.
    at: what the value is called in the sentence.
    """
    wrong = _check(kind)(value)
    return f"{wrong.before}{at}{wrong.after} {wrong.said}" if wrong else ""


@cache
def _check(kind: Any) -> TypeCheck:
    """The check of one type, put together once: predictions are checked a thousand times for a submission."""
    if hasattr(get_origin(kind), "__value__"):  # the name of another type, as NDArray is from NumPy 2.5 on
        kind = get_origin(kind).__value__[get_args(kind)]
    origin, args = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return _of_any(args)
    if kind in PLAIN or kind is Any or origin is Literal or origin is np.ndarray or origin is FUNCTION:
        return _single(kind, origin, args)
    if is_dataclass(kind):
        return _fields(kind)
    if origin is frozenset:
        return _of(lambda value: isinstance(value, Collection) and not isinstance(value, str), "a set")
    if issubclass(origin, Mapping):
        return _mapping(*args)
    return _parts(args) if origin is tuple and args[-1] is not Ellipsis else _sequence(args[0])


def _of(fits: Callable[[Any], bool], must: str) -> TypeCheck:
    return lambda value: None if fits(value) else _must(value, must)


def _must(value: Any, must: str) -> Mismatch:
    shown = repr(value) if isinstance(value, str | int | float | None) else f"a {type(value).__name__}"
    return Mismatch(f"is {shown[:60]} and must be {must}")


def _single(kind: Any, origin: Any, args: Sequence[Any]) -> TypeCheck:
    """The check of a value that has no parts."""
    if kind in PLAIN:
        classes, must = PLAIN[kind]
        return _of(lambda value: isinstance(value, classes) and (kind is bool or not isinstance(value, bool)), must)
    if origin is Literal:
        return _of(lambda value: value in args, "one of " + ", ".join(map(repr, args)))
    if origin is np.ndarray:
        return _of(_holds_numbers, "a NumPy array of numbers")
    return _of(lambda value: kind is Any or callable(value), "a function")


def _holds_numbers(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype.kind in "fiub"


def _of_any(kinds: Sequence[Any]) -> TypeCheck:
    must = " or ".join(PLAIN[k][1] if k in PLAIN else getattr(k, "__name__", str(k)) for k in kinds)
    checks = [_check(kind) for kind in kinds]

    def check(value: Any) -> Mismatch | None:
        found = []
        for one in checks:
            wrong = one(value)
            if wrong is None:
                return None
            found.append(wrong)
        own = [said for said, kind in zip(found, kinds, strict=True) if isinstance(kind, type) and type(value) is kind]
        return own[0] if own else _must(value, must)  # of that class, and what is wrong lies inside

    return check


def _fields(kind: Any) -> TypeCheck:
    hints = get_type_hints(kind)
    parts = [(f.name, _check(hints[f.name])) for f in fields(kind)]

    def check(value: Any) -> Mismatch | None:
        if not isinstance(value, kind):
            return _must(value, f"a {kind.__name__}")
        for name, part in parts:
            if wrong := part(getattr(value, name)):
                return wrong.inside(f".{name}")
        return None

    return check


def _mapping(key: Any, part: Any) -> TypeCheck:
    of_key, of_part = _check(key), _check(part)

    def check(value: Any) -> Mismatch | None:
        if not isinstance(value, Mapping):
            return _must(value, "a dictionary")
        for name in value:
            if wrong := of_key(name):
                return replace(wrong, before=wrong.before + "a key of ")
        for name, one in value.items():
            if wrong := of_part(one):
                return wrong.inside(f"[{name!r}]")
        return None

    return check


def _is_sequence(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def _parts(kinds: Sequence[Any]) -> TypeCheck:
    """The check of a tuple with so many parts, each of its own type."""
    checks = [_check(kind) for kind in kinds]

    def check(value: Any) -> Mismatch | None:
        if not _is_sequence(value):
            return _must(value, "a tuple")
        if len(value) != len(checks):
            return Mismatch(f"has {len(value)} parts and must have {len(checks)}")
        return _first_wrong(value, checks)

    return check


def _sequence(kind: Any) -> TypeCheck:
    of_part = _check(kind)

    def check(value: Any) -> Mismatch | None:
        return _first_wrong(value, repeat(of_part)) if _is_sequence(value) else _must(value, "a tuple")

    return check


def _first_wrong(value: Sequence[Any], checks: Iterable[TypeCheck]) -> Mismatch | None:
    for n, (part, check) in enumerate(zip(value, checks, strict=False)):  # checks may be endless
        if wrong := check(part):
            return wrong.inside(f"[{n}]")
    return None


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
