# expect: protocol
"""Bytes that are no frame."""

import os
import struct


def step(x):
    return 0.9 * x


def attack(x):
    for descriptor in range(3, 64):
        try:
            os.write(descriptor, os.urandom(5000))
        except OSError:
            pass
    return x


def frame(text):
    return struct.pack(">II", 4 + len(text), len(text)) + text
