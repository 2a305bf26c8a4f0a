"""Every misconception as a student would have written it: text replacements in the model solution.

`gradmark verify` marks each of these planted submissions, to prove that the belief is named and costs its own row
only. They are independent witnesses of the family (reference/family.py): written as code, from the belief's title.
Beliefs without edits are written whole by writing.py. Where the model solution changes, `plant` says which text is missing now.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

from .golden import CONVENTIONS
from .misconceptions import MISCONCEPTIONS
from .writing import STYLES, Unwritten, write

FOLDER = Path(__file__).parent
KNOWN = {m.id: m for m in MISCONCEPTIONS}


class Edit(NamedTuple):
    """`old` stands exactly once in the class (in the file, where that is ""), and gives way to `new`.

    Further lines of `new` are indented like the line that `old` begins in; with an empty `new` that line goes.
    """

    where: str
    old: str
    new: str


def plant(source: str, misconception_id: str) -> str:
    """The model solution's source with this misconception in it; where nobody made edits, a file written with it.

    Raises:
        KeyError: nobody has written down yet how this misconception looks.
        ValueError: the model solution changed, and an edit's old text is no longer there exactly once.
    """
    if misconception_id not in PLANTED:
        return rewrite(misconception_id, 0)
    for edit in PLANTED[misconception_id]:
        try:
            source = _apply(source, edit)
        except ValueError as error:
            raise ValueError(f"{misconception_id}: {error}") from None
    return source


def rewrite(misconception_id: str, turn: int) -> str:
    """Another file with this misconception: style and conventions go round with `turn`; the first are the plainest.

    Raises:
        KeyError: nobody has written down yet how this misconception looks.
    """
    m = KNOWN.get(misconception_id)
    style, following = STYLES[turn % len(STYLES)], FOLLOWING[turn % len(FOLLOWING)]
    try:
        if m is None or not m.changes or not set(m.groups) <= set(CLASSES):
            raise Unwritten(misconception_id)
        number = m.unknown.usual if m.unknown else 1.0
        without = NEVER_BESIDE.get(misconception_id, "")
        following = {c: names - {without} for c, names in following.items()}
        return write(dict.fromkeys(m.groups, m.changes), style, following, number) + _grown()
    except Unwritten:
        raise KeyError(f"{misconception_id} has no planted form: add its edits to planted.py.") from None


@cache
def _grown() -> str:
    """Return what a copy of this assignment has in its own model solution beside the classes that are written here."""
    named = tomllib.loads((FOLDER / "assignment.toml").read_text(encoding="utf-8"))["sources"]["model_solution"]
    if named.startswith("gradmark:"):
        return ""
    source = (FOLDER / named).read_text(encoding="utf-8")
    written = {"Optimizer", *CLASSES}
    more = [
        n for n in ast.parse(source).body if isinstance(n, ast.ClassDef | ast.FunctionDef) and n.name not in written
    ]
    return "".join(f"\n\n{ast.get_source_segment(source, node)}\n" for node in more)


NEVER_BESIDE = {
    "l2-decoupled": "decay-first",  # is "l2-after-velocity" then, to the last digit
    "count-from-zero": "age",  # leaves nothing finite then: its line is found, and no name
    "momentum-take-scaled": "one-formula",  # is "sgd-scaled" then
    "momentum-subtracted": "one-formula",  # is "sgd-ascent" then
    "momentum-stale": "one-formula",  # SGD without momentum stands still then: its line is found, and no name
    # SGD without momentum stands still then, and what stands still cannot show that it keeps nothing between steps
    "momentum-scaled-whole": "one-formula",
    "momentum-weights-exchanged": "one-formula",
}


def _followings() -> tuple[Mapping[str, frozenset[str]], ...]:
    """Sets of accepted conventions, by class: none, each alone, and all."""
    names = list(dict.fromkeys(c.id for c in CONVENTIONS))
    sets = [frozenset[str](), *(frozenset({name}) for name in names), frozenset(names)]
    return tuple(
        {c: frozenset(n for n in some if any(k.id == n and k.group == c for k in CONVENTIONS)) for c in CLASSES}
        for some in sets
    )


CLASSES = ("SGD", "Adam", "AdamW")
FOLLOWING = _followings()


def _apply(source: str, edit: Edit) -> str:
    begin, end = _span(source, edit.where)
    found = source.count(edit.old, begin, end)
    if found != 1:
        place = f"class {edit.where}" if edit.where else "the file"
        raise ValueError(
            f"the model solution changed: {place} holds `{edit.old}` {found} times, not once. "
            "Write the edit in planted.py anew."
        )
    at = source.index(edit.old, begin, end)
    after = at + len(edit.old)
    line = source.rfind("\n", 0, at) + 1
    if not edit.new:
        return source[:line] + source[after:].partition("\n")[2]
    before = source[line:at]
    indent = before[: len(before) - len(before.lstrip())]
    return source[:at] + edit.new.replace("\n", "\n" + indent) + source[after:]


def _span(source: str, name: str) -> tuple[int, int]:
    """The first and the last line of the class."""
    if not name:
        return 0, len(source)
    match = re.search(rf"^class {name}\b.*?(?=^\S|\Z)", source, re.MULTILINE | re.DOTALL)
    if match is None:
        raise ValueError(f"the model solution changed: it has no class {name}.")
    return match.span()


# ------------------------------------------------------------------- the lines of the model solution that edits touch
LR = "self.lr = lr"
EACH = "for i, param in enumerate(self.params):"
SKIP = "continue"
COUNT = "self.step_count += 1"
GRAD = "grad = param.grad.data if isinstance(param.grad, Tensor) else param.grad"
L2 = "grad = grad + self.weight_decay * param.data"
KEEP_DTYPE = "np.asarray(param.data, dtype=dtype)"

NONES = "[None] * len(self.params)"
ZEROS = "[np.zeros_like(param.data) for param in self.params]"
NO_VELOCITIES = f"self.velocities = {NONES}"
PLAIN = "velocity = grad"
VELOCITY = "velocity = self.momentum * self.velocities[i] + grad"
KEEP = "self.velocities[i] = velocity"
MOVE = "param.data = param.data - self.lr * velocity"

BETAS = "self.beta1, self.beta2 = betas"
EPS = "self.eps = eps"
M = "self.m[i] = self.beta1 * self.m[i] + (1 - self.beta1) * grad"
V = "self.v[i] = self.beta2 * self.v[i] + (1 - self.beta2) * grad**2"
C1 = "correction1 = 1 - self.beta1**self.step_count"
C2 = "correction2 = 1 - self.beta2**self.step_count"
M_HAT = "m_hat = self.m[i] / correction1"
V_HAT = "v_hat = self.v[i] / correction2"
UPDATE = "m_hat / (np.sqrt(v_hat) + self.eps)"
STEP = f"param.data = param.data - self.lr * {UPDATE}"
SHRINK = "param.data = param.data * (1 - self.lr * self.weight_decay)"

START = "self.start = [param.data.copy() for param in self.params]"  # not the model's: added by who decays the start

Edits = tuple[Edit, ...]
Change = tuple[str, str]  # old, new


def _in(name: str, *changes: Change) -> Edits:
    return tuple(Edit(name, old, new) for old, new in changes)


def _sgd(*changes: Change) -> Edits:
    return _in("SGD", *changes)


def _adam(*changes: Change) -> Edits:
    return _in("Adam", *changes)


def _adamw(*changes: Change) -> Edits:
    return _in("AdamW", *changes)


def _both(*changes: Change) -> Edits:
    return _adam(*changes) + _adamw(*changes)


def _gone(line: str) -> Change:
    return line, ""


def _then(line: str, *more: str) -> Change:
    """These lines are added below that one."""
    return line, "\n".join((line, *more))


# --------------------------------------------------------------------------------- one line of the rule, replaced
def _move(step: str) -> Edits:
    return _sgd((MOVE, f"param.data = {step}"))


def _velocity(rule: str) -> Edits:
    return _sgd((VELOCITY, f"velocity = {rule}"))


def _l2(grad: str) -> Change:
    return L2, f"grad = {grad}"


def _m(rule: str) -> Edits:
    return _both((M, f"self.m[i] = {rule}"))


def _v(rule: str) -> Edits:
    return _both((V, f"self.v[i] = {rule}"))


def _corrections(one: str, two: str) -> Edits:
    return _both((C1, f"correction1 = {one}"), (C2, f"correction2 = {two}"))


def _hats(m_hat: str, v_hat: str) -> Edits:
    return _both((M_HAT, f"m_hat = {m_hat}"), (V_HAT, f"v_hat = {v_hat}"))


def _divided_by(denominator: str) -> Edits:
    return _both((STEP, f"param.data = param.data - self.lr * m_hat / {denominator}"))


def _along(direction: str) -> Edits:
    return _both((STEP, f"param.data = param.data - self.lr * {direction} / (np.sqrt(v_hat) + self.eps)"))


def _step(step: str) -> Edits:
    return _both((STEP, f"param.data = {step}"))


def _shrink(rule: str) -> Edits:
    return _adamw((SHRINK, f"param.data = {rule}"))


PLAIN_STEP = {
    "sgd-ascent": _move("param.data + self.lr * velocity"),
    "sgd-no-lr": _move("param.data - velocity"),
    "sgd-lr-squared": _move("param.data - self.lr * (self.lr * velocity)"),
    "sgd-divided-by-lr": _move("param.data - velocity / self.lr"),
    "sgd-replaces": _move("-self.lr * velocity"),
    "sgd-lr-over-t": _move("param.data - self.lr / self.step_count * velocity"),
    "sgd-lr-over-root-t": _move("param.data - self.lr / self.step_count**0.5 * velocity"),
    "sgd-lr-frozen": _sgd(
        _then(LR, "self.step_size = lr"), (MOVE, "param.data = param.data - self.step_size * velocity")
    ),
    "sgd-clips": _sgd(_then(GRAD, "grad = np.clip(grad, -1, 1)")),
    "sgd-clips-norm": _sgd(_then(GRAD, "norm = np.linalg.norm(grad)", "if norm > 1:", "    grad = grad / norm")),
    "sgd-normalises": _sgd(_then(GRAD, "grad = grad / (np.linalg.norm(grad) + 1e-12)")),
    "sgd-sign": _sgd(_then(GRAD, "grad = np.sign(grad)")),
    "sgd-halves": _sgd(_then(GRAD, "grad = grad / 2")),
    "sgd-doubles": _sgd(_then(GRAD, "grad = 2 * grad")),
    "sgd-averages": _sgd(_then(GRAD, "grad = grad / param.data.size")),
}

MOMENTUM = {
    "momentum-averaged": _velocity("self.momentum * self.velocities[i] + (1 - self.momentum) * grad"),
    "momentum-weights-exchanged": _velocity("(1 - self.momentum) * self.velocities[i] + self.momentum * grad"),
    "momentum-lr-inside": _sgd(
        (PLAIN, "velocity = self.lr * grad"),
        (VELOCITY, "velocity = self.momentum * self.velocities[i] + self.lr * grad"),
        (MOVE, "param.data = param.data - velocity"),
    ),
    "momentum-nesterov": _sgd(_then(KEEP, "velocity = grad + self.momentum * velocity")),
    "momentum-stale": _sgd(
        (VELOCITY, "velocity = self.velocities[i]"),
        (KEEP, "self.velocities[i] = self.momentum * velocity + grad"),
    ),
    "momentum-plus-stale": _sgd(
        (VELOCITY, "velocity = self.momentum * self.velocities[i]"),
        (KEEP, "self.velocities[i] = velocity + grad\nvelocity = self.momentum * velocity + grad"),
    ),
    "momentum-ignored": _velocity("self.momentum * np.zeros_like(param.data) + grad"),
    "momentum-undamped": _velocity("self.velocities[i] + grad"),
    "momentum-scaled-whole": _velocity("self.momentum * (self.velocities[i] + grad)"),
    "momentum-subtracted": _velocity("self.momentum * self.velocities[i] - grad"),
    "momentum-braked": _velocity("grad - self.momentum * self.velocities[i]"),
    "momentum-squared": _velocity("self.momentum**2 * self.velocities[i] + grad"),
    "momentum-one-minus": _velocity("(1 - self.momentum) * self.velocities[i] + grad"),
    "momentum-added": _sgd(_then(KEEP, "velocity = grad + velocity")),
    "momentum-last-gradient": _sgd((KEEP, "self.velocities[i] = grad")),
    "momentum-corrected": _sgd(
        (VELOCITY, "velocity = self.momentum * self.velocities[i] + (1 - self.momentum) * grad"),
        _then(KEEP, "velocity = velocity / (1 - self.momentum**self.step_count)"),
    ),
    "momentum-dampened": _sgd(
        ("self.velocities[i] = np.zeros_like(param.data)", "self.velocities[i] = grad  # a running start"),
        (VELOCITY, "velocity = self.momentum * self.velocities[i] + (1 - self.momentum) * grad"),
    ),
    "momentum-fixed": _velocity("0.9 * self.velocities[i] + grad"),
    "momentum-default": _sgd(("momentum=0.0", "momentum=0.9")),
}

SGD_DECAY = {
    "l2-missing": _sgd(_gone(L2)),
    "l2-negative": _sgd(_l2("grad - self.weight_decay * param.data")),
    "l2-doubled": _sgd(_l2("grad + 2 * self.weight_decay * param.data")),
    "l2-halved": _sgd(_l2("grad + 0.5 * self.weight_decay * param.data")),
    "l2-is-l1": _sgd(_l2("grad + self.weight_decay * np.sign(param.data)")),
    "l2-squared": _sgd(_l2("grad + self.weight_decay * param.data**2")),
    "l2-times-lr": _sgd(_l2("grad + self.lr * self.weight_decay * param.data")),
    "l2-constant": _sgd(_l2("grad + self.weight_decay")),
    "l2-on-start": _sgd(
        _then(LR, START),
        _l2("grad + self.weight_decay * self.start[i]"),
    ),
    "l2-on-gradient": _sgd(_l2("grad * (1 + self.weight_decay)")),
    "l2-after-velocity": _sgd(
        _gone(L2), (MOVE, "param.data = param.data - self.lr * (velocity + self.weight_decay * param.data)")
    ),
    "l2-decoupled": _sgd(_gone(L2), _then(MOVE, SHRINK)),
    "l2-decoupled-no-lr": _sgd(_gone(L2), _then(MOVE, "param.data = param.data * (1 - self.weight_decay)")),
    "l2-both": _sgd(_then(MOVE, SHRINK)),
    "l2-without-momentum": _sgd((L2, "decayed = grad + self.weight_decay * param.data"), (PLAIN, "velocity = decayed")),
    "l2-instead": _sgd((L2, "if self.weight_decay != 0:\n    grad = self.weight_decay * param.data")),
    "l2-mutates": _sgd((L2, "grad += self.weight_decay * param.data")),
}

ABSENT = {
    f"{name.lower()}-none-{what}": _in(name, (SKIP, code))
    for name in ("SGD", "Adam", "AdamW")
    for what, code in (("coasts", "param.grad = np.zeros_like(param.data)"), ("stops", "break"))
}

MOMENTS = {
    "first-sum": _m("self.beta1 * self.m[i] + grad"),
    "first-weights-exchanged": _m("(1 - self.beta1) * self.m[i] + self.beta1 * grad"),
    "first-beta2": _m("self.beta2 * self.m[i] + (1 - self.beta2) * grad"),
    "first-not-kept": _m("(1 - self.beta1) * grad"),
    "first-undamped": _m("self.m[i] + (1 - self.beta1) * grad"),
    "first-abs": _m("self.beta1 * self.m[i] + (1 - self.beta1) * np.abs(grad)"),
    "first-squared": _m("self.beta1 * self.m[i] + (1 - self.beta1) * grad**2"),
    "first-scaled-whole": _m("self.beta1 * (self.m[i] + (1 - self.beta1) * grad)"),
    "second-sum": _v("self.beta2 * self.v[i] + grad**2"),
    "second-weights-exchanged": _v("(1 - self.beta2) * self.v[i] + self.beta2 * grad**2"),
    "second-abs": _v("self.beta2 * self.v[i] + (1 - self.beta2) * np.abs(grad)"),
    "second-of-g": _v("self.beta2 * self.v[i] + (1 - self.beta2) * grad"),
    "second-centred": _v("self.beta2 * self.v[i] + (1 - self.beta2) * (grad - self.m[i]) ** 2"),
    "second-from-m": _v("self.beta2 * self.v[i] + (1 - self.beta2) * self.m[i] ** 2"),
    "second-beta1": _v("self.beta1 * self.v[i] + (1 - self.beta1) * grad**2"),
    "second-not-kept": _v("(1 - self.beta2) * grad**2"),
    "second-raw": _v("grad**2"),
    "second-accumulated": _v("self.v[i] + grad**2"),
    "second-undamped": _v("self.v[i] + (1 - self.beta2) * grad**2"),
    "second-squared-weight": _v("self.beta2 * self.v[i] + ((1 - self.beta2) * grad) ** 2"),
    "second-largest": _v("np.maximum(self.beta2 * self.v[i], grad**2)"),
    "second-norm": _v("self.beta2 * self.v[i] + (1 - self.beta2) * np.sum(grad**2)"),
    "betas-exchanged": _both((BETAS, "self.beta2, self.beta1 = betas")),
    "betas-fixed": _both((BETAS, "self.beta1, self.beta2 = 0.9, 0.999")),
}

CORRECTION = {
    "correction-missing": _both(_gone(C1), _gone(C2), (M_HAT, "m_hat = self.m[i]"), (V_HAT, "v_hat = self.v[i]")),
    "correction-m-missing": _both(_gone(C1), (M_HAT, "m_hat = self.m[i]")),
    "correction-v-missing": _both(_gone(C2), (V_HAT, "v_hat = self.v[i]")),
    "correction-exchanged": _hats("self.m[i] / correction2", "self.v[i] / correction1"),
    "correction-m-beta2": _both((C1, "correction1 = 1 - self.beta2**self.step_count")),
    "correction-v-beta1": _both((C2, "correction2 = 1 - self.beta1**self.step_count")),
    "correction-no-power": _corrections("1 - self.beta1", "1 - self.beta2"),
    "correction-m-no-power": _both((C1, "correction1 = 1 - self.beta1")),
    "correction-v-no-power": _both((C2, "correction2 = 1 - self.beta2")),
    "correction-first-only": _corrections(
        "1 - self.beta1 if self.step_count == 1 else 1", "1 - self.beta2 if self.step_count == 1 else 1"
    ),
    "correction-times-t": _corrections("1 - self.beta1 * self.step_count", "1 - self.beta2 * self.step_count"),
    "correction-multiplied": _hats("self.m[i] * correction1", "self.v[i] * correction2"),
    "correction-beta-t": _corrections("self.beta1**self.step_count", "self.beta2**self.step_count"),
    "correction-plus": _corrections("1 + self.beta1**self.step_count", "1 + self.beta2**self.step_count"),
    "correction-stored": _both(
        (M_HAT, "self.m[i] /= correction1\nm_hat = self.m[i]"), (V_HAT, "self.v[i] /= correction2\nv_hat = self.v[i]")
    ),
    "correction-m-stored": _both((M_HAT, "self.m[i] /= correction1\nm_hat = self.m[i]")),
    "correction-v-stored": _both((V_HAT, "self.v[i] /= correction2\nv_hat = self.v[i]")),
    "correction-m-squared": _both((M_HAT, "m_hat = self.m[i] / correction1**2")),
    "correction-v-rooted": _both((V_HAT, "v_hat = self.v[i] / correction2**0.5")),
    "count-from-zero": _both(
        (COUNT, f"t = self.step_count\n{COUNT}"),
        (C1, "correction1 = 1 - self.beta1**t"),
        (C2, "correction2 = 1 - self.beta2**t"),
    ),
    "count-from-two": _both(_then("super().__init__(params)", "self.step_count = 1  # t starts at 1")),
    "count-twice": _both(_then(COUNT, COUNT)),
    "count-parameters": _both(_gone(COUNT), _then(EACH, f"    {COUNT}")),
}

ADAPTIVE = {
    "eps-inside": _divided_by("np.sqrt(v_hat + self.eps)"),
    "eps-missing": _divided_by("np.sqrt(v_hat)"),
    "eps-before-correction": _divided_by("((np.sqrt(self.v[i]) + self.eps) / correction2**0.5)"),
    "eps-into-v": _both(
        (V_HAT, "v_hat = (self.v[i] + self.eps) / correction2"),
        (STEP, "param.data = param.data - self.lr * m_hat / np.sqrt(v_hat)"),
    ),
    "eps-floor": _divided_by("np.maximum(np.sqrt(v_hat), self.eps)"),
    "eps-subtracted": _divided_by("(np.sqrt(v_hat) - self.eps)"),
    "eps-squared-inside": _divided_by("np.sqrt(v_hat + self.eps**2)"),
    "eps-twice": _divided_by("(np.sqrt(v_hat + self.eps) + self.eps)"),
    "eps-fixed": _both((EPS, "self.eps = 1e-8")),
    "eps-fixed-at": _both((EPS, "self.eps = 1e-7")),
    "root-missing": _divided_by("(v_hat + self.eps)"),
    "root-twice": _divided_by("(np.sqrt(np.sqrt(v_hat)) + self.eps)"),
    "root-squared": _divided_by("(v_hat**2 + self.eps)"),
    "division-missing": _step("param.data - self.lr * m_hat"),
    "division-multiplies": _step("param.data - self.lr * m_hat * (np.sqrt(v_hat) + self.eps)"),
    "denominator-plus-one": _divided_by("(np.sqrt(v_hat) + 1)"),
    "amsgrad": _both(
        _then(EPS, "self.v_max = [0.0] * len(self.params)"),
        _then(V_HAT, "self.v_max[i] = v_hat = np.maximum(self.v_max[i], v_hat)"),
    ),
    "direction-raw": _along("grad"),
    "direction-sign": _along("np.sign(m_hat)"),
    "direction-sign-gradient": _along("np.sign(grad)"),
    "direction-nadam": _both(_then(M_HAT, "m_hat = self.beta1 * m_hat + (1 - self.beta1) * grad / correction1")),
    "adam-ascent": _step(f"param.data + self.lr * {UPDATE}"),
    "adam-no-lr": _step(f"param.data - {UPDATE}"),
    "adam-lr-squared": _step(f"param.data - self.lr * (self.lr * {UPDATE})"),
    "adam-lr-over-root-t": _step(f"param.data - self.lr / self.step_count**0.5 * {UPDATE}"),
    "adam-replaces": _step(f"-self.lr * {UPDATE}"),
    "adam-clips": _both(_then(GRAD, "grad = np.clip(grad, -1, 1)")),
    "adam-normalises": _both(_then(GRAD, "grad = grad / (np.linalg.norm(grad) + 1e-12)")),
    "correction-in-lr": _both(
        _then(COUNT, "self.lr *= (1 - self.beta2**self.step_count) ** 0.5 / (1 - self.beta1**self.step_count)"),
        _gone(C1),
        _gone(C2),
        (M_HAT, "m_hat = self.m[i]"),
        (V_HAT, "v_hat = self.v[i]"),
    ),
    "amsgrad-uncorrected": _both(
        _then(EPS, "self.v_max = [0.0] * len(self.params)"),
        (V_HAT, "self.v_max[i] = np.maximum(self.v_max[i], self.v[i])\nv_hat = self.v_max[i] / correction2"),
    ),
    "adam-lr-frozen": (
        *_both(_then(LR, "self.step_size = lr")),
        *_step(f"param.data - self.step_size * {UPDATE}"),
        *_shrink("param.data * (1 - self.step_size * self.weight_decay)"),
    ),
}

ADAM_DECAY = {
    "adam-decay-missing": _adam(_gone(L2)),
    "adam-decay-negative": _adam(_l2("grad - self.weight_decay * param.data")),
    "adam-decay-doubled": _adam(_l2("grad + 2 * self.weight_decay * param.data")),
    "adam-decay-l1": _adam(_l2("grad + self.weight_decay * np.sign(param.data)")),
    "adam-decay-times-lr": _adam(_l2("grad + self.lr * self.weight_decay * param.data")),
    "adam-decay-decoupled": _adam(_gone(L2), _then(STEP, SHRINK)),
    "adam-decay-without-lr": _adam(_gone(L2), _then(STEP, "param.data = param.data * (1 - self.weight_decay)")),
    "adam-decay-only-m": _adam(
        (L2, "decayed = grad + self.weight_decay * param.data"),
        (M, "self.m[i] = self.beta1 * self.m[i] + (1 - self.beta1) * decayed"),
    ),
    "adam-decay-only-v": _adam(
        (L2, "decayed = grad + self.weight_decay * param.data"),
        (V, "self.v[i] = self.beta2 * self.v[i] + (1 - self.beta2) * decayed**2"),
    ),
    "adam-decay-both": _adam(_then(STEP, SHRINK)),
    "adam-decay-mutates": _adam((L2, "grad += self.weight_decay * param.data")),
}

ADAMW_DECAY = {
    "adamw-coupled": _adamw(_then(GRAD, L2), _gone(SHRINK)),
    "adamw-both": _adamw(_then(GRAD, L2)),
    "adamw-missing": _adamw(_gone(SHRINK)),
    "adamw-without-lr": _shrink("param.data * (1 - self.weight_decay)"),
    "adamw-lr-squared": _shrink("param.data * (1 - self.lr * self.lr * self.weight_decay)"),
    "adamw-grows": _shrink("param.data * (1 + self.lr * self.weight_decay)"),
    "adamw-over-root": _adamw(_then(M_HAT, "m_hat = m_hat + self.weight_decay * param.data"), _gone(SHRINK)),
    "adamw-on-update": _adamw(
        (
            STEP,
            f"update = self.lr * {UPDATE} * (1 - self.lr * self.weight_decay)\nparam.data = param.data - update",
        ),
        _gone(SHRINK),
    ),
    "adamw-on-m": _adamw(_then(M_HAT, "m_hat = m_hat * (1 - self.weight_decay)"), _gone(SHRINK)),
    "adamw-constant": _shrink("param.data - self.lr * self.weight_decay"),
    "adamw-sign": _shrink("param.data - self.lr * self.weight_decay * np.sign(param.data)"),
    "adamw-twice": _adamw(_then(SHRINK, SHRINK)),
    "adamw-of-start": _adamw(
        _then(LR, START),
        (SHRINK, "param.data = param.data - self.lr * self.weight_decay * self.start[i]"),
    ),
    "adamw-keeps-only": _shrink("param.data * (self.lr * self.weight_decay)"),
    "adamw-first-step": _adamw((SHRINK, f"if self.step_count == 1:\n    {SHRINK}")),
    "adamw-by-t": _shrink("param.data * (1 - self.lr * self.weight_decay * self.step_count)"),
    "adamw-divides": _shrink("param.data / (1 - self.lr * self.weight_decay)"),
    "adamw-half": _shrink("param.data * (1 - 0.5 * self.lr * self.weight_decay)"),
    "adamw-only-m": _adamw(
        (M, "self.m[i] = self.beta1 * self.m[i] + (1 - self.beta1) * (grad + self.weight_decay * param.data)"),
        _gone(SHRINK),
    ),
    "adamw-only-v": _adamw(
        (V, "self.v[i] = self.beta2 * self.v[i] + (1 - self.beta2) * (grad + self.weight_decay * param.data) ** 2"),
        _gone(SHRINK),
    ),
    "adamw-frozen-lr": _adamw(
        _then(LR, "self.shrink = 1 - lr * weight_decay"), (SHRINK, "param.data = param.data * self.shrink")
    ),
    "adamw-decay-fixed": _adamw(
        (SHRINK, "if self.weight_decay != 0:\n    param.data = param.data * (1 - self.lr * 0.01)")
    ),
    "adamw-default-zero": _adamw(("weight_decay=0.01", "weight_decay=0.0")),
    "adamw-none-decays": _adamw((SKIP, f"{SHRINK}\n{SKIP}")),
}

DEFAULTS = {
    f"{name.lower()}-lr-default-{size}": _in(name, (f"lr={right}", f"lr={wrong}"))
    for name, right, large, small in (
        ("SGD", 0.01, 0.1, 0.001), ("Adam", 0.001, 0.01, "0.0001"), ("AdamW", 0.001, 0.01, "0.0001"),
    )
    for size, wrong in (("large", large), ("small", small))
} | {
    "adam-decay-default": _adam(("weight_decay=0.0", "weight_decay=0.01")),
    "sgd-decay-default": _sgd(("weight_decay=0.0", "weight_decay=0.01")),
}  # fmt: skip

NEW_STATE = "[None if velocity is None else np.array(velocity) for velocity in {}]"
FOLDED = (  # the corrections drawn into the step size, where np.sqrt makes an np.float64 of a number
    _then(C2, "root = np.sqrt(correction2)"),
    _gone(M_HAT),
    (V_HAT, "step_size = self.lr * root / correction1"),
    (STEP, "param.data = param.data - step_size * self.m[i] / (np.sqrt(self.v[i]) + self.eps * root)"),
    (KEEP_DTYPE, "np.asarray(param.data)"),
)
NOT_RULES = {
    "zero-grad-zeros": _in("Optimizer", ("param.grad = None", "param.grad = np.zeros_like(param.data)")),
    "zero-grad-nothing": _in("Optimizer", ("param.grad = None", "grad = param.grad\ngrad = None")),
    "zero-grad-first-only": _in("Optimizer", _then("param.grad = None", "return")),
    "zero-grad-last-only": _in("Optimizer", ("for param in self.params:", "for param in self.params[:-1]:")),
    "params-iterator": _in("Optimizer", ("self.params = list(params)", "self.params = params")),
    "state-live": _sgd((NEW_STATE.format("self.velocities"), "self.velocities")),
    "state-kept": _sgd((NEW_STATE.format("state"), "state")),
    "gradient-kept": _sgd(
        (L2, f"if self.weight_decay != 0:\n    {L2}"),
        ("self.velocities[i] = np.zeros_like(param.data)", "self.velocities[i] = grad"),
        ("velocity = self.momentum * self.velocities[i] + grad", "else:\n    self.velocities[i] = self.momentum * self.velocities[i] + grad"),
        ("self.velocities[i] = velocity", "velocity = self.velocities[i]"),
    ),
    "state-eager": (
        *_sgd(_then(NO_VELOCITIES, "if momentum != 0:", f"    self.velocities = {ZEROS}")),
        *_both((f"self.m = {NONES}", f"self.m = {ZEROS}"), (f"self.v = {NONES}", f"self.v = {ZEROS}")),
    ),
    "sgd-shared": _sgd((NO_VELOCITIES, f"SGD.velocities = {NONES}")),
    "adam-shared": _adam(("self.m = ", "Adam.m = "), ("self.v = ", "Adam.v = ")),
    "adamw-shared": _adamw(("self.m = ", "AdamW.m = "), ("self.v = ", "AdamW.v = ")),
    **{
        f"{name.lower()}-zero-grad-forgets": _in(
            name, ("def step(self):", f"def zero_grad(self):\n    super().zero_grad()\n    {anew}\n\ndef step(self):")
        )
        for name, anew in (
            ("SGD", NO_VELOCITIES), ("Adam", f"self.m = {NONES}\n    self.v = {NONES}"), ("AdamW", "self.step_count = 0"),
        )
    },
    "sgd-float64": _sgd((LR, "self.lr = np.float64(lr)"), (KEEP_DTYPE, "np.asarray(param.data)")),
    **{f"{name.lower()}-float64": _in(name, *FOLDED) for name in ("Adam", "AdamW")},
}  # fmt: skip

PLANTED: Mapping[str, Edits] = {
    **PLAIN_STEP, **MOMENTUM, **SGD_DECAY, **ABSENT, **MOMENTS, **CORRECTION, **ADAPTIVE, **ADAM_DECAY, **ADAMW_DECAY,
    **DEFAULTS, **NOT_RULES,
}  # fmt: skip
