# expect: finished
# fault: TookTooLong
# after: yes
"""Sleeps for days."""

import time


def step(x):
    return 0.9 * x


def attack(x):
    time.sleep(10**6)
    return x
