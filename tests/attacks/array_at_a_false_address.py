# expect: crashed
# detail: SIGSEGV
"""Claims that its numbers lie at address eight."""


class Interface:
    __array_interface__ = {"shape": (2,), "typestr": "<f8", "version": 3, "data": (8, False)}


def step(x):
    return 0.9 * x


def attack(x):
    return Interface()
