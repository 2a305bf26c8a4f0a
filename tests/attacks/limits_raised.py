# expect: finished
# after: yes
"""Gives itself more."""

import resource

breaches = []


def step(x):
    return 0.9 * x


def attack(x):
    for name in ("CPU", "FSIZE", "NOFILE", "CORE"):
        number = getattr(resource, "RLIMIT_" + name)
        soft, hard = resource.getrlimit(number)
        if hard == resource.RLIM_INFINITY:
            breaches.append(f"{name} is unlimited")
        try:
            resource.setrlimit(number, (hard + 1, hard + 1))
            breaches.append(f"{name} raised")
        except (ValueError, OSError):
            pass
    return x
