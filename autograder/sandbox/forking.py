"""Guests from a zygote: a process of ours that holds Python and NumPy and forks one for each run (guest/zygote.py).

What confines a guest, applied by itself after the fork and before it reads a byte that is not ours (guest/confine.py):
- files: it reads its own interpreter (runtime.py) and nothing else (Landlock), and changes none (filter);
- network, processes, threads, signals to others, the rest of the kernel: refused by an allow-list (calls.py);
- signals and abstract sockets beyond itself: refused (Landlock's scopes), and another uid when we are root;
- memory, CPU, file size, descriptors: the kernel's limits for a process, which it cannot raise.

Guests of one zygote share its address layout and the heap that it had: nothing in there is secret, but what one learns
about addresses holds for the next. So a zygote is replaced now and then.
"""

from __future__ import annotations

import ctypes
import math
import os
import platform
import socket
import struct
import subprocess
import tempfile
import threading
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Self

from autograder.guest.confine import CHANNEL, NEVER_STARTED
from autograder.sandbox import SandboxFailed, SandboxUnavailable
from autograder.sandbox.exchange import AtWork, Conversation, Ending, boot
from autograder.sandbox.limits import LIMITS, rlimits
from autograder.sandbox.runtime import Runtime, cache_folder, prepare
from autograder.sandbox.uids import Lease, lease

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from autograder.model import Limits, Run

GUESTS = 1000  # of one zygote: starting another costs a thirtieth of a millisecond for each of so many
MAX_WORDS = 2000  # bytes of a zygote's complaint: its last line is wanted
REAP_SECONDS = 10.0  # for the kernel to bury a process that has SIGKILL: it takes milliseconds
LANDLOCK_CREATE_RULESET, LANDLOCK_VERSION = 444, 1  # linux/landlock.h
PROGRAMS = Path(__file__).with_name("programs")


def landlock_version() -> int:
    """The version of Landlock that the kernel has; 0 = none."""
    libc = ctypes.CDLL(None)
    return max(0, int(libc.syscall(LANDLOCK_CREATE_RULESET, None, ctypes.c_size_t(0), LANDLOCK_VERSION)))


def filter_program() -> bytes:
    """The filter of system calls for this machine.

    Raises:
        SandboxUnavailable: there is none for its processor.
    """
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(platform.machine().lower(), platform.machine())
    program = PROGRAMS / f"{machine}.bpf"
    if not program.is_file():
        known = ", ".join(sorted(path.stem for path in PROGRAMS.glob("*.bpf")))
        raise SandboxUnavailable(f"there is no filter of system calls for {machine} processors, only for {known}")
    return program.read_bytes()


class ForkingSandbox:
    """Held open it keeps one zygote; each run is a fork of it, used once."""

    name: str

    def __init__(self, *, limits: Limits = LIMITS) -> None:
        self.limits = limits
        self._lock = threading.Lock()
        self._zygote: ZygoteProcess | None = None
        self._retired: list[ZygoteProcess] = []  # whose last guests may still be at work
        self._at_work = AtWork()
        self._open = False

    def __enter__(self) -> Self:
        self._runtime = prepare()
        self._plan = self.plan()
        self._zygote = ZygoteProcess(self._runtime, self._plan)  # it starts while the caller does other things
        self._open = True
        return self

    def __exit__(self, *exc: object) -> None:
        with self._lock:
            self._open = False
            zygotes, self._zygote = [*self._retired, self._zygote], None
        self._at_work.end()
        for zygote in filter(None, zygotes):
            zygote.close()

    def plan(self) -> dict[str, object]:
        """Return the confinement of guests; see guest/confine.py.

        Raises:
            SandboxUnavailable: this machine cannot do it.
        """
        raise NotImplementedError

    def run(self, job: bytes, most_seconds: float = math.inf) -> Run:
        with self.talk() as conversation:
            return conversation.run(job, most_seconds)

    @contextmanager
    def talk(self) -> Iterator[Conversation]:
        held = lease(cache_folder())
        try:
            guest = self._fork(held)
        except BaseException:
            held.release()
            raise
        try:
            with self._at_work.having(guest):
                yield Conversation(guest, self.limits, boot(guest, self.limits))
        finally:
            guest.close()

    def _fork(self, held: Lease) -> ForkedGuest:
        """A guest of the zygote, or of another one in its place when it is dead or has forked often enough.

        Asked for under the lock: else another thread may retire the zygote before it is asked.
        """
        with self._lock:
            if not self._open or self._zygote is None:
                raise SandboxFailed("the sandbox is not open; use it in a with statement")
            if self._zygote.is_spent():
                self._zygote.retire()
                self._retired = [old for old in (*self._retired, self._zygote) if not old.ended()]
                self._zygote = ZygoteProcess(self._runtime, self._plan)
            self._zygote.guests += 1
            return self._zygote.fork(held)


