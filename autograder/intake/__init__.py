"""Turns what was handed in into a Submission: a Python file, a notebook, a zip, or a folder with one of them.

Nothing is executed, imported or parsed as Python here; reading is bounded in bytes, entries and depth. What
is wrong with a submission becomes its `problem`, told to its author; an OSError is ours.
"""

from __future__ import annotations

import hashlib
import os
import posixpath
import stat
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from autograder.intake import archive, cells, disk, notebook, text
from autograder.intake.names import ReadSubmission, Refused, Tree, called, choose, show, show_some, suffix, visible
from autograder.model import QUIZ_FILE, Submission

MAX_EXTRA_BYTES = 64_000  # answers to a dozen questions
CAPS = {
    ".py": text.MAX_SOURCE_BYTES,
    ".ipynb": notebook.MAX_NOTEBOOK_BYTES,
    ".zip": archive.MAX_ZIP_BYTES,
}

__all__ = ["NothingToMark", "find", "read", "read_upload"]


class NothingToMark(Exception):
    """A path that the person at the command gave names no submission; the message tells that person."""


def read(path: Path, *, main: str = "optimizers.py") -> Submission:
    """Read the submission at `path` in any form; the same code and answers give the same digest.

    Raises:
        OSError: the disk or its permissions, which are not the student's.
    """
    told = os.fsencode(path).decode("utf-8", "backslashreplace")
    try:
        found = _read(path, main)
    except Refused as refused:
        return _unusable(told, refused)
    return _submission(told, found)


def read_upload(name: str, data: bytes, *, main: str = "optimizers.py") -> Submission:
    """Read an upload, `data` under the name that its author gave it: as `read` reads a file of these bytes."""
    try:
        if suffix(name) not in CAPS:
            raise Refused(f"{show(name)} is neither Python nor a notebook nor a zip. Hand in your {main}.")
        found = _from_file(name, data[: CAPS[suffix(name)] + 1], main)
    except Refused as refused:
        return _unusable(name, refused)
    return _submission(name, found)


def _unusable(path: str, refused: Refused) -> Submission:
    """A submission without code that can be used: what came beside it is kept, because it is marked all the same."""
    beside = refused.beside or ReadSubmission({})
    return Submission(path, beside.files, _digest(beside.files), str(refused), refused=beside.refused)


def _submission(path: str, found: ReadSubmission) -> Submission:
    return Submission(
        path,
        found.files,
        _digest(found.files),
        remarks=tuple(found.remarks),
        refused=found.refused,
        cells=found.cells,
    )


def find(paths: Sequence[Path], *, main: str = "optimizers.py") -> list[Path]:
    """The submissions that `paths` name: each path itself, or the children of a folder of submissions.

    Raises:
        NothingToMark: a path that does not exist, or a folder without any submission.
    """
    found = [submission for path in paths for submission in _expand(path, main)]
    return list(dict.fromkeys(found))


# ---------------------------------------------------------------------------------------------------- finding
def _expand(path: Path, main: str) -> list[Path]:
    try:
        mode = os.lstat(path).st_mode
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NothingToMark(f"There is no {show(str(path))}. Check the path.") from error
    if not stat.S_ISDIR(mode):
        return [path]  # whatever it is: reading it says what is wrong with it
    children = sorted(child for child in path.iterdir() if visible(child.name))
    files = [child for child in children if not _is_folder(child) and suffix(child.name) in CAPS]
    folders = [child for child in children if _is_folder(child)]
    filled = any(_holds_one(folder) for folder in folders)
    if os.path.lexists(path / main) or (len(files) == 1 and not filled):
        return [path]
    if not files and not filled:
        raise NothingToMark(
            f"{show(str(path))} holds no {main}, notebook or zip, and no folder with one. Check the path."
        )
    # a student's empty folder is told that its file is missing, instead of vanishing from the table
    return sorted(files + folders) if filled else files


def _is_folder(path: Path) -> bool:
    return stat.S_ISDIR(os.lstat(path).st_mode)


def _holds_one(folder: Path) -> bool:
    try:
        return any(suffix(name) in CAPS for name in disk.tree(folder).names)
    except (Refused, PermissionError):
        return True  # reading it will say so, for this submission alone


