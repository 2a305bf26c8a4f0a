# expect: protocol
"""A scenario that does not exist."""

import os
import struct


def step(x):
    return 0.9 * x


def attack(x):
    for descriptor in range(3, 64):
        try:
            os.write(descriptor, frame(b'{"scenario": 10000000000000000000000, "arrays": []}'))
        except OSError:
            pass
    return x


def frame(text):
    return struct.pack(">II", 4 + len(text), len(text)) + text
