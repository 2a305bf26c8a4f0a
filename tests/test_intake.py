"""Whatever is handed in, and however hostile, becomes a Submission: code to mark, or a sentence to its author."""

from __future__ import annotations

import hashlib
import io
import json
import os
import socket
import stat
import time
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.intake import NothingToMark, archive, cells, disk, find, notebook, read, read_upload, text
from autograder.intake.cells import tidy
from autograder.intake.names import MAX_SHOWN, Refused, show
from autograder.judge.places import in_cell
from autograder.model import Place, Submission

DATA = Path(__file__).parent / "data" / "intake"
CODE = b"class SGD:\n    pass\n"
QUIZ = b'[answers]\nmemory = "80 GB"\n'


def zipped(*entries: tuple[str | zipfile.ZipInfo, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method, compresslevel=1) as archive_:
        for name, data in entries:
            archive_.writestr(name, data)
    return buffer.getvalue()


def handed_in(folder: Path, name: str, data: bytes) -> Submission:
    (folder / name).write_bytes(data)
    return read(folder / name)


def book(*cells: str, **fields: object) -> bytes:
    listed = [{"cell_type": "code", "metadata": {}, "source": cell, "outputs": []} for cell in cells]
    return json.dumps({"cells": listed, "metadata": {}, "nbformat": 4, "nbformat_minor": 5} | fields).encode()


def code_of(submission: Submission) -> str:
    assert submission.problem == ""
    return submission.files["optimizers.py"].decode()


def tidied(*cells: str) -> str:
    return "\n".join(edit.text for edit in tidy(cells, trusted=False))


def run(code: str) -> dict[str, object]:
    """Executes our own sample data, as the guest would, and returns what it defined."""
    space: dict[str, object] = {"__name__": "optimizers"}
    exec(compile(code, "optimizers.py", "exec", dont_inherit=True), space)  # noqa: S102 - tests/data only
    return space


# --------------------------------------------------------------------------------------------------- every form
FORMS: dict[str, Callable[[Path], Path]] = {}


def form(make: Callable[[Path], Path]) -> Callable[[Path], Path]:
    FORMS[make.__name__] = make
    return make


@form
def a_folder(at: Path) -> Path:
    (at / "optimizers.py").write_bytes(CODE)
    (at / "quiz.toml").write_bytes(QUIZ)
    return at


@form
def a_folder_in_a_folder(at: Path) -> Path:
    (at / "hw7").mkdir()
    a_folder(at / "hw7")
    return at


@form
def a_folder_from_windows(at: Path) -> Path:
    (at / "optimizers.py").write_bytes(b"\xef\xbb\xbf" + CODE.replace(b"\n", b"\r\n"))
    (at / "quiz.toml").write_bytes(QUIZ.replace(b"\n", b"\r\n"))
    return at


@form
def a_zip(at: Path) -> Path:
    (at / "it.zip").write_bytes(zipped(("optimizers.py", CODE), ("quiz.toml", QUIZ)))
    return at / "it.zip"


@form
def a_zip_made_by_a_mac_around_a_folder(at: Path) -> Path:
    made = zipped(
        ("hw/7/optimizers.py", CODE),
        ("hw/7/quiz.toml", QUIZ),
        ("__MACOSX/hw/7/._optimizers.py", b"\0"),
        ("hw/.DS_Store", b"\0"),
    )
    (at / "it.zip").write_bytes(made)
    return at / "it.zip"


@form
def a_zip_in_a_folder_with_the_quiz_beside(at: Path) -> Path:
    (at / "it.zip").write_bytes(zipped(("optimizers.py", CODE), method=zipfile.ZIP_STORED))
    (at / "quiz.toml").write_bytes(QUIZ)
    return at


@form
def a_download_renamed_by_the_lms(at: Path) -> Path:
    (at / "smith_4711_optimizers-1.py").write_bytes(CODE)
    (at / "quiz.toml").write_bytes(QUIZ)
    return at


@pytest.mark.parametrize("make", FORMS.values(), ids=FORMS)
def test_the_same_content_gives_the_same_files_and_digest_in_every_form(make, tmp_path):
    (tmp_path / "other").mkdir()
    submission = read(make(tmp_path / "other"))
    assert submission.problem == ""
    assert dict(submission.files) == {"optimizers.py": CODE, "quiz.toml": QUIZ}
    parts = (b"optimizers.py", CODE, b"quiz.toml", QUIZ)
    assert submission.digest == hashlib.sha256(b"".join(len(p).to_bytes(8) + p for p in parts)).hexdigest()


def test_another_byte_anywhere_gives_another_digest(tmp_path):
    digests = set()
    for number, (code, quiz) in enumerate([(CODE, QUIZ), (CODE + b"#", QUIZ), (CODE, QUIZ + b"#"), (CODE, None)]):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "optimizers.py").write_bytes(code)
        if quiz is not None:
            (folder / "quiz.toml").write_bytes(quiz)
        digests.add(read(folder).digest)
    assert len(digests) == 4


def test_a_file_of_any_name_is_taken_when_it_is_named_itself(tmp_path):
    assert handed_in(tmp_path, "alice.py", CODE).files == {"optimizers.py": CODE}


