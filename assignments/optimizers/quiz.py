"""The quiz: item templates by id, the blueprint that draws one quiz from a seed, and which course question is where.

A quiz has one item from each slot. All templates of a slot are about one idea, of one kind and worth the same,
so that every seed gives a quiz of equal difficulty while the seed picks what is asked, of which optimizer, and the
numbers. Templates are in quiz_*.py, by theme; what they share is in quiz_draw.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType

from autograder.model import Item, ItemKind

from .quiz_bias import BIAS
from .quiz_convergence import CONVERGENCE
from .quiz_decoupling import DECOUPLING
from .quiz_draw import Degenerate, Draw, Make
from .quiz_formulas import FORMULAS
from .quiz_lines import LINES
from .quiz_memory import MEMORY
from .quiz_orders import ORDERS, TABLES
from .quiz_prediction import PREDICTION
from .quiz_race import RACE
from .quiz_statements import STATEMENTS
from .quiz_texts import TEXTS

ATTEMPTS = 100  # draws before a template counts as broken; over 300 seeds and more the worst needed 6


@dataclass(frozen=True)
class Slot:
    """One place in every quiz."""

    id: str
    kind: ItemKind
    points: float
    templates: tuple[str, ...]
    like: str = ""  # an earlier slot whose choice decides: the template at the same place, with the same numbers


BLUEPRINT: tuple[Slot, ...] = (
    Slot("state", "numeric", 1, ("memory-adam-state", "memory-momentum-state", "memory-adamw-state")),
    Slot("total", "numeric", 1, ("memory-adam-total", "memory-momentum-total", "memory-adamw-training"), like="state"),
    Slot("scale", "numeric", 2, (
        "memory-175b", "memory-difference", "memory-mixed", "memory-sharded", "memory-gpus", "memory-largest",
        "memory-checkpoint",
    )),
    Slot("convergence", "numeric", 2, tuple(CONVERGENCE)),
    Slot("race", "choice", 2, tuple(RACE)),
    Slot("bias", "numeric", 2, tuple(name for name in BIAS if name.startswith("bias-"))),
    Slot("prediction", "prediction", 3, tuple(PREDICTION)),
    Slot("line", "line", 2, tuple(LINES)),
    Slot("formula", "formula", 2, tuple(FORMULAS)),
    Slot("decoupling", "choice", 1, tuple(DECOUPLING)),
    Slot("practice", "multiple", 2, tuple(STATEMENTS)),
    Slot("order", "ordering", 1, tuple(ORDERS)),
    Slot("table", "matrix", 2, (*TABLES, "matrix-first-step")),
    Slot("text", "text", 2, tuple(TEXTS)),
)  # fmt: skip

_MAKERS: Mapping[str, Make] = {
    **MEMORY, **CONVERGENCE, **RACE, **BIAS, **PREDICTION, **LINES, **FORMULAS, **DECOUPLING, **STATEMENTS, **ORDERS,
    **TABLES, **TEXTS,
}  # fmt: skip


def make(template: str, seed: int) -> Item:
    """The item that this template gives for this seed.

    Raises:
        Degenerate: never, unless a template is broken: no draw made its answers differ.
    """
    slot, numbers = _PLACE[template]
    for attempt in range(ATTEMPTS):
        try:
            item = _MAKERS[template](Draw(seed, numbers, attempt))
        except Degenerate:
            continue
        return replace(item, id=template, points=slot.points)
    raise Degenerate(f"{template} with seed {seed}: no draw keeps its answers apart.")


def _places() -> dict[str, tuple[Slot, str]]:
    """Each template's slot, and whose numbers it draws: its own, or those of its twin in the slot it follows."""
    slots = {slot.id: slot for slot in BLUEPRINT}
    return {
        template: (slot, slots[slot.like].templates[place] if slot.like else template)
        for slot in BLUEPRINT
        for place, template in enumerate(slot.templates)
    }


