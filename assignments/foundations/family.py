"""Activations and losses as a family with switches: the right rule is one point, every wrong belief is another.

A switch is a table from an option's name to its formula; a hypothesis says which options differ from the right ones.
In the formulas: x the input, a the axis that softmax works along, s the sigmoid of the hypothesis, p log-probabilities,
t class numbers, d = prediction − target. Formulas overflow where code like them would.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from autograder.model import Array

from . import rules

Switch = Mapping[str, Callable[..., Any]]
Hypothesis = Mapping[str, str]
BY_HAND = 1e-7  # the usual ε of students who keep log() away from 0


def _sum(x: Array, a: int) -> Array:
    return np.asarray(x.sum(axis=a, keepdims=True))


def _max(x: Array, a: int) -> Array:
    return np.asarray(x.max(axis=a, keepdims=True))


def _powers(x: Array, a: int) -> Array:
    return np.asarray(np.exp(x - _max(x, a)))


RELU: Switch = {
    "right": lambda x: np.maximum(x, 0),
    "absolute": np.abs,
    "leaky": lambda x: np.where(x > 0, x, 0.01 * x),
    "other half": lambda x: np.minimum(x, 0),
    "negated": lambda x: np.maximum(-x, 0),
    "derivative": lambda x: np.where(x > 0, 1.0, 0.0),
    "capped": lambda x: np.clip(x, 0, 6),
    "identity": lambda x: x,
}
SIGMOID: Switch = {
    "right": rules.sigmoid,
    "overflows": lambda x: np.exp(x) / (1 + np.exp(x)),
    "sign": lambda x: rules.sigmoid(-x),
    "without one": np.exp,
    "minus": lambda x: 1 / (1 - np.exp(-x)),
    "derivative": lambda x: rules.sigmoid(x) * (1 - rules.sigmoid(x)),
    "tanh": np.tanh,
    "half slope": lambda x: rules.sigmoid(x / 2),
    "double slope": lambda x: rules.sigmoid(2 * x),
    "straight": lambda x: np.clip(0.2 * x + 0.5, 0, 1),
    "base two": lambda x: 1 / (1 + 2.0**-x),
}
TANH: Switch = {
    "right": np.tanh,
    "overflows": lambda x: (np.exp(x) - np.exp(-x)) / (np.exp(x) + np.exp(-x)),
    "sigmoid": rules.sigmoid,
    "half slope": lambda x: np.tanh(x / 2),
    "double slope": lambda x: np.tanh(2 * x),
    "without sign": lambda x: np.tanh(np.abs(x)),
    "derivative": lambda x: 1 - np.tanh(x) ** 2,
    "upside down": lambda x: 1 / np.tanh(x),
    "numerator": lambda x: (np.exp(x) - np.exp(-x)) / 2,
    "negated": lambda x: np.tanh(-x),
}
GELU: Switch = {  # s: the sigmoid that is used; the first three are accepted forms
    "sigmoid": lambda x, s: x * s(rules.GELU_SLOPE * x),
    "tanh": lambda x, s: rules.gelu_tanh(x),
    "exact": lambda x, s: rules.gelu_exact(x),
    "silu": lambda x, s: x * s(x),
    "without x": lambda x, s: s(rules.GELU_SLOPE * x),
    "slope divided": lambda x, s: x * s(x / rules.GELU_SLOPE),
    "slope of x": lambda x, s: rules.GELU_SLOPE * x * s(rules.GELU_SLOPE * x),
    "relu": lambda x, s: np.maximum(x, 0),
    "without half": lambda x, s: 2 * rules.gelu_tanh(x),
    "without cube": lambda x, s: 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * x)),
    "square for cube": lambda x, s: 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + rules.GELU_CUBE * x**2))),
    "half pi": lambda x, s: 0.5 * x * (1 + np.tanh(math.sqrt(math.pi / 2) * (x + rules.GELU_CUBE * x**3))),
    "without root": lambda x, s: 0.5 * x * (1 + rules.erf(x)),
}
SOFTMAX: Switch = {
    "right": rules.softmax,
    "overflows": lambda x, a: np.exp(x) / _sum(np.exp(x), a),
    "largest of all": lambda x, a: np.exp(x - x.max()) / _sum(np.exp(x - x.max()), a),
    "over everything": lambda x, a: np.exp(x - x.max()) / np.exp(x - x.max()).sum(),
    "without exponential": lambda x, a: x / _sum(x, a),
    "not divided": _powers,
    "divided by mean": lambda x, a: _powers(x, a) / _powers(x, a).mean(axis=a, keepdims=True),
    "divided by largest": lambda x, a: np.exp(x / _max(x, a)) / _sum(np.exp(x / _max(x, a)), a),
    "negated": lambda x, a: rules.softmax(-x, a),
    "base two": lambda x, a: rules.softmax(x * math.log(2), a),
    "squares": lambda x, a: x**2 / _sum(x**2, a),
    "lengths": lambda x, a: _powers(x, a) / np.sqrt(_sum(_powers(x, a) ** 2, a)),
}
AXIS: Switch = {  # the axis that is used when one is asked for
    "as given": lambda a: a,
    "always last": lambda a: -1,
    "always first": lambda a: 0,
}
LOG: Switch = {
    "right": rules.log_softmax,
    "of softmax": lambda x, a: np.log(rules.softmax(x, a)),
    "overflows": lambda x, a: x - np.log(_sum(np.exp(x), a)),
    "kept above zero": lambda x, a: np.log(rules.softmax(x, a) + BY_HAND),
    "shift only": lambda x, a: x - _max(x, a),
    "shift left out": lambda x, a: x - np.log(_sum(_powers(x, a), a)),
    "sum of x": lambda x, a: x - _sum(x, a),
    "negated": lambda x, a: -rules.log_softmax(x, a),
    "base ten": lambda x, a: rules.log_softmax(x, a) / math.log(10),
    "base two": lambda x, a: rules.log_softmax(x, a) / math.log(2),
    "over everything": lambda x, a: x - x.max() - np.log(np.exp(x - x.max()).sum()),
    "without logarithm": rules.softmax,
    "sum without logarithm": lambda x, a: (x - _max(x, a)) - _sum(_powers(x, a), a),
}
SQUARE: Switch = {
    "right": lambda d: np.mean(d**2),
    "sum": lambda d: np.sum(d**2),
    "half": lambda d: np.mean(d**2) / 2,
    "root": lambda d: np.sqrt(np.mean(d**2)),
    "absolute": lambda d: np.mean(np.abs(d)),
    "not squared": np.mean,
    "square of mean": lambda d: np.mean(d) ** 2,
    "per row": lambda d: np.sum(d**2) / len(d),
}
PICK: Switch = {  # what of p (batch, classes) is averaged: one number for each row
    "target": lambda p, t: p[np.arange(len(p)), t],
    "prediction": lambda p, t: p.max(axis=1),
    "everything": lambda p, t: p.mean(axis=1),
    "next class": lambda p, t: p[np.arange(len(p)), (t + 1) % p.shape[1]],
    "first target": lambda p, t: p[np.arange(len(p)), t[0]],
}
REDUCE: Switch = {
    "mean": lambda v, n: -np.mean(v),
    "sum": lambda v, n: -np.sum(v),
    "sign": lambda v, n: np.mean(v),
    "first": lambda v, n: -v[0],
    "over classes too": lambda v, n: -np.sum(v) / (len(v) * n),
}
LOGITS: Switch = {  # what the log-softmax of the loss is applied to
    "logits": lambda x: x,
    "probabilities": rules.softmax,
}
RIGHT: Mapping[str, Hypothesis] = {
    "ReLU": {"relu": "right"},
    "Sigmoid": {"sigmoid": "right"},
    "Tanh": {"tanh": "right"},
    "GELU": {"gelu": "sigmoid", "sigmoid": "right"},
    "Softmax": {"softmax": "right", "axis": "as given"},
    "log_softmax": {"log": "right", "log axis": "as given"},
    "MSELoss": {"square": "right"},
    "CrossEntropyLoss": {"log": "right", "pick": "target", "reduce": "mean", "logits": "logits"},
}


def apply(name: str, hypothesis: Hypothesis, x: Array, axis: int = -1) -> Array:
    """Return the output of an activation or of log_softmax under this hypothesis."""
    how = {**RIGHT[name], **hypothesis}
    if name == "Softmax":
        return np.asarray(SOFTMAX[how["softmax"]](x, AXIS[how["axis"]](axis)))
    if name == "log_softmax":
        return np.asarray(LOG[how["log"]](x, AXIS[how["log axis"]](axis)))
    if name == "GELU":
        return np.asarray(GELU[how["gelu"]](x, SIGMOID[how["sigmoid"]]))
    table, switch = {"ReLU": (RELU, "relu"), "Sigmoid": (SIGMOID, "sigmoid"), "Tanh": (TANH, "tanh")}[name]
    return np.asarray(table[how[switch]](x))


def loss(name: str, hypothesis: Hypothesis, predictions: Array, targets: Array) -> float:
    """Return the output of a loss under this hypothesis."""
    how = {**RIGHT[name], **hypothesis}
    if name == "MSELoss":
        return float(SQUARE[how["square"]](predictions - targets))
    log_probabilities = LOG[how["log"]](LOGITS[how["logits"]](predictions), -1)
    picked = PICK[how["pick"]](log_probabilities, targets.astype(int))
    return float(REDUCE[how["reduce"]](picked, predictions.shape[1]))
