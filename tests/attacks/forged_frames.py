# expect: protocol
"""Speaks for scenarios that were never played, before the harness can."""

import json
import os
import struct


def step(x):
    return 0.9 * x


def attack(x):
    for number in (2, 2, 0, 1):
        text = json.dumps({"scenario": number, "facts": {}, "fault": None, "arrays": []}).encode()
        everywhere(struct.pack(">II", 4 + len(text), len(text)) + text)
    return x


def everywhere(data):
    for descriptor in range(3, 64):
        try:
            os.write(descriptor, data)
        except OSError:
            pass
