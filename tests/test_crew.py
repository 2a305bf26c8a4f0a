"""Work that forked processes share."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from autograder.assignment import load
from autograder.crew import Crew, WorkerDied

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux only")


class Awkward(Exception):
    """Cannot be pickled and read again: it wants two arguments."""

    def __init__(self, one: str, two: str) -> None:
        super().__init__(one + two)


def work(piece: int) -> int:
    if piece == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    if piece == 4:
        raise KeyError("four")
    if piece == 5:
        raise Awkward("fi", "ve")
    return os.getpid() if piece == 6 else piece * piece


@contextmanager
def begin() -> Iterator[Callable[[int], int]]:
    yield work


@contextmanager
def never() -> Iterator[Callable[[int], int]]:
    raise OSError("no sandbox")
    yield work


@pytest.mark.parametrize("jobs", [1, 2, 9])
def test_each_piece_has_its_result_or_what_became_of_it(jobs):
    with Crew(begin, jobs) as crew:
        found = dict(crew.results(range(8)))
    assert {n: found[n] for n in (0, 1, 2, 7)} == {0: 0, 1: 1, 2: 4, 7: 49}
    assert isinstance(found[3], WorkerDied)
    assert "SIGKILL" in str(found[3])
    assert isinstance(found[4], KeyError)
    assert 'raise KeyError("four")' in "".join(traceback.format_exception(found[4]))  # where it was, for our log
    assert "Awkward: five" in str(found[5])
    assert found[6] != os.getpid()


def test_workers_that_cannot_begin_say_so_for_every_piece():
    with Crew(never, 2) as crew:
        assert [str(error) for _, error in crew.results([1, 2, 3])] == ["no sandbox"] * 3


def test_a_second_round_of_work_finds_workers_again():
    with Crew(begin, 2) as crew:
        assert sorted(crew.results([1, 2])) == [(0, 1), (1, 4)]
        assert dict(crew.results([7])) == {0: 49}


def test_a_crew_that_is_left_early_leaves_no_process(tmp_path):
    @contextmanager
    def noting() -> Iterator[Callable[[int], int]]:
        try:
            (tmp_path / str(os.getpid())).touch()
            yield lambda piece: time.sleep(0.01 if piece == 0 else 60) or piece
        finally:
            (tmp_path / str(os.getpid())).rename(tmp_path / f"{os.getpid()} left in order")

    with Crew(noting, 2) as crew:
        next(crew.results([0, 1, 2, 3]))
    assert {path.name.partition(" ")[2] for path in tmp_path.iterdir()} == {"left in order"}
    assert not [path for path in tmp_path.iterdir() if Path("/proc", path.name.partition(" ")[0]).exists()]


def test_pieces_are_told_when_the_foreman_dies():
    with Crew(begin, 2) as crew:
        crew._foreman.kill()  # noqa: SLF001 - as the kernel would when memory runs out
        assert all(isinstance(error, WorkerDied) for _, error in crew.results([1, 2]))


@pytest.mark.slow
def test_a_worker_that_is_killed_takes_only_its_own_submission_with_it(tmp_path):
    """At the command: the others have the report that they have alone."""
    for number in range(6):
        folder = tmp_path / f"s{number}"
        folder.mkdir()
        shutil.copy(load("optimizers").model_solution, folder / "optimizers.py")
    command = [sys.executable, "-m", "autograder", "grade", str(tmp_path)]
    command += ["--sandbox", "process", "--jobs", "2", "--format", "json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        first = running.stdout.readline()  # both workers are at work by now, and have work left
        victim = _workers(running.pid)[0]
        os.kill(victim, signal.SIGKILL)
        assert running.stderr is not None
        rest, words = running.stdout.read(), running.stderr.read()  # not communicate(), which loses lines read ahead
    reports = [json.loads(line) for line in [first, *rest.splitlines()]]
    assert sorted(report["status"] for report in reports) == ["graded"] * 5 + ["grader_error"]
    assert {report["score"] for report in reports if report["status"] == "graded"} == {100.0}
    assert "SIGKILL" in words
    assert running.returncode == 3


def _workers(command: int) -> list[int]:
    foreman = _children(command)[0]
    return _children(foreman)


def _children(parent: int) -> list[int]:
    return [int(pid) for pid in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]
