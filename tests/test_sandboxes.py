"""The sandboxes as their callers meet them: how a run ends, what is held open, what is laid out, which is chosen."""

from __future__ import annotations

import contextlib
import gc
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import require
from somebody import home, started

from autograder.model import Conduct, Observation, Run, Scenario
from autograder.sandbox import Sandbox, SandboxFailed, SandboxUnavailable, SharedTime, forking, landlock, runtime, uids
from autograder.sandbox.choose import choose
from autograder.sandbox.docker import connect
from autograder.sandbox.exchange import Ending, how_it_ended
from autograder.sandbox.landlock import LandlockSandbox
from autograder.sandbox.limits import LIMITS
from autograder.sandbox.process import ProcessSandbox
from autograder.wire import pack_job, read_run

ROOT = Path(__file__).resolve().parent.parent
DRIVER = """
def play(module, spec, inputs, recorder):
    x = inputs["x"]
    for _ in range(3):
        x = module.step(x)
        recorder.row("x", x)
    recorder.fact("said", str(getattr(module, "said", "")))
"""
HONEST = "def step(x): return 0.5 * x"
SOMEBODY = uids.FIRST - 1  # an ordinary user: neither root nor a guest
SCENARIOS = [Scenario("one", "one", "", {}, {"x": np.array([8.0])}, ())]


def job(source: str, scenarios: list[Scenario] = SCENARIOS, seconds: float = 5.0) -> bytes:
    sources = {"driver": DRIVER, "submission": textwrap.dedent(source)}
    told = {"driver": "driver", "submission": "submission"}
    return pack_job(scenarios, sources=sources, **told, import_seconds=5.0, scenario_seconds=seconds)


def play(sandbox: Sandbox, source: str = HONEST) -> tuple[Run, Conduct, dict[str, Observation]]:
    run = sandbox.run(job(source))
    return run, *read_run(run, SCENARIOS)


def works(sandbox: Sandbox) -> bool:
    _, conduct, seen = play(sandbox)
    return conduct.end == "finished" and seen["one"].arrays["x"].tolist() == [[4.0], [2.0], [1.0]]


def said(sandbox: Sandbox, source: str) -> object:
    run, conduct, seen = play(sandbox, source)
    assert "one" in seen, (conduct, run.log)
    assert seen["one"].fault is None, seen["one"].fault
    return seen["one"].facts["said"]


def zygotes() -> set[int]:
    """Living processes that were started by this one and fork guests."""
    return {child for child in children(os.getpid()) if b"preload.py" in Path(f"/proc/{child}/cmdline").read_bytes()}


def guests() -> set[int]:
    """Their living children."""
    return {guest for zygote in zygotes() for guest in children(zygote)}


def children(pid: int) -> set[int]:
    found: set[int] = set()
    for thread in Path(f"/proc/{pid}/task").glob("*"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            found |= {int(child) for child in (thread / "children").read_text().split()}
    return found


def eventually(condition: Callable[[], bool], seconds: float = 20.0) -> bool:
    until = time.monotonic() + seconds
    while not condition() and time.monotonic() < until:
        time.sleep(0.01)
    return condition()


@pytest.fixture(params=["landlock", "process"])
def name(request: pytest.FixtureRequest) -> str:
    require("root" if request.param == "process" else "landlock")
    return str(request.param)


@pytest.fixture
def sandbox(name: str) -> Iterator[Sandbox]:
    with choose(name, say=lambda _: None) as opened:
        yield opened


# -------------------------------------------------------------------------------------------------------------- running
def test_a_run_brings_back_what_was_observed(sandbox: Sandbox) -> None:
    run, conduct, seen = play(sandbox, "print('hello')\n" + HONEST)
    assert (conduct.imported, conduct.end, run.log) == (True, "finished", b"hello\n")
    assert seen["one"].arrays["x"].tolist() == [[4.0], [2.0], [1.0]]


def test_runs_at_once_each_have_a_guest_and_a_uid_of_their_own(sandbox: Sandbox) -> None:
    who = "import os, time\nsaid = os.getuid(), os.getpid()\ndef step(x):\n    time.sleep(0.1)\n    return x"
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda _: said(sandbox, who), range(6)))
    assert len({str(answer).split(",")[1] for answer in answers}) == 6
    users = [int(str(answer).strip("(").split(",")[0]) for answer in answers]
    if os.geteuid() == 0:
        assert len(set(users[:3])) == 3
        assert all(uids.FIRST <= user <= uids.LAST for user in users)


