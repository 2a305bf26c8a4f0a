"""Items on decoupling: what weight decay takes off θ in Adam and in AdamW, over several steps, computed.

At the first step Adam with L2 moves θ by lr whatever the decay, because m̂/√v̂ = ±1; so where the course notes call the
decay "amplified" at the first step, the items ask over several steps, and one asks about the first step itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from autograder.model import Item

from .quiz_draw import HINTS, Degenerate, Draw, Make, choice
from .quiz_prediction import golden, outcome

CLEARLY = 1.5  # more than this is "more"
EQUAL = 1.05  # less than this is "the same": the paths part a little because θ does


COMPARE = (
    "One of them divides λθ by √v̂, which is about the size of the gradients, and the other takes lr·λ of θ in each "
    "step: work out both for these gradients."
)


def taken(name: str, grads: Sequence[float], decay: float, lr: float) -> float:
    """The part that decay takes off θ = 1: the reference without decay, less the reference with it."""
    without, with_it = (golden(name, {"lr": lr, "weight_decay": d}, 1.0, grads) for d in (0.0, decay))
    return without - with_it


def _alternating(size: float, steps: int) -> list[float]:
    return [size if t % 2 == 0 else -size for t in range(steps)]


def which(draw: Draw) -> Item:
    size, steps, decay, lr = draw.pick((0.01, 0.1, 5.0, 20.0)), draw.pick((10, 20)), draw.pick((0.01, 0.1)), 0.01
    grads = _alternating(size, steps) if draw.pick((True, False)) else [size] * steps
    shape = "alternates between +" + f"{size:g} and −{size:g}" if grads[1] < 0 else f"is {size:g} in every step"
    off = {name: taken(name, grads, decay, lr) for name in ("Adam", "AdamW")}
    more, less = sorted(off, key=lambda name: off[name], reverse=True)
    if off[more] < CLEARLY * abs(off[less]):
        raise Degenerate
    ends = [f"{abs(by):.2g} {'lower' if by >= 0 else 'higher'} in {name}" for name, by in off.items()]
    why = f"With decay θ ends {' and '.join(ends)}."
    return choice(
        draw, "decoupling", "Which decays more?",
        f"A parameter starts at θ = 1; its gradient {shape}, for {steps} steps. Adam and AdamW run with lr = {lr:g} "
        f"and weight_decay = {decay:g}. Compare each with itself without decay: from which does decay take more?",
        (more, why),
        [
            (less, COMPARE),
            ("the same from both, λ being the same", f"λ is the same, and what becomes of λθ is not. {COMPARE}"),
            ("from neither: decay acts on the gradient only", f"Without decay both end elsewhere. {COMPARE}"),
        ],
        f"{why} In Adam λθ is divided by √v̂, which is about the size of the gradients (and where the gradient never "
        "changes, m̂/√v̂ stays 1 with or without it); AdamW takes lr·λ of θ in each step.",
    )  # fmt: skip


def two_parameters(draw: Draw) -> Item:
    name, times, steps = draw.pick(("Adam", "AdamW")), draw.pick((10, 100)), draw.pick((10, 20))
    small, decay, lr = draw.pick((0.1, 1.0)), 0.01, 0.01
    off = [taken(name, _alternating(size, steps), decay, lr) for size in (small, small * times)]
    ratio = off[0] / off[1]
    texts = ("the one with small gradients", "the one with large gradients", "both lose the same share")
    right = texts[2] if 1 / EQUAL < ratio < EQUAL else texts[0] if ratio > CLEARLY else texts[1]
    if EQUAL <= max(ratio, 1 / ratio) <= CLEARLY:
        raise Degenerate
    why = f"Decay takes {off[0]:.2g} off the one with small gradients and {off[1]:.2g} off the other."
    rule = (
        "In Adam λθ is part of the gradient and is divided by √v̂: large gradients divide the decay away."
        if name == "Adam"
        else "In AdamW each loses lr·λ of itself in each step, whatever its gradient."
    )
    hint = (
        "In Adam λθ is part of the gradient. What becomes of it where √v̂ is large?"
        if name == "Adam"
        else "Does decay go through the gradient in AdamW?"
    )
    wrong = [(text, hint) for text in (*texts, "neither loses anything to it") if text != right]
    return choice(
        draw, "decoupling", f"Two parameters under {name}",
        f"Two parameters start at 1. The gradient of one alternates between ±{small:g}, that of the other between "
        f"±{small * times:g}, for {steps} steps. {name} runs with lr = {lr:g} and weight_decay = {decay:g}. Which of "
        "them loses the larger share to weight decay?",
        (right, f"{why} {rule}"), wrong, f"{why} {rule}",
    )  # fmt: skip


def at_first(draw: Draw) -> Item:
    """The notes' example: a small gradient, θ = 1, decay larger than the gradient."""
    g, decay, lr = draw.pick((0.001, 0.002, 0.005)), draw.pick((0.01, 0.02, 0.05)), draw.pick((0.1, 0.05))
    moved = [1 - golden("Adam", {"lr": lr, "weight_decay": d}, 1.0, [g]) for d in (0.0, decay)]
    right = f"by {moved[0]:.3g} without decay and by {moved[1]:.3g} with it"
    amplified, plain = moved[0] * (g + decay) / g, 1 - golden("SGD", {"lr": lr, "weight_decay": decay}, 1.0, [g])
    decoupled = 1 - golden("AdamW", {"lr": lr, "weight_decay": decay}, 1.0, [g])
    why = "At the first step m̂/√v̂ is the gradient divided by its own size: ±1, however large λθ has made it."
    return choice(
        draw, "decoupling", "Adam's first step with decay",
        f"A parameter θ = 1 has the gradient {g:g}. How far does the first step of Adam (L2 in the gradient) move it "
        f"with lr = {lr:g}, without weight decay and with weight_decay = {decay:g}?",
        (right, why),
        [
            (f"by {moved[0]:.3g} without decay and by {amplified:.3g} with it", f"{why} The decay shows only later."),
            (f"by {moved[0]:.3g} without decay and by {decoupled:.4g} with it",
             "That is AdamW, whose decay is apart. " + why),
            (f"by {lr * g:.3g} without decay and by {plain:.3g} with it", "That is SGD: lr times the gradient. " + why),
        ],
        f"{why} So both steps are lr = {lr:g} long; only AdamW's decay is the same at every step.",
    )  # fmt: skip


