# expect: output protocol
"""Writes to whatever is open, the channel of the observations included."""

import os


def step(x):
    return 0.9 * x


def attack(x):
    while True:
        for descriptor in range(64):
            try:
                os.set_blocking(descriptor, False)
            except OSError:
                pass
            try:
                os.write(descriptor, b"x" * 10**5)
            except OSError:
                pass
