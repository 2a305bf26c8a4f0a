# expect: time
"""Blocks every signal that can be blocked and sleeps."""

import signal
import time


def step(x):
    return 0.9 * x


def attack(x):
    signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGALRM, signal.SIGXCPU):
        signal.signal(number, signal.SIG_IGN)
    while True:
        time.sleep(10**6)
