# expect: finished
# after: yes
"""Reads what the kernel tells about this process, its parent, the first one and all others."""

import os

breaches = []
# Not the write ends of its own pipes: to open those for reading steals its own observations back, and nothing else.
FILES = ("environ", "cmdline", "maps", "mem", "stack", "mountinfo", "status", "auxv", "fd/0", "cwd", "root")


def step(x):
    return 0.9 * x


def attack(x):
    for pid in ("self", "1", str(os.getppid()), str(told["pid"])):
        for name in FILES:
            peek(f"/proc/{pid}/{name}")
    for number in range(1, 3000):
        peek(f"/proc/{number}/environ")
        peek(f"/proc/{number}/cmdline")
    return x


def peek(path):
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return
    try:
        data = os.read(descriptor, 65536)
    except OSError:
        data = b""
    finally:
        os.close(descriptor)
    if b"CANARY-" in data:
        breaches.append(f"{path}: {data[data.index(b'CANARY-') :][:40]!r}")
