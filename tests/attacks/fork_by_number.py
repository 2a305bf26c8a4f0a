# expect: finished
"""fork, vfork and clone3 by their numbers, around the C library; children leave a mark by living on."""

import ctypes
import os
import time

breaches = []


def step(x):
    return 0.9 * x


def attack(x):
    libc = ctypes.CDLL(None)
    for number in (57, 435):  # fork, clone3 on x86-64
        child = libc.syscall(number, 0, 0)
        if child == 0:
            time.sleep(10**6)
            os._exit(0)
    return x
