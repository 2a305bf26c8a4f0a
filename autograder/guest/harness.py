"""Runs one submission inside the sandbox and says what it did, in frames. Assumed taken over by it.

    python -P -s -S harness.py OPTIONS-AS-JSON     (stdin: one job, stdout: frames, stderr: what the code prints)

A frame is a length (4 bytes, big endian), then a header's length (4 bytes), the header (JSON) and raw
little-endian float64 arrays. The same shape serves both ways. A job is one frame with the sources, then one for each
scenario: the next comes when the last was answered. Nothing here is secret: no golden number, no key, no other
submission ever comes near this process.
"""

import base64
import contextlib
import errno
import functools
import importlib.abc
import importlib.util
import io
import json
import linecache
import marshal
import os
import signal
import struct
import sys
import types

MAX_FACT = 500  # characters: nothing a submission says is worth more
MAX_FRAMES = 100_000  # of a traceback that are looked at: a hundred times Python's own limit of recursion
PATIENCE = 5  # times its computing time is what a scenario may take in all
KINDS = {"b": "boolean", "i": "integer", "u": "integer"}  # of arrays that hold no decimal numbers


def main(options):
    """Be the guest of a container, which is confined from outside."""
    sys.path.append(options["numpy_path"])
    import numpy  # noqa: F401, ICN001, PLC0415 - here, so that a warmed guest has it

    serve()


def serve():
    """Run the one job that comes, and end. The process is confined, or in a container."""
    inputs, out = os.dup(0), os.dup(1)
    os.dup2(2, 1)  # whatever the submission prints goes to stderr
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    sys.addaudithook(Refusals.note)
    one_thread().__enter__()
    send(out, {"ready": True})
    job, arrays = receive(inputs) or os._exit(1)
    printed = sys.stdout
    if "searched" in job:
        search(job, arrays, inputs, out)
    else:
        run(job, inputs, out)
    with contextlib.suppress(ValueError, OSError):  # the submission closed it
        printed.flush()
    os._exit(0)  # all is said: exit handlers, destructors and threads left behind get no turn


# ------------------------------------------------------------------------------------------------------ frames
def send(out, header, arrays=()):
    data = frame(header, arrays)
    while data:
        data = data[os.write(out, data) :]


def frame(header, arrays=()):
    import numpy as np  # noqa: PLC0415

    blobs = [np.ascontiguousarray(a, dtype="<f8") for _, a in arrays]
    header = dict(header, arrays=[[name, list(blob.shape)] for (name, _), blob in zip(arrays, blobs, strict=True)])
    header["kinds"] = {name: KINDS[a.dtype.kind] for name, a in arrays if a.dtype.kind in KINDS}
    text = json.dumps(header).encode()
    body = struct.pack(">I", len(text)) + text + b"".join(blob.tobytes() for blob in blobs)
    return struct.pack(">I", len(body)) + body


def receive(inputs):
    """The next frame; None where no more will come."""
    import numpy as np  # noqa: PLC0415

    head = os.read(inputs, 4)
    if not head:
        return None
    (size,) = struct.unpack(">I", head + read(inputs, 4 - len(head)))
    body = read(inputs, size)
    (text,) = struct.unpack(">I", body[:4])
    header, at, arrays = json.loads(body[4 : 4 + text]), 4 + text, {}
    for name, shape in header["arrays"]:
        count = int(np.prod(shape, dtype=int))
        arrays[name] = np.frombuffer(body, "<f8", count, at).reshape(shape)
        at += 8 * count
    return header, arrays


def read(inputs, size):
    pieces = []
    while size:
        pieces.append(os.read(inputs, size))
        if not pieces[-1]:
            os._exit(1)  # the grader is gone
        size -= len(pieces[-1])
    return b"".join(pieces)


# --------------------------------------------------------------------------------------------------------- run
def run(job, inputs, out):
    """Loads driver and submission, then plays each scenario; a frame for each, as soon as it is known."""
    finder = Sources(job["sources"], job["compiled"])
    sys.meta_path.insert(0, finder)
    try:
        with deadline(job["import_seconds"]):
            driver = importlib.import_module(job["driver"])
            loading = importlib.import_module("gradmark_loading")
            module, left_out = loading.load(job["submission"], finder, Refusals.sentence)
            kept = loading.Kept(module)
    except BaseException as error:  # noqa: BLE001 - SystemExit too: the student's top level may do anything
        send(out, {"loaded": False, "fault": describe(error, job)})
        return
    send(out, {"loaded": True, "left_out": left_out})
    hung = {}
    for number in range(job["scenarios"]):
        scenario, arrays = receive(inputs) or os._exit(1)  # the grader is gone
        group = scenario["group"]
        if hung.get(group, 0) >= 2:
            send(out, {"skipped": number})
            continue
        recorder = Recorder(kept.restore)
        fault = None
        arrays = {name: array.copy() for name, array in arrays.items()}
        try:
            with deadline(job["scenario_seconds"]):
                recorder.afresh()
                driver.play(module, scenario["spec"], arrays, recorder)
        except BaseException as error:  # noqa: BLE001
            fault = describe(error, job, recorder.doing)
            hung[group] = hung.get(group, 0) + isinstance(error, TookTooLong)
        named, facts, trouble = recorder.result()
        send(out, {"scenario": number, "facts": facts, "fault": fault or trouble}, named)
    send(out, {"done": True})


