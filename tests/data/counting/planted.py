"""Every misconception as a student would have written it: what stands in the model solution, and what instead."""

from __future__ import annotations

from collections.abc import Mapping

PLANTED: Mapping[str, tuple[str, str]] = {
    "transposed": ("counts[label, prediction] += 1", "counts[prediction, label] += 1"),
    "counts-from-one": ("counts = np.zeros(", "counts = np.ones("),
    "mask-inverted": ("np.arange(width) < np", "np.arange(width) >= np"),
    "mask-one-longer": ("np.arange(width) < np", "np.arange(width) <= np"),
    "indices-from-one": ("yield np.arange(start, start + size)", "yield 1 + np.arange(start, start + size)"),
}


def plant(source: str, misconception_id: str) -> str:
    """The model solution's source with this misconception in it."""
    old, new = PLANTED[misconception_id]
    if source.count(old) != 1:
        raise ValueError(f"The model solution no longer holds `{old}` once. Write planted.py anew.")
    return source.replace(old, new)