@pytest.mark.parametrize(
    "line", ["%matplotlib inline", "!pip install tinytorch", "files = !ls", "np.array?", "%load_ext autoreload", "?SGD"]
)
def test_notebook_syntax_in_a_file_is_left_out_as_in_a_notebook(tmp_path, line):
    source = f'{line}\nTEXT = """\n%not a magic\n"""\nif True:\n    {line}\nclass SGD:\n    rest = (7\n% 4)\n'
    found = handed_in(tmp_path, "optimizers.py", source.encode())
    assert found.remarks == ("Notebook syntax (%magic, !command, help?) was left out: 2 times.",)
    defined = run(code_of(found))
    assert (defined["TEXT"], defined["SGD"].rest) == ("\n%not a magic\n", 3)
    assert code_of(found).count("\n") == source.count("\n")  # every line keeps its number


def test_a_file_that_python_can_read_is_not_changed():
    for file in [Path(__file__), *sorted((Path(__file__).parent.parent / "assignments").rglob("*.py"))]:
        source = file.read_text(encoding="utf-8")
        assert cells.without_magics(source) == (source, 0), file


def test_a_percent_script_is_kept_whole():
    submission = read(DATA / "percent.py")
    assert submission.files["optimizers.py"] == (DATA / "percent.py").read_bytes()
    assert "Optimizer" in run(code_of(submission))


def test_a_file_named_alone_is_read_alone_and_says_so(tmp_path):
    a_folder(tmp_path)
    submission = read(tmp_path / "optimizers.py")
    assert set(submission.files) == {"optimizers.py"}
    assert "hand in the folder" in submission.remarks[0]


# --------------------------------------------------------------------------------------- what its author did wrong
BAD_SOURCES = {
    "empty": (b"", "is empty"),
    "only white space": (b"\xef\xbb\xbf \r\n\t\n", "is empty"),
    "too large": (b"#" * (text.MAX_SOURCE_BYTES + 1), "larger than 256 kB"),
    "utf-16": ("class SGD:\n    pass".encode("utf-16"), "UTF-16"),
    "utf-16 without a mark": ("class SGD:\n    pass".encode("utf-16-le"), "UTF-16"),
    "big-endian utf-16 without a mark": ("class SGD:\n    pass".encode("utf-16-be"), "UTF-16"),
    "utf-32": ("class SGD:\n    pass".encode("utf-32"), "UTF-32"),
    "latin-1": (
        "# für\nclass SGD:\n    pass  # fünf".encode("latin-1"),
        "byte 0xFC in line 1 is not UTF-8), probably as Latin-1",
    ),
    "nul": (b"class SGD:\n    x = '\0'\n", "NUL byte in line 2"),
    "binary": (b"\x7fELF\x02\x01\xff\xfe\x80", "is not text"),
    "a renamed zip": (zipped(("optimizers.py", CODE)), "Call it .zip"),
    "a renamed notebook": (book("x = 1"), "Call it .ipynb"),
}


@pytest.mark.parametrize(("data", "said"), BAD_SOURCES.values(), ids=BAD_SOURCES)
def test_what_is_wrong_with_a_source_is_told_to_its_author(data, said, tmp_path):
    submission = handed_in(tmp_path, "optimizers.py", data)
    assert said in submission.problem
    assert submission.files == {}


def test_a_source_of_exactly_the_allowed_size_is_read(tmp_path):
    assert handed_in(tmp_path, "optimizers.py", b"#" * text.MAX_SOURCE_BYTES).problem == ""


def symlink(at: Path) -> None:
    (at / "secret").write_bytes(CODE)
    (at / "optimizers.py").symlink_to(at / "secret")


def dangling_symlink(at: Path) -> None:
    (at / "optimizers.py").symlink_to("nowhere")


def folder(at: Path) -> None:
    (at / "optimizers.py").mkdir()


def fifo(at: Path) -> None:
    os.mkfifo(at / "optimizers.py")


def device(at: Path) -> None:
    try:
        os.mknod(at / "optimizers.py", stat.S_IFCHR | 0o666, os.makedev(1, 5))
    except PermissionError:
        pytest.skip("only root makes devices")


def unix_socket(at: Path) -> None:
    here = os.open(".", os.O_RDONLY)
    try:
        os.chdir(at)  # a socket's path may not be longer than 107 bytes
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind("optimizers.py")
    finally:
        os.fchdir(here)
        os.close(here)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (symlink, "symbolic link"),
        (dangling_symlink, "symbolic link"),
        (fifo, "device, pipe or socket"),
        (device, "device, pipe or socket"),
        (unix_socket, "device, pipe or socket"),
    ],
)
def test_what_is_no_regular_file_is_never_opened(make, said, tmp_path):
    make(tmp_path)
    assert said in read(tmp_path).problem
    assert said in read(tmp_path / "optimizers.py").problem


def test_a_folder_called_like_the_file_is_explained(tmp_path):
    folder(tmp_path)
    assert "optimizers.py is missing" in read(tmp_path / "optimizers.py").problem  # that folder was handed in, empty
    assert '"optimizers.py" is a folder' in read(tmp_path).problem


def test_a_link_to_a_folder_is_not_followed(tmp_path):
    (tmp_path / "golden").mkdir()
    a_folder(tmp_path / "golden")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "hw7").symlink_to(tmp_path / "golden")
    assert "missing" in read(tmp_path / "mine").problem
    (tmp_path / "link").symlink_to(tmp_path / "golden")
    assert "symbolic link" in read(tmp_path / "link").problem


