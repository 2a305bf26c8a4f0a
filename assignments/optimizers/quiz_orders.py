"""Items to put in order, and the trade-off tables of the course notes, with plain SGD given a row of its own."""

from __future__ import annotations

from collections.abc import Mapping

from autograder.model import Item

from .quiz_draw import Draw, Make, matrix, ordering
from .quiz_memory import BUFFERS

# ------------------------------------------------------------------------------------------------------- in order
ITERATION = (
    "clear the gradients of the last iteration",
    "forward pass: predictions from a batch",
    "loss from predictions and targets",
    "backward pass: gradients from the loss",
    "optimizer.step(): move the parameters",
)
CORRECTED = (
    "take the gradient into the averages m and v",
    "divide both by 1 − βᵗ, each with its own β",
    "divide m̂ by √v̂ + ε",
    "subtract lr times that from θ",
)
SHRINK = "multiply θ by 1 − lr·λ"
BACKWARD = "backward() leaves the gradient"
DECAYED = "add λθ to the gradient"
ROLLING = (
    DECAYED,
    "multiply the old velocity by μ and add that gradient",
    "multiply the new velocity by lr",
    "subtract that from θ",
)


def training(draw: Draw) -> Item:
    solution = (
        "Gradients must be clear before backward() adds to them, and there before step() reads them. Where before "
        "backward() they are cleared does not matter."
    )
    clear, forward, loss, backward, step = ITERATION
    return ordering(
        draw, "zero_grad", "One training iteration",
        "Put one iteration in order. Gradients of the last iteration are still there when it begins.", ITERATION,
        solution, before=((clear, backward), (forward, loss), (loss, backward), (backward, step)),
    )  # fmt: skip


def adam_order(draw: Draw) -> Item:
    first, told = draw.pick(((DECAYED, "with weight decay (L2)"), (BACKWARD, "without weight decay")))
    steps = (first, *CORRECTED)  # where t is raised does not matter as long as it is before the correction: left out
    return ordering(
        draw, "the update rule", "A step of Adam", f"Put one step of Adam {told} in order.", steps,
        "What comes into the averages is decided first, then they are corrected, then comes the step.",
    )  # fmt: skip


def adamw_order(draw: Draw) -> Item:
    return ordering(
        draw, "decoupling", "A step of AdamW",
        "Put one step of AdamW in order, as in this course (PyTorch decays before the step, which is decoupled too).",
        (*CORRECTED, SHRINK), "Decay comes by itself, after the Adam step; the averages never see it.",
    )  # fmt: skip


def sgd_order(draw: Draw) -> Item:
    return ordering(
        draw, "the update rule", "A step of SGD", "Put one step of SGD with momentum and weight decay in order.",
        ROLLING,
        "Decay is part of the gradient, the gradient goes into the velocity, and the step is lr times the velocity.",
    )  # fmt: skip


def by_memory(draw: Draw) -> Item:
    """From bytes per parameter: float32 or bfloat16 throughout, gradients counted or not."""
    setups = {
        f"{name}, {kind}, {counted}": size * (1 + with_gradients + BUFFERS[name])
        for name in ("plain SGD", "SGD with momentum", "Adam")
        for kind, size in (("float32", 4), ("bfloat16", 2))
        for counted, with_gradients in (("gradients counted", 1), ("gradients not counted", 0))
    }
    chosen: dict[int, str] = {}
    for text, size in draw.shuffled(setups.items()):
        chosen.setdefault(size, text)
    steps = [chosen[size] for size in sorted(draw.some(chosen, 5))]
    sizes = {text: size for size, text in chosen.items()}
    return ordering(
        draw, "memory", "From light to heavy",
        "Put these in order by memory per parameter, least first. Parameters and optimizer state always count, all "
        "in the number format named.",
        steps, "; ".join(f"{text}: {sizes[text]} bytes" for text in steps) + ".",
    )  # fmt: skip


# --------------------------------------------------------------------------------------------------------- tables
def memory_table(draw: Draw) -> Item:
    gradients = draw.pick((True, False))
    counted = "parameters, gradients and state" if gradients else "parameters and state"
    sizes = {name: 1 + gradients + arrays for name, arrays in BUFFERS.items()}
    columns = [f"{n} ×" for n in range(1 + gradients, 5 + gradients)]
    return matrix(
        draw, "memory", "Trade-offs: memory",
        f"How much memory do {counted} need together, in multiples of the parameters?",
        {name: f"{n} ×" for name, n in sizes.items()},
        {name: f"Arrays of the parameters' size that {name} keeps: {arrays}; here {counted} count." for name,
         arrays in BUFFERS.items()},
        columns, "; ".join(f"{name} {n} ×" for name, n in sizes.items()) + ". SGD is 2 × only with momentum.",
    )  # fmt: skip


SPEED = {
    "plain SGD": "the same rate for every direction: oscillates in ravines, or creeps",
    "SGD with momentum": "pushes add up along the valley and cancel across it",
    "Adam": "every number has a step of its own size; decay is scaled along with it",
    "AdamW": "every number has a step of its own size; decay is the same share for all",
}
GENERAL = {
    "SGD with momentum": "slower, and often the best test accuracy on images with convolutional networks",
    "Adam with L2": "fast, and regularised unevenly: numbers with large gradients are decayed least",
    "AdamW": "fast, and regularised evenly: the standard for transformers",
}
GENERAL_WHY = {
    "SGD with momentum": "The notes: it is thought to find flatter minima, at the price of more steps.",
    "Adam with L2": "Decay enters the gradient and is divided by √v̂.",
    "AdamW": "Decay is apart from the gradient, the same share for every parameter.",
}
SLOWEST = "uses the curvature itself (second derivatives)"


def convergence_table(draw: Draw) -> Item:
    columns = draw.shuffled([*SPEED.values(), SLOWEST])
    return matrix(
        draw, "convergence", "Trade-offs: convergence", "Which description belongs to which optimizer?", SPEED,
        {name: f"{name}: {text}." for name, text in SPEED.items()}, columns,
        "; ".join(f"{name}: {text}" for name, text in SPEED.items()) + ". None of the three uses second derivatives.",
    )  # fmt: skip


def generalisation_table(draw: Draw) -> Item:
    return matrix(
        draw, "generalisation", "Trade-offs: generalisation",
        "What do the course notes say about how well each generalises? (Rules of thumb, not laws.)", GENERAL,
        GENERAL_WHY,
        draw.shuffled([*GENERAL.values(), "the more memory, the better the test accuracy"]),
        "; ".join(f"{name}: {text}" for name, text in GENERAL.items()) + ".",
    )  # fmt: skip


ORDERS: Mapping[str, Make] = {
    "order-training": training,
    "order-adam": adam_order,
    "order-adamw": adamw_order,
    "order-sgd": sgd_order,
    "order-memory": by_memory,
}
TABLES: Mapping[str, Make] = {
    "matrix-memory": memory_table,
    "matrix-convergence": convergence_table,
    "matrix-generalisation": generalisation_table,
}
