"""Sandboxes: each takes one job's bytes, runs the guest on it once, and returns the bytes that came out."""

from __future__ import annotations

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

    def run(self, job: bytes) -> Run:
        """Runs one job to its end or its limits. Never raises for what the submission does.

        Raises:
            SandboxFailed: the guest never became ready, or the engine broke.
        """
