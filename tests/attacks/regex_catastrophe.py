# expect: finished cpu time
"""A pattern that takes 2**40 steps."""

import re


def step(x):
    return 0.9 * x


def attack(x):
    return x if re.match("(a+)+$", "a" * 40 + "b") else x
