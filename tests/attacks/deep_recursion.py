# expect: crashed finished memory cpu
"""Recursion without a floor, through C frames."""

import sys


class Nested:
    def __repr__(self):
        return repr([self])

    def __getattr__(self, name):
        return getattr(self, name + "x")


def step(x):
    return 0.9 * x


def attack(x):
    sys.setrecursionlimit(10**9)
    repr(Nested())
    return x
