# expect: protocol
"""An array of 2**63 numbers."""

import os
import struct


def step(x):
    return 0.9 * x


def attack(x):
    for descriptor in range(3, 64):
        try:
            os.write(descriptor, frame(b'{"scenario": 2, "arrays": [["x", [9223372036854775807, 2]]]}'))
        except OSError:
            pass
    return x


def frame(text):
    return struct.pack(">II", 4 + len(text), len(text)) + text
