"""The allow-list of system calls: its reasons, its programs as bytes for both architectures, its profile for Docker."""

from __future__ import annotations

import errno
import json
import shutil
import struct
from pathlib import Path
from typing import Any

import pytest
import traced
from conftest import require
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.guest.confine import OWN_PID
from autograder.sandbox.calls import ARCHITECTURES, CALLS, NOT_THERE, SEEN, START, Call
from autograder.sandbox.compile import PROGRAMS, call_numbers, docker_profile, program

ALLOW, KILL, REFUSE, ABSENT = 0x7FFF0000, 0x80000000, 0x50000 | errno.EPERM, 0x50000 | errno.ENOSYS
AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
I386, ARM, X32 = 0x40000003, 0x40000028, 0x40000000
FREE = {call.name for call in CALLS if not call.alternatives}
# What must never be free, whoever adds a call: each has opened a machine, or reaches somebody else.
NEVER = (
    *("socket", "socketpair", "connect", "sendto", "sendmsg", "bind", "accept4", "io_uring_setup", "io_uring_enter"),
    *(
        "bpf",
        "userfaultfd",
        "ptrace",
        "process_vm_readv",
        "process_vm_writev",
        "pidfd_open",
        "pidfd_getfd",
        "kill",
        "tkill",
    ),
    *("pidfd_send_signal", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "keyctl", "add_key", "request_key", "memfd_create"),
    *(
        "execve",
        "execveat",
        "clone",
        "fork",
        "vfork",
        "unshare",
        "setns",
        "mount",
        "chroot",
        "pivot_root",
        "perf_event_open",
    ),
    *(
        "sched_setaffinity",
        "sched_setscheduler",
        "sched_setattr",
        "sched_setparam",
        "setpriority",
        "ioprio_set",
        "setrlimit",
    ),
    *(
        "shmget",
        "semget",
        "msgget",
        "mq_open",
        "unlink",
        "unlinkat",
        "rename",
        "renameat2",
        "chmod",
        "fchmodat",
        "truncate",
    ),
    *(
        "mkdirat",
        "symlinkat",
        "linkat",
        "utimensat",
        "setxattr",
        "creat",
        "mknodat",
        "name_to_handle_at",
        "open_by_handle_at",
    ),
)


# --------------------------------------------------------------------------------------------------------- the kernel's part
def verdict(code: bytes, number: int, audit: int, arguments: tuple[int, ...] = (0,) * 6) -> int:
    """What a program answers to one call: the five kinds of instruction that a filter of ours has."""
    data = struct.pack("<IIQ6Q", number, audit, 0, *arguments)
    instructions = list(struct.iter_unpack("<HBBI", code))
    at = accumulator = 0
    while True:
        operation, yes, no, constant = instructions[at]
        at += 1
        match operation:
            case 0x20:
                (accumulator,) = struct.unpack_from("<I", data, constant)
            case 0x54:
                accumulator &= constant
            case 0x05:
                at += constant
            case 0x15:
                at += yes if accumulator == constant else no
            case 0x06:
                return int(constant)
            case _:
                raise AssertionError(f"an instruction that no filter of ours has: {operation:#x}")


def allowed(call: Call, arguments: tuple[int, ...]) -> bool:
    return not call.alternatives or any(
        all(arguments[c.argument] & c.mask == c.value for c in conditions) for conditions in call.alternatives
    )


# ------------------------------------------------------------------------------------------------------------------- list
def test_every_call_was_seen_or_has_a_reason() -> None:
    for call in (*CALLS, *START):
        assert len(call.reason.split()) > 2, call
    names = [call.name for call in CALLS]
    assert len(names) == len(set(names))
    assert sum(call.reason == SEEN for call in CALLS) > 40


@pytest.mark.slow
def test_an_undisturbed_guest_makes_no_call_that_is_not_on_the_list(tmp_path: Path) -> None:
    require("root")
    if shutil.which("strace") is None:
        pytest.skip("needs strace")
    seen = traced.traced(tmp_path)
    assert {"futex", "openat", "rt_sigtimedwait"} <= seen  # the wide program was traced
    assert seen <= {call.name for call in CALLS} | set(NOT_THERE)


def test_calls_that_reach_others_are_on_no_list() -> None:
    assert not {call.name for call in CALLS} & set(NEVER)
    assert not {call.name for call in CALLS} & set(NOT_THERE)
    sockets = {
        "socket",
        "socketpair",
        "connect",
        "io_uring_setup",
        "bpf",
        "ptrace",
        "keyctl",
        "add_key",
        "mount",
        "setns",
    }
    assert not {call.name for call in START} & sockets


