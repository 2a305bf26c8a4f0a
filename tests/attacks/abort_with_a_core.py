# expect: crashed
# detail: SIGABRT
"""Aborts, after allowing itself a core dump."""

import os
import resource

breaches = []


def step(x):
    return 0.9 * x


def attack(x):
    try:
        resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        os.write(2, b"BREACH: a core may be dumped")
    except (ValueError, OSError):
        pass
    os.abort()
