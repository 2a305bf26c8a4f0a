"""Which system calls an undisturbed guest makes: traces real guests, without the filter, and holds them against the list.

    python tests/traced.py      needs strace and root; prints the calls that are not on the list, and those of it not seen

The guests play the experiments of the optimizers (the model solution, and a wrong sample with the search for its line),
and a wide program: most of the standard library, another interpreter, and what NumPy computes. For another Debian: debootstrap one
with python3-numpy and strace, and run this inside with `chroot`. `autograder/sandbox/calls.py` says where it was run.
"""

from __future__ import annotations

import platform
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from unittest.mock import patch

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402

from autograder.model import Scenario, Submission  # noqa: E402
from autograder.sandbox import process  # noqa: E402
from autograder.sandbox.calls import CALLS, NOT_THERE  # noqa: E402
from autograder.sandbox.process import ProcessSandbox  # noqa: E402
from autograder.wire import pack_job, read_run  # noqa: E402

DRIVER = "def play(module, spec, inputs, record):\n    record.fact('told', module.wide())\n"
WIDE = """
import abc, argparse, array, ast, base64, binascii, bisect, bz2, calendar, cmath, codecs, collections
import contextlib, copy, csv, dataclasses, datetime, decimal, difflib, dis, enum, faulthandler, fractions, functools, gc, getopt, gzip
import hashlib, heapq, hmac, html, inspect, io, itertools, json, linecache, locale, logging, lzma, math, mmap, numbers
import operator, os, pickle, pprint, queue, random, re, resource, sched, secrets, select, selectors, shlex, signal
import statistics, string, struct, sys, textwrap, threading, time, timeit, tokenize, traceback, typing, unicodedata
import unittest, uuid, warnings, weakref, xml.etree.ElementTree, zlib
import numpy as np


def wide():
    told = [os.getpid(), os.getppid(), os.getuid(), os.getcwd(), os.uname(), os.times(), os.cpu_count(), os.getgroups()]
    told += [os.geteuid(), os.getgid(), os.getegid()]
    told += [os.sysconf("SC_PAGESIZE"), os.sysconf("SC_PHYS_PAGES"), os.getresuid(), os.getresgid(), os.getpgrp()]
    told += [resource.getrlimit(resource.RLIMIT_AS), resource.getrusage(resource.RUSAGE_SELF), os.getsid(0)]
    told += [secrets.token_hex(4), uuid.uuid4(), random.random(), hashlib.sha256(b"x").hexdigest(), platform()]
    told += [time.time(), time.monotonic(), time.perf_counter(), time.process_time(), time.thread_time(), time.localtime()]
    told += [datetime.datetime.now(), time.clock_getres(time.CLOCK_MONOTONIC), sys.getsizeof(told), gc.collect()]
    time.sleep(0.001)
    locks()
    signals()
    interpreters()
    files()
    arrays()
    told.append(inspect.getsource(json.dumps))
    told.append(timeit.timeit("1 + 1", number=10))
    for packed in (zlib, bz2, lzma, gzip):
        assert packed.decompress(packed.compress(b"x" * 1000)) == b"x" * 1000
    logging.getLogger("x").warning("said")
    warnings.warn("said")
    print(pprint.pformat(told), file=sys.stderr, flush=True)
    try:
        recursive(0)
    except RecursionError:
        traceback.print_exc(limit=3)
    mapped = mmap.mmap(-1, 1 << 20)
    mapped[:4] = b"abcd"
    mapped.close()
    return len(told)


def platform():
    import platform as module
    return module.platform() + module.python_version()


def recursive(n):
    return recursive(n + 1)


def locks():
    lock, done, found = threading.Lock(), threading.Event(), queue.Queue()
    with lock:
        assert not lock.acquire(timeout=0.001)
    found.put(1)
    assert found.get() and not done.wait(0.001)
    plan = sched.scheduler()
    plan.enter(0.001, 1, lambda: None)
    plan.run()
    condition = threading.Condition()
    with condition:
        condition.wait(0.001)


def interpreters():
    try:
        import _interpreters as interpreters
    except ImportError:  # before Python 3.13
        import _xxsubinterpreters as interpreters
    other = interpreters.create()
    run = getattr(interpreters, "exec", None) or interpreters.run_string
    run(other, "import json, threading; json.loads('[1]')")
    interpreters.destroy(other)


def signals():
    seen = []
    before = signal.signal(signal.SIGUSR1, lambda *a: seen.append(1))
    signal.raise_signal(signal.SIGUSR1)
    signal.signal(signal.SIGUSR1, before)
    assert seen
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2])
    assert not signal.sigpending()
    signal.raise_signal(signal.SIGUSR2)
    signal.sigwait([signal.SIGUSR2])
    signal.alarm(100)
    signal.alarm(0)
    signal.getitimer(signal.ITIMER_REAL)
    signal.signal(signal.SIGALRM, lambda *a: None)
    signal.setitimer(signal.ITIMER_REAL, 0.01)
    signal.pause()
    faulthandler.enable(sys.stderr)


def files():
    name = json.__file__
    with open(name, "rb") as file:
        assert file.seek(0, 2) == file.tell()
        file.seek(0)
        file.read(100)
        os.pread(file.fileno(), 10, 5)
        os.readv(file.fileno(), [bytearray(8)])
        os.fstat(file.fileno())
        twin = os.dup(file.fileno())
        os.set_inheritable(twin, False)
        os.get_inheritable(twin)
        os.dup2(twin, 40)
        os.close(40)
        os.close(twin)
    os.stat(name), os.lstat(name), os.path.exists("/nowhere"), os.path.realpath(name), os.readlink("/proc/self/exe"), os.access(name, os.R_OK)
    os.listdir(os.path.dirname(name)), list(os.scandir(os.path.dirname(name)))
    select.select([], [], [], 0.001)
    select.poll().poll(1)
    one, other = os.pipe()
    os.write(other, b"x")
    os.writev(other, [b"y", b"z"])
    os.sched_yield()
    os.read(one, 1)
    os.close(one), os.close(other)
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        stream.isatty()
    try:
        os.get_terminal_size()
    except OSError:
        pass
    linecache.getlines(name)


def arrays():
    draw = np.random.default_rng(1)
    for size in (10, 300, 700):
        a = draw.normal(size=(size, size))
        (a @ a.T), np.linalg.solve(a, a), np.linalg.svd(a[:50, :50]), np.fft.fft2(a), np.linalg.eigh(a[:50, :50])
        np.sort(a), np.cumsum(a), np.einsum("ij,jk", a[:40, :40], a[:40, :40]), np.median(a)
    grown = np.zeros(10)
    for n in range(10):
        grown.resize(10 * 4**n, refcheck=False)
    np.random.seed(1), np.random.rand(10), np.ma.masked_array([1, 2], [0, 1]).mean(), np.polyfit([1, 2, 3], [1, 2, 3], 1)
    kept = io.BytesIO()
    np.savez(kept, a=grown)
    kept.seek(0)
    np.load(kept)["a"]
    np.array2string(grown[:5]), np.testing.assert_allclose(1, 1), np.loadtxt(io.StringIO("1 2"))
    big = [bytearray(1 << 22) for _ in range(8)]
    big[0].extend(bytes(1 << 24))
"""


