"""Marks many submissions in parallel, in one sandbox; one that breaks us stops no other."""

from __future__ import annotations

import contextlib
import os
import queue
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from autograder.crew import Crew, can_fork, portable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from concurrent.futures import Future
    from pathlib import Path

    from autograder.model import Assignment, ItemMark, Report
    from autograder.sandbox import Sandbox

SECRETS = {"GRADMARK_SECRET", "GRADMARK_SECRET_FILE"}  # in the environment
ATTEMPTS = 2  # a guest that did not start on a busy machine starts the second time, or something is broken
NOT_JUDGED = "The grader failed, so your code was not marked. This does not count as a zero."


@dataclass(frozen=True)
class Batch:
    """The setting that all submissions of a batch share. `students`: who handed in what, where that is known."""

    assignment: Assignment
    seed: int | None = None
    secret: bytes | None = None
    students: Mapping[Path, str] = field(default_factory=dict)

    def mark(self, path: Path, sandbox: Sandbox) -> MarkedFile:
        student = self.students.get(path, "")
        return mark(path, self.assignment, sandbox, self.seed, secret=self.secret, student=student)


@contextmanager
def marking(
    name: str, *, trusted: bool, say: Callable[[str], None], jobs: int, several: bool
) -> Iterator[Callable[[Sequence[Path], Batch], Iterator[MarkedFile]]]:
    """A function that marks what lies at many paths: `jobs` at once, in the order in which they are finished.

    Several are marked in forked processes, each with a sandbox of its own, so that one that dies takes only its own
    submission with it. One alone is marked in this process, whose sandbox opens while it does other things; so are
    several where a fork would not be whole.

    That function raises:
        SandboxUnavailable: nothing on this machine can isolate code.
    """
    if several and jobs > 1 and can_fork():
        with ExitStack() as held:

            def mark_apart(paths: Sequence[Path], batch: Batch) -> Iterator[MarkedFile]:
                from autograder import intake, pipeline  # noqa: F401 - once, before the fork

                reopen = _usable(name, trusted=trusted, say=say)
                crew = held.enter_context(Crew(partial(_worker, batch, reopen), min(jobs, len(paths))))
                return _mark_apart(crew, paths, batch)

            yield mark_apart
    else:
        with opening(name, trusted=trusted, say=say) as opened:
            yield lambda paths, batch: mark_all(paths, partial(batch.mark, sandbox=opened.result()), jobs)


def _usable(name: str, *, trusted: bool, say: Callable[[str], None]) -> Callable[[], Sandbox]:
    """Opens the sandbox that works here, once it is known which."""
    from autograder.sandbox.choose import choose

    with choose(name, trusted=trusted, say=say) as tried:
        return partial(choose, tried.name, trusted=trusted, say=lambda _: None)


def _mark_apart(crew: Crew[Path, MarkedFile], paths: Sequence[Path], batch: Batch) -> Iterator[MarkedFile]:
    for index, done in crew.results(paths):
        yield _unmarked(paths[index], batch.assignment, done) if isinstance(done, Exception) else done


@contextmanager
def _worker(batch: Batch, reopen: Callable[[], Sandbox]) -> Iterator[Callable[[Path], MarkedFile]]:
    with reopen() as sandbox:
        yield lambda path: batch.mark(path, sandbox).portable()


@contextmanager
def opening(name: str, *, trusted: bool, say: Callable[[str], None]) -> Iterator[Future[Sandbox]]:
    """A sandbox that opens on a thread of its own: its guest boots while the caller imports what it needs."""
    opened = ExitStack()

    def start() -> Sandbox:
        from autograder.sandbox.choose import choose

        return opened.enter_context(choose(name, trusted=trusted, say=say))

    # The thread outlives the marking: the kernel ends some guests together with the thread that started them.
    with opened, ThreadPoolExecutor(1, "sandbox") as thread:
        yield thread.submit(start)


