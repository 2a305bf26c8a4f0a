"""Frames to and from a guest. The only module that reads what a sandbox sent; see guest/harness.py for the shape.

Everything read here is a claim by a process that is assumed taken over: lengths are checked before anything is
allocated, JSON is bounded, and what does not fit ends the reading, keeping what came before.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from autograder.model import Array, Conduct, EditTask, Fact, Fault, Observation, Run, Scenario, Trial

MAX_FRAME_BYTES = 2**20  # the largest honest frame is a training run: 3 curves of 60 numbers; a thousand times that
MAX_HEADER_BYTES = 64 * 2**10
MAX_ARRAYS = 64  # per frame; an honest scenario records fewer than ten
MAX_RANK = 8
MAX_EDIT_COST = 100.0


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
    edits: EditTask | None = None,
) -> bytes:
    """One frame with everything a guest is told: source texts, and each scenario's spec and inputs."""
    arrays: dict[str, Array] = {}
    told = []
    for number, scenario in enumerate(scenarios):
        keys = {name: f"{number}.{name}" for name in scenario.arrays}
        arrays.update({keys[name]: array for name, array in scenario.arrays.items()})
        told.append({"spec": scenario.spec, "group": scenario.group, "arrays": keys})
    header = {
        "sources": sources,
        "driver": driver,
        "submission": submission,
        "import_seconds": import_seconds,
        "scenario_seconds": scenario_seconds,
        "scenarios": told,
        "arrays": [[key, list(np.shape(array))] for key, array in arrays.items()],
    }
    if edits is not None:
        header["edits"] = _edits(edits, [scenario.id for scenario in scenarios])
    text = json.dumps(header).encode()
    body = struct.pack(">I", len(text)) + text
    body += b"".join(np.ascontiguousarray(array, "<f8").tobytes() for array in arrays.values())
    return struct.pack(">I", len(body)) + body


def _edits(task: EditTask, ids: Sequence[str]) -> dict[str, Any]:
    def numbers(names: Sequence[str]) -> list[int]:
        return [ids.index(name) for name in names]

    chain = [{**step, "probe": numbers(step["probe"])} for step in task.chain]
    return {"probe": numbers(task.probe), "chain": chain, "rich": task.rich, "only": task.only}


# ------------------------------------------------------------------------------------------------------- inwards
def first_frame_end(data: bytes) -> int | None:
    """Where the first frame (the guest's "ready") ends, or None while it is incomplete."""
    if len(data) < 4:
        return None
    (size,) = struct.unpack(">I", data[:4])
    return 4 + size if len(data) >= 4 + size else None


def read_run(run: Run, scenarios: Sequence[Scenario]) -> tuple[Conduct, dict[str, Observation]]:
    """What a run claims: how it went, and one observation for each scenario that was played (first claim counts)."""
    loaded: dict[str, Any] | None = None
    observations: dict[str, Observation] = {}
    end, detail = run.end, run.detail
    done = False
    try:
        for header, arrays in _frames(run.output):
            if "loaded" in header and loaded is None:
                loaded = header
            elif header.get("done") is True:
                done = True
            elif "scenario" in header:
                number = header["scenario"]
                if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number < len(scenarios):
                    raise Garbled("a frame for a scenario that does not exist")
                name = scenarios[number].id
                if name in observations:
                    raise Garbled("two frames for one scenario")
                observations[name] = Observation(name, arrays, _facts(header), _fault(header.get("fault")))
            elif not header.get("ready"):
                raise Garbled("a frame of no known kind")
    except Garbled as error:
        end, detail = ("protocol", str(error)) if end in ("finished", "exited") else (end, detail)
    imported = loaded is not None and loaded.get("loaded") is True
    if end == "finished" and not done and (imported or loaded is None):
        end, detail = "exited", "before all scenarios were played"
    fault = _fault(loaded.get("fault")) if loaded is not None else None
    return Conduct(imported, fault, end, detail), observations


def read_trials(run: Run, scenarios: Sequence[Scenario]) -> tuple[list[Trial], bool]:
    """What edits are claimed to do, and whether all were tried: a search that ended early is said to have."""
    trials: list[Trial] = []
    done = False
    try:
        for header, arrays in _frames(run.output):
            done = done or header.get("done") is True
            if "edit" in header:
                trials.append(_trial(header, arrays, scenarios))
    except Garbled:
        return trials, False
    return trials, done


def _trial(header: Mapping[str, Any], arrays: dict[str, Array], scenarios: Sequence[Scenario]) -> Trial:
    whole = [header.get(name) for name in ("edit", "scenario", "line", "end")]
    if not all(isinstance(n, int) and not isinstance(n, bool) and 0 <= n < MAX_FRAME_BYTES for n in whole):
        raise Garbled("an edit without a number or a place")
    number, scenario, line, end = whole
    cost = header.get("cost")
    if scenario >= len(scenarios) or not isinstance(cost, int | float) or not 0 <= cost <= MAX_EDIT_COST:
        raise Garbled("an edit of a scenario that does not exist, or of no size")
    observation = Observation(scenarios[scenario].id, arrays, _facts(header), _fault(header.get("fault")))
    kind, now = str(header.get("kind", ""))[:20], str(header.get("now", ""))[:200]
    return Trial(number, line, end, kind, float(cost), now, observation)


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
    line = told.get("line")
    return Fault(
        type=str(told.get("type", ""))[:500],
        message=str(told.get("message", ""))[:500],
        line=line if isinstance(line, int) else 0,
        source=str(told.get("source", ""))[:500],
        action=str(told.get("action", ""))[:500],
    )
