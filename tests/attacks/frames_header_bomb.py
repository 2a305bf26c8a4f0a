# expect: protocol
"""JSON nested sixty thousand deep."""

import os
import struct


def step(x):
    return 0.9 * x


def attack(x):
    for descriptor in range(3, 64):
        try:
            os.write(descriptor, frame(b"[" * 60_000))
        except OSError:
            pass
    return x


def frame(text):
    return struct.pack(">II", 4 + len(text), len(text)) + text
