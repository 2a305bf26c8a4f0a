# expect: exited
# expect(docker): crashed exited
"""Ends with the status by which docker-init tells of SIGKILL: whom that fools has still lost the rest."""

import os


def step(x):
    return 0.9 * x


def attack(x):
    os._exit(137)
