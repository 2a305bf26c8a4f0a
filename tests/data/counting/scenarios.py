"""The experiments, drawn from a seed: the smallest come first."""

from __future__ import annotations

import numpy as np

from autograder.model import Array, Check, Scenario


def scenarios(seed: int) -> tuple[Scenario, ...]:
    """All experiments of one submission. The same seed always gives the same ones."""
    draw = np.random.default_rng(seed)
    return (
        _confusion("few", "Six predictions of two classes", draw, 2, 6),
        _confusion("many", "2000 predictions of three classes", draw, 3, 2000),
        _mask("short", "Two sequences", draw, 2, 4),
        _mask("long", "Four sequences", draw, 4, 7),
        _mask("empty", "Two sequences without a token", draw, 2, 3, longest=0),
        _batches("even", "Six in batches of two", 6, 2),
        _batches("rest", "A rest", 3 * (size := int(draw.integers(3, 6))) + 2, size),
    )


def _confusion(name: str, title: str, draw: np.random.Generator, classes: int, count: int) -> Scenario:
    labels = draw.permutation(np.arange(count) % classes)
    wrong = draw.permutation(np.arange(count) % 3 == 0)
    predictions = np.where(wrong, np.minimum(labels + 1, classes - 1), labels)
    return _scenario(
        name,
        title,
        "confusion_matrix",
        "confusion",
        "row",
        {"classes": classes},
        labels=labels,
        predictions=predictions,
    )


def _mask(
    name: str, title: str, draw: np.random.Generator, count: int, width: int, longest: int | None = None
) -> Scenario:
    lengths = draw.integers(1, width - 1, count) if longest is None else np.zeros(count)
    return _scenario(name, title, "padding_mask", "mask", "row", {"width": width}, lengths=lengths)


def _batches(name: str, title: str, count: int, size: int) -> Scenario:
    return _scenario(name, title, "batches", "batches", "batch", {"count": count, "size": size})


def _scenario(
    name: str, title: str, function: str, row: str, axis: str, spec: dict[str, int], **arrays: Array
) -> Scenario:
    inputs = {key: np.asarray(array, dtype=float) for key, array in arrays.items()}
    check = Check("result", row, arrays=("result",))
    return Scenario(f"{row}-{name}", title, function, {"function": function, **spec}, inputs, (check,), axis=axis)
