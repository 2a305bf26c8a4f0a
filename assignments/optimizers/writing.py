"""Writes optimizers.py as a student with given misconceptions would, in several styles: for the proof and the tests.

Written as code from what each option means, not from the family's formulas: the two are witnesses of each other. A
style says where state lives and how a step is cut into functions; the lines of the rule are the same in each.
"""

from __future__ import annotations

from collections.abc import Mapping

Changes = Mapping[str, str]

STYLES = ("lists", "dictionaries", "in place", "functional", "inherited", "helpers")

RIGHT: Mapping[str, Changes] = {
    "SGD": {"decay": "gradient"}, "Adam": {"decay": "gradient"}, "AdamW": {"decay": "direct"},
}  # fmt: skip
GATES: Mapping[str, str] = {
    "matrices": "w.ndim == 2", "no matrix": "w.ndim != 2", "scalars": "w.ndim == 0", "arrays": "w.ndim > 0",
    "first parameter": "i == 0", "later parameters": "i > 0", "last parameter": "i == count - 1 > 0",
    "first step": "steps == 1", "later steps": "steps > 1", "odd steps": "steps % 2 == 1",
    "even steps": "steps % 2 == 0", "after step n": "steps > {n}", "until step n": "steps <= {n}",
    "with momentum": "mu != 0", "without momentum": "mu == 0", "with decay": "lam != 0", "without decay": "lam == 0",
}  # fmt: skip
CODE: Mapping[str, Mapping[str, str]] = {
    "lr": {"as given": "lr", "frozen": "lr0", "fixed": "{n}"},
    "mu": {"as given": "mu", "fixed": "({n} if mu else 0.0)"},
    "lam": {"as given": "lam", "fixed": "({n} if lam else 0.0)"},
    "b1": {"as given": "b1", "fixed": "{n}"},
    "b2": {"as given": "b2", "fixed": "{n}"},
    "eps": {"as given": "eps", "always 1e-8": "1e-8", "fixed": "{n}"},
    "sees": {
        "gradient": "g", "clipped to ±1": "np.clip(g, -1, 1)", "clipped at n": "np.clip(g, -{n}, {n})",
        "normalised": "g / (np.linalg.norm(g) + 1e-12)", "sign": "np.sign(g)",
        "clipped by norm": "g / max(1.0, float(np.linalg.norm(g)))",
        "clipped by norm n": "g * min(1.0, {n} / float(np.linalg.norm(g) + 1e-30))",
        "halved": "0.5 * g", "doubled": "g + g", "averaged over the parameter": "g / g.size", "absolute": "abs(g)",
        "squared": "g**2", "centred": "g - g.mean()", "nothing": "np.zeros_like(g)", "times n": "{n} * g",
    },
    "what": {
        "parameters": "w", "sign": "np.sign(w)", "squared": "w**2", "cubed": "w**3", "one": "1.0", "start": "start",
        "gradient": "g", "absolute": "np.abs(w)", "mean": "w.mean()", "norm": "w * np.linalg.norm(w)",
        "direction": "w / (np.linalg.norm(w) + 1e-12)",
    },
    "factor": {
        "one": "1.0", "missing": "0.0", "negative": "-1.0", "doubled": "2.0", "halved": "0.5", "lr": "lr",
        "without lr": "(1.0 / lr)", "twice in a row": "(2.0 - lr * lam)", "frozen lr": "(lr0 / lr)", "squared": "lam",
        "root": "(lam**-0.5 if lam else 0.0)", "by t": "steps", "over t": "(1.0 / steps)",
        "corrected step size": "((1 - b2**t) ** 0.5 / (1 - b1**t))", "divided": "(1.0 / lr**2)",
        "without decay": "(1.0 / lam if lam else 0.0)", "one minus": "((1 - lam) / lam if lam else 0.0)",
        "momentum": "mu", "one minus momentum": "(1 - mu)", "times n": "{n}",
    },
    "keep": {
        "mu": "mu", "one": "1.0", "one minus mu": "(1 - mu)", "nothing": "0.0", "minus mu": "-mu",
        "mu squared": "mu**2", "root of mu": "mu**0.5", "mu times lr": "mu * lr", "mu to the t": "mu**steps",
        "mu times n": "mu * {n}",
    },
    "take": {
        "whole": "1.0", "one minus mu": "(1 - mu)", "mu": "mu", "minus": "-1.0", "one plus mu": "(1 + mu)",
        "one minus mu squared": "(1 - mu**2)", "root of one minus mu squared": "(1 - mu**2) ** 0.5",
        "times n": "{n}",
    },
    "along": {
        "velocity": "v", "Nesterov": "x + mu * v", "stale": "old", "damped again": "x + mu * (mu * old)",
        "velocity and gradient": "x + v", "damped": "mu * v", "mean with the gradient": "0.5 * (x + v)",
        "gradient": "x", "difference": "(1 + mu) * v - mu * old", "gradient and old": "x + mu * old",
        "gradient and stale": "x + old", "sign": "np.sign(v)",
    },
    "keep1": {
        "beta": "b1", "one minus": "(1 - b1)", "other beta": "b2", "nothing": "0.0", "one": "1.0",
        "squared": "b1**2", "minus": "-b1", "root": "b1**0.5", "to the t": "b1**t",
    },
    "take1": {
        "one minus": "(1 - b1)", "one": "1.0", "beta": "b1", "beta times one minus": "b1 * (1 - b1)",
        "other": "(1 - b2)", "squared": "(1 - b1) ** 2", "minus": "(b1 - 1)", "plus": "(1 + b1)",
        "lr": "lr * (1 - b1)", "one minus squared": "(1 - b1**2)", "times n": "{n}",
    },
    "of1": {"g": "gm", "|g|": "np.abs(gm)", "g squared": "gm**2", "sign": "np.sign(gm)", "difference": "(gm - m)"},
    "keep2": {
        "beta": "b2", "one minus": "(1 - b2)", "other beta": "b1", "nothing": "0.0", "one": "1.0",
        "squared": "b2**2", "minus": "-b2", "root": "b2**0.5", "to the t": "b2**t",
    },
    "take2": {
        "one minus": "(1 - b2)", "one": "1.0", "beta": "b2", "beta times one minus": "b2 * (1 - b2)",
        "other": "(1 - b1)", "squared": "(1 - b2) ** 2", "plus": "(1 + b2)", "one minus squared": "(1 - b2**2)",
        "times n": "{n}",
    },
    "of2": {
        "g squared": "gv * gv", "|g|": "np.abs(gv)", "g": "gv", "centred": "(gv - m) ** 2",
        "centred on the old": "(gv - old) ** 2", "variance": "(gv - m) * (gv - old)", "m squared": "m * m",
        "m times g": "m * gv", "m": "m", "mean": "np.mean(gv**2)", "norm": "np.sum(gv**2)",
        "root of the norm": "np.sqrt(np.sum(gv**2))", "g cubed": "gv**3", "fourth power": "gv**4", "twice g": "gv * 2",
        "centred on its mean": "(gv - gv.mean()) ** 2", "variance over the parameter": "np.var(gv)",
    },
    "t": {
        "from one": "t", "from zero": "t - 1", "from two": "t + 1", "twice": "2 * t", "stays one": "1", "stays": "{n}",
        "until": "min(t, {n})", "behind": "max(t - 1, 1)", "half": "t / 2", "squared": "t * t", "further": "t + {n}",
    },
    "spread": {
        "second moment": "v_hat", "variance, absolute": "np.abs(v - m**2) / c2",
        "variance, floored": "np.maximum(v - m**2, 0) / c2", "second moment and m": "v_hat + m**2",
    },
    "denominator": {
        "root plus eps": "np.sqrt(s) + eps", "eps inside": "np.sqrt(s + eps)", "no eps": "np.sqrt(s)",
        "eps before correction": "(np.sqrt(v) + eps) / c2**0.5", "eps added to v first": "np.sqrt((v + eps) / c2)",
        "larger of the two": "np.maximum(np.sqrt(s), eps)", "eps subtracted": "np.sqrt(s) - eps",
        "eps squared inside": "np.sqrt(s + eps**2)", "eps twice": "np.sqrt(s + eps) + eps", "no root": "s + eps",
        "fourth root": "s**0.25 + eps", "squared": "s**2 + eps", "one per parameter": "np.sqrt(np.mean(s)) + eps",
        "no division": "1.0", "multiplies": "1 / (np.sqrt(s) + eps)", "plus one": "1 + np.sqrt(s)",
        "root times eps": "np.sqrt(s) * eps", "eps doubled": "np.sqrt(s) + 2 * eps",
        "root of eps": "np.sqrt(s) + eps**0.5", "only eps": "eps",
    },
    "direction": {
        "m hat": "m_hat", "raw gradient": "g", "sign of m": "np.sign(m_hat)", "sign of g": "np.sign(g)",
        "look-ahead": "b1 * m_hat + (1 - b1) * g / (1 - b1**t)", "squared": "m_hat**2", "sum with g": "m_hat + g",
        "corrected gradient": "g / c1",
    },
    "rate": {
        "lr": "lr", "without lr": "1.0", "lr squared": "lr * lr", "lr over t": "lr / steps",
        "lr over root t": "lr / steps**0.5", "divided by lr": "1 / lr", "times n": "{n} * lr",
        "fading": "lr * {n} ** (steps - 1)", "fading from the first": "lr * {n} ** steps",
        "by inverse time": "lr / (1 + {n} * steps)",
    },
}  # fmt: skip
CORRECTION: Mapping[str, str] = {
    "1 - beta^t": "1 - {b}**t", "none": "1.0", "no power": "1 - {b}", "other beta": "1 - {o}**t",
    "times t": "1 - {b} * t", "multiplied": "1 / (1 - {b}**t)", "beta^t": "{b}**t", "plus": "1 + {b}**t",
    "rooted": "(1 - {b}**t) ** 0.5", "squared": "(1 - {b}**t) ** 2", "first step only": "(1 - {b} if t == 1 else 1.0)",
    "power outside": "(1 - {b}) ** t", "beta": "{b}", "negative": "{b}**t - 1", "inverse power": "1 - {b} ** (1 / t)",
    "t to the beta": "1 - t**{b}", "both": "(1 - {b}**t) * (1 - {o}**t)", "over t": "1 - {b} / t",
    "squared beta": "1 - {b} ** (2 * t)", "t": "t",
}  # fmt: skip
FIRST = {
    "lr": "as given", "mu": "as given", "lam": "as given", "b1": "as given", "b2": "as given", "eps": "as given",
    "sees": "gradient", "what": "parameters", "factor": "one", "keep": "mu", "take": "whole", "along": "velocity",
    "keep1": "beta", "take1": "one minus", "of1": "g", "keep2": "beta", "take2": "one minus", "of2": "g squared",
    "t": "from one", "spread": "second moment", "denominator": "root plus eps", "direction": "m hat", "rate": "lr",
}  # fmt: skip


