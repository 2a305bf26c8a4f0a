# expect: finished exited
"""An exception that cannot even be described."""


class Meta(type):
    @property
    def __name__(cls):
        raise SystemExit(0)


class Evil(Exception, metaclass=Meta):
    def __str__(self):
        raise SystemExit(0)


def step(x):
    return 0.9 * x


def attack(x):
    raise Evil