def test_a_file_exchanged_for_a_link_after_it_was_looked_at_is_not_followed(tmp_path, monkeypatch):
    (tmp_path / "secret").write_bytes(b"golden")
    (tmp_path / "optimizers.py").write_bytes(CODE)
    look = os.lstat

    def look_then_exchange(path):
        seen = look(path)
        (tmp_path / "optimizers.py").unlink()
        (tmp_path / "optimizers.py").symlink_to(tmp_path / "secret")
        return seen

    monkeypatch.setattr(disk.os, "lstat", look_then_exchange)
    with pytest.raises(OSError, match="symbolic links"):
        disk.read(tmp_path / "optimizers.py", 100)


def test_a_link_as_quiz_costs_the_answers_and_not_the_code(tmp_path):
    a_folder(tmp_path)
    (tmp_path / "quiz.toml").unlink()
    (tmp_path / "quiz.toml").symlink_to("/etc/hostname")
    submission = read(tmp_path)
    assert submission.files == {"optimizers.py": CODE}
    assert "symbolic link" in submission.refused["quiz.toml"]


@pytest.mark.parametrize("packed", [False, True], ids=["folder", "zip"])
@pytest.mark.parametrize("name", ["hw/quiz.toml", "quiz-1.toml", "quiz (1).toml", "ada_12_34_quiz.toml", "Quiz.toml"])
def test_a_quiz_is_found_under_the_names_that_platforms_give_it(name, packed, tmp_path):
    made = [("optimizers.py", CODE), (name, b"[answers]\n")]
    if packed:
        found = handed_in(tmp_path, "it.zip", zipped(*made))
    else:
        for path, data in made:
            (tmp_path / path).parent.mkdir(exist_ok=True)
            (tmp_path / path).write_bytes(data)
        found = read(tmp_path)
    assert found.files == {"optimizers.py": CODE, "quiz.toml": b"[answers]\n"}
    assert any("was taken as your quiz.toml" in remark for remark in found.remarks)


def test_of_two_quizzes_none_is_taken_and_it_is_said(tmp_path):
    found = handed_in(tmp_path, "it.zip", zipped(("optimizers.py", CODE), ("quiz-1.toml", b""), ("quiz-2.toml", b"")))
    assert "2 files" in found.refused["quiz.toml"]


@pytest.mark.parametrize("quiz", [b"#" * 64_001, b"PK\x03\x04\xff", b"a = 1\0\x01\0\x02b"])
def test_an_unreadable_quiz_costs_the_answers_and_not_the_code(quiz, tmp_path):
    a_folder(tmp_path)
    (tmp_path / "quiz.toml").write_bytes(quiz)
    assert read(tmp_path).files == {"optimizers.py": CODE}
    assert "quiz.toml" in read(tmp_path).refused["quiz.toml"]


@pytest.mark.parametrize("name", ["optimizers.py.txt", "Optimizers.py.txt", "solution.py.TXT"])
def test_an_ending_that_an_editor_put_behind_a_files_own_is_ignored(name, tmp_path):
    (tmp_path / name).write_bytes(CODE)
    assert read(tmp_path).files == read(tmp_path / name).files == {"optimizers.py": CODE}


def test_missing_permission_is_ours_and_not_the_students(tmp_path):
    a_folder(tmp_path)
    (tmp_path / "optimizers.py").chmod(0)
    tmp_path.chmod(0o755)
    for parent in tmp_path.parents[:2]:
        parent.chmod(0o755)  # pytest's folders are for their owner only
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        with pytest.raises(PermissionError):
            read(tmp_path)
    finally:
        if root:
            os.seteuid(0)


@pytest.mark.parametrize("name", ["notes.txt", "optimizers.pdf", "optimizers", "a.tar.gz"])
def test_a_wrong_ending_is_explained(name, tmp_path):
    assert "neither Python nor a notebook nor a zip" in handed_in(tmp_path, name, CODE).problem


def test_a_path_without_a_file_is_explained(tmp_path):
    assert read(tmp_path / "optimizers.py").problem.startswith('"optimizers.py" is missing')
    assert "Nothing was handed in" in read(tmp_path).problem


CHOICES = {
    "the file itself, before notebooks and copies below": (
        ["optimizers.py", "optimizers.ipynb", "old/optimizers.py"],
        "optimizers.py",
    ),
    "a TinyTorch source": (["07_optimizers.py", "test_optimizers.py", "numpy.py"], "07_optimizers.py"),
    "the notebook named like it": (["optimizers.ipynb", "scratch.ipynb"], "optimizers.ipynb"),
    "the only notebook": (["hw7.ipynb", ".ipynb_checkpoints/hw7.ipynb", "plot.py"], "hw7.ipynb"),
    "two notebooks": (
        ["a.ipynb", "b.ipynb"],
        '2 files here that could be your solution: "a.ipynb", "b.ipynb"',
    ),
    "a script and a notebook": (["06_optimizers.py", "optimizers.ipynb"], "2 files here"),
    "two folders": (["a/optimizers.py", "b/optimizers.py"], '"a/optimizers.py", "b/optimizers.py"'),
    "another name": (["solution.py", "check.py", "test_it.py"], "solution.py"),
    "two other names": (["solution.py", "helper.py"], 'optimizers.py is missing. Found instead: "helper.py"'),
    "a test of it": (["test_optimizers.py"], "optimizers.py is missing"),
}


