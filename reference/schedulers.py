"""Learning-rate schedules, each from its source: pure float64 functions from a base rate to a rate for each count t.

`base` is the rate that the optimizer has when the scheduler is made, `t` how often step() has been called since
(0 before the first call): a number or an array of them. The result has t's shape.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
Schedule = Callable[[float, ArrayLike], Array]


def step_decay(base: float, t: ArrayLike, *, step_size: int, gamma: float = 0.1) -> Array:
    """A staircase: the rate is multiplied by gamma once in step_size epochs.

        lr(t) = base · γ^⌊t / step_size⌋

    Source: torch.optim.lr_scheduler.StepLR, whose documentation lists these rates (0.05, 0.005, … for step_size 30).
    Fork: torch multiplies the rate that it finds, older course notes recompute from the base; see `followed`.
    """
    return base * np.power(float(gamma), np.floor_divide(np.asarray(t, dtype=np.float64), step_size))


def exponential(base: float, t: ArrayLike, *, gamma: float) -> Array:
    """The rate shrinks by the same factor at every call: lr(t) = base · γᵗ.

    Source: torch.optim.lr_scheduler.ExponentialLR. Fork: written with e, γ is e^(−k); here γ itself is given.
    """
    return base * np.power(float(gamma), np.asarray(t, dtype=np.float64))


def warmup_cosine(
    base: float, t: ArrayLike, *, warmup_steps: int, total_steps: int, min_lr: float = 0.0, from_zero: bool = False
) -> Array:
    """Linear warm-up, then half a cosine down to min_lr, then min_lr for good (Loshchilov & Hutter 2017, SGDR, eq. 5).

        t < w:        lr(t) = base · (t + 1) / w
        w ≤ t < T:    lr(t) = min_lr + (base − min_lr) · ½(1 + cos(π · (t − w) / (T − w)))
        t ≥ T:        lr(t) = min_lr

    https://arxiv.org/abs/1608.03983 restarts at T, and its warm-up comes from Goyal et al. 2017
    (https://arxiv.org/abs/1706.02677). Fork: `from_zero` warms up with t / w, as the usual recipe for transformers
    does; its first step has rate 0 and moves nothing. torch's CosineAnnealingLR rises again after T.
    """
    t = np.asarray(t, dtype=np.float64)
    rising = base * (t if from_zero else t + 1) / max(warmup_steps, 1)
    progress = np.clip((t - warmup_steps) / (total_steps - warmup_steps), 0, 1)
    falling = min_lr + (base - min_lr) * 0.5 * (1 + np.cos(np.pi * progress))
    return np.asarray(np.where(t < warmup_steps, rising, falling))


def followed(schedule: Schedule, base: float, steps: int, by_hand: Mapping[int, float], *, chained: bool) -> Array:
    """The optimizer's rate when the scheduler is made and after each of `steps` calls: (steps + 1,).

    `by_hand` are rates that somebody sets before the call of that number (from 0). A schedule that is recomputed
    from its base overrules them; a `chained` one multiplies whatever it finds by lr(t) / lr(t − 1), as torch does.
    """
    planned = schedule(base, np.arange(steps + 1))
    if not chained:
        return planned
    rates = [float(planned[0])]
    for call in range(steps):
        found = by_hand.get(call, rates[-1])
        rates.append(found * float(planned[call + 1] / planned[call]))
    return np.array(rates)
