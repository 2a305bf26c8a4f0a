"""Turns the bytes of a source file into clean UTF-8, or says in what encoding they seem to be instead."""

from __future__ import annotations

import codecs

from autograder import legible
from autograder.intake.names import Refused, show

MAX_SOURCE_BYTES = 256_000  # the longest TinyTorch edition of the module has 95 kB, comments and essays included
_UTF16 = "is saved as UTF-16 (Windows calls it “Unicode”). Save it as UTF-8 and hand in again."


def source(name: str, data: bytes) -> bytes:
    """The text of a Python file without byte order mark and carriage returns, which mean nothing to Python.

    Raises:
        Refused: empty, too large, or not UTF-8 text.
    """
    if len(data) > MAX_SOURCE_BYTES:
        raise Refused(
            f"{show(name)} is larger than {MAX_SOURCE_BYTES // 1000} kB. "
            "Take out pasted data and output, keep the code, and hand in again."
        )
    text = decode(name, data).replace("\r\n", "\n").replace("\r", "\n")
    if not text.strip():
        raise Refused(f"{show(name)} is empty. Perhaps it was not saved: check it and hand in again.")
    if text.lstrip().startswith("{") and '"nbformat"' in text:
        raise Refused(f"{show(name)} is a notebook with the wrong ending. Call it .ipynb and hand in again.")
    return text.encode()


def decode(name: str, data: bytes) -> str:
    """The text of a file, or Refused with what its encoding seems to be."""
    if data.startswith(b"PK\x03\x04"):
        raise Refused(f"{show(name)} is a zip archive with the wrong ending. Call it .zip and hand in again.")
    if data.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        raise Refused(f"{show(name)} " + _UTF16.replace("16", "32"))
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or _utf16_without_mark(data):
        raise Refused(f"{show(name)} {_UTF16}")
    if b"\0" in data:
        raise Refused(
            f"{show(name)} holds a NUL byte in line {_line(data, data.index(0))}: it is no text, or it is "
            "damaged. Hand in the Python file itself."
        )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Refused(_not_utf8(name, data, error.start)) from error


def typed(name: str, data: bytes) -> str:
    """The text of a file that people fill in, in whatever encoding their editor saved it.

    Raises:
        Refused: it is not text.
    """
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        data = data.decode("utf-16", "replace").encode()
    elif not data.startswith(b"PK\x03\x04") and _utf16_without_mark(data):
        data = data.decode("utf-16-be" if data[:1] == b"\0" else "utf-16-le", "replace").encode()
    try:
        return decode(name, data.rstrip(b"\0"))
    except Refused:
        if b"\0" in data or any(byte < 32 and byte not in b"\t\n\r\f" for byte in data):
            raise
        return legible.decoded(data, legible.TABLES)[0]


def _utf16_without_mark(data: bytes) -> bool:
    """ASCII letters in UTF-16 have a NUL in every second place."""
    for half in (data[0:4000:2], data[1:4000:2]):
        if len(half) >= 4 and half.count(0) > 0.8 * len(half):
            return data[:4000].count(0) < 0.6 * len(data[:4000])
    return False


def _not_utf8(name: str, data: bytes, at: int) -> str:
    where = f"byte 0x{data[at]:02X} in line {_line(data, at)} is not UTF-8"
    if any(byte < 32 and byte not in b"\t\n\r\f" for byte in data):
        return f"{show(name)} is not text ({where}). Hand in the Python file itself."
    return (
        f"{show(name)} is not saved as UTF-8 ({where}), probably as Latin-1 or Windows-1252. "
        "Choose UTF-8 in your editor's “Save as” and hand in again."
    )


def _line(data: bytes, at: int) -> int:
    return data.count(b"\n", 0, at) + 1
