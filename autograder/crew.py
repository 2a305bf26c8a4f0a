"""Shares pieces of work among forked processes; one that dies takes only its own piece with it.

    this process  --pieces-->  foreman  --one piece-->  worker, worker, ...
                  <--results--          <--its result--

The foreman is forked once, while there is one thread, and only it forks workers: so it can replace a dead one at any
time, whatever threads this process has by then.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import sys
import threading
import time
import traceback
from collections import deque
from contextlib import AbstractContextManager, ExitStack, suppress
from functools import partial
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from multiprocessing.context import ForkProcess

Piece = TypeVar("Piece")
Result = TypeVar("Result")

PEACE_SECONDS = 10.0  # for the workers to close what they hold
END_SECONDS = PEACE_SECONDS + 2.0  # for the foreman to end its workers


class WorkerDied(Exception):
    """A process died while it had a piece of work; the message says how."""


def can_fork() -> bool:
    """Return whether a fork of this process is whole: on Linux, and with no other thread that may hold a lock."""
    return sys.platform == "linux" and threading.active_count() == 1


def cores() -> int:
    """Return the number of cores that this process may use; in a container, fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


class Crew(Generic[Piece, Result]):
    """Workers, each of which does one piece at a time by the function that its own `begin` gave it.

    begin: a context that a worker enters once and leaves at its end, such as an open sandbox. Pieces and results are
    pickled; everything else is there by the fork.
    """

    def __init__(self, begin: Callable[[], AbstractContextManager[Callable[[Piece], Result]]], jobs: int) -> None:
        fork = multiprocessing.get_context("fork")
        self._ours, theirs = fork.Pipe()
        self._foreman = fork.Process(target=_lead, args=(theirs, self._ours, begin, jobs), name="foreman")
        self._foreman.start()
        theirs.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._ours.close()
        self._foreman.terminate()
        self._foreman.join(END_SECONDS)
        if self._foreman.is_alive():
            self._foreman.kill()
            self._foreman.join()

    def results(self, pieces: Sequence[Piece]) -> Iterator[tuple[int, Result | Exception]]:
        """The index of each piece with what its work gave or raised, in the order in which they are done.

        A piece whose worker died has a `WorkerDied`. A slow reader makes the workers wait.
        """
        missing = dict.fromkeys(range(len(pieces)))
        try:
            self._ours.send(list(pieces))
            while missing:
                index, result = pickle.loads(self._ours.recv_bytes())  # noqa: S301 - from our own processes
                del missing[index]
                yield index, result
        except (EOFError, OSError):
            for index in missing:
                yield index, WorkerDied("the process that hands out the work died")


# ----------------------------------------------------------------------------------------------- in the foreman
def _lead(ours: Connection, theirs: Connection, begin: Any, jobs: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that forked us, which ends us
    signal.signal(signal.SIGTERM, _end)  # and our workers are ended when we end
    theirs.close()
    try:
        with suppress(EOFError, OSError):
            while True:
                _divide(ours.recv(), ours, begin, jobs)
    finally:
        _dismiss(multiprocessing.active_children())


def _dismiss(workers: Sequence[Any]) -> None:
    """End the workers, each told until it is gone: one that was forked a moment ago may not hear it at once."""
    late = time.monotonic() + PEACE_SECONDS
    while any(worker.is_alive() for worker in workers) and time.monotonic() < late:
        for worker in workers:
            worker.terminate()
        for worker in workers:
            worker.join(0.1)
    for worker in workers:
        worker.kill()
        worker.join()


def _divide(pieces: Sequence[Any], told: Connection, begin: Any, jobs: int) -> None:
    waiting = deque(enumerate(pieces))
    at_work: dict[Connection, tuple[ForkProcess, int]] = {}
    while waiting or at_work:
        while waiting and len(at_work) < jobs:
            worker, channel = _hire(begin, [told, *at_work])
            at_work[channel] = worker, _hand_over(channel, waiting.popleft())
        for channel in cast("list[Connection]", wait(list(at_work))):
            worker, index = at_work.pop(channel)
            try:
                result = channel.recv_bytes()
            except (EOFError, OSError):
                worker.join()
                result = pickle.dumps((index, WorkerDied(f"its process ended with {_how(worker.exitcode)}")))
            else:
                if waiting:
                    at_work[channel] = worker, _hand_over(channel, waiting.popleft())
            if channel not in at_work:
                channel.close()
            told.send_bytes(result)


def _hand_over(channel: Connection, piece: tuple[int, Any]) -> int:
    with suppress(OSError):  # a worker that is dead already is told by its channel
        channel.send(piece)
    return piece[0]


def _hire(begin: Any, others: Sequence[Connection]) -> tuple[ForkProcess, Connection]:
    fork = multiprocessing.get_context("fork")
    ours, theirs = fork.Pipe()
    worker = fork.Process(target=_work, args=(theirs, [ours, *others], begin), name="worker", daemon=True)
    worker.start()
    theirs.close()
    return worker, ours


def _how(code: int | None) -> str:
    return signal.Signals(-code).name if code is not None and code < 0 else f"exit status {code}"


def _end(*_: object) -> None:
    sys.exit(1)


# ------------------------------------------------------------------------------------------------- in a worker
def _work(channel: Connection, others: Sequence[Connection], begin: Any) -> None:
    for other in others:
        other.close()  # so that each ends when its own other end does
    with ExitStack() as held:
        try:
            do = held.enter_context(begin())
        except Exception as error:  # noqa: BLE001 - then each of its pieces ends with that
            do = partial(_raise, error)
        held.callback(signal.signal, signal.SIGTERM, signal.SIG_IGN)  # what was begun is ended in peace
        # On a thread of its own: when we are told to end, what it waits for is closed here, and it is not waited for.
        working = threading.Thread(target=_serve, args=(channel, do), name="working", daemon=True)
        working.start()
        working.join()


def _serve(channel: Connection, do: Callable[[Any], Any]) -> None:
    with suppress(EOFError, OSError):  # nothing is left to do, or nobody who waits for it
        while True:
            index, piece = channel.recv()
            channel.send_bytes(_packed(index, _done(do, piece)))


def _raise(error: Exception, _piece: Any) -> Any:
    raise error


def _done(do: Callable[[Any], Any], piece: Any) -> Any:
    try:
        return do(piece)
    except Exception as error:  # noqa: BLE001 - whoever waits for the result decides
        return error


def _packed(index: int, result: Any) -> bytes:
    try:
        return pickle.dumps((index, portable(result) if isinstance(result, Exception) else result))
    except Exception as error:  # noqa: BLE001 - whatever pickling raises
        return pickle.dumps((index, portable(error)))


def portable(error: Exception) -> Exception:
    """The exception as another process can have it: with its traceback as a note, or as that text where it cannot."""
    where = "".join(traceback.format_exception(error))
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 - ours; some can be written and not read
    except Exception:  # noqa: BLE001 - whatever pickling raises
        return RuntimeError(where)
    error.add_note(where)
    return error