# ------------------------------------------------------------------------------------------------------ what is traced
def play() -> None:
    """Run guests without the filter: what it would refuse would change what they do next."""
    from autograder.assignment import load
    from autograder.pipeline import grade

    optimizers = load("optimizers")
    scenario = Scenario("wide", "wide", "", {}, {"x": np.ones(1)}, ())
    told = {"driver": "driver", "submission": "submission", "import_seconds": 30.0, "scenario_seconds": 30.0}
    job = pack_job([scenario], sources={"driver": DRIVER, "submission": WIDE}, **told)
    with patch.object(process, "filter_program", lambda: b""), ProcessSandbox() as sandbox:
        for file in (optimizers.model_solution, optimizers.samples["Adam without bias correction"]):
            submission = Submission(str(file), {optimizers.main: file.read_bytes()}, "0")
            print(f"{file.name}: {grade(submission, optimizers, sandbox, 1).score:g} points")
        run = sandbox.run(job)
    conduct, seen = read_run(run, [scenario])
    if "wide" not in seen or seen["wide"].fault:
        raise SystemExit(f"the wide program did not end: {conduct} {seen} {run.log[-2000:]!r}")


CALL = re.compile(r"^(?:<\.\.\. )?(\w+)(?:\(| resumed)")


def calls(folder: Path) -> set[str]:
    """The calls of every guest after it was confined: all of it, for it makes no process or thread."""
    logs = [_after(path.read_text(errors="replace").splitlines()) for path in folder.glob("calls.*")]
    if not any(logs):
        raise SystemExit("no guest was traced")
    return {match[1] for lines in logs for line in lines if (match := CALL.match(line))}


def _after(lines: list[str]) -> list[str]:
    """The code after the last step of our own confinement, which is Landlock's where there is no filter."""
    steps = ("prctl(PR_SET_NO_NEW_PRIVS", "landlock_restrict_self")
    marks = [n for n, line in enumerate(lines) if line.startswith(steps)]
    return lines[marks[-1] + 1 :] if marks else []


def traced(folder: Path) -> set[str]:
    """Play under strace, whose files go into the folder; return the names of the calls."""
    trace = ["strace", "-ff", "-qq", "-e", "signal=none", "-o", str(folder / "calls")]
    subprocess.run([*trace, sys.executable, __file__, "play"], check=True)
    return calls(folder)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        seen = traced(Path(folder))
    listed = {call.name for call in CALLS}
    name = platform.freedesktop_os_release()["PRETTY_NAME"]
    print(
        f"{name}, {platform.libc_ver()[1]}, Python {platform.python_version()}, NumPy {np.__version__}: {len(seen)} calls"
    )
    print("seen:", *sorted(seen))
    print("not on the list:", *sorted(seen - listed - set(NOT_THERE)))
    print("on the list, not seen:", *sorted(listed - seen))


if __name__ == "__main__":
    play() if sys.argv[1:] else main()
