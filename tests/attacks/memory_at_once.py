# expect: finished
# fault: MemoryError _ArrayMemoryError
# after: yes
"""Eight terabytes in one array."""

import numpy as np


def step(x):
    return 0.9 * x


def attack(x):
    return x + np.ones(10**12).sum()
