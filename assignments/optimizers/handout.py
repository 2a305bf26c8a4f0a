"""The task for students, as Markdown: the text of handout.md, and an example worked out from the reference.

Which optimizer the example is about, and with which settings, is drawn from the seed as its numbers are.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from random import Random
from string import Template
from typing import Any, TypeVar

import numpy as np

from .golden import apply_rule

T = TypeVar("T")


def handout(seed: int) -> str:
    """The handout of a variant."""
    text = (Path(__file__).parent / "handout.md").read_text(encoding="utf-8")
    return Template(text).substitute(example=example(seed))


def example(seed: int) -> str:
    """Three steps of one optimizer on one number, with everything that it computes on the way."""
    draw = Random(f"handout {seed}")  # noqa: S311 - reproducible on purpose, no secret
    return _pick(draw, (_momentum, _momentum_and_decay, _adam, _adamw))(draw)


def _pick(draw: Random, values: Sequence[T]) -> T:
    return values[int(draw.random() * len(values))]  # random() alone is promised to stay the same in later Pythons


def _drawn(draw: Random) -> tuple[float, list[float]]:
    """The start, and three gradients, of which one points the other way."""
    start, size = _pick(draw, (1.0, 2.0, 3.0, -1.0)), _pick(draw, (1.0, 2.0, 4.0))
    signs = _pick(draw, ((1, 1, -1), (1, -1, 1), (-1, 1, 1), (-1, -1, 1)))
    return start, [size * sign * factor for sign, factor in zip(signs, (1.0, 0.5, 1.0), strict=True)]


def _momentum(draw: Random) -> str:
    return _sgd(draw, 0.0, "SGD with momentum")


def _momentum_and_decay(draw: Random) -> str:
    return _sgd(draw, _pick(draw, (0.1, 0.2)), "SGD with momentum and weight decay")


def _sgd(draw: Random, decay: float, name: str) -> str:
    lr, mu = _pick(draw, (0.1, 0.2, 0.5)), _pick(draw, (0.5, 0.8, 0.9))
    start, grads = _drawn(draw)
    path = _path("SGD", start, grads, lr=lr, mu=mu, decay=decay)
    v, rows = 0.0, list[tuple[float, ...]]()
    for before, g in zip(path, grads, strict=False):
        pulled = g + decay * before
        v = mu * v + pulled
        rows.append((g, pulled, v) if decay else (g, v))
    columns = ("g", "g + λθ", "v", "θ") if decay else ("g", "v", "θ")
    return _told(name, {"lr": lr, "μ": mu, **({"λ": decay} if decay else {})}, columns, rows, path)


def _adam(draw: Random) -> str:
    return _adaptive("Adam", draw, 0.0)


def _adamw(draw: Random) -> str:
    return _adaptive("AdamW", draw, _pick(draw, (0.1, 0.2, 0.5)))


def _adaptive(name: str, draw: Random, decay: float) -> str:
    lr, b1, b2 = _pick(draw, (0.1, 0.2, 0.5)), _pick(draw, (0.6, 0.8, 0.9)), _pick(draw, (0.75, 0.9, 0.99))
    start, grads = _drawn(draw)
    path = _path(name, start, grads, lr=lr, b1=b1, b2=b2, eps=0.0, decay=decay)
    m = v = 0.0
    rows = list[tuple[float, ...]]()
    for t, (before, g) in enumerate(zip(path, grads, strict=False), start=1):
        m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g**2
        m_hat, v_hat = m / (1 - b1**t), v / (1 - b2**t)
        moved = before - lr * m_hat / float(np.sqrt(v_hat))
        rows.append((g, m, v, m_hat, v_hat, *((moved,) if decay else ())))
    columns = ("g", "m", "v", "m̂", "v̂", *(("θ before decay",) if decay else ()), "θ")
    settings = {"lr": lr, "β₁": b1, "β₂": b2, "ε": 0.0, **({"λ": decay} if decay else {})}
    return _told(name, settings, columns, rows, path)


def _path(name: str, start: float, grads: Sequence[float], **hyper: Any) -> list[float]:
    """The reference's iterates, the start included."""
    iterates = apply_rule(name, np.array([start]), np.array(grads)[:, None], hyper, frozenset())
    return [start, *iterates[:, 0].tolist()]


def _told(
    name: str,
    settings: dict[str, float],
    columns: Sequence[str],
    rows: Sequence[tuple[float, ...]],
    path: Sequence[float],
) -> str:
    given = ", ".join(f"{symbol} = {_short(value)}" for symbol, value in settings.items())
    table = [
        ("step", *columns),
        ("---", *("---:" for _ in columns)),
        ("0", *("" for _ in columns[1:]), _short(path[0])),
    ]
    for step, (row, after) in enumerate(zip(rows, path[1:], strict=True), start=1):
        table.append((str(step), *map(_short, row), _short(after)))
    lines = "\n".join(f"| {' | '.join(cells)} |" for cells in table)
    return f"**{name}**, {given}, on one number. Go through it with a pencil before you write code:\n\n{lines}"


def _short(value: float) -> str:
    return f"{value:.5g}".replace("-", "−")
