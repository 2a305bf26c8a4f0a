"""The update rules as one family with switches: the right rule is one point, every wrong belief is another.

A switch is a table from an option's name to its formula; where something acts, what it acts with, and by which factor
are switches of their own, so that combinations need no listing. `"option @ gate"` turns a switch only where the gate is
open: for matrices, in odd steps, after step n. A hypothesis says which options differ from the right ones; `simulate`
runs all hypotheses at once, so a formula sees arrays of shape (hypotheses, coordinates), or (coordinates,) for what no
hypothesis changes. In the formulas: w parameters θ, g gradient, v velocity or second moment, m first moment, k the
hyperparameters and circumstances of the step (lr, mu, decay, b1, b2, eps, t …); k.n is a number that a student
invented, which whoever asks brings along.

The points of the right rules are `SGD`, `ADAM` and `ADAMW`; tests hold them equal to `updates.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import accumulate
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Integers = NDArray[np.int_]
Formula = Callable[..., Any]
Switch = Mapping[str, Formula]
Hypothesis = Mapping[str, str]  # switch -> option, or "option @ gate", where it differs from the right rule


@dataclass(frozen=True)
class StepInputs:
    """T steps of D coordinates, whichever parameters and experiments they come from."""

    start: Array  # (D,)
    grads: Array  # (T, D), 0 where absent
    present: Mask  # (T, D): the gradient exists
    stepped: Mask  # (T, D): step() was called (experiments may be shorter than T)
    blocked: Mask  # (T, D): an earlier parameter of the same optimizer has no gradient in this step
    visits: Integers  # (T, D): gradients that the optimizer has met up to this parameter in this step
    written: Mask  # (T, D): somebody wrote lr before this step
    reused: Mask  # (D,): the same gradient array is handed over again at every step
    ordinal: Integers  # (D,): place of the parameter in its optimizer, from 0
    siblings: Integers  # (D,): how many parameters that optimizer has
    axes: Integers  # (D,): of the parameter
    tensor: Integers  # (D,): which parameter a coordinate belongs to
    hyper: Mapping[str, Array]  # (T, D) each: lr, mu, decay / lr, b1, b2, eps, decay
    given: Mapping[str, Mask]  # (D,) each: whether that hyperparameter was passed or left to its default

    def first(self, width: int) -> StepInputs:
        """The first coordinates alone."""
        parts: dict[str, Any] = {f.name: getattr(self, f.name) for f in fields(self)}
        for name, part in parts.items():
            tables = isinstance(part, Mapping)
            parts[name] = {k: a[..., :width] for k, a in part.items()} if tables else part[..., :width]
        return StepInputs(**parts)

    def lasting(self) -> list[int]:
        """For each step, how many coordinates have to be moved: up to the last that has a step then or later."""
        later = np.logical_or.accumulate(self.stepped[::-1])[::-1]
        return [int(np.flatnonzero(row).max(initial=-1)) + 1 for row in later]


GATES: Switch = {  # where an option is taken; elsewhere the rule is right
    "matrices": lambda k: k.axes == 2,
    "no matrix": lambda k: k.axes != 2,
    "scalars": lambda k: k.axes == 0,
    "arrays": lambda k: k.axes > 0,
    "first parameter": lambda k: k.ordinal == 0,
    "later parameters": lambda k: k.ordinal > 0,
    "last parameter": lambda k: (k.ordinal == k.siblings - 1) & (k.siblings > 1),
    "first step": lambda k: k.steps == 1,
    "later steps": lambda k: k.steps > 1,
    "odd steps": lambda k: k.steps % 2 == 1,
    "even steps": lambda k: k.steps % 2 == 0,
    "after step n": lambda k: k.steps > k.n,
    "until step n": lambda k: k.steps <= k.n,
    "with momentum": lambda k: k.mu != 0,
    "without momentum": lambda k: k.mu == 0,
    "with decay": lambda k: k.decay != 0,
    "without decay": lambda k: k.decay == 0,
    "zero gradients": lambda k: k.g == 0,
    "other gradients": lambda k: k.g != 0,
    "falling": lambda k: k.g > 0,
    "rising": lambda k: k.g < 0,
}
OF_A_NUMBER = frozenset({"after step n", "until step n"})  # another gate for each row

# ------------------------------------------------------------------------- what the rules share, before any moment
SEES: Switch = {
    "gradient": lambda g, k: g,
    "clipped to ±1": lambda g, k: np.clip(g, -1, 1),
    "clipped at n": lambda g, k: np.clip(g, -k.n, k.n),
    "normalised": lambda g, k: g / (np.sqrt(k.total(g * g)) + 1e-12),
    "sign": lambda g, k: np.sign(g),
    "clipped by norm": lambda g, k: g / np.maximum(1, np.sqrt(k.total(g * g))),
    "clipped by norm n": lambda g, k: g / np.maximum(1, np.sqrt(k.total(g * g)) / k.n),
    "halved": lambda g, k: g / 2,
    "doubled": lambda g, k: 2 * g,
    "averaged over the parameter": lambda g, k: g / k.size,
    "absolute": lambda g, k: np.abs(g),
    "squared": lambda g, k: g * g,
    "centred": lambda g, k: g - k.total(g) / k.size,
    "nothing": lambda g, k: 0 * g,
    "times n": lambda g, k: k.n * g,
}
ABSENT: Switch = {  # which coordinates are updated although, or although not, they have a gradient
    "skip": lambda k: k.present,
    "coast": lambda k: k.stepped,
    "stop at the first": lambda k: k.present & ~k.blocked,
    "skip zero gradients": lambda k: k.present & (k.total(np.abs(k.g)) > 0),
    "skip zeros": lambda k: k.present & (k.g != 0),
}
LR: Switch = {
    "as given": lambda k: k.lr,
    "frozen": lambda k: k.lr0,
    "fixed": lambda k: 0 * k.lr + k.n,
    "default tenfold": lambda k: np.where(k.given_lr, k.lr, 10 * k.lr),
    "default a tenth": lambda k: np.where(k.given_lr, k.lr, k.lr / 10),
    "default n": lambda k: np.where(k.given_lr, k.lr, k.n),
}
MU: Switch = {
    "as given": lambda k: k.mu,
    "fixed": lambda k: np.where(k.mu == 0, 0, k.n),
    "default 0.9": lambda k: np.where(k.given_mu, k.mu, 0.9),
    "default n": lambda k: np.where(k.given_mu, k.mu, k.n),
}
DECAY: Switch = {
    "as given": lambda k: k.decay,
    "fixed": lambda k: np.where(k.decay == 0, 0, k.n),
    "default zero": lambda k: np.where(k.given_decay, k.decay, 0.0),
    "default 0.01": lambda k: np.where(k.given_decay, k.decay, 0.01),
    "default n": lambda k: np.where(k.given_decay, k.decay, k.n),
}
BETAS: Switch = {  # changes both at once
    "as given": lambda k: (k.b1, k.b2),
    "exchanged": lambda k: (k.b2, k.b1),
    "fixed": lambda k: (0 * k.b1 + 0.9, 0 * k.b2 + 0.999),
    "first for both": lambda k: (k.b1, k.b1),
    "second for both": lambda k: (k.b2, k.b2),
}
EACH_OF_BETAS: tuple[Switch, Switch] = (
    {name: lambda k, both=both: both(k)[0] for name, both in BETAS.items()},
    {name: lambda k, both=both: both(k)[1] for name, both in BETAS.items()},
)
BETA1: Switch = {
    "as given": lambda k: k.b1,
    "fixed": lambda k: 0 * k.b1 + k.n,
    "default n": lambda k: np.where(k.given_betas, k.b1, k.n),
}
BETA2: Switch = {
    "as given": lambda k: k.b2,
    "fixed": lambda k: 0 * k.b2 + k.n,
    "default n": lambda k: np.where(k.given_betas, k.b2, k.n),
}
EPS: Switch = {
    "as given": lambda k: k.eps,
    "always 1e-8": lambda k: 0 * k.eps + 1e-8,
    "fixed": lambda k: 0 * k.eps + k.n,
    "default n": lambda k: np.where(k.given_eps, k.eps, k.n),
}
SIGN: Switch = {"descend": lambda u, k: u, "ascend": lambda u, k: -u}
RATE: Switch = {
    "lr": lambda k: k.lr,
    "without lr": lambda k: 0 * k.lr + 1,
    "lr squared": lambda k: k.lr**2,
    "lr over t": lambda k: k.lr / k.steps,
    "lr over root t": lambda k: k.lr / np.sqrt(k.steps),
    "divided by lr": lambda k: 1 / k.lr,
    "times n": lambda k: k.lr * k.n,
    "fading": lambda k: k.lr * k.n ** (k.steps - 1),
    "fading from the first": lambda k: k.lr * k.n**k.steps,
    "by inverse time": lambda k: k.lr / (1 + k.n * k.steps),
    "corrected for good": lambda k: k.lr,  # see _gather_rate
}
BASE: Switch = {  # from where the step goes
    "parameters": lambda w, k: w,
    "zero": lambda w, k: 0 * w,
    "start": lambda w, k: 0 * w + k.start,
}
MOVES: Switch = {"moves": lambda w, old, k: w, "nothing": lambda w, old, k: old}

# ------------------------------------------------------------------------------------- where and how decay comes in
PLACE: Mapping[str, frozenset[str]] = {  # at which points of a step
    "gradient": frozenset({"gradient"}),
    "direct": frozenset({"direct"}),
    "gradient and direct": frozenset({"gradient", "direct"}),
    "instead of the gradient": frozenset({"instead"}),
    "m": frozenset({"m"}),
    "v": frozenset({"v"}),
    "over the root": frozenset({"numerator"}),
    "velocity": frozenset({"velocity"}),
    "on the update": frozenset({"update"}),
    "on the direction": frozenset({"direction"}),
    "divides": frozenset({"divides"}),
    "keeps only": frozenset({"keeps"}),
}
WHAT: Switch = {  # what λ multiplies
    "parameters": lambda w, g, k: w,
    "sign": lambda w, g, k: np.sign(w),
    "squared": lambda w, g, k: w * w,
    "cubed": lambda w, g, k: w * w * w,
    "one": lambda w, g, k: 0 * w + 1,
    "start": lambda w, g, k: 0 * w + k.start,
    "gradient": lambda w, g, k: g,
    "absolute": lambda w, g, k: np.abs(w),
    "mean": lambda w, g, k: k.total(w) / k.size,
    "norm": lambda w, g, k: w * np.sqrt(k.total(w * w)),
    "direction": lambda w, g, k: w / (np.sqrt(k.total(w * w)) + 1e-12),
}
FACTOR: Switch = {  # beyond what belongs there: λ in a gradient, lr·λ on the parameters themselves
    "one": lambda k: 1,
    "missing": lambda k: 0 * k.lr,
    "negative": lambda k: -1 + 0 * k.lr,
    "doubled": lambda k: 2 + 0 * k.lr,
    "halved": lambda k: 0.5 + 0 * k.lr,
    "lr": lambda k: k.lr,
    "without lr": lambda k: 1 / k.lr,
    "twice in a row": lambda k: 2 - k.lr * k.decay,
    "frozen lr": lambda k: k.lr0 / k.lr,
    "squared": lambda k: k.decay,
    "root": lambda k: 1 / np.sqrt(k.decay),
    "by t": lambda k: k.steps,
    "over t": lambda k: 1 / k.steps,
    "corrected step size": lambda k: k.gain,
    "divided": lambda k: 1 / k.lr**2,
    "without decay": lambda k: 1 / k.decay,
    "one minus": lambda k: (1 - k.decay) / k.decay,
    "momentum": lambda k: k.mu,
    "one minus momentum": lambda k: 1 - k.mu,
    "times n": lambda k: k.n + 0 * k.lr,
}
ORDER: Switch = {  # of direct decay and step: which parameters it sees
    "after": lambda moved, old, k: moved,
    "before": lambda moved, old, k: old,  # in one line with the step
    "first": lambda moved, old, k: old,  # in a line of its own: what else decays sees the shrunk parameters
}
LEFT: Switch = {"alone": lambda g, k: 0 * g, "changed": lambda g, k: g}  # the gradient's own array

# --------------------------------------------------------------------------------------------- SGD and its velocity
KEEP: Switch = {  # how much of the old velocity stays
    "mu": lambda k: k.mu,
    "one": lambda k: 0 * k.mu + 1,
    "one minus mu": lambda k: 1 - k.mu,
    "nothing": lambda k: 0 * k.mu,
    "minus mu": lambda k: -k.mu,
    "mu squared": lambda k: k.mu**2,
    "root of mu": lambda k: np.sqrt(k.mu),
    "mu times lr": lambda k: k.mu * k.lr,
    "mu to the t": lambda k: k.mu**k.steps,
    "mu times n": lambda k: k.mu * k.n,
}
TAKE: Switch = {  # how much of the new gradient comes in
    "whole": lambda k: 0 * k.mu + 1,
    "one minus mu": lambda k: 1 - k.mu,
    "mu": lambda k: k.mu,
    "minus": lambda k: 0 * k.mu - 1,
    "one plus mu": lambda k: 1 + k.mu,
    "one minus mu squared": lambda k: 1 - k.mu**2,
    "root of one minus mu squared": lambda k: np.sqrt(1 - k.mu**2),
    "times n": lambda k: 0 * k.mu + k.n,
}
ALONG: Switch = {  # where the step goes: v the new velocity, old the one before, x the new gradient
    "velocity": lambda v, old, x, k: v,
    "Nesterov": lambda v, old, x, k: x + k.mu * v,
    "stale": lambda v, old, x, k: old,
    "damped again": lambda v, old, x, k: x + k.mu * k.mu * old,
    "velocity and gradient": lambda v, old, x, k: x + v,
    "damped": lambda v, old, x, k: k.mu * v,
    "mean with the gradient": lambda v, old, x, k: (x + v) / 2,
    "gradient": lambda v, old, x, k: x,
    "difference": lambda v, old, x, k: (1 + k.mu) * v - k.mu * old,
    "gradient and old": lambda v, old, x, k: x + k.mu * old,
    "gradient and stale": lambda v, old, x, k: x + old,
    "sign": lambda v, old, x, k: np.sign(v),
}
FIRST_VELOCITY: Switch = {"zero": lambda v, x, k: v, "gradient": lambda v, x, k: np.where(k.updates == 1, x, v)}
INSIDE: Switch = {"outside": lambda x, k: x, "inside": lambda x, k: k.lr * x}  # lr
GATHERED: Switch = {  # a correction like Adam's
    "as it is": lambda u, k: u,
    "corrected": lambda u, k: u / (1 - k.mu**k.steps),
}
PLAIN: Switch = {  # without momentum: the gradient itself, or the same formulas with μ = 0
    "apart": lambda a, b, k: np.where(k.mu == 0, b, a),
    "alike": lambda a, b, k: a,
}

# ------------------------------------------------------------------------------------------ Adam, AdamW: the moments
KEEP1: Switch = {
    "beta": lambda k: k.b1,
    "one minus": lambda k: 1 - k.b1,
    "other beta": lambda k: k.b2,
    "nothing": lambda k: 0 * k.b1,
    "one": lambda k: 0 * k.b1 + 1,
    "squared": lambda k: k.b1**2,
    "minus": lambda k: -k.b1,
    "root": lambda k: np.sqrt(k.b1),
    "to the t": lambda k: k.b1**k.t,
}
TAKE1: Switch = {
    "one minus": lambda k: 1 - k.b1,
    "one": lambda k: 0 * k.b1 + 1,
    "beta": lambda k: k.b1,
    "beta times one minus": lambda k: k.b1 * (1 - k.b1),
    "other": lambda k: 1 - k.b2,
    "squared": lambda k: (1 - k.b1) ** 2,
    "minus": lambda k: k.b1 - 1,
    "plus": lambda k: 1 + k.b1,
    "lr": lambda k: k.lr * (1 - k.b1),
    "one minus squared": lambda k: 1 - k.b1**2,
    "times n": lambda k: 0 * k.b1 + k.n,
}
OF1: Switch = {
    "g": lambda g, old, k: g,
    "|g|": lambda g, old, k: np.abs(g),
    "g squared": lambda g, old, k: g * g,
    "sign": lambda g, old, k: np.sign(g),
    "difference": lambda g, old, k: g - old,
}
KEEP2: Switch = {
    "beta": lambda k: k.b2,
    "one minus": lambda k: 1 - k.b2,
    "other beta": lambda k: k.b1,
    "nothing": lambda k: 0 * k.b2,
    "one": lambda k: 0 * k.b2 + 1,
    "squared": lambda k: k.b2**2,
    "minus": lambda k: -k.b2,
    "root": lambda k: np.sqrt(k.b2),
    "to the t": lambda k: k.b2**k.t,
}
TAKE2: Switch = {
    "one minus": lambda k: 1 - k.b2,
    "one": lambda k: 0 * k.b2 + 1,
    "beta": lambda k: k.b2,
    "beta times one minus": lambda k: k.b2 * (1 - k.b2),
    "other": lambda k: 1 - k.b1,
    "squared": lambda k: (1 - k.b2) ** 2,
    "plus": lambda k: 1 + k.b2,
    "one minus squared": lambda k: 1 - k.b2**2,
    "times n": lambda k: 0 * k.b2 + k.n,
}
OF2: Switch = {
    "g squared": lambda g, m, old, k: g * g,
    "|g|": lambda g, m, old, k: np.abs(g),
    "g": lambda g, m, old, k: g,
    "centred": lambda g, m, old, k: (g - m) ** 2,
    "centred on the old": lambda g, m, old, k: (g - old) ** 2,
    "variance": lambda g, m, old, k: (g - m) * (g - old),
    "m squared": lambda g, m, old, k: m * m,
    "m times g": lambda g, m, old, k: m * g,
    "m": lambda g, m, old, k: m,
    "mean": lambda g, m, old, k: k.total(g * g) / k.size,
    "norm": lambda g, m, old, k: k.total(g * g),
    "root of the norm": lambda g, m, old, k: np.sqrt(k.total(g * g)),
    "g cubed": lambda g, m, old, k: g**3,
    "fourth power": lambda g, m, old, k: g**4,
    "twice g": lambda g, m, old, k: 2 * g,
    "centred on its mean": lambda g, m, old, k: (g - k.total(g) / k.size) ** 2,
    "variance over the parameter": lambda g, m, old, k: k.total((g - k.total(g) / k.size) ** 2) / k.size,
}
GATHER: Switch = {
    "sum": lambda kept, new, fresh, k: kept + new,
    "largest": lambda kept, new, fresh, k: np.maximum(kept, fresh),
    "difference": lambda kept, new, fresh, k: kept - new,
}
COUNT: Switch = {  # what t counts in the corrections
    "steps": lambda k: k.steps,
    "updates": lambda k: k.updates,  # torch, newest TinyTorch: accepted
    "parameters": lambda k: (k.steps - 1) * k.siblings + k.ordinal + 1,
    "gradients": lambda k: np.maximum(k.visits, 1),
}
T: Switch = {  # what becomes of that count
    "from one": lambda t, k: t,
    "from zero": lambda t, k: t - 1,
    "from two": lambda t, k: t + 1,
    "twice": lambda t, k: 2 * t,
    "stays one": lambda t, k: 0 * t + 1,
    "stays": lambda t, k: 0 * t + np.round(k.n),
    "until": lambda t, k: np.minimum(t, np.round(k.n)),
    "behind": lambda t, k: np.maximum(t - 1, 1),
    "half": lambda t, k: t / 2,
    "squared": lambda t, k: t * t,
    "further": lambda t, k: t + np.round(k.n),
}
CORRECTION: Switch = {  # the divisor of a moment; switches "c1" and "c2"
    "1 - beta^t": lambda b, other, t: 1 - b**t,
    "none": lambda b, other, t: 0 * b * t + 1,
    "no power": lambda b, other, t: 1 - b + 0 * t,
    "other beta": lambda b, other, t: 1 - other**t,
    "times t": lambda b, other, t: 1 - b * t,
    "multiplied": lambda b, other, t: 1 / (1 - b**t),
    "beta^t": lambda b, other, t: b**t,
    "plus": lambda b, other, t: 1 + b**t,
    "rooted": lambda b, other, t: np.sqrt(1 - b**t),
    "squared": lambda b, other, t: (1 - b**t) ** 2,
    "first step only": lambda b, other, t: np.where(t == 1, 1 - b, 1.0),
    "power outside": lambda b, other, t: (1 - b) ** t,
    "beta": lambda b, other, t: b + 0 * t,
    "negative": lambda b, other, t: b**t - 1,
    "inverse power": lambda b, other, t: 1 - b ** (1 / t),
    "t to the beta": lambda b, other, t: 1 - t**b,
    "both": lambda b, other, t: (1 - b**t) * (1 - other**t),
    "over t": lambda b, other, t: 1 - b / t,
    "squared beta": lambda b, other, t: 1 - b ** (2 * t),
    "t": lambda b, other, t: t + 0 * b,
}
DIVISOR: Switch = {name: lambda b, other, t, k, f=f: f(b, other, t) for name, f in CORRECTION.items()}
KEPT: Switch = {"apart": lambda m, m_hat, k: m, "stored": lambda m, m_hat, k: m_hat}  # what the next step starts from
USED: Switch = {"new": lambda m, old, k: m, "old": lambda m, old, k: old}  # what is corrected: "used1", "used2"
SPREAD: Switch = {  # what the root is taken of: v corrected, raw and m not; corrected moments leave only rounding
    "second moment": lambda v, raw, m, k: v,
    "variance, absolute": lambda v, raw, m, k: np.abs(raw - m * m) / k.c2,
    "variance, floored": lambda v, raw, m, k: np.maximum(raw - m * m, 0) / k.c2,
    "second moment and m": lambda v, raw, m, k: v + m * m,
}
DENOMINATOR: Switch = {  # v is corrected, raw is not, c2 is its correction
    "root plus eps": lambda v, raw, c2, k: np.sqrt(v) + k.eps,
    "eps inside": lambda v, raw, c2, k: np.sqrt(v + k.eps),
    "no eps": lambda v, raw, c2, k: np.sqrt(v),
    "eps before correction": lambda v, raw, c2, k: (np.sqrt(raw) + k.eps) / np.sqrt(c2),
    "eps added to v first": lambda v, raw, c2, k: np.sqrt((raw + k.eps) / c2),
    "larger of the two": lambda v, raw, c2, k: np.maximum(np.sqrt(v), k.eps),
    "eps subtracted": lambda v, raw, c2, k: np.sqrt(v) - k.eps,
    "eps squared inside": lambda v, raw, c2, k: np.sqrt(v + k.eps**2),
    "eps twice": lambda v, raw, c2, k: np.sqrt(v + k.eps) + k.eps,
    "no root": lambda v, raw, c2, k: v + k.eps,
    "fourth root": lambda v, raw, c2, k: np.sqrt(np.sqrt(v)) + k.eps,
    "squared": lambda v, raw, c2, k: v * v + k.eps,
    "one per parameter": lambda v, raw, c2, k: np.sqrt(k.total(v) / k.size) + k.eps,
    "no division": lambda v, raw, c2, k: 0 * v + 1,
    "multiplies": lambda v, raw, c2, k: 1 / (np.sqrt(v) + k.eps),
    "plus one": lambda v, raw, c2, k: np.sqrt(v) + 1,
    "largest so far": lambda v, raw, c2, k: np.sqrt(k.largest) + k.eps,  # AMSGrad
    "root times eps": lambda v, raw, c2, k: np.sqrt(v) * k.eps,
    "eps doubled": lambda v, raw, c2, k: np.sqrt(v) + 2 * k.eps,
    "root of eps": lambda v, raw, c2, k: np.sqrt(v) + np.sqrt(k.eps),
    "only eps": lambda v, raw, c2, k: 0 * v + k.eps,
    "eps outside the whole": lambda v, raw, c2, k: 1 / (1 / np.sqrt(v) + k.eps),
    "largest uncorrected": lambda v, raw, c2, k: np.sqrt(k.largest_raw / c2) + k.eps,  # torch's AMSGrad
    "root of raw": lambda v, raw, c2, k: np.sqrt(raw) / c2 + k.eps,
}
DIRECTION: Switch = {
    "m hat": lambda m, raw, g, k: m,
    "raw gradient": lambda m, raw, g, k: g,
    "sign of m": lambda m, raw, g, k: np.sign(m),
    "sign of g": lambda m, raw, g, k: np.sign(g),
    "look-ahead": lambda m, raw, g, k: k.b1 * m + (1 - k.b1) * g / (1 - k.b1**k.t),  # NAdam
    "squared": lambda m, raw, g, k: m * m,
    "sum with g": lambda m, raw, g, k: m + g,
    "corrected gradient": lambda m, raw, g, k: g / k.c1,
}

SGD: Hypothesis = {
    "lr": "as given", "mu": "as given", "lam": "as given", "sees": "gradient", "absent": "skip", "decay": "gradient",
    "what": "parameters", "factor": "one", "order": "after", "left": "alone", "keep": "mu", "take": "whole",
    "along": "velocity", "first_velocity": "zero", "inside": "outside", "gathered": "as it is", "plain": "apart",
    "sign": "descend", "rate": "lr", "base": "parameters", "moves": "moves",
}  # fmt: skip
ADAM: Hypothesis = {
    "lr": "as given", "betas": "as given", "beta1": "as given", "beta2": "as given", "eps": "as given",
    "lam": "as given", "sees": "gradient", "absent": "skip", "decay": "gradient", "what": "parameters",
    "factor": "one", "order": "after", "left": "alone", "keep1": "beta", "take1": "one minus", "of1": "g",
    "keep2": "beta", "take2": "one minus", "of2": "g squared", "gather": "sum", "count": "steps", "t": "from one",
    "c1": "1 - beta^t", "c2": "1 - beta^t", "used1": "new", "used2": "new", "kept1": "apart", "kept2": "apart",
    "spread": "second moment", "denominator": "root plus eps", "direction": "m hat", "sign": "descend", "rate": "lr",
    "base": "parameters", "moves": "moves",
}  # fmt: skip
ADAMW: Hypothesis = {**ADAM, "decay": "direct"}

SWITCHES: Mapping[str, Mapping[str, Any]] = {
    "lr": LR, "mu": MU, "lam": DECAY, "betas": BETAS, "beta1": BETA1, "beta2": BETA2, "eps": EPS, "sees": SEES,
    "absent": {**ABSENT, "decays": ABSENT["skip"]}, "decay": PLACE, "what": WHAT, "factor": FACTOR, "order": ORDER,
    "left": LEFT, "keep": KEEP, "take": TAKE, "along": ALONG, "first_velocity": FIRST_VELOCITY, "inside": INSIDE,
    "gathered": GATHERED, "plain": PLAIN, "sign": SIGN, "rate": RATE, "base": BASE, "moves": MOVES, "keep1": KEEP1,
    "take1": TAKE1, "of1": OF1, "keep2": KEEP2, "take2": TAKE2, "of2": OF2, "gather": GATHER, "count": COUNT, "t": T,
    "c1": CORRECTION, "c2": CORRECTION, "used1": USED, "used2": USED, "kept1": KEPT, "kept2": KEPT,
    "spread": SPREAD, "denominator": DENOMINATOR, "direction": DIRECTION,
}  # fmt: skip


# --------------------------------------------------------------------------------------------------------- running
@dataclass(frozen=True)
class Turned:
    """The rows that take one option of a switch, and which of them only where a gate is open."""

    option: str
    rows: Any  # a slice of all, or their numbers
    numbers: Array  # (rows, 1): k.n for these
    gates: tuple[tuple[str, slice], ...] = ()  # and the stretch of `rows` behind each


class Crowd:
    """Many hypotheses: row h turns what the parts `groups[h]` turn, with a number for each part that needs one."""

    def __init__(
        self, right: Hypothesis, parts: Sequence[Hypothesis], groups: Integers, numbers: Array | None = None
    ) -> None:
        """`groups` (H, n): indices of parts that turn different switches; `numbers` (H, n), or None."""
        self.size, self.width = groups.shape
        self.right = right
        self.numbers = np.full(groups.size, np.nan) if numbers is None else numbers.ravel()
        self.turned = {s: [Turned(o, slice(None), np.full((1, 1), np.nan))] for s, o in right.items()}
        order = np.argsort(groups, axis=None, kind="stable")
        ends = np.searchsorted(groups.ravel()[order], np.arange(len(parts) + 1)).tolist()
        takers: dict[str, dict[str, list[Integers]]] = {}  # switch -> option -> entries of `groups`
        for i, part in enumerate(parts):
            entries = order[ends[i] : ends[i + 1]]
            for switch, told in part.items():
                takers.setdefault(switch, {}).setdefault(told, []).append(entries)
        for switch, options in takers.items():
            if switch not in right:
                raise KeyError(f"{switch} is no switch of this rule")
            self.turned[switch] = list(self._turned(switch, options))

    def _turned(self, switch: str, options: Mapping[str, Sequence[Integers]]) -> Iterator[Turned]:
        together: dict[str, list[tuple[str, Sequence[Integers]]]] = {}
        for told, entries in options.items():
            option, _, gate = told.partition(" @ ")
            if option not in SWITCHES[switch] or (gate and gate not in GATES):
                raise KeyError(f"{switch}: {told} is no option of this family")
            if told != self.right[switch]:
                together.setdefault(option, []).append((gate, entries))
        others = np.ones(self.size, dtype=bool)
        for option, parts in together.items():
            taken = np.concatenate([mine for _, some in parts for mine in some])
            if not len(taken):
                continue
            others[rows := taken // self.width] = False
            if len(taken) == self.size and not any(gate for gate, _ in parts):
                yield Turned(option, slice(None), self.numbers[np.sort(taken)][:, None])
                continue
            at = [0, *accumulate(sum(map(len, some)) for _, some in parts)]
            gates = tuple((gate, slice(at[i], at[i + 1])) for i, (gate, _) in enumerate(parts) if gate)
            yield Turned(option, rows, self.numbers[taken][:, None], gates)
        if others.all():
            yield Turned(self.right[switch], slice(None), np.full((1, 1), np.nan))
        elif others.any():
            yield Turned(self.right[switch], np.flatnonzero(others), np.full((1, 1), np.nan))

    def apply(self, switch: str, table: Switch, *arguments: Any, k: SimpleNamespace) -> Any:
        """table[option](*arguments, k) for each row, by its own option; where its gate is shut, by the right one."""
        turned, default = self.turned[switch], self.right[switch]
        if len(turned) == 1 and not turned[0].gates:
            k.n = turned[0].numbers
            return table[turned[0].option](*arguments, k)
        result, masks = None, dict[str, Any]()
        for turn in turned:
            mine = _View(k, turn.rows, turn.numbers)
            taken = [_take(a, turn.rows) for a in arguments]
            value = table[turn.option](*taken, mine)
            if turn.gates:
                value = np.where(_open(turn, k, masks), value, table[default](*taken, mine))
            if isinstance(turn.rows, slice):
                return value
            if result is None:
                result = np.empty((self.size, k.start.size), dtype=bool if np.asarray(value).dtype == bool else float)
            result[turn.rows] = value
        return result

    def at(self, switch: str, place: str, k: SimpleNamespace) -> Mask | None:
        """(size, D): whether a row's option of this switch includes a place; None when none does."""
        default = PLACE[self.right[switch]]
        if not any(place in PLACE[turn.option] or (turn.gates and place in default) for turn in self.turned[switch]):
            return None
        mask, masks = np.zeros((self.size, k.start.size), dtype=bool), dict[str, Any]()
        for turn in self.turned[switch]:
            here: Any = place in PLACE[turn.option]
            if turn.gates:
                here = np.where(_open(turn, k, masks), here, place in default)
            mask[turn.rows] = here
        return mask

    def changed(self, switch: str) -> bool:
        """Return whether any row turns this switch."""
        return len(self.turned[switch]) > 1 or self.turned[switch][0].option != self.right[switch]


