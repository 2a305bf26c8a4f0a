# expect: finished
# after: yes
"""Changes the host's files, its own interpreter included."""

import os
import sys

breaches = []


def step(x):
    return 0.9 * x


def attack(x):
    own = [
        sys.executable,
        os.__file__,
        sys.modules["numpy"].__file__,
        os.path.dirname(os.__file__) + "/sitecustomize.py",
    ]
    for path in [*own, *told["writable"], "/etc/passwd", "/autograder/results/results.json"]:
        for change in (
            append,
            os.unlink,
            lambda p: os.chmod(p, 0o777),
            lambda p: os.utime(p, (1, 1)),
            relink,
        ):
            try:
                change(path)
                breaches.append(f"{path} by {change.__name__}")
            except OSError:
                pass
    return x


def append(path):
    with open(path, "ab") as file:
        file.write(b"x")


def relink(path):
    os.rename(path, path + ".away")
