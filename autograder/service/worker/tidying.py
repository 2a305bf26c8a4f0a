"""The day's job: throws away what is kept no longer, and sends grades that were kept back until now."""

from __future__ import annotations

from typing import Any

from autograder.service.operate.housekeeping import tidy as clean
from autograder.service.outbox import passbacks_shown
from autograder.service.store.schema import JobRow
from autograder.service.worker.context import Context


def tidy(context: Context, _job: JobRow) -> dict[str, Any]:
    with context.store.writing() as db:
        passbacks_shown(db, context.queue)
    return {"gone": clean(context.store)}
