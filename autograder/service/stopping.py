"""Being asked to stop: by a signal, which comes at any moment."""

from __future__ import annotations

import queue
import signal
import threading


class Stopping(threading.Event):
    """An event that a handler of a signal may set, whatever it interrupts.

    `threading.Event` must not be: its `wait` holds a lock for a moment, and so does its `set`. A handler that
    interrupts the thread in that moment waits for it for ever, and with it the process. So another thread sets it.
    """

    def __init__(self) -> None:
        super().__init__()
        self._told = False
        self._asked: queue.SimpleQueue[None] = queue.SimpleQueue()  # its `put` may interrupt itself
        threading.Thread(target=self._wake, name="stopping", daemon=True).start()

    def set(self) -> None:
        """Ask: `is_set` says so from here on, and who waits is woken."""
        self._asked.put(None)
        self._told = True

    def is_set(self) -> bool:
        """Return whether somebody has asked."""
        return self._told

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until somebody has asked, or for so many seconds."""
        return self._told or super().wait(timeout) or self._told

    def _wake(self) -> None:
        self._asked.get()
        super().set()


def on_signals() -> Stopping:
    """Return what SIGTERM and SIGINT set from now on. The second one does not wait: it raises SystemExit."""
    stop = Stopping()

    def asked(*_: object) -> None:
        if stop.is_set():
            raise SystemExit(1)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, asked)
    return stop