def _open(turn: Turned, k: SimpleNamespace, masks: dict[str, Any]) -> Mask:
    """(rows, D): where a row's gate is open; `masks`: what the gates said that were asked before."""
    is_open = np.ones((len(turn.rows), k.start.size), dtype=bool)
    for gate, stretch in turn.gates:
        rows = turn.rows[stretch]
        if gate in OF_A_NUMBER:
            is_open[stretch] = GATES[gate](_View(k, rows, turn.numbers[stretch]))
            continue
        if gate not in masks:
            masks[gate] = GATES[gate](k)
        is_open[stretch] = _take(masks[gate], rows)
    return is_open


class _View:
    """k as seen by some rows, with their numbers."""

    def __init__(self, k: SimpleNamespace, rows: Any, numbers: Array) -> None:
        self._k, self._rows, self.n = k, rows, numbers

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._k, name)
        return value if callable(value) else _take(value, self._rows)


def _take(a: Any, rows: Any) -> Any:
    return a[rows] if isinstance(a, np.ndarray) and a.ndim == 2 and not isinstance(rows, slice) else a


def simulate(right: Hypothesis, course: StepInputs, hypotheses: Sequence[Hypothesis] | Crowd) -> Array:
    """The iterates of every hypothesis, (hypotheses, T, D). What diverges or divides by zero is left non-finite.

    What comes after the last step of an experiment is NaN, or goes on, and means nothing.
    """
    if not isinstance(hypotheses, Crowd):
        hypotheses = Crowd(right, hypotheses, np.arange(len(hypotheses))[:, None])
    crowd = hypotheses
    rule = _sgd_step if "keep" in right else _adam_step
    shape = (crowd.size, course.start.size)
    w = np.broadcast_to(course.start, shape)
    state = SimpleNamespace(
        a=np.zeros(shape), b=np.zeros(shape), largest=np.zeros(shape), largest_raw=np.zeros(shape),
        leftover=np.zeros(shape), gathered=np.ones(shape), updates=np.zeros(shape),
    )  # fmt: skip
    updates, width = np.zeros(course.start.size), course.start.size
    total = _totals(course.tensor)
    size = total(np.ones(width))
    iterates = np.full((crowd.size, *course.grads.shape), np.nan)
    with np.errstate(all="ignore"):
        for t, lasting in enumerate(course.lasting()):
            if lasting < width:  # experiments that have ended leave
                width, course = lasting, course.first(lasting)
                w, updates, size, total = w[:, :width], updates[:width], size[:width], _totals(course.tensor)
                state = SimpleNamespace(**{name: values[:, :width] for name, values in vars(state).items()})
            updates = updates + course.present[t]
            k = _circumstances(course, t, updates, total, size)
            w = rule(crowd, k, w, state)
            iterates[:, t, :width] = w
    return iterates


