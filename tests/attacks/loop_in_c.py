# expect: cpu time
"""Holds the interpreter's lock in C, where no Python signal handler runs."""

import itertools


def step(x):
    return 0.9 * x


def attack(x):
    return x * sum(itertools.repeat(1, 10**15))
