"""Records what torch's schedulers do, for an oracle that needs no torch: run it where torch is installed.

Writes schedulers/schedulers.json beside itself. torch has no scheduler of the name WarmupCosine: its LinearLR and
CosineAnnealingLR, joined by SequentialLR, are the same rule up to T.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

KEPT = Path(__file__).parent / "schedulers" / "schedulers.json"
CASES: Mapping[str, Mapping[str, Any]] = {
    "StepLR: defaults": {"class": "StepLR", "base": 0.05, "kwargs": {"step_size": 10}, "steps": 45},
    "StepLR: gamma": {"class": "StepLR", "base": 0.3, "kwargs": {"step_size": 3, "gamma": 0.7}, "steps": 40},
    "StepLR: changed by hand": {
        "class": "StepLR", "base": 0.3, "kwargs": {"step_size": 2, "gamma": 0.5}, "steps": 12, "set": {"0": 0.2, "5": 0.7},
    },
    "ExponentialLR": {"class": "ExponentialLR", "base": 0.1, "kwargs": {"gamma": 0.93}, "steps": 60},
    "ExponentialLR: changed by hand": {
        "class": "ExponentialLR", "base": 0.1, "kwargs": {"gamma": 0.8}, "steps": 10, "set": {"3": 1.0},
    },
    "cosine": {
        "class": "WarmupCosine", "base": 0.1, "kwargs": {"warmup_steps": 0, "total_steps": 50}, "steps": 49,
    },
    "cosine: floor": {
        "class": "WarmupCosine", "base": 0.1, "kwargs": {"warmup_steps": 0, "total_steps": 20, "min_lr": 0.01}, "steps": 20,
    },
    "warm-up and cosine": {
        "class": "WarmupCosine", "base": 0.2, "kwargs": {"warmup_steps": 5, "total_steps": 35, "min_lr": 0.02}, "steps": 35,
    },
}  # fmt: skip


def main() -> None:
    import torch  # noqa: PLC0415 - tests read this file's cases where there is no torch

    cases = {name: {**case, "rates": torch_rates(case)} for name, case in CASES.items()}
    lines = ",\n  ".join(
        f"{json.dumps(name)}: {json.dumps(case)}" for name, case in cases.items()
    )  # a diff worth reading
    KEPT.write_text(f'{{"torch": "{torch.__version__}", "cases": {{\n  {lines}}}}}\n')


def torch_rates(case: Mapping[str, Any]) -> list[float]:
    """The rate when the scheduler is made and after each step()."""
    import torch  # noqa: PLC0415

    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=case["base"])
    scheduler = _made(torch.optim.lr_scheduler, optimizer, case["class"], case["kwargs"])
    rates = [optimizer.param_groups[0]["lr"]]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # SequentialLR passes an epoch to its parts, which torch itself warns of
        for call in range(case["steps"]):
            optimizer.param_groups[0]["lr"] = case.get("set", {}).get(str(call), optimizer.param_groups[0]["lr"])
            optimizer.step()
            scheduler.step()
            rates.append(float(optimizer.param_groups[0]["lr"]))
    return rates


def _made(schedulers: Any, optimizer: Any, name: str, kwargs: Mapping[str, Any]) -> Any:
    if name != "WarmupCosine":
        return getattr(schedulers, name)(optimizer, **kwargs)
    w, total = kwargs["warmup_steps"], kwargs["total_steps"]
    floor = kwargs.get("min_lr", 0.0)
    if not w:
        return schedulers.CosineAnnealingLR(optimizer, total, eta_min=floor)
    ramp = schedulers.LinearLR(optimizer, start_factor=1 / w, total_iters=w - 1)
    down = schedulers.CosineAnnealingLR(optimizer, total - w, eta_min=floor)
    return schedulers.SequentialLR(optimizer, [ramp, down], milestones=[w])


if __name__ == "__main__":
    main()
