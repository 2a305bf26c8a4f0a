# expect: time
"""Takes over the handler of the polite interruption, and its clock."""

import signal
import time


def step(x):
    return 0.9 * x


def attack(x):
    signal.signal(signal.SIGALRM, lambda *_: None)
    signal.setitimer(signal.ITIMER_REAL, 0)
    time.sleep(10**6)
    return x