@pytest.mark.parametrize("packed", [False, True], ids=["folder", "zip"])
@pytest.mark.parametrize(("names", "said"), CHOICES.values(), ids=CHOICES)
def test_the_file_to_mark_is_chosen_alike_in_folders_and_zips(names, said, packed, tmp_path):
    files = {
        name: book(f"class Found: name = {name!r}")
        if name.endswith("ipynb")
        else f"class Found: name = {name!r}".encode()
        for name in names
    }
    where = tmp_path
    if packed:
        where = tmp_path / "it.zip"
        where.write_bytes(zipped(*files.items()))
    else:
        for name, data in files.items():
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_bytes(data)
    submission = read(where)
    if said in names:
        assert f"class Found: name = {said!r}" in code_of(submission)
    else:
        assert said in submission.problem


def test_shadow_modules_are_not_taken_and_that_is_said_with_safe_names(tmp_path):
    evil = "\x1b[31m\u202enumpy.py"
    others = [evil, "numpy.py", "conftest.py", "sitecustomize.py", "a.py", "b.py", "c.py"]
    (tmp_path / "it.zip").write_bytes(zipped(("optimizers.py", CODE), *[(name, b"1/0") for name in others]))
    submission = read(tmp_path / "it.zip")
    assert submission.files == {"optimizers.py": CODE}
    (remark,) = submission.remarks
    assert "were ignored" in remark
    assert r'"\x1b[31m\u202enumpy.py"' in remark
    assert remark.isprintable()
    assert "and 2 more" in remark


@given(st.text())
def test_every_name_is_shown_printable_and_short(name):
    shown = show(name)
    assert shown.isprintable()
    assert len(shown) <= MAX_SHOWN + 2
    shown.encode()


def test_a_name_that_is_not_unicode_is_shown_and_reported(tmp_path):
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xfe.py"))
    path.write_bytes(b"")
    submission = read(path)
    submission.problem.encode()
    submission.path.encode()
    assert r"\udcff" in submission.problem


def test_a_folder_with_a_whole_disk_in_it_is_refused_before_it_is_listed(tmp_path):
    for number in range(disk.MAX_ENTRIES + 1):
        (tmp_path / f"{number}.txt").touch()
    assert "more than 2000 files" in read(tmp_path).problem


# ---------------------------------------------------------------------------------------------------- archives
def with_attributes(name: str, mode: int) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)
    entry.create_system = 3
    entry.external_attr = mode << 16
    return entry


def renamed(old: bytes, new: bytes) -> bytes:
    """An archive whose entry bears a name that zipfile itself would not write."""
    return zipped(("optimizers.py", CODE), (old.decode(), b"x")).replace(old, new)


def patched(data: bytes, signature: bytes, offset: int, value: bytes) -> bytes:
    """Every header that starts with `signature`, changed at `offset`."""
    parts = data.split(signature)
    return signature.join([parts[0], *(p[: offset - 4] + value + p[offset - 4 + len(value) :] for p in parts[1:])])


def directory_entry(offset: int, value: bytes) -> bytes:
    made = zipped(("optimizers.py", CODE))
    return patched(patched(made, b"PK\x01\x02", offset, value), b"PK\x03\x04", offset - 2, value)


PLAIN = zipped(("optimizers.py", CODE))
LEAVES = "leave its folder"
HOSTILE = {
    "traversal": (zipped(("../optimizers.py", CODE)), LEAVES),
    "traversal beside a good file": (zipped(("optimizers.py", CODE), ("a/../../x", b"")), LEAVES),
    "absolute": (zipped(("/etc/optimizers.py", CODE)), LEAVES),
    "backslash": (renamed(b"a-optimizers.py", b"..\\optimizer.py"), LEAVES),
    "drive": (zipped(("C:optimizers.py", CODE)), LEAVES),
    "nul": (renamed(b"optimizers.pyXY", b"optimizers.py\0Y"), LEAVES),
    "long name": (zipped(("optimizers.py", CODE), ("x" * 300, b"")), "longer than 255 bytes"),
    "symlink": (zipped((with_attributes("optimizers.py", 0o120777), b"/etc/passwd")), "symbolic link"),
    "symlink beside": (zipped(("optimizers.py", CODE), (with_attributes("x", 0o120777), b"/")), "symbolic link"),
    "fifo": (zipped((with_attributes("optimizers.py", 0o010666), CODE)), "device or a pipe"),
    "encrypted": (directory_entry(8, b"\x01\x00"), "encrypted"),
    "unknown method": (directory_entry(10, b"\x63\x00"), "unusual method"),
    "lzma, whose headers order memory": (zipped(("optimizers.py", CODE), method=zipfile.ZIP_LZMA), "unusual method"),
    "case twins": (zipped(("optimizers.py", CODE), ("Optimizers.PY", b"x")), "files of the same name"),
    "width twins": (zipped(("optimizers.py", CODE), ("\uff4fptimizers.py", b"x")), "files of the same name"),
    "exact twins": (zipped(("optimizers.py", CODE), ("optimizerz.py", b"x")).replace(b"optimizerz", b"optimizers"), "files of the same name"),
    "201 entries": (zipped(*[(f"{n}.txt", b"") for n in range(200)], ("optimizers.py", CODE)), "more than 200 files"),
    "nested": (zipped(("optimizers.zip", PLAIN)), "another zip"),
    "empty": (zipped(), "Nothing was handed in"),
    "not a zip": (b"Rar!\x1a\x07\x01\x00", "damaged or no zip"),
    "cut short": (PLAIN[:-30], "damaged or no zip"),
    "damaged inside": (PLAIN.replace(PLAIN[43:50], b"\xff" * 7, 1), "is damaged"),
    "wrong checksum": (patched(PLAIN, b"PK\x01\x02", 16, b"\0\0\0\0"), "is damaged"),
    "another name inside": (PLAIN.replace(b"optimizers.py", b"0ptimizers.py", 1), "is damaged"),
    "too large file": (zipped(("optimizers.py", os.urandom(300_000).hex().encode())), "larger than 256 kB"),
    "bomb": (zipped(("optimizers.py", b"#" * 50_000_000)), "larger than 256 kB"),
    "small bomb": (zipped(("optimizers.py", b"#" * 250_000)), "more than code ever does"),
    "bomb that claims to be small": (
        patched(zipped(("optimizers.py", b"#" * 9_000_000)), b"PK\x01\x02", 24, (100).to_bytes(4, "little")),
        "is damaged",
    ),
    "bomb beside": (zipped(("optimizers.py", CODE), *[(f"{n}.txt", b"\0" * 30_000_000) for n in range(4)]), "unpacks to more than 100 MB"),
    "too large archive": (zipped(("optimizers.py", CODE), ("x", os.urandom(8_000_000)), method=zipfile.ZIP_STORED), "larger than 8 MB"),
}  # fmt: skip


