# expect: finished
"""A grandchild in a session of its own, holding every descriptor, outlives the reply."""

import os
import time


def step(x):
    return 0.9 * x


def attack(x):
    try:
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                while True:
                    time.sleep(10**6)
            os._exit(0)
    except OSError:
        pass
    return x
