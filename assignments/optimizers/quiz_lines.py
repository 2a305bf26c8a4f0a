"""Items "which line is wrong?": a step for one parameter with a misconception planted in one of its lines.

The listing is made from the model solution with planted.py's edits, so that it can show nothing else than what
`gradmark verify` marks. Its names are others than the assignment's, and it takes and returns what a class would keep,
so that it is no solution to copy.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, partial
from pathlib import Path

from autograder.model import ChoiceKey, Item, Option
from autograder.reference import family

from .planted import plant
from .quiz_draw import HINTS, Draw, Make

MODEL = Path(str(family.__file__)).with_name("optimizers.py")
RENAMED = (  # the class's names, and those of the listing; in this order
    (r"self\.velocities\[i\]", "buffer"), (r"self\.step_count", "t"), (r"\[i\]", ""), (r"self\.", ""),
    (r"param\.data", "w"), (r"\bgrad\b", "g"), (r"weight_decay", "lam"), (r"momentum", "mu"),
    (r"correction(\d)", r"c\1"), (r"np\.", ""), (r"\bbeta", "b"),
)  # fmt: skip
DROPPED = ("for ", "if param.grad", "continue", "dtype = ", "grad = param.grad", "param.data = np.asarray", "#",
           "if self.m[i]", "if self.velocities[i]", "self.m[i] = np.zeros", "self.v[i] = np.zeros",
           "self.velocities[i] = np.zeros")  # fmt: skip
HEADS = {
    "SGD": ("def sgd_step(w, g, buffer, t, lr, mu, lam):", "return w, buffer, t"),
    "Adam": ("def adam_step(w, g, m, v, t, lr, b1, b2, eps, lam):", "return w, m, v, t"),
    "AdamW": ("def adamw_step(w, g, m, v, t, lr, b1, b2, eps, lam):", "return w, m, v, t"),
}
DUTIES = {  # how a line of the listing begins, and why it is right as it stands
    "def ": "The head only says what comes in: parameter, gradient, what is kept, and the settings.",
    "return": "It hands back what has to be kept for the next step.",
    "t = t + 1": "The step is counted first: t is 1 in the first step.",
    "t += 1": "The step is counted first: t is 1 in the first step.",
    "g = ": "Here L2 decay is part of the gradient: λθ is added.",
    "velocity = g": "Without momentum the direction is the gradient itself.",
    "if mu": "The velocity is only kept when momentum is on.",
    "velocity = mu": "The old velocity fades by μ, and the new gradient counts whole.",
    "buffer": "What was stepped along is what is remembered.",
    "m = ": "m averages gradients: β₁ of the old, 1 − β₁ of the new.",
    "v = ": "v averages squares: β₂ of the old, 1 − β₂ of the new.",
    "c1": "m starts at zero; what is missing of it at step t is β₁ᵗ.",
    "c2": "v starts at zero; what is missing of it at step t is β₂ᵗ.",
    "m_hat": "m̂ is m divided by its own correction, and m itself stays as it is.",
    "v_hat": "v̂ is v divided by its own correction, and v itself stays as it is.",
    "w = w - lr * velocity": "The step goes downhill, lr times along the velocity.",
    "w = w - lr * m_hat": "The step goes downhill, along m̂ and divided by √v̂ + ε.",
    "w = w * (1": "Decay by itself: every parameter shrinks by lr·λ of its value.",
}
CANDIDATES: Mapping[str, tuple[tuple[str, str], ...]] = {  # template -> class and misconception: one line each
    "line-sgd": tuple(("SGD", m) for m in (
        "momentum-averaged", "momentum-ignored", "momentum-squared", "momentum-undamped", "momentum-one-minus",
        "momentum-last-gradient", "momentum-braked", "l2-negative", "l2-is-l1", "l2-squared", "l2-times-lr",
        "l2-constant", "sgd-ascent", "sgd-no-lr", "sgd-replaces",
    )),
    "line-moments": tuple((c, m) for c in ("Adam", "AdamW") for m in (
        "first-sum", "first-weights-exchanged", "first-beta2", "first-not-kept", "first-squared", "second-sum",
        "second-weights-exchanged", "second-abs", "second-of-g", "second-from-m", "second-beta1", "second-accumulated",
    )),
    "line-correction": tuple((c, m) for c in ("Adam", "AdamW") for m in (
        "correction-m-beta2", "correction-v-beta1", "correction-m-no-power", "correction-v-no-power",
        "correction-m-squared", "correction-v-rooted",
    )),
    "line-step": tuple((c, m) for c in ("Adam", "AdamW") for m in (
        "eps-inside", "root-missing", "root-twice", "division-missing", "division-multiplies", "direction-raw",
        "adam-ascent", "adam-no-lr", "adam-replaces",
    )),
    "line-decay": (
        *(("AdamW", m) for m in ("adamw-without-lr", "adamw-grows", "adamw-lr-squared", "adamw-constant", "adamw-sign",
                                 "adamw-keeps-only", "adamw-divides", "adamw-by-t")),
        *(("Adam", m) for m in ("adam-decay-negative", "adam-decay-l1", "adam-decay-times-lr")),
    ),
}  # fmt: skip


@cache
def listing(name: str, belief: str) -> tuple[str, ...]:
    """The step of this class as the listing shows it; belief "" = the right one."""
    source = MODEL.read_text(encoding="utf-8")
    source = plant(source, belief) if belief else source
    of_class = re.split(r"^class ", source, flags=re.MULTILINE)
    body = next(part for part in of_class if part.startswith(f"{name}("))
    step = body.split("def step(self):")[1].split("### BEGIN SOLUTION\n")[1].split("### END SOLUTION")[0]
    lines = [line for line in step.splitlines() if line.strip() and not line.strip().startswith(DROPPED)]
    head, last = HEADS[name]
    depth = {True: "        ", False: "    "}  # what depends on momentum is one deeper
    shown = [
        depth[name == "SGD" and line.startswith(" " * 16) and "if" not in line] + _renamed(line.strip())
        for line in lines
    ]
    return head, *shown, "    " + last


def _renamed(line: str) -> str:
    for old, new in RENAMED:
        line = re.sub(old, new, line)
    return line


def changed(name: str, belief: str) -> list[int]:
    """The numbers, from 1, of the lines that differ from the right listing."""
    right, wrong = listing(name, ""), listing(name, belief)
    if len(right) != len(wrong):
        raise ValueError(f"{belief} does not keep the number of lines: take it out of quiz_lines.py.")
    return [n for n, (a, b) in enumerate(zip(right, wrong, strict=True), 1) if a != b]


def duty(line: str) -> str:
    """The reason that a line is right: the longest beginning that fits."""
    fits = [start for start in DUTIES if line.strip().startswith(start)]
    return DUTIES[max(fits, key=len)]


def _line(template: str, draw: Draw) -> Item:
    name, belief = draw.pick(CANDIDATES[template])
    lines = listing(name, belief)
    (number,) = changed(name, belief)
    options = tuple(
        Option(str(n), line.strip(), n == number, HINTS[belief] if n == number else f"Line {n} is right. {duty(line)}")
        for n, line in enumerate(lines, 1)
    )
    code = "\n".join(f"{n:2}  {line}" for n, line in enumerate(lines, 1))
    what = "θ is `w`, its gradient `g`, λ is `lam`"
    return Item(
        "", "line", "the update rule", f"Which line is wrong? ({name})",
        f"One step of {name} for one array of parameters; what is kept between steps comes in and goes out and "
        f"starts at zero. {what}. The order of steps is as in the course. One line is wrong: which "
        f"number?\n\n```\n{code}\n```",
        0, ChoiceKey(options), f"Line {number}. {HINTS[belief]} Right is: `{listing(name, '')[number - 1].strip()}`",
    )  # fmt: skip


LINES: Mapping[str, Make] = {template: partial(_line, template) for template in CANDIDATES}
