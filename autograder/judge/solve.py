"""Works out numbers that a student invented, from what was observed: a grid of guesses, then Gauss and Newton."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from autograder.model import Array, Observation, Scenario, Unknown

Rows = NDArray[np.int_]
Play = Callable[[Sequence[int], Sequence[float], Sequence[Scenario]], list[dict[str, Array]]]
GUESSES, FEW_GUESSES = 40, 9  # for each candidate: many candidates get few
ROUNDS = 10
SHOWN = 3  # scenarios that numbers are worked out on
NUDGE, SETTLED = 1e-5, 1e-9  # of a number's logarithm
FAR, HOPELESS = 0.05, 4  # who is as far off after so many rounds comes no nearer
NEAR = 1e-4  # of the largest number observed: what is further off is not looked at again
FIGURES = (1, 2, 3, 4)


def solve(
    play: Play,
    unknowns: Sequence[Unknown],
    scenarios: Sequence[Scenario],
    observations: Mapping[str, Observation],
    most: int,
) -> Iterator[tuple[int, float]]:
    """(candidate, number) pairs worth a check, the nearest first; `play` predicts candidates with numbers."""
    shown = list(scenarios[:SHOWN])
    few = len(unknowns) > most
    if few:
        shown = shown[:1]
    rows, numbers = _grid(unknowns, FEW_GUESSES if few else GUESSES)
    residuals = _residuals(play, rows, numbers, shown, observations)
    rows, numbers = _nearest(unknowns, rows, numbers, _sizes(residuals), 1 if few else 2, 2 * most)
    moving = np.array([not unknowns[i].whole for i in rows], dtype=bool)
    low, high = (np.log([getattr(unknowns[i], end) for i in rows]) for end in ("low", "high"))
    logs, going = np.log(numbers), np.flatnonzero(moving)
    for turn in range(ROUNDS):
        if not len(going):
            break
        both = np.exp(np.concatenate([logs[going], logs[going] + NUDGE]))
        here, there = np.split(_residuals(play, np.tile(rows[going], 2), both, shown, observations), 2)
        with np.errstate(all="ignore"):
            slope = (there - here) / NUDGE
            step = -(slope * here).sum(axis=1) / (slope * slope).sum(axis=1)
        step = np.where(np.isfinite(step), np.clip(step, -1.5, 1.5), 0.0)
        logs[going] = np.clip(logs[going] + step, low[going], high[going])
        hopeful = (np.abs(step) > SETTLED) & ((turn < HOPELESS) | (_sizes(here) < FAR))
        going = going[hopeful]
    final = _sizes(_residuals(play, rows, np.exp(logs), shown, observations))
    for at in np.argsort(final, kind="stable").tolist():
        if np.isfinite(final[at]) and final[at] < NEAR:
            yield int(rows[at]), float(np.exp(logs[at]))


def _grid(unknowns: Sequence[Unknown], count: int) -> tuple[Rows, Array]:
    rows, numbers = [], []
    for i, unknown in enumerate(unknowns):
        if unknown.whole:
            guesses = np.arange(unknown.low, unknown.high + 1)
        else:
            guesses = np.append(np.geomspace(unknown.low, unknown.high, count), unknown.usual)
        rows += [i] * len(guesses)
        numbers += guesses.tolist()
    return np.array(rows, dtype=int), np.array(numbers)


def _residuals(
    play: Play, rows: Rows, numbers: Array, scenarios: Sequence[Scenario], observations: Mapping[str, Observation]
) -> Array:
    """(rows, entries): predicted minus observed, as a part of the largest observed; 0 where neither is finite."""
    columns = []
    with np.errstate(all="ignore"):
        for scenario, arrays in zip(scenarios, play(rows.tolist(), numbers.tolist(), scenarios), strict=True):
            for name, predicted in arrays.items():
                observed = observations[scenario.id].arrays.get(name)
                if observed is None or observed.shape != predicted.shape[1:]:
                    continue
                finite = np.isfinite(observed)
                error = (predicted - observed) / np.abs(np.where(finite, observed, 0)).max()
                error = np.where(np.isfinite(predicted) | finite, error, 0.0)
                columns.append(np.where(finite, error, np.nan).reshape(len(rows), -1))
    return np.concatenate(columns, axis=1) if columns else np.full((len(rows), 1), np.nan)


def _sizes(residuals: Array) -> Array:
    sizes = np.abs(residuals).max(axis=1)
    return np.where(np.isfinite(sizes), sizes, np.inf)


def _nearest(
    unknowns: Sequence[Unknown], rows: Rows, numbers: Array, sizes: Array, each: int, most: int
) -> tuple[Rows, Array]:
    """The best guesses of each candidate (all of a whole number's that fit), and of all candidates the best."""
    kept: list[int] = []
    order = np.lexsort((sizes, rows))
    bounds = np.searchsorted(rows[order], np.arange(len(unknowns) + 1))
    for i, unknown in enumerate(unknowns):
        mine = order[bounds[i] : bounds[i + 1]]
        kept += mine[: 4 if unknown.whole else each].tolist()
    kept.sort(key=lambda at: (float(sizes[at]), at))
    best = np.array(kept[:most], dtype=int)
    return rows[best], numbers[best]


def rounder(number: float) -> list[float]:
    """The number to one figure, two, three, four, and as it is: the roundest that fits is told."""
    return [*(float(f"{number:.{figures}g}") for figures in FIGURES), number]
