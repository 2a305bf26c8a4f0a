"""Items on memory: what an optimizer keeps, what is counted, and in which unit.

The course notes write GB for GiB, and "state" for parameters and state together; every item here says what it
counts, and both units are understood. Bytes come from BUFFERS, not from typed totals.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from autograder.model import Follow, Item

from .quiz_draw import Draw, Make, numeric

# Arrays of the size of the parameters that each optimizer keeps between steps, as criterion `state` checks them.
BUFFERS: Mapping[str, int] = {"plain SGD": 0, "SGD with momentum": 1, "Adam": 2, "AdamW": 2}
BYTES = {"GB": 1e9, "GiB": 2.0**30, "TB": 1e12, "TiB": 2.0**40}
TWIN = {"GB": "GiB", "GiB": "GB", "TB": "TiB", "TiB": "TB"}
FP32, BF16 = 4, 2  # bytes
GPU_GB = 80  # an A100 or H100 of the large kind, as in the notes
SIZES = (2, 3, 5, 6, 7, 8, 9, 10, 12, 13, 14, 20, 24, 30)  # billions of parameters


def wrong_unit(size: float, unit: str) -> tuple[float, str]:
    """The answer of somebody who divides by the other unit's bytes; `size` in bytes."""
    twin = TWIN[unit]
    hint = (
        f"That is the number of {twin}, not of {unit}: 1 {twin} is {BYTES[twin]:g} bytes, 1 {unit} is {BYTES[unit]:g}."
    )
    return size / BYTES[twin], hint


def _state(optimizer: str, unit: str, draw: Draw) -> Item:
    billions = draw.pick(SIZES)
    weights = billions * 1e9 * FP32
    size = BUFFERS[optimizer] * weights
    return numeric(
        "memory", f"Optimizer state: {optimizer}",
        f"A model has {billions} billion float32 parameters and is trained with {optimizer}. How much memory does "
        "the optimizer state alone need once training is under way? Parameters and gradients are not counted.",
        size / BYTES[unit],
        [
            ((weights + size) / BYTES[unit], "You counted the parameters too. State is only what the optimizer adds."),
            wrong_unit(size, unit),
            (weights / BYTES[unit], "That is one array of the parameters' size. Adam keeps two: m and v."),
            (2 * weights / BYTES[unit],
             "That is two arrays of the parameters' size. Momentum keeps one: the velocity."),
            (size / 2 / BYTES[unit], "A float32 has 4 bytes, not 2."),
        ],
        f"{BUFFERS[optimizer]} × {billions}·10⁹ × {FP32} bytes = {size / BYTES[unit]:.4g} {unit}.",
        unit=unit,
    )  # fmt: skip


def _total(optimizer: str, unit: str, first: str, draw: Draw, *, gradients: bool = False) -> Item:
    billions = draw.pick(SIZES)  # the same as in the state's item: both draw from one key
    weights = billions * 1e9 * FP32 / BYTES[unit]
    others = 2 * weights if gradients else weights
    state = BUFFERS[optimizer] * weights
    counted = "parameters, gradients and optimizer state" if gradients else "parameters and optimizer state"
    uncounted = "Activations are not counted." if gradients else "Gradients and activations are not counted."
    return numeric(
        "memory", f"All in all: {optimizer}",
        f"As before, a model has {billions} billion float32 parameters and is trained with {optimizer}. How much "
        f"memory do {counted} need together? {uncounted}",
        others + state,
        [
            (state, "That is the state alone; what it belongs to is asked for as well."),
            wrong_unit((others + state) * BYTES[unit], unit),
            (weights + state, "You left out the gradients, one more array of the parameters' size."),
            (2 * weights + state, "You counted the gradients, which are not asked for here."),
            (weights, "That is the parameters alone."),
        ],
        f"{'Parameters and gradients' if gradients else 'Parameters'} {others:.4g} {unit} + state {state:.4g} {unit} "
        f"= {others + state:.4g} {unit}.",
        unit=unit,
        follow=Follow(first, lambda own: own + others, 1.0),
    )  # fmt: skip


