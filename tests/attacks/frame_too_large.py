# expect: protocol output
"""An honest frame of a dishonest size, through the driver's own recorder."""

import sys

import numpy as np


def step(x):
    return 0.9 * x


def attack(x):
    sys._getframe(1).f_locals["recorder"].rows["x"] = [np.zeros(2**19)]
    return np.zeros(2**19)
