"""The `landlock` sandbox: Landlock and seccomp through sandlock; the default where no engine answers.

What confines a guest, and who enforces it:
- files: reads its own interpreter (runtime.py) and writes nothing (Landlock);
- network, named sockets, /proc: refused (sandlock's seccomp supervisor, and Landlock for TCP);
- signals and abstract sockets beyond itself: refused (Landlock scopes), and another uid when we are root;
- processes: none besides itself, so that one SIGKILL ends everything (supervisor); threads: RLIMIT_NPROC;
- memory, CPU, file size, descriptors: rlimits that the harness lowers before it reads a foreign byte.
sandlock's own max_memory counts every mapping by a round trip to the supervisor; RLIMIT_AS is free, and with
a single process it bounds the same thing.
"""

from __future__ import annotations

import os
import secrets
import select
import signal
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Self

from autograder.sandbox import SandboxFailed, SandboxUnavailable
from autograder.sandbox.exchange import AtWork, Ending, boot, converse
from autograder.sandbox.limits import LIMITS, rlimits
from autograder.sandbox.runtime import Runtime, cache_folder, prepare
from autograder.sandbox.uids import Lease, lease

if TYPE_CHECKING:
    import sandlock

    from autograder.model import Limits, Run

FULL_ABI = 6  # Linux 6.12: signals and abstract sockets are scoped
ROOT_ABI = 4  # Linux 6.7: files, truncation, TCP; as another uid it can signal no foreign process anyway
REAP_SECONDS = 10.0  # for the kernel to bury a process that has SIGKILL: it takes milliseconds
# Landlock does not know these: under our own uid a guest could change the modes and times of our files.
DENIED = (
    *("chmod", "fchmod", "fchmodat", "fchmodat2", "chown", "lchown", "fchown", "fchownat"),
    *("utime", "utimes", "utimensat", "futimesat", "setxattr", "lsetxattr", "fsetxattr"),
    *("removexattr", "lremovexattr", "fremovexattr", "mq_open", "mq_unlink", "memfd_secret"),
)


class LandlockSandbox:
    """Held open it keeps at most one guest ready in advance; every guest is used once."""

    name = "landlock"
    isolated = True

    def __init__(self, *, limits: Limits = LIMITS) -> None:
        self.limits = limits
        self._lock = threading.Lock()
        self._starter: ThreadPoolExecutor | None = None
        self._next: Future[tuple[_Confined, bytes]] | None = None
        self._runs = 0
        self._at_work = AtWork()

    def __enter__(self) -> Self:
        check_kernel()
        self._runtime = prepare()
        # A thread that stays: the kernel kills a guest when the thread that started it ends.
        self._starter = ThreadPoolExecutor(1, thread_name_prefix="landlock-starter")
        self._next = self._starter.submit(self._start)
        return self

    def __exit__(self, *exc: object) -> None:
        with self._lock:
            waiting, self._next = self._next, None
            starter, self._starter = self._starter, None
        self._at_work.end()
        if waiting is not None and not waiting.cancel() and waiting.exception() is None:
            waiting.result()[0].close()
        if starter is not None:
            starter.shutdown()

    def run(self, job: bytes) -> Run:
        guest, ready = self._take()
        try:
            with self._at_work.having(guest):
                return converse(guest, job, self.limits, ready)
        finally:
            guest.close()

    def _take(self) -> tuple[_Confined, bytes]:
        """The guest that waits, or a new one. A second run shows that there are many: then one waits."""
        with self._lock:
            if self._starter is None:
                raise SandboxFailed("the sandbox is not open; use it in a with statement")
            waiting, self._next = self._next, None
            self._runs += 1
            if self._runs > 1:
                self._next = self._starter.submit(self._start)
        if waiting is not None and waiting.exception() is None:
            guest, ready = waiting.result()
            if not select.select([guest.gone], [], [], 0)[0]:
                return guest, ready
            guest.close()
        return self._start()  # also where the other died while it waited: what kills this one too is told

    def _start(self) -> tuple[_Confined, bytes]:
        held = lease(cache_folder())
        try:
            guest = _Confined(self._runtime, self.limits, held)
        except BaseException:
            held.release()
            raise
        try:
            return guest, boot(guest, self.limits)
        except BaseException:
            guest.close()
            raise


def check_kernel() -> None:
    """Checks that Landlock is there, and recent enough for who we are.

    Raises:
        SandboxUnavailable: this kernel cannot keep a guest to itself; says what to install.

    """
    try:
        import sandlock  # noqa: PLC0415 - its library is 13 MB, and only Linux has it
    except (ImportError, OSError) as error:
        raise SandboxUnavailable(
            f"landlock needs Linux and the package sandlock ({error}): pip install sandlock"
        ) from error
    abi, root = sandlock.landlock_abi_version(), os.geteuid() == 0
    if abi < (ROOT_ABI if root else FULL_ABI):
        has = f"Landlock {abi}" if abi > 0 else "no Landlock"
        needs = "Linux 6.7" if root else "Linux 6.12 (or 6.7 when run as root)"
        raise SandboxUnavailable(f"landlock needs {needs} with Landlock enabled; this kernel has {has}")


class _Confined:
    """One guest under sandlock."""

    def __init__(self, runtime: Runtime, limits: Limits, held: Lease) -> None:
        import sandlock  # noqa: PLC0415

        options: dict[str, object] = {"uid": held.uid, "rlimits": rlimits(limits)}
        piped = sandlock.StdioMode.PIPED
        try:
            self._process: Any = _policy(runtime, limits).popen(runtime.command(options), piped, piped, piped)
        except RuntimeError as error:
            raise SandboxFailed(f"sandlock could not start a guest: {error}") from error
        self._held = held
        self._ending: Ending | None = None
        self._streams = (self._process.stdin, self._process.stdout, self._process.stderr)
        self.stdin, self.stdout, self.stderr = (stream.fileno() for stream in self._streams)
        try:
            self.gone = os.pidfd_open(self._process.pid)
        except OSError as error:  # out of descriptors, or a kernel's seccomp around us
            self.end()
            raise SandboxFailed(f"a guest cannot be watched: {error}") from error

    def end(self) -> Ending:
        if self._ending is None:
            self._process.kill()  # its process group, which it cannot leave; and it has no children
            result = self._process.wait(REAP_SECONDS)
            if result.reason.name == "TIMEOUT":
                raise SandboxFailed("a guest could not be killed")
            # Of SIGKILL it tells no number.
            number = signal.SIGKILL if result.reason.name == "KILLED" else result.signal
            self._ending = Ending(max(result.exit_code, 0), max(number, 0))
        return self._ending

    def close(self) -> None:
        self.end()
        os.close(self.gone)
        for stream in self._streams:
            stream.close()
        self._held.release()


def _policy(runtime: Runtime, limits: Limits) -> sandlock.Sandbox:
    import sandlock  # noqa: PLC0415

    scopes = (sandlock.Protection.SIGNAL_SCOPE, sandlock.Protection.ABSTRACT_UNIX_SOCKET_SCOPE)
    may_lack = (*scopes, sandlock.Protection.FS_IOCTL_DEV) if os.geteuid() == 0 else ()  # see ROOT_ABI
    return sandlock.Sandbox(
        fs_readable=list(runtime.readable),
        extra_deny_syscalls=list(DENIED),
        max_processes=1,
        max_open_files=limits.open_files,
        no_coredump=True,
        clean_env=True,
        env=runtime.environment,
        cwd="/",
        name=f"guest-{secrets.token_hex(8)}",  # its hostname; must be unique, and tells nothing
        allow_degraded=list(may_lack),
    )