LOOP = "for i, param in enumerate(self.params):"


class Unwritten(ValueError):
    """Nobody has said yet how this option looks as code."""


def write(
    beliefs: Mapping[str, Changes],
    style: str = "lists",
    conventions: Mapping[str, frozenset[str]] | None = None,
    number: float = 1.0,
) -> str:
    """A whole optimizers.py: class -> what its author changes, in a style, by accepted conventions.

    Raises:
        Unwritten: an option that no code is known for.
    """
    following = conventions or {}
    rules = {
        name: _Rule(name, {**RIGHT[name], **beliefs.get(name, {})}, following.get(name, frozenset()), number)
        for name in ("SGD", "Adam", "AdamW")
    }
    return HEAD + "\n\n".join(_class(rule, style) for rule in rules.values())


class _Rule:
    """One class's rule as lines of code over local names: w, g, the kept arrays, and the settings of the moment."""

    def __init__(self, name: str, changes: Changes, conventions: frozenset[str], number: float) -> None:
        self.name, self.conventions, self.n = name, conventions, f"{number!r}"
        self.changes = dict(changes)
        self.kept = ("v",) if name == "SGD" else ("m", "v")
        self.counted = self.changes.get("count", "updates" if "age" in conventions else "steps")
        self.needs_start = any(o.partition(" @ ")[0] == "start" for o in self.changes.values())

    def option(self, switch: str, default: str = "") -> str:
        return self.changes.get(switch, default)

    def code(self, switch: str) -> str:
        """The expression for a switch, with its gate."""
        told = self.option(switch, FIRST[switch])
        option, _, gate = told.partition(" @ ")
        if option not in CODE[switch] or (gate and gate not in GATES):
            raise Unwritten(f"{self.name}: {switch}: {told}")
        chosen = CODE[switch][option].replace("{n}", self.n)
        if not gate:
            return chosen
        return f"({chosen} if {GATES[gate].replace('{n}', self.n)} else {CODE[switch][FIRST[switch]]})"

    def correction(self, switch: str) -> str:
        told = self.option(switch, "1 - beta^t")
        option, _, gate = told.partition(" @ ")
        b, o = ("b1", "b2") if switch == "c1" else ("b2", "b1")
        chosen = CORRECTION[option].format(b=b, o=o)
        if not gate:
            return chosen
        return f"({chosen} if {GATES[gate].replace('{n}', self.n)} else {CORRECTION['1 - beta^t'].format(b=b, o=o)})"

    def amount(self, natural: str = "") -> str:
        parts = ["lam", *([natural] if natural else [])]
        factor = self.code("factor")
        return " * ".join([*parts, *([factor] if factor != "1.0" else []), self.code("what")])

    def lines(self) -> list[str]:
        """The whole rule, from w, g and the kept arrays to new w and kept arrays."""
        place, _, gate = self.option("decay").partition(" @ ")
        if gate or "left" in self.changes:
            raise Unwritten(f"{self.name}: decay: {self.option('decay')}")
        hyper = ("lr", "mu", "lam") if self.name == "SGD" else ("lr", "lam", "b1", "b2", "eps")
        out = [f"{name} = {self.code(name)}" for name in hyper if self.code(name) != name]
        if self.code("sees") != "g":
            out.append(f"g = {self.code('sees')}")
        if self.name != "SGD":
            out += [f"t = {self.code('t')}"] if self.code("t") != "t" else []
        if place == "gradient and direct" and self.direct_first:
            out.append(f"w = w - {self.amount('lr')}")
        if place in ("gradient", "gradient and direct"):
            out += ["if lam != 0:", f"    g = g + {self.amount()}"]
        if place == "instead of the gradient":
            out += ["if lam != 0:", f"    g = {self.amount()}"]
        out += self.velocity() if self.name == "SGD" else self.moments(place)
        out += self.update(place)
        return out

    @property
    def direct_first(self) -> bool:
        return self.option("order") == "before" or "decay-first" in self.conventions

    def velocity(self) -> list[str]:
        inside = self.option("inside") == "inside"
        out = ["old = v", f"x = {'lr * g' if inside else 'g'}"]
        rule = [f"v = {self.code('keep')} * old + {self.code('take')} * x"]
        if self.option("decay") == "velocity":
            rule.append(f"v = v + {self.amount()}")
        if self.option("first_velocity") == "gradient":
            rule.append("if steps == 1:\n    v = x")
        rule.append(f"u = {self.code('along')}")
        if self.option("gathered") == "corrected":
            rule.append("u = u / (1 - mu**steps) if mu else u")
        if "one-formula" in self.conventions:
            return [*out, *"\n".join(rule).split("\n")]
        return [
            *out,
            "if mu != 0:",
            *("    " + line for part in rule for line in part.split("\n")),
            "else:",
            "    u = v = x",
        ]

    def moments(self, place: str) -> list[str]:
        added = f"g + {self.amount()}"
        out = ["old, old_v = m, v", f"gm = {added if place == 'm' else 'g'}", f"gv = {added if place == 'v' else 'g'}"]
        out.append(f"m = {self.code('keep1')} * m + {self.code('take1')} * {self.code('of1')}")
        fresh = f"{self.code('take2')} * {self.code('of2')}"
        gather = self.option("gather", "sum")
        out.append(
            {
                "sum": f"v = {self.code('keep2')} * v + {fresh}",
                "largest": f"v = np.maximum({self.code('keep2')} * v, {self.code('of2')})",
                "difference": f"v = {self.code('keep2')} * v - {fresh}",
            }[gather]
        )
        out += [f"c1 = {self.correction('c1')}", f"c2 = {self.correction('c2')}"]
        m, v = ("m", "old")[self.option("used1") == "old"], ("v", "old_v")[self.option("used2") == "old"]
        out += [f"m_hat = {m} / c1", f"v_hat = {v} / c2"]
        out += [f"s = {self.code('spread')}", f"bottom = {self.code('denominator')}", f"top = {self.code('direction')}"]
        if place == "over the root":
            out.append(f"top = top + {self.amount()}")
        out.append("u = top / bottom")
        out += ["m = m_hat"] if self.option("kept1") == "stored" else []
        out += ["v = v_hat"] if self.option("kept2") == "stored" else []
        return out

    def update(self, place: str) -> list[str]:
        factor = self.code("factor")
        scaled = f" * {factor}" if factor != "1.0" else ""
        out = []
        if place == "on the update":
            out.append(f"u = u * (1 - lr * lam{scaled})")
        if place == "on the direction":
            out.append(f"u = u * (1 - lam{scaled})")
        rate = self.code("rate")
        if self.option("inside") == "inside":
            rate = "1.0" if rate == "lr" else f"{rate} / lr"
        base = {"": "w", "zero": "0 * w", "start": "start"}[self.option("base")]
        sign = "+" if self.option("sign") == "ascend" else "-"
        step = f"w = {base} {sign} {rate} * u"
        if self.option("moves") == "nothing":
            step = "w = w + 0.0"
        direct = {
            "direct": f"w = w - {self.amount('lr')}",
            "gradient and direct": f"w = w - {self.amount('lr')}",
            "divides": f"w = w / (1 - lr * lam{scaled})",
            "keeps only": f"w = w * (lr * lam{scaled})",
        }.get(place, "")
        if direct and self.direct_first:
            done = [] if place == "gradient and direct" else [direct]
            return [*out, *([*done, step] if base == "w" else [step, *done])]
        return [*out, step, *([direct] if direct else [])]


