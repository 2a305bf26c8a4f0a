"""The update rules as one family with switches: the right rule is one point, every wrong belief is another.

A switch is a table from an option's name to its formula. A hypothesis says which options differ from the right
ones; `simulate` runs all hypotheses at once, so a formula sees arrays of shape (hypotheses, coordinates), or
(coordinates,) for what no hypothesis changes. In the formulas: w parameters θ, g gradient, v velocity or second
moment, m first moment, k the hyperparameters and circumstances of the step (lr, mu, decay, b1, b2, eps, t …).

The points of the right rules are `SGD`, `ADAM` and `ADAMW`; tests hold them equal to `updates.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Formula = Callable[..., Any]
Switch = Mapping[str, Formula]
Hypothesis = Mapping[str, str]  # switch -> option, where it differs from the right rule


@dataclass(frozen=True)
class Course:
    """T steps of D coordinates, whichever parameters and experiments they come from."""

    start: Array  # (D,)
    grads: Array  # (T, D), 0 where absent
    present: Mask  # (T, D): the gradient exists
    stepped: Mask  # (T, D): step() was called (experiments may be shorter than T)
    blocked: Mask  # (T, D): an earlier parameter of the same optimizer has no gradient in this step
    reused: Mask  # (D,): the same gradient array is handed over again at every step
    ordinal: NDArray[np.int_]  # (D,): place of the parameter in its optimizer, from 0
    siblings: NDArray[np.int_]  # (D,): how many parameters that optimizer has
    tensor: NDArray[np.int_]  # (D,): which parameter a coordinate belongs to
    hyper: Mapping[str, Array]  # (T, D) each: lr, mu, decay / lr, b1, b2, eps, decay
    given: Mapping[str, Mask]  # (D,) each: whether that hyperparameter was passed or left to its default


# ------------------------------------------------------------------------- what the rules share, before any moment
SEES: Switch = {
    "gradient": lambda g, k: g,
    "clipped to ±1": lambda g, k: np.clip(g, -1, 1),
    "normalised": lambda g, k: g / (np.sqrt(k.total(g * g)) + 1e-12),
    "sign": lambda g, k: np.sign(g),
    "clipped by norm": lambda g, k: g / np.maximum(1, np.sqrt(k.total(g * g))),
    "halved": lambda g, k: g / 2,
    "doubled": lambda g, k: 2 * g,
    "averaged over the parameter": lambda g, k: g / k.size,
}
ABSENT: Switch = {  # which coordinates are updated although, or although not, they have a gradient
    "skip": lambda k: k.present,
    "coast": lambda k: k.stepped,
    "stop at the first": lambda k: k.present & ~k.blocked,
}
HYPER: Switch = {  # changes k itself
    "as given": lambda k: {},
    "lr frozen": lambda k: {"lr": k.lr0},
    "momentum fixed": lambda k: {"mu": np.where(k.mu == 0, 0, 0.9)},
    "momentum default": lambda k: {"mu": np.where(k.given_mu, k.mu, 0.9)},
    "betas fixed": lambda k: {"b1": 0 * k.b1 + 0.9, "b2": 0 * k.b2 + 0.999},
    "betas exchanged": lambda k: {"b1": k.b2, "b2": k.b1},
    "eps fixed": lambda k: {"eps": 0 * k.eps + 1e-8},
    "lr default tenfold": lambda k: {"lr": np.where(k.given_lr, k.lr, 10 * k.lr)},
    "lr default a tenth": lambda k: {"lr": np.where(k.given_lr, k.lr, k.lr / 10)},
    "decay default zero": lambda k: {"decay": np.where(k.given_decay, k.decay, 0.0)},
    "decay default 0.01": lambda k: {"decay": np.where(k.given_decay, k.decay, 0.01)},
    "decay fixed": lambda k: {"decay": np.where(k.decay == 0, 0, 0.01)},
}
STEP: Switch = {
    "descend": lambda w, u, k: w - k.lr * u,
    "ascend": lambda w, u, k: w + k.lr * u,
    "without lr": lambda w, u, k: w - u,
    "lr squared": lambda w, u, k: w - k.lr**2 * u,
    "lr over t": lambda w, u, k: w - k.lr / k.steps * u,
    "lr over root t": lambda w, u, k: w - k.lr / np.sqrt(k.steps) * u,
    "replaces": lambda w, u, k: -k.lr * u,
    "divided by lr": lambda w, u, k: w - u / k.lr,
    "nothing": lambda w, u, k: w,
}

# --------------------------------------------------------------------------------------------- SGD and its velocity
L2_GRADIENT: Switch = {  # switch "l2", on the gradient; the other options of "l2" act later
    "in the gradient": lambda g, w, k: g + k.decay * w,
    "negative": lambda g, w, k: g - k.decay * w,
    "doubled": lambda g, w, k: g + 2 * k.decay * w,
    "halved": lambda g, w, k: g + 0.5 * k.decay * w,
    "L1": lambda g, w, k: g + k.decay * np.sign(w),
    "squared": lambda g, w, k: g + k.decay * w * w,
    "times lr": lambda g, w, k: g + k.lr * k.decay * w,
    "constant": lambda g, w, k: g + k.decay,
    "on the start": lambda g, w, k: g + k.decay * k.start,
    "scales the gradient": lambda g, w, k: g * (1 + k.decay),
    "both": lambda g, w, k: g + k.decay * w,
    "mutates the gradient": lambda g, w, k: g + k.decay * w + k.leftover,
    "instead of the gradient": lambda g, w, k: np.where(k.decay == 0, g, k.decay * w),
}
L2_VELOCITY: Switch = {  # switch "l2", on the direction after the velocity
    "after the velocity": lambda u, w, k: u + k.decay * w,
    "on the velocity": lambda u, w, k: u * (1 + k.decay),
}
L2_PARAMETERS: Switch = {  # switch "l2", on the parameters after the step; w the new ones, old the ones before
    "decoupled": lambda w, old, k: w * (1 - k.lr * k.decay),
    "decoupled without lr": lambda w, old, k: w * (1 - k.decay),
    "decoupled, before": lambda w, old, k: w - k.lr * k.decay * old,
    "both": lambda w, old, k: w * (1 - k.lr * k.decay),
}
VELOCITY: Switch = {  # (new velocity, direction)
    "heavy ball": lambda v, g, k: _twice(k.mu * v + g),
    "averaged": lambda v, g, k: _twice(np.where(k.mu == 0, g, k.mu * v + (1 - k.mu) * g)),
    "weights exchanged": lambda v, g, k: _twice(np.where(k.mu == 0, g, (1 - k.mu) * v + k.mu * g)),
    "lr inside": lambda v, g, k: _inside(k.mu * v + k.lr * g, k),
    "Nesterov": lambda v, g, k: (k.mu * v + g, g + k.mu * (k.mu * v + g)),
    "stale": lambda v, g, k: (k.mu * v + g, np.where(k.mu == 0, g, v)),
    "plus stale": lambda v, g, k: (k.mu * v + g, g + k.mu * k.mu * v),
    "reset": lambda v, g, k: _twice(0 * v + g),
    "ignored": lambda v, g, k: _twice(0 * v + g),
    "undamped": lambda v, g, k: _twice(np.where(k.mu == 0, g, v + g)),
    "scaled whole": lambda v, g, k: _twice(np.where(k.mu == 0, g, k.mu * (v + g))),
    "subtracted": lambda v, g, k: _twice(np.where(k.mu == 0, g, k.mu * v - g)),
    "braked": lambda v, g, k: _twice(-k.mu * v + g),
    "squared coefficient": lambda v, g, k: _twice(k.mu**2 * v + g),
    "one minus": lambda v, g, k: _twice(np.where(k.mu == 0, g, (1 - k.mu) * v + g)),
    "added to the gradient": lambda v, g, k: (k.mu * v + g, np.where(k.mu == 0, g, g + (k.mu * v + g))),
    "of the gradient before": lambda v, g, k: (g, g + k.mu * v),
    "averaged, corrected": lambda v, g, k: _corrected(k.mu * v + (1 - k.mu) * g, g, k),
    "damped from the second": lambda v, g, k: _twice(
        np.where((k.mu == 0) | (k.updates == 1), g, k.mu * v + (1 - k.mu) * g)
    ),
}


def _twice(v: Array) -> tuple[Array, Array]:
    return v, v


def _inside(v: Array, k: SimpleNamespace) -> tuple[Array, Array]:
    return v, v / k.lr  # the step multiplies by lr again


def _corrected(v: Array, g: Array, k: SimpleNamespace) -> tuple[Array, Array]:
    return v, np.where(k.mu == 0, g, v / (1 - k.mu**k.steps))


# ------------------------------------------------------------------------------------------ Adam, AdamW: the moments
FIRST: Switch = {
    "average": lambda m, g, k: k.b1 * m + (1 - k.b1) * g,
    "sum": lambda m, g, k: k.b1 * m + g,
    "weights exchanged": lambda m, g, k: (1 - k.b1) * m + k.b1 * g,
    "beta2": lambda m, g, k: k.b2 * m + (1 - k.b2) * g,
    "not kept": lambda m, g, k: 0 * m + (1 - k.b1) * g,
    "the gradient": lambda m, g, k: 0 * m + g,
    "undamped": lambda m, g, k: m + (1 - k.b1) * g,
    "of |g|": lambda m, g, k: k.b1 * m + (1 - k.b1) * np.abs(g),
    "of g squared": lambda m, g, k: k.b1 * m + (1 - k.b1) * g * g,
    "scaled whole": lambda m, g, k: k.b1 * (m + (1 - k.b1) * g),
}
SECOND: Switch = {
    "average of squares": lambda v, g, m, k: k.b2 * v + (1 - k.b2) * g * g,
    "sum of squares": lambda v, g, m, k: k.b2 * v + g * g,
    "weights exchanged": lambda v, g, m, k: (1 - k.b2) * v + k.b2 * g * g,
    "of |g|": lambda v, g, m, k: k.b2 * v + (1 - k.b2) * np.abs(g),
    "of g": lambda v, g, m, k: k.b2 * v + (1 - k.b2) * g,
    "centred": lambda v, g, m, k: k.b2 * v + (1 - k.b2) * (g - m) ** 2,
    "from m": lambda v, g, m, k: k.b2 * v + (1 - k.b2) * m * m,
    "beta1": lambda v, g, m, k: k.b1 * v + (1 - k.b1) * g * g,
    "not kept": lambda v, g, m, k: 0 * v + (1 - k.b2) * g * g,
    "the square": lambda v, g, m, k: 0 * v + g * g,
    "accumulated": lambda v, g, m, k: v + g * g,
    "undamped": lambda v, g, m, k: v + (1 - k.b2) * g * g,
    "squared average": lambda v, g, m, k: k.b2 * v + ((1 - k.b2) * g) ** 2,
    "largest": lambda v, g, m, k: np.maximum(k.b2 * v, g * g),
    "per parameter": lambda v, g, m, k: k.b2 * v + (1 - k.b2) * k.total(g * g) / k.size,
    "norm": lambda v, g, m, k: k.b2 * v + (1 - k.b2) * k.total(g * g),
}
COUNT: Switch = {  # what t counts in the corrections
    "steps": lambda k: k.steps,
    "updates": lambda k: k.updates,  # torch, newest TinyTorch: accepted
    "from zero": lambda k: k.steps - 1,
    "from two": lambda k: k.steps + 1,
    "twice": lambda k: 2 * k.steps,
    "parameters": lambda k: (k.steps - 1) * k.siblings + k.ordinal + 1,
    "stays one": lambda k: 0 * k.steps + 1,
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
    "stored back": lambda b, other, t: 1 - b**t,
    "first step only": lambda b, other, t: np.where(t == 1, 1 - b, 1.0),
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
}
DIRECTION: Switch = {
    "m hat": lambda m, raw, g, k: m,
    "raw gradient": lambda m, raw, g, k: g,
    "sign of m": lambda m, raw, g, k: np.sign(m),
    "sign of g": lambda m, raw, g, k: np.sign(g),
    "look-ahead": lambda m, raw, g, k: k.b1 * m + (1 - k.b1) * g / (1 - k.b1**k.t),  # NAdam
    "squared": lambda m, raw, g, k: m * m,
    "sum with g": lambda m, raw, g, k: m + g,
}

# -------------------------------------------------------------------------------- Adam, AdamW: where decay comes in
DECAY_GRADIENT: Switch = {
    **{name: f for name, f in L2_GRADIENT.items() if name != "both"},
    "coupled and decoupled": L2_GRADIENT["in the gradient"],
}
DECAY_FIRST_MOMENT: Switch = {"only in m": lambda g, w, k: g + k.decay * w}
DECAY_SECOND_MOMENT: Switch = {"only in v": lambda g, w, k: g + k.decay * w}
DECAY_UPDATE: Switch = {  # on the direction, before lr
    "after the moments": lambda u, w, k: u + k.decay * w,  # = decoupled, before: accepted for AdamW
    "on the update": lambda u, w, k: u * (1 - k.lr * k.decay),
    "over the root": lambda u, w, k: u + k.decay * w / k.denominator,
    "on m": lambda u, w, k: u * (1 - k.decay),
}
DECAY_PARAMETERS: Switch = {
    "after": lambda w, old, k: w * (1 - k.lr * k.decay),
    "coupled and decoupled": lambda w, old, k: w * (1 - k.lr * k.decay),
    "without lr": lambda w, old, k: w * (1 - k.decay),
    "lr squared": lambda w, old, k: w * (1 - k.lr**2 * k.decay),
    "frozen lr": lambda w, old, k: w * (1 - k.lr0 * k.decay),
    "grows": lambda w, old, k: w * (1 + k.lr * k.decay),
    "twice": lambda w, old, k: w * (1 - k.lr * k.decay) ** 2,
    "minus a constant": lambda w, old, k: w - k.lr * k.decay,
    "sign": lambda w, old, k: w - k.lr * k.decay * np.sign(w),
    "of the start": lambda w, old, k: w - k.lr * k.decay * k.start,
    "keeps only": lambda w, old, k: w * (k.lr * k.decay),
    "first step only": lambda w, old, k: np.where(k.steps == 1, w * (1 - k.lr * k.decay), w),
    "by t": lambda w, old, k: w * (1 - k.lr * k.decay * k.steps),
    "divides": lambda w, old, k: w / (1 - k.lr * k.decay),
    "half": lambda w, old, k: w * (1 - 0.5 * k.lr * k.decay),
    "fixed": lambda w, old, k: np.where(k.decay == 0, w, w * (1 - k.lr * 0.01)),
}

SGD: Hypothesis = {
    "hyper": "as given", "sees": "gradient", "absent": "skip", "l2": "in the gradient", "velocity": "heavy ball",
    "step": "descend",
}  # fmt: skip
ADAM: Hypothesis = {
    "hyper": "as given", "sees": "gradient", "absent": "skip", "decay": "in the gradient", "first": "average",
    "second": "average of squares", "count": "steps", "c1": "1 - beta^t", "c2": "1 - beta^t",
    "denominator": "root plus eps", "direction": "m hat", "step": "descend",
}  # fmt: skip
ADAMW: Hypothesis = {**ADAM, "decay": "after"}

OPTIONS: Mapping[str, frozenset[str]] = {
    "hyper": frozenset(HYPER), "sees": frozenset(SEES), "absent": frozenset({*ABSENT, "decays"}),
    "step": frozenset(STEP), "velocity": frozenset(VELOCITY),
    "l2": frozenset({*L2_GRADIENT, *L2_VELOCITY, *L2_PARAMETERS, "missing", "without momentum only"}),
    "first": frozenset(FIRST), "second": frozenset(SECOND), "count": frozenset(COUNT), "c1": frozenset(CORRECTION),
    "c2": frozenset(CORRECTION), "denominator": frozenset(DENOMINATOR), "direction": frozenset(DIRECTION),
    "decay": frozenset({*DECAY_GRADIENT, *DECAY_FIRST_MOMENT, *DECAY_SECOND_MOMENT, *DECAY_UPDATE,
                        *DECAY_PARAMETERS, "missing"}),
}  # fmt: skip


# --------------------------------------------------------------------------------------------------------- running
class Crowd:
    """Which rows follow which option of each switch; applies a switch to all rows at once."""

    def __init__(self, right: Hypothesis, hypotheses: Sequence[Hypothesis]) -> None:
        for hypothesis in hypotheses:
            for switch, option in hypothesis.items():
                if switch not in right or option not in OPTIONS[switch]:
                    raise KeyError(f"{switch}: {option} is no option of this family")
        self.size = len(hypotheses)
        self.rows: dict[str, dict[str, Any]] = {}
        for switch, default in right.items():
            options = {default: 0}
            chosen = np.fromiter(
                (options.setdefault(h.get(switch, default), len(options)) for h in hypotheses), int, self.size
            )
            followed = np.bincount(chosen, minlength=len(options))
            self.rows[switch] = {
                option: slice(None) if followed[code] == self.size else np.flatnonzero(chosen == code)
                for option, code in options.items()
                if followed[code]
            }

    def apply(self, switch: str, table: Switch, x: Any, *others: Any, k: SimpleNamespace) -> Any:
        """table[option](x, *others, k) for each row; rows whose option the table lacks keep x."""
        result = None
        for option, rows in self.rows[switch].items():
            if option not in table:
                continue
            mine = _View(k, rows)
            value = table[option](*(_take(a, rows) for a in (x, *others)), mine)
            if isinstance(rows, slice):
                return value
            if result is None:
                width = (self.size, x.shape[-1])
                result = tuple(np.broadcast_to(a, width).copy() for a in ((x, x) if isinstance(value, tuple) else (x,)))
            for whole, part in zip(result, value if isinstance(value, tuple) else (value,), strict=True):
                whole[rows] = part
        if result is None:
            return x
        return result if len(result) > 1 else result[0]

    def follow(self, switch: str, option: str) -> Mask:
        """(size, 1): which rows follow this option."""
        mask = np.zeros((self.size, 1), dtype=bool)
        mask[self.rows[switch].get(option, [])] = True
        return mask


class _View:
    """k as seen by some rows."""

    def __init__(self, k: SimpleNamespace, rows: Any) -> None:
        self._k, self._rows = k, rows

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._k, name)
        return value if callable(value) else _take(value, self._rows)


def _take(a: Any, rows: Any) -> Any:
    return a[rows] if isinstance(a, np.ndarray) and a.ndim == 2 else a


def simulate(right: Hypothesis, course: Course, hypotheses: Sequence[Hypothesis]) -> Array:
    """The iterates of every hypothesis, (hypotheses, T, D). What diverges or divides by zero is left non-finite."""
    crowd = Crowd(right, hypotheses)
    rule = _sgd_step if "velocity" in right else _adam_step
    shape = (len(hypotheses), course.start.size)
    w = np.broadcast_to(course.start, shape)
    state = SimpleNamespace(a=np.zeros(shape), b=np.zeros(shape), largest=np.zeros(shape), leftover=np.zeros(shape))
    updates = np.zeros(course.start.size)
    same = (course.tensor[:, None] == course.tensor[None, :]).astype(float)  # sums over a parameter
    iterates = np.empty((len(hypotheses), *course.grads.shape))
    with np.errstate(all="ignore"):
        for t in range(len(course.grads)):
            updates = updates + course.present[t]
            k = _circumstances(course, t, updates, same)
            for name, value in _hyper(crowd, k).items():
                setattr(k, name, value)
            w = rule(crowd, k, w, state)
            iterates[:, t] = w
    return iterates


def _circumstances(course: Course, t: int, updates: Array, same: Array) -> SimpleNamespace:
    return SimpleNamespace(
        **{name: values[t] for name, values in course.hyper.items()},
        **{"given_" + name: mask for name, mask in course.given.items()},
        g=course.grads[t], lr0=course.hyper["lr"][0], start=course.start, steps=np.full(course.start.size, t + 1.0),
        updates=np.maximum(updates, 1), present=course.present[t], stepped=course.stepped[t],
        blocked=course.blocked[t], reused=course.reused, ordinal=course.ordinal, siblings=course.siblings,
        size=same.sum(0), total=lambda x: x @ same,
    )  # fmt: skip


def _hyper(crowd: Crowd, k: SimpleNamespace) -> dict[str, Array]:
    """The hyperparameters that some hypothesis changes, as (hypotheses, D)."""
    changed: dict[str, Array] = {}
    for option, rows in crowd.rows["hyper"].items():
        for name, value in HYPER[option](k).items():
            if isinstance(rows, slice):
                changed[name] = np.broadcast_to(value, k.start.shape)
            else:
                whole = changed.setdefault(name, np.tile(getattr(k, name), (crowd.size, 1)))
                whole[rows] = value
    return changed


def _moving(crowd: Crowd, k: SimpleNamespace) -> Mask:
    return np.asarray(crowd.apply("absent", {n: lambda _, kk, f=f: f(kk) for n, f in ABSENT.items()}, k.present, k=k))


def _sgd_step(crowd: Crowd, k: SimpleNamespace, w: Array, state: SimpleNamespace) -> Array:
    on = _moving(crowd, k)
    k.leftover = state.leftover
    seen = crowd.apply("sees", SEES, k.g, k=k)
    g = crowd.apply("l2", L2_GRADIENT, seen, w, k=k)
    g = np.where(crowd.follow("l2", "without momentum only") & (k.mu == 0), seen + k.decay * w, g)
    state.leftover = np.where(k.reused & on, g - seen, 0.0)
    v, u = crowd.apply("velocity", VELOCITY, state.a, np.broadcast_to(g, w.shape), k=k)
    u = crowd.apply("l2", L2_VELOCITY, u, w, k=k)
    moved = crowd.apply("step", STEP, w, u, k=k)
    moved = crowd.apply("l2", L2_PARAMETERS, moved, w, k=k)
    state.a = np.where(on, v, state.a)
    return np.where(on, moved, w)


def _adam_step(crowd: Crowd, k: SimpleNamespace, w: Array, state: SimpleNamespace) -> Array:
    on = _moving(crowd, k)
    k.leftover = state.leftover
    k.t = crowd.apply("count", {n: lambda _, kk, f=f: f(kk) for n, f in COUNT.items()}, k.steps, k=k)
    seen = crowd.apply("sees", SEES, k.g, k=k)
    g = crowd.apply("decay", DECAY_GRADIENT, seen, w, k=k)
    state.leftover = np.where(k.reused & on, g - seen, 0.0)
    m = crowd.apply("first", FIRST, state.a, crowd.apply("decay", DECAY_FIRST_MOMENT, g, w, k=k), k=k)
    v = crowd.apply("second", SECOND, state.b, crowd.apply("decay", DECAY_SECOND_MOMENT, g, w, k=k), m, k=k)
    c1 = _correction(crowd, "c1", k.b1, k.b2, k.t)
    c2 = _correction(crowd, "c2", k.b2, k.b1, k.t)
    m_hat, v_hat = m / c1, v / c2
    k.largest = state.largest = np.where(on, np.maximum(state.largest, v_hat), state.largest)
    k.denominator = crowd.apply("denominator", DENOMINATOR, v_hat, v, c2, k=k)
    u = crowd.apply("direction", DIRECTION, m_hat, m, g, k=k) / k.denominator
    u = crowd.apply("decay", DECAY_UPDATE, u, w, k=k)
    moved = crowd.apply("step", STEP, w, u, k=k)
    moved = crowd.apply("decay", DECAY_PARAMETERS, moved, w, k=k)
    state.a = np.where(on, np.where(crowd.follow("c1", "stored back"), m_hat, m), state.a)
    state.b = np.where(on, np.where(crowd.follow("c2", "stored back"), v_hat, v), state.b)
    resting = np.where(crowd.follow("absent", "decays") & k.stepped, w * (1 - k.lr * k.decay), w)
    return np.where(on, moved, resting)


def _correction(crowd: Crowd, switch: str, beta: Array, other: Array, t: Array) -> Array:
    table = {name: lambda b, o, tt, _, f=f: f(b, o, tt) for name, f in CORRECTION.items()}
    return np.asarray(crowd.apply(switch, table, beta, other, t, k=SimpleNamespace()))
