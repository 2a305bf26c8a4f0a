# expect: exited finished
"""Becomes a shell."""

import os


def step(x):
    return 0.9 * x


def attack(x):
    os.execv("/bin/sh", ["/bin/sh", "-c", "exit 3"])