def _totals(tensor: Integers) -> Callable[[Array], Array]:
    """X (…, D) -> for each coordinate the sum over its parameter."""
    order = np.argsort(tensor, kind="stable")
    first = np.flatnonzero(np.diff(tensor[order], prepend=-1))
    parameter = np.unique(tensor, return_inverse=True)[1]
    return lambda x: np.add.reduceat(x[..., order], first, axis=-1, dtype=float)[..., parameter]


def _circumstances(
    course: StepInputs, t: int, updates: Array, total: Callable[[Array], Array], size: Array
) -> SimpleNamespace:
    return SimpleNamespace(
        **{"mu": np.zeros(course.start.size), **{name: values[t] for name, values in course.hyper.items()}},
        **{"given_" + name: mask for name, mask in course.given.items()},
        g=course.grads[t], written=course.written[t], lr0=course.hyper["lr"][0], start=course.start,
        steps=np.full(course.start.size, t + 1.0),
        updates=np.maximum(updates, 1), visits=course.visits[t], present=course.present[t],
        stepped=course.stepped[t], blocked=course.blocked[t], reused=course.reused, ordinal=course.ordinal,
        siblings=course.siblings, axes=course.axes, size=size, total=total, factor=None, decays=None,
    )  # fmt: skip


def _sgd_step(crowd: Crowd, k: SimpleNamespace, w: Array, state: SimpleNamespace) -> Array:
    on = crowd.apply("absent", SWITCHES["absent"], k=k)
    k.lr, k.mu, k.decay = (
        crowd.apply("lr", LR, k=k), crowd.apply("mu", MU, k=k), crowd.apply("lam", DECAY, k=k),
    )  # fmt: skip
    k.gain = 1.0
    at_rest, w = w, _shrunk_first(crowd, k, w)
    g = _decayed(crowd, k, w, state, on)
    x = crowd.apply("inside", INSIDE, g, k=k)
    old = state.a
    v = crowd.apply("keep", KEEP, k=k) * old + crowd.apply("take", TAKE, k=k) * x
    v = _within(crowd, "velocity", k, v, w, g, natural=1.0)
    v = crowd.apply("first_velocity", FIRST_VELOCITY, v, x, k=k)
    v = crowd.apply("plain", PLAIN, v, x, k=k)
    u = crowd.apply("along", ALONG, v, old, x, k=k)
    u = crowd.apply("gathered", GATHERED, u, k=k)
    u = crowd.apply("plain", PLAIN, u, x, k=k)
    moved = _moved(crowd, k, w, u, g)
    state.a = np.where(on, v, old)
    return np.where(on, moved, _resting(crowd, k, at_rest))


