"""Searches for the lines of mistakes on a student's own machine, from the public experiments. check.py uses it.

What the grader does in a sandbox runs here in a process of its own, as the student, with nothing to keep it in.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Timer

from autograder import wire
from autograder.asking import Asking
from autograder.judge.observations import Observations, goldens
from autograder.judge.repair import Mending, all_played, mend
from autograder.model import Assignment, EndReason, Run, Scenario

MOST_SECONDS = 60.0  # for one answer of the guest
CHUNK = 2**16  # what a pipe holds
GUEST = "import sys; sys.path.insert(0, sys.argv[1]); from autograder.guest import harness; harness.serve()"


def places(
    assignment: Assignment,
    scenarios: Sequence[Scenario],
    observations: Observations,
    sources: Mapping[str, str],
    import_seconds: float,
    seconds: float,
) -> Mending:
    """The changes with which everything about a class agrees, as far as the public experiments tell.

    `assignment`: what check.py knows of one. `sources`: the text of each module, the submission's, the driver's and the
    provided ones. `import_seconds` and `seconds` of computing: for importing the file, and for one experiment.
    """
    played = all_played(assignment, scenarios)
    opening = wire.pack_job(
        played,
        sources=sources,
        driver=assignment.driver,
        submission=assignment.module,
        import_seconds=import_seconds,
        scenario_seconds=seconds,
        searching=True,
    )
    with Asking(_guest, opening, played) as ask:
        return mend(assignment, scenarios, goldens(assignment, scenarios), observations, ask, {}, frozenset())


@contextmanager
def _guest() -> Iterator[_HomeTalk]:
    """A process of its own, which ends with the conversation."""
    here = str(Path(__file__).parents[1])
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", GUEST, here],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            yield _HomeTalk(process)
        finally:
            process.kill()


class _HomeTalk:
    """A conversation with a guest at home."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def ask(self, job: bytes, most_seconds: float = MOST_SECONDS) -> Run:
        started, turns, output = time.monotonic(), wire.Turns(job), bytearray()
        watch = Timer(most_seconds, self._process.kill)
        watch.start()
        try:
            while not (turns.answered or turns.garbled):
                self._say(turns.due())
                assert self._process.stdout is not None
                piece = os.read(self._process.stdout.fileno(), CHUNK)
                if not piece:
                    break
                output += piece
                turns.heard(piece)
        finally:
            watch.cancel()
        seconds = time.monotonic() - started
        return Run(bytes(output), b"", "finished" if turns.answered else self._end(seconds, most_seconds), "", seconds)

    def _say(self, frames: memoryview) -> None:
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # it is gone: its output tells
            while frames:  # unbuffered: nothing is left to be written when the conversation ends
                frames = frames[os.write(self._process.stdin.fileno(), frames) :]

    def _end(self, seconds: float, most_seconds: float) -> EndReason:
        self._process.kill()
        status = self._process.wait()
        if seconds >= most_seconds:
            return "time"
        return "crashed" if status < 0 else "exited"
