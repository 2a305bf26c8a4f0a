"""What platforms give for a class: naming schemes, attempts, late marks, two files of one person, and odd zips."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.intake.bulk import date_of, submitters_of, unpack

CODE, OLD, QUIZ = b"class SGD: pass\n", b"class Old: pass\n", b"[answers]\n"


@dataclass(frozen=True)
class Student:
    user: str
    number: int
    first: str
    last: str


ADA = Student("ada01", 1234, "Ada", "Lovelace")
LUK = Student("luk_2", 1235, "Łukasz", "Żółć")
BOB = Student("bob.s", 1236, "Bob", "van der Stone-Smith")
CLASS = (ADA, LUK, BOB)


def canvas(who: Student, attempt: int, file: str, *, late: bool) -> str:
    stem, dot, ending = file.rpartition(".")
    name = "".join(c for c in f"{who.last}{who.first}".lower() if c.isalnum())
    version = f"-{attempt}" if attempt else ""
    return f"{name}_{'LATE_' * late}{who.number}_{67890 + attempt}_{stem}{version}{dot}{ending}"


def moodle(who: Student, _attempt: int, file: str, **_: object) -> str:
    return f"{who.first} {who.last}_{who.number}_assignsubmission_file/{file}"


def moodle_flat(who: Student, _attempt: int, file: str, **_: object) -> str:
    return f"{who.first} {who.last}_{who.number}_assignsubmission_file_{file}"


def blackboard(who: Student, attempt: int, file: str, **_: object) -> str:
    return f"Optimizers_Part_1_{who.user}_attempt_2026-10-0{attempt + 1}-10-11-12_{file}"


def brightspace(who: Student, attempt: int, file: str, **_: object) -> str:
    return f"{who.number}-67890 - {who.first} {who.last} - Oct {attempt + 1}, 2026 1011 PM/{file}"


def gradescope(who: Student, _attempt: int, file: str, **_: object) -> str:
    return f"assignment_5_export/submission_{who.number}/{file}"


SCHEMES = {
    "Canvas": canvas, "Moodle": moodle, "Moodle flat": moodle_flat, "Blackboard": blackboard,
    "Brightspace": brightspace, "Gradescope": gradescope,
}  # fmt: skip
ATTEMPTS = {"Canvas", "Blackboard", "Brightspace"}


def beside(platform: str) -> dict[str, bytes]:
    made = {"index.html": b"<html>", ".DS_Store": b"", "__MACOSX/._x.py": b"junk", "Thumbs.db": b""}
    if platform == "Blackboard":
        for who in CLASS:
            made[f"Optimizers_Part_1_{who.user}_attempt_2026-10-01-10-11-12.txt"] = f"Name: X ({who.user})\n".encode()
    if platform == "Gradescope":
        told = "".join(
            f"submission_{who.number}:\n  :submitters:\n  - :name: {who.first} {who.last}\n    :sid: '{who.user}'\n"
            f"    :email: {who.user}@uni.edu\n  :created_at: 2026-10-01\n  :results:\n    :output: |\n"
            "      submission_1:\n        :submitters:\n        - :name: Mallory\n"
            for who in CLASS
        )
        made["assignment_5_export/submission_metadata.yml"] = told.encode()
    return made


def packed(files: dict[str, bytes], path: Path, *, backslashes: bool, flag: bool) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    data = path.read_bytes()
    for name in files:
        raw = name.encode()
        if backslashes:
            data = data.replace(raw, raw.replace(b"/", b"\\"))
    if not flag:  # as Windows writes it: UTF-8 without saying so
        for signature, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
            head, *rest = data.split(signature)
            data = head + b"".join(
                signature + r[: at - 4] + bytes([r[at - 4], r[at - 3] & ~0x08]) + r[at - 2 :] for r in rest
            )
    path.write_bytes(data)
    return path


def laid_out(files: dict[str, bytes], folder: Path) -> Path:
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(list(SCHEMES)), st.booleans(), st.integers(0, 2), st.booleans(), st.booleans(), st.booleans(), st.booleans(),
    st.sampled_from(["", "download/", "hw 1/all/"]),
)  # fmt: skip
def test_everybody_is_found_with_code_and_quiz_of_the_newest_attempt(
    tmp_path_factory, scheme, as_zip, attempts, late, quiz, backslashes, flag, around
):
    tmp, named = tmp_path_factory.mktemp("bulk"), SCHEMES[scheme]
    platform = scheme.removesuffix(" flat")
    last = attempts if platform in ATTEMPTS else 0
    files = beside(platform)
    for who in CLASS:
        for attempt in range(last + 1):
            files[named(who, attempt, "optimizers.py", late=late)] = CODE if attempt == last else OLD
        if quiz:
            files[named(who, last, "quiz.toml", late=late)] = QUIZ
    files = {around + name: data for name, data in files.items()}
    path = packed(files, tmp / "it.zip", backslashes=backslashes, flag=flag) if as_zip else laid_out(files, tmp / "it")
    bulk = unpack(path, tmp / "out")
    assert bulk is not None
    assert (bulk.platform, bulk.left, len(bulk.people)) == (platform, (), 3)
    for who in CLASS:
        key = {"Blackboard": who.user, "Gradescope": who.user}.get(platform, str(who.number))
        (one,) = [person for person in bulk.people if key in person.keys]
        there = {file.name: file.read_bytes() for file in one.folder.rglob("*") if file.is_file()}
        assert there == {"optimizers.py": CODE} | ({"quiz.toml": QUIZ} if quiz else {})
        assert one.late == (late and platform == "Canvas")


def test_what_is_no_download_is_none(tmp_path):
    for name in ("ada/optimizers.py", "bob/optimizers.py", "it.zip.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(CODE)
    assert unpack(tmp_path, tmp_path / "out") is None
    assert unpack(tmp_path / "ada/optimizers.py", tmp_path / "out") is None
    (tmp_path / "broken.zip").write_bytes(b"PK")
    assert unpack(tmp_path / "broken.zip", tmp_path / "out") is None


def test_a_file_of_nobody_is_said_and_no_name_leaves_its_folder(tmp_path):
    files = {canvas(ADA, 0, "optimizers.py", late=False): CODE, canvas(BOB, 0, "optimizers.py", late=False): CODE}
    files |= {"stray.py": b"", "lovelaceada_1234_567_../../evil.py": b"x"}
    with zipfile.ZipFile(tmp_path / "it.zip", "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    bulk = unpack(tmp_path / "it.zip", tmp_path / "in" / "out")
    assert "stray.py" in bulk.left
    assert not [path for path in tmp_path.rglob("evil.py") if "out" not in path.parts]


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("Oct 1, 2026 1011 AM", (2026, 10, 1, 10, 11)), ("Oct 1, 2026 1011 PM", (2026, 10, 1, 22, 11)),
        ("Dec 31, 2026 12:05 AM", (2026, 12, 31, 0, 5)), ("1 oct. 2026 22 11", (2026, 10, 1, 22, 11)),
        ("3 März 2026 9.05", (2026, 3, 3, 9, 5)), ("7 août 2026 09h05", (2026, 8, 7, 9, 5)), ("nothing", (0, 0, 0, 0, 0)),
    ],
)  # fmt: skip
def test_dates_are_read_as_brightspace_writes_them(text, date):
    assert date_of(text) == date


def test_of_a_group_everybody_is_there_and_quotes_are_read():
    text = "submission_9:\n  :submitters:\n  - :name: \"Zo\\u00eb\"\n    :sid: 'it''s'\n    :email: ~\n  - :name: Bob\n    :sid: 7\n"
    assert submitters_of(text) == {
        "submission_9": [{"name": "Zoë", "sid": "it's", "email": ""}, {"name": "Bob", "sid": "7"}]
    }
