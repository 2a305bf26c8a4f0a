# expect: finished
# after: yes
"""Looks through its own memory for what others left there."""

import gc
import re

breaches = []


def step(x):
    return 0.9 * x


def attack(x):
    for thing in gc.get_objects():
        if isinstance(thing, (list, tuple, dict)):
            for inner in thing.values() if isinstance(thing, dict) else thing:
                if isinstance(inner, (str, bytes)) and type(inner) in (str, bytes):
                    text = inner if isinstance(inner, str) else inner.decode("latin-1")
                    breaches.extend(re.findall("CANARY-[0-9a-f]{32}", text))
    return [*x] and x
