# expect: time
"""A stopped process does nothing, and answers no polite request."""

import os
import signal


def step(x):
    return 0.9 * x


def attack(x):
    os.kill(os.getpid(), signal.SIGSTOP)
    return x
