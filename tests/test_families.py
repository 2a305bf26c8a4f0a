"""The families of attacks against the filter of system calls alone (as root, without Landlock, without another uid), and
against every sandbox as it is: what would succeed there without the filter comes to nothing with it."""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import families
import numpy as np
import pytest
from conftest import require
from somebody import somebodys

from autograder.model import Scenario
from autograder.sandbox import Sandbox, forking, landlock, process
from autograder.sandbox.calls import CALLS, NOT_THERE
from autograder.sandbox.compile import call_numbers
from autograder.sandbox.docker import DockerSandbox
from autograder.sandbox.landlock import LandlockSandbox
from autograder.sandbox.limits import LIMITS
from autograder.sandbox.process import ProcessSandbox
from autograder.sandbox.uids import FIRST, Lease
from autograder.wire import pack_job, read_run

DRIVER = (Path(__file__).parent / "attacks/driver.py").read_text()
NUMBERS = call_numbers("aarch64" if platform.machine() == "aarch64" else "x86_64")
SOMEBODY = FIRST - 2  # an ordinary user of these tests alone
MANY = replace(LIMITS, processes=500)  # other tests run beside
LISTED = {NUMBERS[call.name] for call in CALLS if call.name in NUMBERS}


@pytest.fixture
def machine() -> Iterator[dict[str, Any]]:
    """A listener, a victim and a folder, all within reach of whoever attacks."""
    require("root")
    folder = Path(tempfile.mkdtemp(prefix="gradmark-test-", dir="/var/tmp"))
    (folder / "kept").write_text("kept")
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        subprocess.Popen(["/bin/sleep", "1000"]) as victim,
        subprocess.Popen(["/bin/sleep", "1000"], user=SOMEBODY) as theirs,
    ):
        yield {
            "port": listener.getsockname()[1],
            "pids": {0: [os.getpid(), victim.pid], SOMEBODY: [theirs.pid]},
            "folder": folder,
        }
        victim.kill()
        theirs.kill()
    shutil.rmtree(folder)


def breaches(source: str, sandbox: Sandbox) -> list[str]:
    scenario = Scenario("one", "one", "", {"call": "attack", "steps": 1}, {"x": np.ones(2)}, ())
    sources = {"driver": DRIVER, "submission": source}
    job = pack_job(
        [scenario], sources=sources, driver="driver", submission="submission", import_seconds=9.0, scenario_seconds=9.0
    )
    run = sandbox.run(job)
    conduct, seen = read_run(run, [scenario])
    assert "one" in seen, (conduct, run.log)
    assert seen["one"].fault is None, seen["one"].fault
    return [breach for breach in str(seen["one"].facts["breaches"]).split("; ") if breach]


def family(name: str, machine: dict[str, Any], uid: int = 0) -> str:
    if uid:
        os.chown(machine["folder"], uid, uid)
        os.chown(machine["folder"] / "kept", uid, uid)
    return {
        "sockets": lambda: families.sockets([0, 6, 262], machine["port"]),
        "others": lambda: families.others(machine["pids"][uid], NUMBERS),
        "files": lambda: families.files(str(machine["folder"]), NUMBERS),
        "programs": lambda: families.programs(NUMBERS, [17, 0x11 | 0x10000000, 0x8000 | 17]),
    }[name]()


# ------------------------------------------------------------------------------------------------------ the filter alone
# What the family must get away with where nothing confines it: not all of it, for kernels differ.
WITHOUT = {
    "sockets": {"TCP 0, connect", "TCP 6, fast open", "family 1, 1", "socketpair"},
    "others": {"prlimit64", "sched_setaffinity", "setpriority", "ioprio_set", "kill", "tgkill", "pidfd_open"},
    "files": {"open", "append", "O_PATH", "truncate", "mkdir", "symlink", "rename", "chmod", "shm"},
    "programs": {"fork", "clone 0x11", "clone3", "thread", "posix_spawn"},
}


@pytest.fixture
def as_root(monkeypatch: pytest.MonkeyPatch) -> None:
    """Guests keep our uid, and have no Landlock."""
    monkeypatch.setattr(process, "landlock_version", lambda: 0)
    monkeypatch.setattr(forking, "lease", lambda _: Lease(0))


@pytest.mark.usefixtures("as_root")
@pytest.mark.parametrize("name", WITHOUT)
def test_the_filter_alone_stops_every_family(name: str, machine: dict[str, Any]) -> None:
    with ProcessSandbox(limits=MANY) as sandbox:
        assert breaches(family(name, machine), sandbox) == []


@pytest.mark.usefixtures("as_root")
@pytest.mark.parametrize("name", WITHOUT)
def test_without_the_filter_each_family_succeeds(
    name: str, machine: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "filter_program", lambda: b"")
    with ProcessSandbox(limits=MANY) as sandbox:
        assert succeeded(breaches(family(name, machine), sandbox), WITHOUT[name]) == WITHOUT[name]


def succeeded(found: list[str], due: set[str]) -> set[str]:
    return {one for one in due if any(one in breach for breach in found)}