@pytest.mark.parametrize(("data", "said"), HOSTILE.values(), ids=HOSTILE)
def test_hostile_archives_are_refused_with_a_sentence_and_little_memory(data, said, tmp_path):
    (tmp_path / "it.zip").write_bytes(data)
    tracemalloc.start()
    try:
        submission = read(tmp_path / "it.zip")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert said in submission.problem
    assert submission.files == {}
    assert submission.problem.isprintable()
    assert peak < 3 * archive.MAX_ZIP_BYTES


def test_a_count_of_entries_that_lies_does_not_help(tmp_path):
    data = zipped(*[(f"{n}.txt", b"") for n in range(5000)])
    lying = patched(data, b"PK\x05\x06", 8, b"\x01\x00\x01\x00")
    assert "more than 200 files" in handed_in(tmp_path, "it.zip", lying).problem


@pytest.mark.parametrize("extra", ["notes.zip", "data.csv", "Makefile"])
def test_honest_company_in_a_zip_is_ignored(extra, tmp_path):
    submission = handed_in(tmp_path, "it.zip", zipped(("hw/optimizers.py", CODE), ("hw/" + extra, PLAIN)))
    assert submission.files == {"optimizers.py": CODE}


@pytest.mark.parametrize("name", ["hw7\\optimizers.py", "a\\b\\optimizers.py", "optimizers.py"])
def test_a_zip_with_the_backslashes_of_windows_is_read(name, tmp_path):
    plain = name.replace("\\", "/")
    data = zipped((plain, CODE), ("notes.txt", b"")).replace(plain.encode(), name.encode())
    assert handed_in(tmp_path, "it.zip", data).files == {"optimizers.py": CODE}


MARK = "#| export\n"
CELLS = (
    MARK + "import numpy as np\nclass SGD:\n    def step(self, lr, params):\n        return {use}",
    "{other}",
    MARK + "class Adam: pass",
)


@pytest.mark.parametrize(
    ("use", "other", "taken"),
    [
        ("helper(lr)", "def helper(x):\n    return x\nhelper(3)", True),
        ("Helper(lr)", "class Helper:\n    pass", True),
        ("math.sqrt(lr)", "import math", True),
        ("EPS * lr", "EPS = 1e-8", True),
        ("lr", "lr = 0.1\nparams = [1]\nprint(lr)", False),  # data of a trial: the names inside are arguments
        ("lr", "def helper(x):\n    return x", False),
        ("np.sqrt(lr)", "import numpy as np", False),
    ],
)
def test_a_forgotten_export_is_read_and_its_cell_is_named(use, other, taken, tmp_path):
    cells = [cell.format(use=use, other=other) for cell in CELLS]
    book = [{"cell_type": "code", "metadata": {}, "source": cell} for cell in cells]
    found = handed_in(tmp_path, "it.ipynb", json.dumps({"nbformat": 4, "metadata": {}, "cells": book}).encode())
    named = any("code cell 2 defines, which has no #| export" in remark for remark in found.remarks)
    assert named == ("# %% code cell 2" in code_of(found)) == taken


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(PLAIN) - 1), st.integers(0, 255)), min_size=1, max_size=6))
def test_no_damage_to_an_archive_gets_out_as_anything_but_a_refusal(changes):
    data = bytearray(PLAIN)
    for at, value in changes:
        data[at] = value
    try:
        tree = archive.tree("it.zip", bytes(data), "optimizers.py")
        for name in tree.names:
            tree.read(name, 1000)
    except Refused as refused:
        assert str(refused).isprintable()  # noqa: PT017 - both ways out are right


# --------------------------------------------------------------------------------------------------- notebooks
def test_of_a_marked_notebook_only_the_marked_cells_are_taken():
    submission = read(DATA / "exported.ipynb")
    space = run(code_of(submission))
    assert {"np", "rng", "Optimizer", "SGD"} <= set(space)
    assert space["SGD"].patched(None) == 7
    assert "export" not in code_of(submission)
    assert submission.remarks == ("Your notebook marks cells with #| export: 4 of 7 code cells were read.",)


