"""Attacks that AdamW's first step makes: what each does, and what its author is told."""

from __future__ import annotations

from autograder.assignment import load

SOLUTION = load("optimizers").model_solution.read_text()
ATTACKS = {  # what AdamW's first step does, and what its author is told; everything before it must be kept
    "endless loop": ("while True: pass", None),
    "swallowed loop": ("while True:\n    try:\n        while True: pass\n    except BaseException: pass", None),
    "ignored alarms": (
        "import signal; signal.signal(signal.SIGALRM, signal.SIG_IGN); signal.signal(signal.SIGPROF, signal.SIG_IGN)\nwhile True: pass",
        "computing time",
    ),
    "sleep": ("import time; time.sleep(1e6)", None),
    "early exit": ("import os; os._exit(0)", "ended Python before"),
    "system exit": ("raise SystemExit(0)", None),
    "segfault": ("import ctypes; ctypes.string_at(0)", "brought Python down"),
    "memory": ("x = [bytearray(2**26) for _ in range(100)]", None),
    "flood": ("import os\nwhile True: os.write(2, b'x' * 65536)", "more output"),
    "garbage in the channel": (
        "import os\nfor fd in range(3, 20):\n    try: os.write(fd, b'\\xff' * 100)\n    except OSError: pass",
        "channel",
    ),
    "stopped": ("import signal; signal.raise_signal(signal.SIGSTOP)", "time"),
}


def attacked(code):
    """The model solution, whose AdamW attacks in its first step."""
    body = "\n".join("        " + line for line in code.splitlines())
    head, tail = SOLUTION.split("class AdamW(Optimizer):")
    step = tail.index('        """Takes the step')
    return f"{head}class AdamW(Optimizer):{tail[:step]}{body}\n{tail[step:]}"
