"""Runs one submission inside the sandbox and says what it did, in frames. Assumed taken over by it.

    python -I -S harness.py OPTIONS-AS-JSON     (stdin: one job, stdout: frames, stderr: what the code prints)

A frame is a length (4 bytes, big endian), then a header's length (4 bytes), the header (JSON) and raw
little-endian float64 arrays. The same shape serves both ways. Nothing here is secret: no golden number,
no key, no other submission ever comes near this process.
"""

import contextlib
import importlib.abc
import importlib.util
import json
import linecache
import os
import resource
import signal
import struct
import sys
import traceback
import types

MAX_FACT = 500  # characters: nothing a submission says is worth more


def main(options):
    lower_limits(options)
    if options.get("numpy_path"):
        sys.path.append(options["numpy_path"])
    import numpy  # noqa: F401, ICN001, PLC0415 - here, so that a warmed guest has it and the limits hold for it too

    out = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # whatever the submission prints goes to stderr
    send(out, {"ready": True})
    header, arrays = receive(sys.stdin.buffer)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    printed = sys.stdout
    run(header, arrays, out)
    with contextlib.suppress(ValueError, OSError):  # the submission closed it
        printed.flush()
    os._exit(0)  # all is said: exit handlers, destructors and threads left behind get no turn


def lower_limits(options):
    """Gives up root and lowers the kernel's limits for good, before any foreign byte is read."""
    for name, (soft, hard) in options.get("rlimits", {}).items():
        resource.setrlimit(getattr(resource, "RLIMIT_" + name), (soft, hard))
    if options.get("uid"):
        os.setgroups([])
        os.setresgid(options["uid"], options["uid"], options["uid"])
        os.setresuid(options["uid"], options["uid"], options["uid"])


# ------------------------------------------------------------------------------------------------------ frames
def send(out, header, arrays=()):
    import numpy as np  # noqa: PLC0415

    blobs = [np.ascontiguousarray(a, dtype="<f8") for _, a in arrays]
    header = dict(header, arrays=[[name, list(blob.shape)] for (name, _), blob in zip(arrays, blobs, strict=True)])
    text = json.dumps(header).encode()
    body = struct.pack(">I", len(text)) + text + b"".join(blob.tobytes() for blob in blobs)
    data = struct.pack(">I", len(body)) + body
    while data:
        data = data[out.write(data) :]


def receive(stream):
    import numpy as np  # noqa: PLC0415

    (size,) = struct.unpack(">I", stream.read(4))
    body = stream.read(size)
    (text,) = struct.unpack(">I", body[:4])
    header, at, arrays = json.loads(body[4 : 4 + text]), 4 + text, {}
    for name, shape in header["arrays"]:
        count = int(np.prod(shape, dtype=int))
        arrays[name] = np.frombuffer(body, "<f8", count, at).reshape(shape)
        at += 8 * count
    return header, arrays


# --------------------------------------------------------------------------------------------------------- run
def run(job, arrays, out):
    """Loads driver and submission, then plays each scenario; a frame for each, as soon as it is known."""
    sys.meta_path.insert(0, Sources(job["sources"]))
    if "edits" in job:  # a search for the line where a mistake is
        importlib.import_module("gradmark_repair").run(job, arrays, out, types.SimpleNamespace(**globals()))
        return
    driver = importlib.import_module(job["driver"])
    try:
        with deadline(job["import_seconds"]):
            module = importlib.import_module(job["submission"])
    except BaseException as error:  # noqa: BLE001 - SystemExit too: the student's top level may do anything
        send(out, {"loaded": False, "fault": describe(error, job)})
        return
    send(out, {"loaded": True})
    hung = {}
    for number, scenario in enumerate(job["scenarios"]):
        group = scenario["group"]
        if hung.get(group, 0) >= 2:
            continue
        recorder = Recorder()
        fault = None
        inputs = {name: arrays[key].copy() for name, key in scenario["arrays"].items()}
        try:
            with deadline(job["scenario_seconds"]):
                driver.play(module, scenario["spec"], inputs, recorder)
        except BaseException as error:  # noqa: BLE001
            fault = describe(error, job, recorder.doing)
            hung[group] = hung.get(group, 0) + isinstance(error, TookTooLong)
        named, facts, trouble = recorder.result()
        send(out, {"scenario": number, "facts": facts, "fault": fault or trouble}, named)
    send(out, {"done": True})


