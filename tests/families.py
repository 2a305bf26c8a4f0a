"""Families of attacks: each makes the source of a submission that tries everything of one kind, from parameters.

`attack` tries them all and writes down what it got away with. They are tried with the filter alone, as root and without
Landlock, where nothing else would stop them; and without the filter, where they must succeed: else they show nothing.
"""

from __future__ import annotations

import os
import textwrap
from collections.abc import Iterable, Mapping

HEAD = """
import ctypes, errno, os, platform, socket, struct
libc = ctypes.CDLL(None, use_errno=True)
breaches = []


def step(x):
    return 0.9 * x


def call(number, *arguments):
    return libc.syscall(number, *arguments)


def tried(what, doing):
    try:
        result = doing()
    except OSError as error:
        return error.errno
    if isinstance(result, int) and result < 0:
        return ctypes.get_errno()
    breaches.append(what)
    return 0
"""


def _attack(body: str, **values: object) -> str:
    said = "".join(f"{name} = {value!r}\n" for name, value in values.items())
    return HEAD + said + "\n\ndef attack(x):\n" + textwrap.indent(textwrap.dedent(body), "    ") + "    return x\n"


def sockets(protocols: Iterable[int], port: int) -> str:
    """TCP by each protocol number and by each way to connect; datagrams, raw sockets, and every other family."""
    return _attack(
        """
        for protocol in PROTOCOLS:
            def connected(how):
                with socket.socket(socket.AF_INET, socket.SOCK_STREAM, protocol) as one:
                    if how == "fast open":
                        one.sendto(b"x", socket.MSG_FASTOPEN, ("127.0.0.1", PORT))
                    else:
                        one.connect(("127.0.0.1", PORT))
                    return one.fileno()
            for how in ("connect", "fast open"):
                tried(f"TCP {protocol}, {how}", lambda: connected(how))
        for family in range(46):
            for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW, socket.SOCK_SEQPACKET):
                tried(f"family {family}, {kind}", lambda: os.close(libc.socket(family, kind, 0)))
        pair = (ctypes.c_int * 2)()
        tried("socketpair", lambda: libc.socketpair(socket.AF_UNIX, socket.SOCK_STREAM, 0, pair))
        """,
        PROTOCOLS=list(protocols),
        PORT=port,
    )


def others(pids: Iterable[int], numbers: Mapping[str, int]) -> str:
    """Every way to change, stop or read another process: its limits, its place in the queue, its memory, its files."""
    return _attack(
        """
        word = (ctypes.c_ulong * 16)()
        for pid in (*PIDS, os.getppid()):
            calls = {
                "prlimit64": (pid, 4, struct.pack("QQ", 0, 0), None),  # RLIMIT_CORE
                "sched_setaffinity": (pid, 8, struct.pack("Q", 1)),
                "sched_setscheduler": (pid, 0, struct.pack("i", 0)),
                "sched_setparam": (pid, struct.pack("i", 0)),
                "setpriority": (0, pid, NICE),
                "ioprio_set": (1, pid, 3 << 13),
                "kill": (pid, 0),
                "tkill": (pid, 0),
                "tgkill": (pid, pid, 0),
                "rt_sigqueueinfo": (pid, 0, word),
                "rt_tgsigqueueinfo": (pid, pid, 0, word),
                "process_vm_readv": (pid, word, 0, word, 0, 0),
                "pidfd_open": (pid, 0),
                "kcmp": (pid, pid, 0, 0, 0),
                "getpriority": (0, pid),
                "sched_getscheduler": (pid,),
            }
            for name, arguments in calls.items():
                tried(f"{name} {pid}", lambda: call(NUMBERS[name], *arguments))
        """,
        PIDS=list(pids),
        NICE=min(os.nice(0) + 1, 19),  # nobody but root may become less nice
        NUMBERS=dict(numbers),
    )


def files(folder: str, numbers: Mapping[str, int]) -> str:
    """Every way to change a file system."""
    return _attack(
        """
        path = FOLDER + "/left"
        kept = FOLDER + "/kept"
        tried("open", lambda: open(path, "w"))
        tried("append", lambda: open(kept, "a"))
        tried("O_PATH", lambda: os.open(kept, os.O_PATH))
        tried("O_TMPFILE", lambda: os.open(FOLDER, os.O_TMPFILE | os.O_RDWR))
        tried("truncate", lambda: os.truncate(kept, 0))
        tried("mkdir", lambda: os.mkdir(path + "-folder"))
        tried("symlink", lambda: os.symlink("/etc", path + "-link"))
        tried("link", lambda: os.link(kept, path + "-hard"))
        tried("mkfifo", lambda: os.mkfifo(path + "-fifo"))
        tried("chmod", lambda: os.chmod(kept, 0o777))
        tried("utime", lambda: os.utime(kept))
        tried("setxattr", lambda: os.setxattr(kept, "user.x", b"x"))
        tried("rename", lambda: os.rename(kept, path + "-moved"))
        tried("memfd", lambda: os.memfd_create("x"))
        tried("shm", lambda: libc.shmget(0, 4096, 0o1600))
        tried("sem", lambda: libc.semget(0, 1, 0o1600))
        tried("msg", lambda: libc.msgget(0, 0o1600))
        """,
        FOLDER=folder,
        NUMBERS=dict(numbers),
    )


def programs(numbers: Mapping[str, int], flags: Iterable[int]) -> str:
    """Every way to another process or thread."""
    return _attack(
        """
        def child(start):
            pid = start()
            if pid == 0:
                os._exit(0)
            if pid > 0:
                os.waitpid(pid, 0)
            return pid
        tried("fork", lambda: child(os.fork))
        for flag in FLAGS:
            tried(f"clone {flag:#x}", lambda: child(lambda: call(NUMBERS["clone"], flag, 0, 0, 0, 0)))
        tried("clone3", lambda: child(lambda: call(NUMBERS["clone3"], struct.pack("11Q", 0, 0, 0, 0, 17, *[0] * 6), 88)))
        def thread():
            made = ctypes.c_ulong()
            if refused := libc.pthread_create(ctypes.byref(made), None, libc.getpid, None):
                raise OSError(refused, "no thread")
            libc.pthread_join(made, None)
        tried("thread", thread)
        tried("posix_spawn", lambda: os.waitpid(os.posix_spawn("/bin/true", ["true"], {}), 0)[1])
        """,
        NUMBERS=dict(numbers),
        FLAGS=list(flags),
    )


def doors(numbers: Mapping[str, int]) -> str:
    """Calls by number, whatever they do: tells the errno of each, for what is refused is refused before it is looked at."""
    return _attack(
        """
        for name, number in NUMBERS.items():
            if tried(name, lambda: call(number, 0, 0, 0, 0, 0, 0)) not in (errno.EPERM, errno.ENOSYS):
                breaches.append(name)
        """,
        NUMBERS=dict(numbers),
    )
