# expect: finished
"""A million empty files."""

import os

breaches = []


def step(x):
    return 0.9 * x


def attack(x):
    for folder in ("/tmp", "/var/tmp", "/dev/shm", ".", "/"):
        made = 0
        try:
            while made < 20_000:
                os.close(os.open(f"{folder}/inode-{os.getpid()}-{made}", os.O_CREAT | os.O_WRONLY))
                made += 1
        except OSError:
            continue
        breaches.append(f"{made} files in {folder}")
    return x
