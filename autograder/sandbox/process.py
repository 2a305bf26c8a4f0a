"""The `process` sandbox: another uid inside somebody else's container, where nothing better works.

Gradescope, PrairieLearn and Autolab start the grader as root in a container that allows no container inside.
There a guest gets a uid of its own, lowered limits, a session of its own and a clean environment; afterwards
everything of that uid is killed and removed. Where the kernel has Landlock, files, signals and abstract
sockets are confined too. Without a seccomp filter the network and the rest of the kernel are as the platform
left them: a guest knows nothing that is worth sending, but a hole in the kernel would be open to it. That
answers are readable by root only is the packager's duty.

An ordinary user has no second uid to give: then nothing is isolated, `isolated` says so, and choose.py uses
it only when asked for by name, or for submissions that are trusted.
"""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

from autograder.sandbox import SandboxFailed
from autograder.sandbox.exchange import AtWork, Ending, boot, converse
from autograder.sandbox.limits import LIMITS, rlimits
from autograder.sandbox.runtime import Runtime, cache_folder, prepare
from autograder.sandbox.uids import Lease, lease

if TYPE_CHECKING:
    from autograder.model import Limits, Run

KILL_ROUNDS = 100  # a fork bomb may outrun one kill; each round leaves fewer, and NPROC bounds them
SHARED = ("/tmp", "/var/tmp", "/dev/shm", "/dev/mqueue", "/run/lock")  # noqa: S108 - where everybody may write
IPC_RMID = 0  # from <linux/ipc.h>
# Confines itself and becomes the guest. Our own interpreter runs it, as root: the guest's has no sandlock.
CONFINE = """
import json, os, sys
import sandlock
readable, what_there_is = json.loads(sys.argv[1]), list(sandlock.Protection)
sandlock.confine(sandlock.Sandbox(fs_readable=readable, allow_degraded=what_there_is))
os.execv(sys.argv[2], sys.argv[2:])
"""


class ProcessSandbox:
    """One fresh process for each run."""

    name = "process"

    def __init__(self, *, limits: Limits = LIMITS) -> None:
        self.limits = limits
        self.isolated = os.geteuid() == 0
        self._at_work = AtWork()

    def __enter__(self) -> Self:
        self._runtime = prepare()
        self._landlock = self.isolated and has_landlock()
        return self

    def __exit__(self, *exc: object) -> None:
        self._at_work.end()

    def run(self, job: bytes) -> Run:
        held = lease(cache_folder())
        try:
            guest = _Process(self._command(held), self._runtime, held)
        except OSError as error:
            held.release()
            raise SandboxFailed(f"a guest could not be started: {error}") from error
        try:
            with self._at_work.having(guest):
                return converse(guest, job, self.limits, boot(guest, self.limits))
        finally:
            guest.close()

    def _command(self, held: Lease) -> list[str]:
        command = self._runtime.command({"uid": held.uid, "rlimits": rlimits(self.limits)})
        if not self._landlock:
            return command
        return [sys.executable, "-I", "-c", CONFINE, json.dumps(self._runtime.readable), *command]


def has_landlock() -> bool:
    """Whether the kernel and the package sandlock can confine files on top of the uid."""
    try:
        import sandlock  # noqa: PLC0415 - large, and not needed elsewhere
    except (ImportError, OSError):
        return False
    return bool(sandlock.landlock_abi_version() > 0)


class _Process:
    """One guest as a plain process."""

    def __init__(self, command: list[str], runtime: Runtime, held: Lease) -> None:
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(
            command,
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
            bufsize=0,
            env=runtime.environment,
            cwd="/",
            start_new_session=True,
        )
        self._held = held
        streams = (self._process.stdin, self._process.stdout, self._process.stderr)
        self._streams = [stream for stream in streams if stream is not None]
        self.stdin, self.stdout, self.stderr = (stream.fileno() for stream in self._streams)
        self.gone = os.pidfd_open(self._process.pid)

    def end(self) -> Ending:
        if self._process.returncode is None:
            os.killpg(self._process.pid, signal.SIGKILL)  # exists until we wait for it
            self._process.wait()
            if self._held.uid:
                kill_everything_of(self._held.uid)
        code = self._process.returncode
        return Ending(max(code, 0), max(-code, 0))

    def close(self) -> None:
        self.end()
        if self._held.uid:
            remove_everything_of(self._held.uid)
        os.close(self.gone)
        for stream in self._streams:
            stream.close()
        self._held.release()


# ---------------------------------------------------------------------------------------------- cleaning up
def kill_everything_of(uid: int) -> None:
    """Kills each process of `uid`: a helper becomes that uid, so that -1 reaches these and no others.

    Raises:
        SandboxFailed: something is left.
    """
    for _ in range(KILL_ROUNDS):
        if not processes_of(uid):
            return
        subprocess.run(
            ["/bin/sh", "-c", "kill -9 -1"],
            user=uid,
            group=uid,
            extra_groups=[],
            env={},
            cwd="/",
            stderr=subprocess.DEVNULL,  # "no such process": they died meanwhile
            check=False,  # looking again tells more than its status
        )
        time.sleep(0.01)
    raise SandboxFailed(f"processes of uid {uid} could not be killed: {processes_of(uid)}")


def processes_of(uid: int) -> list[int]:
    """The living processes of a uid. The folder's owner does not tell: it is root for who changed its uid."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            lines = (entry / "status").read_text().splitlines()
        except (FileNotFoundError, ProcessLookupError):  # it ended while we looked
            continue
        fields = dict(line.split(":", 1) for line in lines if ":" in line)
        if fields["Uid"].split()[0] == str(uid) and fields["State"].split()[0] not in {"Z", "X"}:
            found.append(int(entry.name))
    return found


def remove_everything_of(uid: int) -> None:
    """Removes what a guest left where the next one, or anybody, could find it."""
    for folder in SHARED:
        for entry in os.scandir(folder) if Path(folder).is_dir() else ():
            if entry.stat(follow_symlinks=False).st_uid != uid:
                continue
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path)  # follows no symlink out of it, see its avoids_symlink_attacks
            else:
                Path(entry.path).unlink()
    libc = ctypes.CDLL(None, use_errno=True)
    tables = (("shm", "shmid", libc.shmctl), ("sem", "semid", libc.semctl), ("msg", "msqid", libc.msgctl))
    for kind, column, remove in tables:
        for identifier in _system_v_objects(kind, column, uid):
            arguments = (identifier, 0, IPC_RMID, None) if kind == "sem" else (identifier, IPC_RMID, None)
            remove(*arguments)


def _system_v_objects(kind: str, column: str, uid: int) -> list[int]:
    table = Path("/proc/sysvipc") / kind
    if not table.exists():  # a kernel without them
        return []
    head, *rows = (line.split() for line in table.read_text().splitlines())
    return [int(row[head.index(column)]) for row in rows if row[head.index("cuid")] == str(uid)]