HEAD = """import numpy as np
from tinytorch.core.tensor import Tensor


class Optimizer:
    def __init__(self, params):
        self.params = list(params)
        self.step_count = 0

    def zero_grad(self):
        for param in self.params:
            param.grad = None

    def step(self):
        raise NotImplementedError


def as_array(grad):
    return np.asarray(grad.data if isinstance(grad, Tensor) else grad)


"""
SETTINGS = {
    "SGD": ("lr=0.01, momentum=0.0, weight_decay=0.0", ("lr", "momentum", "weight_decay")),
    "Adam": ("lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0", ("lr", "betas", "eps", "weight_decay")),
    "AdamW": ("lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01", ("lr", "betas", "eps", "weight_decay")),
}
STATE = """
    def has_momentum(self):
        return self.momentum != 0

    def get_momentum_state(self):
        if not self.has_momentum():
            return None
        return [None if (v := {got}) is None else np.array(v) for i in range(len(self.params))]

    def set_momentum_state(self, state):
        if state is None or not self.has_momentum():
            return
        for i, v in enumerate(state):
            {put} = None if v is None else np.array(v)
"""


def _class(rule: _Rule, style: str) -> str:
    """The class around the rule's lines."""
    signature, settings = _signature(rule)
    init = [f"self.{name} = {name}" for name in settings]
    places = {
        "dictionaries": "self.state.setdefault(i, {{}}).get('{a}')",
    }.get(style, "self.{a}_kept[i]")
    puts = "self.state.setdefault(i, {{}})['{a}']" if style == "dictionaries" else "self.{a}_kept[i]"
    if style == "dictionaries":
        init.append("self.state = {}")
    else:
        init += [f"self.{a}_kept = [None] * len(self.params)" for a in rule.kept]
    init += ["self.lr0 = lr"]
    init += ["self.starts = [p.data.copy() for p in self.params]"] if rule.needs_start else []
    body = _step(rule, style, places, puts)
    lines = [f"class {rule.name}(Optimizer):", f"    def __init__(self, params, {signature}):"]
    lines += ["        super().__init__(params)", *("        " + line for line in init), "", *body]
    text = "\n".join(lines) + "\n"
    if rule.name == "SGD":
        got = "self.state.get(i, {}).get('v')" if style == "dictionaries" else "self.v_kept[i]"
        text += STATE.replace("{got}", got).replace("{put}", puts.format(a="v"))
    return text