def test_string_hashes_are_the_same_in_every_run(sandbox: Sandbox) -> None:
    answers = {said(sandbox, "said = hash('gradmark')\ndef step(x): return x") for _ in range(2)}
    assert len(answers) == 1


def test_only_the_runtime_can_be_read(sandbox: Sandbox) -> None:
    """Not the checkout, not even the interpreter that the grader itself runs on."""
    paths = [str(ROOT / "pyproject.toml"), os.path.realpath(sys.executable), landlock.__file__, "/etc/passwd"]
    source = f"""
        said = []
        for path in {paths!r}:
            try:
                open(path).close()
                said.append(path)
            except OSError:
                pass
        def step(x): return x
    """
    assert said(sandbox, source) == "[]"


@pytest.mark.slow
@pytest.mark.parametrize("reaction", ["SIG_DFL", "SIG_IGN"])
def test_the_cpu_limit_is_named_and_who_ignores_it_is_killed(sandbox: Sandbox, reaction: str) -> None:
    source = f"""
        import itertools, signal
        signal.signal(signal.SIGXCPU, signal.{reaction})
        def step(x): return x * sum(itertools.repeat(1, 10**15))
    """
    # A busy machine takes long over two seconds of CPU.
    limits = replace(LIMITS, cpu_seconds=1, wall_seconds=60.0)
    with choose(sandbox.name, limits=limits, say=lambda _: None) as strict:
        _, conduct, _ = play(strict, source)
    assert (conduct.end, conduct.detail) == ("cpu", "SIGXCPU" if reaction == "SIG_DFL" else "SIGKILL")


def test_a_large_job_and_a_guest_that_does_not_read_it(sandbox: Sandbox) -> None:
    """Bigger than a pipe holds: it must arrive; a guest that leaves instead must not make us wait."""
    assert said(sandbox, "said = 'x'\ndef step(x): return x\n" + "# padding\n" * 200_000) == "x"


@pytest.mark.slow
def test_a_scenario_has_so_much_computing_time_and_five_times_as_much_of_a_clock(sandbox: Sandbox) -> None:
    """On a machine under load a second of computing takes many; a submission that waits is not told that it hangs."""
    patient = "import time\nsaid = ''\ndef step(x):\n    time.sleep(0.2)\n    return x"
    for source, due in (
        (patient, {None}),  # three steps: 0.6 s by the clock
        (patient.replace("0.2", "60"), {"still running after 2 s"}),
        # The second where this machine has many others to serve.
        ("def step(x):\n    while True: pass", {"still running after 0.4 s of computing", "still running after 2 s"}),
    ):
        _, seen = read_run(sandbox.run(job(source, seconds=0.4)), SCENARIOS)
        fault = seen["one"].fault
        assert (fault and fault.message) in due


def test_all_runs_of_a_submission_share_their_time(sandbox: Sandbox) -> None:
    shared = SharedTime(sandbox, 0.3)
    first = shared.run(job("import time\ndef step(x): time.sleep(60)"))
    assert (first.end, first.detail) == ("time", "0.3 s")
    second = shared.run(job(HONEST))
    assert (second.end, second.output) == ("time", b"")


# ------------------------------------------------------------------------------------------------------------- exchange
@pytest.mark.parametrize(
    ("ending", "log", "due"),
    [
        (Ending(0, 0, 0.1), b"MemoryError", ("finished", "")),
        (Ending(3, 0, 0.1), b"", ("exited", "exit status 3")),
        (Ending(1, 0, 0.1), b"Traceback\nMemoryError\n", ("memory", "MemoryError")),
        (Ending(0, signal.SIGSEGV, 0.1), b"", ("crashed", "SIGSEGV")),
        (Ending(0, signal.SIGXCPU, 0.1), b"", ("cpu", "SIGXCPU")),
        (Ending(0, signal.SIGKILL, 0.1), b"", ("crashed", "SIGKILL")),
        (Ending(0, signal.SIGKILL, LIMITS.cpu_seconds + 1.0), b"", ("cpu", "SIGKILL")),
        (Ending(0, 40, 0.1), b"", ("crashed", "signal 40")),
    ],
)
def test_endings_are_named(ending: Ending, log: bytes, due: tuple[str, str]) -> None:
    assert how_it_ended(ending, log, LIMITS) == due


