"""The sandboxes as their callers meet them: how a run ends, what is held open, what is laid out, which is chosen."""

from __future__ import annotations

import gc
import importlib
import json
import os
import shutil
import signal
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
from leftovers import held, living

from autograder.model import Conduct, Observation, Run, Scenario
from autograder.sandbox import Sandbox, SandboxFailed, SandboxUnavailable, landlock, process, runtime, uids
from autograder.sandbox.choose import choose
from autograder.sandbox.exchange import Ending, boot, how_it_ended
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


def job(source: str) -> bytes:
    sources = {"driver": DRIVER, "submission": textwrap.dedent(source)}
    told = {"driver": "driver", "submission": "submission"}
    return pack_job(SCENARIOS, sources=sources, **told, import_seconds=5.0, scenario_seconds=5.0)


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


def guests() -> set[int]:
    """Living processes that run on a laid out interpreter and were started by this one."""
    found = set()
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == os.getpid() and b"preload.py" in (entry / "cmdline").read_bytes():
                found.add(int(entry.name))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def eventually(condition: Callable[[], bool], seconds: float = 20.0) -> bool:
    until = time.monotonic() + seconds
    while not condition() and time.monotonic() < until:
        time.sleep(0.01)
    return condition()


@pytest.fixture(params=["landlock", "process"])
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    require("root" if request.param == "process" else "landlock")
    with choose(request.param, say=lambda _: None) as opened:
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


# ------------------------------------------------------------------------------------------------------------- exchange
@pytest.mark.parametrize(
    ("ending", "log", "seconds", "due"),
    [
        (Ending(0, 0), b"MemoryError", 1.0, ("finished", "")),
        (Ending(3, 0), b"", 1.0, ("exited", "exit status 3")),
        (Ending(1, 0), b"Traceback\nMemoryError\n", 1.0, ("memory", "MemoryError")),
        (Ending(0, signal.SIGSEGV), b"", 1.0, ("crashed", "SIGSEGV")),
        (Ending(0, signal.SIGXCPU), b"", 1.0, ("cpu", "SIGXCPU")),
        (Ending(0, signal.SIGKILL), b"", 1.0, ("crashed", "SIGKILL")),
        (Ending(0, signal.SIGKILL), b"", 16.0, ("cpu", "SIGKILL")),
        (Ending(0, 40), b"", 1.0, ("crashed", "signal 40")),
    ],
)
def test_endings_are_named(ending: Ending, log: bytes, seconds: float, due: tuple[str, str]) -> None:
    assert how_it_ended(ending, log, seconds, LIMITS) == due


@pytest.mark.parametrize(
    ("code", "complaint"),
    [("raise SystemExit('no numpy')", "no numpy"), ("import time; time.sleep(60)", "it said nothing")],
)
def test_a_guest_that_is_never_ready_is_our_fault(code: str, complaint: str) -> None:
    guest = process._Process([sys.executable, "-c", code], runtime.prepare(), uids.Lease(0))  # noqa: SLF001
    with pytest.raises(SandboxFailed, match=complaint):
        boot(guest, replace(LIMITS, boot_seconds=0.5 if "sleep" in code else 20.0))
    guest.close()


# ------------------------------------------------------------------------------------------------------------- landlock
def test_a_guest_waits_only_where_it_will_be_used() -> None:
    """One from the start, for the first; none after it until a second shows that there are many; none in the end."""
    require("landlock")
    others = guests()  # of a sandbox that tests of another file hold open
    with LandlockSandbox() as sandbox:
        assert eventually(lambda: len(guests() - others) == 1)
        assert works(sandbox)
        assert guests() == others
        assert works(sandbox)
        assert eventually(lambda: len(guests() - others) == 1)
        os.kill((guests() - others).pop(), signal.SIGKILL)  # somebody cleans up
        assert eventually(lambda: guests() == others)
        assert works(sandbox)
    assert guests() == others


def test_a_guest_under_landlock_is_a_single_process() -> None:
    """So that one SIGKILL ends it, and its memory limit is the sandbox's."""
    require("landlock")
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
    with LandlockSandbox() as sandbox:
        assert said(sandbox, source) == "[]"


def test_landlock_must_be_open() -> None:
    with pytest.raises(SandboxFailed, match="with statement"):
        LandlockSandbox().run(b"")


@pytest.mark.parametrize(
    ("abi", "uid", "verdict"),
    [(-1, 0, "old"), (3, 0, "old"), (4, 0, "fine"), (5, 1000, "old"), (6, 1000, "fine")],
)
def test_old_kernels_are_told_what_they_lack(abi: int, uid: int, verdict: str, monkeypatch: pytest.MonkeyPatch) -> None:
    require("landlock")
    monkeypatch.setattr("sandlock.landlock_abi_version", lambda: abi)
    monkeypatch.setattr(os, "geteuid", lambda: uid)
    if verdict == "fine":
        landlock.check_kernel()
    else:
        with pytest.raises(SandboxUnavailable, match="landlock needs Linux 6"):
            landlock.check_kernel()


