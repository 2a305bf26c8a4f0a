# expect: finished crashed
"""Signals everybody, and attaches to whoever started it."""

import ctypes
import os
import signal

breaches = []


def step(x):
    return 0.9 * x


def attack(x):
    libc = ctypes.CDLL(None, use_errno=True)
    for pid in {told["pid"], told["victim"], os.getppid()} - {0, 1, os.getpid()}:
        for number in (0, signal.SIGSTOP, signal.SIGKILL):
            try:
                os.kill(pid, number)
                if pid in (told["pid"], told["victim"]) and pid != os.getpid():
                    breaches.append(f"kill {pid}")
            except OSError:
                pass
        if libc.ptrace(16, pid, 0, 0) == 0:  # PTRACE_ATTACH
            breaches.append(f"ptrace {pid}")
    try:
        os.kill(-1, signal.SIGKILL)
    except OSError:
        pass
    return x
