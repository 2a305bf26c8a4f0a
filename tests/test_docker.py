"""The docker sandbox against a real engine: every flag by a probe inside, every way to end, and nothing left behind."""

# ruff: noqa: ARG001, SLF001 - fixtures that only ask for an engine; the pool is watched from inside

from __future__ import annotations

import gc
import json
import os
import re
import signal
import subprocess
import sys
import textwrap
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import require

from autograder.model import Conduct, Observation, Run, Scenario
from autograder.sandbox import SandboxFailed, SandboxUnavailable
from autograder.sandbox import docker as module
from autograder.sandbox import image as images
from autograder.sandbox.container import OWNER, Demultiplexer, Record, ending, is_dead, owner_of
from autograder.sandbox.docker import DockerSandbox
from autograder.sandbox.limits import LIMITS, LOG_FLOOD_FACTOR
from autograder.wire import pack_job, read_run

pytestmark = pytest.mark.docker

DRIVER = """
import numpy as np
def play(module, spec, inputs, recorder):
    recorder.fact("said", getattr(module, spec["call"])())
    recorder.row("x", np.zeros(2))
"""
QUICK = replace(LIMITS, wall_seconds=5.0, cpu_seconds=3)


def job(submission: str, *calls: str) -> tuple[bytes, list[Scenario]]:
    scenarios = [Scenario(f"{n}-{call}", call, "", {"call": call}, {}, ()) for n, call in enumerate(calls)]
    sources = {"driver": DRIVER, "optimizers": textwrap.dedent(submission)}
    told = {"driver": "driver", "submission": "optimizers", "import_seconds": 5.0, "scenario_seconds": 5.0}
    return pack_job(scenarios, sources=sources, **told), scenarios


def play(sandbox: DockerSandbox, submission: str, *calls: str) -> tuple[Run, Conduct, dict[str, Observation]]:
    packed, scenarios = job(submission, *calls)
    run = sandbox.run(packed)
    return run, *read_run(run, scenarios)


def said(sandbox: DockerSandbox, submission: str, call: str) -> Any:
    """What one call in a fresh container answers; its exception's type when it raises."""
    run, conduct, observations = play(sandbox, submission, call)
    assert f"0-{call}" in observations, (run, conduct)
    observed = observations[f"0-{call}"]
    return observed.fault.type if observed.fault else observed.facts["said"]


class Watched(DockerSandbox):
    """A sandbox whose containers can be told from those of others in this process."""

    def __init__(self, **options: Any):
        super().__init__(**options)
        self.mark = f"gradmark.test={uuid.uuid4()}"

    def arguments(self) -> dict[str, Any]:
        asked = super().arguments()
        asked["Labels"] |= [self.mark.split("=")]
        return asked

    def containers(self, client: Any) -> list[dict[str, Any]]:
        return list(client.containers(all=True, filters={"label": self.mark}))


def containers_of(client: Any, pid: int) -> set[str]:
    """The containers that another gradmark process has on the engine."""
    found = client.containers(all=True, filters={"label": f"{OWNER}={owner_of(pid)}"})
    return {container["Id"] for container in found}


def eventually(condition: Callable[[], bool], seconds: float = 10.0) -> bool:
    until = time.monotonic() + seconds
    while not condition() and time.monotonic() < until:
        time.sleep(0.05)
    return condition()


@pytest.fixture(scope="module")
def sandbox(docker_image: str) -> Iterator[DockerSandbox]:
    with DockerSandbox(image=docker_image, limits=QUICK) as opened:
        yield opened


# ---------------------------------------------------------------------------------------------------------- f
class Loosened(Watched):
    """A sandbox that asks the engine for less: how a test shows that a flag is what its probe sees."""

    def __init__(self, loosen: Callable[[dict[str, Any]], object], **others: Any):
        super().__init__(pool=1, **others)
        self._loosen = loosen

    def arguments(self) -> dict[str, Any]:
        asked = super().arguments()
        self._loosen(asked)
        return asked


def without(flag: str) -> Callable[[dict[str, Any]], object]:
    return lambda asked: (asked["HostConfig"] if flag in asked["HostConfig"] else asked).pop(flag)


