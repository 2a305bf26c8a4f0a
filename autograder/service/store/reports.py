"""A pipeline's Report as bytes in the database, and back: compressed JSON, all of it but the charts."""

from __future__ import annotations

import json
import zlib
from dataclasses import replace

import cattrs

from autograder.model import Report

_CONVERTER = cattrs.Converter()
_CONVERTER.register_structure_hook_func(
    lambda kind: getattr(kind, "__name__", "") == "ndarray",
    lambda value, _kind: value,  # only charts hold arrays, and these are drawn before anything is stored
)


def pack(report: Report) -> bytes:
    plain = _CONVERTER.unstructure(replace(report, charts=()))
    return zlib.compress(json.dumps(plain, ensure_ascii=True, allow_nan=False).encode())


def unpack(body: bytes) -> Report:
    return _CONVERTER.structure(json.loads(zlib.decompress(body)), Report)


def pack_pictures(pictures: list[dict[str, str]]) -> bytes:
    """`pictures`: title, caption and svg of each."""
    return zlib.compress(json.dumps(pictures).encode())


def unpack_pictures(packed: bytes | None) -> list[dict[str, str]]:
    return [dict(entry) for entry in json.loads(zlib.decompress(packed))] if packed else []
