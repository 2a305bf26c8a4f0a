# expect: finished
# expect(docker): finished memory crashed
"""Fills every folder that takes files."""

import os

breaches = []
FOLDERS = ("/tmp", "/var/tmp", "/dev/shm", "/run", "/", "/root", "/home")


def step(x):
    return 0.9 * x


def attack(x):
    written = 0
    for folder in FOLDERS:
        for number in range(100):
            try:
                with open(f"{folder}/bomb-{os.getpid()}-{number}", "wb") as file:
                    for _ in range(64):
                        written += file.write(b"x" * 2**20)
            except OSError:
                pass
    if written > 20 * 2**20:
        breaches.append(f"wrote {written} bytes")
    return x
