# expect: cpu time
"""Catches the polite interruption, as a bare except does."""


def step(x):
    return 0.9 * x


def attack(x):
    while True:
        try:
            while True:
                pass
        except BaseException:
            pass
