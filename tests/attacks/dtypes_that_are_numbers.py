# expect: finished
# fault: none
# after: yes
"""Unusual, but real: converted."""

import numpy as np


def step(x):
    return 0.9 * x


def attack_half(x):
    return x.astype(np.float16)


def attack_long(x):
    return x.astype(np.longdouble)


def attack_integer(x):
    return x.astype(np.int8)


def attack_boolean(x):
    return x.astype(bool)
