# expect: finished
"""Leaves files for whoever comes next; `look` is that one."""

import os

breaches = []
FOLDERS = (
    "/tmp",
    "/var/tmp",
    "/dev/shm",
    "/dev/mqueue",
    "/run",
    "/run/lock",
    ".",
    os.path.dirname(os.__file__),
)


def step(x):
    return 0.9 * x


def attack(x):
    for folder in FOLDERS:
        try:
            with open(f"{folder}/gradmark-left", "w") as file:
                file.write("left")
            os.symlink("/etc/shadow", f"{folder}/gradmark-link")
            os.mkdir(f"{folder}/gradmark-folder")
            os.symlink("/etc", f"{folder}/gradmark-folder/etc")
        except OSError:
            pass
    return x


def look(x):
    breaches.extend(folder for folder in FOLDERS if os.path.lexists(f"{folder}/gradmark-left"))
    return x
