"""User ids for guests, each held by one guest at a time on the whole machine.

Two guests that share a uid could signal, trace and starve each other; and `process` kills a guest by its uid.
So a uid is leased: a locked file says that it is taken, and the kernel unlocks it when the holder dies.
"""

from __future__ import annotations

import fcntl
import os
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from autograder.sandbox import SandboxFailed

if TYPE_CHECKING:
    from pathlib import Path

# https://systemd.io/UIDS-GIDS: "60578–61183: unused"; below 65536, so that user namespaces have them too.
FIRST, LAST = 60578, 61183


@dataclass(frozen=True)
class Lease:
    """A uid of our own until `release`; 0 stands for "no other uid", for graders that are not root."""

    uid: int
    lock: int = -1

    def release(self) -> None:
        if self.lock >= 0:
            os.close(self.lock)


def lease(cache: Path) -> Lease:
    """Takes a uid that nobody holds; starts anywhere, so that one is not soon used again.

    Raises:
        SandboxFailed: six hundred guests run at once.
    """
    if os.geteuid() != 0:
        return Lease(0)
    folder = cache / "uids"
    folder.mkdir(mode=0o700, exist_ok=True)
    start = secrets.randbelow(LAST - FIRST + 1)
    for step in range(LAST - FIRST + 1):
        uid = FIRST + (start + step) % (LAST - FIRST + 1)
        lock = os.open(folder / str(uid), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
        else:
            return Lease(uid, lock)
    raise SandboxFailed(f"every user id from {FIRST} to {LAST} is held by a running guest")