def test_the_shipped_programs_belong_to_the_list() -> None:
    """After a change: python -m autograder.sandbox.compile."""
    for architecture in ARCHITECTURES:
        assert (PROGRAMS / f"{architecture}.bpf").read_bytes() == program(architecture)
    assert json.loads((PROGRAMS / "docker.json").read_text()) == docker_profile()


# --------------------------------------------------------------------------------------------------------------- programs
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_other_call_is_refused(architecture: str) -> None:
    code = (PROGRAMS / f"{architecture}.bpf").read_bytes()
    numbers = call_numbers(architecture)
    listed = {call.name for call in CALLS}
    known = {number: {name for name in numbers if numbers[name] == number} for number in numbers.values()}
    for number, names in known.items():  # a few have two names
        found = verdict(code, number, AUDIT[architecture])
        if names & set(NOT_THERE):
            assert found == ABSENT, names
        elif names & FREE:
            assert found == ALLOW, names
        elif not names & listed:
            assert found == REFUSE, names
    for number in (*range(max(numbers.values()) + 1, 600), 2**31, 2**32 - 1):
        assert verdict(code, number, AUDIT[architecture]) == REFUSE


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_other_abis_of_a_processor_are_no_way_round(architecture: str) -> None:
    code = (PROGRAMS / f"{architecture}.bpf").read_bytes()
    for number in call_numbers(architecture).values():
        assert verdict(code, number, I386) == verdict(code, number, ARM) == KILL
        assert verdict(code, number | X32, AUDIT[architecture]) == REFUSE
    (other,) = set(ARCHITECTURES) - {architecture}
    assert verdict(code, 0, AUDIT[other]) == KILL


INTERESTING = sorted(
    {
        bits
        for call in CALLS
        for group in call.alternatives
        for c in group
        for bits in (c.value, c.mask, c.value | 2**32)
    }
    | {0, 1, 2**31, 2**32, 2**64 - 1, 0o101, 0o2, 0x3D0F00, 0x1200011, 0x10000000 | 0x10900}
)


@given(
    st.sampled_from([call for call in CALLS if call.alternatives]),
    st.tuples(*[st.sampled_from(INTERESTING) | st.integers(0, 2**64 - 1)] * 6),
    st.sampled_from(ARCHITECTURES),
)
@settings(max_examples=400, deadline=None)
def test_arguments_are_judged_as_the_list_says(call: Call, arguments: tuple[int, ...], architecture: Any) -> None:
    numbers = call_numbers(architecture)
    if call.name in numbers:
        code = (PROGRAMS / f"{architecture}.bpf").read_bytes()
        due = ALLOW if allowed(call, arguments) else REFUSE
        assert verdict(code, numbers[call.name], AUDIT[architecture], arguments) == due


@pytest.mark.parametrize(
    ("name", "arguments", "due"),
    [
        ("openat", (0, 0, 0o2000000), ALLOW),  # O_RDONLY | O_CLOEXEC
        ("openat", (0, 0, 0o101), REFUSE),  # O_WRONLY | O_CREAT
        ("openat", (0, 0, 0o12000000), REFUSE),  # O_PATH | O_CLOEXEC
        ("openat", (0, 0, 0o20200000 | 0o2), REFUSE),  # O_TMPFILE | O_RDWR
        ("clone", (0x3D0F00,), REFUSE),  # what pthread_create asks for
        ("clone", (0x1200011,), REFUSE),  # fork
        ("clone", (0x4111,), REFUSE),  # vfork, posix_spawn
        ("prlimit64", (0, 7, 0), ALLOW),  # reading one's own
        ("prlimit64", (0, 7, 0x7FFF0000), REFUSE),
        ("prlimit64", (4242, 0, 0), REFUSE),
        ("ioctl", (0, 0x5401), ALLOW),  # isatty
        ("ioctl", (0, 0x5412), REFUSE),  # TIOCSTI: typing into somebody's terminal
        ("fcntl", (0, 8), REFUSE),  # F_SETOWN: signals to somebody else
        ("prctl", (22,), REFUSE),
        ("tgkill", (OWN_PID, 1, 6), ALLOW),  # abort()
        ("tgkill", (4242, 4242, 9), REFUSE),
    ],
)
def test_known_calls(name: str, arguments: tuple[int, ...], due: int) -> None:
    for architecture in ARCHITECTURES:
        code = (PROGRAMS / f"{architecture}.bpf").read_bytes()
        padded = (*arguments, *(0,) * (6 - len(arguments)))
        assert verdict(code, call_numbers(architecture)[name], AUDIT[architecture], padded) == due
