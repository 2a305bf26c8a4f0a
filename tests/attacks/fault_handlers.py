# expect: finished exited
"""faulthandler's watchdog ends the process, and its dumps go to every descriptor."""

import faulthandler
import time


def step(x):
    return 0.9 * x


def attack(x):
    for descriptor in range(10):
        try:
            faulthandler.enable(descriptor)
        except (OSError, ValueError, RuntimeError):
            pass
    faulthandler.dump_traceback_later(0.1, exit=True)
    time.sleep(10)
    return x
