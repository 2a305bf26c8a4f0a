"""The task for students, as Markdown: the text of handout.md, and an example worked out from the reference."""

from __future__ import annotations

from pathlib import Path
from string import Template

import numpy as np

from . import rules


def handout(seed: int) -> str:
    """The handout of a variant."""
    text = (Path(__file__).parent / "handout.md").read_text(encoding="utf-8")
    return Template(text).substitute(example=example(seed), curves=curves())


def example(seed: int) -> str:
    """One row of logits, its probabilities and its loss, drawn from the seed."""
    draw = np.random.default_rng([seed, 0])
    logits = np.round(draw.uniform(-2, 3, 3), 1)
    target = int(draw.integers(3))
    shifted, p = logits - logits.max(), rules.softmax(logits)
    rows = "\n".join(
        f"| {n} | {x:g} | {s:.4g} | {np.exp(s):.4f} | {q:.4f} | {np.log(q):.4f} |"
        for n, (x, s, q) in enumerate(zip(logits, shifted, p, strict=True))
    )
    head = "| class | logit | minus the largest | e to that | probability | log-probability |\n|---|---:|---:|---:|---:|---:|"
    return f"{head}\n{rows}\n\nWith target {target} the loss of this row is {-np.log(p[target]):.4f}."


def curves() -> str:
    """The activations at a few numbers."""
    at = (-3.0, -1.0, 0.0, 1.0, 3.0)
    head = "| x | " + " | ".join(f"{x:g}" for x in at) + " |\n|---|" + "---:|" * len(at)
    rows = [
        f"| {name} | " + " | ".join(f"{v:.4f}" for v in rule(np.array(at))) + " |"
        for name, rule in rules.ACTIVATIONS.items()
    ]
    return "\n".join([head, *rows])
