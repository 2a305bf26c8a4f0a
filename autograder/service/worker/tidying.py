"""The day's job: throws away what is kept no longer."""

from __future__ import annotations

from typing import Any

from autograder.service.operate.housekeeping import tidy as clean
from autograder.service.store.schema import Job
from autograder.service.worker.context import Context


def tidy(context: Context, _job: Job) -> dict[str, Any]:
    return {"gone": clean(context.store)}
