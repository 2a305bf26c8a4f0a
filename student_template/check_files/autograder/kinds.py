"""Keeps decimal numbers, whole numbers and truth values apart: all are float64, and their kinds lie beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from autograder.model import Array, Kind, Observation

BY_LETTER: Mapping[str, Kind] = {"b": "boolean", "i": "integer", "u": "integer"}  # NumPy's letters; others are decimal


def kinds_of(arrays: Mapping[str, Any]) -> dict[str, Kind]:
    """Return the kinds of those arrays that hold whole numbers or truth values."""
    return {name: BY_LETTER[array.dtype.kind] for name, array in arrays.items() if array.dtype.kind in BY_LETTER}


def in_floats(arrays: Mapping[str, Any]) -> dict[str, Array]:
    """Return the arrays as float64; those that are float64 are not copied."""
    return {name: np.asarray(array, dtype=np.float64) for name, array in arrays.items()}


def with_kinds(seen: Observation) -> Observation:
    """Return an observation whose arrays are as they were computed, with float64 arrays, kinds and plain facts."""
    facts = {name: fact.item() if isinstance(fact, np.generic) else fact for name, fact in seen.facts.items()}
    return replace(seen, arrays=in_floats(seen.arrays), kinds=kinds_of(seen.arrays), facts=facts)
