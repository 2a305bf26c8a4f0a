# expect: finished
# after: yes
"""Every way to another uid."""

import os

breaches = []


def step(x):
    return 0.9 * x


def attack(x):
    uid = os.getuid()
    if uid == 0:
        breaches.append("root from the start")
    for name, call in {
        "setuid": lambda: os.setuid(0),
        "setresuid": lambda: os.setresuid(0, 0, 0),
        "setgid": lambda: os.setgid(0),
        "setgroups": lambda: os.setgroups([0]),
        "chroot": lambda: os.chroot("/tmp"),
    }.items():
        try:
            call()
            breaches.append(name)
        except OSError:
            pass
    return x