def search(job, arrays, inputs, out):
    """A job of another kind: where in the submission a mistake is (repair.py, which comes with the job)."""
    finder = Sources(job["sources"], job["compiled"])
    sys.meta_path.insert(0, finder)
    repair = importlib.import_module("gradmark_repair")
    for data in repair.run(job, arrays, inputs, types.SimpleNamespace(**globals()), finder):
        while data:
            data = data[os.write(out, data) :]


class Recorder:
    """Collects what a driver saw. Rows of one name are stacked; a row of another shape ends that array.

    `afresh()` makes the submission as it was when it was loaded: for another run in the same experiment. `what` is what
    a row is called in a sentence to the student. A driver that misspells an attribute is told.
    """

    __slots__ = ("afresh", "doing", "facts", "rows", "trouble", "what")

    def __init__(self, afresh=lambda: None):
        self.afresh = afresh
        self.rows, self.facts, self.doing, self.trouble = {}, {}, "", None
        self.what = "your result"

    def row(self, name, value):
        """Records a copy of `value` as the next row of array `name`; whole numbers and truth values stay such."""
        if self.trouble is not None:
            return
        copy = self._copied(value)
        if copy is None:
            return
        rows = self.rows.setdefault(name, [])
        if rows and rows[0].shape != copy.shape:
            self._stop(f"changed shape from {rows[0].shape} to {copy.shape}")
            return
        rows.append(copy)

    def _copied(self, value):
        """A copy as float64, int64 or bool; None, and `trouble`, for what holds no numbers."""
        import numpy as np  # noqa: PLC0415

        kind = getattr(value, "dtype", None)
        if value is None:
            self._stop("is None: something is not returned")
        elif kind is not None and getattr(kind, "kind", "f") not in "fiub":
            self._stop(f"holds {str(kind)[:40]} values, which are not real numbers")
        else:
            try:
                if getattr(kind, "char", "") in ("f", "d"):  # what nearly all rows are, in one go
                    return np.array(value, dtype=np.float64, copy=True, subok=False)
                copy = np.array(value, copy=True, subok=False)
                if copy.dtype.kind in KINDS:
                    return copy
                if copy.dtype.kind in ("f", "O"):  # whole numbers of any length are objects
                    return copy.astype(np.float64)
            except (TypeError, ValueError):
                pass
            self._stop(f"is a {type(value).__name__[:80]}, which is not an array of numbers")
        return None

    def fact(self, name, value):
        import numpy as np  # noqa: PLC0415

        if isinstance(value, np.generic | np.ndarray) and not value.ndim:
            value = value.item()
        if not isinstance(value, bool | int | float | None):
            value = str(value)[:MAX_FACT]
        self.facts[name] = value

    def _stop(self, what):
        self.trouble = {"type": "Unusable", "message": f"{self.doing}: {self.what} {what}", "action": self.doing}

    def result(self):
        import numpy as np  # noqa: PLC0415

        return [(name, np.stack(rows)) for name, rows in self.rows.items()], self.facts, self.trouble


# ------------------------------------------------------------------------------------- what went wrong, and when
class TookTooLong(BaseException):
    """A scenario's own deadline: not an Exception, so that `except Exception` in a loop does not eat it."""


class deadline:  # noqa: N801 - reads as a statement
    """Raises TookTooLong in the block after `seconds` of computing, or five times as long of anything: sleeping, say.

    The computing is this process's own, so that a busy machine takes nothing from it. Polite: what ignores it meets the
    sandbox's limits.
    """

    def __init__(self, seconds):
        self.seconds = seconds

    def __enter__(self):
        def ring(number, _frame):
            by_the_clock = number == signal.SIGALRM
            seconds = f"{PATIENCE * self.seconds:g} s" if by_the_clock else f"{self.seconds:g} s of computing"
            raise TookTooLong(f"still running after {seconds}")

        for name, timer, factor in self.clocks():
            signal.signal(name, ring)
            signal.setitimer(timer, factor * self.seconds, factor * self.seconds)

    def __exit__(self, *_):
        for _, timer, _ in self.clocks():
            signal.setitimer(timer, 0)

    @staticmethod
    def clocks():
        """Signal, timer, and how many times the seconds it runs; asked here, for Windows has none of them."""
        return (signal.SIGPROF, signal.ITIMER_PROF, 1), (signal.SIGALRM, signal.ITIMER_REAL, PATIENCE)


