# expect: finished cpu time memory
"""An integer of four hundred million digits."""


def step(x):
    return 0.9 * x


def attack(x):
    return x * float(len(str(7 ** (5 * 10**8))))
