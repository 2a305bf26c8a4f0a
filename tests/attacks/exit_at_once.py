# expect: exited
"""Ends the process from within a step, with an innocent status."""

import os


def step(x):
    return 0.9 * x


def attack(x):
    os._exit(0)