def instead(flag: str, value: object) -> Callable[[dict[str, Any]], object]:
    return lambda asked: (asked["HostConfig"] if flag in asked["HostConfig"] else asked).update({flag: value})


def without_ulimit(name: str) -> Callable[[dict[str, Any]], object]:
    def loosen(asked: dict[str, Any]) -> None:
        # Raised rather than left out: what a container gets then is the engine's own, which may be low.
        high = {"nofile": 1024, "core": 2**20, "fsize": 2**30, "cpu": 1000}[name]
        kept = [ulimit for ulimit in asked["HostConfig"]["Ulimits"] if ulimit["Name"] != name]
        asked["HostConfig"]["Ulimits"] = [*kept, {"Name": name, "Soft": high, "Hard": high}]

    return loosen


def without_variables(*names: str) -> Callable[[dict[str, Any]], object]:
    return lambda asked: asked.update(Env=[entry for entry in asked["Env"] if entry.split("=")[0] not in names])


def tmp(options: str) -> Callable[[dict[str, Any]], object]:
    return lambda asked: asked["HostConfig"].update(Tmpfs={"/tmp": options})  # noqa: S108


# Each: what a probe inside asks, what it must hear, and how to take away the flag that makes it so.
PROBES = {
    "network": (
        "def probe(): return 'eth' in open('/proc/net/dev').read()",
        False,
        instead("NetworkMode", "bridge"),
    ),
    "read-only root": (
        "import os\ndef probe(): return bool(os.statvfs('/').f_flag & os.ST_RDONLY)",
        True,
        without("ReadonlyRootfs"),
    ),
    "user": ("import os\ndef probe(): return os.getuid() != 0 != os.getgid()", True, instead("User", "0:0")),
    "capabilities": (
        "def probe(): return int(dict(l.split(':', 1) for l in open('/proc/self/status'))['CapBnd'], 16)",
        0,
        without("CapDrop"),
    ),
    "no new privileges": (
        "import ctypes\ndef probe(): return ctypes.CDLL(None).prctl(39, 0, 0, 0, 0)",
        1,
        without("SecurityOpt"),
    ),
    # Docker's own profile allows both; VSOCK reaches the host of a virtual machine without any network
    "sockets": (
        """
        import socket
        def probe():
            try:
                return str(socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM))
            except PermissionError:
                return "refused"
        """,
        "refused",
        instead("SecurityOpt", ["no-new-privileges"]),
    ),
    "system calls": (
        """
        import ctypes, platform
        def probe():
            number = {'x86_64': 248, 'aarch64': 217}[platform.machine()]  # add_key: a keyring outlives a container
            return ctypes.CDLL(None).syscall(number, b'user', b'left-behind', b'x', 1, -1) == -1
        """,
        True,
        instead("SecurityOpt", ["no-new-privileges", "seccomp=unconfined"]),
    ),
    "processes": (
        """
        import os, signal
        def probe():
            children = []
            try:
                while len(children) < 100:
                    if (pid := os.fork()) == 0:
                        signal.pause()
                    children.append(pid)
            except BlockingIOError:
                pass
            for pid in children:
                os.kill(pid, 9)
            return len(children) < 32
        """,
        True,
        without("PidsLimit"),
    ),
    "memory": (
        """
        import os
        def probe():
            if (pid := os.fork()) == 0:
                kept = bytearray(700 * 2**20)
                kept[::4096] = bytes(len(kept[::4096]))
                os._exit(0)
            return os.waitpid(pid, 0)[1]
        """,
        9,
        lambda asked: (without("MemorySwap")(asked), without("Memory")(asked)),
    ),
    "swap": (
        """
        import os
        def probe():
            for file in ('/sys/fs/cgroup/memory.swap.max', '/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes'):
                if os.path.exists(file):
                    beyond = 512 * 2**20 if 'memsw' in file else 0
                    text = open(file).read().strip()
                    return text != 'max' and int(text) <= beyond
        """,
        True,
        without("MemorySwap"),
    ),
    "one core": (
        """
        import os
        def probe():
            v2 = os.path.exists('/sys/fs/cgroup/cpu.max')
            words = (open('/sys/fs/cgroup/cpu.max').read().split() if v2 else
                [open('/sys/fs/cgroup/cpu/cpu.cfs_' + name + '_us').read() for name in ('quota', 'period')])
            return words[0] != 'max' and int(words[0]) == int(words[1])
        """,
        True,
        without("NanoCpus"),
    ),
    "open files": (
        """
        import os
        def probe():
            opened = []
            try:
                while len(opened) < 200:
                    opened.append(os.open('/', os.O_RDONLY))
            except OSError:
                pass
            for fd in opened:
                os.close(fd)
            return len(opened) < 64
        """,
        True,
        without_ulimit("nofile"),
    ),
    "core dumps": (
        "import resource\ndef probe(): return resource.getrlimit(resource.RLIMIT_CORE)[1]",
        0,
        without_ulimit("core"),
    ),
    "file size": (
        "def probe(): return open('big', 'wb', 0).write(bytes(3 * 2**20)) <= 2**20",
        True,
        without_ulimit("fsize"),
    ),
    "cpu time": (
        "import resource\ndef probe(): return resource.getrlimit(resource.RLIMIT_CPU)[0]",
        QUICK.cpu_seconds,
        without_ulimit("cpu"),
    ),
    "shared memory": ("import os\ndef probe(): return os.path.exists('/dev/shm')", False, without("IpcMode")),
    "programs in /tmp": (
        """
        import os
        def probe():
            open('script', 'w').write('#!/guest/python -S')
            os.chmod('script', 0o755)
            if (pid := os.fork()) == 0:
                try:
                    os.execv('/tmp/script', ['script'])
                except PermissionError:
                    os._exit(7)
            return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        """,
        7,
        tmp("rw,exec,nosuid,nodev,size=16m,nr_inodes=1k,mode=1777"),
    ),
    "setuid in /tmp": (
        "import os\ndef probe(): return bool(os.statvfs('/tmp').f_flag & os.ST_NOSUID)",
        True,
        tmp("rw,noexec,suid,nodev,size=16m,nr_inodes=1k,mode=1777"),
    ),
    "devices in /tmp": (
        "import os\ndef probe(): return bool(os.statvfs('/tmp').f_flag & os.ST_NODEV)",
        True,
        tmp("rw,noexec,nosuid,dev,size=16m,nr_inodes=1k,mode=1777"),
    ),
    "bytes in /tmp": (
        """
        def probe():
            written = 0
            try:
                for number in range(40):
                    written += open(str(number), 'wb', 0).write(bytes(2**19))
            except OSError:
                pass
            return written <= 16 * 2**20
        """,
        True,
        tmp("rw,noexec,nosuid,nodev,size=64m,nr_inodes=1k,mode=1777"),
    ),
    "files in /tmp": (
        """
        def probe():
            try:
                for number in range(1500):
                    open(str(number), 'w').close()
            except OSError:
                pass
            return number < 1100
        """,
        True,
        tmp("rw,noexec,nosuid,nodev,size=16m,mode=1777"),
    ),
    "hostname": ("import socket\ndef probe(): return socket.gethostname()", "guest", without("Hostname")),
    "init": ("import os\ndef probe(): return os.getpid() == 1", False, without("Init")),
    "order of sets": (
        # what seed 0 makes of it in every 64-bit Python since 3.11
        "def probe(): return hash('optimizer')",
        4_822_109_672_119_264_116,
        without_variables("PYTHONHASHSEED"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("flag", PROBES)
def test_a_probe_inside_finds_the_flag_in_force(flag: str, sandbox: DockerSandbox):
    probe, expected, _ = PROBES[flag]
    assert said(sandbox, probe, "probe") == expected


@pytest.mark.slow
@pytest.mark.parametrize("flag", PROBES)
def test_the_same_probe_notices_when_the_flag_is_missing(flag: str, docker_image: str):
    """Else the test above would pass whatever we asked of the engine."""
    probe, expected, loosen = PROBES[flag]
    with Loosened(loosen, image=docker_image, limits=QUICK) as loose:
        assert said(loose, probe, "probe") != expected


@pytest.mark.slow
def test_a_guest_starts_only_as_numpy_is_told_to_use_one_thread(docker_image: str):
    if (os.cpu_count() or 1) < 2:
        pytest.skip("one core: OpenBLAS starts one thread anyway")
    loosen = without_variables("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS")
    with pytest.raises(SandboxFailed, match="pthread_create failed"), Loosened(loosen, image=docker_image) as loose:
        said(loose, "def probe(): return 1", "probe")


def test_the_guest_sees_no_other_process_and_no_secret_of_ours(sandbox: DockerSandbox, monkeypatch):
    """Its environment is the one given, and process 1 is the init."""
    look = """
    import os
    def pids(): return ' '.join(sorted(p for p in os.listdir('/proc') if p.isdigit()))
    def names(): return ' '.join(sorted(os.environ))
    def programs(): return ' '.join(sorted({f for d in ('/bin', '/usr/bin', '/usr/local/bin', '/sbin', '/usr/sbin')
                                            if os.path.isdir(d) for f in os.listdir(d)}))
    """
    monkeypatch.setenv("SECRET_OF_THE_GRADER", "x")
    assert len(said(sandbox, look, "pids").split()) == 2
    assert set(said(sandbox, look, "names").split()) == {
        "HOME", "HOSTNAME", "LANG", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "PATH", "PYTHONHASHSEED",
    }  # fmt: skip
    assert re.fullmatch(r"(docker-init )?python3\.\d+", said(sandbox, look, "programs"))


def test_the_engine_keeps_no_log_of_what_was_printed(docker_client, docker_image):
    """Seen from outside: a flood must not become a file on the host."""
    for loosen, kept in ((lambda asked: None, False), (without("LogConfig"), True)):
        with Loosened(loosen, image=docker_image, limits=QUICK) as opened:
            opened._warm[0].result()
            path = docker_client.inspect_container(opened.containers(docker_client)[0]["Id"])["LogPath"]
            assert bool(path) == kept


# -------------------------------------------------------------------------------------------------------- end
HONEST = "def honest(): return 'seen'\n"
ENDINGS = {
    "finished": ("def attack(): return 1", QUICK, ("finished", "")),
    "endless loop": ("def attack():\n  while True:\n    try:\n      while True: pass\n    except BaseException: pass",
                     replace(QUICK, wall_seconds=9.0, cpu_seconds=1), ("cpu", "SIGXCPU")),
    "endless loop that ignores SIGXCPU": ("""
        import signal
        def attack():
            signal.signal(signal.SIGXCPU, signal.SIG_IGN)
            while True:
                try:
                    while True: pass
                except BaseException: pass
        """, replace(QUICK, wall_seconds=2.5, cpu_seconds=1), ("time", "2.5 s")),
    "sleep": ("import signal, time\ndef attack():\n  signal.setitimer(signal.ITIMER_REAL, 0)\n  time.sleep(1e6)",
              replace(QUICK, wall_seconds=1.0), ("time", "1 s")),
    "stopped": ("import os, signal\ndef attack(): os.kill(os.getpid(), signal.SIGSTOP)",
                replace(QUICK, wall_seconds=1.0), ("time", "1 s")),
    "memory": ("def attack():\n  kept = bytearray(2**30)\n  kept[::4096] = bytes(len(kept[::4096]))",
               QUICK, ("memory", "memory limit")),
    "killed by itself": ("import os\ndef attack(): os.kill(os.getpid(), 9)", QUICK, ("crashed", "SIGKILL")),
    "segfault": ("import ctypes\ndef attack(): ctypes.string_at(0)", QUICK, ("crashed", "SIGSEGV")),
    "abort": ("import os\ndef attack(): os.abort()", QUICK, ("crashed", "SIGABRT")),
    "exit": ("import os\ndef attack(): os._exit(3)", QUICK, ("exited", "exit status 3")),
    "early success": ("import os\ndef attack(): os._exit(0)", QUICK, ("finished", "")),
    "flood of frames": ("""
        import os, struct
        def attack():
            frame = struct.pack(">II", 2**16, 30) + b'{"skipped": 0, "arrays": []}  ' + bytes(2**16 - 34)
            for fd in range(3, 64):
                try:
                    while True: os.write(fd, frame)
                except OSError: pass
        """, QUICK, ("output", f"more than {QUICK.output_bytes} bytes of observations")),
    "no frames": ("import os\ndef attack():\n  for fd in range(3, 6):\n    try: os.write(fd, b'GET / HTTP/1.0')\n    except OSError: pass",
                  QUICK, ("protocol", "a frame whose length cannot be")),
    "flood of text": ("import os\ndef attack():\n  while True: os.write(1, b'spam' * 2**14)",
                      QUICK, ("output", f"printed more than {LOG_FLOOD_FACTOR * QUICK.log_bytes} bytes")),
    "streams closed, then away": ("import os\ndef attack():\n  os.closerange(0, 64)\n  os._exit(0)", QUICK, ("finished", "")),
    "streams closed, then asleep": ("""
        import os, signal, time
        def attack():
            signal.setitimer(signal.ITIMER_REAL, 0)
            os.closerange(0, 64)
            time.sleep(1e6)
        """, replace(QUICK, wall_seconds=1.0), ("time", "1 s")),
    "daemon left behind": ("""
        import os, signal, time
        def attack():
            if os.fork() == 0:
                os.setsid()
                if os.fork() == 0:
                    signal.setitimer(signal.ITIMER_REAL, 0)
                    time.sleep(1e6)
                os._exit(0)
            os._exit(0)
        """, QUICK, ("finished", "")),
}  # fmt: skip


@pytest.mark.parametrize("name", ENDINGS)
def test_every_end_has_its_name_and_what_came_before_is_kept(name, docker_image, docker_client):
    submission, limits, expected = ENDINGS[name]
    with Watched(image=docker_image, limits=limits, pool=1) as opened:
        run, _, observations = play(opened, HONEST + textwrap.dedent(submission), "honest", "attack")
        assert (run.end, run.detail) == expected
        assert observations["0-honest"].facts["said"] == "seen"
        assert run.seconds < limits.wall_seconds + 0.5
        assert len(run.output) <= limits.output_bytes
        assert len(run.log) <= limits.log_bytes
    assert opened.containers(docker_client) == []


def test_a_daemon_does_not_make_us_wait(sandbox: DockerSandbox):
    daemon = textwrap.dedent(ENDINGS["daemon left behind"][0])
    run, _, _ = play(sandbox, daemon, "attack")
    assert run.seconds < QUICK.wall_seconds / 2


def test_the_clock_decides_when_the_streams_end_before_the_guest(docker_image: str):
    """This engine keeps streams open as long as the guest lives; others need not. Asked of one that lives."""
    with DockerSandbox(image=docker_image, limits=QUICK, pool=1) as opened:
        guest = opened._warm[0].result()
        with pytest.raises(TimeoutError):
            guest._ending(time.monotonic() + 0.3)


def test_of_a_flood_the_first_bytes_are_kept(docker_image: str):
    """The beginning says what went wrong; the rest says it again."""
    with DockerSandbox(image=docker_image, limits=replace(QUICK, log_bytes=1000), pool=1) as opened:
        run, _, _ = play(opened, "print('first')\ndef attack(): print('x' * 5000)", "attack")
    assert run.log.startswith(b"first\nxxx")
    assert len(run.log) == 1000
    assert run.end == "finished"


def test_an_engine_on_this_machine_is_asked_though_the_environment_changes(docker_image: str, monkeypatch):
    """To look for a proxy is to go through all variables, which ends in a KeyError where another thread takes one away."""
    client = module.connect()
    assert client.base_url.startswith("http+docker:")

    def gone(*_: object, **__: object) -> None:
        raise KeyError("PYTEST_CURRENT_TEST")

    monkeypatch.setattr("requests.sessions.get_environ_proxies", gone)
    assert client.inspect_image(docker_image)
    client.close()


# ------------------------------------------------------------------------------------------- pool, and cleani
def test_every_job_gets_a_container_that_nobody_used(sandbox: DockerSandbox):
    leave = "import os\ndef leave():\n  was = os.listdir('/tmp')\n  open('/tmp/note', 'w').close()\n  return str(was)"
    assert [said(sandbox, leave, "leave") for _ in range(3)] == ["[]"] * 3


def test_many_threads_share_a_small_pool(docker_image: str, docker_client):
    """Each gets its own answers, and used containers do not pile up until the end."""
    answers: list[tuple[int, Any]] = []
    seen = 0
    with Watched(image=docker_image, limits=QUICK, pool=1) as opened:

        def ask(number: int) -> None:
            answers.extend((number, said(opened, f"def answer(): return {number}", "answer")) for _ in range(4))

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(3)]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            seen = max(seen, len(opened.containers(docker_client)))
            time.sleep(0.05)
    assert sorted(answers) == [(number, number) for number in range(3) for _ in range(4)]
    assert seen <= 1 + 3 + 3  # waiting, running, being removed; 13 were used
    assert opened.containers(docker_client) == []


def test_guests_that_died_while_waiting_are_replaced(docker_image: str, docker_client):
    """An engine may be restarted under us; a student must not be told that their code crashed."""
    with Watched(image=docker_image, limits=QUICK, pool=2) as opened:
        assert eventually(lambda: sum(future.done() for future in opened._warm) == 2)
        for container in opened.containers(docker_client):
            docker_client.kill(container["Id"])
        assert said(opened, "def answer(): return 5", "answer") == 5


def test_a_guest_that_cannot_start_is_our_fault(docker_image: str, docker_client):
    with (
        Loosened(instead("Cmd", ["{broken"]), image=docker_image, limits=QUICK) as opened,
        pytest.raises(SandboxFailed, match=r"(?s)ended before it was ready.*JSONDecodeError"),
    ):
        opened.run(job("", "x")[0])
    assert opened.containers(docker_client) == []
    with (
        Loosened(
            instead("Entrypoint", ["/guest/python", "-c", "import time; time.sleep(99)"]),
            image=docker_image,
            limits=replace(QUICK, boot_seconds=1.0),
        ) as opened,
        pytest.raises(SandboxFailed, match="not ready after 1 s"),
    ):
        opened.run(job("", "x")[0])
    assert opened.containers(docker_client) == []


def test_closing_ends_what_is_running(docker_image: str, docker_client):
    """As when Ctrl-C unwinds the main thread while others still wait for their runs."""
    failures: list[BaseException] = []

    def ask() -> None:
        try:
            play(opened, "import time\ndef wait(): time.sleep(1e6)", "wait")
        except SandboxFailed as error:
            failures.append(error)

    with Watched(image=docker_image, limits=replace(QUICK, wall_seconds=60.0), pool=1) as opened:
        thread = threading.Thread(target=ask)
        thread.start()
        assert eventually(lambda: len(opened.containers(docker_client)) == 2)  # the one that runs, and its successor
    thread.join(10)
    assert not thread.is_alive()
    assert failures
    assert opened.containers(docker_client) == []
    with pytest.raises(SandboxFailed, match="closed"):
        opened.run(b"")


def test_closing_removes_what_is_only_being_created(docker_image: str, docker_client):
    """As when Ctrl-C comes in the first moment."""
    with Loosened(lambda asked: time.sleep(0.5), image=docker_image, limits=QUICK) as opened:
        pass
    assert opened.containers(docker_client) == []


PROGRAM = """
import sys, time
from autograder.sandbox.docker import DockerSandbox
with DockerSandbox(image=sys.argv[1], pool=2) as opened:
    opened._warm[0].result(), opened._warm[1].result()
    print("open", flush=True)
    time.sleep(60)
"""


@contextmanager
def other_gradmark(image: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, image], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as program:
        try:
            assert program.stdout is not None
            assert program.stdout.readline() == "open\n"
            yield program
        finally:
            program.kill()


def test_ctrl_c_leaves_no_container(docker_image: str, docker_client):
    with other_gradmark(docker_image) as program:
        left = containers_of(docker_client, program.pid)
        assert len(left) == 2
        program.send_signal(signal.SIGINT)
        program.wait(20)
        assert not left & {container["Id"] for container in docker_client.containers(all=True)}


def test_the_leftovers_of_a_killed_gradmark_end_by_themselves_and_go_at_the_next_start(docker_image, docker_client):
    """And those of one that lives are left alone."""
    with other_gradmark(docker_image) as living, other_gradmark(docker_image) as killed:
        kept, left = (containers_of(docker_client, program.pid) for program in (living, killed))
        assert len(kept) == len(left) == 2
        killed.kill()
        killed.wait()
        assert eventually(lambda: not left & {container["Id"] for container in docker_client.containers()})
        assert left <= {container["Id"] for container in docker_client.containers(all=True)}
        with DockerSandbox(image=docker_image, limits=QUICK, pool=1):
            there = {container["Id"] for container in docker_client.containers(all=True)}
            assert not left & there
            assert kept <= there
        module.remove_leftovers(docker_client)
        living.kill()
        living.wait()
    module.remove_leftovers(docker_client)
    assert not kept & {container["Id"] for container in docker_client.containers(all=True)}


def test_who_is_dead_is_judged_only_where_it_can_be_known():
    me = owner_of(os.getpid())
    place, pid, started = me.rsplit("/", 2)
    assert not is_dead(me)
    assert is_dead(f"{place}/{pid}/{int(started) - 1}"), "another process had this pid before"
    assert is_dead(f"{place}/4194304/{started}"), "no pid is that large"
    assert not is_dead(f"elsewhere/4194304/{started}")
    assert not is_dead("nonsense")


# ---------------------------------------------------------------------------------------- what may be missing
def test_who_may_not_use_docker_is_told_what_to_do(docker_client):
    require("root")  # to become somebody who may not
    os.seteuid(65534)
    try:
        with pytest.raises(SandboxUnavailable, match="you may not use it: join its group"):
            module.connect()
    finally:
        os.seteuid(0)
    gc.collect()  # a socket left open would be told here


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"MemoryLimit": False}, "MemoryLimit missing"),
        ({"PidsLimit": False}, "PidsLimit missing"),
        ({"CpuCfsQuota": False}, "CpuCfsQuota missing"),
        ({"OSType": "windows"}, "no Linux containers"),
        ({"SecurityOptions": ["name=seccomp,profile=unconfined"]}, "filters no system calls"),
        ({"SecurityOptions": None}, "filters no system calls"),
    ],
)
def test_an_engine_that_would_not_keep_the_limits_is_refused(change, told, docker_client):
    information = docker_client.info()
    module.demand(information, None)
    with pytest.raises(SandboxUnavailable, match=told):
        module.demand(information | change, None)


