"""Charts of Adam with and without bias correction on a small valley, as tests of pages draw them."""

from __future__ import annotations

import numpy as np

from autograder.model import Chart, Series, Surface


def adam(start: tuple[float, float], *, steps: int, corrected: bool) -> np.ndarray:
    """Adam on x² / 4 + 3 y², lr = 0.2, default betas and eps."""
    w, m, v, path = np.array(start), np.zeros(2), np.zeros(2), [np.array(start)]
    for t in range(1, steps + 1):
        g = np.array([w[0] / 2, 6 * w[1]])
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        scale = (1 - 0.9**t, 1 - 0.999**t) if corrected else (1.0, 1.0)
        w = w - 0.2 * (m / scale[0]) / (np.sqrt(v / scale[1]) + 1e-8)
        path.append(w)
    return np.array(path)


def charts() -> tuple[Chart, ...]:
    golden, yours = (adam((-2.5, 1.2), steps=30, corrected=c) for c in (True, False))
    x, y = np.linspace(-3, 3, 60), np.linspace(-2, 2, 60)
    pair = [("expected", "golden", golden), ("yours", "yours", yours)]
    error = np.abs(golden - yours).max(axis=1)
    steps = tuple(float(t) for t in range(31))
    losses = [(w[:, 0] ** 2 / 4 + 3 * w[:, 1] ** 2) for _, _, w in pair]
    return (
        Chart(
            "path", "The way down the valley", "Contours join points of equal loss.", "θ₁", "θ₂",
            tuple(Series(label, tuple(w[:, 0]), tuple(w[:, 1]), role) for label, role, w in pair),  # type: ignore[arg-type]
            surface=Surface(x, y, x[None, :] ** 2 / 4 + 3 * y[:, None] ** 2),
        ),
        Chart(
            "error", "Error by step", "How far your parameters are from the right ones.", "step", "largest error",
            (Series("yours", steps, tuple(error), "yours"), Series("tolerance", steps, (1e-6,) * 31, "context")),
            log_y=True,
        ),
        Chart(
            "loss", "Loss of a small network", "Training loss on the same batches.", "step", "loss",
            tuple(Series(label, steps, tuple(loss), role) for (label, role, _), loss in zip(pair, losses, strict=True)),  # type: ignore[arg-type]
        ),
    )  # fmt: skip
