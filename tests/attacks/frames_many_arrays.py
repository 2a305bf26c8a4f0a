# expect: protocol
"""A hundred thousand empty arrays."""

import os
import struct


def step(x):
    return 0.9 * x


def attack(x):
    for descriptor in range(3, 64):
        try:
            os.write(descriptor, frame(b'{"scenario": 2, "arrays": [' + b'["x",[0]],' * 6000 + b'["x",[0]]]}'))
        except OSError:
            pass
    return x


def frame(text):
    return struct.pack(">II", 4 + len(text), len(text)) + text
