"""A worker that is asked to stop does, whatever its main thread was doing when the signal came."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from conftest import require

HURRY = 30  # seconds in which a process that was asked to stop has ended

INTERRUPTED = """
import os, signal, sys
from autograder.service.stopping import on_signals

def waits(stop):
    while not stop.wait(0.001):
        pass

def sets(stop):
    stop.set()

for number in range(1, 100):
    stop, seen = on_signals(), 0

    def moment(frame, event, argument):
        global seen
        seen += event in ("call", "return")
        if seen == number:
            sys.setprofile(None)
            os.kill(os.getpid(), signal.SIGTERM)

    try:
        sys.setprofile(moment)
        ACT(stop)
        sys.setprofile(None)
    except SystemExit:  # what a second request does
        pass
    assert stop.wait()
"""

WORST = """
import os, signal, sys, threading
from autograder.cli import main

def moment(frame, event, argument):
    "The main thread holds the lock of an event that it begins to wait for."
    if event == "call" and frame.f_code is threading.Condition.wait.__code__:
        while frame := frame.f_back:
            if frame.f_code.co_name == "_first_beat":
                sys.setprofile(None)
                os.kill(os.getpid(), signal.SIGTERM)
                return

sys.setprofile(moment)
sys.argv = ["gradmark", "worker", "--sandbox", "landlock"]
main()
"""


def run(program: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a program that ends by itself; a TimeoutExpired if it hangs, as a deadlock does."""
    return subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=HURRY,
        check=False,
    )


@pytest.mark.parametrize("act", ["waits", "sets"])
def test_a_signal_may_interrupt_each_moment_of_it(act):
    """Every call and every return of a function, one after the other."""
    done = run(INTERRUPTED.replace("ACT", act))
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_a_worker_ends_though_the_signal_comes_as_it_begins_to_wait(tmp_path):
    require("landlock")
    done = run(WORST, GRADMARK_DATA=str(tmp_path), GRADMARK_LOG_FORMAT="text")
    assert "waiting for `gradmark serve`" in done.stderr
    assert done.returncode == 0, done.stderr