def test_of_a_diary_the_solution_is_taken_and_no_trial_is_run(capsys):
    submission = read(DATA / "diary.ipynb")
    code = code_of(submission)
    space = run(code)
    assert capsys.readouterr().out == ""
    assert {"np", "EPS", "Optimizer", "SGD", "Adam", "rng", "helper", "make"} <= set(space)
    assert not {"opt", "best", "last", "lines", "grader", "model", "colors", "files"} & set(space)
    assert (space["rest"], space["values"], space["Optimizer"].rest) == (2, [1], 2)
    assert space["text"] == "\n%magic in a text\n!so is this\n"
    assert "%matplotlib is prose here\n!and so is this" in space["SGD"].__doc__
    assert "rm -rf" not in code
    assert "lr == 1" not in code


def test_what_was_left_out_of_a_diary_is_said():
    said = " ".join(read(DATA / "diary.ipynb").remarks)
    assert "other languages were left out: code cell 7, 8." in said
    assert "left out: 11 in code cell 1, 6, 10, 12." in said
    assert "left out: 6 times" in said
    assert 'Imports of "matplotlib", "otter" are skipped' in said


@pytest.mark.parametrize("marker", ["", "#| export\n"])
def test_an_import_from_the_future_moves_to_the_top_where_python_wants_it(marker, tmp_path):
    later = marker + "from __future__ import annotations\ndef f(x: Undefined): pass"
    submission = handed_in(tmp_path, "a.ipynb", book(marker + "import os", later))
    assert "f" in run(code_of(submission))


def test_the_third_format_is_read():
    assert {"Optimizer", "SGD"} <= set(run(code_of(read(DATA / "third_format.ipynb"))))


CELL_TEXTS = st.lists(
    st.sampled_from(["", "import os", "x = 1", "from __future__ import annotations", "%ls", "print(1)"])
)


@given(cells=st.lists(CELL_TEXTS.map("\n".join), min_size=1, max_size=6), marked=st.booleans())
@settings(max_examples=30, deadline=None)
def test_the_beginning_of_a_cell_leads_from_every_line_of_its_class_back_into_it(cells, marked):
    cells = [f"{cell}\n\nclass C{number}:\n    pass\n\n" for number, cell in enumerate(cells, start=1)]
    if marked:
        cells = ["#| export\n" + cell for cell in cells]
    found = read_upload("a.ipynb", book("plt.show()", *cells))
    lines = found.files["optimizers.py"].decode().split("\n")
    begins = {cell: above for above, cell in found.cells}
    for number, cell in enumerate(cells, start=1):
        at = lines.index(f"class C{number}:") + 1
        place = in_cell(Place(at, at + 1, "", "", ""), found.cells)
        own = cell.split("\n").index(f"class C{number}:") + 1
        assert (place.cell, place.line, place.end_line) == (number + 1, own, own + 1)
        assert begins[number + 1] == at - own


def test_a_place_in_a_python_file_has_no_cell():
    place = Place(3, 3, "# %% code cell 1", "", "")
    assert in_cell(place, read_upload("a.py", b"# %% code cell 1\nx = 1\ny = 1\n").cells) == place


def test_a_line_keeps_its_number_below_the_comment_that_names_its_cell():
    cell = "%%time\n#| export\n\n!ls\n\nx = '''\n%a\n'''\nclass Here:\n    pass"
    for source in (cell, cell.replace("#| export", "")):
        lines = notebook.source("a.ipynb", book("import os", source), "optimizers.py")[0].decode().split("\n")
        assert (
            lines.index("class Here:") - lines.index("# %% code cell 2") == source.split("\n").index("class Here:") + 1
        )


KEPT = {
    "constants": "BETA1, BETA2 = 0.9, 0.999",
    "a table": "DEFAULTS = dict(\n    lr=0.1,\n    eps=float('1e-8'),\n)",
    "a generator": "import numpy as np\nrng = np.random.default_rng(42)",
    "an alias": "import numpy as np\nArray = np.ndarray",
    "standard library": "from collections import namedtuple as nt\nstate = nt('state', 'm v')",
    "annotated": "lr: float = 0.1",
    "patches": "class A: pass\ndef f(self): return g(self)\nA.step = f\nsetattr(A, 'stop', f)",
    "a class by a factory": "def make(): return type('B', (), {})\nAdam = make()",
    "private": "def table(): return {}\n_table = table()",
    "decorated rebinding": "def twice(f): return f\ndef step(): pass\nstep = twice(step)",
    "lambda": "class A: pass\nnew = lambda: A(1)",
    "decorators": "import functools\n@functools.cache\ndef f():\n    return 1",
    "optional import": "try:\n    import no_such_package\n    HAS = True\nexcept ImportError:\n    HAS = False",
    "typing": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import os\nelse:\n    os = None",
    "main": "class A: pass\nif __name__ == '__main__':\n    A(1)",
    "numbers": "n = 1\nn += 2\nsizes = [n] * 3\nsizes[0] = 4",
    "a text": "'''About this\n\n%notebook'''",
}


@pytest.mark.parametrize("cell", KEPT.values(), ids=KEPT)
def test_what_belongs_to_a_solution_stays(cell):
    assert tidied(cell) == cell
    run(cell)