# ------------------------------------------------------------------------------------------------- each sandbox, as it is
# What each family gets away with there without the filter: what the rest of the sandbox (Landlock, another uid, a
# container) leaves open.
ANYWHERE = {
    "sockets": {"family 1, 1", "family 2, 2", "socketpair"},
    "others": {"getpriority", "sched_getscheduler", "pidfd_open"},
    "files": {"memfd", "shm", "sem", "msg"},
    "programs": {"fork", "clone 0x11", "clone3", "thread"},
}
BY_TCP = {**ANYWHERE, "sockets": {*ANYWHERE["sockets"], "TCP 0, fast open", "TCP 262, connect"}}
PLACES: dict[str, dict[str, set[str]]] = {
    "docker": ANYWHERE,
    "landlock": BY_TCP,
    "process": BY_TCP,
    "landlock, an ordinary user": {
        **BY_TCP,
        "others": {"prlimit64", "sched_setaffinity", "setpriority", "ioprio_set", "pidfd_open"},
        "files": {"O_PATH", "chmod", "utime", "setxattr", "shm"},
    },
    "process, an ordinary user": WITHOUT,
}
# What a container lets its guest do to the container's own init, which ends with it, and 32 processes of its own.
WITHIN = {
    ("docker", "others"): {"prlimit64 1", "kill 1", "tgkill 1", "getpriority 1"},
    ("docker", "programs"): {"fork", "clone 0x11"},
}


@pytest.fixture(params=[True, False], ids=["filter", "no filter"], scope="module")
def filtered(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture(
    params=[pytest.param(p, marks=[pytest.mark.docker] if p == "docker" else []) for p in PLACES], scope="module"
)
def place(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def sandbox(place: str, filtered: bool, request: pytest.FixtureRequest) -> Iterator[Sandbox]:  # noqa: FBT001
    kind, _, user = place.partition(", ")
    require("root" if kind == "process" else kind)
    if user:
        require("root")  # to become somebody else
    with pytest.MonkeyPatch.context() as patch, contextlib.ExitStack() as held:
        if not filtered:
            for module in (landlock, process):
                patch.setattr(module, "filter_program", lambda: b"")
        if user:
            yield held.enter_context(somebodys(kind, SOMEBODY, MANY, filtered=filtered))
        elif kind == "docker":
            options = [] if filtered else ["seccomp=unconfined"]
            image = request.getfixturevalue("docker_image")
            yield held.enter_context(Loosened(options, image=image, limits=MANY))
        else:
            yield held.enter_context((LandlockSandbox if kind == "landlock" else ProcessSandbox)(limits=MANY))


class Loosened(DockerSandbox):
    """A container with these security options besides, the last of which counts."""

    def __init__(self, options: list[str], **others: Any) -> None:
        super().__init__(**others)
        self._options = options

    def arguments(self) -> dict[str, Any]:
        asked = super().arguments()
        if self._options:
            asked["HostConfig"]["SecurityOpt"] = ["no-new-privileges", *self._options]
        return asked


@pytest.mark.slow
@pytest.mark.parametrize("name", WITHOUT)
def test_each_family_comes_to_nothing_in_every_sandbox_because_of_its_filter(
    name: str,
    place: str,
    filtered: bool,  # noqa: FBT001
    sandbox: Sandbox,
    machine: dict[str, Any],
) -> None:
    source = family(name, machine, SOMEBODY if "user" in place else 0)
    found = breaches(source, sandbox)
    if filtered:
        assert set(found) == WITHIN.get((place, name), set())
    else:
        assert succeeded(found, PLACES[place][name]) == PLACES[place][name]


@pytest.mark.usefixtures("as_root")
def test_each_call_that_is_not_on_the_list_is_refused_by_the_kernel() -> None:
    require("root")
    # Linux lets no filter see these two, and kills who calls them from anywhere but its own trampoline.
    unseen = {"uprobe", "uretprobe"}
    doors = {name: number for name, number in NUMBERS.items() if number not in LISTED and name not in unseen}
    assert len(doors) > 200
    assert set(NOT_THERE) <= doors.keys()
    with ProcessSandbox(limits=MANY) as sandbox:
        assert breaches(families.doors(doors), sandbox) == []


def test_a_call_of_another_abi_ends_the_guest() -> None:
    """int 0x80 would be the numbers of i386, where 11 is execve."""
    if platform.machine() != "x86_64":
        pytest.skip("an instruction of x86-64")
    source = families.HEAD + (
        "import mmap\n\ndef attack(x):\n"
        "    code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)\n"
        "    code.write(bytes.fromhex('b814000000cd80c3'))\n"  # mov eax, 20 (getpid); int 0x80; ret
        "    address = ctypes.addressof(ctypes.c_char.from_buffer(code))\n"
        "    breaches.append(str(ctypes.CFUNCTYPE(ctypes.c_int)(address)()))\n    return x\n"
    )
    scenario = Scenario("one", "one", "", {"call": "attack", "steps": 1}, {"x": np.ones(2)}, ())
    sources = {"driver": DRIVER, "submission": source}
    job = pack_job(
        [scenario], sources=sources, driver="driver", submission="submission", import_seconds=9.0, scenario_seconds=9.0
    )
    require("landlock")
    with LandlockSandbox() as sandbox:
        conduct, seen = read_run(sandbox.run(job), [scenario])
    assert conduct.end == "crashed"
    assert conduct.detail in ("SIGSYS", "SIGSEGV")  # the second where the kernel has no i386 at all
    assert not seen
