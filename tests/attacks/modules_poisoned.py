# expect: finished exited protocol
"""Import hooks and false modules, for whatever is imported after it."""

import sys


class Hook:
    def find_spec(self, *args):
        raise SystemExit(0)


class Anything:
    def __getattr__(self, name):
        return self

    def __call__(self, *args, **kwargs):
        return self


def step(x):
    return 0.9 * x


def attack(x):
    sys.meta_path.insert(0, Hook())
    for name in ("numpy", "json", "struct", "driver", "signal"):
        sys.modules[name] = Anything()
    return x
