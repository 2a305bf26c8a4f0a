# expect: output
"""Writes to the error stream without end, past Python's own."""

import os


def step(x):
    return 0.9 * x


def attack(x):
    while True:
        os.write(2, b"x" * 10**5)