def no_slope(draw: Draw) -> Item:
    steps, lr, decay = draw.pick((5, 10, 20)), draw.pick((0.1, 0.2)), draw.pick((0.05, 0.1, 0.2))
    kwargs, grads = {"lr": lr, "weight_decay": decay}, [0.0] * steps
    value = golden("AdamW", kwargs, 1.0, grads)
    beliefs = (
        "adamw-without-lr",
        "adamw-missing",
        "adamw-first-step",
        "adamw-grows",
        "adamw-lr-squared",
        "adamw-constant",
    )
    wrong = {f"{value:.4f}": ""}
    for belief, end in zip(beliefs, outcome("AdamW", kwargs, 1.0, grads, beliefs), strict=True):
        wrong.setdefault(f"{end:.4f}", HINTS[belief])
    options = list(wrong.items())[1:5]
    if len(options) < 3:
        raise Degenerate
    return choice(
        draw, "decoupling", "AdamW on flat ground",
        f"A parameter starts at θ = 1 and its gradient is exactly 0 (not None) for {steps} steps. Where does AdamW "
        f"with lr = {lr:g} and weight_decay = {decay:g} leave it?",
        (f"{value:.4f}", f"Each step leaves 1 − lr·λ = {1 - lr * decay:g} of it."), options,
        f"The Adam part is 0; decay leaves (1 − {lr:g}·{decay:g})^{steps} = {value:.4f}.",
    )  # fmt: skip


DECOUPLING: Mapping[str, Make] = {
    "decoupling-which": which,
    "decoupling-two-parameters": two_parameters,
    "decoupling-first-step": at_first,
    "decoupling-no-slope": no_slope,
}
