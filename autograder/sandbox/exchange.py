"""Talks to one started guest over its three pipes, and never longer than the limits say.

The clock starts when the guest is ready. From then on it may do anything: stay silent, flood, close its
pipes, die, or leave a daemon behind that holds them open. What it sent before is always kept.
"""

from __future__ import annotations

import math
import os
import select
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from autograder.model import EndReason, Limits, Run
from autograder.sandbox import SandboxFailed
from autograder.sandbox.limits import LOG_FLOOD_FACTOR, within
from autograder.wire import Turns, first_frame_end

CHUNK = 2**16  # what a pipe holds
MOMENT = 0.5  # seconds to read what is still in the pipes of a guest that is gone: it is there already
FAREWELL = 2.0  # seconds for a guest to leave after closing its output: nothing more can come of it


@dataclass(frozen=True)
class Ending:
    """The end of a process: by itself with a status, or by a signal (0 = none)."""

    status: int
    signal: int
    cpu_seconds: float


class Guest(Protocol):
    """A started guest. The numbers are file descriptors; `gone` becomes readable when the guest has ended."""

    stdin: int
    stdout: int
    stderr: int
    gone: int

    def kill(self) -> None:
        """Has it killed, without waiting; can be called from any thread."""

    def end(self) -> Ending:
        """Kills whatever is left of the guest, and says how it had ended. Closes nothing, can be repeated."""

    def close(self) -> None:
        """Ends the guest and gives back everything that it held."""


