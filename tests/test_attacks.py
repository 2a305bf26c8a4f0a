"""Every file of tests/attacks in every sandbox: it ends within the limits, as expected, and gets away with nothing.

The head of each file says what is expected: `# expect: ENDS`, `# expect(SANDBOX): ENDS`, `# detail:` of the end,
`# fault:` types in the attacked scenarios, `# imported:` the fault at import, `# after: yes` where honest work goes on
afterwards, `# only: SANDBOXES`. What the honest scenario before showed is always kept. A file with a `look` is run again.
"""

from __future__ import annotations

import ast
import contextlib
import ctypes
import os
import re
import secrets
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import require
from leftovers import held, living
from somebody import SomebodysSandbox, somebodys

from autograder.model import Conduct, Observation, Run, Scenario
from autograder.sandbox import Sandbox
from autograder.sandbox.landlock import LandlockSandbox
from autograder.sandbox.limits import LIMITS
from autograder.sandbox.process import ProcessSandbox
from autograder.sandbox.uids import FIRST
from autograder.wire import pack_job, read_run

ROOT = Path(__file__).resolve().parent.parent
CORPUS = {
    path.stem: path.read_text() for path in sorted((ROOT / "tests/attacks").glob("*.py")) if path.stem != "driver"
}
DRIVER = (ROOT / "tests/attacks/driver.py").read_text()
SANDBOXES = ("docker", "landlock", "process")
USER = ", an ordinary user"
SOMEBODY = FIRST - 3  # an ordinary user of these tests alone
# Small, so that the suite is quick; the mechanism is the same.
QUICK = replace(LIMITS, wall_seconds=4.0, cpu_seconds=1, log_bytes=4096, output_bytes=2**20)
SCENARIO_SECONDS = 0.3
CANARY = "CANARY-" + secrets.token_hex(16)
MEMORY = ctypes.create_string_buffer(CANARY.encode())


# ------------------------------------------------------------------------------------------------- the machine around
@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Any]]:
    """A host with secrets, listeners and a victim; the attacks are told where they are, never what they hold."""
    open_to_all = Path("/var/tmp") / f"gradmark-test-{secrets.token_hex(4)}"  # noqa: S108 - where anybody may look
    open_to_all.mkdir()
    open_to_all.chmod(0o777)
    for name in ("secret", "writable"):
        (open_to_all / name).write_text(CANARY)
        (open_to_all / name).chmod(0o666)
    private = tmp_path_factory.mktemp("private") / "secret"
    private.write_text(CANARY)
    with contextlib.ExitStack() as held:
        victim = held.enter_context(subprocess.Popen(["/bin/sleep", "1000"]))
        held.callback(victim.kill)
        tcp = held.enter_context(socket.create_server(("127.0.0.1", 0)))
        abstract, path = f"gradmark-{secrets.token_hex(4)}", str(open_to_all / "socket")
        for address in ("\0" + abstract, path):
            listener = held.enter_context(socket.socket(socket.AF_UNIX))
            listener.bind(address)
            listener.listen()
        Path(path).chmod(0o777)
        yield {
            "pid": os.getpid(),
            "victim": victim.pid,
            "address": ctypes.addressof(MEMORY),
            "secrets": [
                str(open_to_all / "secret"),
                str(private),
                "/etc/shadow",
                str(ROOT / "pyproject.toml"),
            ],
            "folders": [str(ROOT), str(open_to_all)],
            "writable": [str(open_to_all / "writable")],
            "port": tcp.getsockname()[1],
            "socket": path,
            "abstract": abstract,
        }
        assert victim.poll() is None, "an attack killed a process outside"
        assert (open_to_all / "writable").read_text() == CANARY
    shutil.rmtree(open_to_all)


@pytest.fixture(
    scope="module", params=[pytest.param("docker", marks=pytest.mark.docker), "landlock", "process", "landlock" + USER]
)
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    kind, _, user = request.param.partition(", ")
    require("root" if kind == "process" else kind)
    if user:
        require("root")  # to become somebody else
    os.environ["GRADMARK_CANARY"] = CANARY
    try:
        with make(request) as opened:
            yield opened
    finally:
        del os.environ["GRADMARK_CANARY"]


def make(request: pytest.FixtureRequest) -> AbstractContextManager[Sandbox]:
    if USER in request.param:
        return somebodys("landlock", SOMEBODY, QUICK)
    if request.param == "docker":
        from autograder.sandbox.docker import DockerSandbox

        return DockerSandbox(image=request.getfixturevalue("docker_image"), limits=QUICK)
    return LandlockSandbox(limits=QUICK) if request.param == "landlock" else ProcessSandbox(limits=QUICK)


# ------------------------------------------------------------------------------------------------------ what is expected
@dataclass(frozen=True)
class Expected:
    ends: set[str]
    detail: str
    faults: set[str]
    imported: str
    after: bool
    only: tuple[str, ...]


def expected(source: str, sandbox: str) -> Expected:
    heads: dict[str, str] = dict(re.findall(r"^# ([a-z()]+): (.+)$", source, re.MULTILINE))
    return Expected(
        ends=set(heads.get(f"expect({sandbox})", heads["expect"]).split()),
        detail=heads.get("detail", ""),
        faults=set(heads.get("fault", "").split()),
        imported=heads.get("imported", ""),
        after=heads.get("after") == "yes",
        only=tuple(heads.get("only", " ".join(SANDBOXES)).split()),
    )


def calls(source: str) -> list[str]:
    """An honest scenario, the attacked ones, and an honest one again."""
    names = [node.name for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)]
    return ["step", *(name for name in names if name.startswith("attack")), "step"]


