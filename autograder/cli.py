"""The command `gradmark`. It is started often, so whatever is heavy is imported where it is used."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from autograder import __version__
from autograder.platforms import having
from autograder.service.command import admin

if TYPE_CHECKING:
    from autograder.adapters.packing import Package
    from autograder.course import Course
    from autograder.edition import Edition
    from autograder.gather import FoundSubmission
    from autograder.model import Assignment
    from autograder.publish import Pages
    from autograder.service.operate.terms import Term
    from autograder.service.settings import Settings

GRADER_FAILED = 3
DEMO_REPORTS = Path("demo-reports")
REPORTS = Path("reports")  # where pages go when nobody says where

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)
app.add_typer(admin, name="admin")


class Format(StrEnum):
    TEXT = "text"
    JSON = "json"
    HTML = "html"


class LogFormat(StrEnum):
    TEXT = "text"
    JSON = "json"


class SandboxName(StrEnum):
    AUTO = "auto"
    DOCKER = "docker"
    LANDLOCK = "landlock"
    PROCESS = "process"


class QuizFormat(StrEnum):
    QTI = "qti"
    MOODLE = "moodle"
    GIFT = "gift"


if TYPE_CHECKING:

    class PackageFor(StrEnum):
        """A platform that gradmark makes a package for."""

    class GradebookFor(StrEnum):
        """A platform whose gradebook gradmark writes."""

else:  # from the one table of platforms
    PackageFor = StrEnum("PackageFor", {name.upper(): name for name in having("package")})
    GradebookFor = StrEnum("GradebookFor", {name.upper(): name for name in having("gradebook")})


class GradedPart(StrEnum):
    TOTAL = "total"
    CODE = "code"
    QUIZ = "quiz"


AnyAssignment = Annotated[
    str, typer.Argument(help="The name of an assignment, its folder, or a course.toml: all of it.")
]
OneAssignment = Annotated[str, typer.Argument(help="The name of an assignment, or its folder.")]
JobsOption = Annotated[int | None, typer.Option(min=1, help="How many at once. Default: one for each core.")]
SandboxOption = Annotated[SandboxName, typer.Option(help="Where submissions run; auto takes the first that works.")]


def main() -> None:
    """Run the installed command."""
    signal.signal(signal.SIGTERM, _ended)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # a name no terminal can show ends nothing
    try:
        app()
    except Exception as error:
        from autograder.blame import AuthorFault
        from autograder.publish import say

        if not isinstance(error, AuthorFault):
            raise
        say(f"there is a mistake in the assignment. {error}")
        raise SystemExit(GRADER_FAILED) from error


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
            help="An optimizers.py, a notebook, a zip, a folder with one of them, a folder of submissions, or the bulk "
            "download of Canvas, Moodle, Blackboard, Brightspace or Gradescope."
        ),
    ],
    assignment: Annotated[
        str,
        typer.Option(help="What was asked for: the name of an assignment. Default: the edition's, else optimizers."),
    ] = "",
    seed: Annotated[int | None, typer.Option(min=0, help="Draws the inputs. Default: from the submission.")] = None,
    sandbox: SandboxOption = SandboxName.AUTO,
    jobs: JobsOption = None,
    format: Annotated[  # noqa: A002 - the option's name
        Format, typer.Option(help="What comes out: a table, a JSON line each, or pages.")
    ] = Format.TEXT,
    out: Annotated[Path | None, typer.Option(help="Folder for an HTML page on each submission.")] = None,
    edition: Annotated[
        Path | None, typer.Option(help="The staff folder that `regenerate` wrote: its quiz is marked, and counts.")
    ] = None,
    answers: Annotated[  # noqa: FBT002 - an option of the command
        bool, typer.Option("--answers", help="In pages: right answers beside the student's. When the quiz is over.")
    ] = False,
) -> None:
    """Mark submissions and say why.

    Exit status: 0 when every submission got a report, whatever its marks, 2 when this command was used
    wrongly, 3 when the grader itself failed.
    """
    if format is Format.HTML and out is None:
        out = REPORTS
    if answers and out is None:
        raise typer.BadParameter("--answers is for pages: say --format html, or --out FOLDER.")
    asked = assignment or _assignment_of(edition)
    _run(paths, asked, seed, sandbox, jobs or _cores(), format, out, edition, answers=answers)


@app.command()
def verify(
    assignment: OneAssignment = "optimizers",
    sandbox: SandboxOption = SandboxName.AUTO,
    jobs: JobsOption = None,
    only: Annotated[
        list[str] | None, typer.Option(help="Plant this misconception alone; again for more. A quick look, no proof.")
    ] = None,
    *,
    approve: Annotated[
        bool, typer.Option("--approve", help="Record that you have read every hint as it now stands, then verify.")
    ] = False,
) -> None:
    """Prove that an assignment marks fairly; exit status 1 when any statement fails."""
    from autograder.publish import look, prove

    asked = _load(assignment)
    if approve:
        from autograder.verify import approve as record

        record(asked)
    known = [m.id for m in asked.misconceptions]
    if unknown := [name for name in only or () if name not in known]:
        raise typer.BadParameter(f"{asked.id} has no misconception {unknown[0]!r}; misconceptions.py lists them.")
    with _sandboxed():
        holds = look(asked, sandbox, only) if only else prove(asked, sandbox, jobs or _cores())
    if not holds:
        raise typer.Exit(1)


@app.command()
def export(
    assignment: OneAssignment,
    quiz: Annotated[QuizFormat, typer.Option(help="For which platform: QTI 1.2 is Canvas's.")],
    out: Annotated[Path, typer.Option(help="The file to write.")],
    seed: Annotated[int | None, typer.Option(min=0, help="The first variant. Default: the assignment's.")] = None,
    variants: Annotated[int, typer.Option(min=1, max=100, help="How many: each student draws from them.")] = 1,
) -> None:
    """Write the quiz as a file that a learning platform imports, hints and solutions included."""
    from autograder.export import CannotExport, losses
    from autograder.export import export as written
    from autograder.publish import say

    asked = _load(assignment)
    first = asked.quiz_seed if seed is None else seed
    drawn = {number: asked.quiz(number) for number in range(first, first + variants)}
    with _refusing(CannotExport):
        _write(out, written(quiz.value, asked.id, asked.title, drawn))
    for sentence in losses(drawn, quiz.value):
        say(sentence)


@app.command()
def gradebook(
    reports: Annotated[Path, typer.Argument(help="What `gradmark grade --format json` printed.")],
    for_: Annotated[GradebookFor, typer.Option("--for", help="Whose gradebook imports it.")],
    roster: Annotated[Path, typer.Option(help="The platform's own export of its gradebook, or any CSV with ids.")],
    out: Annotated[Path, typer.Option(help="The CSV file to write; with --course, the folder of them.")],
    column: Annotated[str, typer.Option(help="What the gradebook calls the assignment. Default: its id.")] = "",
    part: Annotated[GradedPart, typer.Option(help="What goes in: for two columns, code and quiz.")] = GradedPart.TOTAL,
    course: Annotated[
        Path | None, typer.Option(help="A course.toml: the reports are of its assignments, a file for each.")
    ] = None,
) -> None:
    """Turn reports into a CSV file that a gradebook imports; what matches nobody is said, and the rest is written."""
    from autograder.export.gradebook import BadGradebook
    from autograder.export.gradebook import gradebook as table
    from autograder.publish import say
    from autograder.roster import BadRoster
    from autograder.roster import read as read_roster

    if course is not None and column:
        raise typer.BadParameter("With --course each column is called as its assignment: leave --column out.")
    with _refusing(BadGradebook, BadRoster), _naming("read", roster):
        sheets = [(out, _read(reports))] if course is None else _sheets(course, _read(reports), out)
        made = [(file, table(for_, lines, read_roster(roster), column, part.value)) for file, lines in sheets]
    for file, written in made:
        _write(file, written.text.encode())
        for remark in written.remarks:
            say(remark if course is None else f"{file.stem}: {remark}")


def _sheets(course: Path, reports: str, out: Path) -> list[tuple[Path, str]]:
    """For each stage of a course that has reports, its file and its reports."""
    from autograder.export.gradebook import by_assignment
    from autograder.publish import say

    stages = _course(course).stages
    found, named = by_assignment(reports), {stage.id for stage in stages}
    if strange := [name for name in found if name not in named]:
        raise typer.BadParameter(f"There are reports of {strange[0]!r}, which {course} does not name.")
    for stage in stages:
        if stage.id not in found:
            say(f"{stage.folder}: there are no reports of it yet")
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise typer.BadParameter(f"{out} cannot be a folder: {error.strerror}.") from error
    return [(out / f"{stage.folder}.csv", found[stage.id]) for stage in stages if stage.id in found]


@app.command()
def regenerate(
    assignment: AnyAssignment,
    seed: Annotated[int, typer.Option(min=0, max=2**48 - 1, help="Draws examples, public experiments and quiz.")],
    out: Annotated[Path, typer.Option(help="The folder to write: a new one, or an earlier output left unchanged.")],
    roster: Annotated[
        Path | None, typer.Option(help="A platform's export, or any CSV with ids: every student gets their own quiz.")
    ] = None,
    secret: Annotated[
        Path | None, typer.Option(help="With a roster: file of the course's secret. Default: kept in the staff folder.")
    ] = None,
    where: Annotated[  # noqa: FBT002 - an option of the command
        bool, typer.Option("--where", help="Let students' check.py look for the lines of mistakes at home.")
    ] = False,
    sandbox: SandboxOption = SandboxName.AUTO,
    jobs: JobsOption = None,
) -> None:
    """Write an assignment anew: the students' folder, handouts, quiz, keys, and the proof that it marks fairly.

    Exit status: 1 when the assignment does not verify; then nothing is written.
    """
    from autograder.publish import rewrite
    from autograder.regenerate.run import CannotRegenerate

    with _refusing(CannotRegenerate), _sandboxed():
        written = all(
            rewrite(
                replace(one, check_where=one.check_where or where),
                seed,
                folder,
                roster,
                secret,
                sandbox,
                jobs or _cores(),
            )
            for one, folder in _stages(assignment, out)
        )
    if not written:
        raise typer.Exit(1)
    _write_schedule(assignment, out)


@app.command()
def package(
    assignment: AnyAssignment,
    for_: Annotated[PackageFor, typer.Option("--for", help="Where it will run.")],
    out: Annotated[Path, typer.Option(help="The folder to write.")],
    edition: Annotated[
        Path | None, typer.Option(help="For Gradescope: the staff folder of `regenerate`, whose quiz is then marked.")
    ] = None,
) -> None:
    """Write what a platform needs to mark this assignment, gradmark itself included."""
    from autograder.adapters import packages
    from autograder.adapters.packing import write
    from autograder.publish import say

    if edition is not None and for_ != "gradescope":
        raise typer.BadParameter(
            f"{for_} does not tell who submits, so it marks no variants: leave --edition out, or use gradescope."
        )
    for asked, folder in _stages(assignment, out):
        made = packages(for_)(asked) if edition is None else _with_edition(asked, edition)
        with _naming("written", folder):
            write(made, folder)
        say(made.told)
    _write_schedule(assignment, out)


def _with_edition(assignment: "Assignment", folder: Path) -> "Package":
    from autograder.adapters import gradescope
    from autograder.edition import kept_in

    edited, _ = _edition(assignment, folder)
    return gradescope.package(edited, kept_in(folder))


@app.command()
def new(
    name: Annotated[str, typer.Argument(metavar="ID", help="What it is called: a folder and a Python name.")],
    out: Annotated[Path, typer.Option(help="The folder in which its folder is made.")] = Path(),
    source: Annotated[
        str, typer.Option("--from", help="Copy this assignment, with all that it needs. Default: the smallest one.")
    ] = "",
) -> None:
    """Make a new assignment: the smallest complete one, or a copy to extend; both verify as they stand."""
    from autograder.assignment import BadAssignment
    from autograder.authoring import CannotCreate
    from autograder.authoring import new as made

    with _refusing(BadAssignment, CannotCreate):
        folder = made(name, out, source)
    shown = (
        folder if folder.is_absolute() else f".{os.sep}{folder}"
    )  # a bare name would be one that comes with gradmark
    print(f"{shown} is there.")
    print(f"  prove it:      gradmark verify {shown}")
    print(f"  mark with it:  gradmark grade SUBMISSION --assignment {shown}")


@app.command()
def practice(
    assignment: Annotated[
        list[str] | None, typer.Option(help="Whose exercises; again for more. Default: practice and optimizers.")
    ] = None,
    idea: Annotated[list[str] | None, typer.Option(help="Only about this idea; again for more.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Draws the exercises. Default: others each time.")] = None,
    count: Annotated[int | None, typer.Option(min=1, help="How many. Default: until you have had enough.")] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="A JSON line for each exercise and verdict.")] = False,
) -> None:
    """Practise with small exercises, one idea each, as many as you like; nothing is recorded."""
    from autograder.practice import ExercisePool, NoExercise, run

    loaded = [_load(name) for name in assignment or ["practice", "optimizers"]]
    with _refusing(NoExercise):
        pool = ExercisePool(loaded, ideas=idea or [], seed=seed)
    run(pool, count, as_json=as_json)


DataOption = Annotated[Path | None, typer.Option(help="The service's folder. Default: gradmark-data.")]
DatabaseOption = Annotated[
    str, typer.Option(help="postgresql://… for several machines. Default: SQLite in the data folder.")
]
LogOption = Annotated[
    LogFormat | None, typer.Option("--log-format", help="Default: text at a terminal, and JSON lines elsewhere.")
]
OwnOption = Annotated[Path | None, typer.Option(help="A folder with assignments of your own.")]
CourseOption = Annotated[Path | None, typer.Option(help="A course.toml: its assignments, in place of such a folder.")]


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535)] = 8000,
    data: DataOption = None,
    database: DatabaseOption = "",
    url: Annotated[str, typer.Option(help="How browsers reach it. Default: http:// with host and port.")] = "",
    assignments: OwnOption = None,
    course: Annotated[
        Path | None, typer.Option(help="A course.toml: the course is made, or what is missing of it.")
    ] = None,
    sandbox: SandboxOption = SandboxName.AUTO,
    jobs: Annotated[int | None, typer.Option(min=1, help="Markings at once. Default: one for each core.")] = None,
    log_format: LogOption = None,
    *,
    worker: Annotated[bool, typer.Option(help="With a worker inside.")] = True,
) -> None:
    """Run the service: students hand in with a browser, staff run a course. One process family, no configuration."""
    told = url or os.environ.get("GRADMARK_URL", "")
    settings = _service(data, database, told, _own(assignments, course))
    from autograder.publish import say
    from autograder.service import logs
    from autograder.service.serve import CannotServe
    from autograder.service.serve import serve as run

    logs.start(log_format)
    beside = ["worker", "--sandbox", sandbox.value, "--jobs", str(jobs or _cores())] if worker else None
    if beside and log_format:
        beside += ["--log-format", log_format]
    with _refusing(CannotServe):
        run(settings, host=host, port=port, url=told, worker=beside, say=say, term=_term(course) if course else None)


@app.command(name="worker")
def worker_(
    data: DataOption = None,
    database: DatabaseOption = "",
    assignments: OwnOption = None,
    course: CourseOption = None,
    sandbox: SandboxOption = SandboxName.AUTO,
    jobs: Annotated[
        int | None, typer.Option(min=1, help="Markings at once, the same for all workers. Default: one for each core.")
    ] = None,
    log_format: LogOption = None,
    *,
    with_parent: Annotated[bool, typer.Option("--with-parent", hidden=True, help="End when stdin does.")] = False,
) -> None:
    """Mark what the service was handed: any number of these, on any machines that reach the database."""
    from autograder.service.stopping import on_signals

    stop = on_signals()  # before what takes long to import
    settings = _service(data, database, "", _own(assignments, course))
    from autograder.publish import say
    from autograder.service import logs
    from autograder.service.worker.main import work

    logs.start(log_format)
    with _sandboxed():
        work(settings, sandbox=sandbox.value, slots=jobs or _cores(), say=say, stop=stop, with_parent=with_parent)


def _own(assignments: Path | None, course: Path | None) -> Path | None:
    """The folder of assignments, or the course.toml that names them."""
    if course is None:
        return assignments
    if assignments is not None:
        raise typer.BadParameter("A course names its own assignments: leave --assignments out.")
    _course(course)
    return course


def _term(file: Path) -> "Term":
    from autograder.assignment import BadAssignment
    from autograder.service.operate.terms import Planned, Term

    course = _course(file)
    with _refusing(BadAssignment):
        planned = [Planned(s.id, s.title, s.due.timestamp() if s.due else None) for s in course.stages]
    return Term(course.title, course.time_zone, planned)


def _service(data: Path | None, database: str, url: str, assignments: Path | None) -> "Settings":
    from importlib.util import find_spec

    if find_spec("alembic") is None:
        raise typer.BadParameter('The service needs more than the command does: pip install "gradmark[service]"')
    from autograder.service.settings import settings

    return settings(data, database, url, assignments)


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
    edition: Path | None = None,
    *,
    answers: bool = False,
) -> None:
    """Marks `paths`; without any, the samples of the assignment, which are ours and therefore trusted."""
    from tempfile import TemporaryDirectory

    from autograder.batch import Batch, marking
    from autograder.publish import publish, say

    several = not paths or len(paths) > 1 or paths[0].suffix != ".py"  # a folder, a zip
    # Alone, the sandbox first: its guest boots while the rest is imported.
    with (
        TemporaryDirectory(prefix="gradmark-") as unpacked,
        marking(sandbox, trusted=not paths, say=say, jobs=jobs, several=several) as mark_all,
    ):
        from autograder.gather import FoundSubmission

        assignment, kept = _edition(_load(assignment_id), edition)
        if paths:
            every = _gather(paths, assignment, Path(unpacked), kept)
        else:
            every = [FoundSubmission(path, label, label) for label, path in assignment.samples.items()]
        found = {one.path: one for one in every}
        pages = _pages(out, {path: one.label for path, one in found.items()}, answers=answers) if out else None
        students = {path: one.student for path, one in found.items()}
        batch = Batch(assignment, seed, kept.secret if kept else None, students)
        with _sandboxed():
            marked = mark_all(list(found), batch)
        named = (one.called(found[one.path].shown, found[one.path].known_as, found[one.path].remarks) for one in marked)
        if not publish(named, list(found), form, pages, edition=edition is not None):
            raise typer.Exit(GRADER_FAILED)


def _assignment_of(edition: Path | None) -> str:
    """The name of the assignment that an edition is of; of none, the one that is marked by default."""
    if edition is None:
        return "optimizers"
    from autograder.edition import BadEdition, read

    with _refusing(BadEdition):
        return read(edition).assignment


def _edition(assignment: "Assignment", folder: Path | None) -> "tuple[Assignment, Edition | None]":
    """The assignment as that edition marks it, and the edition."""
    if folder is None:
        return assignment, None
    from autograder.edition import BadEdition, read
    from autograder.publish import say

    with _refusing(BadEdition):
        kept = read(folder)
        edited = kept.of(assignment)
    if kept.digest != assignment.digest:
        say("this edition was written from another state of the assignment: if its quiz has changed, so have the keys")
    for remark in kept.roster.remarks if kept.roster else ():
        say(remark)
    return edited, kept


def _gather(
    paths: list[Path], assignment: "Assignment", unpacked: Path, edition: "Edition | None"
) -> "list[FoundSubmission]":
    from autograder.gather import gather
    from autograder.intake import NothingToMark
    from autograder.intake.bulk import BadBulk
    from autograder.publish import say, whose

    roster = edition.roster if edition else None
    with _refusing(NothingToMark, BadBulk):
        return gather(paths, assignment.main, unpacked, roster=roster, label=whose, say=say)


def _stages(name: str, out: Path) -> "list[tuple[Assignment, Path]]":
    """Load an assignment for the folder `out`; or a course's, each for a folder in it."""
    from autograder.assignment import BadAssignment
    from autograder.course import is_course

    if not is_course(name):
        return [(_load(name), out)]
    course = _course(Path(name))
    with _refusing(BadAssignment):
        return [(stage.load(), out / stage.folder) for stage in course.stages]