LEFT_OUT = {
    "call": "print(1/0)",
    "trial": "class A: pass\nopt = A(1, 2)",
    "call with spaces": "class A: pass\nopt = A   (1, 2)\nlast = opt  .lr",
    "what hangs on a trial": "class A: pass\nopt = A(1, 2)\nlast = opt.lr\nopt.lr = 3\nsetattr(opt, 'lr', 1)",
    "loop": "for i in range(3):\n    1/0\nelse:\n    2/0",
    "endless": "while True: x = 1",
    "with": "with open('x') as f:\n    data = f.read()",
    "files": "import numpy as np\ndata = np.load('data.npz')",
    "condition": "if 1:\n    1/0",
    "condition that calls": "def f(): return 1/0\nif f():\n    x = 1",
    "import in a condition": "if True:\n    import no_such_package",
    "two in a line": "x = 1; print(1/0)",
    "assertion": "assert False, '''\nall\n'''",
    "exception": "raise SystemExit",
    "plot": "import no_such_package as plt\nfig, ax = plt.subplots()\ncolor = plt.cm.red\nplt.rc['a'] = 1",
    "f-string": "class A: pass\nopt = A(1)\nlabel = f'lr = {opt.lr}'",
    "changed by what is left out": "losses = []\nlosses.append(1)\nbest = min(losses)\nlast = losses[-1]",
    "awaited": "await main()",
    "unfinished": "class A: pass\nopt = A([1,",
    "needs more of tinytorch than there is": "from tinytorch.no.such import Linear\nmodel = Linear(3, 1)",
    "optional import, used": "try:\n    import no_such_package as p\nexcept ImportError:\n    p = None\ncolor = p.red",
}


@pytest.mark.parametrize("cell", LEFT_OUT.values(), ids=LEFT_OUT)
def test_what_could_fail_is_left_out_line_by_line(cell):
    text_ = tidied(cell)
    assert text_.count("\n") == cell.count("\n")
    assert "\n# " in "\n" + text_
    run("import contextlib as _contextlib\n" + text_)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("import numpy as np; print(np.e)", "import numpy as np  # import numpy as np; print(np.e)"),
        (
            "import a.b; a.b.c('x')",
            "with _contextlib.suppress(ImportError): import a.b  # import a.b; a.b.c('x')",
        ),
    ],
)
def test_an_import_stays_when_what_stands_beside_it_is_left_out(cell, expected):
    assert tidied(cell, "x = np.e").split("\n")[0] == expected


MAGICS = {
    "line": ("%matplotlib inline", "# %matplotlib inline"),
    "shell over lines": ("!pip \\\n  install x", "# !pip \\\n#   install x"),
    "quotes": ("!echo 'it\nx = 1", "# !echo 'it\nx = 1"),
    "help": ("?print\nnp.array??\nx = 1", "# ?print\n# np.array??\nx = 1"),
    "assigned": ("files = !ls\nt = %timeit -o 1", "# files = !ls\n# t = %timeit -o 1"),
    "in a block": ("def f():\n    %cd /\n", "def f():\n    pass  #     %cd /\n"),
    "modulo by continuation": ("x = 17 \\\n    % 5", "x = 17 \\\n    % 5"),
    "modulo in brackets": ("x = (17\n% 5)", "x = (17\n% 5)"),
    "in a text": ("x = '''\n!a\n%b'''", "x = '''\n!a\n%b'''"),
    "in a text with quotes": ('x = r"""\\"\n!a \'\n"""\ny = \'"""\'', 'x = r"""\\"\n!a \'\n"""\ny = \'"""\''),
    "in a comment": ("x = 1  # '''\n%a", "x = 1  # '''\n# %a"),
    "not equal": ("x = 1 != 2", "x = 1 != 2"),
    "formatted": ("x = '%d' % 3\nx %= 3", "x = '%d' % 3\nx %= 3"),
}


@pytest.mark.parametrize(("cell", "expected"), MAGICS.values(), ids=MAGICS)
def test_notebook_syntax_is_found_where_ipython_finds_it_and_nowhere_else(cell, expected):
    assert tidied(cell) == expected


BODIES = {
    "time": ("%%time\nclass A: pass", True),
    "capture": ("\n%%capture out\nclass A: pass", True),
    "bash": ("%%bash\nclass A: pass", False),
    "html": ("%%html\nclass A: pass", False),
    "another file": ("%%writefile utils.py\nclass A: pass", False),
    "the file itself": ("%%writefile src/optimizers.py\nclass A: pass", True),
}


@pytest.mark.parametrize(("cell", "kept"), BODIES.values(), ids=BODIES)
def test_a_cell_magic_decides_about_its_body(cell, kept, tmp_path):
    submission = handed_in(tmp_path, "a.ipynb", book("class B: pass", cell))
    assert ("A" in run(code_of(submission))) is kept