_PLACE: Mapping[str, tuple[Slot, str]] = MappingProxyType(_places())
TEMPLATES: Mapping[str, Callable[[int], Item]] = {template: partial(make, template) for template in _PLACE}


def quiz(seed: int) -> tuple[Item, ...]:
    """The quiz of a variant: one item from each slot of the blueprint."""
    items: list[Item] = []
    chosen: dict[str, int] = {}  # slot -> place of its template
    for slot in BLUEPRINT:
        places = range(len(slot.templates))
        chosen[slot.id] = chosen[slot.like] if slot.like else Draw(seed, "slot", slot.id).pick(places)
        items.append(make(slot.templates[chosen[slot.id]], seed))
    return tuple(items)


# ------------------------------------------------------------------------------ where the course's questions went
QUESTIONS: Mapping[str, tuple[str, ...]] = {  # question of the notes -> templates that ask it, with the facts put right
    "Q1 memory: Adam's state for billions of float32 parameters": ("memory-adam-state", "memory-adamw-state"),
    "Q1 memory: total with Adam": ("memory-adam-total",),
    "Q1 memory: SGD with momentum": ("memory-momentum-state", "memory-momentum-total"),
    "Q1 memory: the difference between them": ("memory-difference",),
    "Q1 memory: does it fit on GPUs of 80 GB": ("memory-gpus", "memory-largest"),
    "Q2 convergence: fewer steps against dearer steps": ("convergence-speedup", "convergence-break-even",
                                                         "convergence-hours"),
    "Q3 bias correction: the factor at step t": ("bias-factor",),
    "Q3 bias correction: early and late training": ("bias-fades", "text-early-late"),
    "Q3 bias correction: what happens without it": ("bias-neither", "bias-m-missing", "bias-v-missing",
                                                    "matrix-first-step"),
    "Q4 weight decay: which is regularised more": ("decoupling-which", "decoupling-two-parameters",
                                                   "decoupling-no-slope"),
    "Q4 weight decay: gradient 0.001, θ = 1": ("decoupling-first-step",),
    "Q5 checkpointing: restore or reset after a new learning rate": ("checkpoint-restore", "text-resume"),
    "Q5 checkpointing: what a checkpoint holds": ("checkpoint-save", "memory-checkpoint"),
    "reflection: why three times the memory, and when is it worth it": ("text-three-times",),
    "reflection: why SGD with momentum often tests better on vision": ("text-test-accuracy",),
    "reflection: how decoupled decay repairs Adam's": ("text-decoupled",),
    "reflection: fast start against final accuracy; memory of adaptive rates": ("text-fast-start",),
    "trade-off matrix: memory": ("matrix-memory", "order-memory"),
    "trade-off matrix: convergence": ("matrix-convergence",),
    "trade-off matrix: generalization": ("matrix-generalisation",),
    "figures: the memory tax of 10B parameters": ("memory-adam-total", "memory-momentum-total"),
    "figures: 175B parameters": ("memory-175b",),
    "figures: parameters, gradients and Adam's state": ("memory-adamw-training",),
    "figures: mixed precision and sharding (ZeRO)": ("memory-mixed", "memory-sharded"),
    "figures: the step is bound by memory": ("step-cost",),
    "figures: 30–50 % fewer steps, 1.5 × computation": ("convergence-fewer-steps",),
    "ravines and momentum": ("ravine-largest-rate", "ravine-slow-direction", "race-ravine", "momentum-gain"),
    "one learning rate does not fit all": ("race-scales",),
    "learning-rate sensitivity": ("race-rates", "race-sensitivity"),
    "usual learning rates, and warm-up": ("learning-rates",),
    "protection from overflow": ("huge-gradients",),
    "batch size and learning rate": ("batch-scaling", "text-batch"),
    "zero_grad and accumulation": ("zero-grad", "order-training"),
    "lazy buffers and state": ("state-kept",),
    "update rules": (*PREDICTION, *LINES, *FORMULAS, "order-sgd", "order-adam", "order-adamw"),
}  # fmt: skip