def _adam_step(crowd: Crowd, k: SimpleNamespace, w: Array, state: SimpleNamespace) -> Array:
    on = crowd.apply("absent", SWITCHES["absent"], k=k)
    if crowd.changed("absent"):  # who counts updates counts those that happen
        state.updates = state.updates + (k.total(on) > 0)
        k.updates = np.maximum(state.updates, 1)
    k.lr, k.eps, k.decay = (
        crowd.apply("lr", LR, k=k), crowd.apply("eps", EPS, k=k), crowd.apply("lam", DECAY, k=k),
    )  # fmt: skip
    k.b1, k.b2 = (crowd.apply("betas", table, k=k) for table in EACH_OF_BETAS)
    k.b1, k.b2 = crowd.apply("beta1", BETA1, k=k), crowd.apply("beta2", BETA2, k=k)
    k.t = crowd.apply("count", COUNT, k=k)
    k.t = crowd.apply("t", T, k.t, k=k)
    k.c1, k.c2 = _correction(crowd, "c1", k.b1, k.b2, k.t, k), _correction(crowd, "c2", k.b2, k.b1, k.t, k)
    k.gain = np.sqrt(1 - k.b2**k.t) / (1 - k.b1**k.t)
    _gather_rate(crowd, k, state)
    at_rest, w = w, _shrunk_first(crowd, k, w)
    g = _decayed(crowd, k, w, state, on)
    of1 = crowd.apply("of1", OF1, _within(crowd, "m", k, g, w, g, natural=1.0), state.a, k=k)
    m = crowd.apply("keep1", KEEP1, k=k) * state.a + crowd.apply("take1", TAKE1, k=k) * of1
    of2 = crowd.apply("of2", OF2, _within(crowd, "v", k, g, w, g, natural=1.0), m, state.a, k=k)
    kept = crowd.apply("keep2", KEEP2, k=k) * state.b
    v = crowd.apply("gather", GATHER, kept, crowd.apply("take2", TAKE2, k=k) * of2, of2, k=k)
    used_m, used_v = crowd.apply("used1", USED, m, state.a, k=k), crowd.apply("used2", USED, v, state.b, k=k)
    m_hat, v_hat = used_m / k.c1, used_v / k.c2
    if crowd.changed("denominator"):
        k.largest = state.largest = np.where(on, np.maximum(state.largest, v_hat), state.largest)
        k.largest_raw = state.largest_raw = np.where(on, np.maximum(state.largest_raw, used_v), state.largest_raw)
    root_of = crowd.apply("spread", SPREAD, v_hat, used_v, used_m, k=k)
    bottom = crowd.apply("denominator", DENOMINATOR, root_of, used_v, k.c2, k=k)
    top = crowd.apply("direction", DIRECTION, m_hat, used_m, g, k=k)
    u = _within(crowd, "numerator", k, top, w, g, natural=1.0) / bottom
    moved = _moved(crowd, k, w, u, g)
    state.a = np.where(on, crowd.apply("kept1", KEPT, m, m_hat, k=k), state.a)
    state.b = np.where(on, crowd.apply("kept2", KEPT, v, v_hat, k=k), state.b)
    return np.where(on, moved, _resting(crowd, k, at_rest))