def _signature(rule: _Rule) -> tuple[str, tuple[str, ...]]:
    signature, settings = SETTINGS[rule.name]
    defaults = {part.partition("=")[0]: part for part in signature.replace("(0.9, 0.999)", "(0.9; 0.999)").split(", ")}
    told = {
        ("lr", "default tenfold"): ("lr", f"lr={0.1 if rule.name == 'SGD' else 0.01}"),
        ("lr", "default a tenth"): ("lr", f"lr={0.001 if rule.name == 'SGD' else 0.0001}"),
        ("lr", "default n"): ("lr", f"lr={rule.n}"), ("mu", "default 0.9"): ("momentum", "momentum=0.9"),
        ("mu", "default n"): ("momentum", f"momentum={rule.n}"),
        ("lam", "default zero"): ("weight_decay", "weight_decay=0.0"),
        ("lam", "default 0.01"): ("weight_decay", "weight_decay=0.01"),
        ("lam", "default n"): ("weight_decay", f"weight_decay={rule.n}"),
        ("eps", "default n"): ("eps", f"eps={rule.n}"),
        ("beta1", "default n"): ("betas", f"betas=({rule.n}; 0.999)"),
        ("beta2", "default n"): ("betas", f"betas=(0.9; {rule.n})"),
    }  # fmt: skip
    for key, (name, text) in told.items():
        if rule.option(key[0]) == key[1]:
            defaults[name] = text
            rule.changes.pop(key[0])
    return ", ".join(defaults.values()).replace(";", ","), settings