def play(
    sandbox: Sandbox, source: str, names: list[str], told: Mapping[str, Any]
) -> tuple[Run, Conduct, list[Observation | None]]:
    scenarios = [
        Scenario(f"{n}", name, name + str(n), {**told, "call": name, "steps": 2}, {"x": np.ones(2)}, ())
        for n, name in enumerate(names)
    ]
    sources = {"driver": DRIVER, "submission": source}
    job = pack_job(
        scenarios, sources=sources, driver="driver", submission="submission",
        import_seconds=SCENARIO_SECONDS, scenario_seconds=SCENARIO_SECONDS,
    )  # fmt: skip
    run = sandbox.run(job)
    conduct, observations = read_run(run, scenarios)
    return run, conduct, [observations.get(scenario.id) for scenario in scenarios]


# ---------------------------------------------------------------------------------------------------------------- tests
@pytest.mark.slow
@pytest.mark.parametrize("name", CORPUS)
def test_attack_comes_to_nothing(name: str, sandbox: Sandbox, told: Mapping[str, Any]) -> None:
    source = CORPUS[name]
    due = expected(source, sandbox.name)
    if sandbox.name not in due.only:
        pytest.skip(f"not confined by {sandbox.name}, see its module")
    started = time.monotonic()
    run, conduct, seen = play(sandbox, source, calls(source), told)
    assert time.monotonic() - started < QUICK.wall_seconds + 10
    assert conduct.end in due.ends, (conduct, run.log[-1500:], [o and o.fault for o in seen])
    assert due.detail in conduct.detail
    assert len(run.output) <= QUICK.output_bytes
    assert len(run.log) <= QUICK.log_bytes
    assert CANARY.encode() not in run.output + run.log
    assert b"BREACH" not in run.log
    for observed in filter(None, seen):
        assert not observed.facts.get("breaches"), observed.facts["breaches"]
    if due.imported:
        assert (conduct.import_fault.type if conduct.import_fault else "none") == due.imported
    else:
        assert honest(seen[0]), "what was observed before the attack was lost"
        check_attacked(due, seen)
    left = left_over(sandbox)
    until = time.monotonic() + 5.0  # guests of other graders come and go between two looks; leftovers stay
    while left and time.monotonic() < until:
        time.sleep(0.1)
        left &= left_over(sandbox)
    assert not left


def check_attacked(due: Expected, seen: list[Observation | None]) -> None:
    if due.after:
        assert honest(seen[-1]), seen[-1]
    for observed in seen[1:-1]:
        if due.faults and observed is not None:
            assert (observed.fault.type if observed.fault else "none") in due.faults, observed.fault


def honest(observed: Observation | None) -> bool:
    due = np.array([[1, 1], [0.9, 0.9], [0.81, 0.81]])
    return observed is not None and np.array_equal(observed.arrays["x"], due)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name, source in CORPUS.items() if "\ndef look(" in source])
def test_next_submission_finds_nothing_of_the_last(name: str, sandbox: Sandbox, told: Mapping[str, Any]) -> None:
    for _ in range(2):  # twice, so that guests that were started in advance have been there during an attack
        # A name of its own: a kernel keeps a uid's keys longer than its processes, and `process` draws uids at random.
        source = CORPUS[name].replace("gradmark-left", f"gradmark-left-{secrets.token_hex(4)}")
        play(sandbox, source, ["attack"], told)
        _, _, seen = play(sandbox, source, ["look"], told)
        assert seen[0] is not None
        assert seen[0].fault is None, seen[0].fault
        assert not seen[0].facts.get("breaches"), seen[0].facts["breaches"]


@pytest.mark.slow
def test_submissions_that_run_at_once_cannot_reach_each_other(sandbox: Sandbox, told: Mapping[str, Any]) -> None:
    """A patient one works while another kills and reads everything it can."""
    patient = "import time\n\n\ndef step(x):\n    time.sleep(0.05)\n    return 0.9 * x\n"
    results: list[tuple[Run, Conduct, list[Observation | None]]] = []
    worker = threading.Thread(target=lambda: results.append(play(sandbox, patient, ["step"] * 7, told)))
    worker.start()
    while worker.is_alive():
        play(sandbox, CORPUS["kill_others"], ["attack"], told)
        _, _, seen = play(sandbox, CORPUS["read_proc"], ["attack"], told)
        assert seen[0] is None or not seen[0].facts.get("breaches")
    _, conduct, seen = results[0]
    assert conduct.end == "finished"
    assert all(honest(observed) for observed in seen)


def test_corpus_says_what_it_expects() -> None:
    ends = {"finished", "time", "cpu", "memory", "output", "crashed", "exited", "protocol"}
    for source in CORPUS.values():
        for sandbox in SANDBOXES:
            assert expected(source, sandbox).ends <= ends
    assert len(CORPUS) > 70  # a corpus that is not found would pass


# ------------------------------------------------------------------------------------------------------ what is left over
def left_over(sandbox: Sandbox) -> set[str]:
    """Processes of uids that no guest holds. The engine removes containers; tests/test_docker.py watches that."""
    if isinstance(sandbox, SomebodysSandbox):  # all of theirs but the one that was started, and its zygotes
        server = str(sandbox.pid)
        theirs = living((SOMEBODY,)).get(SOMEBODY, [])
        return {process for process in theirs if server not in (process.split()[0], parent(process.split()[0]))}
    if sandbox.name == "docker" or os.geteuid() != 0:
        return set()
    return {process for uid, processes in living().items() if not held(uid) for process in processes}


def parent(pid: str) -> str:
    try:
        return Path(f"/proc/{pid}/status").read_text().split("PPid:")[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return ""
