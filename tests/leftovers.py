"""Which processes of guests live, and which of them some sandbox holds: other tests run beside, with guests of their own."""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Collection
from pathlib import Path

from autograder.sandbox.runtime import cache_folder
from autograder.sandbox.uids import FIRST, LAST


def living(uids: Collection[int] = range(FIRST, LAST + 1)) -> dict[int, list[str]]:
    """Processes by uid, of those uids that guests get."""
    found: dict[int, list[str]] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            status = (entry / "status").read_text()
            uid = int(status.split("Uid:")[1].split()[0])
            if uid in uids and "State:\tZ" not in status:
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                found.setdefault(uid, []).append(f"{entry.name} of {uid}: {command[:200]}")
    return found


def held(uid: int) -> bool:
    """Whether some guest has this uid just now."""
    lock = cache_folder() / "uids" / str(uid)
    if not lock.exists():
        return False
    with lock.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
