"""Frames to and from a guest. The only module that reads what a sandbox sent; see guest/harness.py for the shape.

Everything read here is a claim by a process that is assumed taken over: lengths are checked before anything is
allocated, JSON is bounded, and what does not fit ends the reading, keeping what came before.
"""

from __future__ import annotations

import base64
import importlib.util
import json
import marshal
import math
import struct
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from autograder.model import (
    IN_A_GUEST,
    Array,
    Conduct,
    EditAnswer,
    EditTask,
    Fact,
    Fault,
    Glance,
    Kind,
    LeftOut,
    Observation,
    Run,
    Scenario,
    Trial,
)

MAX_FRAME_BYTES = 2**20  # the largest honest frame is a training run: 3 curves of 60 numbers; a thousand times that
MAX_HEADER_BYTES = 64 * 2**10
MAX_ARRAYS = 64  # per frame; an honest scenario records fewer than ten
MAX_RANK = 8
MAX_EDIT_COST = 100.0
MAX_LEFT_OUT = 40  # statements of a submission that a guest may say it left out
GUEST = Path(__file__).parent / "guest"
MAX_TROUBLE = 2000  # characters
SEARCHING = (  # modules that make and try edits, which a guest is given when it is to do so
    "trees", "scope", "edits", "expressions", "statements", "plan", "switched", "repair",
)  # fmt: skip
DONE = b'1234{"done":'  # the beginning of the last frame of an answer, after the length of its header
MAX_SECONDS = 10**6  # that a guest may say it has computed
MAX_LINE = 10**6  # of a submission: four times as many as its largest file has bytes


class Garbled(Exception):
    """These bytes are not frames."""


# ------------------------------------------------------------------------------------------------------ outwards
def pack_job(
    scenarios: Sequence[Scenario],
    *,
    sources: Mapping[str, str],
    driver: str,
    submission: str,
    import_seconds: float,
    scenario_seconds: float,
    searching: bool = False,
) -> bytes:
    """Frames with everything that a guest is told: one with source texts, then each scenario's spec and inputs.

    `Turns` sends each when it is that scenario's turn. A search for a mistake's line is told all in the first frame:
    its scenarios have been played before. What it is asked comes after that (`pack_task`).
    """
    header: dict[str, Any] = {
        "sources": {**sources, **_of_ours("loading", *(SEARCHING if searching else ()))},
        "driver": driver,
        "submission": submission,
        "import_seconds": import_seconds,
        "scenario_seconds": scenario_seconds,
        "scenarios": len(scenarios),
    }
    header["compiled"] = _compiled({name: text for name, text in header["sources"].items() if name != submission})
    if searching:
        arrays = {f"{n}.{name}": array for n, s in enumerate(scenarios) for name, array in s.arrays.items()}
        told = [{"spec": s.spec, "arrays": {key: f"{n}.{key}" for key in s.arrays}} for n, s in enumerate(scenarios)]
        return _packed({**header, "searched": told}, arrays)
    frames = [_packed(header, {})]
    frames += [_packed({"spec": s.spec, "group": s.group}, s.arrays) for s in scenarios]
    return b"".join(frames)


def pack_task(task: EditTask, scenarios: Sequence[Scenario]) -> bytes:
    """The next frame of a search: which edits to try, and in which of its scenarios."""
    ids = [scenario.id for scenario in scenarios]
    chain = [{**step, "probe": [ids.index(name) for name in step["probe"]]} for step in task.chain]
    told = {
        **vars(task),
        "chain": chain,
        "probe": [ids.index(name) for name in task.probe],
        "played": [ids.index(name) for name in task.played],
        "running": [ids.index(name) for name in task.running],
        "watch": ids.index(task.watch) if task.watch else None,
    }
    return _packed({"edits": told}, {})


@cache
def _of_ours(*names: str) -> dict[str, str]:
    """Modules that go beside the harness into a guest, as sources."""
    return {f"{IN_A_GUEST}{name}": (GUEST / f"{name}.py").read_text(encoding="utf-8") for name in names}


