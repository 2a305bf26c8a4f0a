"""The command, run as others run it: what it prints where, how it ends, and what is left when it is interrupted."""

from __future__ import annotations

import contextlib
import io
import json
import os
import pty
import select
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from autograder.assignment import load
from autograder.batch import MarkedFile, mark, mark_all
from autograder.model import Report
from autograder.publish import Pages, publish, whose
from autograder.sandbox import SandboxFailed

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
MODEL_SOLUTION = load("optimizers").model_solution
KEYS = [
    "schema", "assignment", "assignment_digest", "seed", "submission", "status", "message", "score", "max_score",
    "criteria", "diagnoses", "quiz", "seconds", "sandbox", "versions",
]  # fmt: skip
# The files marked here are ours, so the sandbox that works everywhere will do; others have tests of their own.
ANYWHERE = ("--sandbox", "process")
SLEEPS = "import time\ntime.sleep(600)\n"
PATIENCE = 60.0  # seconds for what takes two on an idle machine


@contextlib.contextmanager
def running(*arguments: object, cwd: Path, **options: object) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "autograder", *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "120", "NO_COLOR": "1"}
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    with subprocess.Popen(command, cwd=cwd, env=environment, **pipes) as process:
        try:
            yield process
        finally:
            process.kill()


def gradmark(*arguments: object, cwd: Path, patience: float = PATIENCE) -> subprocess.CompletedProcess[str]:
    with running(*arguments, cwd=cwd) as process:
        out, err = process.communicate(timeout=patience)
    return subprocess.CompletedProcess(arguments, process.returncode, out.decode(), err.decode())


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """Four submissions: right, without the methods, not Python, and nothing at all."""
    folder = tmp_path_factory.mktemp("course")
    sources = {
        "ada": MODEL_SOLUTION.read_text(encoding="utf-8"),
        "bob": "class SGD:\n    pass\n",
        "cyd": "def step(:\n",
        "dan": "",
    }
    for name, source in sources.items():
        (folder / name).mkdir()
        (folder / name / "optimizers.py").write_text(source, encoding="utf-8")
    return folder


