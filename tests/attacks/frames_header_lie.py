# expect: protocol
"""A header longer than its frame."""

import os
import struct


def step(x):
    return 0.9 * x


def attack(x):
    for descriptor in range(3, 64):
        try:
            os.write(descriptor, b"\\x00\\x00\\x00\\x10\\xff\\xff\\xff\\xff" + b"x" * 12)
        except OSError:
            pass
    return x


def frame(text):
    return struct.pack(">II", 4 + len(text), len(text)) + text