@dataclass(frozen=True)
class MarkedFile:
    """A report on what lies at `path`, and what of ours broke on the way to it."""

    path: Path
    report: Report
    trouble: Exception | None = None

    def called(self, label: str, known_as: tuple[str, ...] = (), remarks: tuple[str, ...] = ()) -> MarkedFile:
        """The same, under a name that says more than its path, with what is known of its author."""
        told = (*remarks, *self.report.remarks)
        return replace(self, report=replace(self.report, path=label, known_as=known_as, remarks=told))

    def portable(self) -> MarkedFile:
        """The same, as another process can have it."""
        return replace(self, trouble=portable(self.trouble)) if self.trouble else self

    def without_marks(self) -> Report:
        """The same submission, as one that was not judged."""
        return replace(
            self.report,
            status="grader_error",
            message=NOT_JUDGED,
            criteria=tuple(replace(row, score=0.0, status="not_run", messages=()) for row in self.report.criteria),
            diagnoses=(),
            remarks=(),
            quiz=(),
            exhibits=(),
            charts=(),
            seconds=0.0,
        )


def mark(
    path: Path,
    assignment: Assignment,
    sandbox: Sandbox,
    seed: int | None,
    *,
    secret: bytes | None = None,
    student: str = "",
) -> MarkedFile:
    """The report on one submission, whatever happens: our own faults become a `grader_error`.

    `secret`: the edition's; else the one that the environment names. `student`: who handed it in, where that is known.
    """
    from autograder.intake import read
    from autograder.pipeline import grade
    from autograder.sandbox import SandboxFailed

    trouble: Exception | None = None
    for _ in range(ATTEMPTS):
        try:
            submission = replace(read(path, main=assignment.main), student=student)
            return MarkedFile(path, grade(submission, assignment, sandbox, seed, secret or _secret()))
        except SandboxFailed as error:
            trouble = error
        except Exception as error:  # noqa: BLE001 - ours, whatever it is: reported as such, and the others go on
            trouble = error
            break
    return _unmarked(path, assignment, trouble, seed or 0, sandbox.name)


def _unmarked(
    path: Path, assignment: Assignment, trouble: Exception | None, seed: int = 0, sandbox: str = ""
) -> MarkedFile:
    report = replace(failed(assignment, seed), path=str(path), sandbox=sandbox, quiz=_answered(path, assignment))
    return MarkedFile(path, report, trouble)


def failed(assignment: Assignment, seed: int = 0) -> Report:
    """The report on a submission that the grader failed on: no marks, and the same maximum as everybody's."""
    from autograder import quiz
    from autograder.blame import AuthorFault
    from autograder.judge.marks import not_run
    from autograder.model import Report

    rows, counts = not_run(assignment.criteria), bool(assignment.quiz_counts)
    report = Report(assignment.id, assignment.digest, seed, "", "", "grader_error", NOT_JUDGED, rows)
    most = 0.0
    with contextlib.suppress(AuthorFault):  # where the quiz cannot be drawn either, nobody knows what it is out of
        most = quiz.points(assignment) if counts else 0.0
    return replace(report, quiz_counts=counts, quiz_points=most)


def _answered(path: Path, assignment: Assignment) -> tuple[ItemMark, ...]:
    """The marks of the quiz beside code that we failed to judge; none where we fail at that too."""
    from autograder import quiz
    from autograder.intake import read

    with contextlib.suppress(Exception):  # the trouble that is told is the one with the code
        return quiz.mark_submission(assignment, read(path, main=assignment.main), _secret()).marks
    return ()


def _secret() -> bytes | None:
    """The secret that the environment names; where it names none, nothing that reads a quiz is imported."""
    if not SECRETS & os.environ.keys():
        return None
    from autograder.quiz.variants import secret_from

    return secret_from()


def mark_all(paths: Sequence[Path], mark_one: Callable[[Path], MarkedFile], jobs: int) -> Iterator[MarkedFile]:
    """Reports in the order in which they are finished.

    At most `jobs` wait for a slow reader; then marking waits too: memory does not grow with `paths`.
    """
    todo: queue.SimpleQueue[Path] = queue.SimpleQueue()
    done: queue.Queue[MarkedFile] = queue.Queue(maxsize=jobs)
    for path in paths:
        todo.put(path)

    def work() -> None:
        with contextlib.suppress(queue.Empty):
            while True:
                done.put(mark_one(todo.get_nowait()))

    # Daemons: after Ctrl-C nobody waits for a submission that is still running; closing the sandbox ends it.
    for number in range(min(jobs, len(paths))):
        threading.Thread(target=work, name=f"marking-{number}", daemon=True).start()
    try:
        for _ in paths:
            yield done.get()
    finally:
        with contextlib.suppress(queue.Empty):
            while True:
                todo.get_nowait()
