"""Publishes reports as they are finished: as a table, as JSON lines, as HTML pages. Keeps nothing large."""

from __future__ import annotations

import json
import re
import sys
import traceback
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from autograder.render import parts
from autograder.render.escape import one_line, visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from rich.progress import Progress, TaskID

    from autograder.batch import MarkedFile
    from autograder.model import Assignment, Report
    from autograder.verify import Proof

EDITION = " Give --edition and the staff folder that `gradmark regenerate` wrote, if you handed out its quiz"
MOST_SAID = 100_000  # characters at once: a traceback, or a sentence with twenty paths
PROOF_WIDTH = 118  # columns: five of them, of which none should wrap
LONGEST_NAME = 60  # characters of a page's name: at most 240 bytes, where file systems allow 255


def say(message: str) -> None:
    """To whoever sits there; stdout belongs to the reports. What would steer a terminal is written out."""
    print(f"gradmark: {visible(message, MOST_SAID)}", file=sys.stderr, flush=True)


def say_fault(error: Exception) -> None:
    """A fault of ours, as Python tells it; what it quotes steers no terminal either."""
    print(visible("".join(traceback.format_exception(error)), MOST_SAID), file=sys.stderr, flush=True)


def publish(
    marked: Iterator[MarkedFile], paths: Sequence[Path], form: str, pages: Pages | None, *, edition: bool = False
) -> bool:
    """Shows each report as soon as it is known; says whether every submission could be judged."""
    from autograder.model import WHOLE_QUIZ

    failed = refused = unread = 0
    rows: dict[Path, Report] = {}
    try:
        for one in _with_progress(marked, len(paths), form):
            report = _show(one, form, pages)
            failed += report.status == "grader_error"
            unread += sum(item.status == "unreadable" and item.id != WHOLE_QUIZ for item in report.quiz)
            refused += any(part.state == "refused" for part in parts(report))
            if form == "text":
                rows[one.path] = report if len(paths) == 1 else replace(report, charts=(), exhibits=(), log="")
    finally:  # after Ctrl-C too: what is finished is shown
        if form == "text":
            _print_table([rows[path] for path in paths if path in rows], len(paths))
        if pages and pages.written and form != "html":
            _print_pages(pages.in_order(), to_stdout=form == "text")
    if refused:
        of = f"{refused} of {len(paths)} submissions"
        say(f"THE QUIZ OF {of} WAS NOT MARKED: their reports say why.{'' if edition else EDITION}")
    if unread:
        answers = f"{unread} QUIZ ANSWERS" if unread > 1 else "1 QUIZ ANSWER"
        say(f"{answers} COULD NOT BE READ and got 0 points (status `unreadable`): look at them yourself")
    if failed:
        say(f"the grader failed on {failed} of {len(paths)} submissions, which were not judged")
    return not failed


def _show(one: MarkedFile, form: str, pages: Pages | None) -> Report:
    """Shows one report. One that cannot be drawn is a fault of ours as well, and stops no other."""
    report, trouble = one.report, one.trouble
    try:
        line, page = _drawn(report, form, pages)
    except Exception as error:  # noqa: BLE001 - whatever it is: said below, and shown as what it is
        trouble = error
        report = one.without_marks()
        line, page = _drawn(report, form, pages)
    if trouble is not None:
        _say_trouble(trouble, report.path)
    if pages:
        written = pages.write(one.path, page)
        line = one_line(str(written)) if form == "html" else line
    if line:
        print(line, flush=True)
    return report


def _say_trouble(trouble: Exception, path: str) -> None:
    """An author's fault as its sentence, which names their file and line; a fault of ours with its traceback."""
    from autograder.blame import AuthorFault

    if isinstance(trouble, AuthorFault):
        say(f"{one_line(path)} was not judged, because of a mistake in the assignment. {trouble}")
        return
    say(f"the grader failed on {one_line(path)}:")
    say_fault(trouble)


def _drawn(report: Report, form: str, pages: Pages | None) -> tuple[str, str]:
    line = page = ""
    if form == "json":
        from autograder.render.jsonl import to_json

        line = json.dumps(to_json(report), allow_nan=False)
    if pages is not None:
        from autograder.render.html import page as draw

        page = draw(report, answers=pages.answers)
    return line, page


def _print_table(reports: Sequence[Report], asked: int) -> None:
    from rich.console import Console

    from autograder.render.text import report_view, summary

    if reports:
        Console().print(report_view(reports[0]) if asked == 1 else summary(reports))


def _print_pages(written: Iterable[Path], *, to_stdout: bool) -> None:
    print("HTML reports:", file=sys.stdout if to_stdout else sys.stderr)
    for page in written:
        print(f"  {one_line(str(page), 4096)}", file=sys.stdout if to_stdout else sys.stderr)


def prove(assignment: Assignment, sandbox: str, jobs: int) -> bool:
    """Runs and prints the proof that an assignment marks fairly; says whether it holds."""
    proof = proof_of(assignment, sandbox, jobs)
    print_proof(proof)
    return proof.holds


