# expect: exited finished
"""Closes everything, then works on."""

import os
import time


def step(x):
    return 0.9 * x


def attack(x):
    os.closerange(0, 64)
    time.sleep(0.1)
    return x
