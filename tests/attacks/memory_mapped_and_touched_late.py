# expect: finished
# expect(docker): memory finished
# fault: OSError MemoryError TookTooLong
"""Maps much, which costs nothing, and touches it page by page."""

import mmap

breaches = []


def step(x):
    return 0.9 * x


def attack(x):
    area = mmap.mmap(-1, 2**30)
    for at in range(0, 2**30, 4096):
        area[at] = 1
        if at == 600 * 2**20:
            breaches.append("600 MB")
    return x
