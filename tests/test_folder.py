"""Folders that are written whole: what somebody has changed there since is never overwritten."""

from __future__ import annotations

import pytest

from autograder.regenerate import Occupied, check_free, folder, place


def test_an_unchanged_output_is_replaced_and_anything_else_is_kept(tmp_path):
    target = tmp_path / "out"
    old, new = folder.with_manifest({"a/b": b"1"}), folder.with_manifest({"a/c": b"2"})
    place(old, target)
    place(new, target)
    assert sorted(p.name for p in target.rglob("*") if p.is_file()) == ["c", "manifest.json"]
    assert [p.name for p in tmp_path.iterdir()] == ["out"], "nothing is left beside it"


SPOILT = {
    "a changed file": (lambda out: (out / "a" / "b").write_text("mine"), "was added or changed"),
    "an added file": (lambda out: (out / "a" / "notes").write_text("mine"), "was added or changed"),
    "a link": (lambda out: (out / "link").symlink_to("/"), "was added or changed"),
    "no manifest": (lambda out: (out / folder.MANIFEST).unlink(), "did not write"),
    "another manifest": (lambda out: (out / folder.MANIFEST).write_text("[]"), "did not write"),
}


@pytest.mark.parametrize("how", SPOILT)
def test_what_somebody_has_put_there_is_not_overwritten(tmp_path, how):
    target = tmp_path / "out"
    place(folder.with_manifest({"a/b": b"1"}), target)
    spoil, told = SPOILT[how]
    spoil(target)
    before = sorted(target.rglob("*"))
    with pytest.raises(Occupied, match=told):
        place(folder.with_manifest({"a/b": b"2"}), target)
    assert sorted(target.rglob("*")) == before


def test_a_target_that_is_a_file_or_a_link_is_refused(tmp_path):
    (tmp_path / "file").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path)
    for name in ("file", "link"):
        with pytest.raises(Occupied, match="is no folder"):
            check_free(tmp_path / name)


def test_a_write_that_fails_leaves_what_was_there(tmp_path):
    target = tmp_path / "out"
    place(folder.with_manifest({"a": b"1"}), target)
    with pytest.raises(OSError, match="name"):
        place(folder.with_manifest({"a": b"2", "n" * 300: b""}), target)
    assert (target / "a").read_bytes() == b"1"
    assert [p.name for p in tmp_path.iterdir()] == ["out"]
