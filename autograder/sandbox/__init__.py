"""Sandboxes: each takes one job's bytes, runs the guest on it once, and returns the bytes that came out."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Protocol, Self

from autograder.model import Run


class SandboxUnavailable(Exception):
    """The machine cannot run this sandbox; the message says why and what to install."""


class SandboxFailed(Exception):
    """The sandbox itself failed (ours, never the student's): nothing was judged, trying again may help."""


class Talk(Protocol):
    """A conversation with one guest."""

    def ask(self, job: bytes, most_seconds: float = math.inf) -> Run:
        """Hands over frames, and returns the answer as a run that "finished". Any other end is the guest's own.

        The guest keeps what it was told and what it has worked out. `most_seconds` shortens the limit on wall clock.

        Raises:
            SandboxFailed: the engine broke.
        """


class Sandbox(Protocol):
    """Held open for many runs, used from several threads at once; every run gets a fresh guest."""

    name: str
    isolated: bool

    def __enter__(self) -> Self: ...

    def __exit__(self, *exc: object) -> None: ...

    def run(self, job: bytes, most_seconds: float = math.inf) -> Run:
        """Runs one job to its end or its limits. Never raises for what the submission does.

        `most_seconds` shortens the limit on wall clock.

        Raises:
            SandboxFailed: the guest never became ready, or the engine broke.
        """

    def talk(self) -> AbstractContextManager[Talk]:
        """A conversation with a fresh guest, which ends with it.

        Raises:
            SandboxFailed: the guest never became ready, or the engine broke.
        """


class SharedTime:
    """A sandbox for all runs of one submission, which share so many seconds of wall clock."""

    def __init__(self, sandbox: Sandbox, seconds: float) -> None:
        self.name, self.isolated = sandbox.name, sandbox.isolated
        self._sandbox, self._left = sandbox, seconds

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        """Nothing: the sandbox belongs to whoever opened it."""

    def run(self, job: bytes, most_seconds: float = math.inf) -> Run:
        return self._timed(self._sandbox.run, job, most_seconds)

    @contextmanager
    def talk(self) -> Iterator[Talk]:
        with self._sandbox.talk() as conversation:
            yield _Timed(partial(self._timed, conversation.ask))

    def _timed(self, play: Callable[[bytes, float], Run], job: bytes, most_seconds: float) -> Run:
        """A run of at most what is left; nothing happens in one for which nothing is."""
        if self._left <= 0:
            return Run(b"", b"", "time", "no time is left", 0.0)
        run = play(job, min(most_seconds, self._left))
        self._left -= run.seconds
        return run


class _Timed:
    """A conversation that uses up shared time."""

    def __init__(self, ask: Callable[[bytes, float], Run]) -> None:
        self._ask = ask

    def ask(self, job: bytes, most_seconds: float = math.inf) -> Run:
        return self._ask(job, most_seconds)
