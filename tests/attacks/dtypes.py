# expect: finished
# fault: Unusable
# after: yes
"""Arrays that hold no real numbers."""

import numpy as np


def step(x):
    return 0.9 * x


def attack_object(x):
    return x.astype(object)


def attack_complex(x):
    return x + 1j


def attack_string(x):
    return x.astype(str)


def attack_void(x):
    return np.zeros(x.shape, "V8")


def attack_date(x):
    return np.zeros(x.shape, "M8[s]")
