# expect: protocol
"""Facts and faults of other types."""

import os
import struct


def step(x):
    return 0.9 * x


def attack(x):
    for descriptor in range(3, 64):
        try:
            os.write(descriptor, frame(b'{"scenario": 2, "facts": [1], "fault": 3, "arrays": {}}'))
        except OSError:
            pass
    return x


def frame(text):
    return struct.pack(">II", 4 + len(text), len(text)) + text
