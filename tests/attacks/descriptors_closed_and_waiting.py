# expect: exited time
"""Closes everything and stays: nothing more can come, so nobody waits for long."""

import os
import signal
import time


def step(x):
    return 0.9 * x


def attack(x):
    signal.signal(signal.SIGALRM, signal.SIG_IGN)
    os.closerange(0, 64)
    time.sleep(10**6)
    return x
