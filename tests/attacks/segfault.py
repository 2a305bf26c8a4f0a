# expect: crashed
# detail: SIGSEGV
"""Reads address zero."""

import ctypes


def step(x):
    return 0.9 * x


def attack(x):
    ctypes.string_at(0)
    return x
