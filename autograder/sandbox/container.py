"""One container: how it is confined, whose it is, and what passes over the connection attached to it.

Each flag has its reason beside it; tests/test_docker.py takes each away and watches a probe inside notice.
No function here talks to an engine except through the client that it is given.
"""

from __future__ import annotations

import json
import math
import os
import signal
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autograder.model import EndReason, Limits, Run
from autograder.sandbox import SandboxFailed
from autograder.sandbox.limits import LOG_FLOOD_FACTOR
from autograder.wire import Turns, first_frame_end

OWNER = "gradmark.owner"  # the label by which leftovers are found
NOBODY = "65534:65534"  # owns nothing, in the image or on the host
# noexec, nosuid, nodev: nothing written there becomes a program. 1000 files and 16 MiB (they count as memory)
# are far more than an honest submission writes, which is nothing.
TMP = "rw,noexec,nosuid,nodev,size=16m,nr_inodes=1k,mode=1777"
ENVIRONMENT = {
    "OPENBLAS_NUM_THREADS": "1",  # it may start no thread, without which NumPy would not be imported
    "OMP_NUM_THREADS": "1",
    "PYTHONHASHSEED": "0",  # a submission walks its sets in the same order every time: the same verdict
    "HOME": "/tmp",  # noqa: S108 - the guest's own, gone with it
    "LANG": "C.UTF-8",
}
# What -I would give, but that PYTHON* variables are heard: PYTHONHASHSEED has no other door; all are ours.
ENTRYPOINT = ["/guest/python", "-P", "-s", "-S", "/guest/harness.py"]
# Docker's own profile lets a guest open AF_VSOCK sockets and io_uring; this one is an allow-list (calls.py).
PROFILE = Path(__file__).with_name("programs") / "docker.json"
CHUNK = 64 * 2**10
SIGNALLED = 128  # what docker-init and shells add to the number of the signal that ended a process
PATIENCE = 0.5  # seconds in which an engine must tell that memory ran out: it hears so apart from the end itself


# ------------------------------------------------------------------------------------------------ confinement
def arguments(image: str, limits: Limits, *, owner: str, runtime: str | None = None) -> dict[str, Any]:
    """Return the request to the engine (POST /containers/create).

    Not asked for: `nproc`, which counts a uid over all containers, so that one submission's processes would
    starve another; `PidsLimit` counts for each.
    """
    return {
        "Image": image,
        "Entrypoint": ENTRYPOINT,
        "Cmd": [json.dumps({"numpy_path": "/guest/lib"})],
        "Env": [f"{name}={value}" for name, value in ENVIRONMENT.items()],
        "User": NOBODY,
        "Hostname": "guest",  # the same everywhere: nothing to tell one grader from another by
        "WorkingDir": "/tmp",  # noqa: S108
        "Labels": {OWNER: owner},
        "OpenStdin": True,
        "StdinOnce": True,  # a guest whose gradmark was killed reads the end of its input, and goes
        "HostConfig": {
            "NetworkMode": "none",
            "ReadonlyRootfs": True,
            "CapDrop": ["ALL"],
            "SecurityOpt": ["no-new-privileges", f"seccomp={PROFILE.read_text()}"],
            "PidsLimit": limits.processes + 1,  # and the init
            "Memory": limits.memory_bytes,
            "MemorySwap": limits.memory_bytes,  # both together: no swap
            "NanoCpus": 10**9,  # one core: processes buy nothing, and neighbours keep theirs
            "Ulimits": _ulimits(limits),
            "IpcMode": "none",  # no /dev/shm
            "Tmpfs": {"/tmp": TMP},  # noqa: S108
            "LogConfig": {"Type": "none", "Config": {}},  # else a flood of output fills the host's disk
            "Init": True,  # as process 1 a guest would not die of SIGXCPU or abort()
            **({"Runtime": runtime} if runtime else {}),
        },
    }


