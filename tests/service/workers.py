"""A worker inside the test's own process: the real queue and the real heartbeat, with jobs that a test defines."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from autograder.service.queue import Queue
from autograder.service.store import Store
from autograder.service.worker import main
from autograder.service.worker.context import Context

if TYPE_CHECKING:
    from course import Service


@contextmanager
def working(service: Service, name: str = "worker", slots: int = 1) -> Iterator[Context]:
    """A worker that takes jobs until the block ends."""
    store, queue = Store(service.settings.database), Queue(service.settings.database)
    context = replace(service.context, store=store, queue=queue, jobs=slots, stopping=threading.Event(), turns=set())
    life = threading.Thread(target=main.live, args=(context, name))
    life.start()
    try:
        yield context
        # so that no turn is being written down while its connections are closed
        until(lambda: context.stopping.is_set() or not [turn for turn in queue.turns() if turn.worker_id == name])
    finally:
        context.stopping.set()
        life.join()
        queue.close()
        store.close()


def until(true: Callable[[], object], seconds: float = 30.0) -> None:
    """Waits; a test that waits for so long has failed, whatever the machine."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.02)