@pytest.mark.slow
@pytest.mark.parametrize(
    ("code", "complaint"),
    [("raise SystemExit('no numpy')", "no numpy"), ("import time; time.sleep(60)", "did not become ready")],
)
def test_a_zygote_that_forks_no_guest_is_our_fault(
    code: str, complaint: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runtime.Runtime, "command", lambda *_: [sys.executable, "-c", code])
    monkeypatch.setattr(forking, "REAP_SECONDS", 0.2)
    limits = replace(LIMITS, boot_seconds=0.5 if "sleep" in code else 20.0)
    with (
        choose(name, limits=limits, say=lambda _: None) as broken,
        pytest.raises(SandboxFailed, match=complaint),
    ):
        broken.run(job(HONEST))


# ------------------------------------------------------------------------------------------------------------- zygote
def test_one_zygote_forks_all_guests_and_nothing_is_left(name: str) -> None:
    others = zygotes()
    with choose(name, say=lambda _: None) as opened:
        assert works(opened)
        mine = zygotes() - others
        assert len(mine) == 1
        assert works(opened)
        assert zygotes() - others == mine
        assert not children(mine.pop())
    assert zygotes() == others


def test_a_zygote_that_died_is_replaced(name: str) -> None:
    others = zygotes()
    with choose(name, say=lambda _: None) as opened:
        assert works(opened)
        (mine,) = zygotes() - others
        os.kill(mine, signal.SIGKILL)
        assert eventually(lambda: ended(mine))
        assert works(opened)