def _ulimits(limits: Limits) -> list[dict[str, Any]]:
    # Who ignores SIGXCPU at the soft limit meets the clock, which says "time"; SIGKILL at the hard one would
    # look like any other.
    hard_cpu = max(limits.cpu_seconds, math.ceil(limits.wall_seconds)) + 2
    pairs = {
        "nofile": (limits.open_files, limits.open_files),
        "core": (0, 0),
        "fsize": (limits.file_bytes, limits.file_bytes),
        "cpu": (limits.cpu_seconds, hard_cpu),
    }
    return [{"Name": name, "Soft": soft, "Hard": hard} for name, (soft, hard) in pairs.items()]


# ----------------------------------------------------------------------------------------------------- owners
def owner_of(pid: int) -> str:
    """The identity of a process: its machine and pid namespace, its pid, and its start time (pids are used again)."""
    return f"{_place()}/{pid}/{_started(pid)}"


def is_dead(owner: str) -> bool:
    """Return whether that process is known to be gone. One on another machine cannot be known, and is left alone."""
    place, pid, started = ["", "", *owner.rsplit("/", 2)][-3:]
    if place != _place() or not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:  # somebody else's process: alive
        pass
    return started != _started(int(pid))


def _place() -> str:
    try:
        return f"{socket.gethostname()}/{Path('/proc/self/ns/pid').readlink()}"
    except FileNotFoundError:  # no Linux: no pid namespaces either
        return socket.gethostname()