def test_a_runtime_that_the_engine_lacks_is_refused(docker_image: str):
    with (
        pytest.raises(SandboxUnavailable, match="no runtime 'runscx'"),
        DockerSandbox(image=docker_image, runtime="runscx"),
    ):
        pass


def test_an_image_is_kept_by_its_id_and_holds_a_numpy_that_the_lock_knows(docker_image: str, monkeypatch):
    """A tag that is moved meanwhile changes nothing; another NumPy has no hash."""
    with DockerSandbox(image=docker_image, pool=1) as opened:
        assert re.fullmatch("sha256:[0-9a-f]{64}", opened.arguments()["Image"])
    monkeypatch.setattr(images, "version", lambda _: "1.99")
    with pytest.raises(SandboxUnavailable, match=r"no hash of the NumPy 1\.99 that is here: install numpy=="):
        images.tag()


def test_an_image_that_is_missing_is_never_pulled(docker_client):
    with (
        pytest.raises(SandboxUnavailable, match="has no image python:not-here"),
        DockerSandbox(image="python:not-here"),
    ):
        pass


def test_the_tag_changes_with_everything_inside(monkeypatch, tmp_path):
    """An old image is never run with a new harness."""
    tags = {images.tag()}
    changed = tmp_path / "changed"
    changed.write_bytes(images.HARNESS.read_bytes() + b"\n")
    monkeypatch.setattr(images, "HARNESS", changed)
    tags.add(images.tag())
    monkeypatch.setattr(images, "DOCKERFILE", changed)
    tags.add(images.tag())
    monkeypatch.setattr(images, "numpy_lines", lambda: "numpy==0.0")
    tags.add(images.tag())
    assert len(tags) == 4


