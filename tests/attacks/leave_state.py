# expect: finished
"""Poisons its own process in the hope that the next one is served by it."""

import builtins
import sys

import numpy as np

breaches = []


def step(x):
    return 0.9 * x


def attack(x):
    builtins.gradmark_left = True
    np.gradmark_left = True
    sys.modules["gradmark_left"] = np
    return x


def look(x):
    if hasattr(builtins, "gradmark_left") or hasattr(np, "gradmark_left") or "gradmark_left" in sys.modules:
        breaches.append("the same process")
    return x
