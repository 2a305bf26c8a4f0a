"""Reads files that strangers made: never through a link, never a device, never more than was asked for."""

from __future__ import annotations

import os
import stat
from collections import deque
from pathlib import Path

from autograder.intake.names import Refused, Tree, show, visible

MAX_ENTRIES = 2000  # seen in one folder before it is no submission but somebody's whole disk
MAX_DEPTH = 5  # folders around the file: two are usual (LMS, student)


def read(path: Path, limit: int) -> bytes:
    """At most `limit` + 1 bytes of a regular file, so that a caller sees when there is more.

    Raises:
        Refused: a symbolic link, a folder, a device: its author's doing.
        OSError: unreadable, for lack of permission or a failing disk: ours, because whoever unpacked the
            submission on this machine set its permissions, and a student cannot mend them.
    """
    require_regular(path, os.lstat(path).st_mode)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError as error:  # gone since lstat
        raise Refused(missing(path)) from error
    with os.fdopen(descriptor, "rb") as file:
        require_regular(path, os.fstat(descriptor).st_mode)  # again: it may have been exchanged in between
        return file.read(limit + 1)


def tree(folder: Path) -> Tree:
    """The visible files below a folder, nearest first; links are listed (to be refused), not followed."""
    names: list[str] = []
    waiting = deque([("", folder)])
    seen = 0
    while waiting:
        prefix, here = waiting.popleft()
        with os.scandir(here) as entries:
            for entry in entries:
                seen += 1
                if seen > MAX_ENTRIES:
                    raise Refused(
                        f"There are more than {MAX_ENTRIES} files here. Hand in the file that is to be "
                        "marked, without environments, data and repositories around it."
                    )
                if not visible(entry.name):
                    continue
                is_folder = entry.is_dir(follow_symlinks=False)
                if not is_folder or entry.name.endswith(".py"):  # such a folder is a mistake, which reading tells
                    names.append(prefix + entry.name)
                if is_folder and prefix.count("/") < MAX_DEPTH:
                    waiting.append((prefix + entry.name + "/", here / entry.name))
    return Tree(
        tuple(sorted(names, key=lambda name: (name.count("/"), name))),
        lambda name, cap: read(folder / name, cap),
    )


def missing(path: Path) -> str:
    return f"{show(path.name)} is missing. Check what you handed in, and hand in again."


def require_regular(path: Path, mode: int) -> None:
    if stat.S_ISREG(mode):
        return
    kind, advice = "no regular file (but a device, pipe or socket)", "the file itself"
    if stat.S_ISLNK(mode):
        kind, advice = "a symbolic link", "what it points to"
    elif stat.S_ISDIR(mode):
        kind, advice = "a folder", "a file of that name"
    raise Refused(f"{show(path.name)} is {kind}, which is not opened. Hand in {advice} instead.")
