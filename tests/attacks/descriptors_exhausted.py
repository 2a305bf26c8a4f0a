# expect: finished
# fault: OSError
"""Opens until it may not."""

import os

held = []
breaches = []


def step(x):
    return 0.9 * x


def attack(x):
    while True:
        held.append(os.open("/dev/null", os.O_RDONLY))
        if len(held) > 200:
            breaches.append("more than 200 open files")
            return x
