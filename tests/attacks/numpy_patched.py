# expect: finished exited protocol
"""Replaces what the harness calls."""

import builtins
import json
import os
import struct

import numpy as np


def step(x):
    return 0.9 * x


def attack(x):
    for name in (
        "allclose",
        "isclose",
        "array_equal",
        "array",
        "asarray",
        "stack",
        "ascontiguousarray",
        "abs",
    ):
        setattr(np, name, lambda *args, **kwargs: True)
    np.testing.assert_allclose = lambda *args, **kwargs: None
    struct.pack = lambda *args: b"\x00" * 8
    json.dumps = lambda *args: '{"scenario": 0}'
    os.write = len
    builtins.len = lambda *args: 0
    builtins.isinstance = lambda *args: True
    return x