def test_an_image_that_cannot_be_built_says_what_the_builder_said(docker_client, docker_image, monkeypatch):
    monkeypatch.setattr(images, "tag", lambda: "gradmark-guest:never-built")
    monkeypatch.setattr(images, "version", lambda _: "0.0.0")
    monkeypatch.setattr(images, "numpy_lines", lambda: "numpy==0.0.0")
    steps = []
    with pytest.raises(
        SandboxUnavailable,
        match=r"(?s)could not be built: gradmark-guest:never-built on scratch-of-nobody:\nStep 1.*Step 2",
    ):
        module.ensure_image(docker_client, base="scratch-of-nobody", say=steps.append)
    assert steps == ["building the image gradmark-guest:never-built on scratch-of-nobody, once: this takes a minute"]


def test_the_image_holds_python_numpy_and_the_harness_and_nothing_else(docker_client, docker_image):
    """No shell, no pip, no setuid file, no certificate of the machine that built it."""
    container = docker_client.create_container_from_config({"Image": docker_image})["Id"]
    try:
        exported = subprocess.run(
            ["tar", "tv"],  # noqa: S607
            input=b"".join(docker_client.export(container)),
            capture_output=True,
            check=True,
        )
    finally:
        module.remove(docker_client, container)
    lines = exported.stdout.decode().splitlines()
    assert not [line for line in lines if "s" in line[:10].lower() or line[:1] in "bcp"], "setuid or special files"
    names = [line.split(None, 5)[5].split(" -> ")[0] for line in lines if line[0] != "d"]
    assert not [name for name in names if re.search(r"(^|/)(sh|bash|busybox|pip|ca\.crt|apt|perl)$", name)]
    allowed = r"guest/|(usr/)?(local/)?lib(64)?/|usr/(local/)?bin/python3|etc/|\.dockerenv|dev/|proc/|sys/"
    assert [name for name in names if not re.match(allowed, name)] == []
    assert "guest/harness.py" in names


