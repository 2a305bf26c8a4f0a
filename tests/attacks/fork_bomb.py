# expect: finished cpu time
"""Every process becomes two, for ever."""

import os


def step(x):
    return 0.9 * x


def attack(x):
    while True:
        try:
            os.fork()
        except OSError:
            pass
