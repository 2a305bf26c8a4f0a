# expect: finished
# after: yes
"""Comes back when all seems to be over: frames in its destructor, a loop in its exit handler."""

import atexit
import os
import signal
import time


class Late:
    def __del__(self):
        for descriptor in range(3, 64):
            try:
                os.write(descriptor, b"\x00\x00\x00\x08\x00\x00\x00\x04null")
            except OSError:
                pass


late = Late()


def step(x):
    return 0.9 * x


def attack(x):
    @atexit.register
    def stay():
        signal.signal(signal.SIGALRM, signal.SIG_IGN)
        time.sleep(10**6)

    return x
