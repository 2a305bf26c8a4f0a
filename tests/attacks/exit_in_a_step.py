# expect: finished
# fault: SystemExit KeyboardInterrupt GeneratorExit
# after: yes
"""Exceptions that are no Exception."""

import sys


def step(x):
    return 0.9 * x


def attack_exit(x):
    sys.exit(0)


def attack_interrupt(x):
    raise KeyboardInterrupt


def attack_generator(x):
    raise GeneratorExit
