# expect: time cpu
"""An exception whose message never ends: it is asked for outside the polite clock."""

import time


class Evil(Exception):
    def __str__(self):
        time.sleep(10**6)
        return ""


def step(x):
    return 0.9 * x


def attack(x):
    raise Evil
