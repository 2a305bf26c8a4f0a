# expect: protocol
"""A frame of four gigabytes."""

import os
import struct


def step(x):
    return 0.9 * x


def attack(x):
    for descriptor in range(3, 64):
        try:
            os.write(descriptor, b"\\xff\\xff\\xff\\xff\\x00\\x00\\x00\\x02{}")
        except OSError:
            pass
    return x


def frame(text):
    return struct.pack(">II", 4 + len(text), len(text)) + text