def _decayed(crowd: Crowd, k: SimpleNamespace, w: Array, state: SimpleNamespace, on: Mask) -> Array:
    """The gradient as the moments see it, decay in it where that belongs to the rule."""
    seen = crowd.apply("sees", SEES, k.g, k=k)
    g = _within(crowd, "gradient", k, seen, w, seen, natural=1.0)
    instead = crowd.at("decay", "instead", k)
    if instead is not None:
        g = np.where(instead & (k.decay != 0), _amount(crowd, k, w, seen, 1.0), g)
    if crowd.changed("left"):
        added = g - seen
        g = g + state.leftover
        state.leftover = np.where(k.reused & on, state.leftover + crowd.apply("left", LEFT, added, k=k), 0.0)
    return np.asarray(g)


def _shrunk_first(crowd: Crowd, k: SimpleNamespace, w: Array) -> Array:
    """The parameters from which the step begins: decayed already by those who do that first."""
    here = crowd.at("decay", "direct", k)
    turned = [turn for turn in crowd.turned["order"] if turn.option == "first"]
    if here is None or not turned:
        return w
    first = np.zeros((crowd.size, 1), dtype=bool)
    for turn in turned:
        first[turn.rows] = True
    return np.where(here & first, w - _amount(crowd, k, w, k.g, k.lr), w)