class AtWork:
    """The guests that are talking to us, so that closing their sandbox ends them at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._guests: set[Guest] = set()

    @contextmanager
    def having(self, guest: Guest) -> Iterator[None]:
        with self._lock:
            self._guests.add(guest)
        try:
            yield
        finally:
            with self._lock:
                self._guests.discard(guest)

    def end(self) -> None:
        """Kills them all; whoever converses with one sees it gone, and cleans up."""
        with self._lock:
            for guest in self._guests:
                guest.kill()


def boot(guest: Guest, limits: Limits) -> bytes:
    """Waits until the guest is ready, and returns the frame that says so.

    Raises:
        SandboxFailed: it did not become ready. No foreign byte has been read until then: the fault is ours.
    """
    pipes = _Pipes(guest, limits)
    deadline = time.monotonic() + limits.boot_seconds
    while first_frame_end(bytes(pipes.output)) is None:
        left = deadline - time.monotonic()
        if left <= 0 or pipes.gone or pipes.silent:
            why = "it said nothing"
            try:
                guest.end()
            except SandboxFailed as error:
                why = str(error)
            pipes.drain()
            said = pipes.log.decode(errors="replace").strip()[-300:]
            raise SandboxFailed(f"the guest did not become ready: {said or why}")
        pipes.turn(left)
    return bytes(pipes.output)


class Conversation:
    """With a guest that is ready: a job to its end, or question after question."""

    def __init__(self, guest: Guest, limits: Limits, ready: bytes) -> None:
        self._guest, self._limits = guest, limits
        self._pipes = _Pipes(guest, limits, ready)

    def run(self, job: bytes, most_seconds: float = math.inf) -> Run:
        """Hands over the job and collects what comes out, until the guest is gone or a limit is reached."""
        return self._heard(job, within(self._limits, most_seconds), answers=False)

    def ask(self, job: bytes, most_seconds: float = math.inf) -> Run:
        """As `run`, or until the guest says that all is done. Whoever ended otherwise is not asked again."""
        return self._heard(job, within(self._limits, most_seconds), answers=True)

    def _heard(self, job: bytes, limits: Limits, *, answers: bool) -> Run:
        pipes = self._pipes
        started = time.monotonic()
        deadline = started + limits.wall_seconds
        pipes.begin(job)
        ours: tuple[EndReason, str] | None = None
        while ours is None and not pipes.gone and not (answers and pipes.turns.answered):
            if pipes.silent:
                deadline = min(deadline, time.monotonic() + FAREWELL)
            left = deadline - time.monotonic()
            if left <= 0:
                closed = pipes.silent and time.monotonic() - started < limits.wall_seconds
                ours = ("exited", "closed its own output") if closed else ("time", f"{limits.wall_seconds:g} s")
            elif not (ours := pipes.excess()):
                pipes.turn(left)
        seconds = time.monotonic() - started
        if answers and pipes.turns.answered and not pipes.gone:
            end, detail = pipes.excess() or ("finished", "")
        else:
            theirs = self._guest.end()
            pipes.drain()
            end, detail = ours or pipes.excess() or how_it_ended(theirs, bytes(pipes.log), limits)
        output, log = pipes.taken()
        return Run(output[: limits.output_bytes], log, end, detail, seconds)


def how_it_ended(ending: Ending, log: bytes, limits: Limits) -> tuple[EndReason, str]:
    """Names the end of a guest that nobody stopped."""
    if ending.signal == 0 and ending.status == 0:
        return "finished", ""
    if ending.signal == 0:
        out_of_memory = b"MemoryError" in log[-500:]  # the harness itself ran out, beyond a scenario
        return ("memory", "MemoryError") if out_of_memory else ("exited", f"exit status {ending.status}")
    known = ending.signal in set(signal.Signals)
    name = signal.Signals(ending.signal).name if known else f"signal {ending.signal}"
    if ending.signal == signal.SIGXCPU:
        return "cpu", name
    if ending.signal == signal.SIGKILL and ending.cpu_seconds >= limits.cpu_seconds:
        return "cpu", name  # it ignored SIGXCPU, and the kernel insists one second later
    return "crashed", name


class _Pipes:
    """The three pipes and what has gone through them."""

    def __init__(self, guest: Guest, limits: Limits, output: bytes = b"") -> None:
        self.guest, self.limits = guest, limits
        self.output, self.log, self.logged = bytearray(output), bytearray(), 0
        self.gone = False
        self._poller, self._watched = select.poll(), set[int]()
        self.turns = Turns(b"")
        self.rest = memoryview(b"")
        self.open = {guest.stdout: self._output, guest.stderr: self._log, guest.gone: self._gone}
        for descriptor in (guest.stdin, guest.stdout, guest.stderr):
            os.set_blocking(descriptor, False)

    def begin(self, job: bytes) -> None:
        """Sends what of a job is due."""
        self.turns = Turns(job)
        self._tell()

    def taken(self) -> tuple[bytes, bytes]:
        """Return what came out and what was printed since the last time."""
        told = bytes(self.output), bytes(self.log)
        self.output, self.log, self.logged = bytearray(), bytearray(), 0
        return told

    @property
    def silent(self) -> bool:
        """Nothing more can be observed."""
        return self.guest.stdout not in self.open

    def excess(self) -> tuple[EndReason, str] | None:
        """Too much of something, or nothing that could be read."""
        if len(self.output) > self.limits.output_bytes:
            return "output", f"more than {self.limits.output_bytes} bytes of observations"
        if self.logged > LOG_FLOOD_FACTOR * self.limits.log_bytes:
            return "output", f"printed more than {LOG_FLOOD_FACTOR * self.limits.log_bytes} bytes"
        return ("protocol", "a frame whose length cannot be") if self.turns.garbled else None

    def turn(self, seconds: float) -> bool:
        """Waits for something to happen, and lets it happen once; False when nothing did in time."""
        ready = self._poll().poll(1000 * seconds)
        for descriptor, _ in ready:
            if descriptor in self.open:  # nothing else has closed it meanwhile
                self.open[descriptor]()
        return bool(ready)

    def _poll(self) -> select.poll:
        """Return the selector for everything that is open; made anew only when that changes."""
        if self._watched != self.open.keys():
            self._poller, self._watched = select.poll(), set(self.open)
            for descriptor in self._watched:
                writing = descriptor == self.guest.stdin
                self._poller.register(descriptor, select.POLLOUT if writing else select.POLLIN)
        return self._poller

    def drain(self) -> None:
        """Reads what is left in the pipes, at most for a moment: a daemon may hold them open."""
        self.turns, self.rest = Turns(b""), memoryview(b"")
        self.open.pop(self.guest.stdin, None)
        self.open.pop(self.guest.gone, None)
        deadline = time.monotonic() + MOMENT
        while self.open and (left := deadline - time.monotonic()) > 0 and not self.excess():
            self.turn(left)

    def _output(self) -> None:
        piece = self._read(self.guest.stdout)
        self.output += piece
        self.turns.heard(piece)
        self._tell()

    def _tell(self) -> None:
        """Sends what is due: at once, or when there is room in the pipe."""
        if not self.rest:
            self.rest = self.turns.due()
        if self.rest and not self.gone:
            self.open[self.guest.stdin] = self._job
            self._job()

    def _log(self) -> None:
        said = self._read(self.guest.stderr)
        self.logged += len(said)
        self.log += said[: max(0, self.limits.log_bytes - len(self.log))]

    def _read(self, descriptor: int) -> bytes:
        try:
            data = os.read(descriptor, CHUNK)
        except BlockingIOError:
            return b""
        if not data:
            del self.open[descriptor]
        return data

    def _job(self) -> None:
        try:
            self.rest = self.rest[os.write(self.guest.stdin, self.rest[:CHUNK]) :]
        except BlockingIOError:
            return
        except BrokenPipeError:  # it died, or closed its input: `gone` and its output tell which
            self.turns, self.rest = Turns(b""), memoryview(b"")
        if not self.rest:
            self.rest = self.turns.due()
        if not self.rest:
            self.open.pop(self.guest.stdin, None)

    def _gone(self) -> None:
        self.gone = True
        del self.open[self.guest.gone]
