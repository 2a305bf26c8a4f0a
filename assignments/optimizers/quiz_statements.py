"""Items with several right options: checkpoints, zero_grad, state, what a step costs, learning rates, huge gradients.

Each has a pool of true and false statements, every one with its reason; the seed draws some of both. For checkpoints
what is needed follows from what each optimizer keeps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from autograder.model import Item

from .quiz_draw import HINTS, Draw, Make, Said, multiple

KEPT: Mapping[str, tuple[str, ...]] = {  # beside parameters: what a step reads that an earlier step wrote
    "plain SGD": (),
    "SGD with momentum": ("the velocities",),
    "Adam": ("the first moments m", "the second moments v", "step_count"),
    "AdamW": ("the first moments m", "the second moments v", "step_count"),
}
NEVER: Mapping[str, str] = {  # in no checkpoint between two iterations
    "the gradients": "The next iteration clears them and makes new ones.",
    "the activations": "The next forward pass makes them anew.",
    "the corrected moments m̂ and v̂": "They follow from m, v and the step count.",
    "a copy of the parameters at the start": "No rule here looks back at the start.",
}
WHY: Mapping[str, str] = {
    "the parameters": "Without them there is nothing to go on from.",
    "the velocities": "Without them momentum starts from rest.",
    "the first moments m": "Without them Adam forgets where it was heading.",
    "the second moments v": "Without them Adam forgets how large gradients are and takes steps of the wrong size.",
    "step_count": "Without it bias correction starts over: at t = 1 it multiplies m, long since right, by 1/(1 − β₁).",
}


def to_save(draw: Draw) -> Item:
    name = draw.pick(("SGD with momentum", "Adam", "AdamW"))
    needed = ("the parameters", *KEPT[name])
    foreign = {what: f"{name} keeps no such thing." for whose in KEPT.values() for what in whose if what not in needed}
    foreign.pop("step_count", None)  # harmless in SGD: some save it
    spare = draw.some({**NEVER, **foreign}.items(), 3)
    return multiple(
        draw, "checkpointing", "What belongs in a checkpoint",
        f"You train with {name} and save a checkpoint between two iterations. Settings such as lr stay in your "
        "script. What must the checkpoint hold, so that training goes on exactly as if it had never stopped?",
        [(what, WHY[what]) for what in needed], spare,
        f"{name} needs {', '.join(needed)}: what a step reads and an earlier step wrote.",
    )  # fmt: skip


def _statements(
    draw: Draw, idea: str, title: str, prompt: str, true: Sequence[Said], false: Sequence[Said], solution: str
) -> Item:
    """Two or three true statements and as many false ones that make five."""
    count = draw.pick((2, 3))
    return multiple(draw, idea, title, prompt, draw.some(true, count), draw.some(false, 5 - count), solution)


RESTORE_TRUE = (
    (
        "m and v say how large and which way gradients were; they stay useful with a smaller lr.",
        "Neither depends on lr.",
    ),
    (
        "With the state restored the next step is about a tenth as long as with the old rate.",
        "The step is lr·m̂/(√v̂ + ε).",
    ),
    ("step_count has to come back with m and v.", WHY["step_count"]),
    ("Starting afresh makes sense when the data have become others.", "Then old statistics describe other gradients."),
    ("Going from SGD to Adam, there is nothing to restore.", "A velocity is neither m nor v."),
)
RESTORE_FALSE = (
    ("m and v must be divided by ten, as lr was.", "lr is not in them: they hold gradients and their squares."),
    ("A new learning rate makes m and v worthless, so reset them.",
     "They describe gradients, which lr does not change."),
    ("Resetting costs nothing, because bias correction makes up for it at once.",
     "It makes averages the right size, but of one single gradient: what was learned about scales is lost."),
    ("The parameters alone are enough: the optimizer finds its state again in one step.",
     "With β₂ = 0.999, v looks back a thousand steps."),
)  # fmt: skip


def restore(draw: Draw) -> Item:
    step = draw.pick((3000, 5000, 8000, 20_000))
    return _statements(
        draw, "checkpointing", "Resume with another learning rate",
        f"You resume Adam from the checkpoint of step {step} and lower the learning rate from 0.001 to 0.0001. Which "
        "statements are true?",
        RESTORE_TRUE, RESTORE_FALSE,
        "Restore m, v and step_count; the new lr scales the step and nothing else. Reset after a change of "
        "optimizer or data, or when the state is damaged.",
    )  # fmt: skip


ZERO_TRUE = (
    ("backward() adds to the gradient that is there.", "That is why gradients must be cleared."),
    ("After zero_grad() every parameter's grad is None.", "None means: there is no gradient."),
    ("Called after step() or before backward(), it comes to the same.", "Between the two nothing reads gradients."),
    ("Two backward() calls without zero_grad() in between leave the sum of both gradients.",
     "Used on purpose, that is gradient accumulation."),
    ("step() right after zero_grad() moves nothing, even with momentum.",
     "Parameters without a gradient are skipped whole."),
)  # fmt: skip
ZERO_FALSE = (
    ("Gradients filled with zeros do the same as None.", HINTS["zero-grad-zeros"]),
    ("zero_grad() also empties velocities and moments.", "State belongs to the optimizer and outlives an iteration."),
    ("zero_grad() resets step_count.", "It touches gradients and nothing else."),
    ("Without zero_grad() each backward() overwrites the old gradient.", "It adds: the old gradient stays in the sum."),
    ("zero_grad() belongs between backward() and step().", "Then step() has nothing to go by."),
)  # fmt: skip


def zero_grad(draw: Draw) -> Item:
    return _statements(
        draw, "zero_grad", "What zero_grad does", "Which statements about zero_grad() in this course are true?",
        ZERO_TRUE, ZERO_FALSE,
        "It sets every grad to None, because backward() adds; it touches neither state nor parameters.",
    )  # fmt: skip


STATE_TRUE = (
    ("Velocities are made at the first step that needs them.", "Made late, they cost nothing in plain SGD."),
    ("Plain SGD keeps no array between steps.", "It needs the gradient and lr."),
    ("get_momentum_state() hands out copies.", "What the caller does to them must not come back."),
    ("A parameter whose grad is None keeps its velocity as it is.", "It is skipped whole."),
    (
        "Two optimizers over the same model each have their own state.",
        "Nothing is shared, or one would steer the other.",
    ),
)
STATE_FALSE = (
    ("SGD always needs twice the parameters' memory.", "Only with momentum: plain SGD keeps nothing."),
    ("AdamW keeps a third array for the decay.", "Decay needs θ, lr and λ, and nothing that is kept."),
    ("A parameter without a gradient coasts on its velocity.", HINTS["sgd-none-coasts"]),
    ("With momentum 0.9 the velocity is 90 % old velocity and 10 % gradient.", HINTS["momentum-averaged"]),
    ("All buffers should be made in the constructor.", HINTS["state-eager"]),
)


def state(draw: Draw) -> Item:
    return _statements(
        draw, "state", "What optimizers keep", "Which statements about the optimizers of this course are true?",
        STATE_TRUE, STATE_FALSE,
        "State is one array with momentum, two with Adam and AdamW, none in plain SGD; made late, copied out, "
        "shared with nobody.",
    )  # fmt: skip


COST_TRUE = (
    (
        "On a GPU, Adam's step is limited by how fast memory is read and written.",
        "A few operations for each number read.",
    ),
    (
        "The cost of a step grows linearly with the number of parameters, for all three.",
        "Every rule is element by element.",
    ),
    ("float32 parameters, gradients and Adam's state are 16 bytes per parameter.", "4 + 4 + 8."),
    ("More time per step can pay if it takes enough steps fewer.", "Steps × time per step is what counts."),
)
COST_FALSE = (
    ("Adam's step is limited by the GPU's arithmetic.", "It does little arithmetic for each number it reads."),
    ("Adam's state grows with the square of the number of parameters.", "m and v have the shape of the parameters."),
    ("The optimizer that needs the fewest steps always finishes first.", "Steps may take longer: multiply."),
    ("Optimizer state is small beside the parameters.", "Adam's is twice as large as they are."),
)


def cost(draw: Draw) -> Item:
    return _statements(
        draw, "memory", "What a step costs", "Which statements about the cost of an optimizer are true?", COST_TRUE,
        COST_FALSE,
        "All rules are element by element: linear in the parameters, and bound by memory rather than arithmetic.",
    )  # fmt: skip


RATES_TRUE = (
    ("During warm-up lr grows from almost 0 to its full value.", "That is all of it: m and v are as they always are."),
    (
        "In Adam's first steps v̂ rests on few gradients, so that single batches decide how long a step is.",
        "Small steps do little harm until the average means something: hence warm-up.",
    ),
    ("Warm-up needs no change in your classes.", "Somebody sets optimizer.lr before each step()."),
    ("0.01 is a usual learning rate for SGD, and a large one for Adam.", "SGD: 0.001 to 0.1. Adam: about 0.001."),
    (
        "Transformers are often trained by AdamW with rates of 0.0001 to 0.0003.",
        "Lower than the default, with warm-up.",
    ),
)
RATES_FALSE = (
    (
        "Bias correction makes Adam's first steps small, so that it is a warm-up already.",
        "It gives the averages their right size: the first step is about lr long.",
    ),
    (
        "A learning rate that suits SGD suits Adam as well.",
        "SGD's steps are as long as lr·g, Adam's about as long as lr.",
    ),
    (
        "During warm-up m and v must stay at zero.",
        "They collect gradients from the first step on: warm-up waits for them.",
    ),
    ("After warm-up step_count starts again at 1.", "The averages go on. Corrected anew they would be far too large."),
    ("Warm-up multiplies the gradient by a growing number.", "Adam's step would hardly notice: m̂ and √v̂ grow alike."),
)


def rates(draw: Draw) -> Item:
    return _statements(
        draw, "learning rates", "Usual learning rates and warm-up",
        "Which statements about learning rates and warm-up are true?", RATES_TRUE, RATES_FALSE,
        "Warm-up lets lr, and nothing else, grow over the first steps, while v̂ rests on few gradients. SGD is used "
        "with 0.001 to 0.1, Adam with about 0.001.",
    )  # fmt: skip


HUGE_TRUE = (
    ("In float32 the square of a gradient of 10²⁰ is infinite.", "float32 ends at 3.4·10³⁸."),
    ("Once v is infinite and m is finite, Adam never moves that parameter again.", "β₂·∞ stays ∞, and m̂/∞ is 0."),
    ("An infinite gradient turns a parameter of Adam into NaN.", "m and v are infinite then, and ∞/∞ is no number."),
    ("Clipping belongs between backward() and step().", "There is a gradient then, and nobody has used it yet."),
    (
        "Clipping by the norm leaves the gradient's direction as it is.",
        "Every number is multiplied by the same factor.",
    ),
)
HUGE_FALSE = (
    ("ε keeps Adam's step finite when gradients are too large.", "It helps where they are too small: √∞ + ε is ∞."),
    ("An infinite v becomes finite again, because β₂ forgets.", "β₂·∞ is ∞, however often."),
    ("Bias correction makes an infinite v finite.", "∞/(1 − β₂ᵗ) is ∞."),
    ("Clipping to norm 1 makes every number of the gradient ±1.", "It makes all of them together at most 1 long."),
    ("A gradient whose norm is below c is clipped to c.", "The factor is min(1, c/‖g‖): it is left alone."),
)


def huge(draw: Draw) -> Item:
    return _statements(
        draw, "huge gradients", "Gradients that are too large",
        "Parameters, gradients and state are float32. Which statements about very large gradients are true?",
        HUGE_TRUE, HUGE_FALSE,
        "g² overflows from about 1.8·10¹⁹ on, v stays infinite, and ε does not help. Clip before step(): "
        "g ← g·min(1, c/‖g‖).",
    )  # fmt: skip


STATEMENTS: Mapping[str, Make] = {
    "checkpoint-save": to_save,
    "checkpoint-restore": restore,
    "zero-grad": zero_grad,
    "state-kept": state,
    "step-cost": cost,
    "learning-rates": rates,
    "huge-gradients": huge,
}