def _compiled(sources: Mapping[str, str]) -> dict[str, Any]:
    """The code of sources that are ours, for a guest whose Python is this one: the same for every submission."""
    code = {
        name.removesuffix(".__init__"): _code(name.removesuffix(".__init__"), text) for name, text in sources.items()
    }
    return {"magic": importlib.util.MAGIC_NUMBER.hex(), "code": {name: text for name, text in code.items() if text}}


@cache
def _code(name: str, source: str) -> str:
    """Return a module's compiled code, marshalled; "" for one that does not compile, which its guest tells."""
    try:
        compiled = compile(source, f"<{name}>", "exec", dont_inherit=True)
    except (SyntaxError, ValueError):
        return ""
    return base64.b64encode(marshal.dumps(compiled)).decode()


def _packed(header: Mapping[str, Any], arrays: Mapping[str, Array]) -> bytes:
    shapes = [[name, list(np.shape(array))] for name, array in arrays.items()]
    text = json.dumps({**header, "arrays": shapes}).encode()
    body = struct.pack(">I", len(text)) + text
    body += b"".join(np.ascontiguousarray(array, "<f8").tobytes() for array in arrays.values())
    return struct.pack(">I", len(body)) + body


class Turns:
    """Hands out the frames of a job: the first at once, each other when the guest has sent one more frame.

    So a guest has the inputs of an experiment when it has answered the one before for good: the first claim counts.
    """

    def __init__(self, job: bytes) -> None:
        self._job, self._at = memoryview(job), 0
        self._seen = b""  # the head of a frame that is incomplete
        self._skip = 0  # bytes of its body that are still to come
        self._due = 1
        self._begins = b""  # the beginning of the frame that is being heard
        self.answered = False  # the last whole frame says that all is done
        self.garbled = False  # what comes is no frame: nothing more will be read of it

    def heard(self, piece: bytes) -> None:
        """Take note of what a guest sent."""
        data = self._seen + piece
        while data:
            if self._skip:
                taken = min(self._skip, len(data))
                self._begins += data[: min(taken, len(DONE) - len(self._begins))]
                self._skip, data = self._skip - taken, data[taken:]
                self._due += not self._skip
                self.answered = not self._skip and self._begins[4:] == DONE[4:]
            elif len(data) < 4:
                break
            else:
                (self._skip,) = struct.unpack(">I", data[:4])
                data, self._begins = data[4:], b""
                self.garbled |= not 4 <= self._skip <= MAX_FRAME_BYTES
                self._due += not self._skip
        self._seen = data

    def due(self) -> memoryview:
        """The bytes that may be sent now and were not handed out before."""
        start = self._at
        while self._due and self._at < len(self._job):
            (size,) = struct.unpack(">I", self._job[self._at : self._at + 4])
            self._at += 4 + size
            self._due -= 1
        return self._job[start : self._at]


# ------------------------------------------------------------------------------------------------------- inwards
def first_frame_end(data: bytes) -> int | None:
    """Return the end of the first frame (the guest's "ready"), or None while it is incomplete."""
    if len(data) < 4:
        return None
    (size,) = struct.unpack(">I", data[:4])
    return 4 + size if len(data) >= 4 + size else None


def read_run(run: Run, scenarios: Sequence[Scenario]) -> tuple[Conduct, dict[str, Observation]]:
    """Return a run's claims: how it went, and one observation for each scenario that was played.

    Frames have an order, and each is final: whoever sends one out of turn to see the next inputs is read no further.
    """
    claims = _Claims(scenarios)
    end, detail = run.end, run.detail
    try:
        for header, arrays in _frames(run.output):
            claims.add(header, arrays)
    except Garbled as error:
        end, detail = ("protocol", str(error)) if end in ("finished", "exited") else (end, detail)
    loaded = claims.loaded
    imported = loaded is not None and loaded.get("loaded") is True
    if end == "finished" and not claims.done and (imported or loaded is None):
        end, detail = "exited", "before all scenarios were played"
    fault = _fault(loaded.get("fault")) if loaded is not None else None
    return Conduct(imported, fault, end, detail, _left_out(loaded or {})), claims.observations


def _left_out(loaded: Mapping[str, Any]) -> tuple[LeftOut, ...]:
    """The statements that were not run; what is no such claim is dropped."""
    told = loaded.get("left_out")
    found = []
    for entry in told[:MAX_LEFT_OUT] if isinstance(told, list) else ():
        match entry:
            case [int(line), str(kind), str(message), bool(is_import)] if not isinstance(line, bool):
                if 0 < line <= MAX_LINE:
                    found.append(LeftOut(line, kind[:80], message[:200], is_import))
    return tuple(found)


