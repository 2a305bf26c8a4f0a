"""Questions to reflect on, in a few sentences. A person reads the answers, with a rubric and a sample beside them."""

from __future__ import annotations

from collections.abc import Mapping

from autograder.model import Item

from .quiz_bias import PAIRS, first_step
from .quiz_draw import Draw, Make, free_text
from .quiz_memory import BUFFERS


def three_times(_: Draw) -> Item:
    total = 1 + BUFFERS["Adam"]
    return free_text(
        "memory",
        "What Adam's memory buys",
        f"Why do parameters and Adam's state together need {total} times the memory of the parameters, and when is "
        "that worth it? Name a case where it is and one where it is not.",
        [
            (0.5, "m and v, one array of the parameters' size each"),
            (0.5, "what they buy: a step size for each parameter"),
            (0.5, "a case where it pays: very different gradient scales (transformers), time dearer than memory"),
            (0.5, "a case where it does not: memory is short, or gradients are of one scale"),
        ],
        "Adam keeps m and v for every parameter, so parameters and state are three arrays. They give every number a "
        "step of its own size, which pays where gradients differ in scale, as in transformers, or where fewer steps "
        "save GPU hours. On a device with little memory, or for a CNN with even gradients, SGD with momentum may do "
        "better.",
    )


def tested_better(_: Draw) -> Item:
    return free_text(
        "generalisation",
        "Slower to train, better on test",
        "Why does SGD with momentum often reach a better test accuracy than Adam on images, although it trains more "
        "slowly? Say also how sure one can be.",
        [
            (0.5, "flatter minima are thought to generalise better, and SGD to find them"),
            (0.5, "Adam with L2 regularises unevenly"),
            (0.5, "the learning-rate schedule has a part in it"),
            (0.5, "it depends on the task (CNNs more than transformers), and AdamW narrows the gap: no law"),
        ],
        "One explanation is that SGD's noise leads it to flatter minima, which suffer less from new data; another "
        "that L2 inside Adam regularises parameters with large gradients too little. A good schedule matters too. "
        "The effect is strongest for CNNs, small for transformers, and AdamW often closes the gap, so it is a "
        "tendency.",
    )


def decoupled(_: Draw) -> Item:
    return free_text(
        "decoupling",
        "What AdamW repairs",
        "What goes wrong with weight decay in Adam, and how does AdamW's decoupled decay repair it?",
        [
            (0.5, "in Adam λθ is part of the gradient"),
            (0.5, "so it is divided by √v̂: large gradients are decayed less"),
            (0.5, "AdamW shrinks θ directly, by lr·λ of its value"),
            (0.5, ("the same share for every parameter, whatever its gradient")),
        ],
        "Adam adds λθ to the gradient, so the decay is divided by √v̂ with the rest: parameters with large "
        "gradients hardly decay, others decay strongly. AdamW keeps the moments free of it and multiplies θ by 1 − "
        "lr·λ by itself, the same share for every parameter.",
    )


def fast_start(_: Draw) -> Item:
    return free_text(
        "convergence",
        "A fast start and a good end",
        "Why does Adam often get ahead early while SGD catches up in the end, and what do adaptive learning rates "
        "cost in memory?",
        [
            (0.5, "Adam's steps are about lr long from the first step on, whatever the gradient's scale"),
            (0.5, "SGD's rate is bound by the steepest direction"),
            (0.5, "SGD may end in flatter minima, with a schedule"),
            (0.5, "two arrays of state, against one with momentum and none without"),
        ],
        "Adam gives every number a step of about lr at once, while SGD's rate must suit the steepest direction and "
        "is slow in the others. Later that matters less, and SGD with a schedule may find flatter minima. Adaptive "
        "rates cost two arrays of the parameters' size; momentum costs one, plain SGD none.",
    )


def early_late(draw: Draw) -> Item:
    betas = draw.pick(PAIRS)
    both, only_m = first_step("correction-missing", betas), first_step("correction-m-missing", betas)
    return free_text(
        "bias correction",
        "Early and late",
        f"Adam runs with β₁ = {betas[0]:g}, β₂ = {betas[1]:g}. What does bias correction do early in training and "
        "late, and what would the first steps be like without it?",
        [
            (0.5, "m and v start at zero and are too small at first; the correction is large then"),
            (0.5, "it fades as βᵗ: late it has no effect"),
            (
                1.0,
                (
                    f"without both, the first step is {both:.3g} times as long; {only_m:.3g} only if m alone is "
                    "uncorrected"
                ),
            ),
        ],
        "Early, m and v are too small because they start at zero, and dividing by 1 − βᵗ makes up for it; late the "
        f"divisor is 1. Without both corrections the first step is (1 − β₁)/√(1 − β₂) = {both:.3g} times as long; "
        f"only with m alone uncorrected is it {only_m:.3g} times.",
    )


def resumed(draw: Draw) -> Item:
    step = draw.pick((3000, 5000, 8000))
    return free_text(
        "checkpointing",
        "Restore or reset",
        f"You resume Adam at step {step} with a learning rate ten times smaller. Do you restore the optimizer's "
        "state or reset it? Say why, what goes wrong otherwise, and when you would do the opposite.",
        [
            (0.5, "restore: m and v describe gradients, not lr"),
            (0.5, "step_count too, or the correction starts over"),
            (0.5, "after a reset the scales must be learned again"),
            (0.5, ("reset after a change of optimizer or data, or damage")),
        ],
        "Restore m, v and step_count: they describe the gradients, and lr only scales the step. A reset forgets the "
        "scales that took steps to learn; restoring m and v without step_count makes the first steps wrong. Reset "
        "when the optimizer or the data have changed or the state is damaged.",
    )


def batch_size(_: Draw) -> Item:
    return free_text(
        "convergence",
        "Batches and learning rates",
        "Why may the learning rate grow with the batch size, where does the rule end, and why does SGD need it set "
        "more carefully than Adam?",
        [
            (0.5, "larger batches: less noise in the gradient, larger steps are safe"),
            (0.5, "linear scaling holds up to a few thousand samples and within stability (2/curvature)"),
            (0.5, "SGD's step is proportional to the gradient, so lr must suit its scale"),
            (0.5, "Adam's step is about lr whatever the scale; still lr matters"),
        ],
        "The mean over a larger batch is less noisy, so larger steps are safe; in proportion, as a rule of thumb, "
        "up to a few thousand samples, and never past what the curvature allows. SGD's step is lr times the "
        "gradient and so depends on its scale; Adam's is about lr, which forgives more, though not everything.",
    )


TEXTS: Mapping[str, Make] = {
    "text-three-times": three_times,
    "text-test-accuracy": tested_better,
    "text-decoupled": decoupled,
    "text-fast-start": fast_start,
    "text-early-late": early_late,
    "text-resume": resumed,
    "text-batch": batch_size,
}
