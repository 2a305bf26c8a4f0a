"""The system calls that a guest may make once it is confined: an allow-list, each call with its reason.

Everything else is refused with EPERM: sockets of every family, new processes and threads, signals to others, another
process's limits or scheduling, io_uring, bpf, ptrace, keys, and every call that changes a file.
`python -m autograder.sandbox.compile` writes the list as programs for the kernel and as a profile for Docker (the
folder `programs`).

SEEN: made by a real guest once it was confined, without the filter, under strace: the optimizers' experiments and a
wide program (most of the standard library, another interpreter, linalg, fft, random). Nothing was seen that is not on
the list.
Traced with `tests/traced.py` on Debian bookworm (glibc 2.36: CPython 3.11.7 and 3.13.0, NumPy 2.4.6), and while there
were threads on trixie (glibc 2.41: CPython 3.11.7 with NumPy 2.4.6, 3.13.5 with NumPy 2.2.4), whose C library asks
`fstat` as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from autograder.guest.confine import OWN_PID

SEEN = "seen in an undisturbed run"


@dataclass(frozen=True)
class Condition:
    """A test of one argument of a call: `argument & mask == value`."""

    argument: int
    value: int
    mask: int = 2**64 - 1


@dataclass(frozen=True)
class Call:
    """A system call, why a guest needs it, and the arguments it may have: all conditions of one alternative hold."""

    name: str
    reason: str = SEEN
    alternatives: tuple[tuple[Condition, ...], ...] = ()  # () = any arguments


def _one_of(argument: int, *values: int) -> tuple[tuple[Condition, ...], ...]:
    """Conditions on the low 32 bits, which are all that the kernel reads of an int."""
    return tuple((Condition(argument, value, 2**32 - 1),) for value in values)


def _each(reason: str, *names: str) -> tuple[Call, ...]:
    return tuple(Call(name, reason) for name in names)


# O_ACCMODE (3), O_CREAT, O_TRUNC, O_APPEND, O_PATH, O_TMPFILE without O_DIRECTORY: a file is opened to be read, or not
# at all. (Landlock looks at no O_PATH, which reads nothing but says that a file is there.)
WRITING = 0o3 | 0o100 | 0o1000 | 0o2000 | 0o10000000 | 0o20000000
CLONE_THREAD, NAMESPACES = 0x10000, 0x7E020080  # CLONE_NEW* of eight kinds
TCGETS, TIOCGWINSZ, FIONCLEX, FIOCLEX = 0x5401, 0x5413, 0x5450, 0x5451
F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_DUPFD_CLOEXEC = 0, 1, 2, 3, 1030
FCNTLS = (F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_DUPFD_CLOEXEC)

CALLS: tuple[Call, ...] = (
    # memory
    *_each(SEEN, "brk", "madvise", "mmap", "mprotect", "mremap", "munmap"),
    Call("mbind", "OpenBLAS places its buffers where a machine has several memory nodes"),
    # files that are open, or opened to be read
    *_each(SEEN, "close", "getdents64", "lseek", "read", "write", "newfstatat", "fstat"),
    Call("openat", SEEN, ((Condition(2, 0, WRITING),),)),
    Call("open", "openat, as an older C library calls it", ((Condition(1, 0, WRITING),),)),
    Call("dup2"),
    Call("dup", "os.dup, which open() of a descriptor may call"),
    Call("dup3", "os.dup2 where the machine has no dup2"),
    Call("fcntl", "whether a descriptor is inherited, and how it was opened", _one_of(1, *FCNTLS)),
    Call("ioctl", SEEN, _one_of(1, TCGETS, TIOCGWINSZ, FIOCLEX, FIONCLEX)),  # whether it is a terminal, and how wide
    *_each(SEEN, "access", "readlink", "getcwd"),
    *_each("a newer or older form of access, readlink or stat", "faccessat", "faccessat2", "readlinkat"),
    *_each("a newer or older form of access, readlink or stat", "stat", "lstat", "statx"),
    *_each(SEEN, "readv", "writev", "pread64"),
    Call("pipe2"),
    Call("pipe", "pipe2, as an older C library calls it"),
    # time and timers: the harness's own deadlines, time.sleep
    *_each(SEEN, "alarm", "clock_gettime", "clock_nanosleep", "setitimer", "times"),
    *_each("the clock where the kernel maps no vDSO", "clock_getres", "gettimeofday", "time"),
    *_each(SEEN, "getitimer", "poll", "pselect6"),
    *_each("sleeping or waiting, as an older C library or another processor calls it", "nanosleep", "ppoll", "select"),
    # locks, of the one thread that there is
    *_each(SEEN, "futex", "gettid", "sched_yield"),
    # signals within
    *_each(SEEN, "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigaltstack"),
    Call("restart_syscall", "the kernel goes on after a signal"),
    Call("tgkill", SEEN, _one_of(0, OWN_PID)),  # raise() and abort() of itself; of nobody else
    *_each(SEEN, "pause", "rt_sigpending", "rt_sigtimedwait"),
    # what it may know about itself
    *_each(SEEN, "getpid", "getuid", "geteuid", "getgid", "getegid", "getrusage", "uname"),
    *_each(SEEN, "getppid", "getpgrp", "getsid", "getgroups", "getresuid", "getresgid"),  # numbers that tell nothing
    # Reading its own limits: no new ones, and of no other process.
    Call("prlimit64", SEEN, ((Condition(0, 0, 2**32 - 1), Condition(2, 0)),)),
    Call("getrlimit", "prlimit64, as an older C library calls it"),
    Call("sched_getaffinity", "how many cores: its own only", _one_of(0, 0)),
    Call("sysinfo"),
    # and
    Call("getrandom"),
    Call("exit_group"),
)

# Answers ENOSYS, as on an older kernel, so that the C library falls back to what the filter can look into:
# the arguments of these lie in memory.
NOT_THERE = ("clone3", "openat2")

# What a container does besides, before and around the guest: its init starts Python, Python imports NumPy, and a
# submission may write to the container's small /tmp. Other limits of a container bound these.
START: tuple[Call, ...] = (
    Call("execve", "the container's init starts Python"),
    # No thread: of runc's, a Go program, only the one that starts the init is under the profile, and starts no other.
    Call("clone", "the init's child: a process, no thread", ((Condition(0, 0, NAMESPACES | CLONE_THREAD),),)),
    *_each("the container's init waits, and passes signals on", "fork", "vfork", "wait4", "waitid", "kill"),
    Call("tgkill", "raise() and abort(): a container has no other processes than the guest's"),
    *_each("the container's init makes Python a group of its own", "setpgid", "getpgid", "setsid"),
    *_each("the C library starts", "arch_prctl", "set_tid_address", "prlimit64", "setrlimit"),
    *_each("the C library starts", "set_robust_list", "rseq"),
    Call("ioctl", "the container's init gives its child the terminal, if there is one"),
    *_each(
        "the runtime closes what it had open, and starts the init", "prctl", "capget", "capset", "fcntl", "close_range"
    ),
    *_each("the runtime becomes the user of the container", "setuid", "setgid", "setgroups", "setresuid", "setresgid"),
    *_each("the runtime starts the init inside", "chdir", "fchdir", "fstatfs", "statfs", "umask", "getpriority"),
    *_each("the runtime, a Go program, schedules itself", "epoll_create1", "epoll_ctl", "epoll_pwait", "eventfd2"),
    *_each("the runtime, a Go program, schedules itself", "sched_getaffinity", "nanosleep", "seccomp", "rt_sigsuspend"),
    *_each("a submission writes to /tmp, which is small", "open", "openat", "creat", "ftruncate", "chmod", "fchmodat"),
    *_each("a submission writes to /tmp, which is small", "unlink", "unlinkat", "mkdir", "mkdirat", "rmdir"),
    *_each("a submission writes to /tmp, which is small", "rename", "renameat", "renameat2", "pwrite64", "fsync"),
)

Architecture = Literal["x86_64", "aarch64"]
ARCHITECTURES: tuple[Architecture, ...] = ("x86_64", "aarch64")