def large(draw: Draw) -> Item:
    optimizer, counted = draw.pick(("SGD with momentum", "Adam", "AdamW")), draw.pick(("alone", "with parameters"))
    unit = draw.pick(("TB", "TiB"))
    weights, state = 175e9 * FP32, BUFFERS[optimizer] * 175e9 * FP32
    size = state + (weights if counted == "with parameters" else 0)
    what = "the optimizer state alone" if counted == "alone" else "parameters and optimizer state together"
    return numeric(
        "memory", "175 billion parameters",
        f"A language model has 175 billion float32 parameters and is trained with {optimizer}. How much memory do "
        f"you need for {what}? Gradients are not counted.",
        size / BYTES[unit],
        [
            ((state + weights if counted == "alone" else state) / BYTES[unit], f"What is counted is {what}."),
            wrong_unit(size, unit),
            (weights / BYTES[unit], "That is the parameters alone."),
            ((size + weights) / BYTES[unit], "That is one array of the parameters' size too many."),
            (size / 2 / BYTES[unit], "A float32 has 4 bytes, not 2."),
        ],
        f"Parameters {weights / BYTES[unit]:.4g} {unit}, state {BUFFERS[optimizer]} × as much.",
        unit=unit,
    )  # fmt: skip


def difference(draw: Draw) -> Item:
    billions, unit = draw.pick(SIZES), draw.pick(("GB", "GiB"))
    less, more = draw.pick((("SGD with momentum", "Adam"), ("plain SGD", "AdamW"), ("plain SGD", "SGD with momentum")))
    weights = billions * 1e9 * FP32
    size = (BUFFERS[more] - BUFFERS[less]) * weights
    return numeric(
        "memory", f"{more} instead of {less}",
        f"You switch the training of {billions} billion float32 parameters from {less} to {more}. How much more "
        "memory do you need?",
        size / BYTES[unit],
        [
            (BUFFERS[more] * weights / BYTES[unit], f"That is all of {more}'s state; {less} keeps some already."),
            ((1 + BUFFERS[more]) * weights / BYTES[unit],
             "Parameters are there either way: only what is added counts."),
            wrong_unit(size, unit),
            (weights / BYTES[unit], f"That is one array. Count what {more} keeps and {less} does not."),
            (size / 2 / BYTES[unit], "A float32 has 4 bytes, not 2."),
        ],
        f"Arrays of the parameters' size that are kept: {more} {BUFFERS[more]}, {less} {BUFFERS[less]}.",
        unit=unit,
    )  # fmt: skip


def mixed(draw: Draw) -> Item:
    billions, optimizer, unit = draw.pick(SIZES), draw.pick(("SGD with momentum", "Adam")), draw.pick(("GB", "GiB"))
    each = BF16 + BF16 + FP32 + BUFFERS[optimizer] * FP32
    size = billions * 1e9 / BYTES[unit]
    return numeric(
        "memory", "Mixed precision",
        f"{billions} billion parameters are trained with {optimizer} in mixed precision: parameters and gradients "
        "are bfloat16 (2 bytes), and the optimizer keeps a float32 master copy of the parameters beside its float32 "
        "state. How much memory do all of these need together?",
        each * size,
        [
            ((each - FP32) * size, "You left out the float32 master copy."),
            ((BF16 * 2 + BF16 * (1 + BUFFERS[optimizer])) * size, "Only parameters and gradients are bfloat16."),
            ((each - BF16) * size, "You left out the gradients (or the bfloat16 parameters)."),
            wrong_unit(each * billions * 1e9, unit),
        ],
        f"{BF16} + {BF16} + {FP32} + {BUFFERS[optimizer]} × {FP32} = {each} bytes per parameter.",
        unit=unit,
    )  # fmt: skip


def sharded(draw: Draw) -> Item:
    billions, gpus, unit = draw.pick(SIZES), draw.pick((4, 8, 16, 32)), draw.pick(("GB", "GiB"))
    size = billions * 1e9 * FP32 / BYTES[unit]
    stage = draw.pick(("state", "state and gradients"))
    split = 3 if stage == "state and gradients" else 2
    value = (4 - split) * size + split * size / gpus
    return numeric(
        "memory", "State sharded over GPUs",
        f"{billions} billion float32 parameters are trained with Adam on {gpus} GPUs. As in ZeRO, Adam's {stage} "
        f"{'is' if stage == 'state' else 'are'} divided evenly among the GPUs; everything else is kept whole on "
        "each. How much memory do parameters, gradients and optimizer state need on one GPU?",
        value,
        [
            (4 * size / gpus, f"You divided everything. Only Adam's {stage} {'is' if split == 2 else 'are'} sharded."),
            (4 * size, "That is what one GPU needs without any sharding."),
            ((4 - split) * size, "A shard of the rest is there as well."),
            ((3 - split) * size + split * size / gpus, "Something that is kept whole is missing."),
            wrong_unit(value * BYTES[unit], unit),
        ],
        f"Whole: {(4 - split) * size:.4g} {unit}; one of {gpus} shards of {split * size:.4g} {unit}: "
        f"{split * size / gpus:.4g} {unit}.",
        unit=unit,
    )  # fmt: skip


