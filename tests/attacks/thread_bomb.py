# expect: finished
# after: yes
"""Threads without end, with small stacks so that memory does not end it."""

import threading
import time

breaches = []


def step(x):
    return 0.9 * x


def attack(x):
    threading.stack_size(64 * 1024)
    for number in range(5000):
        try:
            threading.Thread(target=time.sleep, args=(10**6,)).start()
        except RuntimeError:
            return x
    breaches.append(f"{number} threads")
    return x
