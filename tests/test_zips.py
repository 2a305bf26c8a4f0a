"""Zips that we write: read back as they were given, and the same bytes whenever they are made."""

from __future__ import annotations

import io
import shutil
import subprocess
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.zips import streamed, with_file, zipped

NAMES = st.text(st.characters(exclude_categories=["C"], exclude_characters="/\\:"), min_size=1).filter(
    lambda name: name not in {".", ".."}
)
FILES = st.dictionaries(st.lists(NAMES, min_size=1, max_size=3).map("/".join), st.binary(max_size=3000), max_size=6)


def read(packed: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert archive.testzip() is None
        return {entry.filename: archive.read(entry) for entry in archive.infolist()}


@given(FILES, st.booleans(), st.integers(1, 900))
def test_what_is_packed_is_read_back_in_its_order(files, stored, size):
    pieces = ((name, (data[at : at + size] for at in range(0, len(data), size))) for name, data in files.items())
    for packed in (zipped(files.items(), stored=stored), b"".join(streamed(pieces))):
        assert list(read(packed).items()) == list(files.items())


@pytest.mark.parametrize(
    "pack",
    [
        lambda files: zipped(files.items()),
        lambda files: zipped(files.items(), stored=True),
        lambda files: with_file(zipped(list(files.items())[:1]), *list(files.items())[1]),
        lambda files: b"".join(streamed((name, [data]) for name, data in files.items())),
    ],
    ids=["packed", "stored", "one added", "streamed"],
)
def test_the_moment_the_machine_and_the_umask_are_not_in_the_bytes(pack, monkeypatch):
    files = {"run": b"#!/bin/sh\n", "Größe/θ.txt": b"x" * 1000}
    first = pack(files)
    monkeypatch.setattr("time.time", lambda: 4e9)
    monkeypatch.setattr("time.localtime", lambda *_: (2096, 1, 1, 0, 0, 0, 0, 0, 0))
    monkeypatch.setattr("sys.platform", "win32")
    assert pack(files) == first
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert {entry.create_system for entry in archive.infolist()} == {3}


def test_scripts_can_be_run_and_folders_entered_once_unpacked(tmp_path):
    unzip = shutil.which("unzip") or pytest.skip("needs unzip, which keeps the rights of files")
    packed = zipped([("run", b"#!/bin/sh\nexit 7\n"), ("notes", b"#"), ("empty/", b"")])
    (tmp_path / "it.zip").write_bytes(packed)
    subprocess.run([unzip, "-q", "it.zip"], cwd=tmp_path, check=True)
    assert subprocess.run([tmp_path / "run"], check=False).returncode == 7
    assert (tmp_path / "notes").stat().st_mode & 0o777 == 0o644
    assert (tmp_path / "empty").is_dir()
    assert (tmp_path / "empty").stat().st_mode & 0o777 == 0o755


def test_a_stream_asks_for_no_more_than_it_has_given():
    """A whole course is never in memory: each piece leaves before the next one comes."""
    asked = 0

    def pieces():
        nonlocal asked
        for asked in range(1, 201):
            yield bytes([asked]) * 1000

    sent = list(zip(streamed([("large", pieces())]), iter(lambda: asked, None), strict=False))
    assert [count for _, count in sent[:200]] == list(range(1, 201))