def gpus_needed(draw: Draw) -> Item:
    billions, optimizer = draw.pick((30, 40, 65, 70, 100, 130, 175)), draw.pick(("SGD with momentum", "Adam"))
    each = FP32 * (2 + BUFFERS[optimizer])
    count = math.ceil(billions * each / GPU_GB)
    fewer = math.ceil(billions * (each - FP32) / GPU_GB)
    return numeric(
        "memory", "How many GPUs",
        f"Parameters, gradients and {optimizer}'s state of a model with {billions} billion parameters, all float32, "
        f"are divided evenly among GPUs of {GPU_GB} GB (80·10⁹ bytes). Activations are not counted. What is the "
        "smallest number of GPUs that can hold them?",
        count,
        [
            (fewer, "You left out one of: parameters, gradients, state."),
            (math.ceil(billions * FP32 / GPU_GB), "That holds the parameters only."),
            (math.ceil(billions * FP32 * BUFFERS[optimizer] / GPU_GB), "That holds the state only."),
            (math.ceil(billions * (each + FP32) / GPU_GB), "That is one array of the parameters' size too many."),
        ],
        f"{each} bytes × {billions}·10⁹ = {each * billions} GB; divided by {GPU_GB} GB and rounded up: {count}.",
        whole=True,
    )  # fmt: skip


def largest_model(draw: Draw) -> Item:
    optimizer, gradients = draw.pick(tuple(BUFFERS)), draw.pick((True, False))
    each = FP32 * (1 + gradients + BUFFERS[optimizer])
    counted = "parameters, gradients and optimizer state" if gradients else "parameters and optimizer state"
    return numeric(
        "memory", "The largest model on one GPU",
        f"How many billion float32 parameters can you train with {optimizer} on one GPU of {GPU_GB} GB (80·10⁹ "
        f"bytes) if only {counted} are counted?",
        GPU_GB / each,
        [
            (GPU_GB / FP32, "That many parameters fill the GPU by themselves."),
            (GPU_GB / (each + FP32), "You counted one array of the parameters' size too many."),
            (GPU_GB / (each - FP32) if each > FP32 else GPU_GB / BF16, "You counted one array too few."),
            (2 * GPU_GB / each, "A float32 has 4 bytes, not 2."),
            (GPU_GB / 12, ("12 bytes are Adam's parameters and state. What does this optimizer keep, and what is "
                          "counted?")),
        ],
        f"{each} bytes per parameter: {GPU_GB} / {each} = {GPU_GB / each:.4g} billion.",
    )  # fmt: skip


def checkpoint_size(draw: Draw) -> Item:
    billions, optimizer, unit = draw.pick(SIZES), draw.pick(("SGD with momentum", "Adam")), draw.pick(("GB", "GiB"))
    size = billions * 1e9 * FP32 / BYTES[unit]
    arrays = 1 + BUFFERS[optimizer]
    return numeric(
        "checkpointing", "The size of a checkpoint",
        f"You train {billions} billion float32 parameters with {optimizer} and write checkpoints from which training "
        "goes on exactly as if it had never stopped, between two iterations. How large is one at least?",
        arrays * size,
        [
            (size, "From the parameters alone the optimizer starts with empty memory."),
            ((arrays + 1) * size, "Gradients need no place: the next backward() makes new ones."),
            (BUFFERS[optimizer] * size, "State without the parameters it belongs to is not enough."),
            wrong_unit(arrays * size * BYTES[unit], unit),
            (arrays * size / 2, "A float32 has 4 bytes, not 2."),
        ],
        f"{arrays} arrays: the parameters, and what {optimizer} keeps; the step count is a single number.",
        unit=unit,
    )  # fmt: skip


MEMORY: Mapping[str, Make] = {
    "memory-adam-state": lambda draw: _state("Adam", "GiB", draw),
    "memory-adam-total": lambda draw: _total("Adam", "GiB", "memory-adam-state", draw),
    "memory-momentum-state": lambda draw: _state("SGD with momentum", "GiB", draw),
    "memory-momentum-total": lambda draw: _total("SGD with momentum", "GiB", "memory-momentum-state", draw),
    "memory-adamw-state": lambda draw: _state("AdamW", "GB", draw),
    "memory-adamw-training": lambda draw: _total("AdamW", "GB", "memory-adamw-state", draw, gradients=True),
    "memory-175b": large,
    "memory-difference": difference,
    "memory-mixed": mixed,
    "memory-sharded": sharded,
    "memory-gpus": gpus_needed,
    "memory-largest": largest_model,
    "memory-checkpoint": checkpoint_size,
}