# -------------------------------------------------------------------------------------------- reading the eng
@pytest.mark.parametrize("size", [1, 3, 7, 8, 9, 64])
def test_the_engines_stream_is_taken_apart_however_it_is_cut(size: int):
    stream = b"\1\0\0\0\0\0\0\5hello\2\0\0\0\0\0\0\0\2\0\0\0\0\0\0\4oops\1\0\0\0\0\0\0\1!"
    demultiplexer, record = Demultiplexer(), Record(LIMITS)
    for at in range(0, len(stream), size):
        for kind, piece in demultiplexer.pieces(stream[at : at + size]):
            record.add(kind, piece)
    assert (bytes(record.output), bytes(record.log)) == (b"hello!", b"oops")


def test_no_more_is_kept_than_allowed():
    record = Record(replace(LIMITS, output_bytes=10, log_bytes=4))
    for _ in range(3):
        record.add(1, b"x" * 5)
        record.add(2, b"abc")
    assert record.excess() == "more than 10 bytes of observations"
    assert len(record.output) == 11
    assert record.log == b"abca"


def test_exit_statuses_are_told_in_words():
    assert ending(0) == ("finished", "")
    assert ending(128 + signal.SIGXCPU) == ("cpu", "SIGXCPU")
    assert ending(128 + signal.SIGSEGV) == ("crashed", "SIGSEGV")
    assert ending(255) == ("exited", "exit status 255")
    assert ending(128) == ("exited", "exit status 128")


@pytest.mark.slow
def test_a_warm_container_costs_little_more_than_a_plain_process(docker_image: str):
    """From the job's bytes to the Run, 60 trivial scenarios; generous, because machines are shared."""
    packed, scenarios = job("def f(): return 1", *["f"] * 60)
    options = json.dumps({"numpy_path": str(Path(np.__file__).parents[1])})
    command = [sys.executable, "-P", "-s", "-S", str(images.HARNESS), options]
    plain, warm = [], []
    with DockerSandbox(image=docker_image, pool=1) as opened:
        for _ in range(5):
            with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
                process.stdout.read(37)  # the "ready"
                started = time.perf_counter()
                process.communicate(packed)
                plain.append(time.perf_counter() - started)
            assert eventually(opened._warm[0].done)
            run = opened.run(packed)
            warm.append(run.seconds)
            assert len(read_run(run, scenarios)[1]) == 60
    print(f"plain {sorted(plain)[2]:.3f} s, warm container {sorted(warm)[2]:.3f} s")
    assert sorted(warm)[2] - sorted(plain)[2] < 0.5