def _course(file: Path) -> "Course":
    from autograder.assignment import BadAssignment
    from autograder.course import read

    with _refusing(BadAssignment):
        return read(file)


def _write_schedule(name: str, out: Path) -> None:
    """Write a course's stages with their due times beside their folders; nothing for a single assignment."""
    from autograder.course import is_course, read, schedule

    if is_course(name):
        course = read(Path(name))
        _write(out / "schedule.csv", schedule(course, {s.id: s.load().title for s in course.stages}).encode())


def _load(name: str) -> "Assignment":
    from autograder.assignment import BadAssignment
    from autograder.course import is_course, named

    if is_course(name):
        raise typer.BadParameter(f"{name} is a course: name one of its stages, as {name}:optimizers.")
    with _refusing(BadAssignment):
        return named(name)


def _pages(folder: Path, labels: dict[Path, str], *, answers: bool) -> "Pages":
    from autograder.publish import Pages

    with _naming("written", folder):
        return Pages(folder, labels, answers=answers)


def _read(file: Path) -> str:
    with _naming("read", file):
        return file.read_text(encoding="utf-8")


def _write(file: Path, data: bytes) -> None:
    with _naming("written", file):
        file.write_bytes(data)


def _cores() -> int:
    from autograder.crew import cores

    return cores()


# ------------------------------------------------------------------------------------------------------ what goes wrong
@contextmanager
def _refusing(*mistakes: type[Exception]) -> Iterator[None]:
    """Turn these, whose messages tell whoever asked what to change, into messages of the command."""
    try:
        yield
    except mistakes as error:
        raise typer.BadParameter(str(error)) from error


@contextmanager
def _naming(done: str, path: Path) -> Iterator[None]:
    """Name the file that cannot be `done`, which is "read" or "written"."""
    try:
        yield
    except OSError as error:
        raise typer.BadParameter(f"{error.filename or path} cannot be {done}: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise typer.BadParameter(f"{path} cannot be {done}: it is not UTF-8 text.") from error


@contextmanager
def _sandboxed() -> Iterator[None]:
    """Tell whoever sits there that nothing here can isolate code, and fail as the grader."""
    from autograder.publish import say
    from autograder.sandbox import SandboxUnavailable

    try:
        yield
    except SandboxUnavailable as error:
        say(str(error))
        raise typer.Exit(GRADER_FAILED) from error