BAD_NOTEBOOKS = {
    "no json": (b"{", "no valid JSON"),
    "a list": (b"[]", "not a notebook of format"),
    "deep": (b'{"cells":' + b"[" * 1_000_000, "no valid JSON"),
    "a number of many digits": (b'{"nbformat": ' + b"9" * 100_000 + b"}", "no valid JSON"),
    "old": (book("x = 1", nbformat=2), "format 3 or 4"),
    "julia": (book("x = 1", metadata={"kernelspec": {"language": "julia"}}), 'in "julia"'),
    "no cells": (book(), "no code"),
    "cells of another kind": (book(cells={"a": 1}), "no code"),
    "no text": (
        book(cells=[{"cell_type": "code", "source": [1]}]),
        "Code cell 1 of your notebook has no text",
    ),
    "blank": (book(" \n", ""), "no code"),
    "only shell": (book("%%bash\nls"), "only tests and cells in other languages"),
    "too many": (book(*["x = 1"] * 2001), "more than 2000 cells"),
    "much code": (book("x = 1\n" * 170_000), "more than 500 kB of code"),
    "many lines": (book("x=1\n" * 10_001, "x=1\n" * 10_001), "more than 20000 lines of code"),
    "too much code": (book(("x = " + "1" * 20 + "\n") * 15_000), "larger than 256 kB"),
    "nul": (book("x = '\0'"), "NUL byte"),
    "utf-16": (book("x = 1").decode().encode("utf-16"), "UTF-16"),
    "large": (b" " * 4_000_001, "larger than 4 MB"),
}


@pytest.mark.parametrize(("data", "said"), BAD_NOTEBOOKS.values(), ids=BAD_NOTEBOOKS)
def test_what_is_wrong_with_a_notebook_is_told_to_its_author(data, said, tmp_path):
    assert said in handed_in(tmp_path, "a.ipynb", data).problem


def test_half_a_surrogate_pair_does_not_get_out(tmp_path):
    assert "\\ud800" in code_of(handed_in(tmp_path, "a.ipynb", book("x = '\ud800'")))


def test_a_notebook_made_to_fill_memory_stays_small():
    size = notebook.MAX_NOTEBOOK_BYTES // 10  # a tenth, because tracing is slow; memory grows in proportion
    data = b'{"cells":[' + b"{}," * (size // 3) + b"0]}"
    tracemalloc.start()
    try:
        with pytest.raises(Refused):
            notebook.source("a.ipynb", data, "optimizers.py")
        assert tracemalloc.get_traced_memory()[1] < 15_000_000  # so 150 MB at most, half of what the grader may use
    finally:
        tracemalloc.stop()


# ------------------------------------------------------------------------------------------------------ finding
def filled(at: Path, *names: str) -> Path:
    for name in names:
        (at / name).parent.mkdir(parents=True, exist_ok=True)
        (at / name).write_bytes(CODE)
    return at


FOUND = {
    "a submission": (["optimizers.py", "quiz.toml", "b.py", "old/optimizers.py"], [""]),
    "one notebook": (["a.ipynb", "data.csv", "pictures/a.png"], [""]),
    "one zip": (["a.zip"], [""]),
    "folders, sorted, hidden ones and litter not": (
        ["bob/optimizers.py", "alice/hw/a.ipynb", ".git/x.py", "__pycache__/x.py", ".ipynb_checkpoints/a.ipynb"],
        ["alice", "bob"],
    ),
    "a stranger's empty folder does not vanish": (["alice/optimizers.py", "bob/notes.txt"], ["alice", "bob"]),
    "files": (["bob.py", "alice.zip", "carol.ipynb", "roster.csv", "pictures/a.png"], ["alice.zip", "bob.py", "carol.ipynb"]),
    "files and folders": (["alice/optimizers.py", "bob.zip"], ["alice", "bob.zip"]),
}  # fmt: skip


@pytest.mark.parametrize(("names", "expected"), FOUND.values(), ids=FOUND)
def test_folders_are_expanded_to_submissions(names, expected, tmp_path):
    assert find([filled(tmp_path, *names)]) == [tmp_path / name if name else tmp_path for name in expected]


def test_paths_keep_their_order_and_count_once(tmp_path):
    filled(tmp_path, "b.py", "a.py", "notes.txt")
    paths = [tmp_path / "b.py", tmp_path / "notes.txt", tmp_path / "a.py"]
    assert find([*paths, paths[0]]) == paths


@pytest.mark.parametrize("names", [[], ["notes.txt"], ["a/notes.txt"], [".hidden.py"]])
def test_a_folder_without_submissions_is_a_usage_error(names, tmp_path):
    with pytest.raises(NothingToMark, match="holds no optimizers"):
        find([filled(tmp_path, *names)])


@pytest.mark.parametrize("name", ["nowhere", "a.py/optimizers.py"])
def test_a_path_that_does_not_exist_is_a_usage_error(name, tmp_path):
    filled(tmp_path, "a.py")
    with pytest.raises(NothingToMark, match="There is no"):
        find([tmp_path / name])


def test_a_link_among_the_submissions_is_listed_and_refused(tmp_path):
    filled(tmp_path, "alice/optimizers.py", "golden.py")
    (tmp_path / "bob").mkdir()
    (tmp_path / "bob" / "optimizers.py").symlink_to(tmp_path / "golden.py")
    alice, bob = find([tmp_path])[:2]
    assert read(alice).problem == ""
    assert "symbolic link" in read(bob).problem


@pytest.mark.parametrize("unit", ["a", "é", "1", " ", "-", "a ", "é ", "«", "a«", "_a", "a1"])
def test_a_guess_at_a_code_page_takes_no_longer_than_the_size_allows(unit):
    """A student's 64 kB of letters behind one accent cost the grader four minutes."""
    data = b"\xe9 " + (unit.encode("cp1252") * 30_000)[:30_000]
    started = time.process_time()
    text.typed("quiz.toml", data)
    assert time.process_time() - started < 1
