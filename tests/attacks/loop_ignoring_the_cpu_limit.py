# expect: cpu time
"""Ignores SIGXCPU, which may be ignored; the hard limit may not."""

import itertools
import signal


def step(x):
    return 0.9 * x


def attack(x):
    signal.signal(signal.SIGXCPU, signal.SIG_IGN)
    return x * sum(itertools.repeat(1, 10**15))