# ------------------------------------------------------------------------------------------------------ contract
@pytest.mark.slow
def test_json_is_one_object_a_line_on_stdout_and_nothing_else(course, tmp_path):
    done = gradmark("grade", course, "--format", "json", *ANYWHERE, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    reports = {Path(r["submission"]["path"]).name: r for r in map(json.loads, done.stdout.splitlines())}
    assert reports.keys() == {"ada", "bob", "cyd", "dan"}
    for report in reports.values():
        assert list(report)[: len(KEYS)] == KEYS
    assert reports["ada"]["score"] == reports["ada"]["max_score"] > 0
    assert reports["cyd"]["status"] == reports["dan"]["status"] == "not_gradable"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow("the command starts and marks four times")
def test_a_seed_given_twice_gives_the_same_report(course, tmp_path):
    def marked(*seed: str) -> dict[str, object]:
        done = gradmark("grade", course / "bob", "--format", "json", *seed, *ANYWHERE, cwd=tmp_path)
        return {key: value for key, value in json.loads(done.stdout).items() if key != "seconds"}

    first = marked("--seed", "7")
    assert first == marked("--seed", "7")
    assert first["seed"] == 7
    assert marked()["seed"] == marked()["seed"] != 7


@pytest.mark.slow
def test_one_submission_is_shown_in_full_and_many_as_a_table(course, tmp_path):
    one = gradmark("grade", course / "bob", *ANYWHERE, cwd=tmp_path)
    many = gradmark("grade", course, *ANYWHERE, cwd=tmp_path)
    assert one.returncode == many.returncode == 0, one.stderr + many.stderr
    criteria = [mark.title for mark in load("optimizers").criteria]
    assert all(title in one.stdout for title in criteria)
    assert [many.stdout.index(name) for name in ("ada", "bob", "cyd", "dan")] == sorted(
        many.stdout.index(name) for name in ("ada", "bob", "cyd", "dan")
    ), "in the order in which they were handed in, not in which they were finished"


@pytest.mark.slow
def test_pages_are_written_and_their_paths_printed(course, tmp_path):
    done = gradmark("grade", course, "--format", "html", "--out", "pages", *ANYWHERE, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    written = sorted(done.stdout.splitlines())
    assert written == [f"pages/{name}.html" for name in ("ada", "bob", "cyd", "dan")]
    assert all((tmp_path / page).read_text(encoding="utf-8").rstrip().endswith("</html>") for page in written)
    assert len(list((tmp_path / "pages").iterdir())) == 4, "nothing unfinished is left"


@pytest.mark.slow
def test_without_a_folder_pages_go_where_the_command_says(course, tmp_path):
    done = gradmark("grade", course / "cyd", "--format", "html", *ANYWHERE, cwd=tmp_path)
    assert done.stdout.splitlines() == ["reports/cyd.html"]
    assert (tmp_path / "reports/cyd.html").is_file()


@pytest.mark.slow
def test_json_stays_json_when_pages_are_written_too(course, tmp_path):
    done = gradmark("grade", course / "cyd", "--format", "json", "--out", "pages", *ANYWHERE, cwd=tmp_path)
    (line,) = done.stdout.splitlines()
    assert json.loads(line)["status"] == "not_gradable"
    assert "pages/cyd.html" in done.stderr


MISUSED = {
    "no path": (),
    "a path that is not there": ("nowhere.py",),
    "a folder without submissions": (".",),
    "an assignment that is not there": ("{ada}", "--assignment", "levitation"),
    "no workers": ("{ada}", "--jobs", "0"),
    "a negative seed": ("{ada}", "--seed", "-1"),
    "an unknown format": ("{ada}", "--format", "pdf"),
    "an unknown sandbox": ("{ada}", "--sandbox", "none"),
    "a file where pages should go": ("{ada}", "--out", "{ada}/optimizers.py"),
}


@pytest.mark.slow
@pytest.mark.parametrize("how", MISUSED)
def test_a_usage_error_ends_with_2_and_a_sentence(how, course, tmp_path):
    arguments = [word.replace("{ada}", str(course / "ada")) for word in MISUSED[how]]
    done = gradmark("grade", *arguments, cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert "Usage" in done.stderr


@pytest.mark.slow
def test_a_sandbox_that_cannot_be_had_ends_with_3(course, tmp_path, monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nobody-listens.sock")
    done = gradmark("grade", course / "ada", "--sandbox", "docker", "--format", "json", cwd=tmp_path)
    assert done.returncode == 3
    assert done.stdout == ""
    assert done.stderr.strip()
    assert "Traceback" not in done.stderr


def test_the_version_is_told(tmp_path):
    from autograder import __version__

    assert gradmark("--version", cwd=tmp_path).stdout == f"gradmark {__version__}\n"


@pytest.mark.slow("marks all samples and draws their pictures")
def test_the_demo_marks_the_samples_and_says_where_the_pages_are(tmp_path):
    done = gradmark("demo", *ANYWHERE, cwd=tmp_path, patience=5 * PATIENCE)  # it searches for lines
    assert done.returncode == 0, done.stderr
    pages = sorted(page.name for page in (tmp_path / "demo-reports").iterdir())
    assert len(pages) == len(load("optimizers").samples)
    assert "model-solution.html" in pages
    assert all(f"demo-reports/{page}" in done.stdout for page in pages)
    assert all(label in done.stdout for label in load("optimizers").samples)
    printed = [line.split() for line in done.stdout.splitlines()]
    rows = [line.split() for line in (ROOT / "README.md").read_text("utf-8").splitlines() if " / 100 " in line]
    assert len(rows) == len(pages)
    assert [row for row in rows if row not in printed] == [], "README.md shows what the demo printed once"


# ---------------------------------------------------------------------------------------------------- start-up
HEAVY = {"numpy", "docker", "contourpy", "rich", "jinja2", "pydantic", "autograder.model"}


def test_the_command_starts_without_what_it_may_not_need():
    script = "import sys, autograder.cli; print(*sys.modules)"
    command = [sys.executable, "-c", script]
    loaded = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    assert "typer" in loaded
    assert HEAVY & set(loaded) == set()


@pytest.mark.slow
def test_json_is_marked_without_what_draws(course):
    script = (
        "import sys, autograder.cli as cli\n"
        f"sys.argv = ['gradmark', 'grade', {str(course / 'ada')!r}, '--format', 'json', '--sandbox', 'process']\n"
        "try: cli.main()\n"
        "finally: print(*sys.modules, file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = done.stderr.splitlines()[-1].split()
    assert "numpy" in loaded
    assert {"contourpy", "jinja2", "rich.table", "rich.progress", "docker"} & set(loaded) == set()
    assert not [name for name in loaded if name.startswith(("autograder.quiz", "autograder.reading"))], "there is none"


# ------------------------------------------------------------------------------------------------ what goes wrong
def marked(path: object, trouble: Exception | None = None, **changes: object) -> MarkedFile:
    report = replace(Report("optimizers", "a" * 64, 7, str(path), "b" * 64, "graded", "", ()), **changes)
    return MarkedFile(Path(str(path)), report, trouble)


class Broken:
    """A sandbox that fails a number of times: what no real one does when asked."""

    name, isolated = "broken", True

    def __init__(self, failures: int) -> None:
        self.failures, self.runs = failures, 0

    def run(self, job: bytes, most_seconds: float) -> None:
        self.runs += 1
        raise SandboxFailed("the engine went away") if self.runs <= self.failures else KeyError("ours")


def test_a_sandbox_that_fails_is_tried_once_more_and_then_our_fault(course):
    sandbox = Broken(failures=99)
    one = mark(course / "ada", load("optimizers"), sandbox, 7)
    assert one.report.status == "grader_error"
    assert one.report.path == str(course / "ada")
    assert isinstance(one.trouble, SandboxFailed)
    assert sandbox.runs == 2


def test_any_other_fault_of_ours_is_not_tried_again(course):
    sandbox = Broken(failures=0)
    one = mark(course / "ada", load("optimizers"), sandbox, 7)
    assert one.report.status == "grader_error"
    assert isinstance(one.trouble, KeyError)
    assert sandbox.runs == 1


def published(reports, form="json", pages=None):
    out, err = io.StringIO(), io.StringIO()
    paths = [one.path for one in reports]
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        judged = publish(iter(reports), paths, form, pages)
    return judged, out.getvalue(), err.getvalue()


def test_one_that_the_grader_fails_on_stops_no_other():
    failed = marked("b", ValueError("ours"), status="grader_error")
    judged, out, err = published([marked("a"), failed, marked("c")])
    assert not judged
    assert [json.loads(line)["status"] for line in out.splitlines()] == ["graded", "grader_error", "graded"]
    assert "ValueError: ours" in err
    assert "1 of 3" in err


def test_a_report_that_cannot_be_drawn_is_our_fault_and_stops_no_other():
    endless = marked("b", seconds=float("inf"))
    judged, out, err = published([endless, marked("c")])
    assert not judged
    assert [json.loads(line)["status"] for line in out.splitlines()] == ["grader_error", "graded"]
    assert "duration" in err


# ----------------------------------------------------------------------------------------------- many, interrupted
def test_reports_come_as_they_are_finished():
    slow = threading.Event()

    def mark_one(path: Path) -> MarkedFile:
        assert path.name != "slow" or slow.wait(PATIENCE)
        return marked(path)

    reports = mark_all([Path("slow"), Path("quick")], mark_one, jobs=2)
    assert next(reports).report.path == "quick"
    slow.set()
    assert next(reports).report.path == "slow"


def test_marking_waits_for_a_slow_reader():
    """Else two hundred reports with their pictures would pile up."""
    begun = []
    reports = mark_all([Path(str(n)) for n in range(50)], lambda p: begun.append(p) or marked(p), jobs=2)
    next(reports)
    time.sleep(0.3)
    assert len(begun) <= 1 + 2 + 2, "one read, two waiting, two being marked"


def test_who_stops_reading_stops_the_marking():
    begun, goes_on = [], threading.Event()

    def mark_one(path: Path) -> MarkedFile:
        begun.append(path)
        assert path.name == "0" or goes_on.wait(PATIENCE)
        return marked(path)

    reports = mark_all([Path(str(n)) for n in range(50)], mark_one, jobs=2)
    next(reports)
    reports.close()
    before = len(begun)
    goes_on.set()
    time.sleep(0.3)
    assert len(begun) - before <= 1, "the worker that was about to begin when reading stopped, and no other"


def line_of(process: subprocess.Popen[bytes]) -> bytes:
    assert process.stdout is not None
    ready, _, _ = select.select([process.stdout], [], [], PATIENCE)
    assert ready, "no report came"
    return process.stdout.readline()


def descendants(pid: int) -> set[int]:
    """All that a process started, and that these started."""
    listed = subprocess.run([shutil.which("ps"), "-A", "-o", "pid=,ppid="], capture_output=True, check=True).stdout
    parents = dict(map(int, line.split()) for line in listed.splitlines())
    found, size = {pid}, 0
    while len(found) > size:
        size = len(found)
        found |= {child for child, parent in parents.items() if parent in found}
    return found - {pid}


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.slow
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupt_leaves_finished_reports_whole_and_nothing_running(number, status, tmp_path):
    for name, source in {"a": MODEL_SOLUTION.read_text(encoding="utf-8"), "b": SLEEPS, "c": SLEEPS}.items():
        (tmp_path / "course" / name).mkdir(parents=True)
        (tmp_path / "course" / name / "optimizers.py").write_text(source, encoding="utf-8")
    wanted = ("grade", "course", "--format", "json", "--out", "pages", "--jobs", 2, *ANYWHERE)
    with running(*wanted, cwd=tmp_path) as process:
        line = line_of(process)
        guests = descendants(process.pid)
        assert guests, "nothing was running: this would show nothing"
        process.send_signal(number)
        rest, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == status, err.decode()
    assert b"Traceback" not in err, err.decode()
    assert Path(json.loads(line)["submission"]["path"]).name == "a"
    assert rest == b""
    assert [page.name for page in (tmp_path / "pages").iterdir()] == ["a.html"]
    assert [pid for pid in guests if alive(pid)] == []


@pytest.mark.slow
def test_a_bar_is_drawn_where_somebody_watches_and_only_there(course, tmp_path):
    watched, terminal = pty.openpty()
    with running("grade", course, "--format", "json", *ANYWHERE, cwd=tmp_path, stderr=terminal) as process:
        os.close(terminal)
        shown = b""
        with contextlib.suppress(OSError):  # the other end is closed: the command ended
            while chunk := os.read(watched, 4096):
                shown += chunk
        out, _ = process.communicate(timeout=PATIENCE)
    os.close(watched)
    assert b"marking" in shown
    assert len([json.loads(line) for line in out.splitlines()]) == 4
    assert "marking" not in gradmark("grade", course, "--format", "json", *ANYWHERE, cwd=tmp_path).stderr


# -------------------------------------------------------------------------------------------------- names of pages
@pytest.mark.parametrize("path", ["course/ada/optimizers.py", "course/ada", "ada.zip", "course/ada.ipynb", "ada.py"])
def test_pages_are_named_after_whose_they_are(path):
    assert whose(Path(path)) == "ada"


HOSTILE = [
    "../../etc/cron.d/x",
    "a/..",
    "a\nb",
    "-rf",
    ".hidden",
    "\x1b[2J",
    "x" * 300,
    "ß" * 300,
    "\u202egnp",
    "\udc80",
    "/",
    "con.",
    "...",
]


def test_no_name_leaves_the_folder_or_meets_another(tmp_path):
    paths = [Path(name) for name in [*HOSTILE, "ada", "Ada", "x/ada", "ada-2"]]
    pages = Pages(tmp_path / "pages", {path: whose(path) for path in paths})
    for path in paths:
        pages.write(path, f"<p>{len(pages.written)}</p>")
    assert len({page.name.casefold() for page in pages.written}) == len(paths)
    assert sorted(tmp_path.iterdir()) == [tmp_path / "pages"]
    for page in pages.written:
        assert page.parent == tmp_path / "pages"
        assert not page.name.startswith((".", "-"))
        assert page.name.isprintable()


def test_a_page_that_cannot_be_written_leaves_the_old_one(tmp_path):
    pages = Pages(tmp_path, {Path("ada"): "ada"})
    pages.write(Path("ada"), "old")
    with pytest.raises(UnicodeEncodeError):
        pages.write(Path("ada"), "new \udc80")
    assert [(page.name, page.read_text(encoding="utf-8")) for page in tmp_path.iterdir()] == [("ada.html", "old")]


def test_who_reads_a_page_while_it_is_written_anew_reads_the_old_one_whole(tmp_path):
    pages = Pages(tmp_path, {Path("ada"): "ada"})
    with pages.write(Path("ada"), "old " * 9999).open(encoding="utf-8") as reader:
        reader.read(10)
        pages.write(Path("ada"), "new")
        assert len(reader.read()) == len("old ") * 9999 - 10


def test_a_shell_completes_the_commands():
    asked = {"_GRADMARK_COMPLETE": "complete_bash", "COMP_WORDS": "gradmark re", "COMP_CWORD": "1"}
    code = "import sys; sys.argv[0] = 'gradmark'; from autograder.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **asked}, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["regenerate"]


@pytest.mark.parametrize(
    ("command", "named"),
    [(("package", "optimizers"), "prairielearn"), (("gradebook", "reports", "--roster", "roster.csv"), "brightspace")],
)
def test_a_platform_that_is_none_is_refused_with_those_that_are(command, named, tmp_path):
    done = gradmark(*command, "--for", "somewhere", "--out", "out", cwd=tmp_path)
    assert done.returncode == 2
    assert "'somewhere' is not one of" in done.stderr
    assert f"'{named}'" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["gradebook", "{there}", "--for", "canvas", "--roster", "{nowhere}", "--out", "x.csv"],
        ["gradebook", "{nowhere}", "--for", "canvas", "--roster", "{there}", "--out", "x.csv"],
        ["export", "practice", "--quiz", "gift", "--out", "{nowhere}"],
        ["regenerate", "practice", "--seed", "1", "--out", "new", "--roster", "{nowhere}"],
        ["package", "practice", "--for", "nbgrader", "--out", "{there}/below"],
    ],
    ids=lambda arguments: arguments[0],
)
def test_a_file_that_cannot_be_used_is_named_in_a_sentence(tmp_path, arguments):
    there, nowhere = tmp_path / "there.csv", tmp_path / "no" / "file"
    there.write_text("id\n4711\n")
    done = gradmark(*(one.format(there=there, nowhere=nowhere) for one in arguments), cwd=tmp_path)
    told = " ".join(done.stderr.replace("│", " ").split())
    assert done.returncode == 2
    assert "cannot be" in told
    assert "Errno" not in told
