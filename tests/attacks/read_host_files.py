# expect: finished
# after: yes
"""Searches the host's files: the canary's path is told, as if it had been guessed."""

import glob
import os

breaches = []


def step(x):
    return 0.9 * x


def attack(x):
    for path in told["secrets"]:
        try:
            with open(path, "rb") as file:
                breaches.append(f"{path}: {file.read(60)!r}")
        except OSError:
            pass
    for path in told["folders"]:
        try:
            breaches.append(f"{path}: {os.listdir(path)[:3]}")
        except OSError:
            pass
    for pattern in ("/**/optimizers.py", "/root/*", "/home/*/*", "/autograder/*"):
        breaches.extend(f"found {path}" for path in glob.glob(pattern)[:3])
    return x
