"""Sandboxes: each takes one job's bytes, runs the guest on it once, and returns the bytes that came out."""

from __future__ import annotations

import math
from typing import Protocol, Self

from autograder.model import Run


class SandboxUnavailable(Exception):
    """The machine cannot run this sandbox; the message says why and what to install."""


class SandboxFailed(Exception):
    """The sandbox itself failed (ours, never the student's): nothing was judged, trying again may help."""


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
        """A run of at most what is left; nothing happens in one for which nothing is."""
        if self._left <= 0:
            return Run(b"", b"", "time", "no time is left", 0.0)
        run = self._sandbox.run(job, min(most_seconds, self._left))
        self._left -= run.seconds
        return run