def _within(crowd: Crowd, place: str, k: SimpleNamespace, x: Any, w: Array, g: Any, natural: Any) -> Any:
    """X with decay added, for those rows whose decay acts at this place."""
    here = crowd.at("decay", place, k)
    return x if here is None else np.where(here, x + _amount(crowd, k, w, g, natural), x)


def _amount(crowd: Crowd, k: SimpleNamespace, w: Array, g: Any, natural: Any) -> Any:
    if k.decays is None or k.decays[0] is not w or k.decays[1] is not g:  # the moments ask for the same again
        k.decays = w, g, crowd.apply("what", WHAT, w, g, k=k)
    return k.decay * natural * _factor(crowd, k) * k.decays[2]


def _factor(crowd: Crowd, k: SimpleNamespace) -> Any:
    """The factor of the decay: the same throughout a step."""
    if k.factor is None:
        k.factor = crowd.apply("factor", FACTOR, k=k)
    return k.factor


def _gather_rate(crowd: Crowd, k: SimpleNamespace, state: SimpleNamespace) -> None:
    """Whoever keeps the corrected rate in lr decays with it as well."""
    for turn in crowd.turned["rate"]:
        if turn.option == "corrected for good":
            state.gathered = np.where(k.written, 1.0, state.gathered) * k.gain
            lr = np.array(np.broadcast_to(k.lr, state.gathered.shape))
            lr[turn.rows] = (lr * state.gathered)[turn.rows]
            k.lr = lr


