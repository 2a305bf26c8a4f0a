"""A sandbox for tests that remembers: whatever was asked of a guest once is answered again without one.

A guest's answers depend on nothing but what it is told; the proof of each assignment and test_pipeline.py hold that.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Self

from autograder.model import Run
from autograder.sandbox import Sandbox, Talk

Asked = tuple[bytes, ...]  # digests of all that a guest was told, in its order


class Remembering:
    """A sandbox that plays each job once and gives the same run for the same bytes, whoever hands them in.

    Most tests hand in the same few files, and a search for a mistake's line takes seconds. All that is made of a run is
    made anew each time. What did not finish is played again.
    """

    def __init__(self, sandbox: Sandbox) -> None:
        self.name, self.isolated = sandbox.name, sandbox.isolated
        self._sandbox = sandbox
        self._runs: dict[bytes, Run] = {}
        self._answers: dict[Asked, Run] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        """Nothing: the sandbox belongs to whoever opened it."""

    def run(self, job: bytes, most_seconds: float = math.inf) -> Run:
        played = hashlib.sha256(job).digest()
        if played in self._runs:
            return self._runs[played]
        run = self._sandbox.run(job, most_seconds)
        if run.end == "finished":
            self._runs[played] = run
        return run

    @contextmanager
    def talk(self) -> Iterator[Talk]:
        """A conversation; its guest is begun, and told what it missed, once it is asked something new."""
        with ExitStack() as held:
            yield _Recalled(self._sandbox, self._answers, held)


class _Recalled:
    def __init__(self, sandbox: Sandbox, answers: dict[Asked, Run], held: ExitStack) -> None:
        self._sandbox, self._answers, self._held = sandbox, answers, held
        self._asked: Asked = ()
        self._missed: list[bytes] = []
        self._talk: Talk | None = None

    def ask(self, job: bytes, most_seconds: float = math.inf) -> Run:
        self._asked = (*self._asked, hashlib.sha256(job).digest())
        if self._talk is None and self._asked in self._answers:
            self._missed.append(job)
            return self._answers[self._asked]
        if self._talk is None:
            self._talk = self._held.enter_context(self._sandbox.talk())
            for missed in self._missed:
                self._talk.ask(missed)
        run = self._talk.ask(job, most_seconds)
        if run.end == "finished":
            self._answers[self._asked] = run
        return run
