# expect: finished
# fault: none
# after: yes
"""NaN and infinity: recorded as they are; whoever compares must not be fooled by them."""

import numpy as np


def step(x):
    return 0.9 * x


def attack_nan(x):
    return np.full_like(x, np.nan)


def attack_infinity(x):
    return np.full_like(x, np.inf)


def attack_overflow(x):
    return x.astype(np.longdouble) * np.longdouble("1e4000")