def _step(rule: _Rule, style: str, gets: str, puts: str) -> list[str]:
    """The method step(), and what it calls."""
    unpack = _unpacked(rule)
    inner = [*_guarded(rule), "w, g = param.data, grad", "steps = self.step_count"]
    if rule.name != "SGD":
        inner.append("t = " + {"steps": "self.step_count", "updates": "self.ages[i]"}.get(rule.counted, "self.met"))
    for a in rule.kept:
        inner += [f"{a} = {gets.format(a=a)}", f"if {a} is None:", f"    {a} = np.zeros_like(w)"]
    if rule.needs_start:
        inner.append("start = self.starts[i]")
    return _cut(rule, style, unpack, inner, rule.lines(), _stored(rule, style, gets, puts))


def _unpacked(rule: _Rule) -> list[str]:
    """Settings as local names."""
    unpack = ["lr = self.lr", "lam = self.weight_decay", "lr0 = self.lr0", "count = len(self.params)"]
    if rule.name == "SGD":
        return [*unpack, "mu = self.momentum"]
    betas = {
        "": "b1, b2 = self.betas", "exchanged": "b2, b1 = self.betas", "fixed": "b1, b2 = 0.9, 0.999",
        "first for both": "b1 = b2 = self.betas[0]", "second for both": "b1 = b2 = self.betas[1]",
    }  # fmt: skip
    for name, switch in (("b1", "beta1"), ("b2", "beta2")):
        if rule.option(switch) == "fixed":
            rule.changes[name] = "fixed"
    return [*unpack, betas[rule.option("betas")], "eps = self.eps"]