def _started(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except FileNotFoundError:
        return "-"


# ----------------------------------------------------------------------------------------------- conversation
@dataclass
class Record:
    """The output of a guest; never more is kept than the limits allow."""

    limits: Limits
    output: bytearray = field(default_factory=bytearray)
    log: bytearray = field(default_factory=bytearray)
    printed: int = 0

    def add(self, kind: int, piece: bytes) -> None:
        if kind == 1:
            self.output += piece[: self.limits.output_bytes + 1 - len(self.output)]
        else:
            self.log += piece[: self.limits.log_bytes - len(self.log)]
            self.printed += len(piece)

    def excess(self) -> str:
        """Return the limit that was exceeded, or ""."""
        if len(self.output) > self.limits.output_bytes:
            return f"more than {self.limits.output_bytes} bytes of observations"
        if self.printed > LOG_FLOOD_FACTOR * self.limits.log_bytes:
            return f"printed more than {LOG_FLOOD_FACTOR * self.limits.log_bytes} bytes"
        return ""


class Demultiplexer:
    """Takes the engine's stream apart: 8 bytes (which one, how long), then that many. Trusted."""

    def __init__(self) -> None:
        self._header, self._kind, self._left = b"", 0, 0

    def pieces(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        while data:
            if self._left:
                piece, data = data[: self._left], data[self._left :]
                self._left -= len(piece)
                yield self._kind, piece
                continue
            missing = 8 - len(self._header)
            self._header, data = self._header + data[:missing], data[missing:]
            if len(self._header) == 8:
                self._kind, self._left = struct.unpack(">BxxxI", self._header)
                self._header = b""


class ContainerGuest:
    """A container that was created: attached to, made ready, given one job. The pool removes it."""

    def __init__(self, client: Any, container: str):
        self.id = container
        self._client = client
        streams = {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}
        self._attached = client.attach_socket(container, params=streams)  # before the start: no byte is missed
        # Unix sockets come wrapped in a file; TLS and ssh connections as they are.
        self._socket = getattr(self._attached, "_sock", self._attached)
        self._demultiplexer = Demultiplexer()

    def boot(self, limits: Limits) -> None:
        """Starts it and waits for its "ready".

        Raises:
            SandboxFailed: it did not say so in time. No byte of a submission is inside yet: this is ours.
        """
        deadline = time.monotonic() + limits.boot_seconds
        self._client.start(self.id)
        record = Record(limits)
        try:
            while first_frame_end(bytes(record.output)) is None:
                if not self._receive(record, deadline) or record.excess():
                    raise SandboxFailed(f"a guest ended before it was ready: {record.log.decode(errors='replace')}")
        except TimeoutError as error:
            raise SandboxFailed(f"a guest was not ready after {limits.boot_seconds:g} s") from error

    def waits(self) -> bool:
        """Return whether the guest is still there and silent, as it should be before it gets a job."""
        try:
            self._receive(None, time.monotonic() + 0.001)
        except TimeoutError:
            return True
        return False

    def run(self, job: bytes, limits: Limits) -> Run:
        """Hands over the job frame by frame and collects what is said, until the guest is gone or a limit is met."""
        return self._heard(job, limits, answers=False)

    def ask(self, job: bytes, limits: Limits) -> Run:
        """As `run`, or until the guest says that all is done. Whoever ended otherwise is not asked again."""
        return self._heard(job, limits, answers=True)

    def _heard(self, job: bytes, limits: Limits, *, answers: bool) -> Run:
        started = time.monotonic()
        deadline = started + limits.wall_seconds
        record, turns = Record(limits), Turns(job)
        end: EndReason
        try:
            heard, more = 0, True
            while more and not record.excess() and not turns.garbled and not (answers and turns.answered):
                self._send(turns.due(), deadline)
                more = self._receive(record, deadline)
                turns.heard(bytes(record.output[heard:]))
                heard = len(record.output)
            excess = record.excess()
            if turns.garbled:
                end, detail = "protocol", "a frame whose length cannot be"
            elif excess:
                end, detail = "output", excess
            else:
                end, detail = ("finished", "") if answers and turns.answered else self._ending(deadline)
        except TimeoutError:
            end, detail = "time", f"{limits.wall_seconds:g} s"
        output = bytes(record.output[: limits.output_bytes])
        return Run(output, bytes(record.log), end, detail, time.monotonic() - started)

    def close(self) -> None:
        response = getattr(self._attached, "_response", None)  # the SDK hangs it there to keep it alive
        if response is not None:
            response.close()  # before what it reads from
        self._attached.close()
        self._socket.close()

    def _send(self, job: memoryview, deadline: float) -> None:
        self._socket.settimeout(_left(deadline))
        with suppress(ConnectionError):  # it is gone; what it said and how it ended is still to be read
            self._socket.sendall(job)

    def _receive(self, record: Record | None, deadline: float) -> bool:
        """Reads what is there, waiting for it; False at the end of the stream."""
        self._socket.settimeout(_left(deadline))
        try:
            data = self._socket.recv(CHUNK)
        except ConnectionError:
            return False
        for kind, piece in self._demultiplexer.pieces(data):
            if record is not None:
                record.add(kind, piece)
        return bool(data)

    def _ending(self, deadline: float) -> tuple[EndReason, str]:
        """Return how the process ended once its streams have. It may close them and live on until the time is up."""
        try:
            code = self._client.wait(self.id, timeout=_left(deadline))["StatusCode"]
        except OSError as error:  # requests' timeout is one, and so is an engine that broke
            if time.monotonic() >= deadline:
                raise TimeoutError from error
            raise
        if code == SIGNALLED + signal.SIGKILL and self._ran_out_of_memory():
            return "memory", "memory limit"
        return ending(code)

    def _ran_out_of_memory(self) -> bool:
        until = time.monotonic() + PATIENCE
        while not (told := self._client.inspect_container(self.id)["State"]["OOMKilled"]):
            if time.monotonic() > until:
                break
            time.sleep(0.02)
        return bool(told)


def ending(code: int) -> tuple[EndReason, str]:
    """An exit status in words. A guest may fake any of them: that is its own claim about its own end."""
    if code == 0:
        return "finished", ""
    if code == SIGNALLED + signal.SIGXCPU:
        return "cpu", "SIGXCPU"
    if code - SIGNALLED in set(signal.Signals):
        return "crashed", signal.Signals(code - SIGNALLED).name
    return "exited", f"exit status {code}"


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
