# expect: finished
# after: yes
"""Threads without end: as Python starts them, by the module beneath it, and by the C library around it."""

import _thread
import ctypes
import threading
import time

breaches = []
libc = ctypes.CDLL(None, use_errno=True)


def step(x):
    return 0.9 * x


def by_the_library():
    if refused := libc.pthread_create(ctypes.byref(ctypes.c_ulong()), None, libc.pause, None):
        raise OSError(refused, "no thread")


def attack(x):
    ways = {
        "Thread": lambda: threading.Thread(target=time.sleep, args=(10**6,)).start(),
        "_thread": lambda: _thread.start_new_thread(time.sleep, (10**6,)),
        "pthread_create": by_the_library,
    }
    for name, way in ways.items():
        for _ in range(5000):
            try:
                way()
            except (RuntimeError, OSError):
                break
            breaches.append(name)
    return x
