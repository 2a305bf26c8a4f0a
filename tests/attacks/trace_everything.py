# expect: finished time cpu exited
"""A trace function that looks into the harness's frames and raises there."""

import sys

seen = []


def tracer(frame, event, argument):
    seen.append((frame.f_code.co_name, dict(frame.f_locals)))
    if frame.f_code.co_name == "send":
        raise SystemExit(0)
    return tracer


def step(x):
    return 0.9 * x


def attack(x):
    sys.settrace(tracer)
    return x
