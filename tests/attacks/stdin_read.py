# expect: finished
# after: yes
"""Waits for input, or for what is left of the job."""

import os
import sys

breaches = []


def step(x):
    return 0.9 * x


def attack(x):
    for read in (lambda: os.read(0, 10), lambda: sys.stdin.buffer.read(), input):
        try:
            if said := read():
                breaches.append(f"read {said[:20]!r}")
        except (EOFError, OSError, ValueError):
            pass
    return x