# -------------------------------------------------------------------------------------------------------------- process
def test_everything_of_the_uid_is_killed_and_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A daemon, files, a folder with a link out of it and System V objects, where no Landlock forbids them."""
    require("root")
    monkeypatch.setattr(process, "has_landlock", lambda: False)
    source = """
        import ctypes, os, time
        said = os.getuid()
        libc = ctypes.CDLL(None)
        for _ in range(3):
            if os.fork() == 0:
                os.setsid()
                if os.fork() == 0:
                    time.sleep(1000)
                os._exit(0)
        folder = f"/tmp/left-{said}"
        os.mkdir(folder)
        os.symlink("/var/tmp", folder + "/out")
        os.symlink("/etc/passwd", "/tmp/link-%d" % said)
        open("/dev/shm/left-%d" % said, "w").close()
        for make in (lambda: libc.shmget(said, 4096, 0o1666), lambda: libc.semget(said, 1, 0o1666), lambda: libc.msgget(said, 0o1666)):
            assert make() >= 0
        def step(x): return x
    """
    with ProcessSandbox() as sandbox:
        uid = int(str(said(sandbox, source)))
        assert process.processes_of(uid) == []
        for left in (f"/tmp/left-{uid}", f"/tmp/link-{uid}", f"/dev/shm/left-{uid}"):  # noqa: S108
            assert not os.path.lexists(left)
        for kind in ("shm", "sem", "msg"):
            assert str(uid) not in Path("/proc/sysvipc", kind).read_text().split()
    assert Path("/var/tmp").is_dir()  # noqa: S108
    assert Path("/etc/passwd").is_file()


def test_a_fork_bomb_is_outrun() -> None:
    require("root")
    bomb = "import os\nsaid = os.getuid()\ndef step(x):\n    while True:\n        try:\n            os.fork()\n        except OSError:\n            pass"
    with ProcessSandbox(limits=replace(LIMITS, wall_seconds=0.7)) as sandbox:
        _, conduct, _ = play(sandbox, bomb)
        assert conduct.end == "time"
        assert eventually(lambda: not [uid for uid in living() if not held(uid)])
        assert works(sandbox)


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
    allowed = {"bin", "lib", "lib64", "numpy", "preload.py", "harness.py", "modules.bin", "runtime.json"}
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
@pytest.fixture
def no_engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nobody-listens.sock")
    yield
    gc.collect()  # Docker's SDK forgets sockets that it could not connect; see FORGETFUL


# Here and not where the next test happens to collect garbage.
FORGETFUL = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture
def no_landlock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandlock.landlock_abi_version", lambda: -1)


@FORGETFUL
@pytest.mark.usefixtures("no_engine")
def test_auto_goes_on_to_landlock_and_says_so() -> None:
    require("landlock")
    messages: list[str] = []
    assert choose("auto", say=messages.append).name == "landlock"
    assert "docker does not work here" in messages[0]
    assert messages[-1] == "sandbox: landlock"


@FORGETFUL
@pytest.mark.usefixtures("no_engine", "no_landlock")
def test_auto_goes_on_to_process_as_root() -> None:
    require("root")
    messages: list[str] = []
    chosen = choose("auto", say=messages.append)
    assert (chosen.name, chosen.isolated) == ("process", True)


@FORGETFUL
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
import json, sys
from unittest.mock import MagicMock
sys.path[:0] = json.loads(sys.argv[1])
sys.modules["pytest"] = sys.modules["conftest"] = sys.modules["leftovers"] = MagicMock()  # only its helpers are wanted
import os
import numpy
import test_sandboxes as tests
from autograder.sandbox.choose import choose
answers = {"uid": os.geteuid()}
for name in ("landlock", "process"):
    with choose(name, say=lambda _: None) as sandbox:
        answers[name] = tests.works(sandbox), sandbox.isolated
        if name == "landlock":
            mine = os.environ["HOME"] + "/mine"
            open(mine, "w").close()
            touch = "import os\\nsaid = []\\nfor call in (lambda: os.chmod(%r, 0), lambda: os.utime(%r), lambda: open(%r), lambda: os.kill(%d, 0)):\\n    try:\\n        call()\\n        said.append(1)\\n    except OSError: pass\\ndef step(x): return x"
            answers["breaches"] = tests.said(sandbox, touch % (mine, mine, mine, os.getpid()))
print(json.dumps(answers))
"""


def test_an_ordinary_user_is_served_too() -> None:
    """Landlock without root and without another uid: the user's own files and processes stay out of reach."""
    require("root")
    require("landlock")
    home = Path("/var/tmp") / f"gradmark-user-{os.getpid()}"  # noqa: S108
    home.mkdir()
    try:
        for package in ("autograder", "sandlock"):
            folder = Path(importlib.import_module(package).__file__ or "").parent
            shutil.copytree(folder, home / "lib" / package)
        shutil.copy(__file__, home / "lib")
        subprocess.run(["/bin/chown", "-R", str(SOMEBODY), str(home)], check=True)
        interpreter = runtime.prepare()
        paths = [str(home / "lib"), str(interpreter.folder / "numpy")]
        done = subprocess.run(
            [str(interpreter.folder / "bin/python3"), "-S", "-c", AS_SOMEBODY, json.dumps(paths)],
            env={**interpreter.environment, "HOME": str(home)},
            user=SOMEBODY, group=SOMEBODY, extra_groups=[], cwd="/", capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        answers = json.loads(done.stdout)
        assert answers == {
            "uid": SOMEBODY,
            "landlock": [True, True],
            "breaches": "[]",
            "process": [True, False],
        }
    finally:
        shutil.rmtree(home)


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
