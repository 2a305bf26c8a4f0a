# expect: finished
# expect(docker): memory finished
# fault: MemoryError TookTooLong
"""Asks for more and more memory, and uses it."""

breaches = []


def step(x):
    return 0.9 * x


def attack(x):
    kept = []
    while True:
        kept.append(bytearray(2**24))
        if len(kept) == 40:
            breaches.append("640 MB")
