"""Records what torch's optimizers do, for an oracle that needs no torch: run it where torch is installed.

Writes sgd.json, adam.json and adamw.json beside itself: float64 courses with every number exact (repr), and torch's
version. Each case is one optimizer over two parameters ("sizes"), laid side by side in w0, grads and iterates.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from autograder.reference import updates

STEPS = 50  # bias correction with β₂ = 0.999 is far from over, with β₂ = 0.9 it is
SIZES = (2, 1)
LR_CHANGES = {"0": 0.1, "7": 0.05, "20": 0.3, "21": 0.01}
ABSENT = [
    [0, 1],
    [1, 1],
    [5, 0],
    [9, 0],
    [9, 1],
    [30, 0],
]  # (step, parameter): from the start on, alone and together

CASES: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "SGD": {
        "plain": {"lr": 0.1},
        "momentum": {"lr": 0.05, "momentum": 0.9},
        "decay": {"lr": 0.1, "weight_decay": 0.3},
        "momentum and decay": {"lr": 0.02, "momentum": 0.5, "weight_decay": 0.1},
        "lr changes": {"momentum": 0.7, "weight_decay": 0.2, "lr_changes": LR_CHANGES},
        "gradients missing": {"lr": 0.1, "momentum": 0.8, "weight_decay": 0.2, "absent": ABSENT},
    },
    "Adam": {
        "defaults": {},
        "other betas": {"lr": 0.1, "betas": [0.5, 0.75]},
        "large eps": {"lr": 0.2, "betas": [0.8, 0.9], "eps": 0.5},
        "decay": {"lr": 0.05, "weight_decay": 0.4},
        "lr changes": {"betas": [0.7, 0.95], "weight_decay": 0.1, "lr_changes": LR_CHANGES},
        "gradients missing": {
            "lr": 0.1,
            "betas": [0.8, 0.95],
            "eps": 0.1,
            "weight_decay": 0.2,
            "absent": ABSENT,
        },
    },
    "AdamW": {
        "defaults": {},
        "other betas": {"lr": 0.1, "betas": [0.5, 0.75], "weight_decay": 0.0},
        "decay": {"lr": 0.1, "weight_decay": 0.5},
        "large eps": {"lr": 0.2, "betas": [0.8, 0.9], "eps": 0.5, "weight_decay": 0.3},
        "lr changes": {"betas": [0.7, 0.95], "weight_decay": 0.2, "lr_changes": LR_CHANGES},
        "gradients missing": {
            "lr": 0.1,
            "betas": [0.8, 0.95],
            "eps": 0.1,
            "weight_decay": 0.4,
            "absent": ABSENT,
        },
    },
}


def main() -> None:
    import torch  # noqa: PLC0415 - tests read this file's cases where there is no torch

    for rule, cases in CASES.items():
        cases = {name: recorded(rule, drawn(setup, number)) for number, (name, setup) in enumerate(cases.items())}
        text = json.dumps({"torch": torch.__version__, "rule": rule, "cases": cases})
        text = text.replace("]], ", "]],\n  ").replace('": {"hyper', '":\n {"hyper') + "\n"  # a diff worth reading
        Path(__file__).with_name(f"{rule.lower()}.json").write_text(text)


def drawn(setup: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """A case: the setup, and a start and gradients of three digits, which take little room."""
    draw, width = np.random.default_rng(seed), sum(SIZES)
    hyper = {name: value for name, value in setup.items() if name not in ("lr_changes", "absent")}
    return {
        "hyper": hyper, "lr_changes": setup.get("lr_changes", {}), "absent": setup.get("absent", []), "sizes": list(SIZES),
        "w0": np.round(draw.normal(0, 2, width), 3).tolist(),
        "grads": np.round(draw.normal(0, 1, (STEPS, width)) * 10 ** draw.uniform(-2, 1, width), 3).tolist(),
    }  # fmt: skip


def recorded(rule: str, case: dict[str, Any]) -> dict[str, Any]:
    return {**case, "iterates": torch_iterates(rule, case).tolist()}


def torch_iterates(rule: str, case: Mapping[str, Any]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return torch's iterates of the case: (T, d)."""
    import torch  # noqa: PLC0415

    cuts = np.cumsum(case["sizes"])[:-1]
    params = [
        torch.tensor(part, dtype=torch.float64, requires_grad=True) for part in np.split(np.array(case["w0"]), cuts)
    ]
    optimizer = getattr(torch.optim, rule)(params, **case["hyper"])
    iterates = []
    for t, row in enumerate(case["grads"]):
        for i, (param, grad) in enumerate(zip(params, np.split(np.array(row), cuts), strict=True)):
            param.grad = None if [t, i] in case["absent"] else torch.tensor(grad, dtype=torch.float64)
        optimizer.param_groups[0]["lr"] = case["lr_changes"].get(str(t), optimizer.param_groups[0]["lr"])
        optimizer.step()
        iterates.append(np.concatenate([param.detach().numpy() for param in params]))
    return np.array(iterates)


def reference_iterates(rule: str, case: Mapping[str, Any], **forks: bool) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return our reference's iterates of the same case; forks are `age` and `decay_first`."""
    hyper, steps = dict(case["hyper"]), len(case["grads"])
    if rule != "SGD":
        hyper["beta1"], hyper["beta2"] = hyper.pop("betas", (0.9, 0.999))
        hyper.setdefault("lr", 0.001)
    if case["lr_changes"]:
        rates = [case["lr_changes"].get(str(t)) for t in range(steps)]
        hyper["lr"] = np.array([next(r for r in rates[t::-1] if r is not None) for t in range(steps)])[:, None]
    present = np.array(
        [np.repeat([[t, i] not in case["absent"] for i in range(2)], case["sizes"]) for t in range(steps)]
    )
    iterates: np.ndarray[Any, np.dtype[np.float64]] = getattr(updates, rule.lower())(
        case["w0"], case["grads"], present=present, **hyper, **forks
    )
    return iterates


if __name__ == "__main__":
    main()
