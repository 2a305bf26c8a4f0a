"""Items "write the rule": key and wrong answers are the family's own formulas, applied to symbols in place of arrays.

`Sym` writes down what is done to it. That is all the algebra needed here: whether an answer is equivalent is for the
engine, which has a computer algebra system.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np

from autograder.model import FormulaKey, Item, Wrong
from autograder.reference import family

from .quiz_draw import HINTS, Draw, Make
from .quiz_prediction import CHANGES

SUM, PRODUCT, ATOM = 1, 2, 3  # how tightly a text binds


class Sym:
    """An expression as text. A formula made for arrays takes it as one."""

    def __init__(self, text: str, binds: int = ATOM) -> None:
        self.text, self.binds = text, binds

    def at(self, binds: int) -> str:
        return self.text if self.binds >= binds else f"({self.text})"

    def __add__(self, other: Any) -> Sym:
        return _sum(self, _sym(other))

    def __radd__(self, other: Any) -> Sym:
        return _sum(_sym(other), self)

    def __sub__(self, other: Any) -> Sym:
        return Sym(f"{self.at(SUM)} - {_sym(other).at(PRODUCT)}", SUM)

    def __rsub__(self, other: Any) -> Sym:
        return _sym(other) - self

    def __mul__(self, other: Any) -> Sym:
        return _product(self, _sym(other))

    def __rmul__(self, other: Any) -> Sym:
        return _product(_sym(other), self)

    def __truediv__(self, other: Any) -> Sym:
        if _sym(other).text == "1":
            return self
        return Sym(f"{self.at(PRODUCT)}/{_sym(other).at(ATOM)}", PRODUCT)

    def __rtruediv__(self, other: Any) -> Sym:
        return _sym(other) / self

    def __pow__(self, other: Any) -> Sym:
        return Sym(f"{self.at(ATOM)}**{_sym(other).at(ATOM)}", PRODUCT)

    def __neg__(self) -> Sym:
        return Sym(f"-{self.at(ATOM)}", SUM)

    def sqrt(self) -> Sym:
        """The method that np.sqrt calls on an object."""
        return Sym(f"sqrt({self.text})")


def _sum(a: Sym, b: Sym) -> Sym:
    if "0" in (a.text, b.text):
        return b if a.text == "0" else a
    return Sym(f"{a.at(SUM)} + {b.at(SUM)}", SUM)


def _product(a: Sym, b: Sym) -> Sym:
    if "0" in (a.text, b.text):
        return Sym("0")
    if "1" in (a.text, b.text):
        return b if a.text == "1" else a
    return Sym(f"{a.at(PRODUCT)}*{b.at(PRODUCT)}", PRODUCT)


def _sym(value: Any) -> Sym:
    if isinstance(value, np.ndarray):  # np.where makes one around a single object
        value = value.item()
    return value if isinstance(value, Sym) else Sym(f"{value:g}", ATOM if value >= 0 else SUM)


SYMBOLS = {
    "theta": "the parameter θ before the step", "g": "the gradient, before any decay", "lr": "the learning rate",
    "lam": "weight decay λ", "mu": "momentum μ", "v": "the velocity before the step",
    "m": "the first moment before the step",
    "s": "the second moment before the step", "beta1": "β₁", "beta2": "β₂", "t": "the number of this step, from 1",
    "m_hat": "the corrected first moment m̂", "v_hat": "the corrected second moment v̂", "eps": "ε",
}  # fmt: skip
W, G, V, M, S, T = (Sym(name) for name in ("theta", "g", "v", "m", "s", "t"))
M_HAT, V_HAT = Sym("m_hat"), Sym("v_hat")
K = SimpleNamespace(
    lr=Sym("lr"), decay=Sym("lam"), mu=Sym("mu"), b1=Sym("beta1"), b2=Sym("beta2"), eps=Sym("eps"), steps=T
)


def _option(table: str, k: Mapping[str, str], rule: family.Hypothesis) -> Callable[..., Any]:
    """The formula that these changes choose."""
    return family.SWITCHES[table][k.get(table, rule[table])]  # type: ignore[no-any-return]


def _share(k: Mapping[str, str], natural: Sym) -> Sym:
    """The factor of the parameters in decay: λ where it belongs into a gradient, lr·λ on the parameters."""
    option = k.get("factor", family.SGD["factor"])
    if option in ("one", "missing"):
        return natural if option == "one" else Sym("0")
    return K.decay if option == "without lr" else _sym(natural * family.FACTOR[option](K))


def _shrunk(k: Mapping[str, str], x: Sym) -> Sym:
    share = _share(k, K.lr * K.decay)
    return x if share.text == "0" else x * (1 - share)


def sgd_l2(k: Mapping[str, str]) -> Sym:
    """θ after a step of plain SGD with L2."""
    place = family.PLACE[k.get("decay", family.SGD["decay"])]
    g = G + _share(k, K.decay) * W if "gradient" in place else G
    moved = _stepped(k, g)
    return _shrunk(k, moved) if "direct" in place else moved


def _stepped(k: Mapping[str, str], along: Sym) -> Sym:
    base = _option("base", k, family.SGD)(W, K)
    return _sym(base) - _sym(_option("rate", k, family.SGD)(K)) * _sym(_option("sign", k, family.SGD)(along, K))


def velocity(k: Mapping[str, str]) -> Sym:
    """The new velocity."""
    return _sum(_sym(_option("keep", k, family.SGD)(K)) * V, _sym(_option("take", k, family.SGD)(K)) * G)


def m_hat(k: Mapping[str, str]) -> Sym:
    """The corrected first moment from the old one and the gradient."""
    fresh = _sym(_option("of1", k, family.ADAM)(G, M, K))
    new = _sym(_option("keep1", k, family.ADAM)(K)) * M + _sym(_option("take1", k, family.ADAM)(K)) * fresh
    return _sym(new / family.CORRECTION[k.get("c1", "1 - beta^t")](K.b1, K.b2, T))


def v_hat(k: Mapping[str, str]) -> Sym:
    """The corrected second moment from the old one, here called s, and the gradient."""
    fresh = _sym(_option("of2", k, family.ADAM)(G, M, M, K))
    new = _sym(_option("keep2", k, family.ADAM)(K)) * S + _sym(_option("take2", k, family.ADAM)(K)) * fresh
    return _sym(new / family.CORRECTION[k.get("c2", "1 - beta^t")](K.b2, K.b1, T))


def adam_step(k: Mapping[str, str]) -> Sym:
    """θ after Adam's step, from the corrected moments."""
    bottom = _option("denominator", k, family.ADAM)(V_HAT, V_HAT, 1, K)
    return _stepped(k, _option("direction", k, family.ADAM)(M_HAT, M, G, K) / _sym(bottom))


