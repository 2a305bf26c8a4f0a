"""Writes the allow-list as programs for the kernel, one for each architecture, and as a profile for Docker.

    python -m autograder.sandbox.compile     (writes programs/; a test holds them and calls.py together)

The programs are made here and not when a guest starts: `seccompy` is young, so it works for us on a developer's
machine, pinned by hash, and what it makes is looked at as bytes (tests/test_calls.py runs them, call by call).
"""

from __future__ import annotations

import errno
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from unittest.mock import patch

from autograder.sandbox.calls import ARCHITECTURES, CALLS, NOT_THERE, START, Architecture, Call

PROGRAMS = Path(__file__).with_name("programs")
# SCMP_ARCH_*, and the other ABIs of the same processor: no rule allows anything there.
DOCKER_ARCHITECTURES = {"x86_64": "SCMP_ARCH_X86_64", "aarch64": "SCMP_ARCH_AARCH64"}


def program(architecture: Architecture) -> bytes:
    """The filter as struct sock_filter records. A call of another ABI kills the process.

    Raises:
        ValueError: no known architecture has such a call.
    """
    import seccompy  # noqa: PLC0415 - a developer's tool

    numbers = call_numbers(architecture)
    with patch("platform.machine", lambda: architecture):  # it compiles for the machine that it runs on
        compiled = seccompy.Filter(seccompy.Action.ERRNO | errno.EPERM)
        for name in NOT_THERE:
            compiled.errno(numbers[name], errno.ENOSYS)
        for call in CALLS:
            for conditions in call.alternatives or ((),):
                if call.name in numbers:
                    compare = [(c.argument, seccompy.CmpOp.MASKED_EQ, c.value, c.mask) for c in conditions]
                    compiled.allow(numbers[call.name], args=compare)
        return bytes(compiled.program)


def call_numbers(architecture: Architecture) -> dict[str, int]:
    """The number of each call that this architecture has."""
    from seccompy import syscalls  # noqa: PLC0415

    tables = {"x86_64": syscalls.X86_64_SYSCALLS, "aarch64": syscalls.AARCH64_SYSCALLS}
    known = {name for table in tables.values() for name in table}
    if strange := {call.name for call in (*CALLS, *START)} - known:
        raise ValueError(f"no architecture has the calls {sorted(strange)}")
    return tables[architecture]


def docker_profile() -> dict[str, Any]:
    """The same list for a container, and what its start needs besides; Docker's format (SCMP_*)."""
    return {
        "defaultAction": "SCMP_ACT_ERRNO",
        "defaultErrnoRet": errno.EPERM,
        "architectures": [DOCKER_ARCHITECTURES[architecture] for architecture in ARCHITECTURES],
        "syscalls": [
            {"names": list(NOT_THERE), "action": "SCMP_ACT_ERRNO", "errnoRet": errno.ENOSYS},
            *_rules((*CALLS, *START)),
        ],
    }


def _rules(calls: Iterable[Call]) -> list[dict[str, Any]]:
    """One rule for all that are free, one for each alternative of the others; what START frees is free."""
    calls = list(calls)
    free = sorted({call.name for call in calls if not call.alternatives})
    bound = [
        {
            "names": [call.name],
            "action": "SCMP_ACT_ALLOW",
            "args": [
                {"index": c.argument, "value": c.mask, "valueTwo": c.value, "op": "SCMP_CMP_MASKED_EQ"}
                for c in conditions
            ],
        }
        for call in calls
        for conditions in call.alternatives
        if call.name not in free
    ]
    return [{"names": free, "action": "SCMP_ACT_ALLOW"}, *bound]


def write() -> None:
    """Writes the folder of programs anew."""
    PROGRAMS.mkdir(exist_ok=True)
    for architecture in ARCHITECTURES:
        (PROGRAMS / f"{architecture}.bpf").write_bytes(program(architecture))
    (PROGRAMS / "docker.json").write_text(json.dumps(docker_profile(), indent=1) + "\n")


if __name__ == "__main__":
    write()