class ZygoteProcess:
    """A process that forks guests on request."""

    def __init__(self, runtime: Runtime, plan: dict[str, object]) -> None:
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._words = tempfile.TemporaryFile()  # noqa: SIM115 - what it says when it cannot start; closed below
        with theirs:
            self._process = subprocess.Popen(
                runtime.command({"control": theirs.fileno(), **plan}),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self._words,
                pass_fds=[theirs.fileno()],
                env=runtime.environment,
                cwd="/",
                start_new_session=True,  # Ctrl-C is for us, and we end it
            )
        self.guests = 0

    def is_spent(self) -> bool:
        """Return whether it is dead, or has forked so often that another layout of addresses is due."""
        return self.guests >= GUESTS or self._process.poll() is not None

    def fork(self, held: Lease) -> ForkedGuest:
        """Ask for a guest, which may still be about to start.

        Raises:
            SandboxFailed: the zygote is dead.
        """
        guest = ForkedGuest(held, self.last_words)
        try:
            socket.send_fds(self._control, [str(held.uid).encode()], guest.theirs)
        except OSError as error:
            guest.close_theirs()
            guest.give_back()
            raise SandboxFailed(f"no guest could be started: {self.last_words() or error}") from error
        guest.close_theirs()
        return guest

    def last_words(self) -> str:
        """Return the end of its error output."""
        words = os.pread(self._words.fileno(), MAX_WORDS, max(0, os.fstat(self._words.fileno()).st_size - MAX_WORDS))
        return words.decode(errors="replace").strip().rpartition("\n")[2]

    def retire(self) -> None:
        """Let it end with its last guest."""
        self._control.close()

    def ended(self) -> bool:
        """Return whether it did."""
        if self._process.poll() is None:
            return False
        self._words.close()
        return True

    def close(self) -> None:
        """End it; its guests are being killed, or gone."""
        self.retire()
        if not self.guests:
            self._process.kill()  # it may be starting still, and nobody waits for that
        try:
            self._process.wait(REAP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()  # its guests die with it
            self._process.wait()
        self._words.close()


class ForkedGuest:
    """A forked guest: three pipes, and a channel to its zygote that tells its end, and ends it when it is shut."""

    def __init__(self, held: Lease, why: Callable[[], str]) -> None:
        self._held, self._why = held, why
        read, self.stdin = os.pipe()
        self.stdout, out = os.pipe()
        self.stderr, err = os.pipe()
        self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.theirs = [read, out, err, theirs.detach()]
        self.gone = self._channel.fileno()
        self._ending: Ending | None = None

    def kill(self) -> None:
        """Have it killed; it may be gone already."""
        with suppress(OSError):
            self._channel.shutdown(socket.SHUT_WR)

    def end(self) -> Ending:
        if self._ending is None:
            self.kill()
            self._channel.settimeout(REAP_SECONDS)
            try:
                told = self._channel.recv(struct.calcsize(CHANNEL))
            except TimeoutError as error:
                raise SandboxFailed("a guest could not be killed") from error
            status, seconds = struct.unpack(CHANNEL, told) if told else (NEVER_STARTED, 0.0)
            if status == NEVER_STARTED:
                raise SandboxFailed(f"the process that forks guests is dead, or may fork no more: {self._why()}")
            code = os.waitstatus_to_exitcode(status)
            self._ending = Ending(max(code, 0), max(-code, 0), seconds)
        return self._ending

    def close(self) -> None:
        with suppress(SandboxFailed):  # it was told before
            self.end()
        self.give_back()

    def close_theirs(self) -> None:
        """Close the ends that the zygote has by now."""
        for descriptor in self.theirs:
            os.close(descriptor)

    def give_back(self) -> None:
        """Close our ends, and let others have its uid."""
        for descriptor in (self.stdin, self.stdout, self.stderr):
            os.close(descriptor)
        self._channel.close()
        self._held.release()


def confinement(runtime: Runtime, limits: Limits, *, landlock: int, program: bytes) -> dict[str, object]:
    """A plan for guest/confine.py."""
    return {
        "rlimits": rlimits(limits),
        "readable": list(runtime.readable),
        "landlock": landlock,
        "filter": program.hex(),
    }
