"""Zips that we write: the same files are the same bytes, whenever and wherever they are packed."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Iterator

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the first moment that a zip can tell


def mode(data: bytes) -> int:
    """Return the rights of a file by its content: a script that says what runs it can be run."""
    return 0o755 if data.startswith(b"#!") else 0o644


def zipped(files: Iterable[tuple[str, bytes]], *, stored: bool = False) -> bytes:
    """Return the zip of these files, in this order; a name that ends in "/" is a folder.

    Args:
        files: Name and content of each.
        stored: Leave out the compression, whose bytes depend on the version of zlib.
    """
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, data in files:
            archive.writestr(_entry(name, mode(data), stored=stored), data)
    return packed.getvalue()


def with_file(packed: bytes, name: str, data: bytes) -> bytes:
    """Return the zip with one file more."""
    held = io.BytesIO(packed)
    with zipfile.ZipFile(held, "a") as archive:
        archive.writestr(_entry(name, mode(data)), data)
    return held.getvalue()


def streamed(files: Iterable[tuple[str, Iterable[bytes]]]) -> Iterator[bytes]:
    """Yield the zip of these files piece by piece, while their own pieces come; none has to fit into memory."""
    sink = _Sink()
    with zipfile.ZipFile(sink, "w") as archive:
        for name, pieces in files:
            with archive.open(_entry(name, 0o644), "w", force_zip64=True) as file:
                for piece in pieces:
                    file.write(piece)
                    yield sink.taken()
    yield sink.taken()


def _entry(name: str, rights: int, *, stored: bool = False) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _EPOCH)
    entry.create_system, entry.external_attr = 3, rights << 16  # as on Unix, wherever it is made
    if name.endswith("/"):
        entry.external_attr = 0o040755 << 16 | 0x10  # the last for readers that know the flags of MS-DOS only
    entry.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
    return entry


class _Sink:
    """A file that is only written to; what was written since is taken away."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def write(self, data: bytes) -> int:
        self._waiting += data
        return len(data)

    def flush(self) -> None:
        """Do nothing: all is in memory."""

    def close(self) -> None:
        """Do nothing: what waits is still taken."""

    def taken(self) -> bytes:
        found, self._waiting = bytes(self._waiting), bytearray()
        return found