LEAVE = {"stop at the first": "break", "decays": "param.data = param.data * (1 - lr * lam)\n    continue"}
MET = "self.met = getattr(self, 'met', 0) + 1"


def _guarded(rule: _Rule) -> list[str]:
    """From a parameter to its gradient, if it is to be moved; and what is counted there."""
    absent = rule.option("absent", "skip")
    inner = [MET] if rule.counted == "parameters" else []
    if absent == "coast":
        inner.append("grad = np.zeros_like(param.data) if param.grad is None else as_array(param.grad)")
    else:
        left = ("    " + LEAVE.get(absent, "continue")).split("\n")
        inner += ["if param.grad is None:", *left, "grad = as_array(param.grad)"]
    if absent == "skip zero gradients":
        inner += ["if not np.any(grad):", "    continue"]
    if rule.counted == "updates":
        inner += ["self.ages = getattr(self, 'ages', {})", "self.ages[i] = self.ages.get(i, 0) + 1"]
    return [*inner, MET] if rule.counted == "gradients" else inner


def _stored(rule: _Rule, style: str, gets: str, puts: str) -> list[str]:
    """New parameters and kept arrays, written back."""
    if style == "in place":
        keep = [
            line
            for a in rule.kept
            for line in (f"if {gets.format(a=a)} is None:", f"    {puts.format(a=a)} = np.zeros_like(param.data)",
                         f"{gets.format(a=a)}[...] = {a}")
        ]  # fmt: skip
        store = ["param.data[...] = w"]
    else:
        keep = [f"{puts.format(a=a)} = np.array({a})" for a in rule.kept]
        store = ["param.data = np.asarray(w, dtype=param.data.dtype)"]
    return [*store, *(["if mu != 0:", *("    " + line for line in keep)] if rule.name == "SGD" else keep)]


def _cut(rule: _Rule, style: str, unpack: list[str], inner: list[str], lines: list[str], store: list[str]) -> list[str]:
    """The step as one function, or cut into several."""

    def block(depth: int, *parts: str) -> list[str]:
        return ["    " * depth + line for line in parts]

    state = ", ".join(rule.kept)
    head = [*block(1, "def step(self):"), *block(2, "self.step_count += 1", *unpack, LOOP)]
    names = f"i, w, g, {state}, steps{'' if rule.name == 'SGD' else ', t'}{', start' if rule.needs_start else ''}"
    if style in ("functional", "helpers"):
        call = f"w, {state} = self._rule({names})"
        helper = [*block(1, "", f"def _rule(self, {names}):"), *block(2, *unpack, *lines, f"return w, {state}")]
        return [*head, *block(3, *inner, call, *store), *helper]
    if style == "inherited":
        helper = [*block(1, "", "def _one(self, i, param):")]
        body = [line.replace("continue", "return True").replace("break", "return False") for line in inner]
        return [
            *head, *block(3, "if not self._one(i, param):", "    break"), *helper,
            *block(2, *unpack, *body, *lines, *store, "return True"),
        ]  # fmt: skip
    return [*head, *block(3, *inner, *lines, *store)]
