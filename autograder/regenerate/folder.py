"""Puts a set of files where it was asked for: whole or not at all, and never over somebody's own work."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

MANIFEST = "staff/manifest.json"
SCHEMA = "gradmark.regenerated/1"


class Occupied(Exception):
    """Something lies at the target that was not written by this command; the message says what."""


def with_manifest(files: Mapping[str, bytes], **told: object) -> dict[str, bytes]:
    """The files and a list of them with their digests, by which a later run knows them for its own."""
    digests = {name: hashlib.sha256(files[name]).hexdigest() for name in sorted(files)}
    listed = json.dumps({"schema": SCHEMA, **told, "files": digests}, ensure_ascii=False, indent=1) + "\n"
    return {**files, MANIFEST: listed.encode()}


def check_free(target: Path) -> None:
    """Refuses a target that holds anything but an unchanged earlier output.

    Raises:
        Occupied: with the first thing that would be lost.
    """
    if not os.path.lexists(target) or (target.is_dir() and not target.is_symlink() and not any(target.iterdir())):
        return
    if target.is_symlink() or not target.is_dir():
        raise Occupied(f"{target} is no folder. Give --out a folder that does not exist yet.")
    try:
        listed = json.loads((target / MANIFEST).read_bytes())
    except (OSError, ValueError):
        listed = {}
    if not isinstance(listed, dict) or listed.get("schema") != SCHEMA:
        raise Occupied(
            f"{target} holds files that gradmark did not write. Give --out a folder that does not exist yet."
        )
    there = {p.relative_to(target).as_posix(): p for p in target.rglob("*") if p.is_symlink() or not p.is_dir()}
    for name, path in sorted(there.items()):
        if name != MANIFEST and (path.is_symlink() or _digest(path) != listed["files"].get(name)):
            raise Occupied(
                f"{path} was added or changed since gradmark wrote {target}. Move it, or take another --out."
            )


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def place(files: Mapping[str, bytes], target: Path) -> None:
    """Writes all files into a new folder beside the target, then renames it: whoever looks sees all or nothing.

    Raises:
        Occupied: as `check_free`.
        OSError: the disk's.
    """
    check_free(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as beside:
        new, old = Path(beside) / "new", Path(beside) / "old"
        for name, content in files.items():
            path = new / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            if name.startswith("staff/"):  # keys and the secret
                path.chmod(0o600)
                path.parent.chmod(0o700)
        if target.exists():
            target.rename(old)
        try:
            new.rename(target)
        except OSError:
            if old.exists():
                old.rename(target)
            raise
        shutil.rmtree(old, ignore_errors=True)
