"""The arrays that follow from recorded ones, found or golden alike.

check.py has this file as it is: nothing in it is a secret.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from autograder.model import Array, Scenario


def derive(scenario: Scenario, arrays: Mapping[str, Array]) -> dict[str, Array]:
    """Arrays that follow from recorded ones, found or golden alike."""
    spec = scenario.spec
    if spec["kind"] == "course" and "from_step" in spec:
        return {
            name.replace("p", "moves"): np.diff(rows[1:], axis=0)
            for name, rows in arrays.items()
            if _recorded(name, "p")
        }
    if spec["kind"] == "training":
        return _learned(scenario, arrays)
    if spec["kind"] == "pair" and spec["class"] == "AdamW":
        return _decoupled(spec, arrays)
    if spec["kind"] in JOINED:
        joined = {name: _join(arrays, prefixes) for name, prefixes in JOINED[spec["kind"]].items()}
        if "uninterrupted" in joined and len(joined["uninterrupted"]):
            joined["rest"] = joined["uninterrupted"][1:]
        return joined
    return {}


JOINED = {  # runs that a relation compares as wholes
    "interleaved": {"alone": "ab", "taking turns": "pq"},
    "momentum_state": {"uninterrupted": "u", "after a change": "p", "resumed": "s", "resumed, then changed": "r"},
}


def _recorded(name: str, prefixes: str) -> bool:
    """Return whether this is the record of a parameter in one of these runs, and nothing that was derived."""
    return name[:1] in prefixes and name[1:].isdigit()


def _join(arrays: Mapping[str, Array], prefixes: str) -> Array:
    """(rows, numbers): the runs of all parameters side by side, as far as all of them go."""
    runs = [rows.reshape(len(rows), -1) for name, rows in arrays.items() if _recorded(name, prefixes) and len(rows)]
    rows = min((len(run) for run in runs), default=0)
    return np.concatenate([run[:rows] for run in runs], axis=1) if runs else np.zeros((0, 0))


def _learned(scenario: Scenario, arrays: Mapping[str, Array]) -> dict[str, Array]:
    """The loss at both ends of a training, from the recorded weights: a loss that was sent proves nothing."""
    network = Network(scenario.arrays)
    weights = [arrays.get(f"p{i}", np.empty((0,))) for i in range(len(network.shapes))]
    if any(w.shape != (2, *shape) for w, shape in zip(weights, network.shapes, strict=True)):
        return {}
    flat = [np.concatenate([w[end].ravel() for w in weights]) for end in (0, 1)]
    return {"learned": network.losses(np.array(flat))}


def _decoupled(spec: Mapping[str, Any], arrays: Mapping[str, Array]) -> dict[str, Array]:
    """The moves of the run without decay with decoupled decay added; before or after, whichever is nearer."""
    shrink, derived = 1 - spec["kwargs"]["lr"] * spec["kwargs"]["weight_decay"], {}
    for i in range(sum(name[0] == "p" for name in arrays)):
        on, off = arrays.get(f"p{i}"), arrays.get(f"n{i}")
        if on is None or off is None or on.shape != off.shape or len(on) < 2 or not on.size:
            continue  # stopped before its first step
        moves = np.diff(off, axis=0)
        after, before = (on[:-1] + moves) * shrink, on[:-1] * shrink + moves
        nearer = min(
            (after, before), key=lambda rebuilt: float(np.nan_to_num(np.abs(rebuilt - on[1:]), nan=np.inf).max())
        )
        derived[f"decoupled{i}"] = np.concatenate([on[:1], nearer])
    return derived


class Network:
    """linear → ReLU → linear → softmax cross-entropy on the scenario's data, over one flat vector of weights."""

    def __init__(self, arrays: Mapping[str, Array]) -> None:
        parts = [arrays[f"p{i}"] for i in range(4)]
        self.shapes = [part.shape for part in parts]
        self.cuts = np.cumsum([part.size for part in parts])[:-1].tolist()
        self.start = np.concatenate([part.ravel() for part in parts])
        self.x, self.y = arrays["x"], np.eye(3)[arrays["y"].astype(int)]

    def parts(self, w: Array) -> list[Array]:
        """The weights and biases in their shapes, for each of the vectors w (…, d)."""
        cut = zip([0, *self.cuts], [*self.cuts, None], self.shapes, strict=True)
        return [w[..., begin:end].reshape(*w.shape[:-1], *shape) for begin, end, shape in cut]

    def _forward(self, w: Array) -> tuple[Array, Array, Array]:
        w1, b1, w2, b2 = self.parts(w)
        hidden = np.maximum(self.x @ w1 + b1[..., None, :], 0)
        logits = hidden @ w2 + b2[..., None, :]
        logits = logits - logits.max(-1, keepdims=True)
        return hidden, logits - np.log(np.exp(logits).sum(-1, keepdims=True)), w2

    def losses(self, path: Array) -> Array:
        """The loss (…,) at each of the vectors of a path (…, d)."""
        return np.asarray(-(self._forward(path)[1] * self.y).sum(-1).mean(-1))

    def gradient(self, w: Array) -> Array:
        hidden, log_p, w2 = self._forward(w)
        d_logits = (np.exp(log_p) - self.y) / len(self.x)
        d_hidden = (d_logits @ w2.T) * (hidden > 0)
        parts = (self.x.T @ d_hidden, d_hidden.sum(0), hidden.T @ d_logits, d_logits.sum(0))
        return np.concatenate([part.ravel() for part in parts])
