"""The units that answers about training come in: memory, time, pure numbers and counts. No unit of these is guessed."""

from __future__ import annotations

import re

_DECIMAL = {"k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15}
_BINARY = {f"{name.upper()}i": 2.0 ** (10 * power) for power, name in enumerate("kMGTP", start=1)}
_PREFIXES = {"": 1.0, **_DECIMAL, **_BINARY}
MEMORY = {
    f"{prefix}{unit}": size * part for prefix, size in _PREFIXES.items() for unit, part in (("B", 1.0), ("bit", 1 / 8))
}
TIME = {"µs": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "hour": 3600.0, "day": 86400.0, "week": 604800.0}
PURE = {"": 1.0, "%": 0.01}
SIZES = {**MEMORY, **TIME, **PURE}  # unit -> how many bytes, seconds or ones it is

_LONG = {
    "kilo": "k", "mega": "M", "giga": "G", "tera": "T", "peta": "P",
    "kibi": "Ki", "mebi": "Mi", "gibi": "Gi", "tebi": "Ti", "pebi": "Pi",
}  # fmt: skip
_SPELLED = re.compile(rf"({'|'.join(_LONG)})[- ]?(bytes?|bits?|octets?)", re.IGNORECASE)
_SHORT = re.compile(r"([kmgtp]?)(i?)[- ]?(bs?|o|bytes?|bits?|octets?)", re.IGNORECASE)
_TIMES = {
    "µs": "us usec microsecond microseconds", "ms": "msec msecs millisecond milliseconds",
    "s": "sec secs second seconds", "min": "mins minute minutes", "hour": "h hr hrs hours",
    "day": "d days", "week": "wk weeks",
}  # fmt: skip
COUNTED = (
    "gpu", "device", "card", "machine", "worker", "node", "shard", "step", "iteration", "update", "epoch", "batch",
    "minibatch", "sample", "call", "piece", "pc",
    "parameter", "param", "weight", "number", "value", "element", "unit", "model", "checkpoint",
)  # fmt: skip
_NAMES = {name: unit for unit, names in _TIMES.items() for name in (unit, *names.split())}
_NAMES |= {form: "" for name in COUNTED for form in (name, name + "s", name + "es")}
_NAMES |= {"gig": "GB", "gigs": "GB", "meg": "MB", "megs": "MB"}
_NAMES |= {"percent": "%", "pct": "%", "%": "%", "": ""}


def find(name: str) -> str | None:
    """The unit that somebody means by `name`; "" for a count or a pure number, None if it is unknown.

    Case does not matter where it cannot mislead: "gib" and "GIB" are GiB. "Gb" is a gigabit, "G" is nothing.
    """
    name = name.replace("\u03bc", "µ").strip()
    if spelled := _SPELLED.fullmatch(name):
        return _LONG[spelled[1].lower()] + ("bit" if "bit" in spelled[2].lower() else "B")
    if (short := _SHORT.fullmatch(name)) and not (short[2] and not short[1]) and name.lower() != "o":
        prefix = short[1].upper() if short[2] or short[1] not in "kK" else short[1].lower()
        bits = "bit" in short[3].lower() or re.fullmatch("[KMGTP]i?bs?", name) is not None
        return prefix + short[2].lower() + ("bit" if bits else "B")
    return _NAMES.get(name, _NAMES.get(name.lower()))


def kind(unit: str) -> str:
    """Return the dimension of a unit: "memory", "time" or "number"."""
    return "memory" if unit in MEMORY else "time" if unit in TIME else "number"


def convert(value: float, source: str, target: str) -> float:
    """`value` in another unit of the same kind."""
    return value if source == target else value * SIZES[source] / SIZES[target]


def same_kind(one: str, other: str) -> bool:
    return kind(one) == kind(other)


def larger(unit: str, base: int, steps: int) -> str | None:
    """The unit of memory that is `base`^`steps` of this one: GiB for (B, 1024, 3); None if there is none."""
    prefixes = ["", "Ki", "Mi", "Gi", "Ti", "Pi"] if base == 1024 else ["", "k", "M", "G", "T", "P"]
    kind_ = "bit" if unit.endswith("bit") else "B"
    own = unit.removesuffix(kind_)
    at = prefixes.index(own) + steps if own in prefixes else len(prefixes)
    return prefixes[at] + kind_ if at < len(prefixes) else None


def is_pure(unit: str) -> bool:
    return unit in PURE


def twins(unit: str) -> list[str]:
    """The units that this one is mistaken for: binary for decimal prefixes and back, bits for bytes."""
    match = re.fullmatch(r"([kKMGTP])(i?)(B|bit)", unit)
    if match is None:
        return []
    other = match[1].upper() + "i" if not match[2] else match[1].replace("K", "k")
    return [other + match[3], match[1] + match[2] + ("bit" if match[3] == "B" else "B")]
