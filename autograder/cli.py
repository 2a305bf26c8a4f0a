"""The command `gradmark`. It is started often, so whatever is heavy is imported where it is used."""

import os
import signal
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from autograder import __version__

if TYPE_CHECKING:
    from autograder.batch import Marked
    from autograder.model import Assignment
    from autograder.publish import Pages

GRADER_FAILED = 3
DEMO_REPORTS = Path("demo-reports")
REPORTS = Path("reports")  # where pages go when nobody says where

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)


class Format(StrEnum):
    TEXT = "text"
    JSON = "json"
    HTML = "html"


class SandboxName(StrEnum):
    AUTO = "auto"
    DOCKER = "docker"
    LANDLOCK = "landlock"
    PROCESS = "process"


SandboxOption = Annotated[SandboxName, typer.Option(help="Where submissions run; auto takes the first that works.")]


def main() -> None:
    """What the installed command runs."""
    signal.signal(signal.SIGTERM, _ended)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # a name no terminal can show ends nothing
    app()


def _ended(_signal: int, _frame: object) -> NoReturn:
    raise SystemExit(128 + signal.SIGTERM)  # unwinds, so that no guest is left behind


def _version(*, wanted: bool) -> None:
    if wanted:
        print(f"gradmark {__version__}")
        raise typer.Exit


@app.callback()
def gradmark(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Marks implementations of optimizers by what they did, and names the idea that went wrong."""


@app.command()
def grade(
    paths: Annotated[
        list[Path],
        typer.Argument(
            help="An optimizers.py, a notebook, a zip, a folder with one of them, or a folder of submissions."
        ),
    ],
    assignment: Annotated[str, typer.Option(help="What was asked for: the name of an assignment.")] = "optimizers",
    seed: Annotated[int | None, typer.Option(min=0, help="Draws the inputs. Default: from the submission.")] = None,
    sandbox: SandboxOption = SandboxName.AUTO,
    jobs: Annotated[int | None, typer.Option(min=1, help="How many at once. Default: one for each core.")] = None,
    format: Annotated[  # noqa: A002 - the option's name
        Format, typer.Option(help="What comes out: a table, a JSON line each, or pages.")
    ] = Format.TEXT,
    out: Annotated[Path | None, typer.Option(help="Folder for an HTML page on each submission.")] = None,
) -> None:
    """Mark submissions and say why.

    Exit status: 0 when every submission got a report, whatever its marks, 2 when this command was used
    wrongly, 3 when the grader itself failed.
    """
    if format is Format.HTML and out is None:
        out = REPORTS
    _run(paths, assignment, seed, sandbox, jobs or _cores(), format, out)


@app.command()
def verify(
    assignment: Annotated[str, typer.Argument(help="The name of an assignment, or its folder.")] = "optimizers",
    sandbox: SandboxOption = SandboxName.AUTO,
    jobs: Annotated[int | None, typer.Option(min=1, help="How many at once. Default: one for each core.")] = None,
    *,
    approve: Annotated[
        bool, typer.Option("--approve", help="Record that you have read every hint as it now stands, then verify.")
    ] = False,
) -> None:
    """Prove that an assignment marks fairly; exit status 1 when any statement fails."""
    from autograder.publish import prove, say
    from autograder.sandbox import SandboxUnavailable

    asked = _load(assignment)
    if approve:
        from autograder.verify import approve as record

        record(asked)
    try:
        holds = prove(asked, sandbox, jobs or _cores())
    except SandboxUnavailable as error:
        say(str(error))
        raise typer.Exit(GRADER_FAILED) from error
    if not holds:
        raise typer.Exit(1)


@app.command(hidden=True)
def demo(sandbox: SandboxOption = SandboxName.AUTO, out: Path = DEMO_REPORTS) -> None:
    """Mark the samples that gradmark brings along."""
    _run(None, "optimizers", None, sandbox, _cores(), Format.TEXT, out)


def _run(
    paths: list[Path] | None,
    assignment_id: str,
    seed: int | None,
    sandbox: SandboxName,
    jobs: int,
    form: Format,
    out: Path | None,
) -> None:
    """Marks `paths`; without any, the samples of the assignment, which are ours and therefore trusted."""
    from autograder.batch import mark, mark_all, opening
    from autograder.publish import publish, say, whose

    # The sandbox first: its guest boots while the rest is imported.
    with opening(sandbox, trusted=not paths, say=say) as opened:
        from autograder.sandbox import SandboxUnavailable

        assignment = _load(assignment_id)
        if paths:
            labels = {path: whose(path) for path in _find(paths, assignment)}
        else:
            labels = {path: label for label, path in assignment.samples.items()}
        pages = _pages(out, labels) if out else None
        try:
            ready = opened.result()
        except SandboxUnavailable as error:
            say(str(error))
            raise typer.Exit(GRADER_FAILED) from error

        def mark_one(path: Path) -> "Marked":
            one = mark(path, assignment, ready, seed)
            return one if paths else one.called(labels[path])

        if not publish(mark_all(list(labels), mark_one, jobs), list(labels), form, pages):
            raise typer.Exit(GRADER_FAILED)


def _load(name: str) -> "Assignment":
    from autograder.assignment import BadAssignment, load

    try:
        return load(name)
    except BadAssignment as error:
        raise typer.BadParameter(str(error)) from error


def _find(paths: list[Path], assignment: "Assignment") -> list[Path]:
    from autograder.intake import NothingToMark, find

    try:
        return find(paths, main=assignment.main)
    except NothingToMark as error:
        raise typer.BadParameter(str(error)) from error


def _pages(folder: Path, labels: dict[Path, str]) -> "Pages":
    from autograder.publish import Pages

    try:
        return Pages(folder, labels)
    except OSError as error:
        raise typer.BadParameter(f"Pages cannot be written there: {error}") from error


def _cores() -> int:
    """How many cores this process may use, which in a container are fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
