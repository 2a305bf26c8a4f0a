# expect: output
"""Prints without end."""


def step(x):
    return 0.9 * x


def attack(x):
    while True:
        print("x" * 10**5)
