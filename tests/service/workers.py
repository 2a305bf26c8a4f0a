"""A worker inside the test's own process: the real queue and the real heartbeat, with jobs that a test defines."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from autograder.service.worker import main
from autograder.service.worker.context import Context

if TYPE_CHECKING:
    from course import Service


@contextmanager
def working(service: Service, name: str = "worker", slots: int = 1) -> Iterator[Context]:
    """A worker that takes jobs until the block ends."""
    store = main.opened(service.settings)
    context = replace(service.context, store=store, jobs=slots, stopping=threading.Event(), at_work={})
    life = threading.Thread(target=main.live, args=(context, name))
    life.start()
    try:
        yield context
    finally:
        context.stopping.set()
        life.join()
        store.close()


def until(true: Callable[[], object], seconds: float = 30.0) -> None:
    """Waits; a test that waits for so long has failed, whatever the machine."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.02)