class _Claims:
    """The frames read so far: "ready", then whether the submission loaded, then one for each scenario in turn."""

    def __init__(self, scenarios: Sequence[Scenario]) -> None:
        self.loaded: dict[str, Any] | None = None
        self.observations: dict[str, Observation] = {}
        self.done = False
        self._ready = False
        self._left = [scenario.id for scenario in scenarios]
        self._number = 0

    def add(self, header: dict[str, Any], arrays: dict[str, Array]) -> None:
        if header.get("ready") is True and not self._ready:
            self._ready = True
        elif "loaded" in header and self.loaded is None:
            self.loaded = header
        elif header.get("done") is True and not self.done:
            self.done = True
        elif self._number < len(self._left) and self._is_due(header.get("scenario")):
            name = self._left[self._number]
            self.observations[name] = _observation(name, header, arrays)
            self._number += 1
        elif self._number < len(self._left) and self._is_due(header.get("skipped")):
            self._number += 1  # its group hung twice: there is nothing to see
        else:
            raise Garbled("a frame that is not due")

    def _is_due(self, number: object) -> bool:
        return number == self._number and isinstance(number, int) and not isinstance(number, bool) and not self.done


def read_answer(run: Run, scenarios: Sequence[Scenario]) -> tuple[EditAnswer, int, float]:
    """Return the claims about a task's edits, the number of the last one that may have been tried, and seconds.

    A search that ended early is reported as such; the number is 0 where the guest did not come to an edit. The seconds
    are those that the guest has computed since it began, infinity where it says that it is no longer what it was.
    """
    trials, glances, running = list[Trial](), list[Glance](), dict[str, frozenset[tuple[int, int]]]()
    silent, no_op = dict[str, int](), dict[str, int]()
    done, last, seconds, trouble = False, 0, 0.0, ""
    try:
        for header, arrays in _frames(run.output):
            trouble = trouble or str(header.get("trouble", ""))[:MAX_TROUBLE]
            done = done or header.get("done") is True
            seconds = max(seconds, math.inf if header.get("stale") else _seconds(header.get("seconds", 0.0)))
            if "block" in header:
                last = max(last, _whole(header["block"]))
            if "edit" in header:
                trials.append(_trial(header, arrays, scenarios))
            if "glanced" in header:
                glances.append(_glance(header["glanced"], arrays))
            if "running" in header:
                running |= (statements := _running(header, scenarios))
                silent |= dict.fromkeys(statements, _whole(header.get("silent")))
                no_op |= dict.fromkeys(statements, _whole(header.get("no_op")))
    except Garbled:
        done = False
    return EditAnswer(tuple(trials), tuple(glances), running, silent, no_op, done, trouble), last, seconds


def _seconds(told: object) -> float:
    if isinstance(told, int | float) and not isinstance(told, bool) and 0 <= told <= MAX_SECONDS:
        return float(told)
    raise Garbled("no time that a guest can have taken")


def _glance(numbers: object, arrays: dict[str, Array]) -> Glance:
    if not isinstance(numbers, list) or any(a.ndim < 2 or len(a) != len(numbers) for a in arrays.values()):
        raise Garbled("not some rows for each edit")
    return Glance(tuple(_whole(number) for number in numbers), arrays)


def _running(header: Mapping[str, Any], scenarios: Sequence[Scenario]) -> dict[str, frozenset[tuple[int, int]]]:
    number, told = _whole(header["scenario"]), header["running"]
    if number >= len(scenarios) or not isinstance(told, list) or any(not isinstance(n, list) for n in told):
        raise Garbled("no statements of a scenario")
    stretches = [tuple(_whole(line) for line in stretch) for stretch in told]
    return {scenarios[number].id: frozenset((one[0], one[1]) for one in stretches if len(one) == 2)}