def describe(error, job, doing=""):
    """An exception as data: type, message, and the last line of the submission that it passed through.

    `origin` and `origin_line` say where its innermost frame is among the modules that the guest was given.
    """
    refusal = Refusals.sentence(error)
    line, source, origin, origin_line = 0, "", "", 0
    file = "<" + job["submission"] + ">"
    given = {file, *("<" + name.removesuffix(".__init__") + ">" for name in job.get("sources", ()))}
    for name, number in places(error):
        if name == file:
            line = number
        if name in given:
            origin, origin_line = name[1:-1], number
    source = linecache.getline(file, line).strip()[:MAX_FACT] if line else ""
    if isinstance(error, SyntaxError) and error.filename in given:
        origin, origin_line = error.filename[1:-1], error.lineno or 0
    try:
        message = str(error)
        if isinstance(error, SyntaxError) and error.filename == file:
            line, source, message = error.lineno or 0, (error.text or "").strip()[:MAX_FACT], str(error.msg)
        message = (refusal or message)[:MAX_FACT]
    except BaseException:  # noqa: BLE001 - a hostile __str__
        message = "(its message cannot be shown)"
    return {
        "type": type(error).__name__[:80],
        "message": message,
        "line": line,
        "source": source,
        "action": doing,
        "origin": origin,
        "origin_line": origin_line,
    }


def places(error):
    """File and line of each frame that an exception passed through, the outermost first; of very many, not all."""
    step = error.__traceback__
    for _ in range(MAX_FRAMES):
        if step is None:
            break
        yield step.tb_frame.f_code.co_filename, step.tb_lineno or 0
        step = step.tb_next


class one_thread:  # noqa: N801 - reads as a statement
    """Lets the thread that is in the block start no other one: what several do differs from run to run.

    The same in every sandbox and at home, by whatever module of Python it is started. What goes round Python is
    refused by the sandbox's filter of system calls.
    """

    STARTERS = ("start_new_thread", "start_new", "start_joinable_thread", "_start_new_thread", "_start_joinable_thread")

    def __enter__(self):
        import _thread  # noqa: PLC0415
        import threading  # noqa: PLC0415

        ours = _thread.get_ident()

        def refusing(begin):
            def start(*arguments, **named):
                if _thread.get_ident() == ours:
                    raise RuntimeError("your code tried to start a thread; the grader runs one only")
                return begin(*arguments, **named)

            return start

        found = [(module, name) for module in (_thread, threading) for name in self.STARTERS if hasattr(module, name)]
        self.begun = [(module, name, getattr(module, name)) for module, name in found]
        for module, name, begin in self.begun:
            setattr(module, name, refusing(begin))

    def __exit__(self, *_):
        for module, name, begin in self.begun:
            setattr(module, name, begin)


class Refusals:
    """Remembers in words what the sandbox refused: the audit event before the kernel's refusal tells what was tried."""

    NETWORK = "open a network connection; the grader has none"
    WORDS = (
        (("socket.",), NETWORK),
        (
            ("os.fork", "os.posix_spawn", "os.exec", "os.system", "subprocess."),
            "start a program; the grader runs only yours",
        ),
        (
            ("os.kill", "signal.pthread_kill", "resource."),
            "signal a process or change its limits; the grader allows neither",
        ),
        (("open",), "open a file that the grader does not share"),
        (("os.",), "change something outside your program; the grader allows nothing of it"),
    )
    tried = ""

    @classmethod
    def note(cls, event, _arguments):
        cls.tried = cls.words(event) or cls.tried

    @classmethod
    @functools.lru_cache(maxsize=256)  # some events come with every module and every line
    def words(cls, event):
        """Return what is tried in such an event, or ""."""
        return next((words for starts, words in cls.WORDS if event.startswith(starts)), "")

    @classmethod
    def sentence(cls, error):
        """Return what was tried, if that is why `error` was raised, or ""."""
        refused = isinstance(error, OSError) and (
            cls.tried == cls.NETWORK or error.errno in (errno.EPERM, errno.EACCES)
        )
        return f"your code tried to {cls.tried}" if refused and cls.tried else ""


class Sources(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    """Imports modules from source text in memory, so that no file of theirs or ours is needed on any disk."""

    def __init__(self, sources, compiled=None):
        self.sources = sources  # "pkg.mod" or "pkg.__init__" -> text
        fits = compiled and compiled["magic"] == importlib.util.MAGIC_NUMBER.hex()  # made by the same Python
        self.code = compiled["code"] if fits else {}

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
        linecache.cache[file] = (len(source), None, io.StringIO(source).readlines(), file)
        if name in self.code:
            code = marshal.loads(base64.b64decode(self.code[name]))  # noqa: S302 - from the grader, not from a student
        else:
            code = compile(source, file, "exec", dont_inherit=True)
        exec(code, module.__dict__)  # noqa: S102 - this is the sandbox


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
