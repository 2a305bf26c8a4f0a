# expect: finished
"""Things that claim to be whatever they are compared with."""

import numpy as np


class Equal:
    dtype = np.dtype(float)

    def __eq__(self, other):
        return True

    def __array__(self, dtype=None, copy=None):
        return np.zeros(2)


class Agreeing(np.ndarray):
    def __eq__(self, other):
        return True

    def __array_ufunc__(self, *args, **kwargs):
        return True

    def __array_function__(self, *args, **kwargs):
        return True

    def copy(self, *args):
        return self


class Raising:
    def __getattribute__(self, name):
        raise SystemExit(0)


class Endless:
    def __len__(self):
        return 2**62

    def __getitem__(self, index):
        return 0.0


class Interface:
    __array_interface__ = {"shape": (2,), "typestr": "<f8", "version": 3, "data": (8, False)}


def step(x):
    return 0.9 * x


def attack_equal(x):
    return Equal()


def attack_agreeing(x):
    return x.view(Agreeing)


def attack_raising(x):
    return Raising()


def attack_endless(x):
    return Endless()
