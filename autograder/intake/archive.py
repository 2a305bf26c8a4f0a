"""Opens a zip of a stranger in memory: nothing is unpacked to disk, only the wanted files are ever inflated.

Headers are claims. Every entry's name and kind is checked, also of those that are not wanted, because honest
tools never write the refused ones; sizes are counted while inflating, and reading stops at the cap.
"""

from __future__ import annotations

import io
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections import Counter

from autograder.intake.names import Refused, Tree, show, show_some, visible

MAX_ZIP_BYTES = 8_000_000  # a notebook with pictures is under 2 MB; zipfile holds all of it in memory
MAX_ENTRIES = 200
MAX_NAME_BYTES = 255  # the longest name of most file systems
MAX_UNPACKED_BYTES = 100_000_000  # as declared, all entries together; a data set beside the code is still fine
MAX_RATIO = 200  # source packs 3 to 10 fold, a notebook full of equal outputs up to 100, deflate's bombs 1000
CHUNK_BYTES = 64_000
_ENTRY = b"PK\x01\x02"  # starts every entry of the directory
_BROKEN = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, ValueError, OverflowError)
_ENCRYPTED = 0x1 | 0x40 | 0x2000  # flags: password, strong encryption, masked directory
_PLAIN_KINDS = (0, stat.S_IFREG, stat.S_IFDIR)


def tree(name: str, data: bytes, main: str) -> Tree:
    """The files of an archive.

    Raises:
        Refused: too large, broken, encrypted, or with an entry that no honest tool makes.
    """
    if len(data) > MAX_ZIP_BYTES:
        raise Refused(
            f"{show(name)} is larger than {MAX_ZIP_BYTES // 1_000_000} MB. Zip only {main} and hand in again."
        )
    if data.count(_ENTRY) > MAX_ENTRIES:  # before zipfile makes an object of each, whatever the header's count says
        raise Refused(f"{show(name)} holds more than {MAX_ENTRIES} files. Zip only {main} and hand in again.")
    archive = _open(name, data, main)
    entries = archive.infolist()
    for entry in entries:
        _check(entry, main)
    if sum(entry.file_size for entry in entries) > MAX_UNPACKED_BYTES:
        raise Refused(
            f"{show(name)} unpacks to more than {MAX_UNPACKED_BYTES // 1_000_000} MB. "
            f"Zip only {main} and hand in again."
        )
    files = {slashed(entry.filename): entry for entry in entries if not slashed(entry.filename).endswith("/")}
    _require_distinct([slashed(entry.filename) for entry in entries if not slashed(entry.filename).endswith("/")])
    return Tree(tuple(files), lambda wanted, cap: _inflate(archive, files[wanted], cap, main))


def slashed(name: str) -> str:
    """The name with `/` between folders: Windows' own tools have written backslashes there."""
    return name.replace("\\", "/")


def _open(name: str, data: bytes, main: str) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(io.BytesIO(data))
    except (*_BROKEN, NotImplementedError) as error:
        raise Refused(
            f"{show(name)} is damaged or no zip. Zip {main} again with your system's own tool (not rar, "
            "7z or tar) and hand in again."
        ) from error


def _check(entry: zipfile.ZipInfo, main: str) -> None:
    name = slashed(entry.orig_filename)  # as written: ZipInfo.filename has already lost what follows a NUL
    trouble = ""
    if "\0" in name or name[1:2] == ":" or name.startswith("/") or ".." in name.split("/"):
        trouble = "has a name that would leave its folder"
    elif len(name.encode("utf-8", "surrogateescape")) > MAX_NAME_BYTES:
        trouble = f"has a name longer than {MAX_NAME_BYTES} bytes"
    elif stat.S_ISLNK(entry.external_attr >> 16):
        trouble = "is a symbolic link"
    elif stat.S_IFMT(entry.external_attr >> 16) not in _PLAIN_KINDS:
        trouble = "is a device or a pipe"
    elif entry.flag_bits & _ENCRYPTED:
        trouble = "is encrypted"
    if trouble:
        raise Refused(f"{show(name)} in your zip {trouble}. Zip the plain file {main} without it and hand in again.")


def _require_distinct(names: list[str]) -> None:
    """Two names that are one file on some systems: which one counts would depend on the reader."""
    folded = Counter(unicodedata.normalize("NFKC", name).casefold() for name in names if visible(name))
    twins = [name for name in names if folded[unicodedata.normalize("NFKC", name).casefold()] > 1]
    if twins:
        raise Refused(
            f"Your zip holds files of the same name: {show_some(twins)} (upper and lower case do not count). "
            "Leave only the one that is to be marked and hand in again."
        )


def _inflate(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, cap: int, main: str) -> bytes:
    """At most about `cap` bytes, and more than `cap` only when the file is larger."""
    name = entry.filename
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise Refused(f"{show(name)} is packed by an unusual method. Zip {main} with your system's own tool.")
    parts: list[bytes] = []
    size = 0
    try:
        with archive.open(entry) as stream:
            while size <= cap and (part := stream.read(CHUNK_BYTES)):
                parts.append(part)
                size += len(part)
                if size > MAX_RATIO * max(entry.compress_size, CHUNK_BYTES // MAX_RATIO):
                    raise Refused(f"{show(name)} in your zip unpacks to more than code ever does. Zip the plain file.")
    except (*_BROKEN, NotImplementedError, RuntimeError) as error:
        raise Refused(f"{show(name)} in your zip is damaged. Zip {main} again and hand in again.") from error
    return b"".join(parts)
