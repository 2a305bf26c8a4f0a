# expect: finished protocol time
"""Two processes play the rest: each scenario is answered twice."""

import os


def step(x):
    return 0.9 * x


def attack(x):
    os.fork()
    return x
