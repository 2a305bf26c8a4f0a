# expect: finished
"""Walks the stack and the heap for something to compare with."""

import gc
import inspect
import sys

breaches = []
WORDS = ("golden", "expected", "reference", "misconception", "answer_key")


def step(x):
    return 0.9 * x


def attack(x):
    frame = sys._getframe()
    while frame is not None:
        for name in {**frame.f_locals, **frame.f_globals}:
            note(name)
        frame = frame.f_back
    for thing in gc.get_objects():
        if isinstance(thing, dict):
            for name in list(thing):
                if isinstance(name, str) and name.startswith(WORDS):
                    note(name)
    for name in (
        "autograder",
        "autograder.reference",
        "reference",
        "assignments",
        "gradmark",
        "torch",
        "optax",
    ):
        try:
            __import__(name)
            breaches.append(f"imported {name}")
        except ImportError:
            pass
    source = inspect.getsource(sys.modules["__main__"]) if hasattr(sys.modules["__main__"], "__file__") else ""
    if "CANARY-" in source:
        breaches.append("the harness holds a secret")
    return x


def note(name):
    if name in WORDS:
        breaches.append(name)
