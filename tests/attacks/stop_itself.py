# expect: time
"""A stopped process does nothing, and answers no polite request."""

import signal


def step(x):
    return 0.9 * x


def attack(x):
    signal.raise_signal(signal.SIGSTOP)
    return x