def _trial(header: Mapping[str, Any], arrays: dict[str, Array], scenarios: Sequence[Scenario]) -> Trial:
    number, scenario, line, end = (_whole(header.get(name)) for name in ("edit", "scenario", "line", "end"))
    cost = header.get("cost")
    if scenario >= len(scenarios) or not isinstance(cost, int | float) or not 0 <= cost <= MAX_EDIT_COST:
        raise Garbled("an edit of a scenario that does not exist, or of no size")
    observation = _observation(scenarios[scenario].id, header, arrays)
    kind, now = str(header.get("kind", ""))[:20], str(header.get("now", ""))[:200]
    return Trial(number, line, end, kind, float(cost), now, observation)


def _whole(number: object) -> int:
    if isinstance(number, int) and not isinstance(number, bool) and 0 <= number <= MAX_LINE:
        return number
    raise Garbled("an edit without a number or a place")


def _frames(data: bytes) -> Iterator[tuple[dict[str, Any], dict[str, Array]]]:
    at = 0
    while at < len(data):
        if len(data) - at < 8:
            raise Garbled("a frame cut short")
        size, text = struct.unpack(">II", data[at : at + 8])
        if not 4 + text <= size <= MAX_FRAME_BYTES or text > MAX_HEADER_BYTES or at + 4 + size > len(data):
            raise Garbled("a frame whose length cannot be")
        yield _frame(data[at + 8 : at + 8 + text], data[at + 8 + text : at + 4 + size])
        at += 4 + size


def _frame(text: bytes, payload: bytes) -> tuple[dict[str, Any], dict[str, Array]]:
    try:
        header = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Garbled("a frame whose header is not JSON") from error
    if not isinstance(header, dict):
        raise Garbled("a frame whose header is not an object")
    listed = header.get("arrays", [])
    if not isinstance(listed, list) or len(listed) > MAX_ARRAYS:
        raise Garbled("a frame with a wrong list of arrays")
    arrays: dict[str, Array] = {}
    at = 0
    for entry in listed:
        name, shape = _array_entry(entry)
        count = math.prod(shape)
        if at + 8 * count > len(payload):
            raise Garbled("an array longer than its frame")
        arrays[name] = np.frombuffer(payload, "<f8", count, at).reshape(shape)
        at += 8 * count
    if at != len(payload):
        raise Garbled("a frame longer than its arrays")
    return header, arrays


def _array_entry(entry: object) -> tuple[str, tuple[int, ...]]:
    match entry:
        case [str(name), list(shape)] if len(name) <= 80 and 1 <= len(shape) <= MAX_RANK:  # rows first, always
            if all(isinstance(n, int) and not isinstance(n, bool) and 0 <= n <= MAX_FRAME_BYTES for n in shape):
                return name, tuple(shape)
    raise Garbled("an array without a name and a shape")


def _observation(name: str, header: Mapping[str, Any], arrays: dict[str, Array]) -> Observation:
    told = header.get("kinds")
    listed = told if isinstance(told, dict) else {}
    kinds: dict[str, Kind] = {key: kind for key in arrays for kind in KINDS if listed.get(key) == kind}
    return Observation(name, arrays, _facts(header), _fault(header.get("fault")), kinds)


KINDS: tuple[Kind, ...] = ("integer", "boolean")  # a guest says them of an array; the others are decimal numbers


def _facts(header: Mapping[str, Any]) -> dict[str, Fact]:
    facts = header.get("facts", {})
    if not isinstance(facts, dict):
        raise Garbled("facts that are not an object")
    return {str(k)[:80]: v[:500] if isinstance(v, str) else v for k, v in facts.items() if _is_fact(v)}


def _is_fact(value: object) -> bool:
    return value is None or isinstance(value, bool | str) or (isinstance(value, int | float) and abs(value) < 1e300)


def _fault(told: object) -> Fault | None:
    if not isinstance(told, dict):
        return None
    return Fault(
        type=str(told.get("type", ""))[:500],
        message=str(told.get("message", ""))[:500],
        line=_line(told.get("line")),
        source=str(told.get("source", ""))[:500],
        action=str(told.get("action", ""))[:500],
        origin=str(told.get("origin", ""))[:500],
        origin_line=_line(told.get("origin_line")),
    )


def _line(number: object) -> int:
    """A line that a file can have; 0 for anything else."""
    return number if isinstance(number, int) and not isinstance(number, bool) and 0 <= number <= MAX_LINE else 0
