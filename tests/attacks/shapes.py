# expect: finished
"""Shapes that broadcast to the right one."""

import numpy as np


def step(x):
    return 0.9 * x


def attack_scalar(x):
    return 0.0


def attack_column(x):
    return np.zeros((2, 1))


def attack_empty(x):
    return np.zeros(0)


def attack_none(x):
    return None


def attack_ragged(x):
    return [[1.0], [1.0, 2.0]]