def adamw_step(k: Mapping[str, str]) -> Sym:
    """θ after AdamW's step and decay, from the corrected moments."""
    return _shrunk(k, adam_step(k))


Rule = Callable[[Mapping[str, str]], Sym]
ASKED: Mapping[str, tuple[Rule, str, str, Sequence[str], Sequence[str]]] = {
    "formula-sgd-l2": (sgd_l2, "SGD with weight decay",
        "Write θ after one step of plain SGD (no momentum) with L2 weight decay.",
        ("theta", "g", "lr", "lam"),
        ("l2-missing", "l2-negative", "l2-times-lr", "l2-decoupled", "l2-doubled", "sgd-ascent", "sgd-no-lr",
         "sgd-replaces")),
    "formula-velocity": (velocity, "The velocity",
        "Write the velocity after one step of SGD with momentum.", ("v", "g", "mu"),
        ("momentum-averaged", "momentum-weights-exchanged", "momentum-undamped", "momentum-scaled-whole",
         "momentum-squared", "momentum-one-minus", "momentum-braked")),
    "formula-m-hat": (m_hat, "The corrected first moment",
        "Write Adam's corrected first moment m̂ at step t.", ("m", "g", "beta1", "beta2", "t"),
        ("correction-m-missing", "first-sum", "first-weights-exchanged", "first-beta2", "correction-m-no-power",
         "correction-m-beta2", "first-squared", "first-not-kept")),
    "formula-v-hat": (v_hat, "The corrected second moment",
        "Write Adam's corrected second moment v̂ at step t.", ("s", "g", "beta1", "beta2", "t"),
        ("correction-v-missing", "second-sum", "second-weights-exchanged", "second-beta1", "second-of-g",
         "correction-v-no-power", "second-squared-weight", "correction-v-rooted")),
    "formula-adam-step": (adam_step, "Adam's step",
        "Write θ after Adam's step, from the corrected moments.", ("theta", "m_hat", "v_hat", "lr", "eps"),
        ("eps-inside", "root-missing", "division-missing", "division-multiplies", "eps-missing", "adam-ascent",
         "adam-no-lr")),
    "formula-adamw-step": (adamw_step, "AdamW's step and decay",
        "Write θ after a step of AdamW, from the corrected moments. As in the course, decay follows the Adam step.",
        ("theta", "m_hat", "v_hat", "lr", "eps", "lam"),
        ("adamw-missing", "adamw-without-lr", "adamw-grows", "adamw-lr-squared", "adamw-twice", "adam-ascent")),
}  # fmt: skip


def _formula(template: str, _: Draw) -> Item:
    rule, title, prompt, symbols, beliefs = ASKED[template]
    wrong = tuple(Wrong(rule(CHANGES[b]).text, HINTS[b]) for b in beliefs)
    names = {name: SYMBOLS[name] for name in symbols}
    told = "; ".join(f"`{name}` {meaning}" for name, meaning in names.items())
    return Item(
        "", "formula", "the update rule", title,
        f"{prompt} Use these names, `*` for times, `**` for powers and `sqrt()`; any equivalent form is right. {told}.",
        0, FormulaKey(rule({}).text, names, wrong), f"`{rule({}).text}`",
    )  # fmt: skip


FORMULAS: Mapping[str, Make] = {template: partial(_formula, template) for template in ASKED}