def _moved(crowd: Crowd, k: SimpleNamespace, w: Array, u: Any, g: Any) -> Array:
    """The parameters after the step along u, and after direct decay."""
    shrinking = k.lr * k.decay
    for place, scale in (("update", shrinking), ("direction", k.decay)):
        here = crowd.at("decay", place, k)
        if here is not None:
            u = np.where(here, u * (1 - scale * _factor(crowd, k)), u)
    rate = crowd.apply("rate", RATE, k=k)
    if crowd.right.get("inside"):  # lr is in the velocity already
        rate = rate / crowd.apply("inside", INSIDE, 1.0, k=k)
    moved = crowd.apply("base", BASE, w, k=k) - rate * crowd.apply("sign", SIGN, u, k=k)
    moved = crowd.apply("moves", MOVES, moved, w, k=k)
    here = crowd.at("decay", "direct", k)
    if here is not None:
        later = np.ones((crowd.size, 1), dtype=bool)
        for turn in crowd.turned["order"]:
            later[turn.rows] = turn.option != "first"
        sees = crowd.apply("order", ORDER, moved, w, k=k)
        moved = np.where(here & later, moved - _amount(crowd, k, sees, g, k.lr), moved)
    for place in ("divides", "keeps"):
        here = crowd.at("decay", place, k)
        if here is not None:
            share = shrinking * _factor(crowd, k)
            sees = crowd.apply("order", ORDER, moved, w, k=k)
            now = sees / (1 - share) if place == "divides" else sees * share
            moved = np.where(here, moved - sees + now, moved)
    return np.asarray(moved)


def _resting(crowd: Crowd, k: SimpleNamespace, w: Array) -> Array:
    """Parameters without a gradient: left alone, or decayed by those who do."""
    if not crowd.changed("absent"):
        return w
    decays = np.zeros((crowd.size, 1), dtype=bool)
    for turn in crowd.turned["absent"]:
        decays[turn.rows] = turn.option == "decays"
    return np.where(decays & k.stepped, w * (1 - k.lr * k.decay), w)


def _correction(crowd: Crowd, switch: str, beta: Any, other: Any, t: Any, k: SimpleNamespace) -> Any:
    return crowd.apply(switch, DIVISOR, beta, other, t, k=k)