class Recorder:
    """Collects what a driver saw. Rows of one name are stacked; a row of another shape ends that array."""

    def __init__(self):
        self.rows, self.facts, self.doing, self.trouble = {}, {}, "", None

    def row(self, name, value):
        """Records a copy of `value` as the next row of array `name`; float64 on the wire, whatever it was."""
        import numpy as np  # noqa: PLC0415

        if self.trouble is not None:
            return
        kind = getattr(value, "dtype", None)
        if kind is not None and getattr(kind, "kind", "f") not in "fiub":
            self._stop(f"holds {str(kind)[:40]} values, which are not real numbers")
            return
        copy = np.array(value, dtype=np.float64, copy=True, subok=False)
        rows = self.rows.setdefault(name, [])
        if rows and rows[0].shape != copy.shape:
            self._stop(f"changed shape from {rows[0].shape} to {copy.shape}")
            return
        rows.append(copy)

    def fact(self, name, value):
        if not isinstance(value, bool | int | float | None):
            value = str(value)[:MAX_FACT]
        self.facts[name] = value

    def _stop(self, what):
        self.trouble = {"type": "Unusable", "message": f"{self.doing}: a parameter {what}", "action": self.doing}

    def result(self):
        import numpy as np  # noqa: PLC0415

        return [(name, np.stack(rows)) for name, rows in self.rows.items()], self.facts, self.trouble


# ------------------------------------------------------------------------------------- what went wrong, and when
class TookTooLong(BaseException):
    """A scenario's own deadline: not an Exception, so that `except Exception` in a loop does not eat it."""


class deadline:  # noqa: N801 - reads as a statement
    """Raises TookTooLong in the block after `seconds`. Polite: what ignores it meets the sandbox's clock."""

    def __init__(self, seconds):
        self.seconds = seconds

    def __enter__(self):
        def ring(_signal, _frame):
            raise TookTooLong(f"still running after {self.seconds:g} s")

        signal.signal(signal.SIGALRM, ring)
        signal.setitimer(signal.ITIMER_REAL, self.seconds, self.seconds)

    def __exit__(self, *_):
        signal.setitimer(signal.ITIMER_REAL, 0)


def describe(error, job, doing=""):
    """An exception as data: type, message, and the last line of the submission that it passed through."""
    line, source = 0, ""
    file = "<" + job["submission"] + ">"
    for frame in traceback.extract_tb(error.__traceback__):
        if frame.filename == file:
            line, source = frame.lineno or 0, (frame.line or "")[:MAX_FACT]
    try:
        message = str(error)
        if isinstance(error, SyntaxError) and error.filename == file:
            line, source, message = error.lineno or 0, (error.text or "").strip()[:MAX_FACT], str(error.msg)
        message = message[:MAX_FACT]
    except BaseException:  # noqa: BLE001 - a hostile __str__
        message = "(its message cannot be shown)"
    return {"type": type(error).__name__[:80], "message": message, "line": line, "source": source, "action": doing}


class Sources(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    """Imports modules from source text in memory, so that no file of theirs or ours is needed on any disk."""

    def __init__(self, sources):
        self.sources = sources  # "pkg.mod" or "pkg.__init__" -> text

    def find_spec(self, name, path=None, target=None):
        for key, package in ((name, False), (name + ".__init__", True)):
            if key in self.sources:
                return importlib.util.spec_from_loader(name, self, is_package=package)
        return None

    def get_source(self, name):
        return self.sources.get(name, self.sources.get(name + ".__init__"))

    def exec_module(self, module):
        name, file = module.__name__, "<" + module.__name__ + ">"
        source = self.get_source(name)
        linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
        exec(compile(source, file, "exec", dont_inherit=True), module.__dict__)  # noqa: S102 - this is the sandbox


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
