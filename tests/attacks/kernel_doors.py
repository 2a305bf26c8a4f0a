# expect: finished
# after: yes
"""Calls that no submission needs and that have opened kernels before: namespaces, mounts, bpf, keys."""

import ctypes

breaches = []


def step(x):
    return 0.9 * x


def attack(x):
    libc = ctypes.CDLL(None, use_errno=True)
    for name, arguments in {
        "unshare": (272, 0x10000000),  # CLONE_NEWUSER; numbers of x86-64
        "mount": (165, b"none", b"/tmp", b"tmpfs", 0, 0),
        "setns": (308, 0, 0),
        "bpf": (321, 0, 0, 0),
        "keyctl": (250, 0, -3, 1),
        "init_module": (175, 0, 0, b""),
    }.items():
        if libc.syscall(*arguments) >= 0:
            breaches.append(name)
    return x