def test_a_zygote_is_replaced_after_so_many_guests_while_one_still_runs(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For the layout of addresses is the same in all of them."""
    monkeypatch.setattr(forking, "GUESTS", 1)
    where = "import ctypes\nsaid = ctypes.addressof(ctypes.c_char.in_dll(ctypes.CDLL(None), 'environ'))\ndef step(x): return x"
    slow = "import time\nsaid = 'slow'\ndef step(x):\n    time.sleep(0.2)\n    return x"
    with choose(name, say=lambda _: None) as opened, ThreadPoolExecutor(1) as background:
        last = background.submit(said, opened, slow)
        assert len({said(opened, where) for _ in range(3)}) == 3
        assert last.result() == "slow"


def test_a_guest_has_the_descriptors_of_its_own_and_randomness_of_its_own(sandbox: Sandbox) -> None:
    source = """
        import os, random, numpy
        found = []
        for number in range(256):
            try:
                os.fstat(number)
                found.append(number)
            except OSError:
                pass
        said = found, random.random(), float(numpy.random.rand())
        def step(x): return x
    """
    answers = [str(said(sandbox, source)) for _ in range(2)]
    assert all(answer.startswith("([0, 1, 2, 3, 4], ") for answer in answers), answers  # streams, job, observations
    first, second = (answer.rpartition("]")[2].split(", ")[1:] for answer in answers)
    assert first[0] != second[0]
    assert first[1] != second[1]


def test_guests_end_with_a_grader_that_was_killed() -> None:
    """Even one that sleeps: its zygote sees that nobody holds its channel any more."""
    require("landlock")
    code = """
import sys
sys.path[:0] = sys.argv[1:]
import test_sandboxes as tests
from autograder.sandbox.landlock import LandlockSandbox
with LandlockSandbox() as sandbox:
    sandbox.run(tests.job("import time; print('asleep', flush=True); time.sleep(1000)"))
"""
    folder = str(Path(__file__).parent)
    with subprocess.Popen([sys.executable, "-c", code, folder], cwd=ROOT) as grader:
        assert eventually(lambda: any(children(zygote) for zygote in children(grader.pid)))
        (zygote,) = children(grader.pid)
        (guest,) = children(zygote)
        grader.kill()
    for process in (zygote, guest):
        assert eventually(lambda gone=process: not Path(f"/proc/{gone}").exists() or ended(gone))


def ended(pid: int) -> bool:
    return "State:\tZ" in Path(f"/proc/{pid}/status").read_text()


def test_inputs_come_when_it_is_their_turn(sandbox: Sandbox) -> None:
    """A guest that looks ahead finds an empty pipe: the next experiment comes after the answer to this one."""
    source = """
        import select
        said = ""
        def step(x):
            global said
            said = [number for number in range(3, 8) if pending(number)]
            return x
        def pending(number):
            try:
                return bool(select.select([number], [], [], 0.05)[0])
            except OSError:
                return False
    """
    two = [*SCENARIOS, replace(SCENARIOS[0], id="two")]
    run = sandbox.run(job(source, two))
    _, seen = read_run(run, two)
    assert [seen[name].facts["said"] for name in ("one", "two")] == ["[]", "[]"]


# ------------------------------------------------------------------------------------------------------------- landlock
def test_a_guest_is_a_single_process(sandbox: Sandbox) -> None:
    """So that one SIGKILL ends it, and its memory limit is the sandbox's."""
    source = """
        import ctypes, os
        said = []
        libc = ctypes.CDLL(None)
        for start in (os.fork, lambda: libc.syscall(57), lambda: libc.vfork()):
            try:
                child = start()
            except OSError:
                continue
            if child == 0:
                os._exit(0)
            if child > 0:
                said.append(child)
        def step(x): return x
    """
    assert said(sandbox, source) == "[]"


def test_landlock_must_be_open() -> None:
    with pytest.raises(SandboxFailed, match="with statement"):
        LandlockSandbox().run(b"")


@pytest.mark.parametrize(
    ("abi", "uid", "verdict"),
    [(0, 0, "old"), (3, 0, "old"), (4, 0, "fine"), (5, 1000, "old"), (6, 1000, "fine")],
)
def test_old_kernels_are_told_what_they_lack(abi: int, uid: int, verdict: str, monkeypatch: pytest.MonkeyPatch) -> None:
    require("landlock")
    monkeypatch.setattr(landlock, "landlock_version", lambda: abi)
    monkeypatch.setattr(os, "geteuid", lambda: uid)
    if verdict == "fine":
        landlock.checked_version()
    else:
        with pytest.raises(SandboxUnavailable, match="landlock needs Linux 6"):
            landlock.checked_version()


# -------------------------------------------------------------------------------------------------------------- runtime
@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A cache folder with nothing laid out, which another uid can read."""
    folder = Path("/var/tmp") / f"gradmark-test-{os.getpid()}"  # noqa: S108
    folder.mkdir(mode=0o755)
    monkeypatch.setattr(runtime, "cache_folder", lambda: folder)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.usefixtures("fresh")
def test_runtime_holds_nothing_but_what_a_guest_needs() -> None:
    folder = runtime.prepare().folder
    names = {path.name for path in folder.rglob("*")}
    installed = {"site-packages", "dist-packages", "autograder", "gradmark", "reference", "pip", "idlelib"}
    assert not names & installed
    allowed = {"bin", "lib", "lib64", "numpy", *runtime.GUEST, "modules.bin", "runtime.json"}
    assert {entry.name for entry in folder.iterdir()} <= allowed
    for path in folder.rglob("*"):
        found = path.stat()
        assert found.st_uid == os.geteuid()
        assert not found.st_mode & 0o022, path


def test_two_may_lay_it_out_at_once(fresh: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda _: runtime.prepare(), range(2))
    assert first == second
    assert [path.name for path in fresh.iterdir()] == [first.folder.name]


def test_a_runtime_that_others_can_write_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(runtime, "cache_folder", lambda: tmp_path)
    monkeypatch.setattr(runtime, "_key", lambda: "test")
    (tmp_path / "runtime-test").mkdir()
    (tmp_path / "runtime-test").chmod(0o777)
    with pytest.raises(SandboxUnavailable, match="written by somebody else"):
        runtime.prepare()


def test_leases_are_exclusive(tmp_path: Path) -> None:
    require("root")
    held = [uids.lease(tmp_path) for _ in range(20)]
    assert len({lease.uid for lease in held}) == 20
    for lease in held:
        lease.release()
    everything = [uids.lease(tmp_path) for _ in range(uids.LAST - uids.FIRST + 1)]
    with pytest.raises(SandboxFailed, match="every user id"):
        uids.lease(tmp_path)
    for lease in everything:
        lease.release()


# --------------------------------------------------------------------------------------------------------------- choose
@pytest.fixture(params=["no socket", "a socket that nobody serves"])
def no_engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[None]:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/engine")
    if request.param != "no socket":
        with socket.socket(socket.AF_UNIX) as left_behind:
            left_behind.bind(f"{tmp_path}/engine")
    yield
    gc.collect()  # a socket that we left open would be told here, and pytest takes that for an error


@pytest.fixture
def no_landlock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(landlock, "landlock_version", lambda: 0)


@pytest.mark.usefixtures("no_engine")
def test_a_machine_without_docker_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SandboxUnavailable, match="no Docker engine answers: start one"):
        connect()
    monkeypatch.setitem(sys.modules, "docker", None)
    with pytest.raises(SandboxUnavailable, match="pip install docker"):
        connect()


@pytest.mark.usefixtures("no_engine")
def test_auto_goes_on_to_landlock_and_says_so() -> None:
    require("landlock")
    messages: list[str] = []
    with choose("auto", say=messages.append) as chosen:
        assert chosen.name == "landlock"
    assert messages == ["sandbox: landlock (docker: no Docker engine answers)"]


@pytest.mark.usefixtures("no_engine", "no_landlock")
def test_auto_goes_on_to_process_as_root() -> None:
    require("root")
    messages: list[str] = []
    with choose("auto", say=messages.append) as chosen:
        assert (chosen.name, chosen.isolated) == ("process", True)


@pytest.mark.slow
@pytest.mark.usefixtures("no_engine", "no_landlock")
def test_where_nothing_isolates_only_the_trusted_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    messages: list[str] = []
    with pytest.raises(SandboxUnavailable, match="install Docker"):
        choose("auto", say=messages.append)
    chosen = choose("auto", trusted=True, say=messages.append)
    assert (chosen.name, chosen.isolated) == ("process", False)
    assert "WITHOUT isolation" in messages[-1]


def test_an_ordinary_user_who_asks_for_process_is_warned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    messages: list[str] = []
    assert not choose("process", say=messages.append).isolated
    assert "WITHOUT isolation" in messages[0]


def test_names_are_checked() -> None:
    with pytest.raises(ValueError, match="no sandbox is called 'vm'"):
        choose("vm", say=print)


# ------------------------------------------------------------------------------------------------------- ordinary users
AS_SOMEBODY = """
import ctypes, json, os, resource, sys
from unittest.mock import MagicMock
sys.modules["pytest"] = sys.modules["conftest"] = MagicMock()  # only its helpers are wanted
import numpy
import test_sandboxes as tests
from autograder.sandbox.choose import choose
answers = {"uid": os.geteuid()}
mine = os.environ["HOME"] + "/mine"
open(mine, "w").close()
for name in ("landlock", "process"):
    with choose(name, say=lambda _: None) as sandbox:
        answers[name] = tests.works(sandbox), sandbox.isolated
        touch = '''
import os, resource
said = []
for call in (
    lambda: os.chmod({mine!r}, 0), lambda: os.utime({mine!r}), lambda: open({mine!r}, "w"), lambda: os.kill({pid}, 0),
    lambda: resource.prlimit({pid}, resource.RLIMIT_CPU, (1, 1)), lambda: resource.prlimit(os.getppid(), resource.RLIMIT_CPU, (1, 1)),
    lambda: os.sched_setaffinity({pid}, [0]), lambda: os.setpriority(os.PRIO_PROCESS, {pid}, 19), lambda: os.setpriority(os.PRIO_USER, 0, 19),
    lambda: os.sched_setscheduler({pid}, os.SCHED_IDLE, os.sched_param(0)),
):
    try:
        call()
        said.append(1)
    except OSError: pass
def step(x): return x
'''
        answers["breaches of " + name] = tests.said(sandbox, touch.format(mine=mine, pid=os.getpid()))
print(json.dumps(answers))
"""


@pytest.mark.slow
def test_an_ordinary_user_is_served_too() -> None:
    """Landlock without root and without another uid: the user's own files and processes stay out of reach."""
    require("root")
    require("landlock")
    with home(SOMEBODY) as folder, started(folder, SOMEBODY, "-c", AS_SOMEBODY, stdout=subprocess.PIPE) as user:
        told, _ = user.communicate(timeout=120)
        assert user.returncode == 0
        assert json.loads(told) == {
            "uid": SOMEBODY,
            "landlock": [True, True],
            "breaches of landlock": "[]",
            "process": [True, False],
            "breaches of process": "[]",
        }


@pytest.mark.parametrize("kind", [LandlockSandbox, ProcessSandbox])
def test_closing_a_sandbox_ends_the_runs_in_it(kind):
    """Whoever interrupts a grading run must not wait for what hangs: here that would take ten minutes."""
    require("landlock")
    patient = replace(LIMITS, wall_seconds=600.0, cpu_seconds=600)
    others = guests()
    with ThreadPoolExecutor(1) as background:
        with kind(limits=patient) as sandbox:
            running = background.submit(sandbox.run, job("import time; time.sleep(600)"))
            while not guests() - others:
                assert not running.done()
        running.exception(timeout=30)  # TimeoutError when it goes on
    assert not guests() - others