# ---------------------------------------------------------------------------------------------------- reading
def _read(path: Path, main: str) -> ReadSubmission:
    try:
        mode = os.lstat(path).st_mode
    except (FileNotFoundError, NotADirectoryError) as error:
        raise Refused(disk.missing(path)) from error
    if stat.S_ISDIR(mode):
        return _from_tree(disk.tree(path), main, zips=True)
    disk.require_regular(path, mode)
    if suffix(path.name) not in CAPS:
        raise Refused(f"{show(path.name)} is neither Python nor a notebook nor a zip. Hand in your {main}.")
    found = _from_file(path.name, disk.read(path, CAPS[suffix(path.name)]), main)
    if path.name == main and os.path.lexists(path.with_name(QUIZ_FILE)):
        told = f"{show(QUIZ_FILE)} beside it was not read. To have it marked too, hand in the folder."
        found.remarks.append(told)
    return found


def _from_file(name: str, data: bytes, main: str) -> ReadSubmission:
    if suffix(name) == ".zip":
        return _from_tree(archive.tree(name, data, main), main, zips=False)
    if suffix(name) == ".ipynb":
        code, remarks, places = notebook.source(name, data, main)
        return ReadSubmission({main: text.source(name, code)}, remarks, cells=places)
    script, magics = cells.without_magics(text.source(name, data).decode())
    return ReadSubmission({main: script.encode()}, [notebook.magics_told(magics)] if magics else [])


def _from_tree(tree: Tree, main: str, *, zips: bool) -> ReadSubmission:
    try:
        chosen = choose(tree.names, main, zips=zips)
        found = _from_file(posixpath.basename(chosen), tree.read(chosen, CAPS[suffix(chosen)]), main)
    except Refused as refused:
        if not refused.beside:
            refused.beside = ReadSubmission({})
            _read_quiz(tree, "", refused.beside)
        raise
    if posixpath.basename(chosen) != main:
        found.remarks.insert(0, f"{show(chosen)} was taken as your {main}.")
    used = {chosen}
    if QUIZ_FILE not in found.files:  # the zip had its own
        used |= _read_quiz(tree, posixpath.dirname(chosen), found)
    if ignored := {name for name in tree.names if visible(name)} - used:
        found.remarks.append(f"Other files are not used and were ignored: {show_some(ignored)}.")
    return found


def _read_quiz(tree: Tree, folder: str, found: ReadSubmission) -> set[str]:
    """Read the quiz.toml beside the code, or the only one that is called so; what is wrong with it costs no code."""
    beside = posixpath.join(folder, QUIZ_FILE)
    names = [name for name in tree.names if visible(name) and called(name, QUIZ_FILE)]
    names = [beside] if beside in tree.names else names
    if len(names) > 1:
        found.refused[QUIZ_FILE] = f"{len(names)} files could be your {QUIZ_FILE}: {show_some(names)}. Leave only one."
    elif names:
        try:
            found.files[QUIZ_FILE] = _extra(names[0], tree.read(names[0], MAX_EXTRA_BYTES))
            if names[0] != beside:
                found.remarks.append(f"{show(names[0])} was taken as your {QUIZ_FILE}.")
        except Refused as refused:
            found.refused[QUIZ_FILE] = str(refused)
    return set(names)


def _extra(name: str, data: bytes) -> bytes:
    if len(data) > MAX_EXTRA_BYTES:
        raise Refused(f"{show(name)} is larger than {MAX_EXTRA_BYTES // 1000} kB.")
    return text.typed(name, data).replace("\r\n", "\n").encode()


def _digest(files: Mapping[str, bytes]) -> str:
    """SHA-256 over names and contents, each after its length: no two sets of files read the same."""
    whole = hashlib.sha256()
    for part in _parts(files):
        whole.update(len(part).to_bytes(8, "big") + part)
    return whole.hexdigest()


def _parts(files: Mapping[str, bytes]) -> Iterator[bytes]:
    for name in sorted(files):
        yield name.encode()
        yield files[name]