def look(assignment: Assignment, sandbox: str, only: Sequence[str]) -> bool:
    """Run and print a part of the proof: right answers, and these misconceptions; say whether nothing of it fails.

    Raises:
        SandboxUnavailable: there is none.
    """
    from autograder.sandbox.choose import choose
    from autograder.verify import verify

    with choose(sandbox, say=say) as opened, counting() as progress:
        proof = verify(assignment, opened, only=only, brief=True, progress=progress)
    print_proof(proof)
    return all(row.holds for row in proof.rows)


def print_proof(proof: Proof) -> None:
    from rich.console import Console

    from autograder.render.proof import proof_view

    console = Console()
    Console(width=max(PROOF_WIDTH, console.width)).print(proof_view(proof))


def proof_of(assignment: Assignment, sandbox: str, jobs: int) -> Proof:
    """Runs the proof in that sandbox and in the others that this machine has.

    Raises:
        SandboxUnavailable: there is none.
    """
    from autograder.api import verify

    with counting() as progress:
        return verify(assignment, sandbox=sandbox, jobs=jobs, tell=say, progress=progress)


def rewrite(
    assignment: Assignment, seed: int, out: Path, roster: Path | None, secret: Path | None, sandbox: str, jobs: int
) -> bool:
    """Write the assignment anew and return True; print the proof and return False when it does not verify.

    Raises:
        CannotRegenerate: the roster, the secret or the target is not usable.
        SandboxUnavailable: nothing to run the proof in.
    """
    from autograder.api import NotProven, regenerate

    try:
        with counting() as progress:
            written = regenerate(
                assignment,
                seed,
                out,
                roster=roster,
                secret=secret,
                sandbox=sandbox,
                jobs=jobs,
                tell=say,
                progress=progress,
            )
    except NotProven as error:
        print_proof(error.proof)
        say(f"{assignment.id} does not verify, see ✗ above: nothing was written to {out.absolute()}")
        return False
    print(written)
    return True


@contextmanager
def counting() -> Iterator[Callable[[int, int], None]]:
    """A bar on stderr, fed with how many of how many are done: before the first it is not there, nor is its thread.

    Where nobody watches it, as in a log, it is a line for each tenth.
    """
    if not sys.stderr.isatty():
        told = {0}

        def line(done: int, total: int) -> None:
            tenth = 10 * done // total
            if tenth not in told:
                told.add(tenth)
                say(f"proving: {done} of {total} trials done")

        yield line
        return
    from rich.console import Console
    from rich.progress import Progress

    with ExitStack() as held:

        @cache
        def started() -> tuple[Progress, TaskID]:
            bar = held.enter_context(Progress(console=Console(stderr=True), transient=True))
            return bar, bar.add_task("proving", total=None)

        def count(done: int, total: int) -> None:
            bar, task = started()
            bar.update(task, completed=done, total=total)

        yield count


def _with_progress(marked: Iterator[MarkedFile], count: int, form: str) -> Iterator[MarkedFile]:
    """Draws a bar where somebody watches and no line of ours would run through it."""
    if count == 1 or not sys.stderr.isatty() or (form != "text" and sys.stdout.isatty()):
        yield from marked
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), redirect_stdout=False, transient=True) as bar:
        yield from bar.track(marked, total=count, description="marking")


class Pages:
    """The folder of HTML pages, one for each submission, each there whole or not at all."""

    def __init__(self, folder: Path, labels: Mapping[Path, str], *, answers: bool = False) -> None:
        self.folder = folder
        self.answers = answers  # the right ones beside the student's: the quiz is over
        self.written: list[Path] = []
        self._names = page_names(labels)
        folder.mkdir(parents=True, exist_ok=True)

    def write(self, submission: Path, page: str) -> Path:
        """Writes beside the page and renames: who looks meanwhile sees the old page or the new one."""
        target = self.folder / self._names[submission]
        unfinished = target.with_name(f".{target.name}.part")
        try:
            unfinished.write_text(page, encoding="utf-8")
            unfinished.replace(target)
        finally:
            unfinished.unlink(missing_ok=True)
        self.written.append(target)
        return target

    def in_order(self) -> list[Path]:
        """The pages that are there, in the order of the submissions, not of their marking."""
        finished = set(self.written)
        return [page for name in self._names.values() if (page := self.folder / name) in finished]


def whose(path: Path) -> str:
    """Return labels that tell submissions apart: every file is called optimizers.py, but folders differ."""
    full = path.absolute()
    if full.stem == "optimizers":
        return full.parent.name
    return full.stem if full.suffix in (".py", ".ipynb", ".zip") else full.name


def page_names(labels: Mapping[Path, str]) -> dict[Path, str]:
    """A file name for each submission's page: recognisable, harmless, and used once, whatever the case."""
    names: dict[Path, str] = {}
    taken: set[str] = set()
    for path, label in labels.items():
        stem = re.sub(r"[^\w.-]+", "-", label).strip(".-")[:LONGEST_NAME] or "submission"
        name, number = stem, 1
        while name.casefold() in taken:
            number += 1
            name = f"{stem}-{number}"
        taken.add(name.casefold())
        names[path] = f"{name}.html"
    return names
