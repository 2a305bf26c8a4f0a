"""The families of attacks against the filter of system calls alone: as root, without Landlock, without another uid."""

from __future__ import annotations

import os
import platform
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import families
import numpy as np
import pytest
from conftest import require

from autograder.model import Scenario
from autograder.sandbox import forking, process
from autograder.sandbox.calls import CALLS, NOT_THERE
from autograder.sandbox.compile import call_numbers
from autograder.sandbox.limits import LIMITS
from autograder.sandbox.process import ProcessSandbox
from autograder.sandbox.uids import Lease
from autograder.wire import pack_job, read_run

DRIVER = (Path(__file__).parent / "attacks/driver.py").read_text()
NUMBERS = call_numbers("aarch64" if platform.machine() == "aarch64" else "x86_64")
LISTED = {NUMBERS[call.name] for call in CALLS if call.name in NUMBERS}


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[dict[str, Any]]:
    """A listener, a victim and a folder, all within reach of root."""
    require("root")
    (tmp_path / "kept").write_text("kept")
    with socket.create_server(("127.0.0.1", 0)) as listener, subprocess.Popen(["/bin/sleep", "1000"]) as victim:
        yield {"port": listener.getsockname()[1], "pid": victim.pid, "folder": tmp_path}
        victim.kill()


def breaches(source: str) -> list[str]:
    scenario = Scenario("one", "one", "", {"call": "attack", "steps": 1}, {"x": np.ones(2)}, ())
    sources = {"driver": DRIVER, "submission": source}
    job = pack_job(
        [scenario], sources=sources, driver="driver", submission="submission", import_seconds=9.0, scenario_seconds=9.0
    )
    with ProcessSandbox(limits=replace(LIMITS, processes=500)) as sandbox:
        run = sandbox.run(job)
    conduct, seen = read_run(run, [scenario])
    assert "one" in seen, (conduct, run.log)
    assert seen["one"].fault is None, seen["one"].fault
    return [breach for breach in str(seen["one"].facts["breaches"]).split("; ") if breach]


def family(name: str, machine: dict[str, Any]) -> str:
    pids = [os.getpid(), machine["pid"]]
    return {
        "sockets": lambda: families.sockets([0, 6, 262], machine["port"]),
        "others": lambda: families.others(pids, NUMBERS),
        "files": lambda: families.files(str(machine["folder"]), NUMBERS),
        "programs": lambda: families.programs(NUMBERS, [17, 0x11 | 0x10000000, 0x8000 | 17]),
    }[name]()


# What the family must get away with where nothing confines it: not all of it, for kernels differ.
WITHOUT = {
    "sockets": {"TCP 0, connect", "TCP 6, fast open", "family 1, 1", "socketpair"},
    "others": {"prlimit64", "sched_setaffinity", "setpriority", "ioprio_set", "kill", "pidfd_open"},
    "files": {"open", "append", "truncate", "mkdir", "symlink", "rename", "chmod", "shm"},
    "programs": {"fork", "clone 0x11", "clone3", "posix_spawn"},
}


@pytest.fixture
def as_root(monkeypatch: pytest.MonkeyPatch) -> None:
    """Guests keep our uid, and have no Landlock."""
    monkeypatch.setattr(process, "landlock_version", lambda: 0)
    monkeypatch.setattr(forking, "lease", lambda _: Lease(0))


@pytest.mark.usefixtures("as_root")
@pytest.mark.parametrize("name", WITHOUT)
def test_the_filter_alone_stops_every_family(name: str, machine: dict[str, Any]) -> None:
    assert breaches(family(name, machine)) == []


@pytest.mark.usefixtures("as_root")
@pytest.mark.parametrize("name", WITHOUT)
def test_without_the_filter_each_family_succeeds(
    name: str, machine: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "filter_program", lambda: b"")
    found = breaches(family(name, machine))
    assert {due for due in WITHOUT[name] if any(due in breach for breach in found)} == WITHOUT[name]


@pytest.mark.usefixtures("as_root")
def test_each_call_that_is_not_on_the_list_is_refused_by_the_kernel() -> None:
    require("root")
    # Linux lets no filter see these two, and kills who calls them from anywhere but its own trampoline.
    unseen = {"uprobe", "uretprobe"}
    doors = {name: number for name, number in NUMBERS.items() if number not in LISTED and name not in unseen}
    assert len(doors) > 200
    assert set(NOT_THERE) <= doors.keys()
    assert breaches(families.doors(doors)) == []


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
    from autograder.sandbox.landlock import LandlockSandbox

    with LandlockSandbox() as sandbox:
        conduct, seen = read_run(sandbox.run(job), [scenario])
    assert conduct.end == "crashed"
    assert conduct.detail in ("SIGSYS", "SIGSEGV")  # the second where the kernel has no i386 at all
    assert not seen
